"""Settlements: what each answer means for the delivery it answers.

Most calls end well. What is there now is written by one statement that names the fence, with no look at the claims
first; only where it changed fewer rows than there are answers is it asked which.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from hub.domain import JOB_RUNNING, Delivery, Receipt
from hub.store import tables
from hub.store.faults import faultpoint
from hub.store.latencies import Latencies
from hub.store.listed import among, listed
from hub.store.quarantine import Quarantine, Rejected
from hub.store.repository import Repository
from hub.store.schema import Utc

PARENT_TRIES = 5  # so often a parent may be missing before a person looks
WRITTEN = ("created", "updated", "unchanged")  # outcomes after which the object is there as it should be
LONGEST_WAIT_SECONDS = 300.0
LONGEST_DOUBT_SECONDS = 3600.0  # between two look-ups of what stays in doubt
Answer = tuple[Delivery, Receipt]

_HELD = (
    sa.select(
        *(tables.outbox.c[name] for name in ("id", "fence", "parent_misses", "object_id", "post", "looks", "job"))
    )
    .where(among(tables.outbox.c.id), tables.outbox.c.state == "in_doubt")
    .with_for_update()
)
_CHANGING = (
    "state",
    "outcome",
    "object_id",
    "url",
    "reason",
    "detail",
    "not_before",
    "settled_at",
    "parent_misses",
    "looks",
    "job",
)


class Settlements(Repository):
    """Answers come in whole calls; each one is kept by itself."""

    def keep(self, answers: Sequence[Answer]) -> list[Delivery]:
        """Keep the answers to claims that still hold; returns the deliveries of the others."""
        good = [pair for pair in answers if pair[1].outcome in WRITTEN]
        others = [pair for pair in answers if pair[1].outcome not in WRITTEN] if len(good) < len(answers) else []
        stale = (self._finish(good) if good else []) + (self._keep_each(others) if others else [])
        faultpoint("store.settled")
        return stale

    def _finish(self, answers: Sequence[Answer]) -> list[Delivery]:
        """Write down that these are there; returns those that are somebody else's by now."""
        deliveries, receipts = [delivery for delivery, _ in answers], [receipt for _, receipt in answers]
        columns: dict[str, list[Any]] = {
            "the_id": [delivery.id for delivery in deliveries],
            "the_fence": [delivery.fence for delivery in deliveries],
            "new_outcome": [receipt.outcome for receipt in receipts],
            "new_object_id": [receipt.object_id for receipt in receipts],
            "new_url": [receipt.url for receipt in receipts],
            "new_reason": [receipt.reason for receipt in receipts],
            "new_detail": [receipt.detail for receipt in receipts],
        }
        if self._write_columns(_DONE, columns, now=self.now) == len(answers):
            self._clock(deliveries)
            return []
        written = {
            (row.id, row.fence) for row in self._rows(_WRITTEN_NOW, listed=listed(columns["the_id"]), at=self.now)
        }
        self._clock([delivery for delivery in deliveries if (delivery.id, delivery.fence) in written])
        return [delivery for delivery in deliveries if (delivery.id, delivery.fence) not in written]

    def _clock(self, deliveries: Sequence[Delivery]) -> None:
        """Count how long objects took that are there for the first time."""
        times = [
            (delivery.network, (self.now - delivery.decided_at).total_seconds())
            for delivery in deliveries
            if delivery.version == 1 and delivery.decided_at and delivery.network
        ]
        Latencies(self._connection, now=self.now, writing=self._writing).handed_over(times)

    def _keep_each(self, answers: Sequence[Answer]) -> list[Delivery]:
        held = self._held([delivery.id for delivery, _ in answers])
        ours = [pair for pair in answers if pair[0].id in held and held[pair[0].id].fence == pair[0].fence]
        rows = [self._row(delivery, receipt, held[delivery.id]) for delivery, receipt in ours]
        self._write_rows(_UPDATE, rows)
        dead = [pair for pair, row in zip(ours, rows, strict=True) if row["new_state"] == "dead"]
        if dead:
            faultpoint("store.refused")
            quarantine = Quarantine(self._connection, now=self.now, writing=self._writing)
            quarantine.add_all([_rejected(delivery, receipt, held[delivery.id]) for delivery, receipt in dead])
        kept = {delivery.id for delivery, _ in ours}
        return [delivery for delivery, _ in answers if delivery.id not in kept]

    def _held(self, ids: Sequence[int]) -> dict[int, sa.Row[Any]]:
        return {row.id: row for row in self._rows(_HELD, listed=listed(ids))}

    def _row(self, delivery: Delivery, receipt: Receipt, held: sa.Row[Any]) -> dict[str, Any]:
        misses = held.parent_misses + (receipt.outcome == "parent_missing")
        state = _state(receipt, misses)
        waits = state in ("pending", "in_doubt")
        looks = held.looks if state == "in_doubt" and receipt.reason != JOB_RUNNING else 0
        return {
            "the_id": delivery.id, "new_state": state, "new_outcome": receipt.outcome, "new_url": receipt.url,
            "new_object_id": receipt.object_id or held.object_id, "new_reason": receipt.reason,
            "new_detail": receipt.detail,
            "new_not_before": self._not_before(delivery, receipt, looks) if waits else None,
            "new_settled_at": None if waits else self.now, "new_parent_misses": misses, "new_looks": looks,
            "new_job": held.job if state == "in_doubt" else None,
        }  # fmt: skip

    def _not_before(self, delivery: Delivery, receipt: Receipt, looks: int) -> datetime:
        """As long as the other side asked, else twice as long as the last time."""
        wait = receipt.retry_after
        if wait is None:
            longest = LONGEST_DOUBT_SECONDS if looks else LONGEST_WAIT_SECONDS
            wait = min(2.0 ** min(delivery.attempt + looks, 16), longest)
        return self.now + timedelta(seconds=max(wait, 0.0))


