"""Pictures and numbers as files: what pages show, and what people take with them."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, get_args

from fastapi import APIRouter, HTTPException, Path, Query
from fastapi.responses import Response

from command_centre import ahead, looking
from command_centre.filters import Asked, BadFilter
from command_centre.looking import Look
from hub.domain import Dimension, Figure, Scope, Step
from hub.measure import catalogue
from hub.pictures.palette import Scheme

router = APIRouter()

Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{32}(-dark)?$")]
Name = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9_]+$")]
KEPT = "private, max-age=86400, immutable"  # the address names the content
PARTS = 50  # of a split that is also cut by time
STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # of what a spreadsheet would compute
COLUMNS = (
    "definition", "since", "until", "subject", "network", "team", "by", "part", "value", "numerator", "denominator",
    "low", "high", "coverage", "partial", "missing",
)  # fmt: skip


@router.get("/pictures/{digest}.png")
def picture(digest: Digest) -> Response:
    """A picture that a page shows; drawn when it is first asked for."""
    name, _, dark = digest.partition("-")
    scheme: Scheme = "dark" if dark else "light"
    if scheme == "light":
        ahead.drawn(name)
    png = looking.gallery().png(name, scheme)
    if png is None:
        raise HTTPException(404, "There is no such picture any more; open its page again.")
    return Response(png, media_type="image/png", headers={"Cache-Control": KEPT})


@router.get("/data/{kpi}.csv")
def data(
    given: Asked, kpi: Name, by: Annotated[str | None, Query()] = None, step: Annotated[str | None, Query()] = None
) -> Response:  # fmt: skip
    """A KPI as a table: one row for each part and step, with all that makes it up."""
    known(kpi)
    if by is not None and by not in catalogue.definition(kpi).splits:
        raise BadFilter(f"{catalogue.definition(kpi).title} cannot be shown by that.")
    if step is not None and step not in get_args(Step):
        raise BadFilter(f"There is no such step; choose {', '.join(get_args(Step))}.")
    with looking.look(given) as look:
        rows = [_row(figure, by, part) for part, figure in _figures(look, kpi, by, step)]
    return as_csv(kpi, COLUMNS, rows)


def known(name: str) -> str:
    """The name of a KPI that there is."""
    if name not in {one.name for one in catalogue.definitions()}:
        raise HTTPException(404, "There is no such KPI; the page KPIs lists them.")
    return name


def as_csv(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A file that spreadsheets open, and in which no text of others is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([harmless(column) for column in columns])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(out.getvalue().encode("utf-8", "replace"), media_type="text/csv; charset=utf-8", headers=headers)


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula, as a text; half a character and NUL are left out."""
    if not isinstance(cell, str):
        return "" if cell is None else cell
    text = cell.encode("utf-8", "ignore").decode().replace("\0", "")
    return f"'{text}" if text.lstrip().startswith(STARTS) or text.startswith(STARTS) else text


def _figures(look: Look, name: str, by: Any, step: Any) -> Iterator[tuple[str, Figure]]:
    scope, figures = look.filters.scope, look.figures
    if step is None:
        parts = [(part.name, part.figure) for part in figures.split(name, scope, by)] if by else []
        yield from parts if by else [("", figures.figure(name, scope))]
        return
    for part, narrowed in _scopes(look, name, scope, by):
        yield from ((part, figure) for figure in figures.series(name, narrowed, step))


def _scopes(look: Look, name: str, scope: Scope, by: Dimension | None) -> list[tuple[str, Scope]]:
    if by is None:
        return [("", scope)]
    if by not in ("subject", "network", "team"):
        raise BadFilter("By that it can be shown for the whole period only; leave out the step.")
    parts = look.figures.split(name, scope, by)[:PARTS]
    return [(part.name, scope.with_(**{by: part.name})) for part in parts]


def _row(figure: Figure, by: str | None, part: str) -> tuple[Any, ...]:
    scope = figure.scope
    return (
        figure.definition, scope.since.isoformat(), scope.until.isoformat(), scope.subject, scope.network, scope.team,
        by, part, figure.value, figure.numerator, figure.denominator, figure.low, figure.high, figure.coverage,
        figure.partial, figure.missing,
    )  # fmt: skip
