"""What the tests of delivering share: things on their way, and what became of them."""

from typing import Any

from hub.domain import external_id
from hub.stages import deliver
from hub.stages.deliver import Delivered, Patience
from hub.store import Draft, OutboxRow
from tests.unit.stages.counter import Counter
from tests.unit.stages.world import Town


def intend(town: Town, *names: str, **more: Any) -> list[str]:
    """Things to be sent, each in a lane of its own."""
    drafts = [
        Draft(
            **{"destination": "zendesk", "object": "ticket", "external_id": external_id(name), "lane": name,
               "body": {"subject": name}, "handoff": f"handoff of {name}"} | more
        )
        for name in names
    ]  # fmt: skip
    with town.store.begin() as tx:
        tx.outbox.intend(drafts)
    return [draft.external_id for draft in drafts]


def send(
    town: Town, *counters: Counter, patience: float = 0, for_jobs: float = 0, worker: str = "w", **more: Any
) -> Delivered:
    """One run with these senders, which waits for nothing unless told."""
    waits = Patience(for_anything=patience, for_jobs=for_jobs)
    return deliver.run(*counters, store=town.store, worker=worker, patience=waits, **more)


def rows(town: Town) -> dict[str, OutboxRow]:
    """What is to be sent, by external id."""
    return {row.external_id: row for row in town.outbox("zendesk")}


def states(town: Town) -> list[str]:
    """How each one stands, oldest first."""
    return [row.state for row in town.outbox("zendesk")]
