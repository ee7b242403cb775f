"""Buttons: each press has its one effect, is audited, and counts only on the message that it belongs to."""

from datetime import timedelta
from typing import Any

import pytest

from hub.domain import Receipt, external_id
from hub.domain.presses import Press
from hub.stages import press as stage
from hub.store import OutboxRow
from tests.unit.stages.world import ALARMS, Clock, Town, acme, outlet, tweet

SLACK = [outlet("slack")]


@pytest.fixture
def head(town: Town) -> OutboxRow:
    """An incident whose message is there."""
    return delivered(town, 1)


def delivered(town: Town, number: int, text: str = ALARMS) -> OutboxRow:
    town.hear(tweet(number, text, author=f"p{number}", minutes_ago=0))
    with town.store.begin() as tx:
        for delivery in tx.outbox.claim("slack", "w"):
            receipt = Receipt(delivery=delivery.id, outcome="created", object_id=f"C0ALERTS/{delivery.id}.000001")
            tx.outbox.settle(delivery, receipt)
    return next(row for row in town.outbox("slack")[::-1] if row.object == "message" and row.object_id)


def pressed(head: OutboxRow, clock: Clock, action: str, argument: str = "", **changes: Any) -> Press:
    value = head.handoff + (f":{argument}" if argument else "")
    facts: dict[str, Any] = {
        "id": external_id(action, argument, str(changes)), "envelope": external_id(action, argument, str(changes)),
        "action": action, "value": value, "object_id": head.object_id, "user": "U0ANA", "name": "Ana Lima",
        "channel": "C0ALERTS", "at": clock.now(),
    }  # fmt: skip
    return Press(**{**facts, **changes})


def press(town: Town, *presses: Press) -> list[stage.Effect | None]:
    effects = []
    for one in presses:
        with town.store.begin() as tx:
            tx.presses.note("slack", one)
        with town.store.begin() as tx:
            effects.append(stage.act(tx, one, acme(), SLACK, destination="slack"))
    return effects


def last_words(town: Town) -> str:
    heads = [row for row in town.outbox("slack") if row.object == "message"]
    return str(town.body(heads[-1]))


def audited(town: Town) -> list[tuple[str, str]]:
    with town.look() as view:
        assert view.audit.verify() is None
        return [(entry.actor, entry.reason) for entry in view.audit.recent() if entry.action == "button pressed"]


def test_who_acknowledges_stands_on_the_message(town: Town, clock: Clock, head: OutboxRow) -> None:
    (effect,) = press(town, pressed(head, clock, "acknowledge"))

    assert effect is not None
    assert effect.refused is None
    assert "Ana Lima looks after it" in last_words(town)
    assert "'acknowledge'" not in last_words(town)
    assert audited(town) == [("U0ANA (Ana Lima)", "acknowledge")]


def test_a_press_that_comes_twice_has_one_effect(town: Town, clock: Clock, head: OutboxRow) -> None:
    one = pressed(head, clock, "acknowledge")
    other = one.with_(envelope="another-envelope")
    first, again, renamed = press(town, one, one, other)

    assert first is not None
    assert (again, renamed) == (None, None)
    assert len(audited(town)) == 1
    late = pressed(head, clock, "acknowledge", user="U0BEN", name="Ben Okoro")
    (told,) = press(town, late)
    assert told is not None
    assert told.said == "Nothing to do: Ana Lima looks after it already."


@pytest.mark.parametrize(("action", "verdict", "shown"), [
    ("judge_true", "true", "True alarm, says"), ("judge_false", "false", "False alarm, says"),
    ("judge_campaign", "campaign", "Known campaign, says"),
])  # fmt: skip
def test_a_verdict_grades_what_had_raised_the_alarm(
    town: Town, clock: Clock, head: OutboxRow, action: str, verdict: str, shown: str
) -> None:
    press(town, pressed(head, clock, action))

    assert shown in last_words(town)
    with town.look() as view:
        (alarm,) = view.alarms.recent()
        (grade,) = view.alarms.grades()
    assert (alarm.verdict, alarm.decided_by) == (verdict, "Ana Lima")
    assert (grade.judged, grade.precision) == (1, 1.0 if verdict == "true" else 0.0)


def test_the_verdict_on_an_incident_goes_for_all_its_alarms_and_the_last_word_counts(
    town: Town, clock: Clock, head: OutboxRow
) -> None:
    with town.look() as view:
        (incident,) = view.incidents.open()
    with town.store.begin() as tx:
        for network in ("x", "mastodon"):
            hour = clock.now().replace(minute=0)
            facts = {"value": 90, "expected": 10, "severity": 8, "crisis": True, "incident": incident.key}
            tx.alarms.raise_(detector="spikes@1", subject="Acme", network=network, at=hour, **facts)  # type: ignore[arg-type]
        tx.alarms.missed("Acme", clock.now() - timedelta(days=3), "Ben")

    press(town, pressed(head, clock, "judge_false"))
    with town.look() as view:
        wrong = view.alarms.grades()[0]
    press(town, pressed(head, clock, "judge_true"))
    with town.look() as view:
        right = view.alarms.grades()[0]

    assert (wrong.judged, wrong.precision, wrong.recall) == (2, 0.0, 0.0)
    assert (right.judged, right.precision, right.recall) == (2, 1.0, pytest.approx(2 / 3))


