"""KPIs as a dataset: every figure that the catalogue defines, day by day, of each subject on each network.

Only `Figures` computes; here its answers are laid out. Days are the organisation's, from local midnight on.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import NamedTuple

from hub.domain import Definition, Figure, Scope
from hub.domain.config import Config
from hub.measure.catalogue import definitions
from hub.measure.figures import Figures
from hub.stages.export.columns import NUMBER, REAL, TEXT, YES_NO, Column, Dataset
from hub.store import View

DAY = timedelta(days=1)
AT_ONCE = 31  # days


class Told(NamedTuple):
    """One figure of one day."""

    meant: Definition
    figure: Figure


KPIS = Dataset(
    "kpis", "One figure of one day: of a subject, of a network, of both, or of everything; `hub voice` counts stories.",
    "`hub.measure.Figures`", parts=("day",), day="The organisation's day, from local midnight on.", columns=(
        Column("kpi", TEXT, "Name of the KPI.", "meant.name"),
        Column("version", NUMBER, "Version of its definition.", "meant.version"),
        Column("definition", TEXT, "Both, as name@version: what stands below the figure everywhere.",
               "figure.definition"),
        Column("title", TEXT, "What people call it.", "meant.title"),
        Column("unit", TEXT, "count, percent, points, ratio, seconds or money: of `value`, `low` and `high`.",
               "meant.unit"),
        Column("subject", TEXT, "Of which subject; empty: of all together.", "figure.scope.subject"),
        Column("network", TEXT, "On which network; empty: on all together.", "figure.scope.network"),
        Column("value", REAL, "The figure; empty where there was nothing to divide by.", "figure.value",
               "as `unit` says"),
        Column("numerator", REAL, "What is above the line. Add these up, and never values.",
               "figure.numerator"),
        Column("denominator", REAL, "What is below the line; empty: the numerator is the figure.",
               "figure.denominator"),
        Column("low", REAL, "The true value lies above it in 95 of 100 cases, together with `high`.",
               "figure.low", "as `unit` says"),
        Column("high", REAL, "As `low`, from above.", "figure.high", "as `unit` says"),
        Column("coverage", REAL, "How much of the sources' hours was really observed.",
               "figure.coverage", "0 to 1"),
        Column("partial", YES_NO, "Whether the day was not wholly observed, or is not over: never compare it as whole.",
               "figure.partial"),
        Column("missing", TEXT, "Why there is no value.", "figure.missing"),
    ),
)  # fmt: skip


def by_day(view: View, config: Config, days: Sequence[date]) -> Iterator[tuple[date, list[Told]]]:
    """Each of these days with all its figures that say anything; days that follow each other are asked for at once."""
    for stretch in _stretches(days):
        told: dict[date, list[Told]] = {day: [] for day in stretch}
        figures = Figures(view, config)
        for one in _told(figures, stretch):
            told[one.figure.scope.since.astimezone(figures.zone).date()].append(one)
        yield from told.items()


def _told(figures: Figures, stretch: Sequence[date]) -> Iterator[Told]:
    whole = Scope(since=_midnight(figures, stretch[0]), until=_midnight(figures, stretch[-1] + DAY))
    subjects = [None, *(subject.name for subject in figures.config.subjects)]
    networks = sorted({watch.network for watch in figures.view.watches.listing()})
    for subject, meant in product(subjects, definitions()):
        if meant.needs or not meant.daily or (subject is not None and "subject" not in meant.narrows):
            continue
        for figure in _days(figures, meant, whole.with_(subject=subject), networks):
            if figure.value is not None or figure.numerator is not None:
                yield Told(meant, figure)


def _days(figures: Figures, meant: Definition, scope: Scope, networks: Sequence[str]) -> Iterator[Figure]:
    """Each day on all networks together and on each; what can be shown network by network is read once for all."""
    yield from figures.series(meant.name, scope, "day")
    if "network" not in meant.narrows:
        return
    if "network" in meant.splits:
        for figures_of_one in figures.courses(meant.name, scope, "day", "network", networks).values():
            yield from figures_of_one
        return
    for network in networks:
        yield from figures.series(meant.name, scope.with_(network=network), "day")


def _stretches(days: Sequence[date]) -> Iterator[list[date]]:
    stretch: list[date] = []
    for day in sorted(days):
        if stretch and (day - stretch[-1] != DAY or len(stretch) == AT_ONCE):
            yield stretch
            stretch = []
        stretch.append(day)
    if stretch:
        yield stretch


def _midnight(figures: Figures, day: date) -> datetime:
    """When this day begins where the organisation is; it may have 23 or 25 hours."""
    return datetime.combine(day, time(), figures.zone)


def days_touched(figures: Figures, first: date, last: date) -> Iterator[date]:
    """The organisation's days that lie in these days of UTC, first and last included; none that has not begun."""
    utc = datetime.combine(first, time()), datetime.combine(last, time(23, 59, 59))
    begin, end = (each.replace(tzinfo=figures.now.tzinfo).astimezone(figures.zone).date() for each in utc)
    end = min(end, figures.now.astimezone(figures.zone).date())
    while begin <= end:
        yield begin
        begin += timedelta(days=1)
