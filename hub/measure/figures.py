"""Figures: the one implementation of every KPI. Cards, tables, reports, CRM fields and exports ask here.

    with store.read() as view:
        figures = Figures(view, config)
        figures.figure("mentions", Scope(since=monday, until=sunday, subject="Acme"))
        figures.split("mentions", scope, by="network")  # the same, network by network
        figures.series("mentions", scope, step="day")  # the same, day by day, as days are at the organisation's place

What is read is kept while the object lives, so that a page with thirty figures reads the sums once.
"""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hub.domain import Comparison, Definition, Dimension, Figure, Part, Scope, Step
from hub.domain.config import Config
from hub.errors import SetupError
from hub.measure import catalogue, coverage, flow, latency, listening, load
from hub.measure.counted import Behind, Cell, Counted, Kpi, Question
from hub.measure.said import themes
from hub.store import View
from hub.store.behind import Judged
from hub.store.tally import PUBLIC

KPIS: dict[str, Kpi] = {  # every module of KPIs adds its own
    **listening.KPIS,
    **flow.KPIS,
    **load.KPIS,
    **latency.KPIS,
    **coverage.KPIS,
}
BEHIND: dict[str, Behind] = {**listening.BEHIND, **flow.BEHIND}
WHOLE = 0.95  # observed: from here on a period counts as seen


