"""Ten ways to get the protocol wrong, each of which the suite must notice.

A plugin of pytest: with `-p tests.faults.mutants`, `HUB_TEST_MUTANT=<name>` plants one in every test of the run. The
product's code knows nothing of it.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from hub.domain import Delivery, Receipt
from hub.errors import HubError
from hub.stages import sender
from hub.stages.sender import Sender
from hub.store import Transaction, intents, outbox, settlements
from hub.store.outbox import Outbox

VARIABLE = "HUB_TEST_MUTANT"
Plant = Callable[[pytest.MonkeyPatch], None]
MUTANTS: dict[str, Plant] = {}


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant that this run is asked to carry, if it is."""
    name = os.environ.get(VARIABLE)
    if name:
        MUTANTS[name](monkeypatch)


def mutant(plant: Plant) -> Plant:
    """Makes this one of the mutants."""
    MUTANTS[plant.__name__] = plant
    return plant


@mutant
def sends_again_without_a_look(patch: pytest.MonkeyPatch) -> None:
    """What is in doubt is sent again at once."""
    patch.setattr(Sender, "_find", lambda self, doubtful: ({}, {}))


@mutant
def takes_silence_for_success(patch: pytest.MonkeyPatch) -> None:
    """An answer that was lost counts as done."""

    def hopeful(one: Delivery, problem: HubError) -> Receipt:
        return Receipt(delivery=one.id, outcome="created", object_id="?")

    patch.setattr(sender, "as_receipt", hopeful)


@mutant
def takes_silence_for_refusal(patch: pytest.MonkeyPatch) -> None:
    """An answer that was lost counts as not sent."""

    def careless(one: Delivery, problem: HubError) -> Receipt:
        return Receipt(delivery=one.id, outcome="deferred", reason="lost", retry_after=1)

    patch.setattr(sender, "as_receipt", careless)


@mutant
def claims_after_sending(patch: pytest.MonkeyPatch) -> None:
    """The claim is not on disk when the first byte leaves: a process that ends has never begun."""

    def forgetful(self: Sender, may_ask: Callable[[Transaction], bool]) -> int | None:
        with self.store.begin() as tx:
            if not may_ask(tx):
                return None
            doubtful = self._doubtful(tx)
            deliveries = (
                [] if doubtful else tx.outbox.claim(self.name, self.worker, lease_seconds=0, limit=self.backlog.size)
            )
        if doubtful:
            return self._end_doubt(doubtful)
        with self.store.begin() as tx:
            tx.connection.execute(
                sa.text("UPDATE outbox SET state = 'pending' WHERE state = 'in_doubt' AND worker = :worker"),
                {"worker": self.worker},
            )
        receipts, problem = self._answers(deliveries) if deliveries else ([], None)
        sender.faultpoint("deliver.sent")
        with self.store.begin() as tx:
            tx.connection.execute(
                sa.text("UPDATE outbox SET state = 'in_doubt' WHERE state = 'pending' AND worker = :worker"),
                {"worker": self.worker},
            )
        self._settle(deliveries, receipts, problem)
        return len(receipts)

    patch.setattr(Sender, "step", forgetful)


@mutant
def ignores_fences(patch: pytest.MonkeyPatch) -> None:
    """A worker that slept through its lease still writes its answers."""
    keep = settlements.Settlements.keep

    def trusting(self: Any, answers: Sequence[tuple[Delivery, Receipt]]) -> list[Delivery]:
        held = self._held([delivery.id for delivery, _ in answers])
        fenced = [(one.with_(fence=held[one.id].fence) if one.id in held else one, said) for one, said in answers]
        return keep(self, fenced)

    patch.setattr(settlements.Settlements, "keep", trusting)


@mutant
def sends_what_is_buried(patch: pytest.MonkeyPatch) -> None:
    """Tombstones are not looked at when a delivery is claimed."""
    alive = outbox._AS_CLAIMED.add_columns(sa.false().label("dead"))
    columns = outbox._OUTBOX
    patch.setattr(outbox, "_NEXT", alive.where(outbox._MAY_GO, columns.object == sa.bindparam("object")))


@mutant
def sends_again_what_was_buried_meanwhile(patch: pytest.MonkeyPatch) -> None:
    """Tombstones are not looked at before a repeat."""
    columns = outbox._OUTBOX
    statement = sa.select(columns.id, columns.fence, sa.false().label("dead")).where(
        outbox.among(columns.id), columns.state == "in_doubt"
    )
    patch.setattr(outbox, "_STILL_IN_DOUBT", statement)


@mutant
def believes_too_soon_that_it_is_not_there(patch: pytest.MonkeyPatch) -> None:
    """What a destination does not show yet is taken for absent."""
    judge = Sender._judge

    def hasty(self: Sender, delivery: Delivery, *found: Any) -> Receipt | None:
        receipt = judge(self, delivery, *found)
        return None if receipt is not None and receipt.reason == "not_visible_yet" else receipt

    patch.setattr(Sender, "_judge", hasty)


@mutant
def takes_an_older_version_for_this_one(patch: pytest.MonkeyPatch) -> None:
    """Whatever is found under the id counts as delivered."""

    def blind(self: Sender, delivery: Delivery, there: Any, untold: Any) -> Receipt | None:
        found = there.get(delivery.external_id)
        return found and Receipt(delivery=delivery.id, outcome="unchanged", object_id=found.object_id)

    patch.setattr(Sender, "_judge", blind)


@mutant
def loses_what_gave_way_to_an_erased_version(patch: pytest.MonkeyPatch) -> None:
    """A version that was superseded stays so, though what took its place is buried."""
    patch.setattr(outbox, "_BRING_BACK", sa.update(outbox.tables.outbox).where(sa.false()).values(state="pending"))


@mutant
def never_leaves_anybody_alone(patch: pytest.MonkeyPatch) -> None:
    """Circuits stay closed, whatever happens."""
    from hub.store.circuits import Circuits

    patch.setattr(Circuits, "allows", lambda self, name: True)
    patch.setattr(Sender, "asked_pause", lambda self: 0)


@mutant
def believes_a_short_list(patch: pytest.MonkeyPatch) -> None:
    """Answers are counted off against deliveries, however many there are."""
    patch.setattr(sender, "are_for", lambda receipts, deliveries: True)
    settle = Sender._settle

    def lenient(self: Sender, deliveries: Any, receipts: Any, problem: Any) -> None:
        padded = [
            *receipts,
            *(Receipt(delivery=one.id, outcome="created", object_id="?") for one in deliveries[len(receipts) :]),
        ]
        settle(self, deliveries, padded, problem)

    patch.setattr(Sender, "_settle", lenient)


@mutant
def hands_a_job_over_again(patch: pytest.MonkeyPatch) -> None:
    """A job that was begun is not remembered."""
    patch.setattr(Outbox, "hold", lambda self, deliveries, **options: None)


@mutant
def renders_anew(patch: pytest.MonkeyPatch) -> None:
    """A newer rendering takes the place of a body that has been sent already."""
    add = intents.Intents.add

    def overwriting(self: Any, drafts: Any) -> Any:
        for draft in drafts:
            self._connection.execute(
                sa.text("UPDATE outbox SET body = :body, digest = :digest WHERE external_id = :id AND state != 'done'"),
                {"body": intents._encode(draft.body).decode(), "digest": draft.digest, "id": draft.external_id},
            )
        return add(self, drafts)

    patch.setattr(intents.Intents, "add", overwriting)
