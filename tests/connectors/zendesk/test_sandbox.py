"""The played Zendesk is held to what was recorded from real accounts, and to the vendor's documents."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.connectors.zendesk.conftest import DESK, Owner


def recorded(shared: Path, name: str, number: int = 0) -> dict[str, Any]:
    """One answer of a recording."""
    found = json.loads((shared / "recorded/zendesk" / name).read_text())["interactions"][number]["response"]
    assert isinstance(found, dict)
    return found


def documented(shared: Path, case: str) -> dict[str, Any]:
    """An answer from the vendor's documents, or observed by others."""
    examples = json.loads((shared / "contracts/documented-examples.json").read_text())["zendesk"]
    found = next(example for example in examples if example["case"] == case)
    assert isinstance(found, dict)
    return found


def create(session: requests.Session, key: str | None = None, **fields: Any) -> requests.Response:
    ticket = {"subject": "Leak", "comment": {"body": "It leaks"}, **fields}
    headers = {"Idempotency-Key": key} if key else {}
    return session.post(f"{DESK}/tickets.json", json={"ticket": ticket}, headers=headers, timeout=10)


def test_a_new_ticket_answers_what_a_recorded_one_does(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "zenpy/TestDeletedTickets.test_delete_and_restore.json")
    answer = create(session)

    missing = real["body"]["ticket"].keys() - answer.json()["ticket"].keys()
    assert answer.status_code == real["status"] == 201
    assert missing <= {"custom_status_id", "fields", "ticket_form_id", "brand_id"}  # forms and brands are not played
    assert real["body"]["audit"].keys() == answer.json()["audit"].keys()
    assert real["body"]["audit"]["metadata"].keys() == answer.json()["audit"]["metadata"].keys()
    assert answer.headers["location"].endswith(f"/api/v2/tickets/{answer.json()['ticket']['id']}.json")


def test_the_comment_in_an_audit_has_the_recorded_fields(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "nango/update-ticket.test.json")["body"]["audit"]["events"][0]
    ticket = create(session).json()["ticket"]
    change = {"ticket": {"comment": {"body": "Hello", "public": False}, "metadata": {"hub_id": "ab"}}}
    answer = session.put(f"{DESK}/tickets/{ticket['id']}.json", json=change, timeout=10)

    event = answer.json()["audit"]["events"][0]
    assert real.keys() - event.keys() == {"html_body"}  # nothing of ours reads it
    assert (event["type"], event["public"]) == ("Comment", False)
    assert answer.json()["audit"]["metadata"]["custom"] == {"hub_id": "ab"}


def test_limits_are_told_in_the_recorded_headers(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "nango/update-ticket.test.json")["headers"]
    answer = session.get(f"{DESK}/users/me.json", timeout=10)

    told = {name for name in real if "limit" in name and not name.startswith("zendesk-")}
    assert told <= {name.lower() for name in answer.headers}


def test_limits_of_an_endpoint_are_told_in_the_recorded_form(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "nango/update-ticket.test.json")["headers"]
    ticket = create(session).json()["ticket"]
    change = {"ticket": {"priority": "high"}}
    answer = session.put(f"{DESK}/tickets/{ticket['id']}.json", json=change, timeout=10)

    told = {name: text for name, text in real.items() if name.startswith("zendesk-ratelimit")}
    form = re.compile(r"total=\d+; remaining=\d+; resets=\d+")
    assert told.keys() <= {name.lower() for name in answer.headers}
    assert all(form.fullmatch(answer.headers[name]) and form.fullmatch(text) for name, text in told.items())


def test_one_ticket_takes_thirty_changes_in_ten_minutes(session: requests.Session, sandbox: SandboxProcess) -> None:
    url = f"{DESK}/tickets/{create(session).json()['ticket']['id']}.json"
    answers = (session.put(url, json={"ticket": {"priority": "high"}}, timeout=10) for _ in range(70))
    refused = next(answer for answer in answers if answer.status_code != 200)
    wait = int(refused.headers["Retry-After"])
    sandbox.control.advance(wait)
    later = session.put(url, json={"ticket": {"priority": "high"}}, timeout=10)

    assert (refused.status_code, later.status_code) == (429, 200)
    assert 1 <= wait <= 600


def test_one_end_user_a_second_is_saved(session: requests.Session) -> None:
    answers = [
        session.post(f"{DESK}/users/create_or_update.json", json={"user": {"name": "Ana", "external_id": f"u{number}"}},
                     timeout=10)
        for number in range(8)
    ]  # fmt: skip
    refused = next(answer for answer in answers if answer.status_code == 429)

    assert answers[0].status_code == 201
    assert refused.headers["Retry-After"] == "1"


