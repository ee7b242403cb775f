"""Where an item comes from: landed file and line, post, delivery, what was done about it; its record, fit to show."""

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from hub.errors import ContractBroken
from hub.store import BatchState, Item, Landing, OutboxRow, View
from hub.store.audit import Entry
from hub.store.records import encode_sorted

HIDDEN = "(hidden)"
SECRET = re.compile(
    r"(^|_|-)(access_?token|refresh_?token|token|api_?key|client_?secret|secret|password|authorization|cookie"
    r"|signature|\w+_proof)$",
    re.IGNORECASE,
)
IN_ADDRESS = re.compile(
    r"(?i)([?&;](?:access_token|api_?key|token|client_secret|secret|password|sig|signature|\w+_proof)=)[^&#;\s\"'<>]+"
)
STEERING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # what moves text about, is not seen, or is half a character


@dataclass(frozen=True)
class Whence:
    """Everything that is known of where an item comes from."""

    batch: BatchState | None
    delivery: OutboxRow | None
    body: dict[str, Any] | None  # of the delivery, as it was sent
    history: list[Entry]  # newest first


def whence(view: View, item: Item) -> Whence:
    """Batch, delivery, and what people did about it."""
    return Whence(
        batch=view.batches.get(item.batch) if item.batch else None,
        delivery=view.outbox.get(item.delivery) if item.delivery is not None else None,
        body=view.outbox.body(item.delivery) if item.delivery is not None else None,
        history=view.audit.recent(object=f"quarantine:{item.id}"),
    )


def place_of(landing: Landing, batch: BatchState, record: dict[str, Any]) -> int | None:
    """The line of the landed file on which this record came, counted from 1; None where the file is gone or damaged."""
    wanted = encode_sorted(record)
    try:
        for line, landed in enumerate(landing.read(batch.batch.path, batch.batch.digest), start=1):
            if encode_sorted(landed) == wanted:
                return line
    except (ContractBroken, OSError):
        return None
    return None


def shown(record: Any) -> str:
    """A record as JSON that a person can read and edit: secrets hidden, and what steers a page or terminal escaped."""
    text = json.dumps(_hidden(record), ensure_ascii=False, indent=2)
    return "".join(
        char if char == "\n" or unicodedata.category(char) not in STEERING else _escaped(char) for char in text
    )


def unhidden(value: Any, original: Any, name: str = "") -> Any:
    """A record that a person edited as it was shown: what was hidden, and is hidden still, is what it was."""
    if isinstance(original, str) and value == _hidden(original, name):
        return original
    if isinstance(value, dict) and isinstance(original, dict):
        return {key: unhidden(each, original.get(key), key) for key, each in value.items()}
    if isinstance(value, list) and isinstance(original, list) and len(value) == len(original):
        return [unhidden(*pair, name) for pair in zip(value, original, strict=True)]
    return value


def _hidden(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _hidden(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_hidden(each, name) for each in value]
    if isinstance(value, str):
        return HIDDEN if value and SECRET.search(name) else IN_ADDRESS.sub(rf"\1{HIDDEN}", value)
    return value


def _escaped(char: str) -> str:
    """As JSON writes it."""
    return json.dumps(char)[1:-1]
