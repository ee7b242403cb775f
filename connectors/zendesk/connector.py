"""Zendesk: cases as tickets with a private note, later posts of the same conversation as comments on them.

Sending twice is harmless. Creating a ticket carries an `Idempotency-Key` (our id and version, kept by Zendesk for
two hours), and tickets are listed by `external_id`, which finds them after that. From a backlog of a hundred, tickets
go a hundred at a time into jobs, which know no key: their names are on disk before they can begin, and what they do not
tell of is looked up. A comment or a note carries our id in the metadata of its audit, looked for before a repeat.
What else shaped this module:

- The key belongs to one body: another body under it is a 400, which means "look up", as does a 409.
- zenpy repeats a PUT up to four times and waits on a 429 for as long as it is told. Our session sends once and
  turns a 429 into RateLimited before zenpy sees it. zenpy cannot set a header for one call: its session can.
- `external_id` is not unique and search lags by a minute: tickets are listed, never searched; the oldest counts.
- A comment's `public` is inherited when left out, so mappings always say it. Comments are the requester's own.
- `safe_update` keeps an agent's work: if the ticket changed since we read it, Zendesk answers 409, and we read it anew.
- A closed ticket takes no comment: the next post becomes a follow-up ticket under the same `external_id`. So does one
  that was solved longer ago than the comment's body says, with a tag in place of the link that Zendesk refuses.
- A ticket is made with one comment, the customer's. Only the import API takes several, and with it no trigger runs:
  the note is a change of its own, in jobs like the tickets where there are many.
- The author becomes an end user known by our digest of the author's key. No e-mail address is invented.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from connectors.zendesk.answers import Refused
from connectors.zendesk.bulk import Bulk
from connectors.zendesk.conversation import Conversations, goes_on
from connectors.zendesk.custom_fields import CustomFields
from connectors.zendesk.desk import Desk
from connectors.zendesk.jobs import NOTES, TICKETS, Jobs
from connectors.zendesk.marks import marker_in, marker_of
from connectors.zendesk.office import FOR_SET_UP, Office
from connectors.zendesk.tickets import Tickets, note_row
from connectors.zendesk.users import EndUsers, Users, requester_of
from hub.domain import Delivery, FoundRecord, Receipt
from hub.errors import AccessDenied, SetupError, Unavailable
from hub.kit import Destination, Step, get_logger, running
from hub.kit.vendor import one_by_one

log = get_logger(__name__)

DELIVERIES_PER_SEND = 10
BULK_FROM = 100  # so many waiting tickets are worth a job
MOST_AT_ONCE = 1_000  # tickets in one call of ours: ten jobs
WORK = {"ticket": TICKETS, "note": NOTES}  # what goes in jobs
RENEW_EVERY = 10  # deliveries that go one by one


@dataclass(frozen=True)
class Known:
    """What a send has found out before it writes."""

    users: Users
    tickets: dict[str, Any]  # the newest of the conversations that are continued, by their external id


class Zendesk(Destination):
    """Creates tickets and adds comments; see the module for why a repeat does no harm."""

    batch_size = DELIVERIES_PER_SEND

    def open(self) -> Desk:
        """The account behind the connection."""
        return Desk(self.manifest, self.connection, self.services)

    @property
    def desk(self) -> Desk:
        """The open account."""
        desk: Desk = self.client
        return desk

    @cached_property
    def conversations(self) -> Conversations:
        """Which ticket takes a comment."""
        return Conversations(self.desk, self.connection.id)

    @cached_property
    def tickets(self) -> Tickets:
        """Writes one by one."""
        return Tickets(self.desk, self.conversations, self.custom)

    @cached_property
    def custom(self) -> CustomFields:
        """Our custom fields, as far as the account has them."""
        return CustomFields(self.desk, self.connection.id)

    @cached_property
    def jobs(self) -> Jobs:
        """Background jobs; whoever waits for one holds the deliveries longer."""
        return Jobs(self.desk, self.connection.id, lambda: self.claim.renew())

    @cached_property
    def users(self) -> EndUsers:
        """Authors as end users."""
        return EndUsers(self.desk, self.jobs, self.connection.id)

    @cached_property
    def bulk(self) -> Bulk:
        """Writes many at once."""
        return Bulk(self.jobs, self.services.clock, self.desk.shown)

    def check(self) -> None:
        """Prove that we are somebody there; costs one request. Without credentials Zendesk says 200 and nobody."""
        if not getattr(self.desk.ask(self.desk.library.users.me), "id", None):
            raise AccessDenied(f"Zendesk does not know us; check the connection {self.connection.id}.")

    def prepare(self, *, apply: bool) -> Iterator[Step]:
        """Custom fields, views, a trigger, and a webhook where the connection says where we can be reached."""
        with closing(Desk(self.manifest, self.connection, self.services, scopes=FOR_SET_UP)) as office:
            yield from Office(office, self.custom).prepare(self.connection.extra.get("callback_url"), apply=apply)

    def plan(self, object: str, waiting: int) -> int:
        """One by one, but for tickets and notes of which many wait."""
        return min(waiting, MOST_AT_ONCE) if object in WORK and waiting >= BULK_FROM else DELIVERIES_PER_SEND

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        """Tickets listed by our id; comments by the marker in the audits of their ticket. The oldest counts."""
        for delivery in deliveries:
            if delivery.object in ("comment", "note"):
                for ticket_id, (comment_id, digest) in self.conversations.comments(delivery):
                    yield self.record(delivery, f"{ticket_id}/{comment_id}", digest)
                    break
            elif ticket := self.found_ticket(delivery):
                mark = marker_in(self.desk.audits(ticket.id), delivery.external_id)
                yield self.record(delivery, str(ticket.id), mark[1] if mark else None)

    def found_ticket(self, delivery: Delivery) -> Any | None:
        """The oldest ticket under our id, or the one that we know by its number; not one that a comment has opened."""
        tickets = [ticket for ticket in self.desk.listed(delivery.external_id) if self.is_of(delivery, ticket)]
        if len(tickets) > 1:  # made by hand, or by a copy of our store: a person should close all but the oldest
            ids = [ticket.id for ticket in tickets]
            log.error("found twice", destination=self.manifest.name, external_id=delivery.external_id, objects=ids)
        return tickets[0] if tickets else self.desk.show(delivery.object_id) if delivery.object_id else None

    def is_of(self, delivery: Delivery, ticket: Any) -> bool:
        """Whether a ticket under our id was made of this delivery; the first of a conversation may continue another."""
        return not goes_on(ticket) or marker_in(self.desk.audits(ticket.id), delivery.external_id) is not None

    def record(self, delivery: Delivery, object_id: str, digest: str | None) -> FoundRecord:
        """What was found, with where an agent reads it."""
        url = self.desk.link(object_id.partition("/")[0])
        return FoundRecord(external_id=delivery.external_id, object_id=object_id, digest=digest, url=url)

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """Jobs for many new tickets, else one call after the other; one receipt for each delivery, in order."""
        new = [one for one in deliveries if one.object == "ticket" and not one.object_id]
        known = self.known_of(new)
        if len(new) >= BULK_FROM:
            return self.send_many(deliveries, new, known)
        notes = [one for one in deliveries if one.object == "note" and one.parent_object_id and not one.object_id]
        if len(notes) >= BULK_FROM:
            return self.send_many(deliveries, notes, known)
        return self.send_singly(deliveries, known)

    def send_singly(self, deliveries: Sequence[Delivery], known: Known) -> Iterator[Receipt]:
        """One call after the other, under a lease that is renewed on the way."""
        for number, receipt in enumerate(one_by_one(deliveries, lambda one: self.send_one(one, known)), start=1):
            yield receipt
            if number % RENEW_EVERY == 0:
                self.claim.renew()

    def send_one(self, delivery: Delivery, known: Known) -> Receipt:
        """A new ticket, a changed ticket or a comment; what Zendesk refuses is a receipt."""
        try:
            match delivery.object:
                case "ticket" if delivery.object_id:
                    return self.tickets.update(delivery)
                case "ticket":
                    return self.tickets.create(delivery, self.row_of(delivery, known))
                case "comment":
                    return self.tickets.comment(delivery)
                case "note":
                    return self.tickets.note(delivery)
        except Refused as refused:
            return self.refused(delivery, refused)
        raise SetupError(
            f"Zendesk takes no {delivery.object}; mappings/zendesk.yaml makes tickets, comments and notes."
        )

    def send_many(self, deliveries: Sequence[Delivery], new: Sequence[Delivery], known: Known) -> Iterator[Receipt]:
        """New tickets, or notes, go into jobs; what cannot, or is not new, goes by itself."""
        rows, receipts = [], dict[int, Receipt]()
        for delivery in new:
            try:
                rows.append((delivery, self.row_of(delivery, known)))
            except Refused as refused:
                receipts[delivery.id] = self.refused(delivery, refused)
        begun = self.bulk.begin(rows, self.claim, WORK[new[0].object])
        if isinstance(begun.trouble, Refused):  # one of them spoils the call: singly, it shows which
            rest = [one for one, _ in rows if one.id not in begun.deliveries]
            receipts |= {receipt.delivery: receipt for receipt in self.send_singly(rest, known)}
        for delivery in deliveries:
            yield receipts.get(delivery.id) or self.bulk.told(delivery, begun)

    def resume(self, job: str, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        """The tickets that jobs have made of these deliveries; a row that failed is left to be sent by itself."""
        for delivery, ticket_id in self.bulk.outcome(job, deliveries, WORK[deliveries[0].object]):
            if ticket_id is None:
                yield running(delivery, ask_again_in=self.bulk.ask_again_in)
            else:
                url = self.desk.link(ticket_id)
                yield Receipt(delivery=delivery.id, outcome="created", object_id=str(ticket_id), url=url)

    def known_of(self, new: Sequence[Delivery]) -> Known:
        """What must be known over there before these can be said; if that fails, nothing of them has been sent."""
        before = {one.body["continues"] for one in new if one.body.get("continues")}
        try:
            users = self.users.of(new)
            if any("custom_fields" in one.body for one in new):
                self.custom.numbers()  # remembered from here on
            return Known(users, {id: ticket for id in before if (ticket := self.conversations.latest(id))})
        except Unavailable as lost:
            raise Unavailable(str(lost), retry_after=lost.retry_after, sent=False) from None

    def row_of(self, delivery: Delivery, known: Known) -> dict[str, Any]:
        """A new ticket, or a note, as Zendesk takes it; Refused where its author cannot be an end user."""
        if delivery.object == "note":
            return note_row(delivery, str(delivery.parent_object_id))
        fields = ticket_fields(delivery, known.users)
        if "custom_fields" in fields:
            fields["custom_fields"] = self.custom.named(fields["custom_fields"])
        before = known.tickets.get(fields.pop("continues", ""))
        return fields | self.conversations.linked(fields, before) if before else fields

    def refused(self, delivery: Delivery, refused: Refused) -> Receipt:
        """A refusal for good, with the fields that it is about."""
        if {"requester", "requester_id"} & set(refused.fields):
            self.users.forget(delivery)
        return Receipt(delivery=delivery.id, outcome="refused", reason=refused.reason, detail=str(refused))


def ticket_fields(delivery: Delivery, users: Users) -> dict[str, Any]:
    """A new ticket as Zendesk takes it; Refused where its author cannot be an end user."""
    requester = requester_of(delivery)
    user = users[requester["external_id"]] if requester else None
    if isinstance(user, Refused):
        raise user
    fields = {name: value for name, value in delivery.body.items() if name != "requester"}
    given = {"external_id": delivery.external_id, "metadata": marker_of(delivery)}
    return fields | given | ({"requester_id": user} if user else {})
