"""The page of sources: how fresh each is, how much of the time it was really seen, what it costs, what is wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from command_centre import figured, looking, pictures, queries
from command_centre.figured import Card, Chart
from command_centre.filters import Asked
from command_centre.looking import Look
from command_centre.pages import facts_of, page
from hub.airflow_bridge import known_connectors, poll_interval
from hub.domain import Budget, Manifest
from hub.domain.manifest import MICRO
from hub.measure import catalogue
from hub.store import WatchState

router = APIRouter()

GROUP = "operations"  # of KPIs: those are about sources
SHOWN = ("coverage", "detection_lag_p95")  # of them, network by network
MONTH = timedelta(days=30)
STRIP = 1000  # units that a strip is wide
COLUMNS = (
    "network", "kind", "value", "state", "polled_at", "posted_at", "next_at", "observed", "gaps", "problem", "sentence",
)  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """A time within the page's, and where it stands on the strip."""

    since: datetime
    until: datetime
    x: float
    width: float

    @property
    def lasted(self) -> timedelta:
        """How long it is."""
        return self.until - self.since


@dataclass(frozen=True)
class Watched:
    """One watch over the page's time."""

    state: WatchState
    observed: float | None  # 0 to 1; None: it was to see none of it
    seen: list[Stretch]
    gaps: list[Stretch]  # since it began
    next_at: datetime | None
    silence: dict[str, Any] | None  # it brings nothing where its own past expects posts

    def __getattr__(self, name: str) -> Any:
        return getattr(self.state, name)


@dataclass(frozen=True)
class Spent:
    """One budget of a network, and what is taken of it."""

    name: str
    used: float
    allowed: float
    unit: str  # calls, or a currency
    per: timedelta

    @property
    def share(self) -> float:
        """0 to 1 and more."""
        return self.used / self.allowed if self.allowed else 0.0


@dataclass(frozen=True)
class Source:
    """One network: its watches, budgets and trouble."""

    name: str
    title: str
    watches: list[Watched]
    spent: list[Spent]
    paced: bool  # calls keep a distance, since little is left of what the network allows
    outage: dict[str, Any] | None  # that operators were told of
    silence: dict[str, Any] | None  # of the network as a whole

    @property
    def posted_at(self) -> datetime | None:
        """When the newest post was published."""
        return max((one.state.posted_at for one in self.watches if one.state.posted_at), default=None)

    @property
    def failing(self) -> int:
        """How many of its watches are not read."""
        return sum(one.state.state in ("failing", "paused") for one in self.watches)


@dataclass(frozen=True)
class Sources:
    """Everything the page shows."""

    now: datetime
    cards: list[Card]
    charts: list[Chart]
    sources: list[Source]
    unasked: list[Any]  # watches of hub.yaml that no run has asked yet


def sources(look: Look) -> Sources:
    """What the filters leave; budgets and states are those of now."""
    filters = look.filters
    about = [one for one in catalogue.definitions() if one.group == GROUP and "network" in one.narrows]
    states = [one for one in look.view.watches.listing(filters.network) if _asked_for(one, look)]
    manifests = known_connectors()
    by_network: dict[str, list[WatchState]] = {}
    for one in states:
        by_network.setdefault(one.network, []).append(one)
    there = {one.key for one in look.view.watches.listing()}
    return Sources(
        now=look.now,
        cards=figured.cards(look, [one.name for one in about]),
        charts=[
            figured.by_part(look, one.name, "network", f"{one.title} by network")
            for one in about
            if one.name in SHOWN and filters.network is None and "network" in one.splits
        ],
        sources=[_source(look, name, some, manifests.get(name)) for name, some in sorted(by_network.items())],
        unasked=[one for one in look.config.watches if one.key not in there and filters.network in (None, one.network)],
    )


@router.get("/sources", response_class=HTMLResponse)
def page_of_sources(given: Asked) -> HTMLResponse:
    """Freshness, coverage, quota, cost and trouble of every source."""
    with looking.look(given) as look:
        return page("sources.html", here="sources", strip=STRIP, **look.facts | facts_of(sources(look)))


