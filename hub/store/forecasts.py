"""Forecasts as they were made: what was expected when people planned, held against what came."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.repository import Repository

ForecastSeries = Literal["contact_load", "mentions"]
STALE = timedelta(days=7)  # a plan for a week is made in the week before
_C = tables.forecasts.c
_KEY = tuple(column.name for column in tables.forecasts.primary_key)


class Forecast(Model, omit_defaults=False):
    """What one day is to bring on one channel, or of one subject."""

    series: ForecastSeries
    day: Moment  # where it begins at the organisation's place
    made_at: Moment
    method: str
    expected: float
    low: float
    high: float
    network: str = ""  # "" of mentions: all networks
    visibility: str = ""
    subject: str = ""


class Forecasts(Repository):
    """Rows are only ever added."""

    def save(self, forecasts: Iterable[Forecast]) -> int:
        """Keep these; returns how many there were."""
        rows = [{name: getattr(one, name) for name in Forecast.__struct_fields__} for one in forecasts]
        self._write_rows(self._upsert(tables.forecasts, _KEY), rows)
        return len(rows)

    def planned(self, series: ForecastSeries, first_day: datetime, until: datetime) -> list[Forecast]:
        """The days of a plan that was made before its first day, by the last one who made any in the week before."""
        made_at = sa.func.max(_C.made_at, type_=_C.made_at.type)
        before = sa.and_(_C.made_at < first_day, _C.made_at >= first_day - STALE)
        row = self._one(sa.select(made_at.label("at")).where(_C.series == series, _C.day == first_day, before))
        return [] if row is None or row.at is None else self._of(series, row.at, first_day, until)

    def latest(self, series: ForecastSeries) -> list[Forecast]:
        """What was expected last, day by day."""
        made_at = sa.func.max(_C.made_at, type_=_C.made_at.type)
        ahead = sa.and_(_C.series == series, _C.day >= self.now - timedelta(days=1))
        row = self._one(sa.select(made_at.label("at")).where(ahead))
        return [] if row is None or row.at is None else self._of(series, row.at, row.at - timedelta(days=1), None)

    def _of(self, series: ForecastSeries, made_at: datetime, since: datetime, until: datetime | None) -> list[Forecast]:
        asked = sa.select(tables.forecasts).where(_C.series == series, _C.day >= since, _C.made_at == made_at)
        if until is not None:
            asked = asked.where(_C.day < until)
        order = (_C.day, _C.network, _C.visibility, _C.subject)
        return [Forecast(**row._mapping) for row in self._rows(asked.order_by(*order))]
