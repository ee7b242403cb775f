"""Which ticket takes a customer's next words.

The one that the conversation is known by; if agents have merged it, the one it went into; if it is closed, was solved
too long ago or holds as many comments as a ticket may, the newest other one of the conversation, and where there is
none, a new one: linked by Zendesk as a follow-up of a closed ticket, by a tag to any other.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from connectors.zendesk.desk import Desk
from connectors.zendesk.marks import marker_in, merged_into
from hub.domain import Delivery

MOST_COMMENTS = 5_000
MOST_MERGES = 5  # one after the other
REOPENS_WITHIN = "reopens_within_hours"  # in a comment's body: for us, not for Zendesk
CONTINUES = "continues_"  # and the number of the full ticket: our tag
MERGED = "closed_by_merge"  # the tag that Zendesk puts on what was merged into another ticket


class Conversations:
    """Finds the tickets of a conversation, and our comment on them."""

    def __init__(self, desk: Desk, memory_id: str) -> None:
        self._desk = desk
        self._memory_id = memory_id

    def ticket_for(self, delivery: Delivery) -> Any | None:
        """Where the comment belongs: an open ticket if there is one, else the latest that takes no more."""
        known = self._arrived(self._desk.show(delivery.parent_object_id)) if delivery.parent_object_id else None
        if known is not None and self.takes_more(known, delivery):
            return known
        listed = [self._arrived(ticket) for ticket in self._desk.listed(delivery.parent)]
        tickets = [ticket for ticket in (*listed, known) if ticket is not None]
        return max(tickets, key=lambda ticket: (self.takes_more(ticket, delivery), int(ticket.id)), default=None)

    def takes_more(self, ticket: Any, delivery: Delivery) -> bool:
        """Whether this comment may be added to it, as far as we know."""
        if ticket.status == "closed" or self._is_settled(ticket, delivery.body.get(REOPENS_WITHIN)):
            return False
        return not self._desk.services.memory.get(self._full(ticket))

    def latest(self, external_id: str) -> Any | None:
        """The newest ticket of a conversation, wherever merges led."""
        tickets = [self._arrived(ticket) for ticket in self._desk.listed(external_id)]
        return max((ticket for ticket in tickets if ticket), key=lambda ticket: int(ticket.id), default=None)

    def _is_settled(self, ticket: Any, hours: float | None) -> bool:
        """Whether it was solved so long ago that the next words are a matter of their own.

        By its last change, whatever that was: a ticket that somebody touched since it was solved is on their mind.
        """
        if ticket.status != "solved" or hours is None:
            return False
        return self._desk.services.clock.now() - datetime.fromisoformat(ticket.updated_at) > timedelta(hours=hours)

    def is_full(self, ticket: Any) -> bool:
        """Whether it was refused for holding all the comments that a ticket may; remembered if so."""
        full = self._desk.comments_on(ticket.id) >= MOST_COMMENTS
        if full:
            self._desk.services.memory.set(self._full(ticket), True)
        return full

    def link_to(self, before: Any) -> dict[str, Any]:
        """What makes a new ticket the continuation of another one; Zendesk itself links to closed ones only.

        It links with all that the closed one was; to another one our tag leads, and the rest is said by us.
        """
        if before.status == "closed":
            return {"via_followup_source_id": before.id}
        kept = [tag for tag in before.tags or () if not str(tag).startswith(CONTINUES)]
        same = {name: getattr(before, name, None) for name in ("priority", "group_id", "custom_fields")}
        return {"tags": [*kept, f"{CONTINUES}{before.id}"], **{name: said for name, said in same.items() if said}}

    def linked(self, fields: dict[str, Any], before: Any) -> dict[str, Any]:
        """What makes a ticket that says all of itself the one after another conversation's."""
        if before.status == "closed":
            return {"via_followup_source_id": before.id}
        return {"tags": [*fields.get("tags", ()), f"{CONTINUES}{before.id}"]}

    def comments(self, delivery: Delivery) -> Iterator[tuple[int, tuple[str, str | None]]]:
        """The tickets that hold our comment, oldest first, each with the comment and its digest."""
        found = {int(ticket.id): ticket for ticket in self._desk.listed(delivery.parent)}
        if delivery.parent_object_id and int(delivery.parent_object_id) not in found:
            known = self._desk.show(delivery.parent_object_id)
            found |= {int(known.id): known} if known else {}
        waiting, seen = sorted(found), set[int]()
        while waiting:
            ticket_id = waiting.pop(0)
            seen.add(ticket_id)
            audits = self._desk.audits(ticket_id)
            mark = marker_in(audits, delivery.external_id)
            if mark:
                yield ticket_id, mark
            target = merged_into(audits, ticket_id)
            if target and target not in (*waiting, *seen) and len(seen) <= MOST_MERGES and self._desk.show(target):
                waiting.append(target)

    def _arrived(self, ticket: Any | None) -> Any | None:
        """The ticket that this one was merged into, after however many merges; nothing if that one was deleted."""
        for _ in range(MOST_MERGES):
            if ticket is None or MERGED not in (ticket.tags or ()):
                break
            target = merged_into(self._desk.audits(ticket.id), int(ticket.id))
            if target is None:
                break
            ticket = self._desk.show(target)
        return ticket

    def _full(self, ticket: Any) -> str:
        return f"{self._memory_id}:full:{ticket.id}"


def goes_on(ticket: Any) -> bool:
    """Whether a ticket is the continuation of another one, under whose external id it stands."""
    rel = ((ticket.to_dict().get("via") or {}).get("source") or {}).get("rel")
    return rel == "follow_up" or any(str(tag).startswith(CONTINUES) for tag in ticket.tags or ())
