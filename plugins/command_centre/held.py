"""What the quarantine pages show and do: groups, items, what would come of one, and the way back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from airflow.api.common.trigger_dag import trigger_dag
from airflow.exceptions import DagNotFound
from airflow.models.dag import DagModel
from airflow.utils.types import DagRunTriggeredByType

from command_centre import guard
from command_centre.queries import opened, snapshot
from hub.airflow_bridge import known_connectors, open_rulebook
from hub.errors import SetupError
from hub.settings import read_settings
from hub.stages import replay
from hub.store import Landing, Store

AT_A_TIME = 50  # items on a page
_one_preview = Lock()  # the rules are read anew for each, and Great Expectations keeps a state of its own


@dataclass(frozen=True)
class Group:
    """Items that are alike."""

    counted: Any
    remedy: Any


@dataclass(frozen=True)
class Held:
    """The list, by reason; and the items of one page."""

    now: datetime
    groups: list[Group]
    damaged: list[Any]
    items: list[Any]
    deliveries: dict[int, Any]  # of the items, by number
    total: int  # that the filters leave
    overdue_after: timedelta

    @property
    def following(self) -> int | None:
        """Where the next page begins."""
        return self.items[-1].id if len(self.items) == AT_A_TIME else None


def listing(filters: dict[str, str | None], after: int, *, discarded: bool = False) -> Held:
    """All groups, and the items that the filters leave, where there is a filter."""
    known = known_connectors()
    with snapshot() as (view, now):
        counts = view.quarantine.counts()
        items = []
        if discarded or any(filters.values()):
            state = "dismissed" if discarded else "open"
            items = view.quarantine.listing(limit=AT_A_TIME, after=after, state=state, **filters)
        numbers = [item.delivery for item in items if item.delivery is not None]
        deliveries = {number: row for number in numbers if (row := view.outbox.get(number))}
        damaged = view.batches.damaged()
    groups = [Group(one, replay.remedy_of(one.stage, one.reason, one.network, known)) for one in counts]
    wanted = {name: value for name, value in filters.items() if value}
    total = sum(one.items for one in counts if all(getattr(one, name) == value for name, value in wanted.items()))
    return Held(now, groups, damaged, items, deliveries, total, patience())


def patience() -> timedelta:
    """How long an item may wait for a person."""
    return timedelta(hours=read_settings().quarantine_hours)


@dataclass(frozen=True)
class OneItem:
    """One item, and everything that is known of it."""

    now: datetime
    item: Any
    remedy: Any
    whence: Any
    line: int | None  # of the landed file
    overdue_after: timedelta


def one(id: int) -> OneItem | None:
    """The item with this number, or None."""
    with snapshot() as (view, now):
        found = view.quarantine.get([id])
        if not found:
            return None
        item, whence = found[0], replay.whence(view, found[0])
    line = None
    if whence.batch and item.record is not None:
        line = replay.place_of(Landing(read_settings().landing), whence.batch, item.record)
    remedy = replay.remedy_of(item.stage, item.reason, item.network, known_connectors())
    return OneItem(now, item, remedy, whence, line, patience())


def foresee(item: Any, text: str | None) -> Any:
    """What would come of this item now, or with the record that a person wrote; nothing is kept of it."""
    if item.state != "open":
        raise SetupError("This item is not open any more: there is nothing to look ahead to.")
    changed = item if text is None else item.with_(repaired=replay.repaired(item, text))
    with _one_preview, open_rulebook() as (hub, book):
        return replay.foresee(book, changed, store=hub.store)


def repair(item: Any, text: str, user: Any, why: str) -> None:
    """Keep what a person made of a record."""
    replay.repair(_store(), item, text, who=user.get_name(), why=why)


def discard(ids: list[int], user: Any, why: str) -> int:
    """Give these up."""
    return replay.discard(_store(), ids, who=user.get_name(), why=why)


def reopen(ids: list[int], user: Any, why: str) -> int:
    """Take that back."""
    return replay.reopen(_store(), ids, who=user.get_name(), why=why)


def chosen(filters: dict[str, str | None]) -> list[int]:
    """The numbers of the open items that the filters leave."""
    return replay.choose(_store(), **filters)


def start_replay(user: Any, **conf: Any) -> str:
    """Start the DAG that replays, as this person; returns the run's id."""
    try:
        if (dag := DagModel.get_current(guard.REPLAY)) is not None and dag.is_paused:
            raise SetupError("The DAG `replay` is paused: unpause it in Airflow, then try again.")
        run = trigger_dag(
            dag_id=guard.REPLAY, conf=conf, triggered_by=DagRunTriggeredByType.UI, triggering_user_name=user.get_name()
        )  # fmt: skip
    except DagNotFound:
        raise SetupError("Airflow has not read the DAG `replay` yet; wait a minute, then try again.") from None
    return run.run_id


def _store() -> Store:
    """The store, for the few things that people change here."""
    return opened(read_settings().store)
