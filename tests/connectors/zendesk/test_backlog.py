"""A backlog of cases: few calls, exactly one ticket each, whatever becomes of the jobs."""

import threading
import time
from typing import Any

import pytest
import requests

from tests.connectors.backlog import Backlog
from tests.connectors.zendesk.conftest import DESK, Owner

MANY = "POST /api/v2/tickets/create_many.json"
ONE = "POST /api/v2/tickets.json"
USERS = "POST /api/v2/users/create_or_update_many.json"
POLL = "GET /api/v2/job_statuses/show_many.json"
LISTED = "GET /api/v2/tickets.json"


def ticket_of(backlog: Backlog, external_id: str) -> dict[str, Any]:
    return next(row for row in backlog.sandbox.control.state("zendesk", "tickets") if row["external_id"] == external_id)


def test_a_hundred_waiting_cases_are_one_job_and_each_its_own_ticket(backlog: Backlog) -> None:
    ids = backlog.add(100)

    done = backlog.deliver()

    assert done.outcomes == {"created": 100}
    assert backlog.made("ticket created") == dict.fromkeys(ids, 1)
    assert (backlog.calls()[MANY], backlog.calls()[ONE]) == (1, 0)
    with backlog.hub.store.read() as view:
        kept = {row.external_id: row.object_id for row in view.outbox.recent(limit=200, destination="zendesk")}
    there = {row["external_id"]: str(row["id"]) for row in backlog.sandbox.control.state("zendesk", "tickets")}
    assert kept == there


def test_a_small_backlog_goes_singly_under_its_keys(backlog: Backlog) -> None:
    ids = backlog.add(20)

    backlog.deliver()

    assert backlog.made("ticket created") == dict.fromkeys(ids, 1)
    assert (backlog.calls()[MANY], backlog.calls()[ONE]) == (0, 20)


@pytest.mark.slow
def test_a_thousand_cases_cost_ten_writes_and_a_few_questions(backlog: Backlog) -> None:
    ids = backlog.add(1_000, authors=1_000)
    backlog.deliver()
    first = backlog.calls()
    backlog.mark = backlog.sandbox.control.mark()
    ids_again = backlog.add(1_000, start=2_000, authors=1_000)
    backlog.deliver()
    second = backlog.calls()

    for told, calls in (("all of them new", first), ("all of them known", second)):
        print(f"\nZendesk, 1,000 tickets from a backlog, authors {told}: {calls.total()} calls {dict(calls)}")
    assert backlog.made("ticket created") == dict.fromkeys(ids_again, 1)
    assert backlog.states() == {"done": len(ids) + len(ids_again)}
    assert (first[MANY], first[USERS]) == (10, 10)
    assert (second[MANY], second[USERS]) == (10, 0)
    assert second.total() - second[POLL] == 10
    assert second[POLL] <= 4


def test_a_row_that_zendesk_refuses_is_tried_once_more_by_itself_and_named(backlog: Backlog) -> None:
    def spoil(number: int, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "comment": {"body": "x" * 70_000, "public": True}} if number == 7 else body

    ids = backlog.add(100, change=spoil)

    done = backlog.deliver()

    assert done.outcomes == {"created": 99, "refused": 1}
    assert backlog.made("ticket created") == dict.fromkeys([*ids[:6], *ids[7:]], 1)
    assert backlog.calls()[ONE] == 1
    with backlog.hub.store.read() as view:
        (dead,) = view.outbox.recent(destination="zendesk", state="dead")
    assert (dead.reason, "comment" in str(dead.detail)) == ("record_invalid", True)


def test_an_author_who_is_suspended_costs_nobody_else_anything(backlog: Backlog, session: requests.Session) -> None:
    backlog.add(1, start=7)
    backlog.deliver()
    user = backlog.sandbox.control.state("zendesk", "users")[-1]
    session.put(f"{DESK}/users/{user['id']}.json", json={"user": {"suspended": True}}, timeout=10)
    backlog.add(100, start=107, authors=100)  # the first one is of the author of number 7

    done = backlog.deliver()

    with backlog.hub.store.read() as view:
        (dead,) = view.outbox.recent(destination="zendesk", state="dead")
    assert done.outcomes == {"created": 99, "refused": 1}
    assert (dead.reason, "requester" in str(dead.detail)) == ("record_invalid", True)
    assert backlog.calls()[MANY] == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "garbage"])
