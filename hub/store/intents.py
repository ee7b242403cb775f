"""Intents: what is to be sent, rendered once, with its version and its place in the order."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.domain import Authority, Model
from hub.store import tables
from hub.store.export_marks import ExportMarks
from hub.store.listed import among, listed
from hub.store.memory import Lookups
from hub.store.repository import Repository

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="deterministic").encode
Identity = tuple[str, str, str]  # destination, object, external id


def is_outdated() -> sa.ColumnElement[bool]:
    """There is a newer version of the same object."""
    columns, newer = tables.outbox.c, tables.outbox.alias().c
    return sa.exists().where(
        newer.destination == columns.destination, newer.external_id == columns.external_id,
        newer.object == columns.object, newer.version > columns.version,
    )  # fmt: skip


RESTORED = "outbox:restored"  # when the copy was taken that this store is, while that is not long ago
_INSERT = sa.insert(tables.outbox)
_WANTED = ("id", "destination", "object", "external_id", "version", "digest", "state", "attempt")
_NEWEST = sa.select(*(tables.outbox.c[name] for name in _WANTED)).where(
    tables.outbox.c.destination == sa.bindparam("destination"), among(tables.outbox.c.external_id), ~is_outdated()
)


def restored_at(known: Lookups) -> datetime | None:
    """When the copy was taken that this store is, while that was not long ago."""
    copied_at = known.get(RESTORED)
    return datetime.fromisoformat(copied_at) if copied_at else None


class Draft(Model):
    """One rendered object, before it has a number and a version."""

    destination: str
    object: str
    external_id: str
    body: dict[str, Any]
    handoff: str
    lane: str = ""
    parent: str | None = None
    authority: dict[str, Authority] = {}
    known_as: tuple[str, ...] = ()
    mapping: str = ""  # name@version
    post: str | None = None  # keys whose tombstone cancels it; None where it must go out whatever happens
    author: str | None = None

    @property
    def identity(self) -> Identity:
        """What makes two drafts versions of one object."""
        return self.destination, self.object, self.external_id

    @property
    def digest(self) -> str:
        """Of the body, whatever the order of its fields."""
        return sha256(_encode_sorted(self.body)).hexdigest()


class Intended(Model, omit_defaults=False):
    """What came of the drafts, in numbers."""

    new: int = 0
    unchanged: int = 0
    superseded: int = 0  # versions that were never tried and now never will be


class Intents(Repository):
    """The way into the outbox."""

    def add(self, drafts: Sequence[Draft]) -> Intended:
        """Write those that say something new."""
        self._hold("outbox")
        newest = self._newest(drafts)
        rows: list[dict[str, Any]] = []
        unchanged = 0
        outdated: list[int] = []
        doubt = self._doubt()
        for draft in drafts:
            identity = draft.identity
            before = newest.get(identity)
            digest = draft.digest
            if before is not None and before["digest"] == digest and before["state"] != "cancelled":
                unchanged += 1
                continue
            if before is not None and before["state"] == "pending" and before["attempt"] == 0:
                before["state"] = "superseded"  # one of this very call is written so at once
                outdated += [before["id"]] if "id" in before else []
            row = self._row(draft, digest, before["version"] + 1 if before else 1) | doubt
            newest[identity] = row
            rows.append(row)
        replaced = self._supersede(outdated) + sum(row["state"] == "superseded" for row in rows)
        if self._write_rows(_INSERT, rows):
            marks = ExportMarks(self._connection, now=self.now, writing=self._writing)
            marks.due({row["handoff"] for row in rows})
        return Intended(new=len(rows), unchanged=unchanged, superseded=replaced)

    def _doubt(self) -> dict[str, Any]:
        """What a row looks like that has to be looked up before it is sent: it may be there from before."""
        moment = restored_at(Lookups(self._connection, now=self.now, writing=self._writing))
        return {"state": "in_doubt" if moment else "pending", "claimed_at": moment}

    def _newest(self, drafts: Iterable[Draft]) -> dict[Identity, dict[str, Any]]:
        """The newest version of each of these objects."""
        ids: dict[str, set[str]] = {}
        for draft in drafts:
            ids.setdefault(draft.destination, set()).add(draft.external_id)
        found: dict[Identity, dict[str, Any]] = {}
        for destination, external_ids in sorted(ids.items()):
            for row in self._rows(_NEWEST, destination=destination, listed=listed(external_ids)):
                found[row.destination, row.object, row.external_id] = dict(row._mapping)
        return found

    def _supersede(self, ids: Sequence[int]) -> int:
        """Unless a worker has claimed them meanwhile; the new version then simply comes after."""
        columns = tables.outbox.c
        untried = sa.update(tables.outbox).where(columns.state == "pending", columns.attempt == 0, among(columns.id))
        gone = untried.values(state="superseded", settled_at=self.now)
        return self._write(gone, listed=listed(ids)) if ids else 0

    def _row(self, draft: Draft, digest: str, version: int) -> dict[str, Any]:
        return {
            "destination": draft.destination, "object": draft.object, "external_id": draft.external_id,
            "version": version, "body": _encode(draft.body).decode(), "digest": digest, "lane": draft.lane,
            "parent": draft.parent, "handoff": draft.handoff, "authority": draft.authority,
            "mapping": draft.mapping, "post": draft.post, "author": draft.author,
            "known_as": draft.known_as, "attempt": 0,
            "fence": 0, "parent_misses": 0, "looks": 0, "created_at": self.now,
        }  # fmt: skip
