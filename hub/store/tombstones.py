"""Tombstones: keys of posts and authors that must not come back, by deletion, erasure or opt-out."""

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository

FEW = 8  # times fewer tombstones than keys: reading all of them takes less than looking for each key
_ANY = sa.select(tables.tombstones.c.key)
_FIRST = _ANY.limit(sa.bindparam("most", type_=sa.Integer()))
_DEAD = _ANY.where(among(tables.tombstones.c.key))


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
        asked = set(keys)
        few = len(asked) // FEW + 1
        buried = [key for (key,) in self._rows(_FIRST, most=few)]
        if len(buried) == few:
            buried = [key for (key,) in self._rows(_DEAD, listed=listed(asked))]
        return asked.intersection(buried)
