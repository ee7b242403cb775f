"""The time that a report is of: whole days of the organisation's own zone, half open."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.domain import Scope
from hub.domain.reports import Period
from hub.errors import SetupError

WEEK = re.compile(r"(\d{4})-W(\d{2})")
FORMS = "2026-W47, 2026-11-23, yesterday, today, last-week, this-week or 2026-11-01/2026-11-08 (without its last day)"
MOST_DAYS = 400


def period_of(said: str, *, now: datetime, zone: ZoneInfo) -> Scope:
    """The stretch of time that these words mean; SetupError where they mean none."""
    today = now.astimezone(zone).date()
    try:
        first, after = _days(said.strip(), today)
    except ValueError:
        raise SetupError(f"{said!r} is no period; write it as {FORMS}.") from None
    if not first < after or (after - first).days > MOST_DAYS:
        raise SetupError(f"{said!r} is no period of 1 to {MOST_DAYS} days; write it as {FORMS}.")
    return Scope(since=_midnight(first, zone), until=_midnight(after, zone))


def last_of(period: Period, *, now: datetime, zone: ZoneInfo) -> Scope:
    """The newest whole day or week."""
    return period_of("yesterday" if period == "day" else "last-week", now=now, zone=zone)


def before(scope: Scope, zone: ZoneInfo) -> Scope:
    """The stretch of as many days before; a day on which clocks were moved is a day all the same."""
    first, after = scope.since.astimezone(zone).date(), scope.until.astimezone(zone).date()
    return scope.with_(since=_midnight(first - (after - first), zone), until=scope.since)


def called(scope: Scope, zone: ZoneInfo) -> str:
    """What people call it: `2026-W47`, `2026-11-23`, else first and last day."""
    first = scope.since.astimezone(zone).date()
    last = scope.until.astimezone(zone).date() - timedelta(days=1)
    if first == last:
        return first.isoformat()
    if first.weekday() == 0 and last - first == timedelta(days=6):
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02}"
    return f"{first.isoformat()} to {last.isoformat()}"


def _days(said: str, today: date) -> tuple[date, date]:
    day, monday = timedelta(days=1), today - timedelta(days=today.weekday())
    named = {
        "today": (today, today + day), "yesterday": (today - day, today),
        "this-week": (monday, monday + 7 * day), "last-week": (monday - 7 * day, monday),
    }  # fmt: skip
    if said in named:
        return named[said]
    if week := WEEK.fullmatch(said):
        first = date.fromisocalendar(int(week[1]), int(week[2]), 1)
        return first, first + 7 * day
    first_day, parted, after = said.partition("/")
    first = date.fromisoformat(first_day)
    return first, date.fromisoformat(after) if parted else first + day


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
