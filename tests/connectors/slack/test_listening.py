"""Buttons from end to end: people press in the played workspace, slack-sdk's own client hears it, the hub acts once."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

import pytest
import requests

from connectors.slack import listening
from connectors.slack.people import People
from hub import wiring
from hub.domain.config import Buttons
from hub.domain.presses import Press
from hub.errors import AccessDenied, HubError, RecordRefused
from hub.stages import incidents
from hub.stages.render import render
from hub.wiring import Hub
from hub.wiring.listening import listen
from hub.wiring.opening import outlets_of
from sandbox.process import SandboxProcess
from tests.contract.bench import Bench, a_handoff

PATIENCE = 20.0


class Channel:
    """A hub, its incident's message in the played workspace, and people who press its buttons."""

    def __init__(self, hub: Hub, sandbox: SandboxProcess) -> None:
        self.hub, self.sandbox = hub, sandbox
        self.open_incident()

    def open_incident(self, number: int = 1) -> None:
        """An alert that was delivered."""
        key = "\x1f".join(("incident", f"crisis-alert:Acme{number}", "2026-03-02"))
        handoff = a_handoff("Alert", number, 1).with_(key=key)
        with self.hub.store.begin() as tx:
            tx.incidents.report(key, title="Possible crisis", severity=7)
            tx.posts.save([handoff.post], batch="b")
            known = incidents.situation(tx, handoff, [handoff])
            tx.outbox.intend(render(handoff, outlets_of(self.hub), self.hub.config, incident=known).drafts)
            tx.handoffs.save([handoff])
        wiring.deliver(self.hub, "slack")

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.sandbox.control.state("slack", "messages")

    @property
    def whispers(self) -> list[str]:
        return [row["text"] for row in self.sandbox.control.state("slack", "whispers")]

    def press(self, action: str, user: str = "U0ANA", *, message: int = 0, **more: Any) -> str:
        row = self.messages[message]
        facts = {"channel": row["channel"], "ts": row["ts"], "action_id": action, "user": user, **more}
        answer = requests.post("https://slack.com/sandbox/press", json=facts, timeout=10).json()
        assert answer["ok"], answer
        return str(answer["envelope_id"])

    def audited(self) -> list[str]:
        with self.hub.store.read() as view:
            return [f"{one.actor} {one.reason}" for one in view.audit.recent() if one.action == "button pressed"]

    def outcomes(self) -> dict[str, int]:
        with self.hub.store.read() as view:
            return view.presses.outcomes("slack")

    def acknowledged(self, envelope: str) -> int:
        rows = self.sandbox.control.state("slack", "envelopes")
        return int(next(row["acknowledged"] for row in rows if envelope in row["words"]))


