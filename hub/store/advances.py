"""Calls taken in advance: while a network is read, a process takes some calls of a large budget at a time.

A transaction for each call cost a third of collecting. What is taken in advance counts as used from then on, for all
processes, and may be used until its time is over; what is left then, or when reading ends, is given back. Whoever is
killed leaves it counted until it has left the window: too few calls are made then, never too many.

Nobody is left short: at most a hundredth of what is free is taken, and first nothing; then more, each time that the
last was used up in time. Of a small budget, one of which little is left, or one whose calls keep a distance, calls
are taken one by one.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from hub.domain import Budget
from hub.errors import HubError
from hub.store.store import Store

HELD = timedelta(seconds=10)  # at most: so soon all hear of a distance that another process was told to keep
DOUBLED = 7  # times: up to so many times what one call costs


@dataclass
class Advance:
    """Calls that this process has taken and not made."""

    at: datetime  # when they count as made: no earlier than the last of them is
    since: datetime
    until: datetime
    left: int = 0

    def is_good(self, now: datetime) -> bool:
        """Whether they may be made now; a clock that was put back makes them no younger."""
        return self.since <= now < self.until


class Advances:
    """Those of one network's budgets, for all threads of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._held: dict[str, Advance] = {}
        self._pace: dict[str, int] = {}  # by name: how often the last advance was used up in time

    def take(self, name: str, budget: Budget, cost: int) -> float:
        """Zero when taken, or given back; else the seconds until there may be room."""
        with self._lock:
            now = self._store.now()
            held = self._held.get(name)
            good = held is not None and held.is_good(now)
            if held is not None and good and cost <= held.left:
                held.left -= cost
                return 0.0
            if cost > 0:
                self._pace[name] = min(self._pace.get(name, -1) + 1, DOUBLED) if good else 0
            return self._take(name, budget, cost)

    def end(self, name: str | None = None) -> None:
        """Give back what is left, of one budget or of all; where the store is the trouble, it lapses."""
        with self._lock:
            names = sorted(self._held) if name is None else [name] if name in self._held else []
            left = [(each, self._held.pop(each)) for each in names]
            if any(one.left for _, one in left):
                with suppress(HubError), self._store.begin() as tx:
                    for each, one in left:
                        tx.budgets.give_back(each, one.at, one.left)

    def _take(self, name: str, budget: Budget, cost: int) -> float:
        held = self._held.pop(name, None)  # whatever comes of the transaction, nothing is given back twice
        more = cost * (2 ** self._pace.get(name, 0) // 2) if cost > 0 else 0
        with self._store.begin() as tx:
            if held is not None:
                tx.budgets.give_back(name, held.at, held.left)
            taken = tx.budgets.take(name, budget, cost=cost, more=more)
            if taken.at is not None:
                self._held[name] = Advance(taken.at, tx.now, min(taken.at, tx.now + HELD), taken.more)
        return taken.wait
