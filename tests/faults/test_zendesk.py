"""F35 to F43: tickets and comments, whatever Zendesk, its agents and the way to it do."""

from dataclasses import replace

import orjson
import pytest

from hub.store import Draft
from sandbox.faults import Rule
from sandbox.messages import Reply, Request
from tests.faults.ground import Ground, a_handoff, drafts_of
from tests.faults.twists import before_answer
from tests.faults.wire import Ask

ZD = "zendesk"
HOST = "acme.zendesk.com"
TWO_HOURS = 7_200
AGENT = {"authorization": "Basic Ym90QGFjbWUudGVzdC90b2tlbjpzYW5kYm94LXplbmRlc2stdG9rZW4="}


def is_change(request: Request) -> bool:
    """The request by which a comment is added."""
    return request.method == "PUT" and "/tickets/" in request.path


def comment_of(ground: Ground, number: int, post: int = 5000) -> list[Draft]:
    """A later post of the same conversation."""
    return ground.hand_over("Case", number, first=False, post=post)


def agent(ground: Ground, method: str, path: str, body: object = None) -> object:
    """An agent works in Zendesk."""
    from sandbox.messages import Headers

    request = Request(
        method=method,
        host=HOST,
        path=f"/api/v2{path}",
        headers=Headers(AGENT),
        body=orjson.dumps(body) if body else b"",
    )
    reply, _ = ground.played.ask(request)
    assert reply is not None
    assert reply.status < 300, reply.body
    return orjson.loads(reply.body) if reply.body else None


def tickets(ground: Ground) -> list[dict[str, object]]:
    """What is there."""
    return ground.played.rows(ZD, "tickets")


def words(ground: Ground) -> list[str]:
    """What stands on the tickets."""
    return [str(row["body"]) for row in ground.played.rows(ZD, "comments")]


@pytest.mark.parametrize("later", [5.0, TWO_HOURS + 60.0], ids=["within two hours", "after two hours"])
def test_f35_a_ticket_whose_answer_was_lost_is_one_ticket(ground: Ground, later: float) -> None:
    ground.hand_over("Case", 1)
    ground.played.fault(ZD, "drop_after", method="POST", path_glob="*/tickets*")

    ground.run(ZD, patience=0)
    ground.quiet(ZD, between=later)

    ground.assert_exactly_once()
    assert len(ground.played.events(ZD, "ticket created")) == 1


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize("later", [130.0, TWO_HOURS + 60.0], ids=["within two hours", "after two hours"])
def test_f36_a_ticket_is_sent_again_as_it_was_rendered_though_the_mapping_has_changed(
    ground: Ground, kind: str, later: float
) -> None:
    ground.hand_over("Case", 1)
    ground.played.fault(ZD, kind, method="POST", path_glob="*/tickets*")
    assert ground.run_into("deliver.sent", ZD)
    changed = drafts_of(a_handoff("Case", 1, text="Said otherwise by a newer classifier."))
    with ground.store.begin() as tx:
        tx.outbox.intend(changed)
    ground.expected[ZD, changed[0].external_id] = changed[0].digest

    ground.quiet(ZD, between=later)

    ground.assert_exactly_once()
    assert len(ground.played.events(ZD, "ticket created")) == 1
    assert not [line for line in ground.played.requests(ZD) if line["status"] == 400]


def test_f36_another_body_under_a_used_key_means_look_up(ground: Ground) -> None:
    ground.hand_over("Case", 1)
    mismatch = {"error": "IdempotentRequestError", "description": "The key was used with another body"}
    ground.played.fault(ZD, "status", method="POST", path_glob="*/tickets*", status=400, body=mismatch)

    ground.run(ZD)
    ground.quiet(ZD)

    ground.assert_exactly_once()
    assert ground.quarantined() == []


def test_f37_a_comment_whose_answer_was_lost_is_one_comment(ground: Ground) -> None:
    ground.hand_over("Case", 1)
    ground.run(ZD)
    comment_of(ground, 1)
    ground.played.fault(ZD, "drop_after", method="PUT")

    ground.run(ZD)
    ground.quiet(ZD)

    ground.assert_exactly_once()
    assert sum(1 for line in ground.played.writes(ZD) if line["method"] == "PUT") == 1


