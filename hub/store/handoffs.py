"""Handoffs: the work that posts gave rise to, each with why."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.domain import Handoff, HandoffKind, Model, Moment, external_id
from hub.store import tables
from hub.store.export_marks import ExportMarks
from hub.store.listed import among, listed
from hub.store.outbox_rows import OutboxReader, OutboxRow
from hub.store.repository import Repository

_decode = msgspec.json.Decoder(Handoff).decode
_encode = msgspec.json.Encoder().encode
_HANDED, _POSTS = tables.handoffs.c, tables.posts.c
_TALKS = (
    sa.select(
        _HANDED.key, _HANDED.team,
        sa.func.max(sa.func.coalesce(_POSTS.published_at, _HANDED.created_at)).label("last_at"),
    )
    .outerjoin(tables.posts, _POSTS.key == _HANDED.post)
    .where(sa.func.coalesce(_HANDED.kind, "") == "Case", among(_HANDED.author))  # by kind, SQLite would read all cases
    .group_by(_HANDED.key, _HANDED.team)
    .order_by(sa.func.min(_HANDED.created_at), _HANDED.key)
)  # fmt: skip
_EXISTING = sa.select(_HANDED.key).where(_HANDED.kind == sa.bindparam("of"), among(_HANDED.key)).distinct()


class HandedOff(Model):
    """A handoff and what became of it at each destination."""

    id: str
    handoff: Handoff
    created_at: Moment
    deliveries: tuple[OutboxRow, ...]


class Talk(Model):
    """A conversation that people have a case for."""

    key: str
    team: str  # that got it first
    last_at: Moment  # when its author last said something in it


class Begun(Model):
    """How many things were begun that are alike in all of this."""

    network: str
    visibility: str
    team: str
    route: str  # without its version
    subject: str  # that the first post of it names first; "": none of ours
    count: int


class Ended(Model):
    """A lead that somebody has won or lost."""

    network: str
    visibility: str
    team: str
    route: str
    subject: str
    won: bool
    age: timedelta  # from the lead to the day we were told


ALIKE = ("network", "visibility", "team", "route", "subject")
_ALIKE = tuple(tables.handoffs.c[name] for name in ALIKE)
_NOWHERE: dict[str, Any] = dict.fromkeys(ALIKE, "")


class Handoffs(Repository):
    """Leads, Cases and Alerts."""

    def save(self, handoffs: Sequence[Handoff]) -> list[str]:
        """Keep these; returns the id of each. One that is there already stays as it is."""
        begun = self._begun(handoffs)
        rows = [self._row(handoff) | {"begins": handoff.id in begun} for handoff in handoffs]
        rows.sort(key=lambda row: row["id"])
        if self._write_rows(self._upsert(tables.handoffs, ("id",)), rows):
            ExportMarks(self._connection, now=self.now, writing=self._writing).made(row["post"] for row in rows)
        return [handoff.id for handoff in handoffs]

    def revise(self, handoffs: Sequence[Handoff]) -> int:
        """Let these say what they say now: their rules were changed, and people agreed to that. Returns how many."""
        changing = ("team", "route", "classifier", "confidence", "run", "body", "subject")
        columns = tables.handoffs.c
        update = sa.update(tables.handoffs).where(columns.id == sa.bindparam("the_id"))
        update = update.values({name: sa.bindparam(name) for name in changing})
        rows = [
            {"the_id": handoff.id, **{name: row[name] for name in changing}}
            for handoff in handoffs
            for row in (self._row(handoff),)
        ]
        return self._write_rows(update, rows)

    def get(self, id: str) -> Handoff | None:
        """The handoff of this id."""
        row = self._one(sa.select(tables.handoffs.c.body).where(tables.handoffs.c.id == id))
        return None if row is None else _decode(row.body)

    def told(self, ids: Sequence[str]) -> list[HandedOff]:
        """These handoffs with their deliveries, in this order; unknown ones are left out."""
        columns = tables.handoffs.c
        asked = sa.select(columns.id, columns.body, columns.created_at).where(among(columns.id))
        rows = {row.id: row for row in self._rows(asked, listed=listed(ids))}
        return self._with_deliveries([rows[id] for id in dict.fromkeys(ids) if id in rows])

    def talks(self, authors: Iterable[str]) -> list[Talk]:
        """The conversations that these accounts have cases for, in the order in which they began."""
        talks: dict[str, Talk] = {}
        for row in self._rows(_TALKS, listed=listed(authors)):
            before = talks.get(row.key)
            talks[row.key] = before.with_(last_at=max(before.last_at, row.last_at)) if before else Talk(**row._mapping)
        return list(talks.values())

    def of_thing(self, kind: HandoffKind, key: str) -> list[Handoff]:
        """All of one thing, such as an incident's alerts, the first one first."""
        columns = tables.handoffs.c
        asked = sa.select(columns.body).where(columns.kind == kind, columns.key == key)
        return [_decode(row.body) for row in self._rows(asked.order_by(columns.created_at, columns.id))]

    def existing(self, kind: HandoffKind, keys: Iterable[str]) -> set[str]:
        """Those of these keys that people already have work of this kind for."""
        return {key for (key,) in self._rows(_EXISTING, listed=listed(keys), of=kind)}

    def begun(
        self, kind: HandoffKind, since: datetime, until: datetime, *, alike: Collection[str] = ALIKE
    ) -> list[Begun]:  # fmt: skip
        """What was begun in this time, counted by what it is of; a thing counts once, however many posts add to it.

        With fewer names in `alike`, only these are told apart, and the others are "".
        """
        rows = self._rows(_begun(tuple(alike)), kind=kind, since=since, until=until)
        found = [_NOWHERE | dict(row._mapping) for row in rows]
        return [Begun(**{**one, "route": _name_of(one["route"])}) for one in found]

    def beginnings(
        self, kind: HandoffKind, since: datetime, until: datetime, *, limit: int = 50, before: str | None = None,
        route: str | None = None, **alike: str | None,
    ) -> list[Handoff]:  # fmt: skip
        """The handoffs that `begun` counts, newest first; `before`: those older than the one that this post began."""
        columns = tables.handoffs.c
        asked = sa.select(columns.body).where(
            columns.kind == kind, columns.begins, columns.created_at >= since, columns.created_at < until,
            *(columns[name] == value for name, value in alike.items() if value is not None),
        )  # fmt: skip
        if route is not None:
            asked = asked.where(sa.or_(columns.route == route, columns.route.startswith(f"{route}@", autoescape=True)))
        if before is not None:
            last = self._one(
                sa.select(columns.created_at, columns.id).where(
                    columns.post == before, columns.kind == kind, columns.begins
                )
            )
            if last is None:
                return []
            asked = asked.where(sa.tuple_(columns.created_at, columns.id) < (last.created_at, last.id))
        rows = self._rows(asked.order_by(columns.created_at.desc(), columns.id.desc()).limit(limit))
        return [_decode(row.body) for row in rows]

    def ended(self, since: datetime, until: datetime) -> list[Ended]:
        """The leads that were begun in this time and of which somebody has said what became."""
        columns, ends = tables.handoffs.c, tables.lead_outcomes.c
        asked = (
            sa.select(*_ALIKE, columns.created_at, ends.won, ends.at)
            .join_from(tables.handoffs, tables.lead_outcomes, ends.lead == columns.thing)
            .where(columns.kind == "Lead", columns.begins, columns.created_at >= since, columns.created_at < until)
            .order_by(columns.created_at, columns.thing)
        )
        return [
            Ended(
                network=row.network, visibility=row.visibility, team=row.team, route=_name_of(row.route),
                subject=row.subject, won=row.won, age=row.at - row.created_at,
            )
            for row in self._rows(asked)
        ]  # fmt: skip

    def recent(
        self, limit: int = 50, *, kind: HandoffKind | None = None, team: str | None = None, post: str | None = None,
        key: str | None = None, author: str | None = None, run: str | None = None,
    ) -> list[HandedOff]:  # fmt: skip
        """The last ones, newest first, with their deliveries."""
        columns = tables.handoffs.c
        asked = {"kind": kind, "team": team, "post": post, "key": key, "author": author, "run": run}
        statement = sa.select(columns.id, columns.body, columns.created_at)
        statement = statement.where(*(columns[name] == value for name, value in asked.items() if value is not None))
        rows = self._rows(statement.order_by(columns.created_at.desc(), columns.id).limit(limit))
        return self._with_deliveries(rows)

    def _with_deliveries(self, rows: Sequence[sa.Row[Any]]) -> list[HandedOff]:
        reader = OutboxReader(self._connection, now=self.now, writing=self._writing)
        deliveries = reader.of([row.id for row in rows])
        return [
            HandedOff(
                id=row.id, handoff=_decode(row.body), created_at=row.created_at,
                deliveries=tuple(one for one in deliveries if one.handoff == row.id),
            )
            for row in rows
        ]  # fmt: skip

    def _begun(self, handoffs: Sequence[Handoff]) -> set[str]:
        """The ids of those that begin the thing they are about; every further post of an author is a lead again."""
        first: dict[tuple[str, str], str] = {}
        for handoff in handoffs:
            if handoff.first:
                first.setdefault((handoff.kind, handoff.key), handoff.id)
        leads = {key for kind, key in first if kind == "Lead"}
        there = self.existing("Lead", leads) if leads else set()
        return {id for (kind, key), id in first.items() if kind != "Lead" or key not in there}

    def _row(self, handoff: Handoff) -> dict[str, Any]:
        why = handoff.provenance
        return {
            "id": handoff.id, "kind": handoff.kind, "key": handoff.key, "post": handoff.post.key,
            "author": handoff.author.key, "team": handoff.team, "route": why.route, "classifier": why.classifier,
            "confidence": why.confidence, "run": why.run, "created_at": self.now, "body": _encode(handoff).decode(),
            "network": handoff.post.network, "visibility": handoff.post.visibility,
            "subject": next(iter(handoff.signal.subjects), ""), "thing": external_id(handoff.key),
        }  # fmt: skip


@lru_cache  # a series asks once for each of its steps
def _begun(alike: tuple[str, ...]) -> sa.Select[Any]:
    """Counts what `:kind` of thing was begun from `:since` up to `:until`."""
    columns = tables.handoffs.c
    time = {name: sa.bindparam(name, type_=columns.created_at.type) for name in ("since", "until")}
    told_apart = [columns[name] for name in alike]
    return (
        sa.select(*told_apart, sa.func.count().label("count"))
        .where(columns.kind == sa.bindparam("kind"), columns.begins)
        .where(columns.created_at >= time["since"], columns.created_at < time["until"])
        .group_by(*told_apart)
        .order_by(*told_apart)
    )


def _name_of(route: str) -> str:
    """A route's name, out of name@version."""
    return route.rpartition("@")[0] or route
