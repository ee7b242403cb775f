"""What the pages show, read from the store. Each page is one snapshot: its figures agree with each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from hub.airflow_bridge import mapping_named
from hub.settings import read_settings
from hub.stages import why
from hub.store import Landing, Standing, Store

RECENT = 25
LAST_BATCHES = 500  # are checked record by record; the others once a night
SILENCES = "silences"  # where the memory holds what the last look for them found
AT_A_TIME = 50  # posts on a page


@cache
def opened(url: str) -> Store:
    """One store for the life of the server; its connections are pooled."""
    return Store.open(url)


@contextmanager
def snapshot() -> Iterator[tuple[Any, datetime]]:
    """All of the store at one moment, and that moment."""
    settings = read_settings()
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    store = opened(settings.store)
    with store.read() as view:
        yield view, view.now  # a later moment would be one that it has not seen


@dataclass(frozen=True)
class Outbound:
    """One destination: its deliveries by state, and whether it is being left alone."""

    name: str
    counts: dict[str, int]
    circuit: Any

    @property
    def waiting(self) -> int:
        """Deliveries that are not settled."""
        return self.counts.get("pending", 0) + self.counts.get("in_doubt", 0)

    def is_left_alone(self, now: datetime) -> bool:
        """Whether nothing is sent to it for a while, since it did not answer."""
        return bool(self.circuit and self.circuit.open_until and self.circuit.open_until > now)


@dataclass(frozen=True)
class Health:
    """Whether the hub does its work: what came in, what waits, what is wrong."""

    now: datetime
    total: Any
    unbalanced: list[Any]
    waiting_batches: int
    watches: list[Any]
    destinations: list[Outbound]
    quarantine: list[Any]
    incidents: list[Any]  # that are open, the worst first
    silent: list[str]  # networks that bring nothing, or whose watches do, where their own past expects posts

    @property
    def balanced(self) -> bool:
        """Whether every sum agrees, in total and batch by batch."""
        return bool(self.total.balanced) and not self.unbalanced

    @property
    def oldest(self) -> datetime | None:
        """Since when the oldest item in quarantine waits for a person."""
        return min((one.since for one in self.quarantine), default=None)

    @property
    def overdue(self) -> bool:
        """Whether it has waited too long."""
        return self.oldest is not None and self.now - self.oldest > timedelta(hours=read_settings().quarantine_hours)

    @property
    def waiting_deliveries(self) -> int:
        """At all destinations."""
        return sum(each.waiting for each in self.destinations)

    @property
    def waiting(self) -> int:
        """Batches and deliveries on their way."""
        return self.waiting_batches + self.waiting_deliveries

    @property
    def ailing(self) -> list[Any]:
        """Watches whose last runs failed or that are paused."""
        return [watch for watch in self.watches if watch.state in ("failing", "paused")]


def health(view: Any, now: datetime) -> Health:
    """How the hub is, at this moment of the store."""
    return Health(
        now=now,
        total=view.ledger.kept(),
        unbalanced=view.ledger.unbalanced(last=LAST_BATCHES),
        waiting_batches=view.batches.pending(),
        watches=view.watches.listing(),
        destinations=outbound(view),
        quarantine=view.quarantine.counts(),
        incidents=sorted(view.incidents.open(), key=lambda one: (-one.severity, one.opened_at)),
        silent=sorted({one["network"] for one in view.memory.get(SILENCES) or ()}),
    )


def outbound(view: Any) -> list[Outbound]:
    """Every destination that was ever handed anything."""
    circuits = {circuit.name: circuit for circuit in view.circuits.listing()}
    names = sorted(
        {row.destination for row in view.outbox.recent(200)} | set(view.outbox.destinations()) | set(circuits)
    )
    return [Outbound(name, view.outbox.counts(name), circuits.get(name)) for name in names]


@dataclass(frozen=True)
class Page:
    """One post, one piece of work that it became if that was asked for, and everything behind it."""

    now: datetime
    told: Any
    handed: Any | None
    record: dict[str, Any] | None
    line: int | None  # of the landed file
    gone: str | None  # why the raw record cannot be shown

    @property
    def handoff(self) -> Any | None:
        """The work itself."""
        return self.handed.handoff if self.handed else None

    @property
    def steps(self) -> list[tuple[str, timedelta]]:
        """How long each part of the way took; the parts add up to the whole."""
        return self.told.steps(self.handed) if self.handed else []

    @property
    def others(self) -> list[Any]:
        """What else the post became."""
        return [one for one in self.told.handoffs if self.handed is None or one.id != self.handed.id]


def of_handoff(id: str) -> Page | None:
    """The page of the handoff with this id, or None."""
    with snapshot() as (view, now):
        handoff = view.handoffs.get(id)
        told = why.story(view, handoff.post.key, id) if handoff else None
        if handoff and told is None:  # of a post that we do not hold
            told = why.Story(
                handoff.post.key, None, Standing("handed_off"), None, None, (), (), view.handoffs.told([id]), None
            )
    return _page(now, told, told.handoffs[0]) if told else None


def of_post(key: str) -> Page | None:
    """The page of the post with this key, or None."""
    with snapshot() as (view, now):
        told = why.story(view, key)
    return _page(now, told, None) if told else None


def _page(now: datetime, told: Any, handed: Any | None) -> Page:
    mapping = mapping_named(told.batch.batch.network) if told.batch else None
    record = why.record_of(told, Landing(read_settings().landing), mapping)
    return Page(now, told, handed, record.record, record.line, record.gone)


@dataclass(frozen=True)
class Aside:
    """Posts that became nobody's work for one reason."""

    now: datetime
    reason: str
    posts: list[Any]

    @property
    def following(self) -> str | None:
        """Where the next page begins."""
        return self.posts[-1].published_at.isoformat() if len(self.posts) == AT_A_TIME else None


def set_aside(reason: str, before: datetime | None) -> Aside:
    """The last posts that were set aside for this reason, or those before."""
    with snapshot() as (view, now):
        return Aside(now, reason, view.posts.set_aside(AT_A_TIME, reason=reason, before=before))


@dataclass(frozen=True)
class RunPage:
    """What one run of a DAG made."""

    now: datetime
    name: str
    balance: Any
    batches: list[Any]
    handoffs: list[Any]


def run_page(name: str) -> RunPage:
    """A run by our name for it, `dag/run id`; one that made nothing is a page of zeros."""
    with snapshot() as (view, now):
        return RunPage(
            now=now,
            name=name,
            balance=view.ledger.balance(run=name),
            batches=view.batches.recent(limit=200, run=name),
            handoffs=view.handoffs.recent(limit=200, run=name),
        )