def test_f38_what_an_agent_typed_meanwhile_survives_and_ours_is_added_once(ground: Ground) -> None:
    ground.hand_over("Case", 1)
    ground.run(ZD)
    [ticket] = tickets(ground)
    comment_of(ground, 1)

    def type_away() -> None:
        ground.clock.forward(2)
        agent(ground, "PUT", f"/tickets/{ticket['id']}", {"ticket": {"comment": {"body": "On it.", "public": False}}})

    ground.wire.twists.append(before_answer(is_change, type_away))
    ground.run(ZD)
    ground.quiet(ZD)

    ground.assert_exactly_once()
    assert words(ground).count("On it.") == 1
    assert len(words(ground)) == 3


def test_f39_of_two_tickets_with_one_id_the_older_one_is_ours(ground: Ground) -> None:
    [draft] = ground.hand_over("Case", 1)
    ground.played.fault(ZD, "drop_after", method="POST", path_glob="*/tickets*")
    ground.run(ZD, patience=0)
    copy = {"subject": "By hand", "comment": {"body": "A copy."}, "external_id": draft.external_id}
    agent(ground, "POST", "/tickets", {"ticket": copy})

    ground.quiet(ZD)

    first = min(int(str(row["id"])) for row in tickets(ground))
    assert [row.object_id for row in ground.rows(ZD)] == [str(first)]
    assert len(ground.played.events(ZD, "ticket created")) == 2  # one of them made by hand


def office(ground: Ground, path: str, **query: str) -> None:
    """What only Zendesk itself can do to jobs."""
    asked = {name: [value] for name, value in query.items()}
    ground.played.ask(Request(method="POST", host=HOST, path=f"/sandbox/jobs{path}", query=asked))


def requests_of(ground: Ground, method: str, path: str) -> int:
    """How often this was asked."""
    return sum(1 for line in ground.played.requests(ZD) if (line["method"], line["path"]) == (method, path))


