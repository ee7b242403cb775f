"""What a page is narrowed to: a time, a subject, a network, a team. Read from the address, checked, kept in links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, HTTPException, Request

from hub.domain import Scope, Step

PERIODS = {
    "today": "today",
    "24h": "last 24 hours",
    "7d": "last 7 days",
    "28d": "last 28 days",
    "90d": "last 90 days",
    "custom": "from … to",
}
USUAL = "7d"
DAY = timedelta(days=1)
LONGEST = 400  # days of a period of one's own
FIELDS = ("period", "since", "until", "subject", "network", "team")
MOST = 200  # characters of a value


class BadFilter(HTTPException):
    """The address asks for something that there is not; the page says so in one sentence."""

    def __init__(self, sentence: str) -> None:
        super().__init__(422, sentence)


def asked(request: Request) -> dict[str, str]:
    """The filters as they stand in the address; checked once it is known what there is."""
    found = {name: value for name in FIELDS if (value := request.query_params.get(name, "").strip())}
    if long := [name for name, value in found.items() if len(value) > MOST or "\0" in value]:
        raise BadFilter(f"The value of {long[0]} cannot be one of ours; choose it from the list on the page.")
    return found


Asked = Annotated[dict[str, str], Depends(asked)]


@dataclass(frozen=True)
class Choices:
    """What can be chosen."""

    subjects: Sequence[str]
    networks: Sequence[str]
    teams: Sequence[str]


@dataclass(frozen=True)
class Filters:
    """A checked choice, and the time that it means."""

    period: str
    since: datetime
    until: datetime
    zone: ZoneInfo
    subject: str | None = None
    network: str | None = None
    team: str | None = None

    @property
    def scope(self) -> Scope:
        """The part of the world that the page is of."""
        return Scope(
            since=self.since, until=self.until, subject=self.subject, network=self.network, team=self.team
        )  # fmt: skip

    @property
    def before(self) -> Scope:
        """The same, one period earlier, up to the same time of day: the days of the place, also when clocks change."""
        return self.shifted(self.days)

    @property
    def days(self) -> int:
        """How many days it has, the one that has not ended included."""
        first, last = (each.astimezone(self.zone) for each in (self.since, self.until))
        whole = (last.date() - first.date()).days
        return max(whole + (1 if last.time() > first.time() else 0), 1)

    @property
    def step(self) -> Step:
        """By what a chart of it is cut."""
        return "hour" if self.days <= 2 else "day" if self.days <= 92 else "week"

    @property
    def chosen(self) -> dict[str, str]:
        """What stands in an address: only what differs from what is usual."""
        own = {"period": self.period} if self.period != USUAL else {}
        if self.period == "custom":
            last = (self.until.astimezone(self.zone) - timedelta(microseconds=1)).date()
            own |= {"since": self.since.astimezone(self.zone).date().isoformat(), "until": last.isoformat()}
        narrowed = {name: getattr(self, name) for name in ("subject", "network", "team")}
        return own | {name: value for name, value in narrowed.items() if value is not None}

    @property
    def first_day(self) -> str:
        """For the form."""
        return self.since.astimezone(self.zone).date().isoformat()

    @property
    def last_day(self) -> str:
        """For the form."""
        return (self.until.astimezone(self.zone) - timedelta(microseconds=1)).date().isoformat()

    def query(self, **changes: str | None) -> str:
        """`?period=28d&subject=Acme`, or "" where nothing is chosen; `changes` add to it, None takes away."""
        kept = self.chosen | changes
        text = urlencode({name: value for name, value in kept.items() if value is not None})
        return f"?{text}" if text else ""

    def shifted(self, days: int) -> Scope:
        """The scope so many days earlier, at the same times of day."""

        def earlier(then: datetime) -> datetime:
            local = then.astimezone(self.zone).replace(tzinfo=None) - timedelta(days=days)
            return local.replace(tzinfo=self.zone)

        return self.scope.with_(since=earlier(self.since), until=earlier(self.until))


def checked(given: Mapping[str, str], now: datetime, zone: ZoneInfo, choices: Choices) -> Filters:
    """The filters that an address asks for; a value that is none of ours is a `BadFilter`."""
    period = given.get("period", "custom" if "since" in given or "until" in given else USUAL)
    if period not in PERIODS:
        raise BadFilter(f"There is no such period; choose {', '.join(PERIODS)}.")
    since, until = _custom(given, now, zone) if period == "custom" else (_beginning(period, now, zone), now)
    narrowed = {
        name: _one_of(name, given.get(name), known)
        for name, known in (("subject", choices.subjects), ("network", choices.networks), ("team", choices.teams))
    }
    return Filters(period=period, since=since, until=until, zone=zone, **narrowed)


def _beginning(period: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Days begin at midnight of the place; the last one has not ended."""
    if period == "24h":
        return (now - timedelta(hours=23)).replace(minute=0, second=0, microsecond=0)
    days = {"today": 1, "7d": 7, "28d": 28, "90d": 90}[period]
    return _midnight(now.astimezone(zone).date() - timedelta(days=days - 1), zone)


def _custom(given: Mapping[str, str], now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first, last = _day(given.get("since"), "first"), _day(given.get("until"), "last")
    if last < first:
        raise BadFilter("The last day is before the first; choose them the other way round.")
    if (last - first).days >= LONGEST:
        raise BadFilter(f"A period has {LONGEST} days at most; choose a shorter one.")
    since, until = _midnight(first, zone), min(_midnight(last + DAY, zone), now)
    if since >= now:
        raise BadFilter("The first day is yet to come; choose an earlier one.")
    return since, until


def _day(text: str | None, which: str) -> date:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        raise BadFilter(f"The {which} day is no date; write it as 2026-11-30.") from None
    if not 2000 <= found.year < 2200:
        raise BadFilter(f"The {which} day is out of reach; choose one since the year 2000.")
    return found


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _one_of(name: str, value: str | None, known: Sequence[str]) -> str | None:
    if value is not None and value not in known:
        raise BadFilter(f"There is no such {name} here; choose one from the list on the page.")
    return value
