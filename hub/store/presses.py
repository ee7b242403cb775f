"""Presses: buttons that people pressed elsewhere. Each is kept before it is acknowledged, and acted upon once.

    note ──▶ waiting ──take──▶ done, with what came of it

A press that comes again, in the same envelope or in another, is known by what it is: who pressed what, where, when.
"""

from datetime import timedelta

import msgspec
import sqlalchemy as sa

from hub.domain.presses import Press
from hub.store import tables
from hub.store.repository import Repository

_C = tables.presses.c
_decode = msgspec.json.Decoder(Press).decode
KEPT = timedelta(days=7)  # after that, one that comes again is too late to be acted upon anyway


class Presses(Repository):
    """All presses of the last days."""

    def note(self, destination: str, press: Press) -> bool:
        """Keep it; False when it is known."""
        row = {
            "id": press.id, "destination": destination, "envelope": press.envelope,
            "body": msgspec.json.encode(press).decode(), "received_at": self.now,
        }  # fmt: skip
        self._write(sa.delete(tables.presses).where(_C.done_at < self.now - KEPT))
        return self._write(self._insert(tables.presses).values(row).on_conflict_do_nothing()) == 1

    def take(self, id: str, outcome: str) -> bool:
        """Have it to oneself, in the transaction that acts upon it; False when somebody else had it."""
        waiting = sa.update(tables.presses).where(_C.id == id, _C.done_at.is_(None))
        return self._write(waiting.values(done_at=self.now, outcome=outcome)) == 1

    def refused(self, id: str, reason: str) -> None:
        """It had no effect, and why."""
        self._write(sa.update(tables.presses).where(_C.id == id).values(done_at=self.now, outcome=reason))

    def waiting(self, destination: str) -> list[Press]:
        """Those that nobody has acted upon, oldest first."""
        asked = sa.select(_C.body).where(_C.destination == destination, _C.done_at.is_(None))
        return [_decode(row.body) for row in self._rows(asked.order_by(_C.received_at, _C.id))]

    def outcomes(self, destination: str) -> dict[str, int]:
        """What came of them, in numbers."""
        asked = sa.select(_C.outcome, sa.func.count().label("times")).where(_C.destination == destination)
        return {row.outcome or "waiting": row.times for row in self._rows(asked.group_by(_C.outcome))}
