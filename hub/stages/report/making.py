"""Making a report: every figure is asked of `Figures` once, every picture is drawn once, and then nothing changes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from time import perf_counter

from hub.domain import Figure, Part, Scope, Step
from hub.domain.config import Config
from hub.domain.reports import (
    Advice,
    Chart,
    Footnote,
    Graded,
    Lack,
    Quote,
    Report,
    ReportPlan,
    Row,
    Section,
    SectionPlan,
    Shown,
    Table,
)
from hub.logs import get_logger
from hub.measure import catalogue
from hub.measure.figures import NARROWING, Figures
from hub.pictures import Bar, Drawing, Line, bar_chart, line_chart
from hub.stages.report import steps
from hub.stages.report.periods import before
from hub.stages.report.plans import rows_of
from hub.store import View

log = get_logger(__name__)

MOST_LINES = 6  # that can be told apart in one picture
MOST_QUOTES = 5
UNITS = {"count": "", "percent": "%", "points": "points", "ratio": "", "seconds": "seconds", "money": ""}


@dataclass
class Made:
    """A report and its pictures (PNG, by digest), and how long each part took, in seconds."""

    report: Report
    pictures: dict[str, bytes]
    seconds: dict[str, float]


@dataclass
class Making:
    """One report being made."""

    view: View
    config: Config
    plan: ReportPlan
    scope: Scope
    figures: Figures
    notes: dict[str, int] = field(default_factory=dict)  # by the KPI's name, in the order in which they are met
    pictures: dict[str, bytes] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("figures", "pictures", "posts"), 0.0))
    asked: list[Figure] = field(default_factory=list)
    _known: dict[tuple[str, Scope], Figure] = field(default_factory=dict)

    def report(self) -> Report:
        """The whole of it."""
        sections = [self.section(each) for each in self.plan.sections]
        told = {row.title for section in sections for row in section.rows} | {
            table.title for section in sections for table in section.tables
        }
        sections = [_once(section, told) for section in sections]
        coverages = [figure.coverage for figure in self.asked if figure.coverage is not None]
        return Report(
            name=self.plan.name, title=self.plan.title, department=self.plan.department, period=self.plan.period,
            organisation=self.config.organisation.name, zone=self.config.organisation.timezone,
            since=self.scope.since, until=self.scope.until, made_at=self.view.now,
            partial=self.view.now < self.scope.until or any(figure.partial for figure in self.asked),
            coverage=min(coverages, default=None), sections=tuple(sections),
            footnotes=tuple(
                Footnote(number=number, definition=catalogue.definition(name)) for name, number in self.notes.items()
            ),
        )  # fmt: skip

    def section(self, plan: SectionPlan) -> Section:
        """One part of it."""
        rows: list[Row] = []
        lacks: list[Lack] = []
        remarks: list[str] = []
        for name in rows_of(plan):
            row = self.row(name)
            if row.figure.value is None:
                lacks.append(Lack(title=row.title, note=row.note, why=row.figure.missing or "No data yet."))
            else:
                rows.append(row)
        shown = [picture for chart in plan.charts if (picture := self.picture(chart, remarks))]
        tables = [table for chart in plan.tables if (table := self.table(chart)).parts]
        return Section(
            title=plan.title, text=plan.text, rows=tuple(rows), lacks=tuple(lacks), pictures=tuple(shown),
            tables=tuple(tables), remarks=tuple(remarks),
            alarms=self.alarms() if "alarms" in plan.extras else (),
            quotes=self.quotes() if "posts" in plan.extras else (),
            steps=self.steps() if "steps" in plan.extras else (),
        )  # fmt: skip

    def figure(self, name: str, scope: Scope) -> Figure:
        """One figure, asked once."""
        if (name, scope) not in self._known:
            with self.timed("figures"):
                self._known[name, scope] = self.figures.figure(name, scope)
        return self._known[name, scope]

    def row(self, name: str) -> Row:
        """A KPI, and the period before where both were seen as a whole."""
        meant, figure = catalogue.definition(name), self.figure(name, self.scope)
        earlier = None
        if figure.value is not None:
            self.asked.append(figure)
            earlier = self.figure(name, before(self.scope, self.figures.zone))
        whole = earlier is not None and not figure.partial and not earlier.partial and self.view.now >= self.scope.until
        return Row(
            title=meant.title, unit=meant.unit, better=meant.better, note=self.note(name), figure=figure,
            before=earlier if whole else None,
        )  # fmt: skip

    def note(self, name: str) -> int:
        """The number of a KPI's footnote."""
        return self.notes.setdefault(name, len(self.notes) + 1)

    def table(self, chart: Chart) -> Table:
        """A KPI by something."""
        meant = catalogue.definition(chart.kpi)
        by = chart.by or meant.splits[0]
        return Table(
            title=f"{meant.title} by {by}", unit=meant.unit, by=by, note=self.note(chart.kpi),
            parts=tuple(part for part in self.split(chart.kpi, chart) if part.figure.value is not None),
        )  # fmt: skip

    def split(self, name: str, chart: Chart) -> Sequence[Part]:
        """The parts of one figure."""
        with self.timed("figures"):
            meant = catalogue.definition(name)
            return () if meant.needs else self.figures.split(name, self.scope, chart.by or meant.splits[0])

    def picture(self, chart: Chart, remarks: list[str]) -> Shown | None:
        """A picture; one that cannot be drawn is told of, and hides no figure."""
        meant = catalogue.definition(chart.kpi)
        if meant.needs:
            return None
        title = meant.title + (f" by {chart.by}" if chart.by else "")
        try:
            drawn = self.drawn(chart, title)
            with self.timed("pictures"):
                content = drawn.png("light") if drawn else b""
        except Exception as trouble:  # noqa: BLE001  whatever stops a picture, the figures are there
            log.error("picture not drawn", report=self.plan.name, kpi=chart.kpi, error=type(trouble).__name__)
            remarks.append(f"The picture of {title} could not be drawn; its figures are in the tables.")
            return None
        if drawn is None:
            return None
        self.note(chart.kpi)
        digest = sha256(content).hexdigest()
        self.pictures[digest] = content
        return Shown(
            name=drawn.name, digest=digest, alt=drawn.alt, width=drawn.width, height=drawn.height,
            columns=tuple(drawn.columns), rows=tuple(tuple(row) for row in drawn.rows),
        )  # fmt: skip

    def drawn(self, chart: Chart, title: str) -> Drawing | None:
        """Lines over time, or bars; None where there is nothing to draw."""
        meant = catalogue.definition(chart.kpi)
        unit = UNITS[meant.unit]
        if not chart.lines:
            parts = [part for part in self.split(chart.kpi, chart) if part.figure.value is not None]
            with self.timed("pictures"):
                return bar_chart(title, [_bar(part) for part in parts], unit=unit) if parts else None
        scopes = [("", self.scope)]
        if chart.by in NARROWING:
            parts = [part for part in self.split(chart.kpi, chart) if part.figure.value is not None][:MOST_LINES]
            scopes = [(part.name, self.scope.with_(**{chart.by: part.name})) for part in parts]
        step: Step = "hour" if self.plan.period == "day" else "day"
        with self.timed("figures"):
            found = [(name or meant.title, self.figures.series(chart.kpi, scope, step)) for name, scope in scopes]
        if not any(figure.value is not None for _, series in found for figure in series):
            return None
        partial = sorted({figure.scope.since for _, series in found for figure in series if figure.partial})
        with self.timed("pictures"):
            drawn = [_line(name, series) for name, series in found]
            return line_chart(title, drawn, unit=unit, zone=self.figures.zone, partial=partial)

    def alarms(self) -> tuple[Graded, ...]:
        """How good each detector is, by what people said of its alarms."""
        return tuple(
            Graded(
                detector=grade.detector, alarms=grade.alarms, judged=grade.judged, precision=grade.precision,
                recall=grade.recall, lead_minutes=grade.lead_minutes,
            )
            for grade in self.view.alarms.grades()
            if grade.topic is None
        )  # fmt: skip

    def quotes(self) -> tuple[Quote, ...]:
        """The posts that were reacted to most."""
        with self.timed("posts"):
            loud = self.view.reports.loudest(self.scope.since, self.scope.until, limit=MOST_QUOTES)
        return tuple(Quote(post=one.key, network=one.network, reactions=one.reactions) for one in loud)

    def steps(self) -> tuple[Advice, ...]:
        """What to do next."""
        return tuple(steps.advice(self.view, self.scope, self.asked))

    def timed(self, part: str) -> "_Timed":
        """Adds what is done inside to the time of this part."""
        return _Timed(self.seconds, part)