def test_a_key_whose_first_call_is_still_at_work_is_a_conflict(
    session: requests.Session, sandbox: SandboxProcess, owner: Owner
) -> None:
    owner("slow_creates?seconds=5")
    first, again = create(session, "k1", external_id="ab"), create(session, "k1", external_id="ab")
    before = session.get(f"{DESK}/tickets.json?external_id=ab", timeout=10).json()["tickets"]
    sandbox.control.advance(6)
    done = create(session, "k1", external_id="ab")
    listed = session.get(f"{DESK}/tickets.json?external_id=ab", timeout=10).json()["tickets"]

    assert (first.status_code, again.status_code, before) == (504, 409, [])
    assert (done.status_code, done.headers["x-idempotency-lookup"]) == (201, "hit")
    assert [ticket["id"] for ticket in listed] == [done.json()["ticket"]["id"]]


@pytest.mark.parametrize(
    ("path", "case"),
    [
        ("tickets.json?page=101&per_page=100", "offset paging past 10,000"),
        ("search.json?query=external_id:ab&page=11&per_page=100", "search past 1,000 results"),
    ],
)
def test_nobody_pages_too_deep(session: requests.Session, shared: Path, path: str, case: str) -> None:
    real = documented(shared, case)
    answer = session.get(f"{DESK}/{path}", timeout=10)

    assert answer.status_code == real["status"]
    assert answer.json().keys() == real["body"].keys()


def test_pages_by_number_lead_on_and_count(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "zenpy/TestTicketCreateUpdateDelete.test_full_objects_create-create-multiple.json", 4)
    for _ in range(3):
        create(session)
    first = session.get(f"{DESK}/tickets.json?per_page=2", timeout=10).json()
    second = session.get(first["next_page"], timeout=10).json()

    assert first.keys() == second.keys() == real["body"].keys()  # tickets, next_page, previous_page, count
    assert (len(first["tickets"]), len(second["tickets"]), first["count"]) == (2, 1, 3)


def test_a_ticket_takes_five_thousand_comments(session: requests.Session, owner: Owner) -> None:
    id = create(session).json()["ticket"]["id"]
    owner(f"tickets/{id}/comments?earlier=4998")
    last, more = (
        session.put(f"{DESK}/tickets/{id}.json", json={"ticket": {"comment": {"body": "More"}}}, timeout=10)
        for _ in range(2)
    )
    count = session.get(f"{DESK}/tickets/{id}/comments/count.json", timeout=10).json()["count"]["value"]

    assert (last.status_code, more.status_code, count) == (200, 422, 5_000)
    assert list(more.json()["details"]) == ["comment"]


def test_a_ticket_that_is_not_there_is_the_recorded_404(session: requests.Session, shared: Path) -> None:
    case = "test_single_delete_raises_recordnotfoundexception-recordnotfound-delete"
    real = recorded(shared, f"zenpy/TestTicketCreateUpdateDelete.{case}.json")
    answer = session.delete(f"{DESK}/tickets/9223372036854775807.json", timeout=10)

    assert (answer.status_code, answer.json()) == (real["status"], real["body"])


def test_pages_by_cursor_look_as_recorded(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "zenpy/TestTicketAudits.test_values.json")["body"]
    for _ in range(3):
        create(session, external_id="ab")
    first = session.get(f"{DESK}/tickets.json?external_id=ab&page[size]=2", timeout=10).json()
    second = session.get(first["links"]["next"], timeout=10).json()

    assert first["meta"].keys() == real["meta"].keys()
    assert first["links"].keys() == real["links"].keys()
    assert (first["meta"]["has_more"], second["meta"]["has_more"]) == (True, False)
    assert len(first["tickets"] + second["tickets"]) == 3


def test_comments_are_listed_with_the_recorded_fields(session: requests.Session, shared: Path) -> None:
    real = recorded(shared, "nango/get-ticket-comments.test.json")["body"]["comments"][0]
    ticket = create(session).json()["ticket"]
    (comment,) = session.get(f"{DESK}/tickets/{ticket['id']}/comments.json", timeout=10).json()["comments"]

    assert real.keys() - comment.keys() <= {"html_body", "audit_id", "via", "metadata"}


