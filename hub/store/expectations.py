"""Expectations: what the batch gate said of each run, kept to be shown and compared."""

from typing import Any

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.repository import Repository


class Validation(Model):
    """One run of one suite."""

    run: str
    suite: str
    at: Moment
    success: bool
    statistics: dict[str, Any]
    failures: tuple[dict[str, Any], ...] = ()


class ExpectationsHistory(Repository):
    """Validations, newest first."""

    def save(
        self, *, run: str, suite: str, success: bool, statistics: dict[str, Any], failures: list[dict[str, Any]]
    ) -> None:
        """Keep what a suite said of a run: counts and names of expectations, no values."""
        row = {"run": run, "suite": suite, "success": success, "statistics": statistics, "failures": failures}
        self._write_rows(sa.insert(tables.expectations), [{**row, "at": self.now}])

    def recent(self, limit: int = 50, *, run: str | None = None) -> list[Validation]:
        """The last validations, newest first."""
        columns = tables.expectations.c
        statement = sa.select(tables.expectations).order_by(columns.id.desc()).limit(limit)
        if run is not None:
            statement = statement.where(columns.run == run)
        return [
            Validation(
                run=row.run, suite=row.suite, at=row.at, success=row.success, statistics=row.statistics,
                failures=tuple(row.failures),
            )
            for row in self._rows(statement)
        ]  # fmt: skip
