"""The pages of one handoff and of one post: why it is there, what was found in it, and what the post really is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from command_centre import PREFIX, guard, queries
from command_centre.guard import JudgesForm, User
from command_centre.pages import Code, acting_page, facts_of, page
from hub.errors import HubError, SetupError
from hub.settings import read_settings
from hub.stages.correct import ALLOWED, revise, said

router = APIRouter(default_response_class=HTMLResponse)

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{8,64}$")]
Key = Annotated[str, Path(max_length=2000)]
Reason = Annotated[str, Query(max_length=64, pattern=r"^[a-z0-9_.-]+$")]
ASKED = {"lang": "Language", "sentiment": "Sentiment", "intent": "Intent", "relevant": "Relevant to us"}
DONE = {
    "corrected": "Kept. The post is what you said from now on; work that was made of it stays what it is.",
    "same": "Nothing was changed: the post is so already.",
}
GONE = "We do not hold this post any more, so nothing can be said of it."


@dataclass(frozen=True)
class Question:
    """One thing that is asked of a post: what the hub says today, and what may be said."""

    field: str
    asks: str
    today: str
    chosen: str
    labels: tuple[str, ...]  # empty: a language's code is written


@dataclass(frozen=True)
class Judged:
    """What is found in a post today, and all that people ever said of it."""

    today: Any | None  # the signal that counts now; None: the post is not held
    corrections: Any  # newest first
    waiting: int  # corrections of all posts since a model was trained last

    def questions(self, chosen: dict[str, str]) -> list[Question]:
        """What is asked, with today's labels or what a person chose instead."""
        if self.today is None:
            return []
        now = {field: said(self.today, field) for field in ASKED}
        return [
            Question(field, asks, now[field], chosen.get(field, now[field]), ALLOWED.get(field, ()))
            for field, asks in ASKED.items()
        ]


@router.get("/handoffs/{id}")
def handoff(request: Request, user: User, id: Id, done: Code = None) -> HTMLResponse:
    """Why there is this lead, case or alert: its whole story."""
    return _page(request, user, _handoff(id), note=DONE.get(done or ""))


@router.post("/handoffs/{id}/correct")
def correct(request: Request, user: User, form: JudgesForm, id: Id):
    """Say what the post of this work really is."""
    return _correct(request, user, form, _handoff(id))


@router.get("/posts")
def posts(reason: Reason = "no_route", before: Annotated[datetime | None, Query()] = None) -> HTMLResponse:
    """Posts that became nobody's work, by why."""
    moment = before.replace(tzinfo=UTC) if before and before.tzinfo is None else before
    found = queries.set_aside(reason, moment)
    return page("posts.html", **facts_of(found))


@router.get("/posts/{key:path}")
def post(request: Request, user: User, key: Key, done: Code = None) -> HTMLResponse:
    """One post, whatever became of it."""
    return _page(request, user, _post(key), note=DONE.get(done or ""))


@router.post("/posts/{key:path}/correct")
def correct_post(request: Request, user: User, form: JudgesForm, key: Key):
    """Say what this post really is."""
    return _correct(request, user, form, _post(key))


def _correct(request: Request, user: Any, form: dict[str, str], found: queries.Page):
    chosen = {field: form[field].strip() for field in ASKED if field in form}
    shown = {field: form.get(f"shown-{field}", "") for field in ASKED}
    try:
        changed = _keep(found.told.key, shown, chosen, user.get_name(), form.get("why", ""))
    except HubError as problem:
        return _page(request, user, found, chosen=chosen, problem=problem)
    done = "corrected" if changed else "same"
    return RedirectResponse(f"{PREFIX}{place_of(found)}?done={done}#really", status_code=303)


def _keep(post: str, shown: dict[str, str], chosen: dict[str, str], who: str, why: str) -> int:
    with queries.opened(read_settings().store).begin() as tx:
        done = revise(tx, post, shown=shown, chosen=chosen, who=who, why=why)
    if done.unknown:
        raise SetupError(GONE)
    return done.changed


def _judged(told: Any) -> Judged:
    with queries.snapshot() as (view, _):
        trained = view.models.listing(limit=1)
        waiting = view.corrections.since(trained[0].made_at if trained else None)
    return Judged(None if told.gone or told.post is None else told.signal, told.corrections, waiting)


def place_of(found: queries.Page) -> str:
    """Where this page is, below ours."""
    return f"/handoffs/{found.handed.id}" if found.handed else f"/posts/{quote(found.told.key, safe='')}"


def facts_about(found: queries.Page, chosen: dict[str, str] | None = None, note: str | None = None) -> dict[str, Any]:
    """What the page says; `chosen`: what a person has put into the form already."""
    judged = _judged(found.told)
    facts = {"it": found, "questions": judged.questions(chosen or {}), "note": note, "place": place_of(found)}
    return facts_of(found) | facts_of(judged) | facts


def _page(
    request: Request, user: Any, found: queries.Page, *, chosen: dict[str, str] | None = None,
    problem: HubError | None = None, note: str | None = None,
) -> HTMLResponse:  # fmt: skip
    name = "handoff.html" if found.handed else "post.html"
    return acting_page(name, request, user, guard.to_judge, facts_about(found, chosen, note), problem)


def _handoff(id: str) -> queries.Page:
    found = queries.of_handoff(id)
    if found is None:
        raise HTTPException(404, "There is no such handoff; it may have been erased.")
    return found


def _post(key: str) -> queries.Page:
    found = queries.of_post(key)
    if found is None:
        raise HTTPException(404, "There is no such post.")
    return found
