"""Runs: every start of a stage, when it ended and how."""

from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.repository import Repository


class Run(Model):
    """One start of one stage."""

    id: str
    kind: str
    started_at: Moment
    status: str  # running, or what `finish` said
    finished_at: Moment | None = None
    detail: dict[str, Any] = {}


class Runs(Repository):
    """What ran, newest first."""

    def start(self, kind: str, id: str | None = None) -> str:
        """Note that a run began; a run that is started again under its id keeps its first start."""
        id = id or f"{kind}-{self.now:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
        row = {"id": id, "kind": kind, "started_at": self.now, "status": "running", "detail": {}}
        again = {"status": "running", "finished_at": None}
        insert = self._insert(tables.runs).values(row)
        self._write(insert.on_conflict_do_update(index_elements=["id"], set_=again))
        return id

    def finish(self, id: str, status: str, detail: dict[str, Any] | None = None) -> None:
        """Note how a run ended; `detail` holds counts, never content."""
        ended = {"finished_at": self.now, "status": status, "detail": detail or {}}
        self._write(sa.update(tables.runs).where(tables.runs.c.id == id).values(ended))

    def get(self, id: str) -> Run | None:
        """The run of this id."""
        row = self._one(sa.select(tables.runs).where(tables.runs.c.id == id))
        return None if row is None else Run(**row._mapping)

    def recent(self, *, kind: str | None = None, limit: int = 50) -> list[Run]:
        """The last runs, newest first."""
        statement = sa.select(tables.runs).order_by(tables.runs.c.started_at.desc()).limit(limit)
        if kind is not None:
            statement = statement.where(tables.runs.c.kind == kind)
        return [Run(**row._mapping) for row in self._rows(statement)]
