"""What agents see and do in Zendesk: notes, requesters, fields, reopening, and 200 collisions with their edits."""

import random
import re
from datetime import timedelta
from typing import Any

import pytest

from hub.domain import History, external_id
from hub.kit import Step
from sandbox.faults import Rule
from sandbox.messages import Reply, Request
from tests.faults.ground import Ground
from tests.faults.test_zendesk import ZD, agent, comment_of, is_change, tickets, words
from tests.faults.twists import before_answer
from tests.faults.wire import Ask

KNOWN = History(posts=3, cases=1)
COLLISIONS = 200


def notes(ground: Ground) -> list[dict[str, Any]]:
    """The private comments that are there."""
    return [row for row in ground.played.rows(ZD, "comments") if not row["public"]]


def users(ground: Ground) -> list[dict[str, Any]]:
    """The end users."""
    return [row for row in ground.played.rows(ZD, "users") if row["role"] == "end-user"]


def prepared(ground: Ground, *, apply: bool) -> list[Step]:
    """What `hub setup zendesk` says."""
    with ground.hub.open_destination(ZD) as destination:
        return list(destination.prepare(apply=apply))


# The note.


def test_a_new_ticket_has_one_private_note_that_is_ours_and_not_the_requesters(ground: Ground) -> None:
    ground.hand_over("Case", 1, history=KNOWN)

    ground.run(ZD)

    ground.assert_exactly_once()
    [ticket], [note], [user] = tickets(ground), notes(ground), users(ground)
    assert note["ticket_id"] == ticket["id"]
    assert note["author_id"] != user["id"] == ticket["requester_id"]
    assert "3 posts before this one" in note["body"]
    assert ground.rows(ZD)[1].url == f"https://acme.zendesk.com/agent/tickets/{ticket['id']}"


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "garbage", "truncate"])
def test_a_note_whose_answer_was_lost_is_one_note(ground: Ground, fault: str) -> None:
    ground.hand_over("Case", 1, history=KNOWN)
    ground.played.fault(ZD, fault, method="PUT", path_glob="*/tickets/*")

    ground.run(ZD, patience=0)
    ground.quiet(ZD)

    ground.assert_exactly_once()
    assert len(notes(ground)) == 1


