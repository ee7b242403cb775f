"""How far our clock is ahead of the other side's, by what its answers say."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

AGREE = timedelta(seconds=5)  # `Date` counts whole seconds, and an answer is on its way for some
FARTHEST = timedelta(hours=1)  # what says more is no clock


def ahead_of(headers: Mapping[str, str], now: datetime) -> timedelta:
    """By the `Date` of an answer, less the `Age` of one that was kept on the way (RFC 9110, 9111).

    Without a readable one the clocks are taken to agree, and so they are when ours is behind: what is written there
    after our moment is read later.
    """
    try:
        age = timedelta(seconds=int(headers.get("Age", "0")))
        ahead = now - parsedate_to_datetime(headers["Date"]).replace(tzinfo=UTC) - age
    except (KeyError, ValueError, TypeError, OverflowError):
        return timedelta()
    return min(ahead, FARTHEST) if ahead > AGREE else timedelta()
