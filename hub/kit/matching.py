"""When a request is the one that a recording tells of: method, host where one is told, path, query and body."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

Line = tuple[str, str, str, tuple[tuple[str, str], ...]]
ABSENT = object()


def line_of(method: str, address: str) -> Line:
    """What makes two requests the same: method, host where one is told, path, and the query in any order."""
    parts = urlsplit(address)
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    return method, parts.hostname or "", parts.path or "/", tuple(query)


def shown(line: Line) -> str:
    """A request as one writes it into a recording, without its host."""
    method, _, path, query = line
    return f"{method} {path}" + ("?" + "&".join(f"{name}={value}" for name, value in query) if query else "")


def same_line(told: Line, asked: Line) -> bool:
    """Whether the request goes where the recording says; a host that is not told is any host."""
    return (told[0], told[2], told[3]) == (asked[0], asked[2], asked[3]) and told[1] in ("", asked[1])


def body_of(request: requests.PreparedRequest) -> Any:
    """The body that was sent: decoded JSON, the fields of a form, or text."""
    body = request.body or b""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    if "form-urlencoded" in (request.headers.get("Content-Type") or ""):
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def difference(told: Any, sent: Any, path: str = "") -> str | None:
    """Where two bodies first differ, as a path such as `records.0.LastName`; nothing where they are the same."""
    if isinstance(told, dict) and isinstance(sent, dict):
        pairs = [(name, told.get(name, ABSENT), sent.get(name, ABSENT)) for name in (*told, *sent)]
    elif isinstance(told, list) and isinstance(sent, list) and len(told) == len(sent):
        pairs = [(str(number), *pair) for number, pair in enumerate(zip(told, sent, strict=True))]
    else:
        return None if told == sent else path or "the whole"
    found = (difference(one, other, f"{path}.{name}".lstrip(".")) for name, one, other in pairs)
    return next((place for place in found if place), None)
