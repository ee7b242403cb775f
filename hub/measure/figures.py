"""Figures: the one implementation of every KPI. Cards, tables, reports, CRM fields and exports ask here.

    with store.read() as view:
        figures = Figures(view, config)
        figures.figure("mentions", Scope(since=monday, until=sunday, subject="Acme"))
        figures.split("mentions", scope, by="network")  # the same, network by network
        figures.series("mentions", scope, step="day")  # the same, day by day, as days are at the organisation's place

What is read is kept while the object lives, so that a page with thirty figures reads the sums once.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hub.domain import Definition, Dimension, Figure, Part, Scope, Step
from hub.domain.config import Config
from hub.errors import SetupError
from hub.measure import catalogue, flow, listening
from hub.measure.counted import Cell, Counted, Kpi, Question
from hub.store import View

KPIS: dict[str, Kpi] = {**listening.KPIS, **flow.KPIS}  # every module of KPIs adds its own


class Figures:
    """All KPIs at one moment of the store."""

    def __init__(self, view: View, config: Config) -> None:
        self.view = view
        self.config = config
        self.now = view.now
        self.zone = ZoneInfo(config.organisation.timezone)
        self._asked: dict[tuple[object, ...], Question] = {}

    def figure(self, name: str, scope: Scope) -> Figure:
        """What this KPI says of this scope."""
        return self._figure(catalogue.definition(name), Cell(self._question(scope)))

    def split(self, name: str, scope: Scope, by: Dimension) -> list[Part]:
        """The same, one part for each value of `by`, the largest first; parts need not add up to the whole."""
        meant = catalogue.definition(name)
        if by not in meant.splits:
            raise SetupError(f"{meant.title} cannot be shown by {by}; {_either(meant.splits)}.")
        asked = self._question(scope, by=by)
        parts = [
            Part(by=by, name=each, figure=self._figure(meant, Cell(asked, part=each))) for each in PARTS[by](asked)
        ]
        return sorted(parts, key=lambda part: (-(part.figure.value or 0), part.name))

    def series(self, name: str, scope: Scope, step: Step) -> list[Figure]:
        """The same, step by step; the first and the last step are cut to the scope."""
        meant, asked = catalogue.definition(name), self._question(scope, step=step)
        return [self._figure(meant, Cell(asked, number)) for number, _ in enumerate(pairwise(asked.edges))]

    def _question(self, scope: Scope, *, step: Step | None = None, by: Dimension | None = None) -> Question:
        """What was asked in these words before is asked again, with all that was read for it."""
        words = (scope, step, by)
        if words not in self._asked:
            edges = self.edges(scope, step) if step else [scope.since, scope.until]
            self._asked[words] = Question(self.view, self.config, scope, tuple(edges), by)
        return self._asked[words]

    def _figure(self, meant: Definition, cell: Cell) -> Figure:
        if meant.needs:
            return self._told(meant, cell, Counted(missing=f"No data yet: this needs {meant.needs}."))
        scope = cell.question.scope
        if barred := [each for each in NARROWING if getattr(scope, each) is not None and each not in meant.narrows]:
            return self._told(meant, cell, Counted(missing=f"{meant.title} cannot be told by {barred[0]}."))
        return self._told(meant, cell, KPIS[meant.name](cell))

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

    def _told(self, meant: Definition, cell: Cell, found: Counted) -> Figure:
        return Figure(
            definition=meant.id, scope=cell.scope, value=found.value, numerator=found.numerator,
            denominator=found.denominator, low=found.low, high=found.high, missing=found.missing,
            partial=found.partial,
        )  # fmt: skip


NARROWING: tuple[Dimension, ...] = ("subject", "network", "team")


def _either(dimensions: Sequence[str]) -> str:
    return f"it can by {', '.join(dimensions)}" if dimensions else "it is one figure"


def _subjects(asked: Question) -> Sequence[str]:
    return [one.name for one in asked.config.subjects]


def _networks(asked: Question) -> Sequence[str]:
    return sorted({watch.network for watch in asked.view.watches.listing()})


PARTS: Mapping[Dimension, Callable[[Question], Sequence[str]]] = {
    "subject": _subjects, "network": _networks, **flow.PARTS,
}  # fmt: skip
"""Of each dimension, the parts that a question has."""