def _state(receipt: Receipt, misses: int) -> str:
    match receipt.outcome:
        case "created" | "updated" | "unchanged":
            return "done"
        case "unknown":
            return "in_doubt"
        case "deferred":
            return "pending"
        case "parent_missing":
            return "pending" if misses < PARENT_TRIES else "dead"
        case "refused":
            return "dead"


def _rejected(delivery: Delivery, receipt: Receipt, held: sa.Row[Any]) -> Rejected:
    return Rejected(
        stage="deliver", reason=receipt.reason or receipt.outcome, detail=receipt.detail,
        network=delivery.destination, delivery=delivery.id, post=held.post,
    )  # fmt: skip


_UPDATE = (
    sa.update(tables.outbox)
    .where(tables.outbox.c.id == sa.bindparam("the_id"))
    .values(lease_until=sa.null(), worker=sa.null(), **{name: sa.bindparam(f"new_{name}") for name in _CHANGING})
)

_WRITTEN_NOW = sa.select(tables.outbox.c.id, tables.outbox.c.fence).where(
    among(tables.outbox.c.id),
    tables.outbox.c.state == "done",
    tables.outbox.c.settled_at == sa.bindparam("at", type_=Utc()),
)
_DONE = (
    sa.update(tables.outbox)
    .where(
        tables.outbox.c.id == sa.bindparam("the_id"),
        tables.outbox.c.fence == sa.bindparam("the_fence"),
        tables.outbox.c.state == sa.literal_column("'in_doubt'"),
    )
    .values(
        **dict.fromkeys(("lease_until", "worker", "not_before", "job"), sa.null()),
        state=sa.literal_column("'done'"), looks=sa.literal_column("0"),
        settled_at=sa.bindparam("now", type_=Utc()),
        object_id=sa.func.coalesce(sa.bindparam("new_object_id", type_=sa.Text()), tables.outbox.c.object_id),
        **{name: sa.bindparam(f"new_{name}") for name in ("outcome", "url", "reason", "detail")},
    )
)  # fmt: skip
