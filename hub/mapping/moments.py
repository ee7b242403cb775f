"""Functions on times. Out comes ISO 8601 in UTC with a Z, or null; whatever a network sends, none fails."""

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from hub.mapping.registry import function

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PER_SECOND = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000}
ODD_OFFSET = re.compile(r"(?<=:\d\d:\d\d):([+-]?\d{4})$")  # Google+ wrote 2019-02-20 17:22:01:+0000, or :0000
C_TIME = re.compile(r"^(\w{3}) (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (\S+) (\d{4})$")  # Twitter's first API


@function("parse_time('Fri, 01 May 2026 09:25:37 +0200')", gives="2026-05-01T07:25:37Z")
def parse_time(text: str | None) -> str | None:
    """A written time in ISO 8601, in the form of mail and feeds (RFC 822) or of Twitter's first API.

    A time without a zone is taken as UTC, a date without a time as its first moment; nonsense gives null.
    """
    moment = read_moment(text)
    return None if moment is None else write_moment(moment)


@function("epoch_to_time(`1777620337`)", gives="2026-05-01T07:25:37Z")
def epoch_to_time(number: float | str | None, unit: str = "seconds") -> str | None:
    """The time so many seconds ('milliseconds', 'microseconds') after the start of 1970, also from digits."""
    per_second = PER_SECOND.get(unit) if isinstance(unit, str) else None
    if isinstance(number, bool) or not isinstance(number, str | int | float) or per_second is None:
        return None
    try:
        amount = _read_number(number) if isinstance(number, str) else number
        if isinstance(amount, int):
            return write_moment(EPOCH + timedelta(microseconds=amount * (1_000_000 // per_second)))
        return write_moment(EPOCH + timedelta(seconds=amount / per_second)) if math.isfinite(amount) else None
    except (ValueError, OverflowError):
        return None


@function("say_time('2026-05-01T09:25:37+02:00')", gives="1 May 2026, 07:25 UTC")
def say_time(text: str | None) -> str | None:
    """A time for people, to the minute and in UTC."""
    moment = read_moment(text)
    return None if moment is None else f"{_say_day(moment)}, {moment.hour:02}:{moment.minute:02} UTC"


@function("say_date('2026-05-01T09:25:37Z')", gives="1 May 2026")
def say_date(text: str | None) -> str | None:
    """The day of a time for people, in UTC."""
    moment = read_moment(text)
    return None if moment is None else _say_day(moment)


def read_moment(text: Any) -> datetime | None:
    """The aware UTC time that a text means, if any."""
    if not isinstance(text, str) or len(text) > 100:
        return None
    written = text if "0" <= text < ":" and text.endswith("Z") else _usual(text)  # most are ISO 8601 already
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(written)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None


def _usual(text: str) -> str:
    """A time in a form that only one system writes, in the usual one; all others as they are."""
    written = ODD_OFFSET.sub(lambda odd: odd[1] if odd[1][0] in "+-" else f"+{odd[1]}", text.strip())
    old = C_TIME.match(written)
    if not old:
        return written
    weekday, month, day, clock, zone, year = old.groups()
    return f"{weekday}, {day} {month} {year} {clock} {zone}"


def write_moment(moment: datetime) -> str:
    """A UTC time as ISO 8601 with a Z."""
    return moment.isoformat().replace("+00:00", "Z")


def _read_number(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _say_day(moment: datetime) -> str:
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"
