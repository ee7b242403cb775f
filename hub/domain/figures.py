"""Figures: what a KPI says of one part of the world, how it is defined, and how much of that was really seen."""

from datetime import datetime
from typing import Literal

from hub.domain.model import Model, Moment

Unit = Literal["count", "percent", "points", "ratio", "seconds", "money"]
Dimension = Literal[
    "subject", "network", "team", "kind", "intent", "sentiment", "topic", "audience", "route", "channel", "watch"
]
Step = Literal["hour", "day", "week"]
Group = Literal["listening", "flow", "service", "sales", "marketing", "operations"]
Better = Literal["more", "less", "neither"]


class Definition(Model, omit_defaults=False):
    """One KPI as it is computed, everywhere: on a card, in a table, a report, a CRM field and an export.

    `version` grows with every change of what the figure means; old figures keep the version that made them.
    """

    name: str
    version: int
    title: str
    group: Group
    unit: Unit
    meaning: str  # one sentence for a person who decides by it
    formula: str
    numerator: str
    denominator: str = ""  # "": the numerator alone is the figure
    clock: str = "published_at"  # by which time a post or piece of work belongs to a period
    exclusions: str = ""  # what is left out, and why
    sources: tuple[str, ...] = ()  # where the definition comes from
    variants: str = ""  # what others call by the same name
    better: Better = "neither"
    narrows: tuple[Dimension, ...] = ("subject", "network")  # filters that mean something for it
    splits: tuple[Dimension, ...] = ("subject", "network")  # it can be shown by these
    daily: bool = True  # exported day by day; False for what reads every post's words
    needs: str = ""  # what it waits for: the figure says so until it is there

    @property
    def id(self) -> str:
        """Name and version: what stands below every figure."""
        return f"{self.name}@{self.version}"


class Scope(Model, omit_defaults=False):
    """The part of the world that a figure is of: time, half open, and what it is narrowed to; None is all of it."""

    since: Moment
    until: Moment
    subject: str | None = None
    network: str | None = None
    team: str | None = None


class Figure(Model, omit_defaults=False):
    """What one KPI says of one scope. Numerator and denominator are kept, never only their ratio."""

    definition: str  # name@version
    scope: Scope
    value: float | None  # None: nothing to divide by, or no data; `missing` says which
    numerator: float | None = None
    denominator: float | None = None
    low: float | None = None  # of the interval that holds the true value in 95 of 100 cases, where that is known
    high: float | None = None
    coverage: float | None = None  # 0 to 1, of the sources' hours; None: no source was to see any of it
    partial: bool = False  # not compared with other periods, nor shown as if it were whole
    missing: str | None = None  # why there is no value, in one sentence


class Part(Model, omit_defaults=False):
    """One row of a figure that is shown by something: `Part("network", "mastodon", figure)`."""

    by: Dimension
    name: str
    figure: Figure


class Comparison(Model, omit_defaults=False):
    """A figure beside the one of the period before. What was not wholly seen is compared with nothing."""

    figure: Figure
    before: Figure
    change: float | None = None  # in the KPI's own unit; None where either is partial or has no value
    percent: float | None = None  # the same in per cent of before


def period(since: datetime, until: datetime) -> Scope:
    """The whole world in this time."""
    return Scope(since=since, until=until)
