"""What is peculiar to Slack: answers inside a 200, threads, and a history that is read before anything is repeated."""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import connectors
from connectors.slack.answers import DENIED, REFUSED, WAIT
from hub.domain import Delivery, Receipt, external_id
from hub.errors import AccessDenied, HubError, RateLimited, RecordRefused, Unavailable
from hub.kit import Destination
from hub.mapping import load_mappings
from tests.connectors.slack.conftest import owner
from tests.contract.bench import Bench, a_handoff, send, settle


@pytest.fixture
def slack(bench: Bench) -> Iterator[Destination]:
    with bench.ready() as destination:
        yield destination


@pytest.fixture
def alert(bench: Bench, slack: Destination) -> Receipt:
    """The message of delivery 1."""
    (receipt,) = slack.send([bench.delivery(1)])
    return receipt


def reply(bench: Bench, number: int, *, to: str | None) -> Delivery:
    """A later post of the incident of delivery 1."""
    return Delivery(
        id=number, destination="slack", object="reply", external_id=external_id(f"post-{number}"), version=1,
        body={"channel": "#social-alerts", "text": "Mine too"}, digest=external_id(f"digest-{number}"), handoff="h",
        parent=bench.delivery(1).external_id, parent_object_id=to, attempt=1, claimed_at=datetime.now(UTC),
    )  # fmt: skip


def messages(bench: Bench) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(bench.ask("/state/slack/messages"))
    return found


def says(bench: Bench, answer: dict[str, Any] | str, *, times: int = 1, status: int = 200) -> None:
    """Let Slack answer the next post like this, without posting."""
    body = answer if isinstance(answer, str) else json.dumps(answer)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    bench.fault(kind="status", status=status, body=body, headers=headers, times=times)


def test_no_call_reads_the_machines_authorities_anew(
    bench: Bench, slack: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[ssl.SSLContext] = []
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda context, *_: read.append(context))

    assert send(slack, bench.deliveries(2)) == ["created", "created"]

    assert read == []


def test_a_message_unfurls_nothing_and_carries_our_mark(bench: Bench, alert: Receipt) -> None:
    made = messages(bench)[-1]

    assert made["unfurls"] is False
    assert made["metadata"] == {
        "event_type": "hub_delivery",
        "event_payload": {
            "external_id": bench.delivery(1).external_id,
            "version": 1,
            "digest": bench.delivery(1).digest,
        },
    }


def test_a_message_goes_by_channel_and_ts_and_links_to_itself(alert: Receipt) -> None:
    channel, _, ts = str(alert.object_id).partition("/")

    assert channel == "C0ALERTS"
    assert alert.url == f"https://acme.slack.com/archives/C0ALERTS/p{ts.replace('.', '')}"


@pytest.mark.parametrize("words", ["<!channel> look", "<@U0BOSS> hi", "<#C0OPS>", "<https://evil.test|acme.test>"])
def test_no_token_in_a_strangers_words_is_live(bench: Bench, slack: Destination, words: str) -> None:
    handoff = a_handoff("Alert", 1, 1)
    author = handoff.author.with_(display_name=words)
    handoff = handoff.with_(author=author, title=words, post=handoff.post.with_(text=words))
    body = load_mappings(connectors.mapping_path("slack"))[0].apply(handoff.plain() | {"to": {}})
    assert body is not None

    list(slack.send([bench.delivery(1).with_(body=body)]))
    list(slack.send([bench.delivery(2).with_(body={"channel": "#social-alerts", "text": words})]))

    harmless, live = messages(bench)[-2:]
    assert harmless["mentions"] == 0
    assert live["mentions"] == (0 if "://" in words else 1)  # else the sandbox would not have noticed
    assert words not in json.dumps(harmless["blocks"])


def test_a_reply_hangs_in_the_thread_of_its_incident(bench: Bench, slack: Destination, alert: Receipt) -> None:
    delivery = reply(bench, 2, to=alert.object_id)

    (receipt,) = slack.send([delivery])
    (found,) = slack.find([delivery])

    assert receipt.outcome == "created"
    assert messages(bench)[-1]["thread_ts"] == str(alert.object_id).partition("/")[2]
    assert (found.object_id, found.digest) == (receipt.object_id, delivery.digest)


def test_a_reply_without_a_message_waits_for_it(bench: Bench, slack: Destination) -> None:
    (receipt,) = slack.send([reply(bench, 2, to=None)])

    assert receipt.outcome == "parent_missing"
    assert bench.requests() == []


def test_a_reply_whose_answer_was_lost_stands_there_once(bench: Bench, slack: Destination, alert: Receipt) -> None:
    delivery = reply(bench, 2, to=alert.object_id)
    bench.fault(kind="drop_after")

    assert send(slack, [delivery]) == ["unknown"]
    settle(slack, [delivery])

    assert [row["text"] for row in messages(bench)].count("Mine too") == 1


def test_a_change_whose_answer_was_lost_is_seen_in_the_message(
    bench: Bench, slack: Destination, alert: Receipt
) -> None:
    later = bench.delivery(1, version=2).with_(object_id=alert.object_id)
    rule = {"system": "slack", "path_glob": "/api/chat.update", "times": 1, "kind": "drop_after"}
    bench.ask("/faults", rule, "POST")

    assert send(slack, [later]) == ["unknown"]
    (found,) = slack.find([later])

    assert (found.object_id, found.digest) == (alert.object_id, later.digest)


