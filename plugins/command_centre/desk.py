"""The quarantine pages: look, preview, repair, replay, discard. Each thing that people do here is a form of its own."""

import re
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from command_centre import PREFIX, guard, held
from command_centre.guard import Form, User
from command_centre.pages import Code, acting_page, facts_of
from hub.errors import HubError
from hub.stages.replay import shown

router = APIRouter(default_response_class=HTMLResponse)

Number = Annotated[int, Path(ge=1, le=2**62)]
PAGE = f"{PREFIX}/quarantine"
NOTHING_DONE = {"done": None, "run": "", "count": 0}
CODE = re.compile(r"[a-z0-9_.-]{0,64}")
DONE = {
    "repaired": "The record is kept as you changed it. Preview it, then replay it.",
    "discarded": "Given up. It stays counted, and the audit log keeps who and why.",
    "reopened": "It is open again.",
}


@router.get("/quarantine")
def quarantine(
    request: Request, user: User, stage: Code = None, reason: Code = None, network: Code = None,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0, discarded: bool = False, done: Code = None,
    run: Annotated[str, Query(max_length=250)] = "", count: Annotated[int, Query(ge=0)] = 0,
) -> HTMLResponse:  # fmt: skip
    """What cannot go on: by reason, and where a reason is chosen, item by item."""
    told = {"done": done, "run": run, "count": count}
    return _list(request, user, _filters(stage, reason, network), after, discarded=discarded, told=told)


@router.get("/quarantine/{item}")
def item(request: Request, user: User, item: Number, done: Code = None) -> HTMLResponse:
    """One item: what it is, where it comes from, what to do next."""
    return _item(request, user, _found(item), said=DONE.get(done or ""))


@router.post("/quarantine/{item}/preview")
def preview(request: Request, user: User, form: Form, item: Number) -> HTMLResponse:
    """What would come of it now, or with the record in the form; writes nothing."""
    found, text = _found(item), form.get("record")
    try:
        return _item(request, user, found, text=text, fate=held.foresee(found.item, text))
    except HubError as problem:
        return _item(request, user, found, text=text, problem=problem)


@router.post("/quarantine/{item}/repair")
def repair(request: Request, user: User, form: Form, item: Number):
    """Keep the record as a person changed it."""
    found, text = _found(item), form.get("record", "")
    try:
        held.repair(found.item, text, user, form.get("why", ""))
    except HubError as problem:
        return _item(request, user, found, text=text, problem=problem)
    return _then(f"/{item}", done="repaired")


@router.post("/quarantine/{item}/discard")
def discard(request: Request, user: User, form: Form, item: Number):
    """Give it up."""
    return _move(request, user, form, item, held.discard, "discarded")


@router.post("/quarantine/{item}/reopen")
def reopen(request: Request, user: User, form: Form, item: Number):
    """Take that back."""
    return _move(request, user, form, item, held.reopen, "reopened")


@router.post("/quarantine/{item}/replay")
def replay(request: Request, user: User, form: Form, item: Number):
    """Send it back to the stage it left, by a run of the DAG."""
    found = _found(item)
    try:
        run = held.start_replay(user, ids=[item])
    except HubError as problem:
        return _item(request, user, found, problem=problem)
    return _then("", done="replay", run=run, count=1)


@router.post("/quarantine/replay")
def replay_all(request: Request, user: User, form: Form):
    """Send back all that the filters leave, by a run of the DAG."""
    filters = _of(form)
    try:
        count = len(held.chosen(filters))
        run = held.start_replay(user, **filters)
    except HubError as problem:
        return _list(request, user, filters, problem=problem)
    return _then("", done="replay", run=run, count=count)


@router.post("/quarantine/discard")
def discard_all(request: Request, user: User, form: Form):
    """Give up all that the filters leave; without any filter, nothing."""
    filters = _of(form)
    if not any(filters.values()):
        raise HTTPException(422, "Choose a reason first: everything is never given up at once.")
    try:
        count = held.discard(held.chosen(filters), user, form.get("why", ""))
    except HubError as problem:
        return _list(request, user, filters, problem=problem)
    return _then("", done="discarded", count=count)


def _move(request: Request, user: Any, form: dict[str, str], number: int, act: Any, done: str):
    found = _found(number)
    try:
        act([number], user, form.get("why", ""))
    except HubError as problem:
        return _item(request, user, found, problem=problem)
    return _then(f"/{number}", done=done)


def _list(
    request: Request, user: Any, filters: dict[str, str | None], after: int = 0, *, discarded: bool = False,
    told: dict[str, Any] = NOTHING_DONE, problem: HubError | None = None,
) -> HTMLResponse:  # fmt: skip
    found = held.listing(filters, after, discarded=discarded)
    chosen = {name: value for name, value in filters.items() if value}
    facts = facts_of(found) | told | {"chosen": chosen, "after": after, "discarded": discarded}
    return acting_page("quarantine.html", request, user, guard.to_replay, facts, problem)


def _item(
    request: Request, user: Any, found: held.OneItem, *, text: str | None = None, fate: Any = None,
    problem: HubError | None = None, said: str | None = None,
) -> HTMLResponse:  # fmt: skip
    written = shown(found.item.latest) if text is None and found.item.latest is not None else text
    facts = facts_of(found) | {"text": written, "edited": text is not None, "fate": fate, "said": said}
    return acting_page("item.html", request, user, guard.to_replay, facts, problem)


def _found(number: int) -> held.OneItem:
    found = held.one(number)
    if found is None:
        raise HTTPException(404, "There is no such item in quarantine.")
    return found


def _filters(stage: str | None, reason: str | None, network: str | None) -> dict[str, str | None]:
    return {"stage": stage or None, "reason": reason or None, "network": network or None}


def _of(form: dict[str, str]) -> dict[str, str | None]:
    if not all(CODE.fullmatch(form.get(name, "")) for name in ("stage", "reason", "network")):
        raise HTTPException(422, "Stage, reason and network are codes, as the page lists them.")
    return _filters(form.get("stage"), form.get("reason"), form.get("network"))


def _then(path: str, **told: Any) -> RedirectResponse:
    """A page to look at: loading it again does nothing twice."""
    return RedirectResponse(f"{PAGE}{path}?{urlencode(told)}", status_code=303)
