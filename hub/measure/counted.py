"""What the function of a KPI is given, and what it gives.

A function is asked for one cell: one stretch of time of one part. What it reads, it reads once for all cells of the
question (`Question.once`), in one statement that sums up per cell: a page with a series of ninety days and a split by
ten networks must not read a thousand times.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from hub.domain import Dimension, Model, Scope, Step
from hub.domain.config import Config
from hub.store import View
from hub.store.behind import Judged

T = TypeVar("T")


class Counted(Model):
    """Sums, and what they come to. No denominator: the numerator alone is the figure."""

    numerator: float | None = None
    denominator: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    partial: bool = False  # more of it may still come
    missing: str | None = None  # why there is no value


@dataclass(frozen=True)
class Question:
    """What is asked at once: a scope, cut into steps at `edges`, and by what it is split.

    All KPIs that are asked the same question share what was read for it.
    """

    view: View
    config: Config
    scope: Scope
    edges: tuple[datetime, ...]  # the first is the scope's beginning, the last its end
    by: Dimension | None = None
    every: Step | None = None  # how long a whole step is; None: it is not cut into steps
    _kept: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)
    kept_for_all: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def now(self) -> datetime:
        """The moment of the store at which it is asked."""
        return self.view.now

    def once(self, name: Hashable, read: Callable[[], T]) -> T:
        """What `read` gives, which is called the first time only."""
        if name not in self._kept:
            self._kept[name] = read()
        found: T = self._kept[name]
        return found

    def has(self, name: Hashable) -> bool:
        """Whether this was read for all already."""
        return name in self.kept_for_all

    def for_all(self, name: Hashable, read: Callable[[], T]) -> T:
        """The same for all questions at this moment of the store: what `read` gives must depend on `name` alone."""
        if name not in self.kept_for_all:
            self.kept_for_all[name] = read()
        found: T = self.kept_for_all[name]
        return found


@dataclass(frozen=True)
class Cell:
    """One stretch of time of one part: what a KPI is computed for."""

    question: Question
    step: int = 0  # its number among the steps: from `edges[step]` up to `edges[step + 1]`
    part: str | None = None  # of what the question is split by

    @property
    def since(self) -> datetime:
        """Where it begins."""
        return self.question.edges[self.step]

    @property
    def until(self) -> datetime:
        """Where it ends, and what follows it begins."""
        return self.question.edges[self.step + 1]

    def only(self, dimension: Dimension) -> str | None:
        """To what it is narrowed here, by the scope or by being one part of it; None: to nothing."""
        if dimension == self.question.by and self.part is not None:
            return self.part
        narrowed: str | None = getattr(self.question.scope, dimension, None)
        return narrowed

    @property
    def scope(self) -> Scope:
        """The part of the world that its figure is of, as far as a scope can say it."""
        own = {name: self.only(name) for name in ("subject", "network", "team")}
        return Scope(since=self.since, until=self.until, **own)


Kpi = Callable[[Cell], Counted]
Behind = Callable[[Cell, int, str | None], list[Judged]]
"""The newest posts that made a figure: so many, older than the post of this key."""


def count(number: float) -> Counted:
    """A figure that is a count."""
    return Counted(numerator=number, value=number)


def ratio(numerator: float, denominator: float, *, times: float = 1.0, missing: str) -> Counted:
    """A ratio of sums; nothing to divide by is no value, never zero."""
    if not denominator:
        return Counted(numerator=numerator, denominator=denominator, missing=missing)
    return Counted(numerator=numerator, denominator=denominator, value=times * numerator / denominator)
