"""The protocol by itself: jobs over there, and workers that sleep through their leases."""

from collections.abc import Iterator, Sequence

import connectors
from hub.domain import Delivery, Receipt
from hub.kit import Connection, Destination, running
from hub.stages import deliver
from hub.store.faults import Ended
from tests.faults.ground import LEASE_SECONDS, Ground


class Office(Destination):
    """Every handing over makes one more thing, when its job is done; nothing can be found before."""

    batch_size = 100
    handed: list[list[str]]
    dies: bool

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        self.claim.note(f"job-{len(self.handed) + 1}")
        self.handed.append([one.external_id for one in deliveries])
        if self.dies:
            raise Ended
        yield from (running(one, ask_again_in=2) for one in deliveries)

    def resume(self, job: str, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        yield from (Receipt(delivery=one.id, outcome="created", object_id=job) for one in deliveries)

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[object]:  # type: ignore[override]
        return iter(())


def office(ground: Ground, *, dies: bool) -> Office:
    """One of Zendesk's kind that works by jobs."""
    made = Office(connectors.manifest("zendesk"), Connection(id="office"), ground.hub.services)
    made.handed, made.dies = [], dies
    return made


def test_f40_a_process_that_ends_in_the_midst_of_a_job_does_not_hand_it_over_again(ground: Ground) -> None:
    for number in range(3):
        ground.hand_over("Case", number)
    over_there = office(ground, dies=True)
    try:
        deliver.run(over_there, store=ground.store, worker="one", lease_seconds=LEASE_SECONDS)
    except Ended:
        over_there.dies = False
    ground.clock.forward(LEASE_SECONDS + 1)

    deliver.run(over_there, store=ground.store, worker="two", lease_seconds=LEASE_SECONDS)

    assert len(over_there.handed) == 1
    assert set(ground.states("zendesk")) == {"done"}
