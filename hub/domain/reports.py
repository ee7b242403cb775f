"""Reports: what one shows and to whom, and what one was made into: numbers that do not change any more."""

from typing import Annotated, Literal

import msgspec

from hub.domain.figures import Better, Definition, Dimension, Figure, Group, Part, Unit
from hub.domain.model import Model, Moment

Department = Literal["executive", "marketing", "pr", "sales", "service", "operations"]
Period = Literal["day", "week"]
Extra = Literal["alarms", "posts", "steps"]
"""Detectors by what people said of them; the posts that were reacted to most; what to do next."""
ReportName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,60}$")]
EmailAddress = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._%+=~-]{1,64}@[A-Za-z0-9.-]{1,250}$")]
SlackChannel = Annotated[str, msgspec.Meta(pattern=r"^(#[^\s#]{1,80}|[CDG][A-Z0-9]{2,30})$")]


class Chart(Model):
    """A picture of one KPI: over time as lines, or by something as bars."""

    kpi: str
    lines: bool = False  # over time; with `by`, a line for each
    by: Dimension | None = None


class SectionPlan(Model):
    """One part of a report."""

    title: str
    text: str = ""  # one sentence on what to look at here
    kpis: tuple[str, ...] = ()  # names from the catalogue
    groups: tuple[Group, ...] = ()  # all KPIs of these groups, besides
    charts: tuple[Chart, ...] = ()
    tables: tuple[Chart, ...] = ()  # one KPI by something
    extras: tuple[Extra, ...] = ()


class Addressees(Model):
    """Whom a report is sent to."""

    slack: tuple[SlackChannel, ...] = ()  # channel ids or #names
    email: tuple[EmailAddress, ...] = ()
    folder: str = ""  # where PDF and HTML are put, besides


class ReportPlan(Model):
    """What a report shows, for whom, of which time."""

    name: ReportName
    title: str
    department: Department
    period: Period
    sections: tuple[SectionPlan, ...]
    to: Addressees = Addressees()
    enabled: bool = True


class OwnReport(Model):
    """A report in hub.yaml: one of its own, or what is to be otherwise in the shipped one of this name."""

    name: ReportName
    title: str | None = None
    department: Department | None = None
    period: Period | None = None
    sections: tuple[SectionPlan, ...] | None = None
    to: Addressees | None = None
    enabled: bool = True


class Row(Model, omit_defaults=False):
    """One KPI, with the period before where both were seen as a whole."""

    title: str
    unit: Unit
    better: Better
    note: int  # the footnote's number
    figure: Figure
    before: Figure | None = None


class Table(Model, omit_defaults=False):
    """One KPI by something."""

    title: str
    unit: Unit
    by: Dimension
    note: int
    parts: tuple[Part, ...]


class Shown(Model, omit_defaults=False):
    """A picture by the digest of its bytes, with the table behind it."""

    name: str
    digest: str
    alt: str
    width: int
    height: int
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | float | None, ...], ...] = ()


class Quote(Model, omit_defaults=False):
    """A post by its key alone: its words are read when the report is shown, so one that was erased is shown no more."""

    post: str
    network: str
    reactions: int


class Graded(Model, omit_defaults=False):
    """One detector, by what people said of its alarms."""

    detector: str
    alarms: int
    judged: int
    precision: float | None
    recall: float | None
    lead_minutes: float | None


class Advice(Model, omit_defaults=False):
    """What somebody should do next, and where."""

    text: str
    path: str = ""  # of the command centre's page


class Lack(Model, omit_defaults=False):
    """A KPI without data, and why."""

    title: str
    note: int
    why: str


class Section(Model, omit_defaults=False):
    """One part of a report as it was made."""

    title: str
    text: str = ""
    rows: tuple[Row, ...] = ()
    pictures: tuple[Shown, ...] = ()
    tables: tuple[Table, ...] = ()
    alarms: tuple[Graded, ...] = ()
    quotes: tuple[Quote, ...] = ()
    steps: tuple[Advice, ...] = ()
    lacks: tuple[Lack, ...] = ()
    remarks: tuple[str, ...] = ()  # such as: a picture could not be drawn


class Footnote(Model, omit_defaults=False):
    """How the figures of one KPI were computed."""

    number: int
    definition: Definition


class Report(Model, omit_defaults=False):
    """A report as it was made, once: whatever shows it shows these figures and these pictures."""

    name: str
    title: str
    department: Department
    period: Period
    organisation: str
    zone: str
    since: Moment
    until: Moment
    made_at: Moment
    partial: bool  # some of its time was not seen, or had not passed
    coverage: float | None
    sections: tuple[Section, ...]
    footnotes: tuple[Footnote, ...]
    edition: int = 1  # of this form

    @property
    def pictures(self) -> tuple[Shown, ...]:
        """All pictures, in order."""
        return tuple(picture for section in self.sections for picture in section.pictures)

    @property
    def quotes(self) -> tuple[Quote, ...]:
        """All posts that are named."""
        return tuple(quote for section in self.sections for quote in section.quotes)
