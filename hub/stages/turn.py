"""A reader's turn: the lease under which one run reads one watch."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Self

from hub.domain import Watch
from hub.errors import HubError
from hub.kit import Page
from hub.store import Reading, Store, Transaction


class Turn:
    """Renewed while pages come and whenever something lands."""

    def __init__(self, store: Store, reading: Reading, lease_seconds: float) -> None:
        self.reading = reading
        self._store, self._lease_seconds = store, lease_seconds

    @classmethod
    def take(cls, store: Store, watch: Watch, run: str, *, lease_seconds: float) -> Self | None:
        """The turn of this run; None while another reads the watch."""
        with store.begin() as tx:
            tx.watches.register(watch)
            reading = tx.watches.take(watch.key, run, lease_seconds=lease_seconds)
        return cls(store, reading, lease_seconds) if reading else None

    def hold(self, tx: Transaction) -> None:
        """For another lease, in the transaction that writes what was read; StaleClaim once it is another's turn."""
        self.reading = tx.watches.hold(self.reading, lease_seconds=self._lease_seconds)

    def while_held(self, pages: Iterable[Page]) -> Iterator[Page]:
        """The pages, for as long as the watch is ours."""
        for page in pages:
            left = (self.reading.lease_until - self._store.now()).total_seconds()
            if left < self._lease_seconds / 2:
                with self._store.begin() as tx:
                    self.hold(tx)
            yield page

    def fail(self, problem: HubError) -> None:
        """It ended in trouble; whoever took over meanwhile knows better how the watch does.

        Where the store is the trouble, the turn ends with its lease.
        """
        with suppress(HubError), self._store.begin() as tx:
            tx.watches.let_go(self.reading)
            tx.watches.failed(self.reading.watch, type(problem).__name__, str(problem))
