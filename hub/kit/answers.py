"""Reading an answer's body: one JSON reader for all sources, which refuses what parsers disagree about.

Duplicate keys, NaN, Infinity, bytes that are not UTF-8 and nesting beyond the limit are refused (`security.md`).
orjson is fast but takes duplicate keys without a word. So a body is trusted when it has as many keys as what was
read from it; where the counts differ, as they also do for odd white space, the slower reader decides.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hub.errors import ContractBroken

OTHERS = bytes(byte for byte in range(256) if byte not in b"[]{}")


@dataclass(frozen=True)
class Answer:
    """What came back: the decoded body and the headers, whose names ignore case."""

    status: int
    headers: Mapping[str, str]
    body: Any
    url: str = ""


def read_json(body: bytes, *, source: str, max_depth: int) -> Any:
    """The value in a JSON body; ContractBroken, naming the source, for anything else."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        raise ContractBroken(f"{source} gave an empty answer where JSON was due.")
    if text.lstrip()[:1] == b"<":
        raise ContractBroken(f"{source} gave a page where JSON was due; a proxy or log-in may stand in between.")
    value = _read(text, source)
    if _apparent_depth(text) > max_depth and _depth(value) > max_depth:
        raise ContractBroken(f"{source} gave JSON nested deeper than {max_depth} levels.")
    return value


def _read(text: bytes, source: str) -> Any:
    try:
        value = orjson.loads(text)
        if _keys(orjson.dumps(value)) == _keys(text):
            return value
    except (orjson.JSONDecodeError, TypeError):
        pass  # a lone surrogate, say, which is odd but legal: the slower reader decides
    return _read_slowly(text, source)


def _read_slowly(text: bytes, source: str) -> Any:
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as broken:
        why = str(broken) if isinstance(broken, _Refused) else "it cannot be read"
        raise ContractBroken(f"{source} gave JSON that is refused: {why}.") from None


class _Refused(ValueError):
    """Legal to some parsers, not to us."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("an object has one key twice")
    return found


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} is not a number in JSON")


def _keys(text: bytes) -> int:
    """How many keys stand in compact JSON; the same number for the same value."""
    return text.count(b'":') - text.count(b'\\":')


def _apparent_depth(text: bytes) -> int:
    """How many rounds of peeling empty brackets it takes: cheap, and never less than the depth of a real nest."""
    brackets = text.translate(None, OTHERS)
    rounds = 0
    while brackets and rounds <= 256:
        peeled = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if peeled == brackets:
            return 256  # brackets inside strings: only a look at the value can tell
        brackets, rounds = peeled, rounds + 1
    return rounds


def _depth(value: Any) -> int:
    """How deep objects and lists really nest."""
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, (dict, list))]:
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
        depth += 1
    return depth
