"""Records as JSON: everything that came in must go out again, odd as it may be.

A lone surrogate or a number beyond 64 bits is legal JSON that the fast encoder refuses, and the fast decoder refuses or
rounds. The few records that hold one take the slow way both times; a space before them says so.
"""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import orjson

SLOW = b" "
_encode_sorted = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder().decode


def encode(record: Any) -> bytes:
    """One record on one line."""
    try:
        return orjson.dumps(record)
    except TypeError:
        return SLOW + json.dumps(record, separators=(",", ":")).encode()


def encode_all(records: Sequence[Any]) -> list[bytes]:
    """Each on a line of its own."""
    try:
        return list(map(orjson.dumps, records))
    except TypeError:  # of one of them
        return list(map(encode, records))


def encode_sorted(record: Any) -> bytes:
    """The same for two records that differ only in the order of their fields."""
    try:
        return _encode_sorted(record)
    except (UnicodeEncodeError, OverflowError):
        return SLOW + json.dumps(record, separators=(",", ":"), sort_keys=True).encode()


def decode(line: bytes) -> Any:
    """The record on this line."""
    return json.loads(line) if line.startswith(SLOW) else _decode(line)
