"""The help desk as we ask it: zenpy for what it can say, its session for the rest, our words for what goes wrong.

Zendesk tells on every answer how much of its limits is left, the account's and some endpoints': we keep what it says
and slow down before it has to refuse.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import requests

from connectors.zendesk.access import host_of, open_session
from connectors.zendesk.answers import Refused, allowances_in, name_trouble
from hub.domain import Allowance, Budget, Delivery, Manifest
from hub.errors import ContractBroken, RecordRefused, Unavailable
from hub.kit import Connection, Services

UPDATES = Budget(requests=100, per_minutes=1)  # changes of tickets, the account's
PAGE_SIZE = 100
MOST_PAGES = 100  # of one list
READ_ERRORS = (AttributeError, KeyError, TypeError, ValueError)


class TooMany(ContractBroken):
    """A list has more pages than anybody reads."""


class Desk:
    """One account, reached through zenpy without its cache."""

    def __init__(
        self, manifest: Manifest, connection: Connection, services: Services, *, scopes: Sequence[str] = ()
    ) -> None:  # fmt: skip
        from zenpy import Zenpy

        logging.getLogger("zenpy").setLevel(logging.WARNING)  # its debug lines hold whole payloads
        self.name = manifest.name
        self.memory_id = connection.id
        self.host = host_of(connection)
        self.services = services
        self.session = open_session(services, manifest, connection, scopes=scopes)
        self.session.hooks["response"].append(self.note_limits)
        subdomain, _, domain = self.host.partition(".")
        self.library = Zenpy(
            subdomain=subdomain, domain=domain, session=self.session, anonymous=True, disable_cache=True
        )

    def close(self) -> None:
        """Close the connections that the session keeps open."""
        self.session.close()

    def ask(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """One call through the library; its errors, which quote the answer, become ours, which do not."""
        from zenpy.lib.exception import APIException, ZenpyException

        try:
            return call(*arguments, **options)
        except (APIException, requests.HTTPError) as trouble:
            raise name_trouble(trouble.response) from None
        except (ZenpyException, *READ_ERRORS):
            raise Unavailable("Zendesk's answer cannot be read.") from None

    def fetch(self, method: str, path: str, *, sent: Any = None, **params: str) -> dict[str, Any]:
        """One call that the library has no words for; its answer as plain data."""
        answer = self.session.request(method, f"https://{self.host}/api/v2/{path}", json=sent, params=params)
        if not answer.ok:
            raise name_trouble(answer)
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Unavailable("Zendesk's answer cannot be read.")
        return body

    def save(self, change: Any) -> Any:
        """Change a ticket, within what Zendesk grants for changes."""
        self.services.budgets.acquire(f"{self.name}:tickets-update", UPDATES)
        return self.ask(self.library.tickets.update, change)

    def rest_of(self, ticket_id: int) -> float:
        """Seconds for which one ticket takes no more changes; other tickets do."""
        until = self.services.memory.get(self._at_rest(ticket_id))
        left = datetime.fromisoformat(until) - self.services.clock.now() if until else timedelta()
        return max(left.total_seconds(), 0.0)

    def listed(self, external_id: str | None) -> list[Any]:
        """All tickets under an external id, oldest first; the list is exact where search lags."""
        if not external_id:
            return []
        found = self.ask(lambda: list(self.library.tickets(external_id=external_id)))
        return sorted(found, key=lambda ticket: int(ticket.id))

    def show(self, ticket_id: str | int | None) -> Any | None:
        """One ticket as it is now, or nothing if it was deleted."""
        try:
            return self.ask(self.library.tickets, id=int(ticket_id or 0))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def shown(self, ticket_ids: Sequence[int]) -> list[dict[str, Any]]:
        """Up to a hundred tickets by their numbers; those deleted are left out."""
        found = self.fetch("GET", "tickets/show_many.json", ids=",".join(str(id) for id in ticket_ids)).get("tickets")
        if not isinstance(found, list):
            raise Unavailable("Zendesk's answer cannot be read.")
        return [ticket for ticket in found if isinstance(ticket, dict) and isinstance(ticket.get("id"), int)]

    def audits(self, ticket_id: int) -> list[dict[str, Any]]:
        """What was done to a ticket, oldest first. Not through the library, which drops where a merge led."""
        try:
            return self.pages("audits", f"tickets/{int(ticket_id)}/audits")
        except TooMany:
            raise RecordRefused(
                f"Ticket {ticket_id} has too long a history; look for our words by hand.", reason="too_long"
            ) from None

    def pages(self, kind: str, path: str = "") -> list[dict[str, Any]]:
        """Everything of a list, page by page, as plain data; TooMany where it has no end."""
        found: list[dict[str, Any]] = []
        page = {"page[size]": str(PAGE_SIZE)}
        for _ in range(MOST_PAGES):
            answer = self.fetch("GET", f"{path or kind}.json", **page)
            rows, meta = answer.get(kind), answer.get("meta") or {}
            if not isinstance(rows, list):
                raise Unavailable("Zendesk's answer cannot be read.")
            found += [row for row in rows if isinstance(row, dict)]
            if not meta.get("has_more"):
                return found
            page["page[after]"] = str(meta.get("after_cursor"))
        raise TooMany(f"Zendesk's list of {kind} is longer than {MOST_PAGES * PAGE_SIZE}.")

    def comments_on(self, ticket_id: int) -> int:
        """How many comments a ticket has."""
        count = self.fetch("GET", f"tickets/{int(ticket_id)}/comments/count.json").get("count")
        value = count.get("value") if isinstance(count, dict) else None
        if not isinstance(value, int):
            raise Unavailable("Zendesk's answer cannot be read.")
        return value

    def link(self, ticket_id: str | int) -> str:
        """Where an agent reads the ticket."""
        return f"https://{self.host}/agent/tickets/{ticket_id}"

    @contextmanager
    def idempotency_key(self, delivery: Delivery) -> Iterator[None]:
        """For the one call inside: the header that zenpy has no argument for."""
        headers = self.session.headers
        name = f"{delivery.external_id}:{delivery.version}"
        headers["Idempotency-Key"] = sha256(name.encode()).hexdigest()
        try:
            yield
        finally:
            del headers["Idempotency-Key"]

    def pace(self, name: str, *, gap_seconds: float) -> None:
        """Let nobody make another call of this name for so long."""
        self.services.budgets.told(f"{self.name}:{name}", Allowance(remaining=1, of=100, seconds=gap_seconds))

    def note_limits(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """Keep what an answer says is left of the limits."""
        for name, allowance in allowances_in(response.headers).items():
            if name != "per-ticket-updates":
                self.services.budgets.told(f"{self.name}:{name}" if name else self.name, allowance)
            elif allowance.remaining == 0:  # this one only: nothing else waits for it
                until = self.services.clock.now() + timedelta(seconds=allowance.seconds)
                ticket_id = response.url.rpartition("/")[2].partition(".")[0]
                self.services.memory.set(self._at_rest(ticket_id), until.isoformat(), keep_seconds=allowance.seconds)

    def _at_rest(self, ticket_id: int | str) -> str:
        return f"{self.memory_id}:at_rest:{ticket_id}"


def plain(audit: Any) -> dict[str, Any]:
    """An audit as plain data, however much of it the library has turned into objects."""
    facts = audit if isinstance(audit, dict) else audit.to_dict()
    return facts if isinstance(facts, dict) else {}
