"""What Instagram's objects look like: which fields are asked for, and how what hangs together is taken apart."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from hub.domain import Reference
from hub.errors import SetupError
from hub.kit import Record
from hub.kit.graph import following, moment, nodes_of

OF_MEDIA = "id,caption,media_type,media_url,permalink,timestamp,like_count,comments_count"
MEDIA_FIELDS = f"{OF_MEDIA},thumbnail_url,username,owner{{id}},children{{media_type,media_url}}"
TAG_FIELDS = f"{OF_MEDIA},username"
DISCOVERED_FIELDS = f"{OF_MEDIA},username"
HASHTAG_FIELDS = f"{OF_MEDIA},children{{media_type,media_url}}"  # who posted it is not told
OF_COMMENT = "id,text,timestamp,username,from{id,username},like_count,hidden,parent_id,media{id,permalink}"
COMMENT_FIELDS = f"{OF_COMMENT},replies.limit(50){{{OF_COMMENT}}}"
HANDLE = re.compile(r"[A-Za-z0-9._]{1,30}")


def at(record: Record) -> datetime | None:
    """When it was posted."""
    return moment(record.get("timestamp"))


def before(record: Record, since: datetime | None) -> bool:
    """Whether it is older than what is wanted."""
    posted = at(record)
    return since is not None and posted is not None and posted < since


def id_of(record: Record) -> str:
    """Media and comments are numbered together."""
    return str(record.get("id"))


def comments_of(media: Record) -> int:
    """How many comments and answers there are below."""
    count = media.get("comments_count")
    return count if isinstance(count, int) else 0


def root_of(reference: Reference) -> str:
    """The medium that a post hangs below, or is."""
    return reference.thread.rpartition(":")[2] if reference.thread else reference.native_id


def memory_key(id: str) -> str:
    """Under which it is remembered how a medium was found: as ours, or as one that tags us."""
    return f"instagram:found:{id}"


def handle_of(value: str) -> str:
    """An account's id or name as the API takes it."""
    name = value.strip().removeprefix("@").lower()
    if not HANDLE.fullmatch(name):
        raise SetupError(f"{value!r} is no account on Instagram; write it like @acme.")
    return name


def is_post(node: Record) -> bool:
    """Whether somebody said or showed it."""
    return "media_type" in node or ("timestamp" in node and "text" in node)


def is_account(node: Record) -> bool:
    """Whether it is an account, or a hashtag, which only has a name."""
    return bool({"followers_count", "media_count"} & set(node)) or (
        set(node) <= {"id", "name", "username"} and bool(node.get("id"))
    )


def unwrapped(body: Any) -> Any:
    """What is inside of an answer that asked for others through an account of ours."""
    if not isinstance(body, dict):
        return body
    for field in ("mentioned_media", "mentioned_comment"):
        if isinstance(body.get(field), dict):
            return body[field]
    found = body.get("business_discovery")
    if not isinstance(found, dict):
        return body
    media = found.get("media")
    if not isinstance(media, dict) or not isinstance(media.get("data"), list):
        return found
    account = {name: found[name] for name in ("username",) if name in found}
    owned = [{"owner": {"id": found.get("id")}, **account, **each} for each in media["data"] if isinstance(each, dict)]
    return {"data": owned}


def after_of(body: Any) -> str | None:
    """The cursor of the media of an account that was discovered; there is none on the last page."""
    media = body["business_discovery"].get("media")
    paging = media.get("paging") if isinstance(media, dict) else None
    cursors = paging.get("cursors") if isinstance(paging, dict) else None
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) and after else None


def with_answers(records: Iterable[Record]) -> list[Record]:
    """Each comment after the answers that came beside it, so that the last of a page is its oldest comment."""
    found: list[Record] = []
    for record in records:
        beside = record.get("replies")
        if not isinstance(beside, dict):
            found.append(record)
            continue
        comment = {name: value for name, value in record.items() if name != "replies"}
        answers = [each for each in nodes_of(beside) if is_post(each)]
        media = {"media": record["media"]} if "media" in record else {}
        found += [{"parent_id": record.get("id"), **media, **each} for each in answers]
        found.append(comment | ({"more_answers": True} if following(beside) else {}))
    return found


def with_media(records: Iterable[Record], media: Record) -> list[Record]:
    """Comments with the medium that they are below."""
    told = {name: media[name] for name in ("id", "permalink") if name in media}
    return [{**each, "media": told} for each in records]


def with_tag(records: Iterable[Record], tag: str) -> list[Record]:
    """Media with the hashtag by which they were found: it may stand in a comment."""
    return [{**each, "hashtag": tag} for each in records]


def of_pages(body: Any) -> list[Record]:
    """The professional accounts that are connected to Pages."""
    accounts = [page.get("instagram_business_account") for page in nodes_of(body)]
    return [each for each in accounts if isinstance(each, dict) and isinstance(each.get("id"), str)]
