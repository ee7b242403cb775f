"""How each system spells "later", read into seconds. A spelling nobody can read means a minute."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

UNREADABLE_SECONDS = 60.0

Read = Callable[[str, datetime], float]


def epoch_seconds(text: str, now: datetime) -> float:
    """A moment as seconds since 1970 (X)."""
    return float(text) - now.timestamp()


def seconds_left(text: str, now: datetime) -> float:
    """Seconds from now (Zendesk, Reddit)."""
    del now
    return float(text)


def iso8601(text: str, now: datetime) -> float:
    """A moment in ISO 8601 (Mastodon)."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()


class Wait(Protocol):
    """Reads from an answer's headers how long to wait."""

    def seconds(self, headers: Mapping[str, str], now: datetime) -> float | None:
        """Seconds, or None when the answer does not say."""
        ...


@dataclass(frozen=True)
class RetryAfter:
    """HTTP's own way (RFC 9110, 10.2.3): seconds or a date."""

    def seconds(self, headers: Mapping[str, str], now: datetime) -> float | None:
        """What `Retry-After` says; nonsense and the past count as a minute."""
        text = headers.get("Retry-After")
        if text is None:
            return None
        try:
            seconds = float(text)
        except ValueError:
            try:
                seconds = (parsedate_to_datetime(text).astimezone(UTC) - now).total_seconds()
            except (ValueError, TypeError, OverflowError):
                return UNREADABLE_SECONDS
        return _sound(seconds)


@dataclass(frozen=True)
class ResetAt:
    """A header that names when the window starts anew; `Retry-After` goes before it where both are given."""

    header: str
    read: Read

    def seconds(self, headers: Mapping[str, str], now: datetime) -> float | None:
        """Seconds until the window starts anew."""
        plain = RetryAfter().seconds(headers, now)
        text = headers.get(self.header)
        if plain is not None or text is None:
            return plain
        try:
            seconds = self.read(text, now)
        except (ValueError, OverflowError):
            return UNREADABLE_SECONDS
        return _sound(seconds)


@dataclass(frozen=True)
class MinutesLeft:
    """A header in JSON in which a field of this name, at any depth, says minutes until we may come back (Meta)."""

    header: str
    field: str

    def seconds(self, headers: Mapping[str, str], now: datetime) -> float | None:
        """The longest of them; nothing where all are zero, which is said on every answer."""
        del now
        try:
            found = list(_named(json.loads(headers.get(self.header, "null")), self.field))
            minutes = max([float(each) for each in found], default=0.0)
        except (ValueError, TypeError, RecursionError):
            return None
        return minutes * 60 if 0 < minutes < float("inf") else None


def _sound(seconds: float) -> float:
    return seconds if 0 <= seconds < float("inf") else UNREADABLE_SECONDS


def _named(value: Any, field: str) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from ([value[field]] if field in value else [])
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _named(inner, field)
