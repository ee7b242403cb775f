"""Reading an answer's body: one JSON reader for all sources, which refuses what parsers disagree about.

NaN, Infinity, bytes that are not UTF-8 and nesting beyond the limit are refused (`security.md`). So is a key that
stands twice in what envelops the records; inside a record it spoils that record alone, which is marked for quarantine.
A body of JSON lines is the list of them; a line that cannot be read, as the last of a torn one, spoils itself alone.
orjson is fast but takes duplicate keys without a word, and keeps the last. So a body is trusted when it has as many
quotation marks as what was read from it: a key that was dropped took its own with it, and one that is written as
an escape, which could make up for them, sends the body to the slower reader.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hub.errors import ContractBroken

SPOILT = "hub:spoilt"  # on a record that cannot be trusted: True where one key stood twice, else the reason's code
ESCAPED_QUOTE = b"\\u0022"
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
        raise ContractBroken(f"{source} gave an empty answer where JSON was due.", reason="bad_json")
    if text.lstrip()[:1] == b"<":
        raise ContractBroken(
            f"{source} gave a page where JSON was due; a proxy or log-in may stand in between.", reason="bad_json"
        )
    value, doubtful = _read(text, source)
    if _apparent_depth(text) > max_depth and _depth(value) > max_depth:
        raise ContractBroken(f"{source} gave JSON nested deeper than {max_depth} levels.", reason="too_deep")
    if doubtful:
        _settle(value, source)
    return value


def _read(text: bytes, source: str) -> tuple[Any, bool]:
    """The value, and whether a key stands twice in some object of it."""
    try:
        value = orjson.loads(text)
        written = orjson.dumps(value)
        if written == text or (ESCAPED_QUOTE not in text and written.count(b'"') == text.count(b'"')):
            return value, False
    except (orjson.JSONDecodeError, TypeError):
        pass  # a lone surrogate, say, which is odd but legal: the slower reader decides
    return _read_slowly(text, source)


def _read_slowly(text: bytes, source: str) -> tuple[Any, bool]:
    doubtful: list[bool] = []

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        doubtful.append(True)
        return _Doubtful(found)

    try:
        if (lines := _as_lines(text, source)) is not None:
            return lines, False
        told = text.decode("utf-8")
        value = json.loads(told, object_pairs_hook=as_object, parse_constant=_no_constant, parse_float=_finite)
        return value, bool(doubtful)
    except (ValueError, RecursionError) as broken:
        why, reason = (str(broken), "non_finite_number") if isinstance(broken, _Refused) else ("it cannot be read", "")
        reason = reason or ("too_deep" if isinstance(broken, RecursionError) else "bad_json")
        raise ContractBroken(f"{source} gave JSON that is refused: {why}.", reason=reason) from None


def _as_lines(text: bytes, source: str) -> list[Any] | None:
    """JSON lines: an object on each, and what cannot be read set aside; None for what is one value, whole or broken.

    A first line that is an object in itself says so: in one value over several lines it cannot be.
    """
    lines = [line for line in text.split(b"\n") if line.strip()]
    if len(lines) < 2 or not lines[0].startswith(b"{") or SPOILT in _line(lines[0], source):
        return None
    return [_line(line, source) for line in lines]


def _line(line: bytes, source: str) -> dict[str, Any]:
    try:
        value, doubtful = _read(line.strip(), source)
    except ContractBroken:
        value, doubtful = None, False
    if not isinstance(value, dict):
        return {SPOILT: "bad_line", "line": line.decode("utf-8", "backslashreplace")}
    return {**value, SPOILT: True} if doubtful else value


class _Doubtful(dict[str, Any]):
    """An object in which a key stood twice: parsers disagree about what it says."""


def _settle(value: Any, source: str) -> None:
    """Mark each listed object that holds a doubtful one; refuse the answer where the doubt is in its envelope."""
    if isinstance(value, _Doubtful):
        raise ContractBroken(
            f"{source} gave JSON that is refused: an object has one key twice.", reason="duplicate_key"
        )
    if isinstance(value, dict):
        for inner in value.values():
            _settle(inner, source)
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, dict) and _holds_doubt(each):
                each[SPOILT] = True
            elif not isinstance(each, dict):
                _settle(each, source)


def _holds_doubt(value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(value, _Doubtful) or any(map(_holds_doubt, value.values()))
    return isinstance(value, list) and any(map(_holds_doubt, value))


class _Refused(ValueError):
    """Legal to some parsers, not to us."""


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _Refused("a number is too large")
    return number


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} is not a number in JSON")


def _apparent_depth(text: bytes) -> int:
    """Never less than the depth: each round of taking out empty brackets takes at most a list and an object."""
    brackets = text.translate(None, OTHERS)
    rounds = 0
    while brackets and rounds <= 256:
        peeled = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if peeled == brackets:
            return len(brackets)  # brackets inside strings: only a look at the value can tell
        brackets, rounds = peeled, rounds + 1
    return 2 * rounds


def _depth(value: Any) -> int:
    """How deep objects and lists really nest."""
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, (dict, list))]:
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
        depth += 1
    return depth
