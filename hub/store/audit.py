"""The audit log: who did what to which object, and why. Entries are only added, and each seals the one before.

An entry's hash covers its words and the hash of the entry before it, so a change anywhere breaks the chain from
there on. It holds ids and digests, never a post's text or a person's name: it must survive an erasure.
"""

from hashlib import sha256

import msgspec
import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.repository import Repository

FIRST = "0" * 64


class Entry(Model, omit_defaults=False):
    """One act."""

    id: int
    at: Moment
    actor: str
    action: str
    object: str
    reason: str
    before: str | None  # digests
    after: str | None
    previous: str
    hash: str = ""

    def seal(self) -> str:
        """The hash that this entry must bear."""
        return sha256(msgspec.json.encode(self.with_(hash=""))).hexdigest()


class AuditLog(Repository):
    """The chain of all acts."""

    def append(
        self,
        *,
        actor: str,
        action: str,
        object: str,
        reason: str = "",
        before: str | None = None,
        after: str | None = None,
    ) -> int:
        """Add an entry and return its number."""
        self._hold("audit")
        last = self._one(sa.select(tables.audit.c.id, tables.audit.c.hash).order_by(tables.audit.c.id.desc()).limit(1))
        entry = Entry(
            id=last.id + 1 if last else 1, at=self.now, actor=actor, action=action, object=object, reason=reason,
            before=before, after=after, previous=last.hash if last else FIRST,
        )  # fmt: skip
        sealed = entry.with_(hash=entry.seal())
        self._write_rows(sa.insert(tables.audit), [{name: getattr(sealed, name) for name in Entry.__struct_fields__}])
        return entry.id

    def verify(self) -> int | None:
        """The number of the first entry that was changed, removed or put in; None when the chain holds."""
        previous, number = FIRST, 1
        for row in self._connection.execute(sa.select(tables.audit).order_by(tables.audit.c.id)):
            entry = Entry(**row._mapping)
            if entry.id != number or entry.previous != previous or entry.seal() != entry.hash:
                return number
            previous, number = entry.hash, number + 1
        return None

    def recent(self, limit: int = 50, *, object: str | None = None) -> list[Entry]:
        """The last entries, newest first."""
        statement = sa.select(tables.audit).order_by(tables.audit.c.id.desc()).limit(limit)
        if object is not None:
            statement = statement.where(tables.audit.c.object == object)
        return [Entry(**row._mapping) for row in self._rows(statement)]
