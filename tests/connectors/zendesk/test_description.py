"""What we ask and what the sandbox answers, held to the vendor's own description."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.rehearsal import recordings
from sandbox.process import SandboxProcess
from tests.connectors.contracts import faults
from tests.connectors.zendesk.conftest import DESK
from tests.connectors.zendesk.test_sandbox import create

TICKET = {"subject": "Leak", "comment": {"body": "It leaks"}}


@pytest.fixture
def description(shared: Path) -> Path:
    return shared / "contracts" / "zendesk" / "support.openapi.json"


def paths(description: Path) -> dict[tuple[str, ...], dict[str, Any]]:
    """The described operations, by the parts of their paths; a parameter is `{}`."""
    found = json.loads(description.read_text(encoding="utf-8"))["paths"]
    return {tuple("{}" if part.startswith("{") else part for part in path.split("/")): found[path] for path in found}


def test_every_request_that_we_make_is_one_that_zendesk_describes(description: Path) -> None:
    described = paths(description)
    asked = {
        request.split("?")[0] for recording in recordings(name="zendesk") for request in recording.requests
        if "/oauth/" not in request
    }  # fmt: skip
    unknown = []
    for request in asked:
        method, path = request.split(" ")
        parts = tuple("{}" if part.isdigit() else part for part in path.removesuffix(".json").split("/"))
        if method.lower() not in described.get(parts, {}):
            unknown.append(request)

    assert len(asked) >= 10
    assert unknown == []


@pytest.mark.parametrize(
    ("method", "path", "body", "answer"),
    [
        ("GET", "tickets", None, "TicketsResponse"),
        ("GET", "tickets/{id}", None, "TicketResponse"),
        ("POST", "tickets", {"ticket": TICKET}, "TicketResponse"),
        ("PUT", "tickets/{id}", {"ticket": {"comment": {"body": "More"}}}, "TicketUpdateResponse"),
        ("GET", "tickets/{id}/comments", None, "TicketCommentsResponse"),
        ("GET", "tickets/{id}/comments/count", None, "TicketCommentsCountResponse"),
        ("GET", "tickets/{id}/audits?page[size]=100", None, "TicketAuditsResponse"),
        ("GET", "tickets/show_many?ids={id}", None, "TicketsResponse"),
        ("POST", "tickets/create_many", {"tickets": [TICKET]}, "JobStatusResponse"),
        ("GET", "job_statuses", None, "JobStatusesResponse"),
        ("GET", "users/show_many?external_ids=nobody", None, "UsersResponse"),
        ("POST", "users/create_or_update", {"user": {"name": "Ana"}}, "UserResponse"),
        ("GET", "users/me", None, "CurrentUserResponse"),
        ("GET", "search?query=external_id:ab", None, "SearchResponse"),
    ],
)
def test_an_answer_has_the_described_form(
    session: requests.Session, description: Path, method: str, path: str, body: Any, answer: str
) -> None:
    id = create(session).json()["ticket"]["id"]
    given = session.request(method, f"{DESK}/{path.format(id=id)}", json=body, timeout=10)

    assert given.ok
    assert faults(description, {"$ref": f"#/components/schemas/{answer}"}, given.json()) == []


def test_zenpy_as_it_comes_adds_a_comment_four_times_where_we_add_it_once(
    session: requests.Session, sandbox: SandboxProcess
) -> None:
    from zenpy import Zenpy
    from zenpy.lib.api_objects import Comment, Ticket

    id = create(session).json()["ticket"]["id"]
    raw = Zenpy(subdomain="acme", email="bot@acme.test", token="sandbox-zendesk-token")
    sandbox.control.fault(system="zendesk", method="PUT", path_glob=f"*/tickets/{id}.json", kind="drop_after", times=3)
    raw.tickets.update(Ticket(id=id, comment=Comment(body="Hello")))

    comments = session.get(f"{DESK}/tickets/{id}/comments.json", timeout=10).json()["comments"]
    assert [comment["body"] for comment in comments].count("Hello") == 4
