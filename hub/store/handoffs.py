"""Handoffs: the work that posts gave rise to, each with why."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.domain import Handoff, HandoffKind, Model, Moment
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.outbox_rows import OutboxReader, OutboxRow
from hub.store.repository import Repository

_decode = msgspec.json.Decoder(Handoff).decode
_encode = msgspec.json.Encoder().encode


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


class Handoffs(Repository):
    """Leads, Cases and Alerts."""

    def save(self, handoffs: Sequence[Handoff]) -> list[str]:
        """Keep these; returns the id of each. One that is there already stays as it is."""
        rows = [self._row(handoff) for handoff in sorted(handoffs, key=lambda one: one.id)]
        self._write_rows(self._upsert(tables.handoffs, ("id",)), rows)
        return [handoff.id for handoff in handoffs]

    def revise(self, handoffs: Sequence[Handoff]) -> int:
        """Let these say what they say now: their rules were changed, and people agreed to that. Returns how many."""
        changing = ("team", "route", "classifier", "confidence", "run", "body")
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
        columns, posts = tables.handoffs.c, tables.posts.c
        began_at = sa.func.min(columns.created_at)
        last_at = sa.func.max(sa.func.coalesce(posts.published_at, columns.created_at))
        statement = (
            sa.select(columns.key, columns.team, last_at.label("last_at"))
            .outerjoin(tables.posts, posts.key == columns.post)
            .where(columns.kind == "Case", among(columns.author))
            .group_by(columns.key, columns.team)
            .order_by(began_at, columns.key)
        )
        talks: dict[str, Talk] = {}
        for row in self._rows(statement, listed=listed(authors)):
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
        columns = tables.handoffs.c
        asked = sa.select(columns.key).where(columns.kind == kind, among(columns.key)).distinct()
        return {row.key for row in self._rows(asked, listed=listed(keys))}

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

    def _row(self, handoff: Handoff) -> dict[str, Any]:
        why = handoff.provenance
        return {
            "id": handoff.id, "kind": handoff.kind, "key": handoff.key, "post": handoff.post.key,
            "author": handoff.author.key, "team": handoff.team, "route": why.route, "classifier": why.classifier,
            "confidence": why.confidence, "run": why.run, "created_at": self.now, "body": _encode(handoff).decode(),
        }  # fmt: skip