def test_a_job_whose_name_was_never_told_is_waited_for_and_makes_each_ticket_once(backlog: Backlog, kind: str) -> None:
    backlog.sandbox.control.fault(system="zendesk", method="POST", path_glob="*/create_many.json", kind=kind, after=0)
    ids = backlog.add(100)

    done = backlog.deliver()

    assert set(done.outcomes) <= {"created", "unchanged"}
    assert backlog.made("ticket created") == dict.fromkeys(ids, 1)
    assert backlog.calls()[MANY] == (2 if kind == "drop_before" else 1)


@pytest.mark.slow
def test_a_lost_job_in_the_middle_leaves_the_others_as_they_are(backlog: Backlog) -> None:
    backlog.sandbox.control.fault(
        system="zendesk", method="POST", path_glob="*/create_many.json", kind="drop_after", after=1
    )
    ids = backlog.add(300)

    backlog.deliver()

    assert backlog.made("ticket created") == dict.fromkeys(ids, 1)
    assert backlog.states() == {"done": 300}


@pytest.mark.slow
def test_a_job_that_zendesk_has_forgotten_is_looked_up_row_by_row(backlog: Backlog) -> None:
    backlog.add(100, start=100, authors=100)
    backlog.deliver()
    backlog.mark = backlog.sandbox.control.mark()
    nothing: dict[str, Any] = {"job_statuses": []}
    backlog.sandbox.control.fault(
        system="zendesk", path_glob="/api/v2/job_statuses/show_many.json", kind="status", status=200, times=99,
        body=nothing, headers={"Content-Type": "application/json"},
    )  # fmt: skip
    ids = backlog.add(100, start=200, authors=100)

    done = backlog.deliver()

    assert done.outcomes == {"unchanged": 100}
    assert backlog.made("ticket created") == dict.fromkeys(ids, 1)
    assert (backlog.calls()[MANY], backlog.calls()[LISTED]) == (1, 100)


@pytest.mark.slow
def test_a_job_that_was_killed_half_way_is_made_good(backlog: Backlog, owner: Owner) -> None:
    owner("jobs?queue_seconds=0&rows_per_second=20")
    ids = backlog.add(100)

    def kill() -> None:
        while not backlog.made("ticket created"):
            time.sleep(0.1)
        owner("jobs/kill")
        owner("jobs?rows_per_second=1000")

    owner_at_work = threading.Thread(target=kill)
    owner_at_work.start()
    backlog.deliver()
    owner_at_work.join()

    assert backlog.made("ticket created") == dict.fromkeys(ids, 1)
    assert backlog.states() == {"done": 100}


def test_accounts_without_bulk_imports_save_authors_one_a_second(backlog: Backlog, owner: Owner) -> None:
    owner("bulk_users?allowed=0")
    ids = backlog.add(4)

    done = backlog.deliver()

    assert done.outcomes == {"created": 4}
    assert backlog.made("ticket created") == dict.fromkeys(ids, 1)
    assert backlog.calls()["POST /api/v2/users/create_or_update.json"] == 4
    assert not [line for line in backlog.lines() if line.get("status") == 429]


def test_a_zendesk_that_asks_for_a_second_for_ever_is_left_alone_after_a_while(backlog: Backlog) -> None:
    backlog.sandbox.control.fault(
        system="zendesk", path_glob="/api/v2/*", kind="status", status=429, headers={"Retry-After": "1"}, times=9_999
    )
    backlog.add(200)
    began = time.monotonic()

    backlog.deliver()

    assert time.monotonic() - began < 60
    assert backlog.calls().total() <= 30
    assert backlog.states() == {"pending": 200}
