"""Marks: which days of which network the export has out of date. The database sets them; see migration 0019.

All but those of new posts, signals, work and deliveries on SQLite, where a trigger for each new row cost as much as
the row: there they are set once for all that are written together.
"""

from collections.abc import Collection, Iterable
from secrets import randbits

import sqlalchemy as sa

from hub.domain import Model, Post
from hub.store import tables
from hub.store.lengths import hour_of, moment_of
from hub.store.listed import among, listed
from hub.store.repository import Repository

_COLUMNS = tables.export_marks.c
_DUE = sa.text(
    "INSERT INTO export_marks (area, network, day, epoch) "
    "SELECT DISTINCT 'work', substr(post, 1, instr(post, ':') - 1), substr(created_at, 1, 10), 0 FROM handoffs "
    "WHERE id IN (SELECT value FROM json_each(:listed)) ON CONFLICT DO NOTHING"
)
OPEN = 0  # SQLite: rows that changes still share; on PostgreSQL no mark has this epoch


class Mark(Model, omit_defaults=False):
    """Something that was said (`talk`), done (`work`), observed (`seen`) or an `event` on this day has changed."""

    area: str
    network: str  # "" for events
    day: str  # ISO 8601, in UTC


class ExportMarks(Repository):
    """All marks."""

    def take(self) -> None:
        """Let changes from now on make marks of their own; `taken` says afterwards which there were."""
        newest = sa.select(sa.func.coalesce(sa.func.max(_COLUMNS.epoch), OPEN) + 1).scalar_subquery()
        self._write(sa.update(tables.export_marks).where(_COLUMNS.epoch == OPEN).values(epoch=newest))

    def said(self, posts: Iterable[Post]) -> None:
        """These were written, or judged, for the first time: on SQLite nobody else marks their days."""
        self._mark("talk", {(post.network, hour_of(post.published_at) // 24) for post in posts})

    def made(self, posts: Iterable[str]) -> None:
        """Of the posts of these keys work was made now."""
        self._mark("work", {(key.partition(":")[0], hour_of(self.now) // 24) for key in posts})

    def due(self, handoffs: Iterable[str]) -> None:
        """Something more is to be sent for these, by id, which may be of another day."""
        if self._sqlite:
            self._write(_DUE, listed=listed(handoffs))

    def _mark(self, area: str, days: Collection[tuple[str, int]]) -> None:
        if not self._sqlite:
            return
        rows = [
            {"area": area, "network": network, "day": moment_of(24 * day).date().isoformat(), "epoch": OPEN}
            for network, day in sorted(days)
        ]
        self._write_rows(self._upsert(tables.export_marks, ("area", "network", "day", "epoch")), rows)

    def taken(self) -> dict[int, Mark]:
        """The marks whose changes this snapshot shows, by number."""
        rows = self._rows(sa.select(tables.export_marks).where(_COLUMNS.epoch != OPEN))
        return {row.id: Mark(area=row.area, network=row.network, day=row.day) for row in rows}

    def clear(self, ids: Collection[int]) -> None:
        """The export shows what these stand for."""
        self._write(sa.delete(tables.export_marks).where(among(_COLUMNS.id)), listed=listed(ids))

    def add(self, marks: Iterable[Mark]) -> None:
        """What these stand for is to be exported again."""
        epoch = 1 + randbits(62)  # nobody else's: a mark that is shared could be cleared with another's
        rows = [{"area": one.area, "network": one.network, "day": one.day, "epoch": epoch} for one in set(marks)]
        self._write_rows(sa.insert(tables.export_marks), rows)