@pytest.fixture
def channel(sandbox: SandboxProcess, hub_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    for name, value in {"LOOK_SECONDS": 0.02, "AGAIN_SECONDS": 0.2, "FIRST_PAUSE": 0.05, "PING_SECONDS": 0.2}.items():
        monkeypatch.setattr(listening, name, value)
    with closing(Hub()) as hub:
        yield Channel(hub, sandbox)


@contextmanager
def hearing(channel: Channel, listeners: int = 1) -> Iterator[list[HubError]]:
    """So many listeners, each as `hub listen slack` runs it."""
    stop, troubles = Event(), list[HubError]()

    def hear() -> None:
        with closing(Hub()) as hub:
            try:
                listen(hub, "slack", stop)
            except HubError as trouble:
                troubles.append(trouble)

    threads = [Thread(target=hear, daemon=True) for _ in range(listeners)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: troubles or connections() == listeners)
        yield troubles
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()


def connections() -> int:
    answer = requests.post("https://slack.com/sandbox/sockets/count", timeout=10).json()
    return int(answer["connections"])


def trouble(act: str) -> None:
    requests.post(f"https://slack.com/sandbox/sockets/{act}", timeout=10)


def again(envelope: str) -> None:
    assert requests.post(f"https://slack.com/sandbox/envelopes/{envelope}/again", timeout=10).json()["ok"]


def wait_until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "this did not come about"
        time.sleep(0.02)


def test_a_press_is_acknowledged_acted_upon_shown_and_answered(channel: Channel) -> None:
    with hearing(channel):
        envelope = channel.press("acknowledge")
        wait_until(lambda: channel.whispers)

    assert channel.whispers == ["Noted: you look after this incident, and its message says so."]
    assert channel.acknowledged(envelope) == 1
    (message,) = channel.messages
    assert "Ana Lima looks after it" in str(message["blocks"])
    assert "edited" in message
    assert channel.audited() == ["U0ANA (Ana Lima) acknowledge"]


def test_every_button_works(channel: Channel) -> None:
    with hearing(channel):
        for said, (action, more) in enumerate({
            "acknowledge": {}, "judge_true": {}, "mute": {"option": 1}, "unmute": {}, "correct": {"option": 2},
            "resolve": {},
        }.items(), start=1):  # fmt: skip
            channel.press(action, **more)
            wait_until(lambda said=said: len(channel.whispers) == said)

    head, over = channel.messages
    assert "True alarm, says Ana Lima" in str(head["blocks"])
    assert over["thread_ts"] == head["ts"]
    assert over["text"].startswith(":checkered_flag: Over, says Ana Lima")
    with channel.hub.store.read() as view:
        assert [one.new for one in view.corrections.of([a_handoff("Alert", 1, 1).post.key])] == ["complaint"]
    assert len(channel.audited()) == 5


def test_repeats_disconnects_and_two_listeners_leave_one_effect_of_each_press(channel: Channel) -> None:
    for number in range(2, 5):
        channel.open_incident(number)
    with hearing(channel, listeners=2):
        envelopes = []
        for message in range(4):
            envelopes.append(channel.press("acknowledge", message=message))
            trouble("refresh" if message % 2 else "drop")
            wait_until(lambda: connections() == 2)
            again(envelopes[-1])
            envelopes.append(channel.press("mute", message=message))
            again(envelopes[-1])
        wait_until(lambda: sum(channel.outcomes().get(name, 0) for name in ("acknowledge", "mute")) == 8)
        for envelope in envelopes:
            again(envelope)
        wait_until(lambda: channel.outcomes() == {"acknowledge": 4, "mute": 4})

    assert len(channel.audited()) == 8
    assert len(channel.messages) == 4


def test_what_was_kept_and_not_acted_upon_is_acted_upon_by_the_next_process(channel: Channel) -> None:
    channel.sandbox.control.fault(system="slack", path_glob="/api/users.info", kind="status", status=503, times=3)
    with hearing(channel):
        envelope = channel.press("acknowledge")
        wait_until(lambda: channel.outcomes())
    assert channel.acknowledged(envelope) == 1
    channel.sandbox.control.mend()
    with hearing(channel):
        wait_until(lambda: channel.outcomes() == {"acknowledge": 1})

    assert len(channel.audited()) == 1


def test_strangers_guests_and_bots_may_not_press(channel: Channel) -> None:
    expected = {
        "U0CEM": "no_member", "U0GUEST": "outsider", "U0PARTNER": "outsider", "U0ROBOT": "no_person",
        "U0NOBODY": "unknown_user",
    }  # fmt: skip
    with hearing(channel):
        for user in expected:
            channel.press("resolve", user)
        wait_until(lambda: channel.outcomes() == dict(Counter(expected.values())))

    assert channel.audited() == []
    assert "edited" not in channel.messages[0]
    assert len(channel.whispers) == 4  # Slack whispers to nobody whom it does not know


@pytest.mark.parametrize(("named", "may", "may_not"), [
    (Buttons(users=("U0CEM",)), "U0CEM", "U0ANA"), (Buttons(groups=("S0PRESS",)), "U0BEN", "U0ANA"),
    (Buttons(channels=("C0OPS",)), "U0BEN", "U0ANA"), (Buttons(users=("U0GUEST",)), "", "U0GUEST"),
    (Buttons(groups=("S0GONE",)), "", "U0BEN"),
])  # fmt: skip
def test_who_may_press_can_be_named(bench: Bench, named: Buttons, may: str, may_not: str) -> None:
    def press(user: str) -> Press:
        return Press(
            id="1", envelope="e", action="resolve", value="v", object_id="C0ALERTS/1.000001", user=user,
            channel="C0ALERTS", at=datetime.now(UTC),
        )  # fmt: skip

    with bench.open() as slack:
        people = People(slack.client)
        if may:
            assert people.name_of(press(may), named) in ("Ben Okoro", "Cem Aydin")
        with pytest.raises(RecordRefused):
            people.name_of(press(may_not), named)


HOSTILE = {
    "unknown action": lambda channel: channel.press("judge_true", action_id="x"),
    "forged value": lambda channel: channel.press("judge_true", value="f" * 32),
    "value of another incident": lambda channel: channel.press("resolve", value=other_value(channel)),
    "markup": lambda channel: channel.press("resolve", value="<!channel>"),
    "oversized": lambda channel: say(b'{"type": "interactive", "envelope_id": "big-envelope", "payload": {"t": "'
                                     + b"x" * 300_000 + b'"}}'),
    "no object": lambda channel: say(b'{"type": "interactive", "envelope_id": "odd-envelope", "payload": []}'),
    "another kind": lambda channel: say(b'{"type": "slash_commands", "envelope_id": "other-envelope", "payload": {}}'),
    "no JSON": lambda channel: say(b"{this is no JSON"),
    "no envelope": lambda channel: say(b'{"type": "interactive", "envelope_id": 7, "payload": {}}'),
    "old": lambda channel: channel.press("resolve", action_ts="1500000000.000001"),
}  # fmt: skip


def other_value(channel: Channel) -> str:
    channel.open_incident(2)
    rows = channel.messages[1]["blocks"]
    return str(next(one["value"] for block in rows for one in block.get("elements", ()) if one.get("value")))


def say(words: bytes) -> None:
    requests.post("https://slack.com/sandbox/envelopes", data=words, timeout=10)


def test_hostile_envelopes_do_nothing_and_the_next_press_works(
    channel: Channel, capsys: pytest.CaptureFixture[str]
) -> None:
    with hearing(channel):
        for hostile in HOSTILE.values():
            try:
                hostile(channel)
            except AssertionError:
                continue  # the played workspace itself has no such button
        channel.press("acknowledge")
        wait_until(lambda: len(channel.audited()) == 1)

    assert channel.audited() == ["U0ANA (Ana Lima) acknowledge"]
    with channel.hub.store.read() as view:
        assert [one.resolved_at for one in view.incidents.recent()] == [None] * 2
        assert view.alarms.recent() == []
    told = capsys.readouterr()
    assert "xxxx" not in told.out + told.err
    assert "<!channel>" not in told.out + told.err


def test_a_token_that_is_no_good_ends_the_listener_with_the_remedy(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = '{"conn_type": "slack", "password": "xoxb-sandbox", "extra": {"app_token": "xapp-wrong"}}'
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_DEFAULT", facts)
    with hearing(channel) as troubles:
        (told,) = troubles

    assert isinstance(told, AccessDenied)
    assert "connections:write" in str(told)
    assert "xapp-wrong" not in str(told)
