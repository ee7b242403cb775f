"""One ticket or comment a call: made, changed or added to, and what the answer proves."""

from typing import Any

from connectors.zendesk.answers import Refused
from connectors.zendesk.conversation import REOPENS_WITHIN, Conversations
from connectors.zendesk.custom_fields import CustomFields
from connectors.zendesk.desk import Desk, plain
from connectors.zendesk.marks import comment_in, marker_of
from hub.domain import Delivery, Outcome, Receipt

CONFLICT_WAIT_SECONDS = 10.0
BODY_CHANGED = "idempotent_request_error"  # the key has been used for another body
ANSWERED = ("pending", "hold", "solved")  # what a customer's next words open again
OWNED_BY_AGENTS = ("comment", "requester", "tags", "status", "continues")  # left alone once the ticket exists


class Tickets:
    """Writes singly; what Zendesk refuses is raised as Refused."""

    def __init__(self, desk: Desk, conversations: Conversations, custom: CustomFields) -> None:
        self._desk = desk
        self._custom = custom
        self._conversations = conversations

    def create(self, delivery: Delivery, fields: dict[str, Any]) -> Receipt:
        """A ticket under our external id; the same key with the same body is the same ticket."""
        from zenpy.lib.api_objects import Ticket

        try:
            with self._desk.idempotency_key(delivery):
                audit = self._desk.ask(self._desk.library.tickets.create, Ticket(**fields))
        except Refused as refused:
            if refused.reason == BODY_CHANGED or refused.status == 409:  # 409: a call with this key is still at work
                return Receipt(delivery=delivery.id, outcome="unknown", reason=refused.reason)
            raise
        return self._receipt(delivery, audit, outcome="created")

    def update(self, delivery: Delivery) -> Receipt:
        """A later version of a ticket: what agents have in hand stays as they left it."""
        from zenpy.lib.api_objects import Ticket

        fields = {name: value for name, value in delivery.body.items() if name not in OWNED_BY_AGENTS}
        if "custom_fields" in fields:
            fields["custom_fields"] = self._custom.named(fields["custom_fields"])
        held = self._desk.show(delivery.object_id)
        if held is None or held.status == "closed":
            reason = "deleted_there" if held is None else "closed_there"
            return Receipt(
                delivery=delivery.id, outcome="refused", reason=reason, detail="Agents have put this ticket away."
            )
        change = Ticket(id=held.id, **fields, metadata=marker_of(delivery), **safely(held))
        return self._saved(delivery, change, outcome="updated")

    def comment(self, delivery: Delivery) -> Receipt:
        """The requester's next words on the ticket of their conversation."""
        if delivery.object_id:
            detail = "A comment cannot be changed in Zendesk."
            return Receipt(delivery=delivery.id, outcome="unchanged", object_id=delivery.object_id, detail=detail)
        ticket = self._conversations.ticket_for(delivery)
        if ticket is None and delivery.parent_object_id:
            detail = "Agents have deleted the ticket of this conversation."
            return Receipt(delivery=delivery.id, outcome="refused", reason="parent_deleted", detail=detail)
        if ticket is None:
            return Receipt(delivery=delivery.id, outcome="parent_missing", reason="no_ticket")
        if not self._conversations.takes_more(ticket, delivery):
            return self._go_on_after(ticket, delivery)
        try:
            return self._add(ticket, delivery)
        except Refused as refused:
            if "comment" not in refused.fields or not self._conversations.is_full(ticket):
                raise
        return self.comment(delivery)  # the ticket is known to be full by now, so it is not chosen again

    def note(self, delivery: Delivery) -> Receipt:
        """A private comment of ours on the new ticket. It adds words and changes nothing, whatever agents are at."""
        from zenpy.lib.api_objects import Ticket

        if delivery.object_id:
            detail = "A note stays as it was written."
            return Receipt(delivery=delivery.id, outcome="unchanged", object_id=delivery.object_id, detail=detail)
        ticket_id = delivery.parent_object_id or next((one.id for one in self._desk.listed(delivery.parent)), None)
        if ticket_id is None:
            return Receipt(delivery=delivery.id, outcome="parent_missing", reason="no_ticket")
        try:
            return self._saved(delivery, Ticket(**note_row(delivery, ticket_id)), outcome="created")
        except Refused as refused:
            if refused.status != 404 and "status" not in refused.fields:
                raise
        detail = "Agents have put this ticket away; there is nobody left to read a note on it."
        return Receipt(delivery=delivery.id, outcome="refused", reason="closed_there", detail=detail)

    def _add(self, ticket: Any, delivery: Delivery) -> Receipt:
        """Put the comment on this ticket, unless the ticket changed since it was read."""
        from zenpy.lib.api_objects import Ticket

        words = {**delivery.body["comment"], "author_id": ticket.requester_id}
        again = {"status": "open"} if ticket.status in ANSWERED else {}
        change = Ticket(id=ticket.id, comment=words, metadata=marker_of(delivery), **again, **safely(ticket))
        return self._saved(delivery, change, outcome="created")

    def _go_on_after(self, before: Any, delivery: Delivery) -> Receipt:
        """The conversation goes on in a new ticket under the same external id."""
        given = {
            "external_id": delivery.parent, "requester_id": before.requester_id, "subject": before.subject,
            "metadata": marker_of(delivery), **self._conversations.link_to(before),
        }  # fmt: skip
        said = {name: value for name, value in delivery.body.items() if name != REOPENS_WITHIN}
        return self.create(delivery, said | given)

    def _saved(self, delivery: Delivery, change: Any, *, outcome: Outcome) -> Receipt:
        """Put a change; an agent who was faster (409) keeps theirs, and the same is sent after the next reading."""
        rest = self._desk.rest_of(change.id)
        if rest:
            return Receipt(delivery=delivery.id, outcome="deferred", reason="ticket_at_rest", retry_after=rest)
        try:
            return self._receipt(delivery, self._desk.save(change), outcome=outcome)
        except Refused as refused:
            if refused.status != 409:
                raise
        return Receipt(
            delivery=delivery.id, outcome="deferred", reason="ticket_changed", retry_after=CONFLICT_WAIT_SECONDS
        )

    def _receipt(self, delivery: Delivery, audit: Any, *, outcome: Outcome) -> Receipt:
        """What the answer to a write proves; without the ids in it, nothing."""
        ticket_id = getattr(getattr(audit, "ticket", None), "id", None)
        if not ticket_id:
            return Receipt(delivery=delivery.id, outcome="unknown", reason="unreadable_answer")
        object_id = str(ticket_id)
        if delivery.object in ("comment", "note"):
            object_id = f"{ticket_id}/{comment_in(plain(audit.audit))}"
        return Receipt(delivery=delivery.id, outcome=outcome, object_id=object_id, url=self._desk.link(ticket_id))


def note_row(delivery: Delivery, ticket_id: str | int) -> dict[str, Any]:
    """A note as a change of its ticket."""
    return {"id": int(ticket_id), "comment": delivery.body["comment"], "metadata": marker_of(delivery)}


def safely(ticket: Any) -> dict[str, Any]:
    """Makes Zendesk refuse the change if the ticket was touched since we read it."""
    return {"safe_update": True, "updated_stamp": ticket.updated_at}
