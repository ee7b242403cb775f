"""Circuits: a destination that keeps failing is left alone for a while, with one probe to see whether it is back.

Closed until the third failure in a row, then open for the cool-down. When that is over, whoever asks first may probe,
and everyone else waits for another cool-down. Whoever asks us to wait is left alone by all for as long as they asked.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.repository import Repository

FAILURES = 3
FOR_PEOPLE = ("AccessDenied", "SetupError")  # reasons that no time heals: a person must act
COOL_DOWN = timedelta(minutes=5)
_CIRCUIT = sa.select(tables.circuits).where(tables.circuits.c.name == sa.bindparam("of"))


class Circuit(Model):
    """How one destination is doing: open until a moment, be it for its failures or because it asked for a rest."""

    name: str
    failures: int  # in a row
    changed_at: Moment
    open_until: Moment | None = None
    reason: str | None = None

    @property
    def broken(self) -> bool:
        """Whether it failed so often in a row that it is only probed."""
        return self.failures >= FAILURES


class Circuits(Repository):
    """Shared by all workers, so that twenty of them do not each find out for themselves."""

    def allows(self, name: str) -> bool:
        """Whether to call it now. When its circuit is open and the time has come, this call is the one probe."""
        circuit = self._locked(name)
        if circuit is None or circuit.open_until is None:
            return True
        if circuit.open_until > self.now:
            return False
        self._keep(circuit.with_(open_until=self.now + COOL_DOWN if circuit.broken else None))
        return True

    def failed(self, name: str, reason: str, *, pause_seconds: float | None = None) -> Circuit:
        """Count a failure of a whole call; returns the circuit as it is now."""
        before = self._locked(name)
        failures = (before.failures if before else 0) + 1
        circuit = Circuit(
            name=name, failures=failures, changed_at=self.now, reason=reason,
            open_until=self._until(failures, pause_seconds),
        )  # fmt: skip
        self._keep(circuit)
        return circuit

    def succeeded(self, name: str) -> None:
        """It answered: the circuit is closed, but for a rest that it asked for."""
        before = self._locked(name)
        if before is None:
            return
        resting = not before.broken and before.open_until is not None and before.open_until > self.now
        if before.failures or (before.open_until and not resting):
            until = before.open_until if resting else None
            self._keep(Circuit(name=name, failures=0, changed_at=self.now, open_until=until))

    def mended(self, name: str) -> None:
        """A person has put right what it failed for; what it asked for itself stays as it asked."""
        circuit = self._locked(name)
        if circuit is not None and circuit.reason in FOR_PEOPLE:
            self._keep(Circuit(name=name, failures=0, changed_at=self.now))

    def rest(self, name: str, *, seconds: float) -> None:
        """The other side asked to be left alone for so long, and has not failed by that."""
        circuit = self._locked(name) or Circuit(name=name, failures=0, changed_at=self.now)
        until = self.now + timedelta(seconds=seconds)
        self._keep(circuit.with_(open_until=max(until, circuit.open_until or until)))

    def get(self, name: str) -> Circuit | None:
        """The circuit of this name; None if it never failed."""
        row = self._one(_CIRCUIT, of=name)
        return None if row is None else Circuit(**row._mapping)

    def listing(self) -> list[Circuit]:
        """All circuits that ever opened or failed, by name."""
        rows = self._rows(sa.select(tables.circuits).order_by(tables.circuits.c.name))
        return [Circuit(**row._mapping) for row in rows]

    def _until(self, failures: int, pause_seconds: float | None) -> datetime | None:
        asked = timedelta(seconds=pause_seconds or 0)
        pause = asked if failures < FAILURES else max(COOL_DOWN, asked)
        return self.now + pause if pause else None

    def _locked(self, name: str) -> Circuit | None:
        self._hold(f"circuit:{name}")
        return self.get(name)

    def _keep(self, circuit: Circuit) -> None:
        row = {name: getattr(circuit, name) for name in Circuit.__struct_fields__}
        insert = self._insert(tables.circuits).values(row)
        self._write(insert.on_conflict_do_update(index_elements=["name"], set_=row))
