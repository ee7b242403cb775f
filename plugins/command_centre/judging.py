"""The page of one handoff: why it is there, what was found in its post, and what the post really is."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from command_centre import PREFIX, guard, queries
from command_centre.guard import JudgesForm, User
from command_centre.pages import Code, acting_page, facts_of
from hub.errors import HubError, SetupError
from hub.settings import read_settings
from hub.stages.correct import ALLOWED, audited, revise, said

router = APIRouter(default_response_class=HTMLResponse)

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{8,64}$")]
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
class Told:
    """One correction, and why, where somebody said so for this post alone."""

    kept: Any
    why: str


@dataclass(frozen=True)
class Judged:
    """What is found in a post today, and all that people ever said of it."""

    today: Any | None  # the signal that counts now; None: the post is not held
    told: list[Told]
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
    return _page(request, user, _found(id), note=DONE.get(done or ""))


@router.post("/handoffs/{id}/correct")
def correct(request: Request, user: User, form: JudgesForm, id: Id):
    """Say what the post really is."""
    found = _found(id)
    chosen = {field: form[field].strip() for field in ASKED if field in form}
    shown = {field: form.get(f"shown-{field}", "") for field in ASKED}
    try:
        changed = _keep(found.handoff.post.key, shown, chosen, user.get_name(), form.get("why", ""))
    except HubError as problem:
        return _page(request, user, found, chosen=chosen, problem=problem)
    return RedirectResponse(f"{PREFIX}/handoffs/{id}?done={'corrected' if changed else 'same'}#really", status_code=303)


def _keep(post: str, shown: dict[str, str], chosen: dict[str, str], who: str, why: str) -> int:
    with queries.opened(read_settings().store).begin() as tx:
        done = revise(tx, post, shown=shown, chosen=chosen, who=who, why=why)
    if done.unknown:
        raise SetupError(GONE)
    return done.changed


def _judged(post: str) -> Judged:
    with queries.snapshot() as (view, _):
        today = view.signals.of([post]).get(post) if view.posts.known([post]) else None
        said_of_it = view.corrections.of([post])
        reasons = {(entry.at, entry.actor): entry.reason for entry in view.audit.recent(object=audited(post))}
        trained = view.models.listing(limit=1)
        waiting = view.corrections.since(trained[0].made_at if trained else None)
    told = [Told(one, reasons.get((one.at, one.who), one.source)) for one in reversed(said_of_it)]
    return Judged(today, told, waiting)


def facts_about(found: queries.Story, chosen: dict[str, str] | None = None, note: str | None = None) -> dict[str, Any]:
    """What the page says of a handoff; `chosen`: what a person has put into the form already."""
    judged = _judged(found.handoff.post.key)
    questions = judged.questions(chosen or {})
    return facts_of(found) | facts_of(judged) | {"it": found, "questions": questions, "note": note}


def _page(
    request: Request, user: Any, found: queries.Story, *, chosen: dict[str, str] | None = None,
    problem: HubError | None = None, note: str | None = None,
) -> HTMLResponse:  # fmt: skip
    return acting_page("handoff.html", request, user, guard.to_judge, facts_about(found, chosen, note), problem)


def _found(id: str) -> queries.Story:
    found = queries.story(id)
    if found is None:
        raise HTTPException(404, "There is no such handoff; it may have been erased.")
    return found
