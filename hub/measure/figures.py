"""Figures: the one implementation of every KPI. Cards, tables, reports, CRM fields and exports ask here.

    with store.read() as view:
        figures = Figures(view, config)
        figures.figure("mentions", Scope(since=monday, until=sunday, subject="Acme"))
        figures.split("mentions", scope, by="network")  # the same, network by network
        figures.series("mentions", scope, step="day")  # the same, day by day, as days are at the organisation's place

What is read is kept while the object lives, so that a page with thirty figures reads the sums once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hub.domain import Definition, Dimension, Figure, Part, Scope, Step
from hub.domain.config import Config
from hub.errors import SetupError
from hub.measure import catalogue, listening
from hub.measure.counted import Counted, Kpi
from hub.store import View

KPIS: dict[str, Kpi] = listening.KPIS  # every module of KPIs adds its own


class Figures:
    """All KPIs at one moment of the store."""

    def __init__(self, view: View, config: Config) -> None:
        self.view = view
        self.config = config
        self.now = view.now
        self.zone = ZoneInfo(config.organisation.timezone)

    def figure(self, name: str, scope: Scope) -> Figure:
        """What this KPI says of this scope."""
        meant = catalogue.definition(name)
        if meant.needs:
            return self._missing(meant, scope, f"No data yet: this needs {meant.needs}.")
        if barred := [each for each in ("subject", "network", "team") if self._barred(meant, scope, each)]:
            return self._missing(meant, scope, f"{meant.title} cannot be told by {barred[0]}.")
        found = KPIS[name](self.view, self.config, scope)
        return self._told(meant, scope, found)

    def split(self, name: str, scope: Scope, by: Dimension) -> list[Part]:
        """The same, one part for each value of `by`, the largest first; parts need not add up to the whole."""
        if by not in catalogue.definition(name).splits:
            raise SetupError(f"{catalogue.definition(name).title} cannot be shown by {by}.")
        names = [one.name for one in self.config.subjects] if by == "subject" else self._networks()
        parts = [Part(by=by, name=each, figure=self.figure(name, scope.with_(**{by: each}))) for each in names]
        return sorted(parts, key=lambda part: (-(part.figure.value or 0), part.name))

    def series(self, name: str, scope: Scope, step: Step) -> list[Figure]:
        """The same, step by step; the first and the last step are cut to the scope."""
        edges = self.edges(scope, step)
        return [self.figure(name, scope.with_(since=start, until=end)) for start, end in pairwise(edges)]

    def edges(self, scope: Scope, step: Step) -> list[datetime]:
        """Where the steps of this scope begin, and where the last one ends; days and weeks begin at local midnight."""
        edges = [scope.since]
        at = self._floor(scope.since, step)
        while (at := self._after(at, step)) < scope.until:
            edges.append(at)
        return [*edges, scope.until]

    def _floor(self, at: datetime, step: Step) -> datetime:
        local = at.astimezone(self.zone).replace(minute=0, second=0, microsecond=0)
        if step == "hour":
            return local
        local = local.replace(hour=0)
        return local - timedelta(days=local.weekday()) if step == "week" else local

    def _after(self, at: datetime, step: Step) -> datetime:
        if step == "hour":
            return at.astimezone(ZoneInfo("UTC")) + timedelta(hours=1)
        local = at.astimezone(self.zone).replace(tzinfo=None) + timedelta(days=7 if step == "week" else 1)
        return local.replace(tzinfo=self.zone)

    def _networks(self) -> Sequence[str]:
        return sorted({watch.network for watch in self.view.watches.listing()})

    def _barred(self, meant: Definition, scope: Scope, by: Dimension) -> bool:
        return getattr(scope, by) is not None and by not in meant.narrows

    def _missing(self, meant: Definition, scope: Scope, why: str) -> Figure:
        return Figure(definition=meant.id, scope=scope, value=None, missing=why)

    def _told(self, meant: Definition, scope: Scope, found: Counted) -> Figure:
        return Figure(
            definition=meant.id, scope=scope, value=found.value, numerator=found.numerator,
            denominator=found.denominator, low=found.low, high=found.high, missing=found.missing,
        )  # fmt: skip
