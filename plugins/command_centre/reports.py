"""The reports page: what was made, where it was sent and what became of it there, with each report as a file."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from fastapi.responses import HTMLResponse, Response

from command_centre import looking
from command_centre.filters import Asked
from command_centre.pages import page
from hub.domain import Scope
from hub.domain.reports import ReportPlan
from hub.errors import SetupError
from hub.settings import read_settings
from hub.stages import report as stage
from hub.store import KeptFiles, Made, Sent, handoff_of

router = APIRouter(default_response_class=HTMLResponse)

RECENT = 100
KINDS = {"pdf": "application/pdf", "html": "text/html; charset=utf-8"}

Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True)
class Listed:
    """A report that was made, as the page tells of it."""

    made: Made
    period: str
    sent: list[Sent]


@router.get("/reports")
def reports(given: Asked) -> HTMLResponse:
    """All reports that were made, the newest first, and those that there are."""
    with looking.look(given) as look:
        made = look.view.reports.recent(RECENT)
        names = {one: handoff_of(one.name, one.since, one.until) for one in made}
        sent = look.view.reports.sent(names.values())
        listed = [
            Listed(one, stage.called(Scope(since=one.since, until=one.until), look.zone), sent.get(name, []))
            for one, name in names.items()
        ]
        plans, problem = _plans(look)
        facts = look.facts | {"listed": listed, "plans": plans, "problem": problem}
    return page("reports.html", **facts)


@router.get("/reports/{report}.pdf")
def as_pdf(report: Digest) -> Response:
    """A report as PDF."""
    return _file(report, "pdf")


@router.get("/reports/{report}.html")
def as_html(report: Digest) -> Response:
    """A report as one HTML file."""
    return _file(report, "html")


def _plans(look: looking.Look) -> tuple[tuple[ReportPlan, ...], str | None]:
    """The reports in use; one that cannot be used is told of, and hides none that was made."""
    try:
        return stage.plans(look.config, read_settings().mappings_dir / "reports"), None
    except SetupError as problem:
        return (), str(problem)


def _file(digest: str, kind: str) -> Response:
    """Made of what was frozen, with the posts that it names as they are now; only what was made is there."""
    from hub.stages.report.page import html
    from hub.stages.report.pdf import pdf

    settings = read_settings()
    files = KeptFiles(settings.reports)
    with looking.queries.snapshot() as (view, _):
        if view.reports.of(digest) is None:
            raise HTTPException(404, "There is no such report; the page of the reports lists those that were made.")
        made = stage.read(files, digest)
        facts = stage.shown(made, stage.quoted(view, made), settings.link_base)
    content = pdf(facts, files.read) if kind == "pdf" else html(facts, files.read).encode()
    name = f'attachment; filename="{stage.file_name(made)}.{kind}"'  # of letters, digits and hyphens alone
    return Response(content, media_type=KINDS[kind], headers={"Content-Disposition": name})
