"""Measurements: the networks' own numbers of our accounts, as series over time. Rows are only ever added."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from hub.domain import Measurement
from hub.store import tables
from hub.store.repository import Repository

_SERIES = ("network", "account", "post", "name", "period", "at")
_COLUMNS = tables.measurements.c


class Measurements(Repository):
    """What was counted, each number once for each moment."""

    def save(self, counted: Iterable[Measurement]) -> int:
        """Keep these numbers; one that is there for its moment takes the newer value. Returns how many there were."""
        rows = {tuple(row[name] for name in _SERIES): row for row in map(_row, counted)}
        self._write_rows(self._upsert(tables.measurements, _SERIES, ("value",)), [rows[key] for key in sorted(rows)])
        return len(rows)

    def series(
        self, network: str, name: str, *, account: str | None = None, since: datetime | None = None,
        period: str | None = None, post: str = "",
    ) -> list[Measurement]:  # fmt: skip
        """One number over time, oldest first, of one account or of all; without `post`, of accounts as a whole."""
        asked = sa.select(tables.measurements).where(
            _COLUMNS.network == network, _COLUMNS.name == name, _COLUMNS.post == post
        )
        if account is not None:
            asked = asked.where(_COLUMNS.account == account)
        if since is not None:
            asked = asked.where(_COLUMNS.at >= since)
        if period is not None:
            asked = asked.where(_COLUMNS.period == period)
        return [_measurement(row) for row in self._rows(asked.order_by(_COLUMNS.at, _COLUMNS.account))]

    def counted(self, names: Sequence[str], until: datetime) -> list[Measurement]:
        """These numbers of all accounts as wholes that were counted before, oldest first."""
        asked = sa.select(tables.measurements).where(
            _COLUMNS.post == "", _COLUMNS.name.in_(names), _COLUMNS.at < until, _COLUMNS.value.is_not(None)
        )
        return [_measurement(row) for row in self._rows(asked.order_by(_COLUMNS.at, _COLUMNS.id))]

    def latest(self) -> list[Measurement]:
        """The newest value of every series of an account, in order of network, account and name."""
        series = (_COLUMNS.network, _COLUMNS.account, _COLUMNS.name, _COLUMNS.period)
        whole = sa.select(*series, sa.func.max(_COLUMNS.at).label("at")).where(_COLUMNS.post == "")
        newest = whole.group_by(*series).subquery()
        same = [_COLUMNS[name] == newest.c[name] for name in ("network", "account", "name", "period", "at")]
        asked = sa.select(tables.measurements).join(newest, sa.and_(*same)).where(_COLUMNS.post == "")
        return [_measurement(row) for row in self._rows(asked.order_by(*series))]


def _row(counted: Measurement) -> dict[str, object]:
    return {
        "network": counted.network, "account": counted.account, "post": counted.post or "", "name": counted.name,
        "period": counted.period, "at": counted.at, "value": counted.value,
    }  # fmt: skip


def _measurement(row: sa.Row[tuple[object, ...]]) -> Measurement:
    fields = {name: value for name, value in row._mapping.items() if name != "id"}
    return Measurement(**{**fields, "post": fields["post"] or None})
