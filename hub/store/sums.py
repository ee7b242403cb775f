"""Sums: what the ledger adds up, kept up with every write, since pages ask for all of it.

A transaction gathers what it changes and writes it as the last thing before it ends, in one order: so two writers
never wait for each other. What the rows themselves say is counted anew every night (`Ledger.put_right`).
"""

from collections import Counter
from collections.abc import Mapping

import sqlalchemy as sa

from hub.store import tables
from hub.store.repository import Repository

Key = tuple[str, str, str, str]
"""Network, thing, state and reason: `("x", "posts", "set_aside", "reshare")`."""

_PENDING = "hub.sums"  # in the connection's own notes: all repositories of one transaction share it
_KEY = ("network", "thing", "state", "reason")
_COLUMNS = tables.sums.c


class Sums(Repository):
    """Posts by standing, records by the state of their batch or of their quarantine."""

    def add(self, network: str, thing: str, state: str, number: int, *, reason: str | None = None) -> None:
        """So many more of these, or fewer, once the transaction ends."""
        self._refuse_while_reading()
        self._pending[network, thing, state, reason or ""] += number

    def read(self, network: str | None = None) -> Counter[Key]:
        """All sums, or those of one network, with what this transaction has changed so far."""
        asked = sa.select(tables.sums)
        if network is not None:
            asked = asked.where(_COLUMNS.network == network)
        found: Counter[Key] = Counter()
        for row in self._rows(asked):
            found[row.network, row.thing, row.state, row.reason] = row.number
        for key, number in self._pending.items() if self._writing else ():
            if network in (None, key[0]):
                found[key] += number
        return Counter({key: number for key, number in found.items() if number})

    def write(self) -> None:
        """Write what the transaction has changed; `Store.begin` does so at its end."""
        changed = {key: number for key, number in sorted(self._pending.items()) if number}
        self.forget()
        self._write_rows(self._adding(tables.sums, "number"), _rows(changed))

    def forget(self) -> None:
        """What the transaction has changed is taken back."""
        self._connection.info.pop(_PENDING, None)

    def replace(self, counted: Mapping[Key, int]) -> None:
        """These are the sums, whatever they were."""
        self.forget()
        self._write(sa.delete(tables.sums))
        self._write_rows(sa.insert(tables.sums), _rows(counted))

    @property
    def _pending(self) -> Counter[Key]:
        pending: Counter[Key] = self._connection.info.setdefault(_PENDING, Counter())
        return pending


def _rows(counted: Mapping[Key, int]) -> list[dict[str, object]]:
    return [dict(zip(_KEY, key, strict=True)) | {"number": number} for key, number in sorted(counted.items())]
