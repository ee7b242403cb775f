"""The outbox as it is read: what waits, what is in doubt, what was settled how."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from hub.domain import Model, Moment, Outcome
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository

State = Literal["pending", "in_doubt", "done", "dead", "superseded", "cancelled"]
Where = sa.ColumnElement[bool]
OPEN: tuple[sa.ColumnElement[str], ...] = (sa.literal_column("'pending'"), sa.literal_column("'in_doubt'"))


class OutboxRow(Model):
    """One version of one object on its way to one destination, without its body."""

    id: int
    destination: str
    object: str
    external_id: str
    version: int
    digest: str
    handoff: str
    mapping: str
    state: State
    attempt: int
    created_at: Moment
    lane: str = ""
    parent: str | None = None
    post: str | None = None
    author: str | None = None
    not_before: Moment | None = None
    claimed_at: Moment | None = None
    settled_at: Moment | None = None
    outcome: Outcome | None = None
    object_id: str | None = None
    url: str | None = None
    reason: str | None = None
    detail: str | None = None


_COLUMNS = [tables.outbox.c[name] for name in OutboxRow.__struct_fields__]


def read_row(row: sa.Row[Any]) -> OutboxRow:
    """A row of the outbox as a model."""
    return OutboxRow(**{name: row._mapping[name] for name in OutboxRow.__struct_fields__})


def is_open(row: Any) -> Where:
    """Not settled yet. Spelt out, not bound: the database then sees that its index of open rows applies."""
    return row.state.in_(OPEN)  # type: ignore[no-any-return]


def is_free(row: Any, now: Any) -> Where:
    """Nobody holds it, and its waiting time is over."""
    due = sa.or_(row.not_before.is_(None), row.not_before <= now)
    return sa.and_(due, sa.or_(row.lease_until.is_(None), row.lease_until <= now))


def parent_ready(row: Any) -> Where:
    """Its parent is there, or nobody is going to send one: the destination then says what it thinks of that."""
    parent = tables.outbox.alias().c
    of_it = sa.and_(parent.destination == row.destination, parent.external_id == row.parent)
    state = sa.func.coalesce(parent.state, "")  # never NULL: this keeps SQLite from searching by state, which all share
    return sa.or_(
        row.parent.is_(None),
        sa.exists().where(of_it, state == "done"),
        ~sa.exists().where(of_it, state.in_(OPEN)),
    )


def unblocked(row: Any) -> Where:
    """Its turn has come: parent first, version after version, and each lane in order.

    An earlier delivery that itself waits for its parent does not hold up the lane, else the two could wait for
    each other.
    """
    version, ahead = tables.outbox.alias().c, tables.outbox.alias().c
    same = sa.and_(version.destination == row.destination, version.external_id == row.external_id)
    before = sa.and_(version.object == row.object, version.id < row.id)
    in_lane = sa.and_(ahead.destination == row.destination, ahead.lane == row.lane, ahead.id < row.id)
    return sa.and_(
        parent_ready(row),
        sa.or_(row.version == 1, ~sa.exists().where(same, before, is_open(version))),
        sa.or_(row.lane == "", ~sa.exists().where(in_lane, is_open(ahead), parent_ready(ahead))),
    )


_UNSETTLED = (  # with a lane of each, which only the index of open rows knows: else SQLite walks through that of all
    sa.select(tables.outbox.c.destination, sa.func.min(tables.outbox.c.lane))
    .where(is_open(tables.outbox.c))
    .group_by(tables.outbox.c.destination)
    .order_by(tables.outbox.c.destination)
)


class OutboxReader(Repository):
    """Questions to the outbox."""

    def get(self, id: int) -> OutboxRow | None:
        """The delivery of this number."""
        row = self._one(sa.select(*_COLUMNS).where(tables.outbox.c.id == id))
        return None if row is None else read_row(row)

    def body(self, id: int) -> dict[str, Any] | None:
        """What is sent, or was."""
        row = self._one(sa.select(tables.outbox.c.body).where(tables.outbox.c.id == id))
        return None if row is None else msgspec.json.decode(row.body, type=dict[str, Any])

    def of(self, handoffs: Collection[str]) -> list[OutboxRow]:
        """The deliveries of these handoffs, oldest first."""
        columns = tables.outbox.c
        statement = sa.select(*_COLUMNS).where(among(columns.handoff)).order_by(columns.id)
        return [read_row(row) for row in self._rows(statement, listed=listed(handoffs))]

    def recent(
        self,
        limit: int = 50,
        *,
        destination: str | None = None,
        state: State | None = None,
        external_id: str | None = None,
    ) -> list[OutboxRow]:
        """The last ones, newest first; every filter narrows."""
        columns = tables.outbox.c
        asked = {"destination": destination, "state": state, "external_id": external_id}
        statement = sa.select(*_COLUMNS).order_by(columns.id.desc()).limit(limit)
        statement = statement.where(*(columns[name] == value for name, value in asked.items() if value is not None))
        return [read_row(row) for row in self._rows(statement)]

    def called(self, destination: str, object_ids: Collection[str]) -> list[OutboxRow]:
        """What was delivered as these objects there, newest first; what is part of one, where it is none itself."""
        columns = tables.outbox.c
        mine = sa.select(*_COLUMNS).where(columns.destination == destination).order_by(columns.id.desc())
        rows = self._rows(mine.where(among(columns.object_id)), listed=listed(object_ids))
        if not rows:
            parts = [columns.object_id.startswith(f"{one}/", autoescape=True) for one in object_ids]
            rows = self._rows(mine.where(columns.object_id.is_not(None), sa.or_(sa.false(), *parts)))
        return [read_row(row) for row in rows]

    def destinations(self) -> list[str]:
        """Destinations for which something is not settled, by name."""
        return [row.destination for row in self._rows(_UNSETTLED)]

    def counts(self, destination: str | None = None) -> dict[str, int]:
        """Deliveries by state."""
        columns = tables.outbox.c
        statement = sa.select(columns.state, sa.func.count().label("rows")).group_by(columns.state)
        if destination is not None:
            statement = statement.where(columns.destination == destination)
        return {row.state: row.rows for row in self._rows(statement)}

    def due(self, destination: str) -> int:
        """How many could be sent or looked up now, were their lanes free."""
        columns = tables.outbox.c
        return self._count(columns.destination == destination, is_open(columns), is_free(columns, self.now))

    def next_due(self, destination: str) -> datetime | None:
        """When the next one may be sent or looked up; None when nothing waits."""
        columns = tables.outbox.c
        mine = columns.destination == destination
        pending = sa.select(columns.not_before, columns.lease_until).where(
            mine, columns.state == "pending", unblocked(columns)
        )
        doubtful = sa.select(columns.not_before, columns.lease_until).where(mine, columns.state == "in_doubt")
        rows = [*self._rows(pending), *self._rows(doubtful)]
        moments = [max((moment for moment in row if moment is not None), default=self.now) for row in rows]
        return min(moments, default=None)

    def jobs(self, destination: str) -> list[str]:
        """The destination's jobs that are not known to have ended."""
        columns = tables.outbox.c
        mine = sa.and_(columns.destination == destination, columns.state == "in_doubt", columns.job.is_not(None))
        return [row.job for row in self._rows(sa.select(columns.job).where(mine).distinct())]

    def stale(self) -> int:
        """How many are in doubt with nobody at work on them: a watchdog's figure."""
        columns = tables.outbox.c
        return self._count(columns.state == "in_doubt", is_free(columns, self.now))

    def _count(self, *where: Where) -> int:
        row = self._one(sa.select(sa.func.count()).select_from(tables.outbox).where(*where))
        return int(row[0]) if row else 0
