"""The played Zendesk's background jobs and merges, held to what was recorded and documented."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.connectors.zendesk.conftest import DESK, Owner
from tests.connectors.zendesk.test_sandbox import covers, create, documented, recorded

CREATED = "zenpy/TestTicketCreateUpdateDelete.test_full_objects_create-create-multiple.json"
USERS = "zenpy/TestUserCreateUpdateDelete.test_half_objects_create-create-multiple.json"


def rows(count: int, **fields: Any) -> dict[str, Any]:
    """A call's body with so many tickets, each with an external id of its own."""
    return {
        "tickets": [
            {"subject": "Leak", "comment": {"body": "It leaks"}, "external_id": f"e{number}", **fields}
            for number in range(count)
        ]
    }


def begin(session: requests.Session, body: dict[str, Any]) -> dict[str, Any]:
    answer = session.post(f"{DESK}/tickets/create_many.json", json=body, timeout=10)
    assert answer.status_code == 200
    job: dict[str, Any] = answer.json()["job_status"]
    return job


def ask(session: requests.Session, job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = session.get(job["url"], timeout=10).json()["job_status"]
    return found


def test_a_job_is_queued_works_and_completes_as_recorded(
    session: requests.Session, sandbox: SandboxProcess, owner: Owner, shared: Path
) -> None:
    queued, working, _, done = (recorded(shared, CREATED, number)["body"]["job_status"] for number in range(4))
    owner("jobs?queue_seconds=2&rows_per_second=10")
    first = begin(session, rows(100))
    sandbox.control.advance(5)
    second = ask(session, first)
    sandbox.control.advance(10)
    third = ask(session, first)

    for ours, real in ((first, queued), (second, working), (third, done)):
        assert real.keys() <= ours.keys()
        assert ours["status"] == real["status"]
        assert type(ours["results"]) is type(real["results"])
        assert (ours["progress"] is None) == (real["progress"] is None)
    assert second["message"].startswith("Creating ticket #")
    assert third["results"][0].keys() == done["results"][0].keys()
    assert (third["total"], third["progress"]) == (done["total"], done["progress"]) == (100, 100)


def test_numbers_tell_nothing_of_the_order_in_which_rows_were_given(
    session: requests.Session, sandbox: SandboxProcess, shared: Path
) -> None:
    real = recorded(shared, CREATED, 3)["body"]["job_status"]["results"]
    job = begin(session, rows(100))
    sandbox.control.advance(60)
    ours = ask(session, job)["results"]

    for results in (real, ours):
        by_index = [result["id"] for result in sorted(results, key=lambda result: result["index"])]
        assert sorted(result["index"] for result in results) == list(range(100))
        assert by_index != sorted(by_index)
    ids = ",".join(str(result["id"]) for result in ours)
    shown = session.get(f"{DESK}/tickets/show_many.json?ids={ids}", timeout=10).json()["tickets"]
    there = {ticket["id"]: ticket["external_id"] for ticket in shown}
    assert all(there[result["id"]] == f"e{result['index']}" for result in ours)


def test_a_hundred_and_one_rows_are_refused_as_recorded(session: requests.Session, shared: Path) -> None:
    case = "TestOrganizationCreateUpdateDelete.test_multiple_delete_raises_toomanyvaluesexception-delete-many"
    real = recorded(shared, f"zenpy/{case}.json")
    answer = session.post(f"{DESK}/tickets/create_many.json", json=rows(101), timeout=10)

    assert (answer.status_code, answer.json()) == (real["status"], real["body"])


def test_the_thirty_first_job_is_told_to_wait_as_documented(
    session: requests.Session, owner: Owner, shared: Path
) -> None:
    real = documented(shared, "job queue full")
    owner("jobs?queue_seconds=60")
    for _ in range(30):
        begin(session, rows(1))
    answer = session.post(f"{DESK}/tickets/create_many.json", json=rows(1), timeout=10)

    assert answer.status_code == real["status"]
    assert answer.json().keys() == real["body"].keys()
    assert answer.json()["error"] == real["body"]["error"]
    assert len(answer.json()["current_job_ids"]) == 30
    assert answer.headers["zendesk-ratelimit-inflight-jobs"] == real["headers"]["zendesk-ratelimit-inflight-jobs"]


def test_a_row_that_cannot_be_made_fails_alone(session: requests.Session, sandbox: SandboxProcess) -> None:
    body = rows(3)
    body["tickets"][1]["comment"] = {"body": " "}
    job = begin(session, body)
    sandbox.control.advance(10)
    done = ask(session, job)

    (failed,) = [result for result in done["results"] if "error" in result]
    assert done["status"] == "completed"
    assert failed == {"index": 1, "error": "TicketCreateFailed", "details": "Description: cannot be blank"}


def test_a_job_of_which_nothing_came_has_failed(session: requests.Session, sandbox: SandboxProcess) -> None:
    job = begin(session, rows(1, comment={"body": ""}))
    sandbox.control.advance(10)

    assert ask(session, job)["status"] == "failed"


def test_a_repeated_job_makes_its_tickets_again_whatever_key_it_bears(
    session: requests.Session, sandbox: SandboxProcess
) -> None:
    for _ in range(2):
        session.post(f"{DESK}/tickets/create_many.json", json=rows(1), headers={"Idempotency-Key": "k"}, timeout=10)
    sandbox.control.advance(10)

    assert len(session.get(f"{DESK}/tickets.json?external_id=e0", timeout=10).json()["tickets"]) == 2


def test_statuses_are_kept_for_an_hour_and_asked_for_together(
    session: requests.Session, sandbox: SandboxProcess
) -> None:
    jobs = [begin(session, rows(1)) for _ in range(2)]
    url = f"{DESK}/job_statuses/show_many.json?ids={jobs[0]['id']},{jobs[1]['id']},V3-{'0' * 32}"
    at_once = session.get(url, timeout=10).json()["job_statuses"]
    listed = session.get(f"{DESK}/job_statuses.json", timeout=10).json()["job_statuses"]
    sandbox.control.advance(3_601)
    later, alone = session.get(url, timeout=10).json()["job_statuses"], session.get(jobs[0]["url"], timeout=10)

    assert [job["id"] for job in at_once] == [job["id"] for job in jobs]
    assert [job["id"] for job in listed] == [job["id"] for job in jobs[::-1]]
    assert (later, alone.status_code) == ([], 404)


@pytest.mark.parametrize(("act", "made"), [("forget", 5), ("kill", 0)])
def test_a_job_that_is_lost_sight_of_goes_on_and_a_killed_one_does_not(
    session: requests.Session, sandbox: SandboxProcess, owner: Owner, act: str, made: int
) -> None:
    owner("jobs?queue_seconds=5")
    job = begin(session, rows(5))
    owner(f"jobs/{act}")
    sandbox.control.advance(10)

    found = [session.get(f"{DESK}/tickets.json?external_id=e{number}", timeout=10).json() for number in range(5)]
    assert sum(len(each["tickets"]) for each in found) == made
    if act == "kill":
        assert ask(session, job)["status"] == "killed"


def test_users_are_saved_together_as_recorded_and_found_by_our_ids(
    session: requests.Session, sandbox: SandboxProcess, shared: Path
) -> None:
    real = recorded(shared, USERS, 1)["body"]["job_status"]
    users = [{"name": f"User {number}", "external_id": f"u{number}"} for number in range(50)]
    body = {"users": users}
    job = session.post(f"{DESK}/users/create_or_update_many.json", json=body, timeout=10).json()["job_status"]
    sandbox.control.advance(10)
    done = ask(session, job)
    names = ",".join(user["external_id"] for user in users)
    shown = session.get(f"{DESK}/users/show_many.json?external_ids={names}", timeout=10).json()

    assert done["results"][0].keys() == real["results"][0].keys()
    assert {result["status"] for result in done["results"]} == {result["status"] for result in real["results"]}
    assert {user["external_id"] for user in shown["users"]} == {user["external_id"] for user in users}
    assert recorded(shared, USERS, 2)["body"].keys() == shown.keys()


def test_bulk_imports_are_closed_unless_the_owner_has_asked_for_them(
    session: requests.Session, owner: Owner, shared: Path
) -> None:
    real = documented(shared, "feature not in the plan")
    owner("bulk_users?allowed=0")
    answer = session.post(f"{DESK}/users/create_or_update_many.json", json={"users": [{"name": "A"}]}, timeout=10)

    assert answer.status_code == real["status"]
    assert answer.json()["error"].keys() == real["body"]["error"].keys()


def test_a_merged_ticket_is_closed_and_says_where_it_went(session: requests.Session, sandbox: SandboxProcess) -> None:
    source, target = (create(session).json()["ticket"]["id"] for _ in range(2))
    session.post(f"{DESK}/tickets/{target}/merge.json", json={"ids": [source]}, timeout=10)
    sandbox.control.advance(5)
    closed = session.get(f"{DESK}/tickets/{source}.json", timeout=10).json()["ticket"]
    audits = {
        id: session.get(f"{DESK}/tickets/{id}/audits.json", timeout=10).json()["audits"][-1]["via"]["source"]
        for id in (source, target)
    }

    assert (closed["status"], "closed_by_merge" in closed["tags"]) == ("closed", True)
    assert covers(audits[source], {"rel": "merge", "from": {"ticket_id": target}})
    assert covers(audits[target], {"rel": "merge", "from": {"ticket_ids": [source]}})


def test_a_scope_of_tickets_alone_does_not_open_the_jobs(session: requests.Session) -> None:
    form = {"grant_type": "client_credentials", "client_id": "hub", "client_secret": "sandbox-zendesk-secret"}
    scopes = ("tickets:read tickets:write", "read tickets:write")
    told = []
    for scope in scopes:
        token = requests.post("https://acme.zendesk.com/oauth/tokens", json=form | {"scope": scope}, timeout=10).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        told.append(requests.get(f"{DESK}/job_statuses.json", headers=headers, timeout=10).status_code)

    assert told == [403, 200]


NOT_IN_IT = ("/api/v2/triggers", "/api/v2/webhooks")  # the copy has neither; webhooks are held to recordings below


def test_what_is_played_is_what_the_vendors_description_names(shared: Path) -> None:
    from connectors.zendesk.sandbox import Zendesk

    paths = [*json.loads((shared / "contracts/zendesk/support.openapi.json").read_text())["paths"], *NOT_IN_IT]
    known = {tuple("{}" if part.startswith("{") else part for part in path.split("/")) for path in paths}
    played = [
        way.template for handler in dir(Zendesk)
        for way in getattr(getattr(Zendesk, handler), "_sandbox_routes", ()) if way.template.startswith("/api/")
    ]  # fmt: skip

    assert len(played) >= 20
    unknown = [
        path for path in played
        if tuple("{}" if part.startswith("{") else part for part in path.split("/")) not in known
    ]  # fmt: skip
    assert unknown == []
