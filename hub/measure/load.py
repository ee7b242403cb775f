"""Contact load and talk against what was forecast of them.

A day is held against the plan of its week: the last forecast that was made before the week began. Nobody plans a Friday
on Thursday, and a forecast of the night before would flatter. Only whole days that are over count.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.domain import Scope
from hub.domain.config import Config
from hub.measure import listening
from hub.measure.counted import Cell, Counted, Kpi, Question, count
from hub.measure.forecast import bias, wape
from hub.store import Forecast, ForecastSeries

DAY = timedelta(days=1)
NO_PLAN = "No forecast was made before a week that these days are of; `hub forecast` makes one, and so does each night."
Pair = tuple[float, float]  # of forecast and actual
Channel = tuple[str, str]  # network and visibility
CHANNEL = ("network", "visibility")


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """Where this day begins at the organisation's place."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(ZoneInfo("UTC"))


def whole_days(since: datetime, until: datetime, config: Config) -> list[tuple[datetime, datetime]]:
    """The days, as they are at the organisation's place, that lie wholly in this time."""
    zone = ZoneInfo(config.organisation.timezone)
    day = since.astimezone(zone).date()
    if day_begins(day, zone) < since:
        day += DAY
    found = []
    while (end := day_begins(day + DAY, zone)) <= until:
        found.append((day_begins(day, zone), end))
        day += DAY
    return found


def contact_load_forecast(cell: Cell) -> Counted:
    """What was expected of these days when their weeks were planned."""
    pairs = contact_load(cell)
    return count(sum(made for made, _ in pairs)) if pairs else Counted(missing=NO_PLAN)


def contact_load(cell: Cell) -> list[Pair]:
    """Forecast and actual of each day and channel."""
    asked = cell.question
    pairs: list[Pair] = []
    for start, end in _days(cell):
        plan = {(one.network, one.visibility): one.expected for one in _plan(asked, "contact_load", start)}
        if not plan:
            continue
        came = dict.fromkeys(plan, 0) | conversations(asked, start, end)
        pairs += [(plan.get(channel, 0.0), came[channel]) for channel in sorted(came) if _is_of(cell, channel)]
    return pairs


def mentions(cell: Cell) -> list[Pair]:
    """Forecast and actual of each day and subject."""
    asked, only = cell.question, cell.only("subject")
    return [
        (one.expected, said(asked, start, end, one.subject))
        for start, end in _days(cell)
        for one in _plan(asked, "mentions", start)
        if only in (None, one.subject)
    ]


def said(asked: Question, start: datetime, end: datetime, subject: str) -> float:
    """How often this subject was spoken of in this time, as the KPI `mentions` has it."""
    scope = Scope(since=start, until=end)
    day = asked.for_all(("day", start, end), lambda: Question(asked.view, asked.config, scope, (start, end), "subject"))
    return listening.KPIS["mentions"](Cell(day, part=subject)).value or 0.0


def conversations(asked: Question, start: datetime, end: datetime) -> dict[Channel, int]:
    """How many conversations were opened on each channel in this time, as the KPI `contact_volume` has it."""
    rows = asked.for_all(("opened", start, end), lambda: asked.view.handoffs.begun("Case", start, end, alike=CHANNEL))
    found: dict[Channel, int] = {}
    for one in rows:
        channel = one.network, one.visibility
        found[channel] = found.get(channel, 0) + one.count
    return found


def _judged(pairs_of: Callable[[Cell], list[Pair]], how: Callable[[Sequence[Pair]], Counted]) -> Kpi:
    def judged(cell: Cell) -> Counted:
        pairs = pairs_of(cell)
        return how(pairs) if pairs else Counted(missing=NO_PLAN)

    return judged


def _days(cell: Cell) -> list[tuple[datetime, datetime]]:
    return whole_days(cell.since, min(cell.until, cell.question.now), cell.question.config)


def _plan(asked: Question, series: ForecastSeries, day: datetime) -> list[Forecast]:
    """What was expected of this day when its week was planned."""
    zone = ZoneInfo(asked.config.organisation.timezone)
    local = day.astimezone(zone).date()
    monday = local - local.weekday() * DAY
    week = day_begins(monday, zone), day_begins(monday + 7 * DAY, zone)
    planned = asked.for_all(("plan", series, week[0]), lambda: asked.view.forecasts.planned(series, *week))
    return [one for one in planned if one.day == day]


def _is_of(cell: Cell, channel: Channel) -> bool:
    network, visibility = channel
    return cell.only("network") in (None, network) and cell.only("channel") in (None, f"{network} {visibility}")


KPIS: dict[str, Kpi] = {
    "contact_load_forecast": contact_load_forecast,
    "contact_load_wape": _judged(contact_load, wape), "contact_load_bias": _judged(contact_load, bias),
    "mentions_wape": _judged(mentions, wape), "mentions_bias": _judged(mentions, bias),
}  # fmt: skip
