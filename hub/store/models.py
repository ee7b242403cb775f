"""Trained models: candidates, the one that runs, and those that ran before. All workers see the same one at once.

A model is a few megabytes and changes when a person says so, so it lies in the store: no path must be shared between
machines, and what runs changes in the transaction that is audited.
"""

from typing import Any, Literal

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.errors import SetupError
from hub.store import tables
from hub.store.audit import AuditLog
from hub.store.repository import Repository

ModelState = Literal["candidate", "running", "retired"]


class KeptModel(Model, omit_defaults=False):
    """What is known of a model without opening it."""

    version: str
    made_at: Moment
    state: ModelState
    changed_at: Moment
    took_over_from: str | None  # the version that ran before it; None: the engine that needs no training
    report: dict[str, Any]


_ABOUT = sa.select(*(tables.models.c[name] for name in KeptModel.__struct_fields__))


class Models(Repository):
    """All models that were trained here."""

    def keep(self, version: str, file: bytes, report: dict[str, Any]) -> None:
        """Keep a candidate; the same version again changes nothing."""
        row = {
            "version": version, "made_at": self.now, "state": "candidate", "changed_at": self.now,
            "took_over_from": None, "report": report, "file": file,
        }  # fmt: skip
        self._write_rows(self._upsert(tables.models, ("version",)), [row])

    def listing(self, limit: int = 50) -> list[KeptModel]:
        """The newest first."""
        rows = self._rows(_ABOUT.order_by(tables.models.c.made_at.desc(), tables.models.c.version).limit(limit))
        return [KeptModel(**row._mapping) for row in rows]

    def get(self, version: str) -> KeptModel:
        """One model; an unknown version is a SetupError."""
        row = self._one(_ABOUT.where(tables.models.c.version == version))
        if row is None:
            raise SetupError(f"There is no model {version!r}; `hub train --list` shows those there are.")
        return KeptModel(**row._mapping)

    def running(self) -> str | None:
        """The version that runs; None where the engine that needs no training does."""
        row = self._one(sa.select(tables.models.c.version).where(tables.models.c.state == "running"))
        return row.version if row else None

    def file(self, version: str) -> bytes:
        """The bytes that `LinearModel.load` reads."""
        row = self._one(sa.select(tables.models.c.file).where(tables.models.c.version == version))
        if row is None:
            raise SetupError(f"There is no model {version!r}; `hub train --list` shows those there are.")
        return bytes(row.file)

    def run(self, version: str, *, who: str, reason: str = "") -> str | None:
        """Let this version run from now on; returns the one that ran."""
        self._hold("models")
        self.get(version)
        before = self.running()
        if before != version:
            self._retire(before)
            self._change(version, state="running", took_over_from=before)
            self._note("model run", version, before, version, who, reason)
        return before

    def undo(self, *, who: str, reason: str = "") -> str | None:
        """Bring back what ran before the running model; returns its version, None for the engine without training."""
        self._hold("models")
        running = self.running()
        if running is None:
            raise SetupError("No trained model runs; there is nothing to take back.")
        before = self.get(running).took_over_from
        self._retire(running)
        if before is not None:
            self._change(before, state="running", took_over_from=self.get(before).took_over_from)
        self._note("model taken back", running, running, before, who, reason)
        return before

    def _retire(self, version: str | None) -> None:
        if version is not None:
            self._change(version, state="retired", took_over_from=self.get(version).took_over_from)

    def _change(self, version: str, *, state: ModelState, took_over_from: str | None) -> None:
        self._write(
            sa.update(tables.models)
            .where(tables.models.c.version == version)
            .values(state=state, took_over_from=took_over_from, changed_at=self.now)
        )

    def _note(self, action: str, version: str, before: str | None, after: str | None, who: str, reason: str) -> None:
        log = AuditLog(self._connection, now=self.now, writing=self._writing)
        log.append(actor=who, action=action, object=f"model:{version}", reason=reason, before=before, after=after)
