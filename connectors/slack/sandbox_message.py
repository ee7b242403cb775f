"""What the played workspace takes for a message, and which active tokens it finds in one."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

LONGEST_TEXT = 40_000
MOST_BLOCKS = 50
MOST_BLOCK_BYTES = 13_000
MOST_METADATA_BYTES = 8_000
TEXT_LIMITS = {"section": 3_000, "header": 150}
MOST_ELEMENTS = {"context": 10, "actions": 25}
MENTION = re.compile(r"<(?:[@#!][^>]*)>")

Row = dict[str, Any]


def refusal_of(message: Row) -> str | None:
    """Slack's word for why this message cannot be posted."""
    blocks = message.get("blocks") or []
    if not message.get("text") and not blocks and not message.get("attachments"):
        return "no_text"
    if len(str(message.get("text") or "")) > LONGEST_TEXT:
        return "msg_too_long"
    if len(blocks) > MOST_BLOCKS or any(not is_block(block) for block in blocks):
        return "invalid_blocks"
    if len(orjson.dumps(blocks)) > MOST_BLOCK_BYTES:
        return "msg_blocks_too_long"
    metadata = message.get("metadata")
    if metadata and not (isinstance(metadata.get("event_payload"), dict) and metadata.get("event_type")):
        return "invalid_metadata_format"
    if metadata and len(orjson.dumps(metadata)) > MOST_METADATA_BYTES:
        return "metadata_too_large"
    return None


def is_block(block: Row) -> bool:
    """Whether Slack would take one block."""
    kind = block.get("type")
    if kind not in ("section", "header", "context", "actions", "divider", "rich_text", "image"):
        return False
    text = block.get("text")
    if kind in TEXT_LIMITS and text is not None:
        words = text.get("text", "")
        if not 0 < len(words) <= TEXT_LIMITS[kind] or (kind == "header" and text.get("type") != "plain_text"):
            return False
    elements = block.get("elements") or []
    if kind in MOST_ELEMENTS and not 0 < len(elements) <= MOST_ELEMENTS[kind]:
        return False
    return all(len(label) <= 75 for label in labels_of(elements))


def labels_of(elements: list[Row]) -> Iterator[str]:
    """What is written on buttons."""
    for element in elements:
        if element.get("type") == "button":
            yield element["text"]["text"]


def mentions_in(message: Row) -> int:
    """Active tokens that ring somebody's bell: `<!channel>`, `<@U1>`, `<#C1>`; in plain text they are only text."""
    return sum(len(MENTION.findall(text)) for text in marked_texts(message))


def marked_texts(message: Row) -> Iterator[str]:
    """Every text of a message that Slack reads as mrkdwn."""
    if not message.get("blocks"):
        yield str(message.get("text") or "")
    yield from marked_below(message.get("blocks") or [])


def marked_below(value: Any) -> Iterator[str]:
    """The mrkdwn texts anywhere inside blocks."""
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield str(value.get("text") or "")
        for inner in value.values():
            yield from marked_below(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from marked_below(inner)
