"""Incidents: alerts that are one event, from the first post to the day it is over."""

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.repository import Repository

_COLUMNS = [column.name for column in tables.incidents.c]


class Incident(Model):
    """One event; its severity is the worst that was reported of it."""

    key: str
    title: str
    severity: int
    count: int
    opened_at: Moment
    last_at: Moment
    resolved_at: Moment | None = None
    opened: bool = False  # by the call that returned it


class Incidents(Repository):
    """Open and past incidents."""

    def report(self, key: str, *, title: str, severity: int, count: int = 1) -> Incident:
        """Add `count` alerts to this incident; opens it if it is new, or opens it again if it was over."""
        self._hold("incidents")
        before = self.get(key)
        if before is None or before.resolved_at is not None:
            incident = Incident(
                key=key, title=title, severity=severity, count=count, opened_at=self.now, last_at=self.now, opened=True
            )
        else:
            worst = max(before.severity, severity)
            incident = before.with_(severity=worst, count=before.count + count, last_at=self.now)
        row = {name: getattr(incident, name) for name in _COLUMNS}
        insert = self._insert(tables.incidents).values(row)
        self._write(insert.on_conflict_do_update(index_elements=["key"], set_=row))
        return incident

    def resolve(self, key: str) -> bool:
        """Close this incident; False when it was not open."""
        columns = tables.incidents.c
        still = sa.update(tables.incidents).where(columns.key == key, columns.resolved_at.is_(None))
        return self._write(still.values(resolved_at=self.now)) == 1

    def get(self, key: str) -> Incident | None:
        """The incident of this key."""
        row = self._one(sa.select(tables.incidents).where(tables.incidents.c.key == key))
        return None if row is None else Incident(**row._mapping)

    def open(self) -> list[Incident]:
        """Incidents that are not over, the worst first."""
        columns = tables.incidents.c
        statement = sa.select(tables.incidents).where(columns.resolved_at.is_(None))
        return [
            Incident(**row._mapping) for row in self._rows(statement.order_by(columns.severity.desc(), columns.key))
        ]

    def recent(self, limit: int = 50) -> list[Incident]:
        """The last incidents, newest first, open or over."""
        statement = sa.select(tables.incidents).order_by(tables.incidents.c.opened_at.desc()).limit(limit)
        return [Incident(**row._mapping) for row in self._rows(statement)]
