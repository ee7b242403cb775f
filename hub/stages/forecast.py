"""Forecast: each night, what the next two weeks are to bring, kept as it was said.

Conversations on each channel, and talk about each subject, day by day as days are at the organisation's place. A day
of which less than half was observed says nothing, and no day from before anybody looked counts as a silent one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hub.domain import Scope
from hub.domain.config import Config
from hub.measure import load
from hub.measure.counted import Question
from hub.measure.forecast import DAYS, METHOD, WEEK, WEEKS, forecast
from hub.store import Forecast, ForecastSeries, Store, View

AHEAD = 14  # days: a plan for a week, made in the week before, reaches to its end
BACK = DAYS + WEEK * WEEKS + 1
SEEN_ENOUGH = 0.5  # of a day's time
DAY = timedelta(days=1)
Spans = Sequence[tuple[datetime, datetime]]


def keep(config: Config, store: Store) -> list[Forecast]:
    """Make the forecast of this moment, and keep it."""
    with store.read() as view:
        made = [*contact_load(view, config), *mentions(view, config)]
    with store.begin() as tx:
        tx.forecasts.save(made)
    return made


def contact_load(view: View, config: Config) -> list[Forecast]:
    """Conversations that are opened on each channel on which there were any."""
    past, ahead, asked = _days(view, config)
    opened = [load.conversations(asked, start, end) for start, end in past]
    made: list[Forecast] = []
    for network, visibility in sorted({channel for day in opened for channel in day}):
        counts = [day.get((network, visibility), 0) for day in opened]
        observed = _observed(view, past, counts, network)
        made += _made(view, "contact_load", observed, ahead, network=network, visibility=visibility)
    return made


def mentions(view: View, config: Config) -> list[Forecast]:
    """Talk about each subject, wherever."""
    past, ahead, asked = _days(view, config)
    made: list[Forecast] = []
    for subject in config.subjects:
        counts = [load.said(asked, start, end, subject.name) for start, end in past]
        made += _made(view, "mentions", _observed(view, past, counts, None), ahead, subject=subject.name)
    return made


def _days(view: View, config: Config) -> tuple[Spans, Spans, Question]:
    """The whole days before today, today with those ahead, and what asks about them."""
    zone = ZoneInfo(config.organisation.timezone)
    today = view.now.astimezone(zone).date()
    edges = [load.day_begins(today + number * DAY, zone) for number in range(-BACK, AHEAD + 1)]
    spans = list(pairwise(edges))
    scope = Scope(since=edges[0], until=view.now)
    return spans[:BACK], spans[BACK:], Question(view, config, scope, (scope.since, scope.until))


def _observed(view: View, days: Spans, counts: Sequence[float], network: str | None) -> list[float | None]:
    """The counts from when somebody looked, None where too little was seen; what was found in spite of that counts."""
    began = [watch.started_at for watch in view.watches.listing(network)]
    found: list[float | None] = []
    for (start, end), count in zip(days, counts, strict=True):
        if not found and not count and start < min(began, default=view.now):
            continue
        seen = view.observed.share(start, end, network=network)
        found.append(None if not count and (seen or 0.0) < SEEN_ENOUGH else count)
    return found


def _made(
    view: View, series: ForecastSeries, counts: Sequence[float | None], ahead: Spans, **of: str
) -> list[Forecast]:  # fmt: skip
    expected = forecast(counts, len(ahead), per_day=1)
    facts: Mapping[str, str] = {"network": "", "visibility": "", "subject": ""} | of
    return [
        Forecast(
            series=series, day=start, made_at=view.now, method=METHOD, expected=one.value, low=one.low, high=one.high,
            **facts,
        )
        for (start, _), one in zip(ahead, expected, strict=False)
    ]  # fmt: skip
