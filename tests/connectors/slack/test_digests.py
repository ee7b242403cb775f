"""A busy hour: many alerts in few messages, each of them said exactly once."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.slack.sandbox_message import marked_below, refusal_of
from hub.domain import Delivery, external_id
from hub.kit import Connection, Destination, Services
from hub.kit.local import SteppedClock
from sandbox.process import SandboxProcess
from tests.connectors.backlog import Backlog
from tests.connectors.slack.conftest import owner
from tests.contract.bench import PATIENCE, Bench, send, settle

POST = "POST /api/chat.postMessage"
HISTORY = "POST /api/conversations.history"


@pytest.fixture
def slack(bench: Bench) -> Iterator[Destination]:
    with bench.open() as destination:
        destination.check()
        yield destination


def asks_to_wait(backlog: Backlog, *, seconds: int) -> None:
    """Slack refuses every message from here on."""
    backlog.sandbox.control.fault(
        system="slack", path_glob="/api/chat.postMessage", kind="status", status=429,
        headers={"Retry-After": str(seconds)}, body={"ok": False, "error": "ratelimited"}, times=999,
    )  # fmt: skip


def messages(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    return sandbox.control.state("slack", "messages")


def said(sandbox: SandboxProcess) -> Counter[str]:
    """How often each of our ids stands in the workspace, in messages and in lines of digests."""
    found: Counter[str] = Counter()
    for message in messages(sandbox):
        payload = message["metadata"]["event_payload"]
        found.update([payload["external_id"]] if message["metadata"]["event_type"] == "hub_delivery" else list(payload))
    return found


def replies(bench: Bench, parent: str | None, numbers: range, *, attempt: int = 1) -> list[Delivery]:
    """Later posts of the incident of delivery 1."""
    return [
        Delivery(
            id=number, destination="slack", object="reply", external_id=external_id(f"post-{number}"), version=1,
            body={"channel": "#social-alerts", "text": f"Mine too {number}", "line": f"Mine too {number}"},
            digest=external_id(f"digest-{number}"), handoff="h", parent=bench.delivery(1).external_id,
            parent_object_id=parent, attempt=attempt, claimed_at=datetime.now(UTC),
        )
        for number in numbers
    ]  # fmt: skip


@pytest.mark.slow
def test_five_hundred_alerts_are_a_few_digests_and_none_is_lost(backlog: Backlog) -> None:
    ids = backlog.add(500)

    done = backlog.deliver()

    calls = backlog.calls()
    print(f"\nSlack, 500 alerts for one channel from a backlog: {calls.total()} calls {dict(calls)}")
    assert done.outcomes == {"created": 500}
    assert said(backlog.sandbox) == dict.fromkeys(ids, 1)
    assert calls[POST] <= 25
    assert not [line for line in backlog.lines() if line.get("status") == 429]
    assert all(refusal_of(message) is None for message in messages(backlog.sandbox))


def test_a_few_alerts_are_messages_of_their_own(backlog: Backlog) -> None:
    ids = backlog.add(5)

    backlog.deliver()

    assert said(backlog.sandbox) == dict.fromkeys(ids, 1)
    assert len(messages(backlog.sandbox)) == 5


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "garbage"])
def test_a_digest_whose_answer_was_lost_is_looked_up_once_for_all_its_lines(backlog: Backlog, kind: str) -> None:
    backlog.sandbox.control.fault(system="slack", path_glob="/api/chat.postMessage", kind=kind)
    ids = backlog.add(20)

    backlog.deliver()

    assert said(backlog.sandbox) == dict.fromkeys(ids, 1)
    assert backlog.states() == {"done": 20}
    assert 1 <= backlog.calls()[HISTORY] <= 2


def test_while_slack_asks_us_to_wait_one_request_is_made_and_everything_stays(backlog: Backlog) -> None:
    asks_to_wait(backlog, seconds=30)
    backlog.add(500)

    backlog.deliver()

    assert backlog.calls()[POST] == 1
    assert backlog.states() == {"pending": 500}


@pytest.mark.slow
def test_a_slack_that_asks_for_a_second_for_ever_is_left_alone_after_a_while(backlog: Backlog) -> None:
    asks_to_wait(backlog, seconds=1)
    backlog.add(3)
    began = datetime.now(UTC)

    backlog.deliver()

    assert (datetime.now(UTC) - began).total_seconds() < 60
    assert backlog.states() == {"pending": 3}


def test_a_line_of_a_digest_is_found_and_changed_in_its_place(bench: Bench, slack: Destination) -> None:
    deliveries = bench.deliveries(8)
    receipts = list(slack.send(deliveries))
    found = {record.external_id: record for record in slack.find(deliveries)}
    third, held = deliveries[2], receipts[2].object_id
    later = bench.delivery(3, version=2).with_(object_id=held, body={**third.body, "line": "Now &lt;worse&gt;"})
    (changed,) = slack.send([later])
    (again,) = slack.find([later])

    (message,) = messages(bench.sandbox)
    lines = list(marked_below(message["blocks"][1:]))
    assert {receipt.object_id for receipt in receipts} == {record.object_id for record in found.values()}
    assert (changed.outcome, changed.object_id, again.digest) == ("updated", held, later.digest)
    assert lines[2] == "Now &lt;worse&gt;"
    assert [line for number, line in enumerate(lines) if number != 2] == [
        one.body["line"] for one in deliveries if one is not third
    ]
    assert {record.digest for record in slack.find(deliveries[:2])} == {one.digest for one in deliveries[:2]}


def test_a_change_to_a_line_whose_digest_was_deleted_stays_undone(bench: Bench, slack: Destination) -> None:
    receipts = list(slack.send(bench.deliveries(8)))
    channel, ts = str(receipts[0].object_id).split("/")[:2]
    slack.client.call("chat_delete", channel=channel, ts=ts)

    (refused,) = slack.send([bench.delivery(1, version=2).with_(object_id=receipts[0].object_id)])

    assert (refused.outcome, refused.reason) == ("refused", "message_not_found")


def test_replies_of_one_thread_are_folded_below_their_message(bench: Bench, slack: Destination) -> None:
    (alert,) = slack.send([bench.delivery(1)])
    more = replies(bench, alert.object_id, range(2, 14))
    bench.ask(
        "/faults", {"system": "slack", "path_glob": "/api/chat.postMessage", "times": 1, "kind": "drop_after"}, "POST"
    )

    outcomes = send(slack, more)
    settle(slack, more)

    posted = messages(bench.sandbox)
    assert outcomes == ["unknown"] * 12
    assert len(posted) == 2
    assert posted[1]["thread_ts"] == str(alert.object_id).split("/")[1]
    assert said(bench.sandbox) == dict.fromkeys([bench.delivery(1).external_id, *(one.external_id for one in more)], 1)


def test_replies_hang_below_the_digest_that_told_of_their_incident(bench: Bench, slack: Destination) -> None:
    receipts = list(slack.send(bench.deliveries(8)))
    (reply,) = replies(bench, receipts[0].object_id, range(20, 21))

    (hung,) = slack.send([reply])
    (found,) = slack.find([reply])

    assert messages(bench.sandbox)[-1]["thread_ts"] == str(receipts[0].object_id).split("/")[1]
    assert found.object_id == hung.object_id


def test_a_channel_that_has_had_its_messages_gets_one_digest_for_the_next_minute(bench: Bench) -> None:
    clock = SteppedClock(datetime(2026, 3, 2, 12, 0, 0, 100_000, tzinfo=UTC))
    bench.services = Services.local(limits=PATIENCE, clock=clock)
    outcomes = []
    with bench.open() as slack:
        for number in range(1, 15):
            (receipt,) = slack.send([bench.delivery(number)])
            outcomes.append(receipt)
            bench.ask("/clock", {"advance_seconds": 2}, "POST")
        late = [one for one in outcomes if one.outcome == "deferred"]
        clock.sleep(max(receipt.retry_after or 0 for receipt in late))
        after = list(slack.send([bench.delivery(number) for number in range(11, 15)]))

    assert [receipt.outcome for receipt in outcomes] == ["created"] * 10 + ["deferred"] * 4
    assert {receipt.reason for receipt in late} == {"folding"}
    assert all(0 < (receipt.retry_after or 0) <= 61 for receipt in late)
    assert [receipt.outcome for receipt in after] == ["created"] * 4
    assert len(messages(bench.sandbox)) == 11


def test_what_is_meant_for_a_closed_channel_goes_once_to_the_one_named_for_that(bench: Bench) -> None:
    owner("channels/C0ALERTS/archive")
    connection = Connection(id="slack_default", password="xoxb-sandbox", extra={"fallback_channel": "#social-ops"})
    first, second = bench.deliveries(2)
    with bench.open(connection=connection) as slack:
        bench.ask("/faults", {"system": "slack", "path_glob": "/api/chat.postMessage", "after": 1, "times": 1,
                              "kind": "drop_after"}, "POST")  # fmt: skip
        outcomes = send(slack, [first])
        settle(slack, [first])
        (told,) = slack.send([second])

    posted = messages(bench.sandbox)
    assert outcomes == ["unknown"]
    assert [message["channel"] for message in posted] == ["C0OPS", "C0OPS"]
    assert said(bench.sandbox) == {first.external_id: 1, second.external_id: 1}
    assert told.outcome == "created"
    assert "#social-alerts" in str(posted[0]["blocks"][-1])
    assert bench.requests().count("/api/chat.postMessage") == 3  # one try, two that arrived


def test_slack_sdk_as_it_comes_posts_twice_where_we_post_once(bench: Bench, slack: Destination) -> None:
    from slack_sdk import WebClient
    from slack_sdk.http_retry import default_retry_handlers

    def posted(act: Any) -> int:
        before = len(messages(bench.sandbox))
        rule = {"system": "slack", "path_glob": "/api/chat.postMessage", "times": 1, "kind": "drop_after"}
        bench.ask("/faults", rule, "POST")
        try:
            act()
        except Exception:  # noqa: BLE001  only what stands in the channel counts
            pass
        return len(messages(bench.sandbox)) - before

    raw = WebClient(token="xoxb-sandbox", retry_handlers=default_retry_handlers())

    assert posted(lambda: raw.chat_postMessage(channel="C0ALERTS", text="Hi")) == 2
    assert posted(lambda: list(slack.send([bench.delivery(1)]))) == 1
