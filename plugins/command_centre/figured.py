"""Cards and charts of the KPIs: every number comes from `Figures`, with its definition and the posts behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from command_centre import ahead, words
from command_centre.filters import Filters
from command_centre.looking import Look, gallery
from hub.domain import Definition, Dimension, Figure, Part, Scope
from hub.measure import catalogue
from hub.measure.figures import BEHIND
from hub.pictures import Bar, Drawing, Line, bar_chart, line_chart

MINUTE, HOUR = 60.0, 3600.0
LINES = 6  # that can be told apart in one picture


@dataclass(frozen=True)
class Card:
    """One figure, and what it was before."""

    figure: Figure
    meant: Definition
    before: Figure | None
    query: str  # the filters, as they stand in an address

    @property
    def value(self) -> str:
        """In its unit."""
        return words.figured(self.figure.value, self.meant.unit)

    @property
    def behind(self) -> bool:
        """Whether the posts can be listed that made it."""
        return self.meant.name in BEHIND

    @property
    def interval(self) -> str | None:
        """Where the true value lies in 95 of 100 cases."""
        low, high = self.figure.low, self.figure.high
        if low is None or high is None:
            return None
        return f"{words.figured(low, self.meant.unit)} to {words.figured(high, self.meant.unit)}"

    @property
    def partial(self) -> bool:
        """Whether too much of it was never seen: then it is compared with nothing."""
        return self.figure.partial

    @property
    def change(self) -> str | None:
        """Against the period before, if both are whole."""
        difference = self.difference
        if difference is None or self.before is None or self.before.value is None:
            return None
        if self.meant.unit == "count":
            return None if not self.before.value else words.figured(100 * difference / self.before.value, "percent",
                                                                    signed=True)  # fmt: skip
        return words.figured(difference, "points" if self.meant.unit == "percent" else self.meant.unit, signed=True)

    @property
    def difference(self) -> float | None:
        """What is now less what was before; None where they may not be compared."""
        then = self.before
        if then is None or then.value is None or self.figure.value is None or then.partial or self.partial:
            return None
        return self.figure.value - then.value

    @property
    def way(self) -> str:
        """Whether the change is `good`, `bad` or neither."""
        difference = self.difference
        if not difference or self.meant.better == "neither":
            return ""
        return "good" if (difference > 0) == (self.meant.better == "more") else "bad"


@dataclass(frozen=True)
class Chart:
    """A picture, its table, and where its numbers come from."""

    drawing: Drawing
    digest: str
    name: str | None  # of the KPI; None where it shows no KPI
    data: str  # address of its numbers as a file, below the prefix
    filters: Filters
    by: Dimension | None = None  # by what its rows are told apart

    @property
    def behind(self) -> bool:
        """Whether the posts can be listed that made it."""
        return self.name in BEHIND

    def posts(self, part: str) -> str:
        """Address of the posts behind one row."""
        return f"/behind/{self.name}{self.filters.query(by=self.by, part=part)}"


def card(look: Look, name: str, scope: Scope | None = None, *, compared: bool = True) -> Card:
    """What the KPI says of what the page is narrowed to, or of this scope."""
    figures, meant = look.figures, catalogue.definition(name)
    before = figures.figure(name, look.filters.before) if compared and scope is None and not meant.needs else None
    return Card(figures.figure(name, scope or look.filters.scope), meant, before, look.filters.query())


def cards(look: Look, names: Iterable[str]) -> list[Card]:
    """Of those KPIs that there are."""
    known = {one.name for one in catalogue.definitions()}
    return [card(look, name) for name in names if name in known]


def over_time(
    look: Look, name: str, title: str, *, by: Dimension | None = None, expected: Sequence[float | None] = ()
) -> Chart:
    """The KPI step by step, one line for each part of `by`, the largest first."""
    meant, filters = catalogue.definition(name), look.filters
    parts = look.figures.split(name, filters.scope, by)[:LINES] if by and _open(look, meant, by) else []
    names = [part.name for part in parts]
    courses = look.figures.courses(name, filters.scope, filters.step, by, names) if by and names else {}
    series = list(courses.items()) or [(title, look.figures.series(name, filters.scope, filters.step))]
    size, unit = scale(meant, [figure for _, figures in series for figure in figures])
    lines = [_line(label, figures, size, () if names else expected) for label, figures in series]
    drawing = line_chart(title, lines, unit=unit, zone=look.zone, partial=_partial(look, [f for _, f in series]))
    return kept(drawing, name, f"/data/{name}.csv{filters.query(step=filters.step, by=by if names else None)}", look)


def by_part(look: Look, name: str, by: Dimension, title: str) -> Chart:
    """The KPI part by part, the largest first."""
    meant = catalogue.definition(name)
    parts = look.figures.split(name, look.filters.scope, by) if _open(look, meant, by) else []
    size, unit = scale(meant, [part.figure for part in parts])
    drawing = bar_chart(title, [_bar(part, size) for part in parts], unit=unit)
    return kept(drawing, name, f"/data/{name}.csv{look.filters.query(by=by)}", look, by=by)


def kept(drawing: Drawing, name: str | None, data: str, look: Look, *, by: Dimension | None = None) -> Chart:
    """A chart whose picture can be asked for."""
    return Chart(drawing, ahead.ask(gallery(), gallery().plan(drawing)), name, data, look.filters, by)


def scale(meant: Definition, figures: Iterable[Figure]) -> tuple[float, str]:
    """By what values are divided in a picture, and what they are then."""
    if meant.unit != "seconds":
        return 1.0, meant.unit
    most = max((abs(figure.value) for figure in figures if figure.value is not None), default=0)
    return (HOUR, "hours") if most >= 2 * HOUR else (MINUTE, "minutes") if most >= 2 * MINUTE else (1.0, "seconds")


def _open(look: Look, meant: Definition, by: Dimension) -> bool:
    """Whether it can be split by this: it is no part of one already."""
    return by in meant.splits and getattr(look.filters.scope, by, None) is None and not meant.needs


def _line(name: str, figures: Sequence[Figure], size: float, expected: Sequence[float | None]) -> Line:
    known = [_sized(each, size) for each in figures]
    sure = any(each["low"] is not None for each in known)
    return Line(
        name=name,
        points=tuple((figure.scope.since, each["value"]) for figure, each in zip(figures, known, strict=True)),
        low=tuple(each["low"] for each in known) if sure else (),
        high=tuple(each["high"] for each in known) if sure else (),
        expected=tuple(expected),
    )


def _sized(figure: Figure, size: float) -> dict[str, Any]:
    return {
        name: None if (value := getattr(figure, name)) is None else value / size for name in ("value", "low", "high")
    }


def _bar(part: Part, size: float) -> Bar:
    sized = _sized(part.figure, size)
    return Bar(name=part.name, partial=part.figure.partial, **sized)


def _partial(look: Look, series: Sequence[Sequence[Figure]]) -> set[datetime]:
    """Steps of which not all was seen: some source was not read, or they have not ended."""
    found = {figure.scope.since for figures in series for figure in figures if figure.partial}
    if look.filters.until == look.now:
        found |= {figures[-1].scope.since for figures in series if figures}
    return found
