"""The claim of a running call, as its connector sees it."""

from collections.abc import Sequence
from datetime import timedelta

from hub.domain import Delivery
from hub.kit.lease import renewed
from hub.store import Store, faultpoint


class Held:
    """What the running call holds of the outbox: the kit's `Claim`."""

    def __init__(self, store: Store, deliveries: Sequence[Delivery], lease_seconds: float) -> None:
        self._store, self._deliveries, self._lease_seconds = store, deliveries, lease_seconds

    def note(self, job: str) -> None:
        """Keep the id of the job that carries these deliveries."""
        self._hold(job)
        faultpoint("deliver.noted")

    def renew(self) -> None:
        """Hold these deliveries for another lease."""
        self._hold(None)

    def _hold(self, job: str | None) -> None:
        with self._store.begin() as tx:
            tx.outbox.hold(self._deliveries, lease_seconds=self._lease_seconds, job=job)
            renewed(tx.now + timedelta(seconds=self._lease_seconds))