@pytest.mark.parametrize("point", ["deliver.claimed", "deliver.sent", "store.settled"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_run_that_ends_anywhere_leaves_one_ticket_and_one_note(ground: Ground, point: str, nth: int) -> None:
    ground.hand_over("Case", 1, history=KNOWN)

    assert ground.run_into(point, ZD, nth=nth)
    ground.quiet(ZD)

    ground.assert_exactly_once()
    assert (len(tickets(ground)), len(notes(ground))) == (1, 1)


def test_a_note_on_a_ticket_that_agents_have_put_away_waits_for_a_person(ground: Ground) -> None:
    [_, note] = ground.hand_over("Case", 1, history=KNOWN)
    assert ground.run_into("deliver.settled", ZD)
    [held] = tickets(ground)
    agent(ground, "PUT", f"/tickets/{held['id']}", {"ticket": {"status": "closed"}})

    ground.quiet(ZD)

    ground.forget(note)
    ground.assert_exactly_once()
    assert ground.quarantined() == [("deliver", "closed_there")]


@pytest.mark.parametrize("meets", ["nothing", "lost", "kill", "forget"])
def test_many_notes_go_in_jobs_and_each_is_one(ground: Ground, monkeypatch: pytest.MonkeyPatch, meets: str) -> None:
    monkeypatch.setattr("connectors.zendesk.connector.BULK_FROM", 6)
    for number in range(6):
        ground.hand_over("Case", number, history=KNOWN)
    if meets == "lost":
        ground.played.fault(ZD, "drop_after", method="PUT", path_glob="*/update_many*")

    def then_the_job_is_gone(ask: Ask, request: Request) -> tuple[Reply | None, Rule | None]:
        answer = ask(request)
        if request.path.endswith("/update_many.json") and meets in ("kill", "forget"):
            ground.played.ask(Request(method="POST", host="acme.zendesk.com", path=f"/sandbox/jobs/{meets}"))
        return answer

    ground.wire.twists.append(then_the_job_is_gone)
    ground.run(ZD)
    ground.quiet(ZD, at_most=6)

    ground.assert_exactly_once()
    singly = [line for line in ground.played.writes(ZD) if re.search(r"/tickets/\d+\.json$", line["path"])]
    assert len(singly) == (6 if meets == "kill" else 0)  # the others were made by the job, and looked for


def test_a_thousand_notes_cost_ten_calls_and_a_few_questions(ground: Ground) -> None:
    for number in range(1_000):
        ground.hand_over("Case", number, history=KNOWN)

    ground.run(ZD)
    ground.quiet(ZD)

    ground.assert_exactly_once()
    asked = [line["path"].rpartition("/api/v2/")[2] for line in ground.played.requests(ZD)]
    assert asked.count("tickets/create_many.json") == asked.count("tickets/update_many.json") == 10
    assert asked.count("ticket_fields.json") == 1
    assert asked.count("job_statuses/show_many.json") <= 30  # about users, tickets and notes


# The collision of hands.


def edit(drawn: random.Random, number: int) -> dict[str, Any]:
    """What an agent does to a ticket: says something, and perhaps changes what stands on it."""
    change: dict[str, Any] = {"comment": {"body": f"Agent says {number}.", "public": drawn.random() < 0.5}}
    if drawn.random() < 0.5:
        change["subject"] = f"Renamed {number}"
    if drawn.random() < 0.5:
        change["priority"] = drawn.choice(["low", "normal", "high", "urgent"])
    if drawn.random() < 0.5:
        change["tags"] = ["social", f"agent_{number}"]
    if drawn.random() < 0.3:
        change["status"] = drawn.choice(["open", "pending", "hold", "solved"])
    return change


def test_an_agents_work_survives_every_collision_and_our_words_are_there_once(ground: Ground) -> None:
    drawn = random.Random("collisions")
    kept: dict[int, dict[str, Any]] = {}
    for number in range(COLLISIONS):
        ground.hand_over("Case", number)
    ground.run(ZD)
    by_id = {row.external_id: int(str(row.object_id)) for row in ground.rows(ZD)}
    for number in range(COLLISIONS):
        comment_of(ground, number, post=100_000 + number)
    waiting = list(range(COLLISIONS))

    def meddle(request: Request) -> bool:
        return is_change(request) and bool(waiting) and str(ticket_of(waiting[0])) in request.path

    def ticket_of(number: int) -> int:
        return by_id[external_id(f"Case:{number}")]

    def type_away() -> None:
        number = waiting.pop(0)
        kept[number] = edit(drawn, number)
        ground.clock.forward(2)
        agent(ground, "PUT", f"/tickets/{ticket_of(number)}", {"ticket": kept[number]})

    ground.wire.twists.append(before_answer(meddle, type_away, times=COLLISIONS))
    ground.run(ZD, patience=7_200)
    ground.quiet(ZD, at_most=20)

    assert (waiting, len(kept)) == ([], COLLISIONS)
    ground.assert_exactly_once()
    said, rows = words(ground), {int(str(row["id"])): row for row in tickets(ground)}
    assert [said.count(f"Agent says {number}.") for number in kept] == [1] * COLLISIONS
    lost = [
        (number, name)
        for number, change in kept.items()
        for name in ("subject", "priority", "tags")
        if name in change and rows[ticket_of(number)][name] != change[name]
    ]
    assert lost == []
    assert {rows[ticket_of(number)]["status"] for number, change in kept.items() if "status" in change} == {"open"}


# Reopening.


@pytest.mark.parametrize(("hours", "opened"), [(71, 1), (73, 2)])
def test_a_solved_ticket_is_opened_again_for_three_days_and_then_followed_by_another(
    ground: Ground, hours: float, opened: int
) -> None:
    ground.hand_over("Case", 1)
    ground.run(ZD)
    [ticket] = tickets(ground)
    agent(ground, "PUT", f"/tickets/{ticket['id']}", {"ticket": {"status": "solved"}})
    ground.clock.forward(hours * 3_600)
    for post in (5_000, 5_001):
        comment_of(ground, 1, post=post)

    ground.run(ZD)
    ground.quiet(ZD)

    held = tickets(ground)
    assert len(held) == opened
    assert held[0]["status"] == ("open" if opened == 1 else "solved")
    assert f"continues_{ticket['id']}" in held[-1]["tags"] or opened == 1  # type: ignore[operator]
    assert {"social", "intent_complaint"} <= set(held[-1]["tags"])  # type: ignore[call-overload]
    ground.assert_exactly_once()


@pytest.mark.parametrize("status", ["closed", "solved", "open"])
@pytest.mark.parametrize("fault", [None, "drop_after"])
def test_a_new_conversation_is_linked_to_the_one_before(ground: Ground, status: str, fault: str | None) -> None:
    ground.hand_over("Case", 1)
    ground.run(ZD)
    [before] = tickets(ground)
    agent(ground, "PUT", f"/tickets/{before['id']}", {"ticket": {"status": status}})
    ground.hand_over("Case", 1, post=7_000, key="Case:1:later", follows="Case:1", history=KNOWN)
    if fault:
        ground.played.fault(ZD, fault, method="POST", path_glob="*/tickets.json")

    ground.run(ZD, patience=0)
    ground.quiet(ZD, between=2 * 3_600 + 60)

    ground.assert_exactly_once()
    _, later = tickets(ground)
    source = later["via"]["source"]  # type: ignore[index]
    linked = source["from"].get("ticket_id") if status == "closed" else None
    assert linked == (before["id"] if status == "closed" else None)
    assert (f"continues_{before['id']}" in later["tags"]) == (status != "closed")  # type: ignore[operator]
    assert "its ticket is linked" in notes(ground)[0]["body"]


# Requesters.


def renamed(ground: Ground, number: int, name: str) -> None:
    """Another case of the same account, which calls itself otherwise by now."""
    from tests.faults.ground import a_handoff

    author = a_handoff("Case", number).author.with_(display_name=name)
    post = a_handoff("Case", number, post=90_000 + len(tickets(ground))).post.with_(author=author)
    key = f"Case:{number}:{post.key}"
    ground.hand_over("Case", number, post=int(post.native_id), key=key, author=author)
    ground.run(ZD)


def test_a_requester_who_is_called_otherwise_is_renamed_unless_an_agent_has(ground: Ground) -> None:
    ground.hand_over("Case", 1)
    ground.run(ZD)
    [user] = users(ground)
    assert (user["name"], user["details"]) == ("Ana 1", "Social account ana1 on x")

    renamed(ground, 1, "Ana of Vienna")
    assert [row["name"] for row in users(ground)] == ["Ana of Vienna"]

    agent(ground, "PUT", f"/users/{user['id']}", {"user": {"name": "Ms Ana Example", "details": "A good customer"}})
    renamed(ground, 1, "Ana on tour")
    renamed(ground, 1, "Ana at home")

    [held] = users(ground)
    assert (held["name"], held["details"]) == ("Ms Ana Example", "A good customer")
    ground.assert_exactly_once()


def test_a_name_that_stays_costs_no_call(ground: Ground) -> None:
    ground.hand_over("Case", 1)
    ground.run(ZD)
    before = len(ground.played.requests(ZD))

    renamed(ground, 1, "Ana 1")

    assert len(ground.played.requests(ZD)) == before + 1  # the ticket


def test_two_accounts_of_one_person_are_two_requesters(ground: Ground) -> None:
    ground.hand_over("Case", 1)
    ground.hand_over("Case", 2)

    ground.run(ZD)

    assert len({row["requester_id"] for row in tickets(ground)}) == len(users(ground)) == 2


# Set-up.


def test_set_up_makes_each_thing_once_and_shows_what_is_there(ground: Ground) -> None:
    missing = prepared(ground, apply=False)
    assert {step.state for step in missing} == {"missing"}
    assert ground.played.rows(ZD, "ticket_fields") == []

    assert {step.state for step in prepared(ground, apply=True)} == {"made"}
    again = prepared(ground, apply=True)

    assert [step.what for step in again] == [step.what for step in missing]
    assert {step.state for step in again} == {"there"}
    made = {kind: len(ground.played.rows(ZD, kind)) for kind in ("ticket_fields", "views", "triggers", "webhooks")}
    assert made == {"ticket_fields": 8, "views": 3, "triggers": 1, "webhooks": 0}


def test_what_an_administrator_has_called_otherwise_is_found_again(ground: Ground) -> None:
    prepared(ground, apply=True)
    field = ground.played.rows(ZD, "ticket_fields")[0]
    agent(ground, "PUT", f"/ticket_fields/{field['id']}", {"ticket_field": {"title": "Netz", "active": False}})

    assert {step.state for step in prepared(ground, apply=True)} == {"there"}

    ground.hand_over("Case", 1)
    ground.run(ZD)
    [ticket] = tickets(ground)
    assert field["id"] not in {one["id"] for one in ticket["custom_fields"]}  # type: ignore[attr-defined]


def test_nothing_that_set_up_makes_writes_to_an_end_user(ground: Ground) -> None:
    prepared(ground, apply=True)

    [trigger] = ground.played.rows(ZD, "triggers")
    assert {action["field"] for action in trigger["actions"]} == {"notification_group"}
    assert re.findall(r"\{\{.*?\}\}", str(trigger)) == ["{{ticket.link}}"]


def test_the_webhook_is_made_switched_off_and_only_for_an_address(ground: Ground) -> None:
    with ground.hub.open_destination(ZD) as destination:
        destination.connection.extra["callback_url"] = "https://hub.acme.test/base/"
        steps = list(destination.prepare(apply=True))

    assert steps[-1].what.startswith("webhook")
    [webhook] = ground.played.rows(ZD, "webhooks")
    assert (webhook["endpoint"], webhook["status"]) == ("https://hub.acme.test/base/hub-callbacks/zendesk", "inactive")


def test_what_our_access_does_not_allow_is_left_to_a_person(ground: Ground) -> None:
    denied = {"error": {"title": "Forbidden", "message": "You do not have access to this page."}}
    ground.played.fault(ZD, "status", times=50, method="POST", path_glob="*/views.json", status=403, body=denied)

    states = {step.what.partition(" ")[0]: step.state for step in prepared(ground, apply=True)}

    assert states == {"ticket": "made", "view": "by hand", "trigger": "made"}


def test_fields_say_what_is_known_and_a_ticket_goes_without_those_that_were_not_made(ground: Ground) -> None:
    ground.hand_over("Case", 1)
    ground.run(ZD)
    prepared(ground, apply=True)
    ground.hand_over("Case", 2)
    ground.run(ZD)

    before, after = tickets(ground)

    keys = {row["id"]: row["agent_description"].rpartition("(")[2].rstrip(")") for row in
            ground.played.rows(ZD, "ticket_fields")}  # fmt: skip
    assert before["custom_fields"] == []
    assert {keys[one["id"]]: one["value"] for one in after["custom_fields"]} == {  # type: ignore[attr-defined]
        "hub_network": "x", "hub_intent": "complaint", "hub_sentiment": "neutral", "hub_score": 0.9,
        "hub_author": "ana2", "hub_post": "https://x.test/ana2/status/201",
    }  # fmt: skip
    ground.assert_exactly_once()


def test_the_window_is_told_with_each_comment(ground: Ground) -> None:
    assert timedelta(hours=comment_of(ground, 1)[0].body["reopens_within_hours"]) == timedelta(days=3)
