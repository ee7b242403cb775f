"""Incidents: alerts that are one event, from the first post to the day it is over, and what people say of it.

An incident that was over and is heard of again goes on as the one that it was. What is changed besides its size is
counted (`changes`), so that its message can be brought up to date at once; growing alone can wait.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository

_COLUMNS = [column.name for column in tables.incidents.c]
_C = tables.incidents.c
_ALL = sa.select(tables.incidents)
_OPEN = _ALL.where(_C.resolved_at.is_(None)).order_by(_C.severity.desc(), _C.key)
_OVER_SINCE = _ALL.where(_C.resolved_at >= sa.bindparam("since")).order_by(_C.resolved_at.desc(), _C.key)
_MUTED = _ALL.where(_C.muted_until > sa.bindparam("now"))
MENDED = timedelta(days=7)  # after its end, a message is left as it is: it lives by the destination's own retention


class Incident(Model):
    """One event; its severity is the worst that was reported of it."""

    key: str
    title: str
    severity: int
    count: int
    opened_at: Moment
    last_at: Moment
    resolved_at: Moment | None = None
    resolved_by: str | None = None  # None: nobody; it had become quiet
    reopened_at: Moment | None = None
    subjects: tuple[str, ...] = ()  # that it was told of: its first post's, and what it turned out to be about
    acknowledged_at: Moment | None = None
    acknowledged_by: str | None = None
    verdict: str | None = None  # true, false or campaign
    verdict_by: str | None = None
    muted_until: Moment | None = None
    muted_by: str | None = None
    changes: int = 0
    told: int = 0
    told_at: Moment | None = None
    opened: bool = False  # by the call that returned it

    @property
    def group(self) -> str:
        """The rule that opened it and its first subject, such as `crisis-alert:Acme`."""
        parts = self.key.split("\x1f")
        return parts[1] if len(parts) > 1 else self.key

    @property
    def groups(self) -> tuple[str, ...]:
        """The same for each of its subjects."""
        rule, _, first = self.group.partition(":")
        return tuple(f"{rule}:{subject}" for subject in dict.fromkeys((first, *self.subjects)))


class Incidents(Repository):
    """Open and past incidents."""

    def report(
        self, key: str, *, title: str, severity: int, count: int = 1, subjects: Collection[str] = ()
    ) -> Incident:  # fmt: skip
        """Add `count` alerts to this incident; opens it if it is new, or opens it again if it was over.

        `subjects` are added to those that it is known to be about.
        """
        self._hold("incidents")
        before = self.get(key)
        about = tuple(dict.fromkeys((*(before.subjects if before else ()), *subjects)))
        if before is None:
            incident = Incident(
                key=key, title=title, severity=severity, count=count, opened_at=self.now, last_at=self.now,
                subjects=about, told_at=self.now, opened=True,
            )  # fmt: skip
        elif before.resolved_at is not None:
            incident = before.with_(
                severity=severity, count=before.count + count, last_at=self.now, reopened_at=self.now, resolved_at=None,
                resolved_by=None, acknowledged_at=None, acknowledged_by=None, changes=before.changes + 1,
                subjects=about,
            )  # fmt: skip
        else:
            worst = max(before.severity, severity)
            worse = before.changes + (worst > before.severity)
            incident = before.with_(
                severity=worst, count=before.count + count, last_at=self.now, changes=worse, subjects=about
            )
        row = {name: getattr(incident, name) for name in _COLUMNS}
        insert = self._insert(tables.incidents).values(row)
        self._write(insert.on_conflict_do_update(index_elements=["key"], set_=row))
        return incident

    def resolve(self, key: str, by: str | None = None) -> bool:
        """Close this incident; False when it was not open."""
        return self._change(key, _C.resolved_at.is_(None), resolved_at=self.now, resolved_by=by)

    def end_quiet(self, quiet: timedelta) -> int:
        """Close those of which nothing was heard for so long; returns how many."""
        silent = [each for each in self.open() if each.last_at < self.now - quiet]
        for each in silent:  # over since then, whenever somebody looks
            self._change(each.key, _C.resolved_at.is_(None), resolved_at=each.last_at + quiet, resolved_by=None)
        return len(silent)

    def acknowledge(self, key: str, by: str) -> bool:
        """Somebody looks after it; False when somebody did already, or it is over."""
        free = sa.and_(_C.acknowledged_at.is_(None), _C.resolved_at.is_(None))
        return self._change(key, free, acknowledged_at=self.now, acknowledged_by=by)

    def judge(self, key: str, verdict: str, by: str) -> bool:
        """Keep what a person says it was; the last word counts. False when it was said already."""
        other = sa.or_(_C.verdict.is_(None), _C.verdict != verdict)
        return self._change(key, other, verdict=verdict, verdict_by=by)

    def mute(self, key: str, until: datetime | None, by: str) -> bool:
        """Keep silent about it until then, or from now on no more; False when that is so already."""
        if until is None:
            return self._change(key, _C.muted_until > self.now, muted_until=None, muted_by=None)
        return self._change(key, sa.true(), muted_until=until, muted_by=by)

    def muted(self) -> dict[str, datetime]:
        """What is to be kept silent about now, by group (rule and subject), and until when."""
        rows = self._rows(_MUTED, now=self.now)
        return {group: made.muted_until for made in map(_made, rows) for group in made.groups if made.muted_until}

    def told(self, incident: Incident) -> None:
        """Its message has been written anew, with all that is known of it."""
        values = {"told": incident.changes, "told_at": self.now}
        self._write(sa.update(tables.incidents).where(_C.key == incident.key).values(values))

    def untold(self, every: timedelta) -> list[Incident]:
        """Those whose message shows less than is known: changed, unmuted by time, or grown since so long ago."""
        unmuted = sa.and_(_C.muted_until <= self.now, _C.muted_until > _C.told_at)
        grown = sa.and_(_C.last_at > _C.told_at, _C.told_at <= self.now - every)
        asked = sa.select(tables.incidents).where(sa.or_(_C.changes > _C.told, unmuted, grown)).order_by(_C.key)
        return [_made(row) for row in self._rows(asked)]

    def touched(self, keys: Collection[str]) -> None:
        """What their messages say may be out of date: something that they show is gone."""
        young = sa.or_(_C.resolved_at.is_(None), _C.resolved_at > self.now - MENDED)
        update = sa.update(tables.incidents).where(among(_C.key), young).values(changes=_C.changes + 1)
        self._write(update, listed=listed(keys))

    def get(self, key: str) -> Incident | None:
        """The incident of this key."""
        row = self._one(sa.select(tables.incidents).where(_C.key == key))
        return None if row is None else _made(row)

    def open(self) -> list[Incident]:
        """Incidents that are not over, the worst first."""
        return [_made(row) for row in self._rows(_OPEN)]

    def at_hand(self, since: datetime) -> list[Incident]:
        """Those that go on when they are heard of: open ones, the worst first, then those that ended since."""
        return [*self.open(), *(_made(row) for row in self._rows(_OVER_SINCE, since=since))]

    def recent(self, limit: int = 50) -> list[Incident]:
        """The last incidents, newest first, open or over."""
        statement = sa.select(tables.incidents).order_by(_C.opened_at.desc()).limit(limit)
        return [_made(row) for row in self._rows(statement)]

    def _change(self, key: str, still: sa.ColumnElement[bool], **values: Any) -> bool:
        changed = sa.update(tables.incidents).where(_C.key == key, still).values(changes=_C.changes + 1, **values)
        return self._write(changed) == 1


def _made(row: sa.Row[Any]) -> Incident:
    facts = dict(row._mapping)
    return Incident(**{**facts, "subjects": tuple(facts["subjects"] or ())})
