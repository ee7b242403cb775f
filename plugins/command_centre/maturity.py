"""The page of maturity: how far the organisation has come, by what is live, with the evidence and the next step."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from command_centre import looking, pictures
from command_centre.filters import Asked
from command_centre.pages import page
from hub.measure.maturity import STAGES, TITLES, assess

router = APIRouter()

COLUMNS = ("row", "reached", "stage", "asks", "holds", "evidence", "next")


@router.get("/maturity", response_class=HTMLResponse)
def page_of_maturity(given: Asked) -> HTMLResponse:
    """The matrix of dimensions and departments."""
    with looking.look(given) as look:
        found = assess(look.view, look.config)
        return page("maturity.html", here="maturity", found=found, stages=STAGES[1:], titles=TITLES, **look.facts)


@router.get("/maturity.csv")
def steps(given: Asked) -> Response:
    """Every step of every row as a table."""
    with looking.look(given) as look:
        found = assess(look.view, look.config)
    rows = [
        (
            reach.name,
            reach.stage,
            step.stage,
            step.asks,
            step.holds,
            "; ".join(one.said for one in step.evidence),
            step.next,
        )
        for reach in (*found.dimensions, *found.departments)
        for step in reach.steps
    ]
    return pictures.as_csv("maturity", COLUMNS, rows)
