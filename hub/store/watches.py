"""Watches: where each one goes on reading, and how well it does."""

import re
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from hub.domain import Cursor, Model, Moment, Watch
from hub.errors import ContractBroken, SetupError
from hub.store import tables
from hub.store.coverage import Observed
from hub.store.repository import Repository, StaleClaim

FAR = timedelta(days=36_500)
QUOTA = "RateLimited"  # the problem of a watch that must wait, by our budget or by the other side's
AHEAD = timedelta(days=1)  # clocks differ by minutes; a cursor a day ahead would skip what is still to be written
A_DATE = re.compile(r"(?<![\w-])(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?=[T\W]|$)")


Health = Literal["new", "fresh", "failing", "paused"]


class WatchState(Model):
    """A watch as the store knows it."""

    key: str
    network: str
    kind: str
    value: str
    started_at: Moment
    cursor: Cursor
    subject: str | None = None
    team: str | None = None
    read_at: Moment | None = None
    polled_at: Moment | None = None
    posted_at: Moment | None = None
    failures: int = 0
    problem: str | None = None
    sentence: str | None = None
    paused_until: Moment | None = None
    state: Health = "new"


class Reading(Model):
    """The right to read one watch and to move its cursor, for as long as the lease lasts."""

    watch: str
    fence: int
    lease_until: Moment