@pytest.mark.parametrize(
    ("case", "act"),
    [
        ("idempotency key reused with another body", "other body"),
        ("write to a closed ticket", "closed"),
        ("bad or missing credential", "nobody"),
        ("no credential at users/me", "anonymous"),
    ],
)
def test_trouble_has_the_documented_form(session: requests.Session, shared: Path, case: str, act: str) -> None:
    real = documented(shared, case)
    answer = trouble(session, act)

    assert answer.status_code == real["status"]
    assert covers(answer.json(), real["body"])


def trouble(session: requests.Session, act: str) -> requests.Response:
    """Bring about one kind of trouble."""
    if act == "other body":
        create(session, "k1")
        return create(session, "k1", subject="Other")
    if act == "closed":
        ticket = create(session).json()["ticket"]
        for _ in range(2):
            change = {"ticket": {"status": "closed"}}
            answer = session.put(f"{DESK}/tickets/{ticket['id']}.json", json=change, timeout=10)
        return answer
    path = "users/me.json" if act == "anonymous" else "tickets.json"
    return requests.get(f"{DESK}/{path}", timeout=10)


def covers(ours: Any, real: Any) -> bool:
    """Whether ours says all that the real answer says."""
    if isinstance(real, dict):
        return all(name in ours and covers(ours[name], value) for name, value in real.items())
    if isinstance(real, list):
        return len(ours) >= len(real) and all(covers(one, other) for one, other in zip(ours, real, strict=False))
    return bool(ours == real)


def test_a_key_is_kept_for_two_hours_and_no_longer(session: requests.Session, sandbox: SandboxProcess) -> None:
    first, again = create(session, "k1"), create(session, "k1")
    sandbox.control.advance(7_201)
    later = create(session, "k1")

    assert [answer.headers["x-idempotency-lookup"] for answer in (first, again, later)] == ["miss", "hit", "miss"]
    ids = [answer.json()["ticket"]["id"] for answer in (first, again, later)]
    assert ids[0] == ids[1] != ids[2]


def test_a_put_has_no_key(session: requests.Session) -> None:
    ticket = create(session).json()["ticket"]
    for _ in range(2):
        session.put(
            f"{DESK}/tickets/{ticket['id']}.json", json={"ticket": {"comment": {"body": "Twice"}}},
            headers={"Idempotency-Key": "k1"}, timeout=10,
        )  # fmt: skip

    assert len(session.get(f"{DESK}/tickets/{ticket['id']}/comments.json", timeout=10).json()["comments"]) == 3


def test_search_lags_where_the_list_does_not(session: requests.Session, sandbox: SandboxProcess) -> None:
    create(session, external_id="ab")
    query = {"query": "type:ticket external_id:ab"}

    listed = session.get(f"{DESK}/tickets.json?external_id=ab", timeout=10).json()["tickets"]
    before = session.get(f"{DESK}/search.json", params=query, timeout=10).json()["count"]
    sandbox.control.advance(61)
    after = session.get(f"{DESK}/search.json", params=query, timeout=10).json()["count"]

    assert (len(listed), before, after) == (1, 0, 1)


def test_external_ids_of_tickets_are_not_unique(session: requests.Session) -> None:
    create(session, external_id="ab")
    create(session, external_id="ab")

    assert len(session.get(f"{DESK}/tickets.json?external_id=ab", timeout=10).json()["tickets"]) == 2


def test_safe_update_refuses_an_old_stamp(session: requests.Session, sandbox: SandboxProcess) -> None:
    ticket = create(session).json()["ticket"]
    sandbox.control.advance(5)
    session.put(f"{DESK}/tickets/{ticket['id']}.json", json={"ticket": {"priority": "high"}}, timeout=10)
    stale = {"safe_update": True, "updated_stamp": ticket["updated_at"], "comment": {"body": "Late"}}
    answer = session.put(f"{DESK}/tickets/{ticket['id']}.json", json={"ticket": stale}, timeout=10)

    assert (answer.status_code, answer.json()["error"]) == (409, "UpdateConflict")


def test_a_token_opens_only_what_its_scopes_say(session: requests.Session) -> None:
    form = {"grant_type": "client_credentials", "client_id": "hub", "client_secret": "sandbox-zendesk-secret"}
    token = requests.post("https://acme.zendesk.com/oauth/tokens", json=form | {"scope": "tickets:read"}, timeout=10)
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}

    read = requests.get(f"{DESK}/tickets.json", headers=headers, timeout=10)
    write = requests.post(f"{DESK}/tickets.json", json={"ticket": {}}, headers=headers, timeout=10)

    assert (read.status_code, write.status_code) == (200, 403)
