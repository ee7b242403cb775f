"""Where Zendesk sets limits: jobs, comments, changes, calls; and what merges and slow days do to us."""

import json
from datetime import UTC, datetime

import pytest

from hub.domain import Receipt
from hub.errors import RateLimited
from hub.kit import Destination, Services
from hub.kit.local import SteppedClock
from tests.connectors.zendesk.conftest import DESK, comment, rows, words_on
from tests.contract.bench import PATIENCE, Bench, send, settle


def test_while_zendesk_has_all_the_jobs_it_takes_nothing_is_begun(bench: Bench, zendesk: Destination) -> None:
    row = {"tickets": [{"subject": "Other", "comment": {"body": "Other"}}]}
    zendesk.client.session.post("https://acme.zendesk.com/sandbox/jobs?queue_seconds=60")
    for _ in range(30):
        zendesk.client.session.post(f"{DESK}/tickets/create_many.json", json=row)

    with pytest.raises(RateLimited):
        list(zendesk.send([bench.delivery(number).with_(body=bench.delivery(1).body) for number in range(1, 101)]))

    assert bench.made() == []


def test_a_merged_ticket_is_followed_to_where_it_went(bench: Bench, zendesk: Destination, ticket: Receipt) -> None:
    (other,) = zendesk.send([bench.delivery(5)])
    zendesk.client.session.post(
        f"{DESK}/tickets/{other.object_id}/merge.json", json={"ids": [int(str(ticket.object_id))]}
    )
    bench.ask("/clock", {"advance_seconds": 5}, "POST")
    delivery = comment(bench, 2, parent_object_id=ticket.object_id)
    bench.ask(
        "/faults", {"system": "zendesk", "method": "PUT", "path_glob": "*", "times": 1, "kind": "drop_after"}, "POST"
    )

    assert send(zendesk, [delivery]) == ["unknown"]
    settle(zendesk, [delivery])

    assert words_on(bench, str(other.object_id)).count("Still broken") == 1
    assert "Still broken" not in words_on(bench, str(ticket.object_id))


def test_the_five_thousand_and_first_comment_opens_a_ticket_on_which_the_conversation_goes_on(
    bench: Bench, zendesk: Destination, ticket: Receipt
) -> None:
    zendesk.client.session.post(f"https://acme.zendesk.com/sandbox/tickets/{ticket.object_id}/comments?earlier=4999")
    first, second = comment(bench, 2), comment(bench, 3, words="Hello?")

    (opened,) = zendesk.send([first.with_(parent_object_id=ticket.object_id)])
    (added,) = zendesk.send([second.with_(parent_object_id=ticket.object_id)])

    new = str(opened.object_id).partition("/")[0]
    made = next(row for row in rows(bench, "tickets") if str(row["id"]) == new)
    assert (opened.outcome, added.outcome) == ("created", "created")
    assert words_on(bench, new) == ["Still broken", "Hello?"]
    assert f"continues_{ticket.object_id}" in made["tags"]
    assert [record.object_id for record in zendesk.find([first, second])] == [opened.object_id, added.object_id]
    (parent,) = zendesk.find([bench.delivery(1)])
    assert parent.object_id == ticket.object_id


def test_a_comment_that_is_too_long_is_refused_however_many_there_are(
    bench: Bench, zendesk: Destination, ticket: Receipt
) -> None:
    (receipt,) = zendesk.send([comment(bench, 2, parent_object_id=ticket.object_id, words="x" * 70_000)])

    assert (receipt.outcome, receipt.reason) == ("refused", "record_invalid")
    assert "comment" in str(receipt.detail)


def test_of_two_tickets_under_one_id_the_oldest_counts_and_somebody_is_told(
    bench: Bench, zendesk: Destination, ticket: Receipt, capsys: pytest.CaptureFixture[str]
) -> None:
    by_hand = {"subject": "Copy", "comment": {"body": "Copy"}, "external_id": bench.delivery(1).external_id}
    zendesk.client.session.post(f"{DESK}/tickets.json", json={"ticket": by_hand})

    (found,) = zendesk.find([bench.delivery(1)])

    assert found.object_id == ticket.object_id
    assert "found twice" in capsys.readouterr().out


def test_a_slow_create_is_one_ticket_however_often_it_is_sent(bench: Bench, zendesk: Destination) -> None:
    zendesk.client.session.post("https://acme.zendesk.com/sandbox/slow_creates?seconds=5")
    delivery = bench.delivery(1)

    outcomes = [send(zendesk, [delivery])[0] for _ in range(2)]
    bench.ask("/clock", {"advance_seconds": 6}, "POST")
    settle(zendesk, [delivery])

    assert outcomes == ["unknown", "unknown"]
    assert bench.made() == [delivery.external_id]


def test_what_zendesk_says_is_left_is_spread_over_the_time_until_there_is_more(bench: Bench) -> None:
    clock = SteppedClock(datetime.now(UTC))
    bench.services = Services.local(clock=clock, limits=PATIENCE)
    told = {"ratelimit-limit": "400", "ratelimit-remaining": "2", "ratelimit-reset": "30"}
    rule = {
        "system": "zendesk",
        "method": "GET",
        "path_glob": "*/tickets.json",
        "times": 1,
        "kind": "status",
        "status": 200,
    }
    with bench.ready() as zendesk:
        bench.ask("/faults", rule | {"headers": told, "body": json.dumps({"tickets": []})}, "POST")
        before = clock.now()
        list(zendesk.find([bench.delivery(1)]))
        zendesk.check()

    assert 14 <= (clock.now() - before).total_seconds() <= 31


def test_a_ticket_gets_no_more_changes_than_zendesk_grants_and_is_never_refused_one(
    bench: Bench, zendesk: Destination, ticket: Receipt
) -> None:
    (other,) = zendesk.send([bench.delivery(50)])
    more = [comment(bench, number, parent_object_id=ticket.object_id, words=f"{number}") for number in range(2, 35)]
    elsewhere = comment(bench, 60, parent_object_id=other.object_id)

    receipts = list(zendesk.send([*more, elsewhere]))

    assert [receipt.outcome for receipt in receipts] == ["created"] * 30 + ["deferred"] * 3 + ["created"]
    assert {receipt.reason for receipt in receipts[30:33]} == {"ticket_at_rest"}
    assert all(0 < (receipt.retry_after or 0) <= 600 for receipt in receipts[30:33])
    assert [line for line in bench.journal() if line.get("status") == 429] == []
