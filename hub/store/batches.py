"""Batches: the manifest of what has landed, and who is working on it.

    landed ──claim──▶ landed, leased ──done──▶ done
       ▲                    │  └──quarantine──▶ quarantined      (its file cannot be read)
       └──release, or the lease runs out──┘

A claim is a lease with a fencing number. Whoever takes over a batch whose lease ran out gets the next number, and
the store refuses the old one: a worker that slept through its lease cannot write twice.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Literal

import sqlalchemy as sa

from hub.domain import Batch, Cursor, Model, Moment
from hub.store import tables
from hub.store.faults import faultpoint
from hub.store.listed import among, listed
from hub.store.repository import Repository, StaleClaim
from hub.store.sums import Sums
from hub.store.watches import Watches

_FIELDS = [tables.batches.c[name] for name in Batch.__struct_fields__]


class BatchClaim(Model):
    """The right to work on one batch until `lease_until`."""

    batch: Batch
    fence: int
    lease_until: Moment


class BatchState(Model):
    """A batch as the store knows it."""

    batch: Batch
    state: Literal["landed", "done", "quarantined"]
    known: int
    skipped: int
    cursor_before: Cursor
    reason: str | None = None
    detail: str | None = None


class Batches(Repository):
    """What landed, claimed by one worker at a time."""

    def land(self, batch: Batch, cursor: Cursor) -> bool:
        """List the batch and move its watch's cursor, together.

        False when this watch has landed the same bytes before: the records count as fetched and known, and only the
        cursor moves. A batch whose file was damaged is taken up again by landing it anew.
        """
        watches = Watches(self._connection, now=self.now, writing=self._writing)
        known = watches.get(batch.watch)
        row = {
            **{name: getattr(batch, name) for name in Batch.__struct_fields__},
            "cursor_before": known.cursor if known else Cursor(),
            "state": "landed", "fence": 0, "known": 0, "skipped": 0,
        }  # fmt: skip
        insert = self._insert(tables.batches).values(row)
        new = self._write(insert.on_conflict_do_nothing(index_elements=["watch", "digest"])) == 1
        if new:
            self._sums.add(batch.network, "records", "landed", batch.records)
        new = new or self._revive(batch)
        if not new:
            self._count_repeat(batch)
        faultpoint("store.listed")
        watches.advance(batch.watch, cursor)
        return new

    def claim(
        self, worker: str, *, lease_seconds: float = 600, limit: int = 100, records: int | None = None
    ) -> list[BatchClaim]:
        """Batches that wait and that nobody works on, oldest first; now they are this worker's.

        At most so many, and as many as hold so many `records` together: at least one, however many it holds.
        """
        columns = tables.batches.c
        free = sa.or_(columns.lease_until.is_(None), columns.lease_until <= self.now)
        waiting = sa.select(columns.id, columns.records).where(_waiting(), free).order_by(columns.id).limit(limit)
        found = self._rows(waiting.with_for_update(skip_locked=True))
        sums = accumulate(row.records for row in found)
        ids = [row.id for row, held in zip(found, sums, strict=True) if records is None or held <= records]
        ids = ids or [row.id for row in found[:1]]
        if not ids:
            return []
        until = self.now + timedelta(seconds=lease_seconds)
        taken = {"fence": columns.fence + 1, "worker": worker, "lease_until": until}
        self._write(sa.update(tables.batches).where(columns.id.in_(ids)).values(taken))
        claimed = sa.select(*_FIELDS, columns.fence).where(columns.id.in_(ids)).order_by(columns.id)
        return [BatchClaim(batch=_batch(row), fence=row.fence, lease_until=until) for row in self._rows(claimed)]

    def done(self, claim: BatchClaim, *, known: int, skipped: int, run: str) -> None:
        """Everything in this batch has its fate; call it in the transaction that wrote the posts."""
        self._settle(claim, state="done", known=known, skipped=skipped, triage_run=run, done_at=self.now)
        self._sums.add(claim.batch.network, "known", "", known)
        self._sums.add(claim.batch.network, "skipped", "", skipped)
        self._moved(claim.batch, "landed", "done")

    def quarantine(self, claim: BatchClaim, reason: str, detail: str) -> None:
        """The batch's file cannot be read: all its records count as quarantined, until it lands again.

        Its watch goes back to where it was before, so that the next pull brings these records once more.
        """
        self._settle(claim, state="quarantined", reason=reason, detail=detail)
        self._moved(claim.batch, "landed", "quarantined")
        self._send_back(claim.batch)

    def release(self, claim: BatchClaim) -> None:
        """Give the batch back untouched."""
        self._settle(claim, state="landed")

    def renew(self, claim: BatchClaim, *, lease_seconds: float = 600) -> BatchClaim:
        """Go on working on it for longer."""
        until = self.now + timedelta(seconds=lease_seconds)
        self._settle(claim, lease_until=until)
        return claim.with_(lease_until=until)

    def get(self, name: str) -> BatchState | None:
        """The batch of this name."""
        found = self._states(sa.select(tables.batches).where(tables.batches.c.name == name))
        return found[0] if found else None

    def of_post(self, key: str) -> BatchState | None:
        """The batch that brought this post first."""
        brought = sa.select(tables.posts.c.batch).where(tables.posts.c.key == key).scalar_subquery()
        found = self._states(sa.select(tables.batches).where(tables.batches.c.id == brought))
        return found[0] if found else None

    def recent(self, limit: int = 50, *, run: str | None = None) -> list[BatchState]:
        """The last batches, of one run or of all, newest first."""
        asked = sa.select(tables.batches).order_by(tables.batches.c.id.desc()).limit(limit)
        return self._states(asked if run is None else asked.where(tables.batches.c.run == run))

    def damaged(self) -> list[BatchState]:
        """Batches whose file could not be read, and whose records have not landed anew yet, oldest first."""
        held = sa.select(tables.batches).where(tables.batches.c.state == sa.text("'quarantined'"))
        return self._states(held.order_by(tables.batches.c.id))

    def listed(self, paths: Collection[str]) -> set[str]:
        """Those of these paths that the manifest knows, whatever became of them."""
        asked = sa.select(tables.batches.c.path).where(among(tables.batches.c.path))
        return {row.path for row in self._rows(asked, listed=listed(paths))}

    def first_landed_at(self) -> datetime | None:
        """When the first batch landed that this store knows."""
        row = self._one(sa.select(tables.batches.c.landed_at).order_by(tables.batches.c.id).limit(1))
        return row.landed_at if row else None

    def pending(self) -> int:
        """How many wait to be triaged, claimed ones included."""
        row = self._one(sa.select(sa.func.count()).select_from(tables.batches).where(_waiting()))
        return int(row[0]) if row else 0

    def _settle(self, claim: BatchClaim, **values: Any) -> None:
        columns = tables.batches.c
        held = sa.and_(columns.name == claim.batch.name, columns.fence == claim.fence, _waiting())
        values = {"lease_until": None, **values}
        if self._write(sa.update(tables.batches).where(held).values(values)) != 1:
            raise StaleClaim(f"Batch {claim.batch.name} is no longer ours: its lease ran out and it was claimed anew.")

    def _send_back(self, batch: Batch) -> None:
        """Rewind the batch's watch, unless an earlier damaged batch has sent it back further already."""
        columns = tables.batches.c
        damaged = sa.select(columns.name, columns.cursor_before).where(
            columns.watch == batch.watch, columns.state == "quarantined"
        )
        starts = {row.name: Cursor.from_plain(row.cursor_before) for row in self._rows(damaged.order_by(columns.id))}
        earlier = list(starts.values())[: list(starts).index(batch.name)]
        watches = Watches(self._connection, now=self.now, writing=self._writing)
        known = watches.get(batch.watch)
        if known is not None and known.cursor not in earlier:
            watches.rewind(batch.watch, starts[batch.name])

    def _revive(self, batch: Batch) -> bool:
        columns = tables.batches.c
        damaged = sa.and_(columns.watch == batch.watch, columns.digest == batch.digest, columns.state == "quarantined")
        anew = {
            "state": "landed",
            "path": batch.path,
            "run": batch.run,
            "reason": None,
            "detail": None,
            "lease_until": None,
        }
        if self._write(sa.update(tables.batches).where(damaged).values(anew)) != 1:
            return False
        self._moved(batch, "quarantined", "landed")
        return True

    def _moved(self, batch: Batch, left: str, to: str) -> None:
        self._sums.add(batch.network, "records", left, -batch.records)
        self._sums.add(batch.network, "records", to, batch.records)

    @property
    def _sums(self) -> Sums:
        return Sums(self._connection, now=self.now, writing=self._writing)

    def _count_repeat(self, batch: Batch) -> None:
        row = {"run": batch.run, "watch": batch.watch, "network": batch.network, "batches": 1, "records": batch.records}
        insert = self._insert(tables.repeats).values(row)
        columns = tables.repeats.c
        more = {"batches": columns.batches + 1, "records": columns.records + insert.excluded.records}
        self._write(insert.on_conflict_do_update(index_elements=["run", "watch"], set_=more))
        self._sums.add(batch.network, "repeated", "", batch.records)

    def _states(self, statement: sa.Select[Any]) -> list[BatchState]:
        return [
            BatchState(
                batch=_batch(row), cursor_before=Cursor.from_plain(row.cursor_before), state=row.state,
                known=row.known, skipped=row.skipped, reason=row.reason, detail=row.detail,
            )
            for row in self._rows(statement)
        ]  # fmt: skip


def _waiting() -> sa.ColumnElement[bool]:
    return tables.batches.c.state == sa.text("'landed'")  # spelt out, so that the partial index is used


def _batch(row: sa.Row[Any]) -> Batch:
    return Batch(**{name: row._mapping[name] for name in Batch.__struct_fields__})
