"""Memory: what was looked up once and need not be asked again, such as the id behind a handle."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository

_KNOWN = sa.select(tables.memory.c.key, tables.memory.c.kept_until).where(among(tables.memory.c.key))
_KEPT = sa.select(tables.memory.c.value, tables.memory.c.kept_until).where(tables.memory.c.key == sa.bindparam("of"))


class Lookups(Repository):
    """Plain data by key, for ever or for a time."""

    def get(self, key: str) -> Any | None:
        """What is remembered under this key, unless it is too old."""
        row = self._one(_KEPT, of=key)
        if row is None or (row.kept_until is not None and row.kept_until <= self.now):
            return None
        return row.value

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of these keys under which something is remembered that is not too old."""
        rows = self._rows(_KNOWN, listed=listed(keys))
        return {row.key for row in rows if row.kept_until is None or row.kept_until > self.now}

    def set(self, key: str, value: Any, *, keep_seconds: float | None = None) -> None:
        """Remember plain data under this key; None is to forget what was."""
        if value is None:
            self._write(sa.delete(tables.memory).where(tables.memory.c.key == key))
            return
        until = None if keep_seconds is None else self.now + timedelta(seconds=keep_seconds)
        row = {"key": key, "value": value, "kept_until": until}
        insert = self._insert(tables.memory).values(row)
        self._write(insert.on_conflict_do_update(index_elements=["key"], set_={"value": value, "kept_until": until}))
