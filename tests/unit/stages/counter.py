"""A destination that keeps what it is handed, and misbehaves when a test says so."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import connectors
from hub.domain import Delivery, FoundRecord, Receipt
from hub.errors import HubError
from hub.kit import Connection, Destination, Services
from tests.unit.stages.world import Clock

Trouble = HubError | Callable[[Delivery], Receipt]


class Counter(Destination):
    """Sending twice is harmful here: every send makes one more thing, which is what the tests look for."""

    batch_size = 10
    visibility_seconds = 30.0

    def __init__(self, clock: Clock, name: str = "zendesk") -> None:
        local = Services.local(clock=clock)
        super().__init__(connectors.manifest(name), Connection(id="counter"), replace(local, clock=clock))
        self.things: list[tuple[str, dict[str, Any], str]] = []  # external id, body, digest
        self.calls: list[list[str]] = []
        self.looked: list[list[str]] = []
        self.before: list[HubError | None] = []  # trouble of the next calls, before anything is done
        self.after: list[HubError | None] = []  # trouble of the next calls, once all of it is done
        self.answers: dict[str, list[Callable[[Delivery], Receipt]]] = {}  # by external id, one for each try
        self.drop_answers = 0  # so many answers of the next call are left out
        self.find_trouble: list[HubError] = []
        self.hidden = False  # what is there does not show yet

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        self.calls.append([one.external_id for one in deliveries])
        if self.before and (trouble := self.before.pop(0)):
            raise trouble
        receipts = [self._one(delivery) for delivery in deliveries]
        if self.after and (trouble := self.after.pop(0)):
            raise trouble
        kept, self.drop_answers = receipts[: len(receipts) - self.drop_answers], 0
        yield from kept

    def find(self, deliveries: Sequence[Delivery]) -> Iterator[FoundRecord]:
        self.looked.append([one.external_id for one in deliveries])
        if self.find_trouble:
            raise self.find_trouble.pop(0)
        wanted = {one.external_id for one in deliveries}
        for external_id, body, digest in [] if self.hidden else self.things:
            if external_id in wanted:
                yield FoundRecord(external_id=external_id, object_id=f"id-{external_id}", digest=digest, fields=body)

    def _one(self, delivery: Delivery) -> Receipt:
        told = self.answers.get(delivery.external_id)
        if told:
            return told.pop(0)(delivery)
        if delivery.object_id:
            self.things = [thing for thing in self.things if thing[0] != delivery.external_id]
        self.things.append((delivery.external_id, delivery.body, delivery.digest))
        outcome = "updated" if delivery.object_id else "created"
        return Receipt(delivery=delivery.id, outcome=outcome, object_id=f"id-{delivery.external_id}")


def refuse(delivery: Delivery) -> Receipt:
    """The destination looked at it and said no."""
    return Receipt(delivery=delivery.id, outcome="refused", reason="field_missing", detail="It lacks a field.")


def defer(seconds: float | None = None) -> Callable[[Delivery], Receipt]:
    """Not now."""
    return lambda delivery: Receipt(delivery=delivery.id, outcome="deferred", reason="locked", retry_after=seconds)


def lack_parent(delivery: Delivery) -> Receipt:
    """What it hangs below is not there."""
    return Receipt(delivery=delivery.id, outcome="parent_missing", reason="no_ticket")
