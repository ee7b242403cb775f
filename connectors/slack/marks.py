"""What lets us recognise our messages: metadata with our ids, of one delivery or of all lines of a digest."""

from collections.abc import Iterator, Sequence
from typing import Any

from hub.domain import Delivery

ONE, MANY = "hub_delivery", "hub_digest"

Message = dict[str, Any]


def mark_of(delivery: Delivery) -> Message:
    """The metadata of a message that is one delivery."""
    payload = {"external_id": delivery.external_id, "version": delivery.version, "digest": delivery.digest}
    return {"event_type": ONE, "event_payload": payload}


def mark_of_all(deliveries: Sequence[Delivery]) -> Message:
    """The metadata of a digest: flat, our id to version and digest."""
    return {"event_type": MANY, "event_payload": {one.external_id: said(one) for one in deliveries}}


def said(delivery: Delivery) -> str:
    """Which version stands in a digest."""
    return f"{delivery.version}:{delivery.digest}"


def marks_in(message: Message) -> Iterator[tuple[str, str | None, bool]]:
    """Our ids on a message, each with the digest it was sent with, and whether it is a line among others."""
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    if metadata.get("event_type") == ONE and payload.get("external_id"):
        yield payload["external_id"], payload.get("digest"), False
    elif metadata.get("event_type") == MANY:
        for external_id, text in payload.items():
            yield external_id, str(text).partition(":")[2] or None, True