@pytest.mark.parametrize("word", sorted(REFUSED))
def test_a_final_word_is_a_refusal_that_says_what_to_do(bench: Bench, slack: Destination, word: str) -> None:
    says(bench, {"ok": False, "error": word})

    first, second = slack.send(bench.deliveries(2))

    assert (first.outcome, first.reason) == ("refused", word)
    assert str(first.detail).endswith(".")
    assert second.outcome == "created"


@pytest.mark.parametrize("word", sorted(DENIED))
def test_a_word_about_our_access_stops_everything(bench: Bench, slack: Destination, word: str) -> None:
    says(bench, {"ok": False, "error": word, "needed": "chat:write"}, times=5)

    with pytest.raises(AccessDenied, match=word):
        list(slack.send(bench.deliveries(2)))

    assert len(bench.requests()) == 1


@pytest.mark.parametrize("word", sorted(WAIT))
def test_a_word_that_asks_to_wait_is_obeyed(bench: Bench, slack: Destination, word: str) -> None:
    says(bench, {"ok": False, "error": word}, times=5)

    with pytest.raises(RateLimited):
        list(slack.send(bench.deliveries(2)))


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": False, "error": "internal_error"},
        {"ok": False, "error": "fatal_error"},
        {"ok": False, "error": "a_word_of_tomorrow"},
        {"ok": False},
        {},
        {"ok": True},
        {"ok": True, "channel": 1, "ts": 2},
    ],
    ids=json.dumps,
)
def test_an_answer_that_proves_nothing_is_unknown_and_the_rest_go_on(
    bench: Bench, slack: Destination, answer: dict[str, Any]
) -> None:
    says(bench, answer)

    first, second = slack.send(bench.deliveries(2))

    assert (first.outcome, second.outcome) == ("unknown", "created")


@pytest.mark.parametrize("body", ["<html>Down for maintenance</html>", "", "null", "[]", "[1]", "5", "{"])
def test_a_body_that_is_no_answer_is_unknown(bench: Bench, slack: Destination, body: str) -> None:
    says(bench, body)

    assert send(slack, bench.deliveries(1)) == ["unknown"]


def test_a_429_in_the_middle_defers_the_rest_without_asking_again(bench: Bench, slack: Destination) -> None:
    bench.fault(
        kind="status",
        status=429,
        headers={"Retry-After": "30"},
        body='{"ok":false,"error":"ratelimited"}',
        times=9,
        after=1,
    )

    receipts = list(slack.send(bench.deliveries(4)))

    assert [receipt.outcome for receipt in receipts] == ["created", "deferred", "deferred", "deferred"]
    assert {receipt.retry_after for receipt in receipts[1:]} == {30}
    assert len(bench.requests()) == 2


def test_an_archived_channel_is_refused(bench: Bench, slack: Destination) -> None:
    owner("channels/C0ALERTS/archive")

    (receipt,) = slack.send([bench.delivery(1)])

    assert (receipt.outcome, receipt.reason) == ("refused", "is_archived")


def test_a_history_that_lags_shows_the_message_when_it_is_due(bench: Bench, slack: Destination) -> None:
    owner("history_lag?seconds=3")
    delivery = bench.delivery(1)
    (receipt,) = slack.send([delivery])

    before = list(slack.find([delivery]))
    bench.ask("/clock", {"advance_seconds": 4}, "POST")
    (after,) = slack.find([delivery])

    assert before == []
    assert slack.visibility_seconds > 3
    assert after.object_id == receipt.object_id


def test_a_look_up_goes_back_to_the_claim_or_further_after_a_second_try(bench: Bench, slack: Destination) -> None:
    delivery = bench.delivery(1)
    list(slack.send([delivery]))
    claimed_later = delivery.with_(claimed_at=datetime.now(UTC) + timedelta(minutes=10))

    assert list(slack.find([claimed_later])) == []
    assert len(list(slack.find([claimed_later.with_(attempt=2)]))) == 1


@pytest.mark.parametrize(("word", "error"), [("internal_error", Unavailable), ("channel_not_found", RecordRefused)])
def test_a_look_up_that_fails_leaves_the_delivery_in_doubt(
    bench: Bench, slack: Destination, word: str, error: type[HubError]
) -> None:
    rule = {"system": "slack", "path_glob": "/api/conversations.history", "times": 1, "kind": "status", "status": 200}
    bench.ask("/faults", rule | {"body": json.dumps({"ok": False, "error": word})}, "POST")

    with pytest.raises(error):
        list(slack.find([bench.delivery(1)]))


def test_a_channel_by_name_is_looked_up_once(bench: Bench) -> None:
    with bench.open() as destination:
        list(destination.find([bench.delivery(1)]))
        list(destination.find([bench.delivery(2)]))

    assert bench.requests().count("/api/conversations.list") == 1


def test_a_channel_that_is_not_there_concerns_its_own_messages_alone(bench: Bench, slack: Destination) -> None:
    nowhere = bench.delivery(1).with_(body={"channel": "#nowhere", "text": "Hi"})

    with pytest.raises(RecordRefused, match="#nowhere"):
        list(slack.find([nowhere]))


def test_a_history_too_long_to_read_proves_nothing(bench: Bench, slack: Destination) -> None:
    page = {"ok": True, "messages": [], "has_more": True, "response_metadata": {"next_cursor": "again"}}
    rule = {"system": "slack", "path_glob": "/api/conversations.history", "times": 99, "kind": "status", "status": 200}
    bench.ask("/faults", rule | {"body": json.dumps(page)}, "POST")

    with pytest.raises(RecordRefused, match="more than"):
        list(slack.find([bench.delivery(1)]))
