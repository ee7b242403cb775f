"""What lets us recognise what we wrote: our id in the metadata of a ticket's audits; and where a merge led."""

from collections.abc import Sequence
from typing import Any

from hub.domain import Delivery

Audit = dict[str, Any]


def marker_of(delivery: Delivery) -> dict[str, Any]:
    """The metadata that goes along with a change."""
    return {"hub_id": delivery.external_id, "hub_version": str(delivery.version), "hub_digest": delivery.digest}


def marker_in(audits: Sequence[Audit], external_id: str) -> tuple[str, str | None] | None:
    """The comment that carries our id, and the digest that it, or its latest version, was sent with."""
    found = None
    for audit in audits:
        custom = (audit.get("metadata") or {}).get("custom") or {}
        if custom.get("hub_id") == external_id:
            comment_id = found[0] if found else comment_in(audit)
            found = (comment_id, custom.get("hub_digest"))  # a later version changed the same object
    return found


def comment_in(audit: Audit) -> str:
    """The id of the comment that an audit tells of."""
    events = audit.get("events") or []
    return next((str(event["id"]) for event in events if event.get("type") == "Comment"), "")


def merged_into(audits: Sequence[Audit], ticket_id: int) -> int | None:
    """The ticket that this one was merged into, where its audits name one."""
    for audit in reversed(audits):
        source = (audit.get("via") or {}).get("source") or {}
        if source.get("rel") == "merge":
            for side in (source.get("from") or {}, source.get("to") or {}):
                other = side.get("ticket_id")
                if isinstance(other, int) and other != ticket_id:
                    return other
    return None
