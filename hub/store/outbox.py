"""The outbox: each object to be sent, from the intent to the receipt (`delivery.md` 3.1).

    intend ──▶ pending ◀───────── deferred, parent_missing ──────────┐
                 │  │ └─ a newer version, never tried ─▶ superseded  │
                 │  └─ tombstone ─▶ cancelled                        │
               claim (attempt + 1, fence + 1; committed BEFORE the first byte is sent)
                 ▼                                                   │
              in_doubt ──settle──▶ done   created, updated, unchanged│
               │  ▲  │ └──settle──▶ dead  refused (and quarantined) ─┼─revive─▶ pending
               │  │  └──settle───────────────────────────────────────┘
               │  └─ unknown: stays in doubt until it is looked up
               └─ lease over, or unknown: recover (fence + 1) ─▶ look up ─▶ settle, or resend (attempt + 1)

The body is stored with the intent and never rendered again for this version. At one destination one worker at a
time holds an external id; versions of one object go one after the other, lanes keep their order, parents go before
their children. Every claim has a fencing number: a worker that slept through its lease is refused when it settles.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.domain import Authority, Delivery, Receipt
from hub.store import tables
from hub.store.circuits import FOR_PEOPLE
from hub.store.faults import faultpoint
from hub.store.intents import RESTORED, Draft, Intended, Intents, is_outdated, restored_at
from hub.store.listed import among, listed
from hub.store.memory import Lookups
from hub.store.outbox_rows import OutboxReader, is_free, is_open, unblocked
from hub.store.repository import StaleClaim
from hub.store.schema import Utc
from hub.store.settlements import Settlements

_HELD = (
    "id", "destination", "object", "external_id", "version", "body", "digest", "handoff", "lane", "parent",
    "authority", "known_as", "attempt", "fence", "claimed_at", "job", "post", "created_at",
)  # fmt: skip
DOUBT_SECONDS = 2 * 86_400.0  # after a restored copy; by then everything young enough to be work has been read again
MOST_WAITING = 10_000  # so far is counted what waits, to choose the size of a call
MOST_OF_A_JOB = 1_000_000
Size = int | Callable[[str, Callable[[], int]], int]
_decode = msgspec.json.Decoder(list[dict[str, Any]]).decode
_authority = lru_cache(maxsize=64)(msgspec.json.Decoder(dict[str, Authority]).decode)  # a mapping's, for all it makes
_names = lru_cache(maxsize=64)(msgspec.json.Decoder(tuple[str, ...]).decode)

# The statements of a claim never change, so they are written once: writing them took longer than running them.
_OUTBOX = tables.outbox.c
_NOW = sa.bindparam("now", type_=Utc())
_MINE = _OUTBOX.destination == sa.bindparam("destination")
_MAY_GO = sa.and_(_MINE, _OUTBOX.state == "pending", is_free(_OUTBOX, _NOW), unblocked(_OUTBOX))
_IS_DEAD = sa.exists().where(tables.tombstones.c.key.in_([_OUTBOX.post, _OUTBOX.author])).label("dead")
_TEXTS = {name: sa.type_coerce(_OUTBOX[name], sa.Text()).label(name) for name in ("authority", "known_as")}
_AS_CLAIMED = (
    sa.select(*(_TEXTS.get(name, _OUTBOX[name]) for name in _HELD)).order_by(_OUTBOX.id).limit(sa.bindparam("limit"))
)
_FIRST = sa.select(_OUTBOX.object).where(_MAY_GO).order_by(_OUTBOX.id).limit(1)
_NEXT = (
    _AS_CLAIMED.add_columns(_IS_DEAD)
    .where(_MAY_GO, _OUTBOX.object == sa.bindparam("object"))
    .with_for_update(skip_locked=True)
)
_WAITING = sa.select(sa.func.count()).select_from(
    sa.select(_OUTBOX.id)
    .where(_MINE, _OUTBOX.state == "pending", is_free(_OUTBOX, _NOW), _OUTBOX.object == sa.bindparam("object"))
    .limit(MOST_WAITING)
    .subquery()
)
_IN_DOUBT = sa.and_(_MINE, _OUTBOX.state == "in_doubt", is_free(_OUTBOX, _NOW))
_FIRST_DOUBT = sa.select(_OUTBOX.job).where(_IN_DOUBT).order_by(_OUTBOX.id).limit(1)
_DOUBTFUL = _AS_CLAIMED.where(_IN_DOUBT, _OUTBOX.job.is_not_distinct_from(sa.bindparam("job"))).with_for_update(
    skip_locked=True
)
_STILL_IN_DOUBT = (
    sa.select(_OUTBOX.id, _OUTBOX.fence, _IS_DEAD)
    .where(among(_OUTBOX.id), _OUTBOX.state == "in_doubt")
    .with_for_update()
)
_DELIVERED = (
    sa.select(_OUTBOX.external_id, _OUTBOX.object, _OUTBOX.object_id)
    .where(_MINE, among(_OUTBOX.external_id), _OUTBOX.state == "done", _OUTBOX.object_id.is_not(None))
    .order_by(_OUTBOX.version)
)
_LATER = tables.outbox.alias().c
_SAID = sa.select(_OUTBOX.external_id, _OUTBOX.object, _OUTBOX.body).where(
    _MINE, among(_OUTBOX.external_id), _OUTBOX.state == "done",
    ~sa.exists().where(
        _LATER.destination == _OUTBOX.destination, _LATER.external_id == _OUTBOX.external_id,
        _LATER.object == _OUTBOX.object, _LATER.version > _OUTBOX.version, _LATER.state == "done",
    ),
)  # fmt: skip
_UNTIL = sa.bindparam("until", type_=Utc())
_LEASED = (
    sa.update(tables.outbox)
    .where(among(_OUTBOX.id))
    .prefix_with("OR FAIL", dialect="sqlite")  # else SQLite copies each page first, to take back this statement alone
    .values(worker=sa.bindparam("by"), fence=_OUTBOX.fence + 1, lease_until=_UNTIL)
)
_CLAIM = _LEASED.values(state="in_doubt", attempt=_OUTBOX.attempt + 1, claimed_at=_NOW, looks=0)
_RECOVER = _LEASED.values(looks=_OUTBOX.looks + 1)


def _bring_back() -> sa.Update:
    """The newest version that was never sent, where only cancelled ones came after it."""
    older, gone, newer = (tables.outbox.alias() for _ in range(3))
    same = [
        sa.and_(*(other.c[name] == older.c[name] for name in ("destination", "object", "external_id")))
        for other in (gone, newer)
    ]
    waits_for_nothing = sa.exists().where(
        same[1], newer.c.version > older.c.version, newer.c.state.not_in(("superseded", "cancelled"))
    )
    newest = (
        sa.select(sa.func.max(older.c.id))
        .join_from(gone, older, sa.and_(same[0], older.c.version < gone.c.version))
        .where(among(gone.c.id), older.c.state == "superseded", ~waits_for_nothing)
        .group_by(older.c.destination, older.c.object, older.c.external_id)
    )
    return sa.update(tables.outbox).where(_OUTBOX.id.in_(newest)).values(state="pending", settled_at=None)


_BRING_BACK = _bring_back()


class Outbox(OutboxReader):
    """Claims and settlements; the questions are in `OutboxReader`."""

    def intend(self, drafts: Sequence[Draft]) -> Intended:
        """Put these on their way. One that says what the newest version says already is no new row."""
        return Intents(self._connection, now=self.now, writing=self._writing).add(drafts)

    def claim(self, destination: str, worker: str, *, lease_seconds: float = 120, limit: Size = 200) -> list[Delivery]:
        """What may be sent now, oldest first, all of one object; commit before sending.

        `limit` may depend on the object and on how many of it wait, which is counted when it asks. What a tombstone
        forbids is cancelled here, in the same transaction.
        """
        first = self._one(_FIRST, destination=destination, now=self.now)
        while first is not None:
            size = self._size(destination, first.object, limit)
            rows = self._rows(_NEXT, destination=destination, object=first.object, now=self.now, limit=size)
            dead = [row.id for row in rows if row.dead]
            self._cancel(dead)
            alive = [row for row in rows if not row.dead]
            if alive or not dead:
                return self._take(alive, worker, lease_seconds, sending=True)
            first = self._one(_FIRST, destination=destination, now=self.now)
        return []

    def recover(self, destination: str, worker: str, *, lease_seconds: float = 120, limit: int = 200) -> list[Delivery]:
        """What is in doubt with nobody at work on it: look each one up before anything else.

        All of one job of the other side, or else of none. `claimed_at` stays the time at which it was last sent,
        `attempt` how often it was.
        """
        first = self._one(_FIRST_DOUBT, destination=destination, now=self.now)
        if first is None:
            return []
        most = limit if first.job is None else MOST_OF_A_JOB  # a job is asked for once, however much it carries
        rows = self._rows(_DOUBTFUL, destination=destination, now=self.now, job=first.job, limit=most)
        return self._take(rows, worker, lease_seconds, sending=False)

    def hold(self, deliveries: Sequence[Delivery], *, lease_seconds: float = 120, job: str | None = None) -> None:
        """Hold these for another lease, and keep the job that carries them; StaleClaim if one of them is another's."""
        fences = {delivery.id: delivery.fence for delivery in deliveries}
        found = {row.id: row.fence for row in self._rows(_STILL_IN_DOUBT, listed=listed(fences))}
        if found != fences:
            raise StaleClaim("The lease ran out, and another worker has claimed what is being sent.")
        values: dict[str, Any] = {"lease_until": self.now + timedelta(seconds=lease_seconds)}
        self._update(fences, values if job is None else values | {"job": job})

    def resend(self, deliveries: Sequence[Delivery], *, lease_seconds: float = 120) -> list[Delivery]:
        """Looked up, and surely not there: count another attempt for those still ours, commit, and send these.

        What a tombstone forbids by now is cancelled, and not among them.
        """
        fences = {delivery.id: delivery.fence for delivery in deliveries}
        found = self._rows(_STILL_IN_DOUBT, listed=listed(fences))
        ours = {row.id: row.dead for row in found if fences[row.id] == row.fence}
        self._cancel([id for id, dead in ours.items() if dead])
        alive = [delivery for delivery in deliveries if delivery.id in ours and not ours[delivery.id]]
        until = self.now + timedelta(seconds=lease_seconds)
        sending = {"attempt": _OUTBOX.attempt + 1, "claimed_at": self.now, "lease_until": until, "job": None}
        self._update([delivery.id for delivery in alive], sending)
        return [delivery.with_(attempt=delivery.attempt + 1, claimed_at=self.now, job=None) for delivery in alive]

    def settle(self, delivery: Delivery, receipt: Receipt) -> None:
        """Keep the destination's answer; StaleClaim if somebody else has claimed the delivery since."""
        if self.settle_all([(delivery, receipt)]):
            raise StaleClaim(f"Delivery {delivery.id} is no longer ours: its lease ran out and it was claimed anew.")

    def settle_all(self, answers: Sequence[tuple[Delivery, Receipt]]) -> list[Delivery]:
        """Keep these answers; returns the deliveries whose claim is stale, of which nothing was kept."""
        return Settlements(self._connection, now=self.now, writing=self._writing).keep(answers)

    def restored(self, taken_at: datetime) -> int:
        """The store is a copy from then: what has been sent since is unknown, so everything is looked up first.

        That goes for all that waits, and for two days for all that is intended anew.
        """
        Lookups(self._connection, now=self.now, writing=self._writing).set(
            RESTORED, taken_at.isoformat(), keep_seconds=DOUBT_SECONDS
        )
        columns = tables.outbox.c
        doubt = {"state": "in_doubt", "claimed_at": taken_at, "not_before": None, "lease_until": None}
        return self._write(sa.update(tables.outbox).where(columns.state == "pending").values(doubt))

    def restored_at(self) -> datetime | None:
        """When the copy was taken that this store is, while that was not long ago."""
        return restored_at(Lookups(self._connection, now=self.now, writing=self._writing))

    def mended(self, destination: str) -> int:
        """A person has put right why the destination refused us: what waits for that waits no longer."""
        waiting = sa.update(tables.outbox).where(
            _OUTBOX.destination == destination, is_open(_OUTBOX), _OUTBOX.not_before.is_not(None),
            _OUTBOX.reason.in_(FOR_PEOPLE),
        )  # fmt: skip
        return self._write(waiting.values(not_before=None))

    def revive(self, ids: Collection[int]) -> int:
        """Try these dead ones again, body and all, unless a newer version has taken their place."""
        again = {"state": "pending", "not_before": None, "settled_at": None, "parent_misses": 0}
        dead = sa.update(tables.outbox).where(among(_OUTBOX.id), _OUTBOX.state == "dead", ~is_outdated())
        return self._write(dead.values(again), listed=listed(ids))

    def _size(self, destination: str, object: str, limit: Size) -> int:
        if isinstance(limit, int):
            return limit

        def waiting() -> int:
            found = self._one(_WAITING, destination=destination, object=object, now=self.now)
            return int(found[0]) if found else 0

        return limit(object, waiting)

    def _take(self, rows: Sequence[sa.Row[Any]], worker: str, lease_seconds: float, *, sending: bool) -> list[Delivery]:
        if rows:
            given: dict[str, Any] = {"now": self.now} if sending else {}
            given |= {"by": worker, "until": self.now + timedelta(seconds=lease_seconds)}
            self._write(_CLAIM if sending else _RECOVER, listed=listed([row.id for row in rows]), **given)
        faultpoint("store.claimed")
        return self._placed(self._deliveries(rows, sending=sending))

    def _deliveries(self, rows: Sequence[Any], *, sending: bool) -> list[Delivery]:
        """What was taken, as it stands now. Bodies are read together: one by one, that takes longer than the claim."""
        now, bodies = self.now, _decode(f"[{','.join([row.body for row in rows])}]")
        return [
            Delivery(
                id=id, destination=destination, object=object, external_id=external_id, version=version, body=body,
                digest=digest, handoff=handoff, lane=lane, parent=parent, authority=_authority(authority),
                known_as=_names(known_as), network=(post or "").partition(":")[0], decided_at=created_at,
                attempt=attempt + sending, fence=fence + 1, claimed_at=now if sending else claimed_at, job=job,
            )
            for body, (
                id, destination, object, external_id, version, _, digest, handoff, lane, parent, authority,
                known_as, attempt, fence, claimed_at, job, post, created_at, *_,
            ) in zip(bodies, rows, strict=True)
        ]  # fmt: skip

    def _placed(self, deliveries: list[Delivery]) -> list[Delivery]:
        """These, and what the destination calls those of their objects and parents that were delivered before."""
        wanted = {one.external_id for one in deliveries if one.version > 1}
        wanted |= {one.parent for one in deliveries if one.parent}
        if not wanted:
            return deliveries
        said = self._said_before(deliveries)
        there: dict[tuple[str | None, str | None], str] = {}
        for row in self._rows(_DELIVERED, destination=deliveries[0].destination, listed=listed(wanted)):
            there[row.external_id, row.object] = there[row.external_id, None] = row.object_id
        return [
            one.with_(
                object_id=there.get((one.external_id, one.object)), parent_object_id=there.get((one.parent, None)),
                before=said.get((one.external_id, one.object)),
            )
            for one in deliveries
        ]  # fmt: skip

    def _said_before(self, deliveries: Sequence[Delivery]) -> dict[tuple[str, str], dict[str, Any]]:
        """What these objects said when they were last delivered: a field that says something else was changed since."""
        asking = {one.external_id for one in deliveries if one.version > 1}
        if not asking:
            return {}
        rows = self._rows(_SAID, destination=deliveries[0].destination, listed=listed(asking))
        return {(row.external_id, row.object): msgspec.json.decode(row.body) for row in rows}

    def _cancel(self, ids: Collection[int]) -> None:
        """What a tombstone forbids; the version before it, which had given way to it, then goes after all."""
        gone = {"state": "cancelled", "reason": "tombstone", "settled_at": self.now, "lease_until": None}
        self._update(ids, gone)
        if ids:
            self._write(_BRING_BACK, listed=listed(ids))

    def _update(self, ids: Collection[int], values: dict[str, Any]) -> None:
        if ids:
            update = sa.update(tables.outbox).where(among(_OUTBOX.id)).values(values)
            self._write(update, listed=listed(ids))