class _Timed:
    """A stretch of time, added to a sum."""

    def __init__(self, seconds: dict[str, float], part: str) -> None:
        self._seconds, self._part = seconds, part

    def __enter__(self) -> None:
        self._began = perf_counter()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._part] += perf_counter() - self._began


def make(view: View, config: Config, plan: ReportPlan, scope: Scope) -> Made:
    """The report of this plan and time, as the store is in this view."""
    making = Making(view, config, plan, scope, Figures(view, config))
    return Made(making.report(), making.pictures, making.seconds)


def _once(section: Section, told: set[str]) -> Section:
    """What has no data is named once, where it is asked for first; what is told elsewhere is not lacking."""
    lacks = []
    for lack in section.lacks:
        if lack.title not in told:
            told.add(lack.title)
            lacks.append(lack)
    return section.with_(lacks=tuple(lacks))


def _bar(part: Part) -> Bar:
    figure = part.figure
    return Bar(name=part.name, value=figure.value, low=figure.low, high=figure.high, partial=figure.partial)


def _line(name: str, series: Sequence[Figure]) -> Line:
    sure = any(figure.low is not None for figure in series)
    ends: dict[str, tuple[float | None, ...]] = {}
    if sure:
        ends = {"low": tuple(one.low for one in series), "high": tuple(one.high for one in series)}
    return Line(name=name, points=tuple((one.scope.since, one.value) for one in series), **ends)
