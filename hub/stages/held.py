"""The claim of a running call, as its connector sees it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.domain import Delivery
from hub.kit.lease import renewed
from hub.store import Store, faultpoint

LONG_WAIT = timedelta(seconds=5)  # after which a claim is renewed before its turn is taken


class Held:
    """What the running call holds of the outbox: the kit's `Claim`."""

    def __init__(
        self, store: Store, deliveries: Sequence[Delivery], lease_seconds: float, *, since: datetime
    ) -> None:  # fmt: skip
        self._store, self._deliveries, self._lease_seconds = store, deliveries, lease_seconds
        self._since = since  # claimed, or claimed anew

    def note(self, job: str) -> None:
        """Keep the id of the job that carries these deliveries."""
        self._hold(job)
        faultpoint("deliver.noted")

    def renew(self) -> None:
        """Hold these deliveries for another lease."""
        self._hold(None)

    def hold_on(self) -> None:
        """Renew the claim where it has waited for long, by the clock that all workers of the store share."""
        if self._store.now() - self._since > LONG_WAIT:
            self.renew()

    def _hold(self, job: str | None) -> None:
        with self._store.begin() as tx:
            tx.outbox.hold(self._deliveries, lease_seconds=self._lease_seconds, job=job)
            self._since = tx.now
            renewed(tx.now + timedelta(seconds=self._lease_seconds))
