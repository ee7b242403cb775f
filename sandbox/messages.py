"""What passes between a client and a played system: one request, one reply."""

import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs

import orjson

JSON = "application/json; charset=utf-8"


class Headers(Mapping[str, str]):
    """Header fields, asked for in any case; a field sent twice is joined by commas."""

    def __init__(self, fields: Mapping[str, str] | None = None) -> None:
        self._fields: dict[str, str] = {}
        for name, value in (fields or {}).items():
            self.add(name, value)

    def add(self, name: str, value: str) -> None:
        """One more field line."""
        key = name.lower()
        self._fields[key] = f"{self._fields[key]}, {value}" if key in self._fields else value

    def get(self, name: str, default: Any = None) -> Any:
        """The value, or `default`; by far the most frequent question, so it takes no detour."""
        return self._fields.get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


@dataclass(slots=True)
class Request:
    """One request as it reached a played system; `path` is still percent-encoded."""

    method: str
    host: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    scheme: str = "https"

    def param(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default

    def params(self, name: str) -> list[str]:
        """All values of a query parameter, whether spelt `name` or `name[]`."""
        return self.query.get(name, []) + self.query.get(f"{name}[]", [])

    def json(self) -> Any:
        """The body as JSON; raises `ValueError` when it is none."""
        return orjson.loads(self.body)

    def form(self) -> dict[str, str]:
        """The body as a form; of a field sent twice the first value counts."""
        pairs = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[0] for name, values in pairs.items()}

    @property
    def bearer(self) -> str | None:
        """The token of an `Authorization: Bearer` header."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token else None


@dataclass(slots=True)
class Reply:
    """One answer. `notes` go to the journal beside the request, never over the wire.

    With `talk`, the connection is then a WebSocket, and is the talk's until it ends.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    notes: dict[str, Any] = field(default_factory=dict)
    talk: Callable[[socket.socket], None] | None = None

    @classmethod
    def json(cls, data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Self:
        """An answer in JSON."""
        return cls(status, {"Content-Type": JSON, **(headers or {})}, orjson.dumps(data))

    @classmethod
    def text(
        cls,
        text: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str = "text/plain; charset=utf-8",
    ) -> Self:
        """An answer in words, or in a format that is written as text."""
        return cls(status, {"Content-Type": content_type, **(headers or {})}, text.encode("utf-8"))

    @classmethod
    def empty(cls, status: int = 204, headers: Mapping[str, str] | None = None) -> Self:
        """An answer without a body."""
        return cls(status, dict(headers or {}))
