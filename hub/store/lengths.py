"""Lengths: of which rows of hours, days and weeks a stretch of time is made, where sums are kept for each of these.

A stretch is made of the hours that begin in it. What lies in whole days or weeks of UTC is read from their rows, and so
is what nearly does: less the hours that these have too many. So a year costs little more than its edges, wherever days
begin.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import sqlalchemy as sa

HOUR, DAY, WEEK = 1, 24, 7 * 24  # the lengths, in hours
LENGTHS = (HOUR, DAY, WEEK)
_MONDAY = 4 * 24  # the first one after the beginning of 1970, which was a Thursday

Range = tuple[int, int, int, int, int]
"""The length of rows, from which hour on, up to which, the number of a step, and 1 or -1."""


def hour_of(moment: datetime) -> int:
    """The number of the hour that this moment lies in."""
    return int(moment.timestamp() // 3600)


def first_hour(moment: datetime) -> int:
    """The number of the first hour that begins then or later."""
    return -int(-moment.timestamp() // 3600)


def moment_of(hour: int) -> datetime:
    """When the hour of this number begins."""
    return datetime.fromtimestamp(hour * 3600, UTC)


def begin_of(length: int, hour: int) -> int:
    """The first hour of the day, or of the week from Monday on, that this hour lies in."""
    return hour - (hour - _MONDAY) % length


def ranges_of(edges: Sequence[datetime]) -> list[Range]:
    """What rows make up each of the steps between these edges."""
    return [
        (length, first, last, step, sign)
        for step, (since, until) in enumerate(pairwise(edges))
        for length, first, last, sign in _made_of(first_hour(since), first_hour(until), len(LENGTHS) - 1)
    ]


def _made_of(start: int, end: int, coarse: int) -> Iterator[tuple[int, int, int, int]]:
    """The rows, no longer than these, that make up the time between two hours; taken away where the end comes first."""
    if start > end:
        yield from ((length, first, last, -sign) for length, first, last, sign in _made_of(end, start, coarse))
    elif coarse and start < end:
        length = LENGTHS[coarse]
        first, last = (begin_of(length, hour + length // 2) for hour in (start, end))
        if abs(first - start) + abs(end - last) < end - start:  # else there is more to put right than it spares
            yield length, first, last, 1
            yield from _made_of(start, first, coarse - 1)
            yield from _made_of(last, end, coarse - 1)
        else:
            yield from _made_of(start, end, coarse - 1)
    elif start < end:
        yield HOUR, start, end, 1


def ranges(*, sqlite: bool) -> sa.Subquery:
    """The rows of the JSON array `:ranges`, in this database's words, to be joined with a table of sums."""
    return _RANGES[sqlite]


def _ranges(text: str) -> sa.Subquery:
    names = ("hours", "since", "until", "step", "sign")
    return sa.text(text).columns(*(sa.column(name, sa.Integer) for name in names)).subquery("ranges")


_RANGES = {
    True: _ranges(
        "SELECT json_extract(value, '$[0]') AS hours, json_extract(value, '$[1]') AS since, "
        "json_extract(value, '$[2]') AS until, json_extract(value, '$[3]') AS step, "
        "json_extract(value, '$[4]') AS sign FROM json_each(:ranges)"
    ),
    False: _ranges(
        "SELECT CAST(one ->> 0 AS INTEGER) AS hours, CAST(one ->> 1 AS INTEGER) AS since, "
        "CAST(one ->> 2 AS INTEGER) AS until, CAST(one ->> 3 AS INTEGER) AS step, CAST(one ->> 4 AS INTEGER) AS sign "
        "FROM json_array_elements(CAST(:ranges AS JSON)) AS each(one)"
    ),
}
