"""The posts that made a figure: from any number to the words of people, newest first."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from command_centre import looking
from command_centre.filters import Asked, BadFilter
from command_centre.pages import page
from command_centre.pictures import Name, known
from hub.measure import catalogue
from hub.measure.figures import BEHIND

router = APIRouter(default_response_class=HTMLResponse)

AT_A_TIME = 50  # posts on a page
Value = Annotated[str | None, Query(max_length=500)]


@router.get("/behind/{kpi}")
def behind(given: Asked, kpi: Name, by: Value = None, part: Value = None, before: Value = None) -> HTMLResponse:
    """The posts behind a figure, or behind one part of it; `before` goes on after the last of the page before."""
    meant = catalogue.definition(known(kpi))
    if (by is None) != (part is None):
        raise BadFilter("A part needs both: by what it is split, and which part is meant.")
    if by is not None and by not in meant.splits:
        raise BadFilter(f"{meant.title} cannot be shown by that.")
    of_posts = kpi in BEHIND
    with looking.look(given) as look:
        narrowed: Any = (by, part) if by else None
        posts = (
            look.figures.behind(kpi, look.filters.scope, part=narrowed, limit=AT_A_TIME + 1, before=before)
            if of_posts
            else []
        )
        facts = look.facts | {"figure": look.figures.figure(kpi, look.filters.scope)}
    following = posts[AT_A_TIME - 1].post.key if len(posts) > AT_A_TIME else None
    return page(
        "behind.html", meant=meant, of_posts=of_posts, by=by, part=part, posts=posts[:AT_A_TIME], following=following,
        **facts,
    )  # fmt: skip
