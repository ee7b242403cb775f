"""The command for numbers: what each KPI means, and what it says of a period."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say
from hub.cli.voices import moment
from hub.domain import Definition, Dimension, Figure, Part, Scope, Step
from hub.errors import SetupError

if TYPE_CHECKING:
    from hub.measure.figures import Figures

COLUMNS = ["", "Figure", "95 of 100 between", "Numerator", "Denominator", "Observed", "Note"]
SIGNS = {"percent": " %", "seconds": " s"}


@app.command()
def kpi(
    name: Annotated[str | None, typer.Argument(help="As `hub kpi` lists it; left out: the list.")] = None,
    days: Annotated[int, typer.Option(help="So many days up to now, or up to --until.", min=1, max=3660)] = 7,
    since: Annotated[str | None, typer.Option(help="From then on, in ISO 8601; without a zone: UTC.")] = None,
    until: Annotated[str | None, typer.Option(help="Up to then, in ISO 8601; without a zone: UTC.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only this subject of hub.yaml.")] = None,
    network: Annotated[str | None, typer.Option(help="Only this network.")] = None,
    team: Annotated[str | None, typer.Option(help="Only this team.")] = None,
    by: Annotated[str | None, typer.Option(help="Part by part: subject, network, kind, intent, topic, ...")] = None,
    series: Annotated[str | None, typer.Option(help="Step by step: hour, day or week, as the organisation's.")] = None,
    behind: Annotated[int, typer.Option(help="So many of the newest posts behind it.", min=0, max=500)] = 0,
    json: Json = False,
) -> None:
    """What a KPI says of a period, beside the period before: the figure of every page, report and export.

    With its definition, how much of the period was observed, and the interval where there is one. What is partial is
    compared with no other period.
    """
    from hub.measure import catalogue
    from hub.measure.figures import Figures

    if name is None:
        _list(catalogue.definitions(), json=json)
        return
    meant = catalogue.definition(name)
    if by is not None and by not in get_args(Dimension):
        raise SetupError(f"Nothing is told by {by!r}; {meant.title} can be by {', '.join(meant.splits) or 'nothing'}.")
    if series is not None and series not in get_args(Step):
        raise SetupError(f"{series!r} is no step; there are hour, day and week.")
    with opened_hub() as hub, hub.store.read() as view:
        end = moment(until) if until else view.now
        start = moment(since) if since else end - timedelta(days=days)
        if start >= end:
            raise SetupError("The period ends before it begins; correct --since or --until.")
        scope = Scope(since=start, until=end, subject=subject, network=network, team=team)
        figures = Figures(view, hub.config)
        answer = _answer(figures, meant, scope, by, series, behind)
    if json:
        answer_json(answer)
    else:
        _show(meant, scope, answer)


def _answer(
    figures: "Figures", meant: Definition, scope: Scope, by: Any, series: Any, behind: int
) -> dict[str, Any]:  # fmt: skip
    """Everything that was asked for, as plain data."""
    found: dict[str, Any] = {"definition": meant.plain(), **figures.compare(meant.name, scope).plain()}
    if by is not None:
        found["parts"] = [part.plain() for part in figures.split(meant.name, scope, by)]
    if series is not None:
        found["series"] = [one.plain() for one in figures.series(meant.name, scope, series)]
    if behind:
        posts = figures.behind(meant.name, scope, limit=behind)
        found["behind"] = [
            {"key": one.post.key, "published_at": one.post.published_at, "url": one.post.url} for one in posts
        ]
    return found


def _list(definitions: tuple[Definition, ...], *, json: bool) -> None:
    if json:
        answer_json([one.plain() for one in definitions])
        return
    rows = [
        (one.name, one.title, one.group, f"No data yet: needs {one.needs}." if one.needs else one.meaning)
        for one in definitions
    ]
    answer_table("KPIs", ["Name", "Title", "For", "What it says"], rows)


def _show(meant: Definition, scope: Scope, answer: dict[str, Any]) -> None:
    figure, before = (Figure.from_plain(answer[name]) for name in ("figure", "before"))
    rows = [_row(meant, "The period", figure), _row(meant, "The one before", before)]
    if answer["change"] is not None:
        rows.append(("Change", _number(meant, answer["change"], signed=True), "", "", "", "", ""))
    answer_table(f"{meant.title}, {scope.since:%Y-%m-%d %H:%M} to {scope.until:%Y-%m-%d %H:%M} UTC", COLUMNS, rows)
    parts = [Part.from_plain(one) for one in answer.get("parts", ())]
    if parts:
        answer_table(f"By {parts[0].by}", COLUMNS, [_row(meant, part.name, part.figure) for part in parts])
    steps = [Figure.from_plain(one) for one in answer.get("series", ())]
    if steps:
        told = [_row(meant, f"{one.scope.since:%Y-%m-%d %H:%M}", one) for one in steps]
        answer_table("Step by step, in UTC", COLUMNS, told)
    if "behind" in answer:
        posts = [(one["published_at"], one["key"], one["url"] or "") for one in answer["behind"]]
        answer_table("The newest posts behind it", ["Published", "Post", "Where"], posts, empty="No post is behind it.")
    say(f"{meant.id}: {meant.formula}. Counted: {meant.numerator}. Left out: {meant.exclusions or 'nothing'}.")
    if figure.partial:
        say("Not all of the period was observed, or it is not over: compare it with no other.")


def _row(meant: Definition, name: str, figure: Figure) -> tuple[str, ...]:
    low, high = figure.low, figure.high
    between = "" if low is None or high is None else f"{_number(meant, low)} and {_number(meant, high)}"
    sums = [
        "" if one is None or meant.unit == "count" else f"{one:,.6g}" for one in (figure.numerator, figure.denominator)
    ]
    observed = "" if figure.coverage is None else f"{figure.coverage:.0%}"
    note = figure.missing or ("partial" if figure.partial else "")
    return name, "" if figure.value is None else _number(meant, figure.value), between, *sums, observed, note


def _number(meant: Definition, value: float, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    digits = f"{value:{sign},.0f}" if meant.unit == "count" else f"{value:{sign},.2f}"
    return digits + SIGNS.get(meant.unit, "")
