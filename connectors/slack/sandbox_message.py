"""What the played workspace takes for a message, and which active tokens it finds in one."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

LONGEST_TEXT = 40_000
MOST_BLOCKS = 50
MOST_BLOCK_BYTES = 13_000
MOST_METADATA_BYTES = 8_000
LONGEST_ID = 255  # of a block or an action
LONGEST_MARKDOWN = 12_000  # in all markdown blocks of a message
MOST_FIELDS, LONGEST_FIELD = 10, 2_000
LONGEST_LABEL, LONGEST_VALUE = 75, 2_000
LONGEST_ADDRESS, LONGEST_ALT = 3_000, 2_000
TEXT_LIMITS = {"section": 3_000, "header": 150}
MOST_ELEMENTS = {"context": 10, "actions": 25}
KINDS = ("section", "header", "context", "actions", "divider", "rich_text", "image", "markdown")
MENTION = re.compile(r"<(?:[@#!][^>]*)>")
BARE = re.compile(r"(?<![\w<])(?:@(?:here|channel|everyone)|[@#][a-z][\w-]*)")  # what link_names makes of plain words
RICH = ("user", "usergroup", "broadcast", "channel")

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
    if sum(len(str(block.get("text") or "")) for block in blocks if block["type"] == "markdown") > LONGEST_MARKDOWN:
        return "msg_blocks_too_long"
    ids = [block["block_id"] for block in blocks if block.get("block_id")]
    if len(set(ids)) != len(ids):
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
    if kind not in KINDS or len(str(block.get("block_id") or "")) > LONGEST_ID:
        return False
    text, elements = block.get("text"), block.get("elements") or []
    if kind in TEXT_LIMITS and text is not None:
        words = text.get("text", "")
        if not 0 < len(words) <= TEXT_LIMITS[kind] or (kind == "header" and text.get("type") != "plain_text"):
            return False
    if kind in MOST_ELEMENTS and not 0 < len(elements) <= MOST_ELEMENTS[kind]:
        return False
    return are_fields(block, kind) and is_picture(block, kind) and all(is_button(each) for each in elements)


def are_fields(block: Row, kind: Any) -> bool:
    """A section has a text or fields, up to ten of them."""
    fields = block.get("fields") or []
    if kind == "section" and not block.get("text") and not fields:
        return False
    return len(fields) <= MOST_FIELDS and all(0 < len(field.get("text", "")) <= LONGEST_FIELD for field in fields)


def is_picture(block: Row, kind: Any) -> bool:
    """A picture has an address or is a file of the workspace, and has words for who cannot see it."""
    if kind != "image":
        return True
    address, alt = str(block.get("image_url") or ""), str(block.get("alt_text") or "")
    if not 0 < len(alt) <= LONGEST_ALT:
        return False
    file = block.get("slack_file")
    if file is not None:  # named by its id or by its address, never by both
        return not address and isinstance(file, dict) and bool(file.get("id")) != bool(file.get("url"))
    return 0 < len(address) <= LONGEST_ADDRESS


def is_button(element: Row) -> bool:
    """Buttons have short labels and values; other elements are not looked at."""
    if element.get("type") != "button":
        return True
    label, value = element["text"]["text"], str(element.get("value") or "")
    return (
        0 < len(label) <= LONGEST_LABEL
        and len(value) <= LONGEST_VALUE
        and len(str(element.get("action_id") or "")) <= LONGEST_ID
    )


def mentions_in(message: Row) -> int:
    """Active tokens that ring somebody's bell: `<!channel>`, `<@U1>`, `<#C1>`; in plain text they are only text.

    With `link_names` or `parse` full, bare names are active too. The fallback text counts: notifications show it.
    """
    texts = list(marked_texts(message))
    found = sum(len(MENTION.findall(text)) for text in texts) + sum(rich_below(message.get("blocks") or []))
    if message.get("link_names") in (True, 1, "1", "true") or message.get("parse") == "full":
        found += sum(len(BARE.findall(text)) for text in texts)
    return found


def marked_texts(message: Row) -> Iterator[str]:
    """Every text of a message that Slack reads as mrkdwn."""
    yield str(message.get("text") or "")
    yield from marked_below(message.get("blocks") or [])
    for attachment in message.get("attachments") or []:
        yield from (str(attachment.get(name) or "") for name in ("text", "pretext", "fallback"))
        yield from marked_below(attachment.get("blocks") or [])


def marked_below(value: Any) -> Iterator[str]:
    """The mrkdwn and markdown texts anywhere inside blocks."""
    if isinstance(value, dict):
        if value.get("type") in ("mrkdwn", "markdown"):
            yield str(value.get("text") or "")
        for inner in value.values():
            yield from marked_below(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from marked_below(inner)


def rich_below(value: Any) -> Iterator[int]:
    """One for each element of rich text that names somebody."""
    if isinstance(value, dict):
        if value.get("type") in RICH and {"user_id", "usergroup_id", "range", "channel_id"} & value.keys():
            yield 1
        for inner in value.values():
            yield from rich_below(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from rich_below(inner)
