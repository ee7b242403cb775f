"""Kept tokens, encrypted by whoever hands them in; one holder of a lease at a time may put in a new one."""

from datetime import timedelta

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.repository import Repository, StaleClaim

_columns = tables.tokens.c
_KEPT = sa.select(_columns.secret, _columns.stale, _columns.fence, _columns.lease_until).where(
    _columns.connection == sa.bindparam("of")
)


class KeptToken(Model):
    """What is kept for one connection; `fence` grows with each fetch that was begun."""

    secret: str | None
    stale: bool
    fence: int
    lease_until: Moment | None = None


class KeptTokens(Repository):
    """Ciphertexts by connection, with the lease under which the next one is fetched."""

    def get(self, connection: str) -> KeptToken | None:
        """What is kept for this connection."""
        row = self._one(_KEPT, of=connection)
        return None if row is None else KeptToken(**row._mapping)

    def take(self, connection: str, holder: str, *, lease_seconds: float) -> int | None:
        """Be the one who fetches the next token: a fencing number, or None while someone else is at it."""
        self._hold(f"token:{connection}")
        kept = self.get(connection)
        if kept is not None and kept.lease_until is not None and kept.lease_until > self.now:
            return None
        fence = kept.fence + 1 if kept else 1
        lease = {"fence": fence, "holder": holder, "lease_until": self.now + timedelta(seconds=lease_seconds)}
        row = {"connection": connection, "secret": None, "stale": True, "changed_at": self.now, **lease}
        insert = self._insert(tables.tokens).values(row)
        self._write(insert.on_conflict_do_update(index_elements=["connection"], set_=lease))
        return fence

    def keep(self, connection: str, fence: int, secret: str | None) -> None:
        """Put in the new token (None: forget the old one) and let go of the lease."""
        columns = tables.tokens.c
        held = sa.update(tables.tokens).where(columns.connection == connection, columns.fence == fence)
        new = {"secret": secret, "stale": secret is None, "lease_until": None, "holder": None, "changed_at": self.now}
        if self._write(held.values(new)) != 1:
            raise StaleClaim(f"The token of {connection} was fetched by someone else meanwhile; theirs is kept.")

    def let_go(self, connection: str, fence: int) -> None:
        """Let go of the lease with nothing new; the old token stays."""
        columns = tables.tokens.c
        held = sa.update(tables.tokens).where(columns.connection == connection, columns.fence == fence)
        self._write(held.values(lease_until=None, holder=None))

    def spoil(self, connection: str, secret: str) -> None:
        """This token was refused; does nothing if another one has taken its place, or does so at this moment."""
        columns = tables.tokens.c
        same = sa.update(tables.tokens).where(columns.connection == connection, columns.secret == secret)
        self._write(same.values(stale=True))
