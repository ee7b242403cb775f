"""Who may act, and proof that a form that changes something was one of ours.

Acting is guarded by Airflow's own permission to start a DAG. Who may start `replay` may also repair and discard what it
would replay; who may start `triage`, which judges posts, may say what a post really is. A form carries a token that is
signed with Airflow's key, names the person and runs out; a page elsewhere cannot know it, and browsers that say where a
request comes from are believed.
"""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import parse_qsl

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.auth.tokens import get_signing_key
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from fastapi import Depends, HTTPException, Request
from itsdangerous import BadSignature, URLSafeTimedSerializer

REPLAY, JUDGE = "replay", "triage"  # DAGs
HOURS = 12  # a page may be open for so long before its forms are too old
LARGEST = 4_000_000  # bytes of a form: a record of a million, each written as `%XX` at worst
SAME_SITE = ("same-origin", "none")  # `none`: typed or restored by the person, never sent by a page

Right = Callable[[Request, BaseUser], Any]  # raises for who has it not
to_replay: Right = requires_access_dag("POST", DagAccessEntity.RUN, REPLAY)
to_judge: Right = requires_access_dag("POST", DagAccessEntity.RUN, JUDGE)


def may(right: Right, request: Request, user: BaseUser) -> bool:
    """Whether this person may start the DAG, and so act on the pages that ask for it."""
    try:
        right(request, user)
    except HTTPException:
        return False
    return True


def token(user: BaseUser) -> str:
    """What a form for this person must carry."""
    return _signer().dumps(str(user.get_id()))


User = Annotated[BaseUser, Depends(get_user)]


def form_of(right: Right) -> Callable[..., Any]:
    """A form of ours, sent by the person it was made for, who has this right; its fields."""

    async def form(request: Request, user: User, _: Annotated[None, Depends(right)]) -> dict[str, str]:
        return await _read(request, user)

    return form


Form = Annotated[dict[str, str], Depends(form_of(to_replay))]
JudgesForm = Annotated[dict[str, str], Depends(form_of(to_judge))]


async def _read(request: Request, user: BaseUser) -> dict[str, str]:
    if request.headers.get("sec-fetch-site", "same-origin") not in SAME_SITE:
        raise HTTPException(403, "This was sent by a page of another site, and nothing was done.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise HTTPException(413, "The form is too large; use the command line, with a file.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise HTTPException(400, "This is no form of ours.") from None
    fields = dict(pairs)
    _check(fields.pop("token", ""), user)
    return fields


def _check(token: str, user: BaseUser) -> None:
    try:
        whose = _signer().loads(token, max_age=HOURS * 3600)
    except BadSignature:  # of a token that has run out, too
        raise HTTPException(403, "The form was too old, and nothing was done; open the page again.") from None
    if whose != str(user.get_id()):
        raise HTTPException(403, "The form was made for somebody else, and nothing was done; open the page again.")


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(get_signing_key("api", "secret_key"), salt="command-centre form")