def test_muting_lasts_as_long_as_it_says_and_can_be_taken_back(town: Town, clock: Clock, head: OutboxRow) -> None:
    press(town, pressed(head, clock, "mute", "8"))
    with town.look() as view:
        until = view.incidents.muted()
    assert set(until.values()) == {clock.now() + timedelta(hours=8)}
    assert "Muted until 2 Mar 2026, 20:00 UTC by Ana Lima" in last_words(town)

    press(town, pressed(head, clock, "unmute"))
    with town.look() as view:
        assert view.incidents.muted() == {}
    assert "Muted" not in last_words(town)


def test_a_person_may_say_that_it_is_over(town: Town, clock: Clock, head: OutboxRow) -> None:
    press(town, pressed(head, clock, "resolve"))

    (over,) = [row for row in town.outbox("slack") if row.object == "over"]
    assert "Over, says Ana Lima" in str(town.body(over))
    assert "Over since" in last_words(town)
    again = press(town, pressed(head, clock, "resolve", user="U0BEN"))
    assert again[0] is not None
    assert again[0].said == "Nothing to do: it is over already."


def test_a_correction_does_what_the_form_of_the_command_centre_does(town: Town, clock: Clock, head: OutboxRow) -> None:
    mine = pressed(head, clock, "correct", "praise")
    first, again = press(town, mine, pressed(head, clock, "correct", "praise", user="U0BEN"))

    assert first is not None
    assert again is not None
    assert again.said.startswith("The hub says already")
    with town.look() as view:
        signal = view.signals.of(["x:post:1"])["x:post:1"]
        (kept,) = view.corrections.of(["x:post:1"])
    assert (signal.intent, kept.new, kept.source, kept.who) == ("praise", "praise", "slack", "U0ANA (Ana Lima)")


@pytest.mark.parametrize(("changes", "why"), [
    ({"value": "f" * 32}, "unknown_value"),
    ({"value": "nonsense"}, "unknown_value"),
    ({"value": "0" * 32 + ":1:1"}, "unknown_value"),
    ({"object_id": "C0ALERTS/9999999999.000001"}, "other_message"),
    ({"object_id": "C0OTHER/1.000001"}, "other_message"),
    ({"action": "erase"}, "unknown_action"),
])  # fmt: skip
def test_forged_presses_have_no_effect(
    town: Town, clock: Clock, head: OutboxRow, changes: dict[str, Any], why: str
) -> None:
    before = last_words(town)
    (effect,) = press(town, pressed(head, clock, "acknowledge").with_(**changes))

    assert effect is not None
    assert effect.refused == why
    assert last_words(town) == before
    assert audited(town) == []
    with town.look() as view:
        assert view.presses.outcomes("slack") == {why: 1}


@pytest.mark.parametrize(("action", "argument"), [("mute", "9999"), ("mute", ""), ("correct", "nonsense")])
def test_a_choice_that_is_not_offered_is_refused(
    town: Town, clock: Clock, head: OutboxRow, action: str, argument: str
) -> None:
    (effect,) = press(town, pressed(head, clock, action, argument))

    assert effect is not None
    assert effect.refused in ("unknown_action", "unknown_intent")
    assert audited(town) == []


def test_the_value_of_another_incident_counts_on_its_own_message_alone(
    town: Town, clock: Clock, head: OutboxRow
) -> None:
    other = delivered(town, 2, "WARNING: my Brew Pro caught fire, dangerous! recall?")
    assert other.external_id != head.external_id
    (effect,) = press(town, pressed(head, clock, "resolve", object_id=other.object_id))

    assert effect is not None
    assert effect.refused == "other_message"


def test_a_press_that_comes_much_too_late_does_nothing(town: Town, clock: Clock, head: OutboxRow) -> None:
    old = pressed(head, clock, "resolve")
    clock.forward(hours=2)
    (effect,) = press(town, old)

    assert effect is not None
    assert effect.refused == "late"
    assert audited(town) == []


def test_what_a_person_is_called_is_shown_as_words(town: Town, clock: Clock, head: OutboxRow) -> None:
    press(town, pressed(head, clock, "acknowledge", name="<!channel>\n" + "x" * 500))

    assert "&lt;!channel&gt;" in last_words(town)
    assert "<!channel>" not in last_words(town)
