"""The command centre's pages, served below /command-centre: plain HTML that works without a script."""

from dataclasses import fields
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.background import BackgroundTask

from command_centre import ahead, guard, queries, words
from hub.errors import HubError

router = APIRouter(default_response_class=HTMLResponse)

Code = Annotated[str | None, Query(max_length=64, pattern=r"^[a-z0-9_.-]*$")]


def page(name: str, /, **facts: Any) -> HTMLResponse:
    """A template, filled in; its pictures are drawn once it is sent."""
    return HTMLResponse(words.template(name).render(**facts), background=BackgroundTask(ahead.begin))


def facts_of(value: Any) -> dict[str, Any]:
    """A dataclass as what a template is given; its properties stay reachable as `it`."""
    return {field.name: getattr(value, field.name) for field in fields(value)} | {"it": value}


def acting_page(
    name: str, request: Request, user: Any, right: guard.Right, facts: dict[str, Any], problem: HubError | None
) -> HTMLResponse:
    """A template with forms, for who has the right to send them; with what stood in the way of the last one."""
    acts = guard.may(right, request, user)
    facts |= {"may_act": acts, "token": guard.token(user) if acts else "", "problem": problem and str(problem)}
    made = page(name, **facts)
    made.status_code = 422 if problem else 200
    return made


@router.get("/runs/{name:path}")
def run(name: Annotated[str, Path(max_length=500)]) -> HTMLResponse:
    """What one run made; runs of Airflow are named `dag/run id`, others have no slash."""
    dag, _, run_id = name.partition("/")
    return page("run.html", dag=dag, run_id=run_id, **facts_of(queries.run_page(name)))


@router.get("/summary", response_class=JSONResponse)
def summary() -> dict[str, Any]:
    """The figures of the tile on Airflow's home page."""
    with queries.snapshot() as (view, now):
        it = queries.health(view, now)
    return {
        "fetched": it.total.fetched,
        "new": it.total.new,
        "handed_off": it.total.handed_off,
        "quarantined": it.total.quarantined,
        "waiting": it.waiting,
        "overdue": it.overdue,
        "failing": len(it.ailing),
        "balanced": it.balanced,
    }
