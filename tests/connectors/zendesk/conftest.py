"""What the tests of Zendesk share: the account's agent, and its owner."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from hub.domain import Delivery, Receipt, external_id
from hub.kit import Destination
from sandbox.process import SandboxProcess
from tests.contract.bench import Bench

DESK = "https://acme.zendesk.com/api/v2"
AGENT = ("bot@acme.test/token", "sandbox-zendesk-token")

Owner = Callable[[str], None]


@pytest.fixture
def session(led: SandboxProcess) -> Iterator[requests.Session]:
    """The account's agent."""
    with requests.Session() as session:
        session.auth = AGENT
        yield session


@pytest.fixture
def owner(session: requests.Session) -> Owner:
    """What the account's owner does: `jobs/forget` and the like."""

    def act(path: str) -> None:
        session.post(f"https://acme.zendesk.com/sandbox/{path}", timeout=10).raise_for_status()

    return act


@pytest.fixture
def zendesk(bench: Bench) -> Iterator[Destination]:
    with bench.ready() as destination:
        yield destination


@pytest.fixture
def ticket(bench: Bench, zendesk: Destination) -> Receipt:
    """The ticket of delivery 1."""
    (receipt,) = zendesk.send([bench.delivery(1)])
    return receipt


def comment(bench: Bench, number: int, *, parent_object_id: str | None = None, words: str = "Still broken") -> Delivery:
    """A later post of the conversation of delivery 1."""
    return Delivery(
        id=number,
        destination="zendesk",
        object="comment",
        external_id=external_id(f"post-{number}"),
        version=1,
        body={"comment": {"body": words, "public": True}},
        digest=external_id(words),
        handoff=f"handoff-{number}",
        parent=bench.delivery(1).external_id,
        parent_object_id=parent_object_id,
    )


def by_agent(zendesk: Destination, ticket: Receipt, **changes: Any) -> None:
    """What an agent does to a ticket."""
    zendesk.client.session.put(f"{DESK}/tickets/{ticket.object_id}.json", json={"ticket": changes})


def rows(bench: Bench, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(bench.ask(f"/state/zendesk/{table}"))
    return found


def words_on(bench: Bench, ticket_id: str) -> list[str]:
    """What stands on a ticket, oldest first."""
    return [row["body"] for row in rows(bench, "comments") if row["ticket_id"] == int(ticket_id)]
