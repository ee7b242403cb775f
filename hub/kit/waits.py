"""How each system spells "later", read into seconds. A spelling nobody can read means a minute."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

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
        return seconds if 0 <= seconds < float("inf") else UNREADABLE_SECONDS


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
        return seconds if 0 <= seconds < float("inf") else UNREADABLE_SECONDS
