"""Tombstones: keys of posts and authors that must not come back, by deletion, erasure or opt-out."""

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository

_DEAD = sa.select(tables.tombstones.c.key).where(among(tables.tombstones.c.key))


class Tombstones(Repository):
    """What is dead stays dead: checked when posts are admitted and when deliveries are claimed."""

    def add(self, keys: Collection[str], reason: str) -> int:
        """Bury these keys; returns how many were not buried yet. The first reason stays."""
        fresh = set(keys) - self.dead(keys)
        rows = [{"key": key, "reason": reason, "at": self.now} for key in sorted(fresh)]
        self._write_rows(self._upsert(tables.tombstones, ("key",)), rows)
        return len(fresh)

    def dead(self, keys: Iterable[str]) -> set[str]:
        """Those of these keys that are buried."""
        return {row.key for row in self._rows(_DEAD, listed=listed(keys))}
