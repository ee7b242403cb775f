"""Many alerts in one message: a headline and one line each, so that a busy hour is read and not muted.

Each line is a block that bears our id, so a later version of one alert changes its line and nothing else. A message
holds at most 50 blocks and about 13 kB of them, and its metadata 8 kB: whatever does not fit begins the next digest.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from connectors.slack.marks import mark_of_all, said
from hub.domain import Delivery

MOST_LINES = 45
MOST_BYTES = 11_000  # of blocks
LONGEST_LINE = 2_900

Message = dict[str, Any]


def digests(deliveries: Sequence[Delivery]) -> Iterator[list[Delivery]]:
    """These, in as few digests as hold them."""
    parcel: list[Delivery] = []
    size = 0
    for delivery in deliveries:
        weight = len(json.dumps(line_of(delivery)))
        if parcel and (len(parcel) == MOST_LINES or size + weight > MOST_BYTES):
            yield parcel
            parcel, size = [], 0
        parcel.append(delivery)
        size += weight
    if parcel:
        yield parcel


def digest_of(deliveries: Sequence[Delivery]) -> Message:
    """One message that says all of these."""
    head = f"{len(deliveries)} alerts" if deliveries[0].parent is None else f"{len(deliveries)} more posts"
    first = deliveries[0].body.get("text") or head
    return {
        "channel": deliveries[0].body["channel"],
        "text": f"{head}: {first}",
        "blocks": [{"type": "header", "text": {"type": "plain_text", "text": head}}, *map(line_of, deliveries)],
        "metadata": mark_of_all(deliveries),
    }


def line_of(delivery: Delivery) -> Message:
    """An alert as one line; the mapping has escaped it."""
    text = str(delivery.body.get("line") or delivery.body.get("text") or "(no words)")[:LONGEST_LINE]
    return {"type": "section", "block_id": delivery.external_id, "text": {"type": "mrkdwn", "text": text}}


def with_line(message: Message, delivery: Delivery) -> Message | None:
    """A digest as it was read, with the newer words of one alert in it; nothing where it has no such line."""
    blocks = message.get("blocks") or []
    if all(block.get("block_id") != delivery.external_id for block in blocks):
        return None
    line = line_of(delivery)
    metadata = message.get("metadata") or {}
    payload = {**(metadata.get("event_payload") or {}), delivery.external_id: said(delivery)}
    return {
        "text": message.get("text") or "",
        "blocks": [line if block.get("block_id") == delivery.external_id else block for block in blocks],
        "metadata": {**metadata, "event_payload": payload},
    }
