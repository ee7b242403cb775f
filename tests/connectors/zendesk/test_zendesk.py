"""What is peculiar to Zendesk: keys that end, comments that carry their mark, agents who work meanwhile."""

import json
from typing import Any

import pytest

import connectors
from hub.domain import Receipt, external_id
from hub.errors import AccessDenied, SetupError
from hub.kit import Connection, Destination
from tests.connectors.zendesk.conftest import DESK, by_agent, comment, rows, words_on
from tests.contract.bench import Bench, send, settle


def test_the_author_becomes_an_end_user_without_an_invented_address(bench: Bench, ticket: Receipt) -> None:
    made = next(row for row in rows(bench, "tickets") if str(row["id"]) == ticket.object_id)
    user = next(row for row in rows(bench, "users") if row["id"] == made["requester_id"])

    assert (user["email"], user["role"]) == (None, "end-user")
    assert user["external_id"] == external_id("mastodon:account:mastodon.test/1")


def test_the_same_delivery_within_two_hours_is_the_same_ticket(
    bench: Bench, zendesk: Destination, ticket: Receipt
) -> None:
    (again,) = zendesk.send([bench.delivery(1)])

    assert again.object_id == ticket.object_id
    assert bench.made() == [bench.delivery(1).external_id]


@pytest.mark.parametrize("later_seconds", [0, 7_260])
def test_a_lost_answer_is_one_ticket_before_and_after_the_key_has_ended(
    bench: Bench, zendesk: Destination, later_seconds: int
) -> None:
    delivery = bench.delivery(1)
    bench.fault(kind="drop_after")

    assert send(zendesk, [delivery]) == ["unknown"]
    bench.ask("/clock", {"advance_seconds": later_seconds}, "POST")
    settle(zendesk, [delivery])

    assert bench.made() == [delivery.external_id]


def test_another_body_under_the_same_key_is_looked_up(bench: Bench, zendesk: Destination, ticket: Receipt) -> None:
    other = bench.delivery(1).with_(body={**bench.delivery(1).body, "subject": "Other words"})

    (receipt,) = zendesk.send([other])

    assert (receipt.outcome, receipt.reason) == ("unknown", "idempotent_request_error")
    assert bench.made() == [other.external_id]


def test_a_comment_speaks_for_the_requester_and_is_public(bench: Bench, zendesk: Destination, ticket: Receipt) -> None:
    (receipt,) = zendesk.send([comment(bench, 2, parent_object_id=ticket.object_id)])

    made = rows(bench, "comments")[-1]
    requester = next(row for row in rows(bench, "tickets") if str(row["id"]) == ticket.object_id)["requester_id"]
    assert receipt.outcome == "created"
    assert (made["author_id"], made["public"], made["body"]) == (requester, True, "Still broken")
    assert receipt.object_id == f"{ticket.object_id}/{made['id']}"


def test_a_comment_finds_its_ticket_by_external_id(bench: Bench, zendesk: Destination, ticket: Receipt) -> None:
    (receipt,) = zendesk.send([comment(bench, 2)])

    assert str(receipt.object_id).startswith(f"{ticket.object_id}/")


def test_a_comment_without_a_ticket_waits_for_it(bench: Bench, zendesk: Destination) -> None:
    (receipt,) = zendesk.send([comment(bench, 2)])

    assert receipt.outcome == "parent_missing"


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_comment_whose_answer_was_lost_stands_there_once(
    bench: Bench, zendesk: Destination, ticket: Receipt, kind: str
) -> None:
    delivery = comment(bench, 2, parent_object_id=ticket.object_id)
    rule = {"system": "zendesk", "method": "PUT", "path_glob": "/api/v2/tickets/*", "times": 1, "kind": kind}
    bench.ask("/faults", rule, "POST")

    assert send(zendesk, [delivery]) == ["unknown"]
    settle(zendesk, [delivery])

    assert words_on(bench, str(ticket.object_id)).count("Still broken") == 1
    (found,) = zendesk.find([delivery])
    assert found.digest == delivery.digest


@pytest.mark.parametrize("status", ["pending", "solved"])
def test_the_customers_next_words_open_an_answered_ticket(
    bench: Bench, zendesk: Destination, ticket: Receipt, status: str
) -> None:
    by_agent(zendesk, ticket, status=status)

    list(zendesk.send([comment(bench, 2, parent_object_id=ticket.object_id)]))

    made = next(row for row in rows(bench, "tickets") if str(row["id"]) == ticket.object_id)
    assert made["status"] == "open"


def test_a_closed_ticket_gets_one_follow_up_on_which_the_conversation_goes_on(
    bench: Bench, zendesk: Destination, ticket: Receipt
) -> None:
    by_agent(zendesk, ticket, status="closed")

    first, second = comment(bench, 2, parent_object_id=ticket.object_id), comment(bench, 3, words="Hello?")
    (followed,) = zendesk.send([first])
    (added,) = zendesk.send([second.with_(parent_object_id=ticket.object_id)])

    follow_up = str(followed.object_id).partition("/")[0]
    assert follow_up != ticket.object_id
    assert words_on(bench, follow_up) == ["Still broken", "Hello?"]
    assert {record.external_id: record.object_id for record in zendesk.find([first, second])} == {
        first.external_id: followed.object_id,
        second.external_id: added.object_id,
    }


def test_a_ticket_that_agents_deleted_is_not_brought_back(bench: Bench, zendesk: Destination, ticket: Receipt) -> None:
    zendesk.client.session.delete(f"{DESK}/tickets/{ticket.object_id}.json")

    (added,) = zendesk.send([comment(bench, 2, parent_object_id=ticket.object_id)])
    (changed,) = zendesk.send([bench.delivery(1, version=2).with_(object_id=ticket.object_id)])

    assert (added.outcome, added.reason) == ("refused", "parent_deleted")
    assert (changed.outcome, changed.reason) == ("refused", "deleted_there")