class Figures:
    """All KPIs at one moment of the store."""

    def __init__(self, view: View, config: Config) -> None:
        self.view = view
        self.config = config
        self.now = view.now
        self.zone = ZoneInfo(config.organisation.timezone)
        self._asked: dict[tuple[object, ...], Question] = {}
        self._for_all: dict[Hashable, Any] = {}

    def figure(self, name: str, scope: Scope) -> Figure:
        """What this KPI says of this scope."""
        return self._figure(catalogue.definition(name), Cell(self._question(scope)))

    def split(self, name: str, scope: Scope, by: Dimension) -> list[Part]:
        """The same, one part for each value of `by`, the largest first; parts need not add up to the whole."""
        meant = catalogue.definition(name)
        if by not in meant.splits:
            raise SetupError(f"{meant.title} cannot be shown by {by}; {_either(meant.splits)}.")
        asked = self._question(scope, by=by)
        only = getattr(scope, by, None)
        names = asked.once("parts", lambda: PARTS[by](asked)) if only is None else [only]
        parts = [Part(by=by, name=each, figure=self._figure(meant, Cell(asked, part=each))) for each in names]
        return sorted(parts, key=lambda part: (-(part.figure.value or 0), part.name))

    def series(self, name: str, scope: Scope, step: Step) -> list[Figure]:
        """The same, step by step; the first and the last step are cut to the scope."""
        meant, asked = catalogue.definition(name), self._question(scope, step=step)
        return [self._figure(meant, Cell(asked, number)) for number, _ in enumerate(pairwise(asked.edges))]

    def courses(
        self, name: str, scope: Scope, step: Step, by: Dimension, parts: Sequence[str]
    ) -> dict[str, list[Figure]]:  # fmt: skip
        """The series of each of these parts, with what is read for one of them read for all."""
        meant, asked = catalogue.definition(name), self._question(scope, step=step, by=by)
        if by not in meant.splits:
            raise SetupError(f"{meant.title} cannot be shown by {by}; {_either(meant.splits)}.")
        steps = range(len(asked.edges) - 1)
        return {part: [self._figure(meant, Cell(asked, number, part)) for number in steps] for part in parts}

    def compare(self, name: str, scope: Scope) -> Comparison:
        """The same beside the period before, which is as long by the clock on the wall."""
        since, until = (each.astimezone(self.zone).replace(tzinfo=None) for each in (scope.since, scope.until))
        earlier = scope.with_(since=(since - (until - since)).replace(tzinfo=self.zone), until=scope.since)
        now, before = self.figure(name, scope), self.figure(name, earlier)
        if now.partial or before.partial or now.value is None or before.value is None:
            return Comparison(figure=now, before=before)
        change = now.value - before.value
        percent = 100 * change / abs(before.value) if before.value else None
        return Comparison(figure=now, before=before, change=change, percent=percent)

    def behind(
        self, name: str, scope: Scope, *, part: tuple[Dimension, str] | None = None, limit: int = 50,
        before: str | None = None,
    ) -> list[Judged]:  # fmt: skip
        """The newest posts that made a figure, or one part of it; `before`: those older than the post of this key."""
        meant = catalogue.definition(name)
        if name not in BEHIND:
            raise SetupError(f"{meant.title} is not made of posts.")
        if part is not None and part[0] not in meant.splits:
            raise SetupError(f"{meant.title} cannot be shown by {part[0]}; {_either(meant.splits)}.")
        cell = Cell(self._question(scope, by=part[0] if part else None), part=part[1] if part else None)
        return [] if self._unsaid(meant, cell) else BEHIND[name](cell, limit, before)

    def _question(self, scope: Scope, *, step: Step | None = None, by: Dimension | None = None) -> Question:
        """What was asked in these words before is asked again, with all that was read for it."""
        words = (scope, step, by)
        if words not in self._asked:
            edges = self.edges(scope, step) if step else [scope.since, scope.until]
            self._asked[words] = Question(
                self.view, self.config, scope, tuple(edges), by, step, kept_for_all=self._for_all
            )
        return self._asked[words]

    def _figure(self, meant: Definition, cell: Cell) -> Figure:
        why_not = self._unsaid(meant, cell)
        found = Counted(missing=why_not) if why_not else KPIS[meant.name](cell)
        coverage, partial = self._seen(cell)
        return Figure(
            definition=meant.id, scope=cell.scope, value=found.value, numerator=found.numerator,
            denominator=found.denominator, low=found.low, high=found.high, missing=found.missing,
            coverage=coverage, partial=partial or found.partial,
        )  # fmt: skip

    def _unsaid(self, meant: Definition, cell: Cell) -> str | None:
        """Why this is not told at all."""
        if meant.needs:
            return f"No data yet: this needs {meant.needs}."
        if cell.since >= self.now:
            return "This time is still to come."
        scope = cell.question.scope
        barred = [each for each in NARROWING if getattr(scope, each) is not None and each not in meant.narrows]
        return f"{meant.title} cannot be told by {barred[0]}." if barred else None

    def _seen(self, cell: Cell) -> tuple[float | None, bool]:
        """How much of it was really observed, and whether that is too little to be compared with anything."""
        asked, network = cell.question, cell.only("network")

        def read() -> tuple[float | None, bool]:
            found = coverage.seen(asked)
            share = found.share(cell.since, cell.until, network=network)
            began = found.began_within(cell.since, cell.until, network=network)
            return share, share is None or share < WHOLE or began or cell.until > self.now

        time = asked.scope.since, asked.scope.until
        share, partial = asked.for_all(("seen of", *time, cell.since, cell.until, network), read)
        return share, partial or asked.once(("cut", cell.step), lambda: self._cut(cell))

    def _cut(self, cell: Cell) -> bool:
        """Whether it is a step of a series that the scope leaves only a part of."""
        step = cell.question.every
        if step is None:
            return False
        start = self._floor(cell.since, step)
        return start != cell.since or self._after(start, step) != cell.until

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


NARROWING: tuple[Dimension, ...] = ("subject", "network", "team")


def _either(dimensions: Sequence[str]) -> str:
    return f"it can by {', '.join(dimensions)}" if dimensions else "it is one figure"


def _subjects(asked: Question) -> Sequence[str]:
    return [one.name for one in asked.config.subjects]


def _networks(asked: Question) -> Sequence[str]:
    return asked.for_all("networks", lambda: sorted({watch.network for watch in asked.view.watches.listing()}))


KINDS = ("brand", "product", "employee", "competitor")
SENTIMENTS = ("positive", "neutral", "negative")
AUDIENCES = ("media", "analyst", "influencer", "advocate", "customer", PUBLIC)
PARTS: dict[Dimension, Callable[[Question], Sequence[str]]] = {
    "subject": _subjects,
    "network": _networks,
    "kind": lambda asked: KINDS,
    "sentiment": lambda asked: SENTIMENTS,
    "audience": lambda asked: AUDIENCES,
    "intent": themes,
    "topic": themes,
    **flow.PARTS,
    **coverage.PARTS,
}
"""Of each dimension, the parts that a question has."""