@router.get("/sources.csv")
def watches(given: Asked) -> Response:
    """Every watch with what the page says of it."""
    with looking.look(given) as look:
        found = [watch for source in sources(look).sources for watch in source.watches]
    facts = [
        {"observed": one.observed, "gaps": len(one.gaps), "next_at": one.next_at, "it": one.state} for one in found
    ]
    rows = [[_told(row[name] if name in row else getattr(row["it"], name)) for name in COLUMNS] for row in facts]
    return pictures.as_csv("sources", COLUMNS, rows)


@router.get("/sources/gaps.csv")
def gaps(given: Asked) -> Response:
    """Every stretch of time that a watch should have seen and did not."""
    with looking.look(given) as look:
        found = [watch for source in sources(look).sources for watch in source.watches]
    rows = [
        (one.state.network, one.state.kind, one.state.value, _told(gap.since), _told(gap.until),
         gap.lasted.total_seconds() / 3600)
        for one in found
        for gap in one.gaps
    ]  # fmt: skip
    return pictures.as_csv("gaps", ("network", "kind", "value", "since", "until", "hours"), rows)


def _asked_for(state: WatchState, look: Look) -> bool:
    filters = look.filters
    return (filters.subject is None or state.subject in (None, filters.subject)) and (
        filters.team is None or state.team in (None, filters.team)
    )


def _source(look: Look, name: str, states: list[WatchState], manifest: Manifest | None) -> Source:
    view = look.view
    return Source(
        name=name, title=manifest.title if manifest else name,
        watches=[_watched(look, one, manifest) for one in states],
        spent=_spent(view, manifest) if manifest else [],
        paced=view.budgets.is_paced(name), outage=view.memory.get(f"outage:{name}"),
        silence=_silences(view).get(name),
    )  # fmt: skip


def _watched(look: Look, state: WatchState, manifest: Manifest | None) -> Watched:
    since, until = look.filters.since, look.filters.until
    stretches = look.view.observed.stretches(since, until, watch=state.key)
    seen = [_stretch(look, one.since, one.until) for one in stretches]
    began = max(state.started_at, since)
    ends = [began, *(edge for one in stretches for edge in (max(one.since, began), max(one.until, began))), until]
    missing = [(first, last) for first, last in list(pairwise(ends))[::2] if last - first >= timedelta(minutes=1)]
    every = poll_interval(manifest) if manifest else timedelta(0)
    if missing and missing[-1][1] == look.now and look.now - missing[-1][0] <= 2 * every:
        missing.pop()  # not read yet, and not late either
    due = state.polled_at + every if state.polled_at and every else None
    paused = state.paused_until if state.paused_until and state.paused_until > look.now else None
    return Watched(
        state=state, observed=look.view.observed.share_of(state.key, since, until), seen=seen,
        gaps=[_stretch(look, *gap) for gap in missing], next_at=max(filter(None, (due, paused)), default=None),
        silence=_silences(look.view).get(state.key),
    )  # fmt: skip


def _silences(view: Any) -> dict[str, dict[str, Any]]:
    """What the last look for silences found, by watch or network; since when, as a moment."""
    return {
        one["source"]: one | {"since": datetime.fromisoformat(one["since"])}
        for one in view.memory.get(queries.SILENCES) or ()
    }


def _stretch(look: Look, since: datetime, until: datetime) -> Stretch:
    first, whole = look.filters.since, look.filters.until - look.filters.since
    x = STRIP * ((since - first) / whole)
    return Stretch(since, until, round(x, 2), round(max(STRIP * ((until - since) / whole), 1), 2))


def _spent(view: Any, manifest: Manifest) -> list[Spent]:
    budgets = {manifest.name: manifest.budget} | {
        f"{manifest.name}:{name}": one for name, one in manifest.buckets.items()
    }
    found = [
        Spent(name, view.budgets.spent(name, one), one.requests, "calls", timedelta(minutes=one.per_minutes))
        for name, one in budgets.items()
    ]
    if manifest.prices is None:
        return found
    purse = Budget(requests=1, per_minutes=int(MONTH / timedelta(minutes=1)))
    money, limit = manifest.prices.currency, manifest.prices.monthly_limit
    used = view.budgets.spent(f"{manifest.name}:{money}", purse) / MICRO
    return [*found, Spent("cost", used, limit, money, MONTH)]


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