class Watches(Repository):
    """Each watch's cursor and health. A cursor is opaque: only times in it are understood, to refuse the absurd."""

    def register(self, watch: Watch) -> WatchState:
        """Make the watch known; `started_at` stays that of the first time."""
        row = {
            "key": watch.key, "network": watch.network, "kind": watch.kind, "value": watch.value,
            "subject": watch.subject, "team": watch.team, "started_at": self.now, "cursor": Cursor(), "failures": 0,
        }  # fmt: skip
        insert = self._insert(tables.watches).values(row)
        update = {"subject": insert.excluded.subject, "team": insert.excluded.team}
        self._write(insert.on_conflict_do_update(index_elements=["key"], set_=update))
        found = self.get(watch.key)
        assert found is not None  # written one line above, in this transaction
        return found

    def get(self, key: str) -> WatchState | None:
        """The watch of this key, if it was ever registered."""
        row = self._one(sa.select(tables.watches).where(tables.watches.c.key == key))
        return None if row is None else self._state(row)

    def listing(self, network: str | None = None) -> list[WatchState]:
        """All watches, in order of network, kind and value."""
        columns = tables.watches.c
        statement = sa.select(tables.watches).order_by(columns.network, columns.kind, columns.value)
        if network is not None:
            statement = statement.where(columns.network == network)
        return [self._state(row) for row in self._rows(statement)]

    def take(self, key: str, reader: str, *, lease_seconds: float) -> Reading | None:
        """Be the one who reads this watch; None while another does. A reader who comes again takes its own place."""
        columns = tables.watches.c
        until = self.now + timedelta(seconds=lease_seconds)
        free = sa.or_(columns.lease_until.is_(None), columns.lease_until <= self.now, columns.reader == reader)
        taken = {"fence": columns.fence + 1, "reader": reader, "lease_until": until}
        if self._write(sa.update(tables.watches).where(columns.key == key, free).values(taken)) != 1:
            return None
        row = self._one(sa.select(columns.fence).where(columns.key == key))
        assert row is not None  # written one line above, in this transaction
        return Reading(watch=key, fence=row.fence, lease_until=until)

    def hold(self, reading: Reading, *, lease_seconds: float) -> Reading:
        """Go on reading for another lease; StaleClaim once another has taken over."""
        later = reading.with_(lease_until=self.now + timedelta(seconds=lease_seconds))
        self._while_held(reading, lease_until=later.lease_until)
        return later

    def let_go(self, reading: Reading) -> None:
        """Others may read it; StaleClaim if one of them does so already."""
        self._while_held(reading, lease_until=None, reader=None)

    def cursor(self, key: str) -> Cursor:
        """Where this watch goes on; a fresh one for a watch that never read."""
        found = self.get(key)
        cursor = found.cursor if found else Cursor()
        if day := _day_ahead(cursor, self.now):
            asked = f"{found.network} {found.kind} '{found.value}'" if found else key
            raise SetupError(
                f"The cursor of {key} says {day}, which is in the future: it would skip posts; run "
                f"`hub watch rewind {asked}`."
            )
        return cursor

    def advance(self, key: str, cursor: Cursor) -> None:
        """Keep this cursor; what it has passed must have landed."""
        if day := _day_ahead(cursor, self.now):
            raise ContractBroken(f"The network gave {key} a cursor of {day}, which is in the future; it is not kept.")
        self._change(key, cursor=cursor, read_at=self.now)

    def rewind(self, key: str, cursor: Cursor) -> None:
        """Read again from here; posts that are known stay what they are."""
        self._change(key, cursor=cursor, read_at=self.now)

    def polled(self, key: str, *, reach: timedelta = FAR) -> None:
        """A run of this watch ended well: it has seen all since the last one, as far back as its network reaches."""
        found = self.get(key)
        if found is not None:
            since = max(found.polled_at or found.started_at, self.now - reach)
            observed = Observed(self._connection, now=self.now, writing=self._writing)
            observed.saw(key, found.network, since=since, until=self.now)
            if found.problem == QUOTA:
                observed.stopped(key, found.network, since=found.polled_at or found.started_at)
        self._change(key, polled_at=self.now, failures=0, problem=None, sentence=None)

    def failed(self, key: str, code: str, sentence: str) -> int:
        """A run of this watch failed; returns how many have, one after the other."""
        self._change(key, failures=tables.watches.c.failures + 1, problem=code, sentence=sentence)
        found = self.get(key)
        if found is not None and code == QUOTA:
            observed = Observed(self._connection, now=self.now, writing=self._writing)
            observed.stopped(key, found.network, since=found.polled_at or found.started_at)
        return found.failures if found else 0

    def pause(self, key: str, until: datetime, sentence: str) -> None:
        """Leave this watch alone for a while; the sentence tells people why."""
        self._change(key, paused_until=until, sentence=sentence)

    def resume(self, key: str) -> None:
        """End a pause."""
        self._change(key, paused_until=None, sentence=None)

    def posted(self, key: str, published_at: datetime) -> None:
        """Remember when the newest post that this watch brought was published."""
        columns = tables.watches.c
        older = sa.or_(columns.posted_at.is_(None), columns.posted_at < published_at)
        self._write(sa.update(tables.watches).where(columns.key == key, older).values(posted_at=published_at))

    def _while_held(self, reading: Reading, **values: Any) -> None:
        columns = tables.watches.c
        held = sa.and_(columns.key == reading.watch, columns.fence == reading.fence)
        if self._write(sa.update(tables.watches).where(held).values(values)) != 1:
            raise StaleClaim(f"The watch {reading.watch} is no longer ours to read: our lease ran out.")

    def _change(self, key: str, **values: Any) -> None:
        self._write(sa.update(tables.watches).where(tables.watches.c.key == key).values(**values))

    def _state(self, row: sa.Row[Any]) -> WatchState:
        fields = {name: row._mapping[name] for name in WatchState.__struct_fields__ if name in row._mapping}
        return WatchState(**fields | {"cursor": Cursor.from_plain(row.cursor)}, state=_health(row, self.now))


def _health(row: sa.Row[Any], now: datetime) -> Health:
    if row.paused_until and row.paused_until > now:
        return "paused"
    if row.failures:
        return "failing"
    return "fresh" if row.polled_at else "new"


def _day_ahead(cursor: Cursor, now: datetime) -> str | None:
    """The first date in this cursor that lies too far ahead, if any."""
    said = f"{cursor.position or ''} {msgspec.json.encode(cursor.state).decode()}"
    limit = (now + AHEAD).date().isoformat()
    return next((day for day in A_DATE.findall(said) if day > limit), None)
