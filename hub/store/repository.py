"""What every repository is made of: one connection, one moment, and a refusal to write while reading."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite as sqlite_words

from hub.errors import HubError
from hub.store.bulk import write_columns, write_rows

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


class StaleClaim(HubError):
    """A claim was settled by a worker that no longer holds it; whoever holds it now decides."""


class Repository:
    """The rows of one noun, as seen and changed by one transaction.

    `now` is the moment at which the transaction began: all rows it writes bear the same time.
    """

    def __init__(self, connection: sa.Connection, *, now: datetime, writing: bool) -> None:
        self._connection = connection
        self._writing = writing
        self.now = now

    @property
    def _sqlite(self) -> bool:
        return self._connection.dialect.name == "sqlite"

    def _rows(self, statement: sa.Executable, **given: Any) -> Sequence[sa.Row[*tuple[Any, ...]]]:
        return self._connection.execute(statement, given).all()

    def _one(self, statement: sa.Executable, **given: Any) -> sa.Row[Any] | None:
        return self._connection.execute(statement, given).first()

    def _write(self, statement: sa.Executable, **given: Any) -> int:
        """Execute once; returns the rows changed. Only inside `store.begin()`."""
        self._refuse_while_reading()
        return self._connection.execute(statement, given).rowcount

    def _write_rows(self, statement: sa.Executable, rows: Sequence[dict[str, Any]]) -> int:
        """Execute once for each row, all of which name the same values; returns the rows changed."""
        self._refuse_while_reading()
        return write_rows(self._connection, statement, rows) if rows else 0

    def _write_columns(self, statement: sa.Executable, columns: dict[str, list[Any]], **same: Any) -> int:
        """The same, of values that come column by column; `same` are those that all rows share."""
        self._refuse_while_reading()
        return write_columns(self._connection, statement, columns, same) if any(columns.values()) else 0

    def _refuse_while_reading(self) -> None:
        if not self._writing:
            raise RuntimeError("Rows are written inside store.begin(), not store.read().")

    def _insert(self, table: sa.Table) -> "sqlite_words.Insert | postgresql.Insert":
        """An INSERT that knows ON CONFLICT, in this database's words."""
        return insert_into(table, sqlite=self._sqlite)

    def _upsert(self, table: sa.Table, key: tuple[str, ...], changing: tuple[str, ...] = ()) -> sa.Insert:
        """An INSERT that gives a row which is there already these new values, or leaves it alone."""
        return _upsert(table, key, changing, self._sqlite)

    def _adding(self, table: sa.Table, *sums: str) -> sa.Insert:
        """An INSERT that adds to these sums of a row which is there already; by its primary key."""
        return _adding(table, sums, self._sqlite)

    def _hold(self, name: str) -> None:
        """Be the only writer of these rows until the transaction ends.

        On SQLite a writing transaction is alone anyway; on PostgreSQL this makes it so where rows that do not exist
        yet decide: whether a post is new, which version comes next, what the last link of a chain is.
        """
        if self._writing and not self._sqlite:
            number = int.from_bytes(sha256(f"hub:{name}".encode()).digest()[:8], signed=True)
            self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


@lru_cache
def _upsert(table: sa.Table, key: tuple[str, ...], changing: tuple[str, ...], sqlite: bool) -> sa.Insert:
    insert = insert_into(table, sqlite=sqlite)
    if not changing:
        return insert.on_conflict_do_nothing(index_elements=key)
    return insert.on_conflict_do_update(index_elements=key, set_={name: insert.excluded[name] for name in changing})


@lru_cache  # of every transaction that changes what is counted: written and compiled once
def _adding(table: sa.Table, sums: tuple[str, ...], sqlite: bool) -> sa.Insert:
    insert = insert_into(table, sqlite=sqlite)
    added = {name: table.c[name] + insert.excluded[name] for name in sums}
    return insert.on_conflict_do_update(index_elements=[column.name for column in table.primary_key], set_=added)


def insert_into(table: sa.Table, *, sqlite: bool) -> "sqlite_words.Insert | postgresql.Insert":
    """An INSERT that knows ON CONFLICT, in this database's words."""
    if sqlite:
        return sqlite_words.insert(table)
    from sqlalchemy.dialects import postgresql  # 50 ms that SQLite need not pay

    return postgresql.insert(table)
