"""Memory: what was looked up once and need not be asked again, such as the id behind a handle."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from hub.store import tables
from hub.store.repository import Repository


class Lookups(Repository):
    """Plain data by key, for ever or for a time."""

    def get(self, key: str) -> Any | None:
        """What is remembered under this key, unless it is too old."""
        columns = tables.memory.c
        row = self._one(sa.select(columns.value, columns.kept_until).where(columns.key == key))
        if row is None or (row.kept_until is not None and row.kept_until <= self.now):
            return None
        return row.value

    def set(self, key: str, value: Any, *, keep_seconds: float | None = None) -> None:
        """Remember plain data under this key."""
        until = None if keep_seconds is None else self.now + timedelta(seconds=keep_seconds)
        row = {"key": key, "value": value, "kept_until": until}
        insert = self._insert(tables.memory).values(row)
        self._write(insert.on_conflict_do_update(index_elements=["key"], set_={"value": value, "kept_until": until}))