@pytest.fixture
def begun(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> list[Draft]:
    """Six tickets in a job that makes one a second, of a process that ended when it had handed them over."""
    monkeypatch.setattr("connectors.zendesk.connector.BULK_FROM", 6)
    office(ground, "", queue_seconds="10", rows_per_second="1")
    drafts = [draft for number in range(6) for draft in ground.hand_over("Case", number)]
    assert ground.run_into("deliver.settled", ZD, patience=0)
    assert {row.state for row in ground.rows(ZD)} == {"in_doubt"}
    return drafts


def assert_made(ground: Ground, *, by_job: int) -> None:
    """So many were made by the job and never sent again; each of the others went by itself, once."""
    ground.assert_exactly_once()
    assert ground.quarantined() == []
    assert len(ground.played.events(ZD, "ticket created")) == 6
    assert requests_of(ground, "POST", "/api/v2/tickets/create_many.json") == 1
    assert requests_of(ground, "POST", "/api/v2/tickets.json") == 6 - by_job


def test_f40_of_a_job_that_is_gone_every_row_is_matched_by_its_external_id(ground: Ground, begun: list[Draft]) -> None:
    ground.clock.forward(300)
    agent(ground, "GET", "/job_statuses")  # by now all six are there
    office(ground, "/forget")

    ground.quiet(ZD)

    assert_made(ground, by_job=6)
    assert {row.object_id for row in ground.rows(ZD)} == {str(ticket["id"]) for ticket in tickets(ground)}


@pytest.mark.parametrize("forgotten", [False, True], ids=["known", "gone"])
def test_f40_of_a_job_that_was_killed_half_way_the_rest_goes_alone(
    ground: Ground, begun: list[Draft], forgotten: bool
) -> None:
    ground.clock.forward(13)
    agent(ground, "GET", "/job_statuses")
    office(ground, "/kill")
    made = len(tickets(ground))
    assert 1 <= made <= 5
    if forgotten:
        office(ground, "/forget")

    ground.quiet(ZD)

    assert_made(ground, by_job=made)


def test_f40_rows_that_failed_go_alone_and_the_others_not_again(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(ask: Ask, request: Request) -> tuple[Reply | None, Rule | None]:
        if request.path.endswith("/create_many.json"):
            rows = request.json()["tickets"]
            for row in rows[::3]:
                row["comment"] = {"body": ""}
            request = replace(request, body=orjson.dumps({"tickets": rows}))
        return ask(request)

    monkeypatch.setattr("connectors.zendesk.connector.BULK_FROM", 6)
    ground.wire.twists.append(spoilt)
    for number in range(6):
        ground.hand_over("Case", number)

    ground.run(ZD)
    ground.quiet(ZD)

    assert_made(ground, by_job=4)


def invalid(field: str, words: str, error: str) -> dict[str, object]:
    """Zendesk's answer for a ticket that it will not take."""
    return {"error": "RecordInvalid", "details": {field: [{"description": words, "error": error}]}}


@pytest.mark.parametrize(
    "body",
    [
        invalid("requester", "Requester: is suspended.", "InvalidValue"),
        invalid("comment", "Ticket has too many comments", "TooManyComments"),
    ],
    ids=["suspended", "too many comments"],
)
def test_f41_what_zendesk_will_not_take_is_tried_once_and_says_why(ground: Ground, body: dict[str, object]) -> None:
    ground.hand_over("Case", 1)
    [other] = ground.hand_over("Case", 2)
    ground.played.fault(ZD, "status", method="POST", path_glob="*/tickets*", status=422, body=body)

    ground.run(ZD)
    ground.quiet(ZD)

    refused = [row for row in ground.rows(ZD) if row.state == "dead"]
    assert [row.attempt for row in refused] == [1]
    assert next(iter(body["details"])) in f"{refused[0].reason} {refused[0].detail}"  # type: ignore[call-overload]
    ground.expected = {(ZD, other.external_id): other.digest}
    ground.assert_exactly_once()


def test_f42_who_always_asks_for_a_pause_is_left_alone(ground: Ground) -> None:
    ground.hand_over("Case", 1)
    ground.played.fault(ZD, "status", times=10_000, status=429, headers={"Retry-After": "60"})
    began = ground.clock.moment

    ground.run(ZD)

    assert (ground.clock.moment - began).total_seconds() < 120
    assert len(ground.played.requests(ZD)) <= 3
    ground.played.switchboard.clear()
    ground.quiet(ZD)
    ground.assert_exactly_once()


def test_f43_a_closed_ticket_is_followed_up(ground: Ground) -> None:
    ground.hand_over("Case", 1)
    ground.run(ZD)
    [ticket] = tickets(ground)
    agent(ground, "PUT", f"/tickets/{ticket['id']}", {"ticket": {"status": "closed"}})
    comment_of(ground, 1)

    ground.run(ZD)
    ground.quiet(ZD)

    assert [row["status"] for row in tickets(ground)] == ["closed", "new"]
    assert len(words(ground)) == 2


def test_f43_a_ticket_that_was_merged_away_is_followed_to_where_the_conversation_goes_on(ground: Ground) -> None:
    [draft] = ground.hand_over("Case", 1)
    ground.run(ZD)
    [ticket] = tickets(ground)
    other = {"subject": "Where it goes on", "comment": {"body": "Merged."}, "external_id": draft.external_id}
    agent(ground, "POST", "/tickets", {"ticket": other})
    agent(ground, "PUT", f"/tickets/{ticket['id']}", {"ticket": {"status": "closed"}})
    comment_of(ground, 1)

    ground.run(ZD)
    ground.quiet(ZD)

    goes_on = max(int(str(row["id"])) for row in tickets(ground))
    assert [row.object_id and row.object_id.partition("/")[0] for row in ground.rows(ZD)][-1] == str(goes_on)
    assert len(tickets(ground)) == 2


def test_f43_a_ticket_that_an_agent_deleted_stays_deleted(ground: Ground) -> None:
    ground.hand_over("Case", 1)
    ground.run(ZD)
    [ticket] = tickets(ground)
    agent(ground, "DELETE", f"/tickets/{ticket['id']}")
    comment_of(ground, 1)
    ground.hand_over("Case", 1, version=2)

    ground.run(ZD)
    ground.quiet(ZD)

    assert tickets(ground) == []
    assert {reason for _, reason in ground.quarantined()} <= {"parent_deleted", "deleted_there"}
    assert len(ground.quarantined()) == 2
