"""The page of quality: what was checked, what is held back, what people corrected, which models run, what adds up."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from command_centre import figured, looking, pictures
from command_centre.figured import Chart
from command_centre.filters import Asked
from command_centre.looking import Look
from command_centre.pages import facts_of, page
from hub.pictures import Bar, bar_chart
from hub.settings import read_settings
from hub.store import Balance, BatchSum, Counted, Fate, KeptModel
from hub.store.expectations import Validation

router = APIRouter()

VALIDATIONS = 500  # the newest that are looked at
SHOWN = 25
MODELS = 10
LAST_BATCHES = 500  # are checked record by record; the others once a night


@dataclass(frozen=True)
class Confused:
    """One field: what posts were taken for, and what people say they are."""

    field: str
    labels: list[str]
    counts: dict[tuple[str, str], int]  # taken for, is

    @property
    def total(self) -> int:
        """How many posts."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Measured:
    """How a model did on posts that it had not learned from."""

    model: str
    field: str
    group: str
    posts: int
    accuracy: float
    macro_f1: float


@dataclass(frozen=True)
class Quality:
    """Everything the page shows."""

    now: datetime
    validations: list[Validation]
    validated: Chart
    held: list[Counted]
    aged: Chart
    overdue_after: timedelta
    confused: list[Confused]
    engine: str | None  # the trained model that runs
    models: list[KeptModel]
    measured: list[Measured]
    balances: list[tuple[str, Balance]]
    unbalanced: list[BatchSum]


def quality(look: Look) -> Quality:
    """What the filters leave; what is held back is told as of now."""
    view, filters = look.view, look.filters
    validations = [one for one in view.expectations.recent(VALIDATIONS) if filters.since <= one.at < filters.until]
    fates = [one for one in view.quarantine.fates() if _within(one, look)]
    models = view.models.listing(MODELS)
    checks = [(one.at, _word(one)) for one in validations]
    apart = [(one.since, one.reason) for one in fates]
    networks = [filters.network] if filters.network else list(look.choices.networks)
    return Quality(
        now=look.now,
        validations=validations[:SHOWN],
        validated=_chart(look, "validations", "Checks by day", _by_day(look, checks)),
        held=[one for one in view.quarantine.counts() if filters.network in (None, one.network)],
        aged=_chart(look, "quarantine", "Set apart by day", _by_day(look, apart)),
        overdue_after=timedelta(hours=read_settings().quarantine_hours),
        confused=_confused(view.corrections.taken_for(filters.since, filters.until, network=filters.network)),
        engine=view.models.running(), models=models,
        measured=[row for one in models if one.state == "running" for row in _measured(one)],
        balances=[
            (name, view.ledger.kept(network=name)) for name in networks
        ],
        unbalanced=view.ledger.unbalanced(last=LAST_BATCHES),
    )  # fmt: skip


@router.get("/quality", response_class=HTMLResponse)
def page_of_quality(given: Asked) -> HTMLResponse:
    """Validation, quarantine, corrections, models and the ledger."""
    with looking.look(given) as look:
        return page("quality.html", here="quality", **look.facts | facts_of(quality(look)))


@router.get("/quality/validations.csv")
def validations(given: Asked) -> Response:
    """Checks by day as a table."""
    with looking.look(given) as look:
        drawing = quality(look).validated.drawing
    return pictures.as_csv("validations", drawing.columns, drawing.rows)


@router.get("/quality/quarantine.csv")
def set_apart(given: Asked) -> Response:
    """What was set apart by day and reason as a table."""
    with looking.look(given) as look:
        drawing = quality(look).aged.drawing
    return pictures.as_csv("quarantine", drawing.columns, drawing.rows)


@router.get("/quality/corrections.csv")
def corrections(given: Asked) -> Response:
    """What posts were taken for, and what people say they are."""
    with looking.look(given) as look:
        confused = quality(look).confused
    rows = [(one.field, *pair, count) for one in confused for pair, count in sorted(one.counts.items())]
    return pictures.as_csv("corrections", ("field", "taken_for", "is", "posts"), rows)


def _within(one: Fate, look: Look) -> bool:
    filters = look.filters
    return filters.since <= one.since < filters.until and filters.network in (None, one.network)


def _word(one: Validation) -> str:
    return "passed" if one.success else "failed"


def _by_day(look: Look, marked: list[tuple[datetime, str]]) -> list[Bar]:
    """One bar for each day of the place on which something was, made up of what it was."""
    days: dict[date, Counter[str]] = defaultdict(Counter)
    for at, what in marked:
        days[at.astimezone(look.zone).date()][what] += 1
    return [
        Bar(
            name=f"{day:%a %-d %b}",
            value=counts.total(),
            parts=tuple((name, float(n)) for name, n in sorted(counts.items())),
        )
        for day, counts in sorted(days.items(), reverse=True)
    ]


def _chart(look: Look, name: str, title: str, bars: list[Bar]) -> Chart:
    drawing = bar_chart(title, bars, unit="count")
    return figured.kept(drawing, None, f"/quality/{name}.csv{look.filters.query()}", look)


def _confused(taken: Counter[tuple[str, str, str]]) -> list[Confused]:
    fields: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for (field, old, new), count in taken.items():
        fields[field][old, new] = count
    return [
        Confused(field, sorted({label for pair in counts for label in pair}), counts)
        for field, counts in sorted(fields.items())
    ]


def _measured(model: KeptModel) -> list[Measured]:
    """Accuracy of each field, as a whole and by network and language, of a report that says so."""
    rows: list[Measured] = []
    for field in _listed(model.report, "fields"):
        for one in _listed(field, "confusion"):
            rows.append(
                Measured(
                    model.version,
                    str(field.get("field", "")),
                    str(one.get("group", "")),
                    int(one.get("posts", 0)),
                    float(one.get("accuracy", 0)),
                    float(one.get("macro_f1", 0)),
                )
            )
    return rows


def _listed(facts: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in facts.get(name) or () if isinstance(one, dict)]