def test_an_agent_who_is_faster_keeps_the_words_and_ours_are_added_once(
    bench: Bench, zendesk: Destination, ticket: Receipt
) -> None:
    delivery = comment(bench, 2, parent_object_id=ticket.object_id)
    conflict = json.dumps({"error": "UpdateConflict", "description": "Safe Update prevented the update"})
    rule = {"system": "zendesk", "method": "PUT", "path_glob": "/api/v2/tickets/*", "times": 1, "kind": "status"}
    bench.ask("/faults", rule | {"status": 409, "body": conflict}, "POST")

    (put_off,) = zendesk.send([delivery])
    by_agent(zendesk, ticket, comment={"body": "We are on it", "public": True})
    (added,) = zendesk.send([delivery])

    assert (put_off.outcome, put_off.reason) == ("deferred", "ticket_changed")
    assert added.outcome == "created"
    assert words_on(bench, str(ticket.object_id))[1:] == ["We are on it", "Still broken"]


def test_a_later_version_leaves_words_tags_and_status_to_the_agents(
    bench: Bench, zendesk: Destination, ticket: Receipt
) -> None:
    by_agent(zendesk, ticket, status="pending", tags=["vip"])
    later = bench.delivery(1, version=2).with_(object_id=ticket.object_id)
    later = later.with_(body={**later.body, "priority": "urgent"})

    (receipt,) = zendesk.send([later])

    made = next(row for row in rows(bench, "tickets") if str(row["id"]) == ticket.object_id)
    assert receipt.outcome == "updated"
    assert (made["priority"], made["status"], made["tags"]) == ("urgent", "pending", ["vip"])
    assert len(words_on(bench, str(ticket.object_id))) == 1


def test_a_suspended_requester_is_refused_by_name_of_the_field_and_heals(
    bench: Bench, zendesk: Destination, ticket: Receipt
) -> None:
    made = next(row for row in rows(bench, "tickets") if str(row["id"]) == ticket.object_id)
    user = f"{DESK}/users/{made['requester_id']}.json"
    zendesk.client.session.put(user, json={"user": {"suspended": True}})
    other = bench.delivery(1).with_(external_id=external_id("another conversation"))

    (refused,) = zendesk.send([other])
    zendesk.client.session.put(user, json={"user": {"suspended": False}})
    (accepted,) = zendesk.send([other])

    assert (refused.outcome, refused.reason) == ("refused", "record_invalid")
    assert "requester" in str(refused.detail)
    assert accepted.outcome == "created"


@pytest.mark.parametrize("words", ["{{ticket.requester.email}}", "{% assign x = 1 %}", "{{{ticket.id}}}"])
def test_a_placeholder_in_a_strangers_words_is_not_filled_in(bench: Bench, zendesk: Destination, words: str) -> None:
    mapped = bench.delivery(1)
    through = mapped.with_(body=rendered_with(bench, words))
    unmapped = mapped.with_(
        external_id=external_id("raw"), body={**mapped.body, "comment": {"body": words, "public": True}}
    )

    list(zendesk.send([through]))
    harmless = expanded(bench)
    list(zendesk.send([unmapped]))

    assert harmless == 0
    assert expanded(bench) > 0  # else the sandbox would not have noticed


def rendered_with(bench: Bench, words: str) -> dict[str, Any]:
    """A ticket's body, made by the mapping of a post with these words."""
    from hub.mapping import load_mappings
    from tests.contract.bench import a_handoff

    handoff = a_handoff("Case", 1, 1)
    handoff = handoff.with_(post=handoff.post.with_(text=words), title="")
    body = load_mappings(connectors.mapping_path("zendesk"))[0].apply(handoff.plain())
    assert body is not None
    return body


def expanded(bench: Bench) -> int:
    return sum(line.get("event") == "placeholder expanded" for line in bench.journal())


def test_a_token_that_ended_is_replaced_without_anybody_noticing(bench: Bench, zendesk: Destination) -> None:
    bench.ask("/clock", {"advance_seconds": 3_600}, "POST")

    (receipt,) = zendesk.send([bench.delivery(1)])

    assert receipt.outcome == "created"


def test_the_legacy_token_of_the_providers_form_still_works(bench: Bench) -> None:
    legacy = Connection(
        id="zendesk_default", host="acme.zendesk.com", login="bot@acme.test", extra={"token": "sandbox-zendesk-token"}
    )
    in_password = Connection(
        id="zendesk_default", host="acme.zendesk.com", login="bot@acme.test", password="sandbox-zendesk-token",
        extra={"use_token": True},
    )  # fmt: skip

    for connection in (legacy, in_password):
        with bench.open(connection=connection) as destination:
            destination.check()


@pytest.mark.parametrize(
    ("connection", "error"),
    [
        (Connection(id="zendesk_default", host="acme.zendesk.com"), SetupError),
        (Connection(id="zendesk_default", host="zendesk", extra={"oauth_token": "x"}), SetupError),
        (Connection(id="zendesk_default", host="acme.zendesk.com", extra={"oauth_token": "x"}), AccessDenied),
    ],
    ids=["no secret", "no host", "wrong token"],
)
def test_a_connection_that_cannot_work_says_so(bench: Bench, connection: Connection, error: type[Exception]) -> None:
    with bench.open(connection=connection) as destination, pytest.raises(error):
        destination.check()


def test_an_object_it_does_not_know_is_a_set_up_error(bench: Bench, zendesk: Destination) -> None:
    with pytest.raises(SetupError, match="macro"):
        list(zendesk.send([bench.delivery(1).with_(object="macro")]))
