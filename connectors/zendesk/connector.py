"""Zendesk: cases as tickets, later posts of the same conversation as comments on them.

Sending twice is harmless. Creating a ticket carries an `Idempotency-Key` (our id and version, kept by Zendesk for
two hours), and tickets are listed by `external_id`, which finds them after that. A comment carries our id in
the metadata of its audit, which is looked for before a repeat. What else shaped this module:

- The key belongs to one body: another body under it is a 400, which means "look up", as does a 409.
- zenpy repeats a PUT up to four times and waits on a 429 for as long as it is told. Our session sends once and
  turns a 429 into RateLimited before zenpy sees it. zenpy cannot set a header for one call: its session can.
- `external_id` is not unique and search lags by a minute: tickets are listed, never searched; the oldest counts.
- A comment's `public` is inherited when left out, so mappings always say it. Comments are the requester's own.
- `safe_update` keeps an agent's work: if the ticket changed since we read it, Zendesk answers 409, and we read it anew.
- A closed ticket takes no comment: the next post becomes a follow-up ticket under the same `external_id`.
- The author becomes an end user known by our digest of the author's key. No e-mail address is invented.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from connectors.zendesk.access import host_of, open_session
from connectors.zendesk.answers import Refused, name_trouble
from hub.domain import Delivery, FoundRecord, Receipt
from hub.errors import AccessDenied, SetupError, Unavailable
from hub.kit import Destination
from hub.kit.vendor import one_by_one

DELIVERIES_PER_SEND = 10
REMEMBER_USER_SECONDS = 30 * 86_400.0
CONFLICT_WAIT_SECONDS = 10.0
BODY_CHANGED = "idempotent_request_error"  # the key has been used for another body
ANSWERED = ("pending", "hold", "solved")  # what a customer's next words open again
OWNED_BY_AGENTS = ("comment", "requester", "tags", "status")  # left alone once the ticket exists


class Zendesk(Destination):
    """Creates tickets and adds comments, one call each; see the module for why a repeat does no harm."""

    batch_size = DELIVERIES_PER_SEND

    def open(self) -> Any:
        """zenpy over our session, without its cache."""
        from zenpy import Zenpy

        logging.getLogger("zenpy").setLevel(logging.WARNING)  # its debug lines hold whole payloads
        subdomain, _, domain = host_of(self.connection).partition(".")
        session = open_session(self.services, self.manifest, self.connection)
        return Zenpy(subdomain=subdomain, domain=domain, session=session, anonymous=True, disable_cache=True)

    def close(self) -> None:
        """Close the connections that the library keeps open."""
        client = self.__dict__.pop("client", None)
        if client is not None:
            client.tickets.session.close()

    def check(self) -> None:
        """Prove that we are somebody there; costs one request. Without credentials Zendesk says 200 and nobody."""
        if not getattr(self.ask(self.client.users.me), "id", None):
            raise AccessDenied(f"Zendesk does not know us; check the connection {self.connection.id}.")

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """Tickets listed by our id; comments by the marker in the audits of their ticket."""
        for delivery in deliveries:
            for ticket in self.candidates(delivery):
                marker = self.marker(ticket.id, delivery.external_id)
                if marker or delivery.object == "ticket":
                    comment_id, digest = marker or (None, None)
                    object_id = ticket.id if delivery.object == "ticket" else f"{ticket.id}/{comment_id}"
                    yield FoundRecord(
                        external_id=delivery.external_id,
                        object_id=str(object_id),
                        digest=digest,
                        url=self.link(ticket.id),
                    )
                    break

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """One call after the other; one receipt for each delivery, in order."""
        yield from one_by_one(deliveries, self.send_one)

    def send_one(self, delivery: Delivery) -> Receipt:
        """A new ticket, a changed ticket or a comment; what Zendesk refuses is a receipt."""
        ways = {"ticket": self.update if delivery.object_id else self.create, "comment": self.comment}
        if delivery.object not in ways:
            raise SetupError(
                f"Zendesk takes no {delivery.object}; mappings/zendesk.yaml must make a ticket or a comment."
            )
        try:
            return ways[delivery.object](delivery)
        except Refused as refused:
            if "requester" in refused.fields or "requester_id" in refused.fields:
                self.forget_user(delivery)
            return Receipt(delivery=delivery.id, outcome="refused", reason=refused.reason, detail=str(refused))

    def create(self, delivery: Delivery, **more: Any) -> Receipt:
        """A ticket under our external id; the same key with the same body is the same ticket."""
        from zenpy.lib.api_objects import Ticket

        fields = {name: value for name, value in delivery.body.items() if name != "requester"}
        given = {"external_id": delivery.external_id, "requester_id": self.user_of(delivery)} | more
        ticket = Ticket(**fields | given, metadata=marker_of(delivery))
        try:
            with self.idempotency_key(delivery):
                audit = self.ask(self.client.tickets.create, ticket)
        except Refused as refused:
            if refused.reason == BODY_CHANGED or refused.status == 409:  # 409: a call with this key is still at work
                return Receipt(delivery=delivery.id, outcome="unknown", reason=refused.reason)
            raise
        return self.receipt(delivery, audit, outcome="created")

    def update(self, delivery: Delivery) -> Receipt:
        """A later version of a ticket: what agents have in hand stays as they left it."""
        from zenpy.lib.api_objects import Ticket

        fields = {name: value for name, value in delivery.body.items() if name not in OWNED_BY_AGENTS}
        held = self.show(delivery.object_id)
        if held is None or held.status == "closed":
            reason = "deleted_there" if held is None else "closed_there"
            return Receipt(
                delivery=delivery.id, outcome="refused", reason=reason, detail="Agents have put this ticket away."
            )
        change = Ticket(id=held.id, **fields, metadata=marker_of(delivery), **safely(held))
        try:
            return self.receipt(delivery, self.ask(self.client.tickets.update, change), outcome="updated")
        except Refused as refused:
            return self.put_off(delivery, refused)

    def comment(self, delivery: Delivery) -> Receipt:
        """The requester's next words on the ticket of their conversation."""
        if delivery.object_id:
            detail = "A comment cannot be changed in Zendesk."
            return Receipt(delivery=delivery.id, outcome="unchanged", object_id=delivery.object_id, detail=detail)
        ticket = self.open_ticket(delivery)
        if ticket is None and delivery.parent_object_id:
            detail = "Agents have deleted the ticket of this conversation."
            return Receipt(delivery=delivery.id, outcome="refused", reason="parent_deleted", detail=detail)
        if ticket is None:
            return Receipt(delivery=delivery.id, outcome="parent_missing", reason="no_ticket")
        if ticket.status == "closed":
            return self.follow_up(delivery, ticket)
        return self.add(delivery, ticket)

    def add(self, delivery: Delivery, ticket: Any) -> Receipt:
        """Put the comment on this ticket, unless the ticket changed since it was read."""
        from zenpy.lib.api_objects import Ticket

        words = {**delivery.body["comment"], "author_id": ticket.requester_id}
        again = {"status": "open"} if ticket.status in ANSWERED else {}
        change = Ticket(id=ticket.id, comment=words, metadata=marker_of(delivery), **again, **safely(ticket))
        try:
            return self.receipt(delivery, self.ask(self.client.tickets.update, change), outcome="created")
        except Refused as refused:
            return self.put_off(delivery, refused)

    def follow_up(self, delivery: Delivery, closed: Any) -> Receipt:
        """The closed ticket's conversation goes on in a new one, which Zendesk links to it."""
        more = {
            "external_id": delivery.parent,
            "requester_id": closed.requester_id,
            "subject": closed.subject,
            "via_followup_source_id": closed.id,
        }
        return self.create(delivery, **more)

    def put_off(self, delivery: Delivery, refused: Refused) -> Receipt:
        """An agent was faster (409): nothing was written, so the same may be sent after the next reading."""
        if refused.status != 409:
            raise refused
        return Receipt(
            delivery=delivery.id, outcome="deferred", reason="ticket_changed", retry_after=CONFLICT_WAIT_SECONDS
        )

    def receipt(self, delivery: Delivery, audit: Any, *, outcome: Any) -> Receipt:
        """What the answer to a write proves; without the ids in it, nothing."""
        ticket_id = getattr(getattr(audit, "ticket", None), "id", None)
        if not ticket_id:
            return Receipt(delivery=delivery.id, outcome="unknown", reason="unreadable_answer")
        object_id = str(ticket_id)
        if delivery.object == "comment":
            object_id = f"{ticket_id}/{comment_in(audit.audit)}"
        return Receipt(delivery=delivery.id, outcome=outcome, object_id=object_id, url=self.link(ticket_id))

    def candidates(self, delivery: Delivery) -> list[Any]:
        """The tickets, oldest first, that may be or hold what was delivered."""
        listed = self.listed(delivery.external_id if delivery.object == "ticket" else delivery.parent)
        known = delivery.parent_object_id if delivery.object == "comment" else delivery.object_id
        if known and all(str(ticket.id) != known for ticket in listed):
            shown = self.show(known)
            listed += [shown] if shown else []
        return sorted(listed, key=lambda ticket: int(ticket.id))

    def open_ticket(self, delivery: Delivery) -> Any | None:
        """The ticket to comment on: the known one, else the newest of its conversation, rather open than closed."""
        known = self.show(delivery.parent_object_id) if delivery.parent_object_id else None
        if known is not None and known.status != "closed":
            return known
        tickets = self.listed(delivery.parent) + ([known] if known else [])
        return max(tickets, key=lambda ticket: (ticket.status != "closed", int(ticket.id)), default=None)

    def listed(self, external_id: str | None) -> list[Any]:
        """All tickets under an external id; the list is exact where search lags."""
        return list(self.ask(lambda: list(self.client.tickets(external_id=external_id)))) if external_id else []

    def show(self, ticket_id: str | None) -> Any | None:
        """One ticket as it is now, or nothing if it was deleted."""
        try:
            return self.ask(self.client.tickets, id=int(ticket_id or 0))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def marker(self, ticket_id: int, external_id: str) -> tuple[str, str | None] | None:
        """The comment that carries our id on this ticket, and the digest it was sent with."""
        found = None
        for audit in self.ask(lambda: list(self.client.tickets.audits(ticket_id))):
            custom = plain(audit).get("metadata", {}).get("custom") or {}
            if custom.get("hub_id") == external_id:
                comment_id = found[0] if found else comment_in(audit)
                found = (comment_id, custom.get("hub_digest"))  # a later version changed the same object
        return found

    def user_of(self, delivery: Delivery) -> int | None:
        """The end user behind the author: made or found by our id for them, then remembered."""
        from zenpy.lib.api_objects import User

        requester = delivery.body.get("requester")
        if not requester:
            return None
        key = self.user_key(requester["external_id"])
        known = self.services.memory.get(key)
        if known is None:
            user = User(name=requester["name"], external_id=requester["external_id"], role="end-user")
            known = self.ask(self.client.users.create_or_update, user).id
            self.services.memory.set(key, known, keep_seconds=REMEMBER_USER_SECONDS)
        return int(known)

    def forget_user(self, delivery: Delivery) -> None:
        """The remembered end user is of no use (suspended, deleted): ask anew next time."""
        requester = delivery.body.get("requester") or {}
        if "external_id" in requester:
            self.services.memory.set(self.user_key(requester["external_id"]), None)

    def user_key(self, external_id: str) -> str:
        """Under which an end user's id is remembered."""
        return f"{self.connection.id}:user:{external_id}"

    def ask(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """One call through the library; its errors, which quote the answer, become ours, which do not."""
        from requests import HTTPError
        from zenpy.lib.exception import APIException, ZenpyException

        try:
            return call(*arguments, **options)
        except (APIException, HTTPError) as trouble:
            raise name_trouble(trouble.response) from None
        except (ZenpyException, AttributeError, KeyError, TypeError, ValueError):
            raise Unavailable("Zendesk's answer cannot be read.") from None

    @contextmanager
    def idempotency_key(self, delivery: Delivery) -> Iterator[None]:
        """For the one call inside: the header that zenpy has no argument for."""
        headers = self.client.tickets.session.headers
        name = f"{delivery.external_id}:{delivery.version}"
        headers["Idempotency-Key"] = sha256(name.encode()).hexdigest()
        try:
            yield
        finally:
            del headers["Idempotency-Key"]

    def link(self, ticket_id: int) -> str:
        """Where an agent reads the ticket."""
        return f"https://{host_of(self.connection)}/agent/tickets/{ticket_id}"


def safely(ticket: Any) -> dict[str, Any]:
    """Makes Zendesk refuse the change if the ticket was touched since we read it."""
    return {"safe_update": True, "updated_stamp": ticket.updated_at}


def marker_of(delivery: Delivery) -> dict[str, Any]:
    """What lets us recognise our change among a ticket's audits."""
    return {"hub_id": delivery.external_id, "hub_version": str(delivery.version), "hub_digest": delivery.digest}


def comment_in(audit: Any) -> str:
    """The id of the comment that an audit tells of."""
    events = plain(audit).get("events") or []
    return next((str(event["id"]) for event in events if event.get("type") == "Comment"), "")


def plain(audit: Any) -> dict[str, Any]:
    """An audit as plain data, however much of it the library has turned into objects."""
    facts = audit if isinstance(audit, dict) else audit.to_dict()
    return facts if isinstance(facts, dict) else {}
