"""Maturity: how far an organisation has come with what it hears, computed from what the hub is set up for and has done.

Nothing is asked of people. Each step is a check on the live configuration and on the last thirty days; a stage is
reached when its steps and those of all stages before it hold. Who looks at it gets the evidence, and the one next step.

The rows of the matrix are the dimensions of the founding paper (S97 to S101) and the departments that its stages name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.domain import Model, Moment
from hub.domain.config import Config
from hub.measure import steps
from hub.measure.evidence import Evidence, Found
from hub.measure.live import Live
from hub.store import View

STAGES = ("none", "listening", "engaging", "intelligence")
TITLES = {"none": "Not begun", "listening": "Listening", "engaging": "Engaging", "intelligence": "Intelligence"}
Check = Callable[[Live], Evidence]


class Step(Model, omit_defaults=False):
    """One check: what it asks, what was found, and what to do where it does not hold."""

    stage: str
    asks: str
    holds: bool
    evidence: tuple[Found, ...]
    next: str


class Reach(Model, omit_defaults=False):
    """How far one dimension or department has come."""

    name: str
    stage: str
    word: str  # what this stage of it is called
    steps: tuple[Step, ...]
    next: Step | None  # the first step that is missing; None: there is none


class Maturity(Model, omit_defaults=False):
    """The whole matrix at one moment."""

    at: Moment
    stage: str  # of the dimension that has come least far
    dimensions: tuple[Reach, ...]
    departments: tuple[Reach, ...]

    @property
    def next(self) -> Step | None:
        """The step to take first: that of the dimension that has come least far."""
        behind = [reach for reach in self.dimensions if reach.stage == self.stage]
        return next((reach.next for reach in behind if reach.next), None)


@dataclass(frozen=True)
class Row:
    """A row of the matrix: for each stage what it is called and which checks it takes."""

    name: str
    words: tuple[str, str, str]
    listening: tuple[Check, ...]
    engaging: tuple[Check, ...]
    intelligence: tuple[Check, ...]

    @property
    def checks(self) -> list[tuple[str, Check]]:
        """All checks with their stages, in order."""
        parts = zip(STAGES[1:], (self.listening, self.engaging, self.intelligence), strict=True)
        return [(stage, check) for stage, part in parts for check in part]


DIMENSIONS = (
    Row(
        "Communication", ("one-way", "two-way", "multi-directional"), (steps.heard,),
        (steps.answerable, steps.taken_up), (steps.several_systems, steps.read_back),
    ),
    Row(
        "Visibility of insight", ("individuals and small teams", "departments", "organisation-wide"), (steps.one_team,),
        (steps.several_teams,), (steps.all_teams, steps.executives_told),
    ),
    Row(
        "Data infrastructure", ("siloed", "siloed, in several networks", "integrated with other technologies"),
        (steps.read,), (steps.several_networks, steps.observed), (steps.several_systems, steps.read_back),
    ),
    Row(
        "Mindset", ("passive", "tactical", "strategic"), (steps.named,), (steps.taken_up,),
        (steps.compared, steps.planned, steps.reported),
    ),
    Row(
        "Outcome", ("greater awareness", "optimisation", "executive decisions"), (steps.heard, steps.observed),
        (steps.learned,), (steps.read_back, steps.executives_told),
    ),
)  # fmt: skip
DEPARTMENT_WORDS = ("knows what is said", "acts on it", "learns from it")
DEPARTMENTS = (
    Row("Marketing", DEPARTMENT_WORDS, (steps.heard,), (steps.compared, steps.planned), (steps.told("marketing"),)),
    Row(
        "Public relations", DEPARTMENT_WORDS, (steps.guarded,), (steps.alerted, steps.acknowledged),
        (steps.judged, steps.told("pr")),
    ),
    Row("Sales", DEPARTMENT_WORDS, (steps.buyers_heard,), (steps.leads_made,), (steps.read_back, steps.told("sales"))),
    Row(
        "Service", DEPARTMENT_WORDS, (steps.customers_heard,), (steps.answerable,),
        (steps.learned, steps.told("service")),
    ),
    Row(
        "Executives", DEPARTMENT_WORDS, (steps.heard, steps.observed), (steps.reported,),
        (steps.executives_told, steps.read_back),
    ),
)  # fmt: skip


def assess(view: View, config: Config) -> Maturity:
    """How far this organisation has come, by what its hub holds now."""
    live = Live(view, config)
    dimensions = tuple(_reach(row, live) for row in DIMENSIONS)
    departments = tuple(_reach(row, live) for row in DEPARTMENTS)
    least = min((reach.stage for reach in dimensions), key=STAGES.index)
    return Maturity(at=view.now, stage=least, dimensions=dimensions, departments=departments)


def _reach(row: Row, live: Live) -> Reach:
    found = tuple(_step(stage, check(live)) for stage, check in row.checks)
    stage = _stage(found)
    word = row.words[STAGES.index(stage) - 1] if stage != "none" else "nothing yet"
    missing = next((step for step in found if not step.holds), None)
    return Reach(name=row.name, stage=stage, word=word, steps=found, next=missing)


def _step(stage: str, seen: Evidence) -> Step:
    return Step(stage=stage, asks=seen.asks, holds=seen.holds, evidence=seen.found, next=seen.next)


def _stage(found: Sequence[Step]) -> str:
    """The last stage of which, and of all before it, every step holds."""
    missing = next((step.stage for step in found if not step.holds), None)
    return STAGES[-1] if missing is None else STAGES[STAGES.index(missing) - 1]
