"""How X writes things: ids, times, accounts, reactions, places in a text, and its two kinds of error."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.kit import Person, Reply, Request, WorldPost

EPOCH_MS = 1_288_834_974_657  # snowflakes count from here
NUMBER_BITS = 22
AUTHOR_BASE = 1_000_000
PROBLEMS = "https://api.x.com/2/problems/"


def snowflake(post: WorldPost) -> int:
    """The id that X would have given this form of a post: an edit has one of its own."""
    return id_at(post.edited_at or post.published_at) | (post.id % (1 << NUMBER_BITS))


def first_id(post: WorldPost) -> int:
    """The id that a post had before it was edited."""
    return id_at(post.published_at) | (post.id % (1 << NUMBER_BITS))


def id_at(at: datetime) -> int:
    """The smallest id that a post of this moment can have."""
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) - EPOCH_MS
    return max(0, milliseconds) << NUMBER_BITS


def moment(at: datetime) -> str:
    """ISO 8601 with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def asked(request: Request, name: str) -> set[str]:
    """The names in a list of fields or expansions."""
    return {field for field in request.param(name).split(",") if field}


def metrics_of(post: WorldPost, now: datetime, *, shared: bool) -> dict[str, int]:
    """Reactions; a repost has none of its own but for the number of reposts."""
    counters = post.counters(now)
    if shared:
        own = dict.fromkeys(("reply_count", "like_count", "quote_count", "bookmark_count", "impression_count"), 0)
        return {"repost_count": counters.shares, **own}
    return {
        "repost_count": counters.shares, "reply_count": counters.replies, "like_count": counters.likes,
        "quote_count": counters.quotes, "bookmark_count": counters.bookmarks, "impression_count": counters.views,
    }  # fmt: skip


def user_of(person: Person, fields: set[str]) -> dict[str, Any]:
    """An account as the API shows it, with the fields that were asked for."""
    more: dict[str, Any] = {
        "created_at": moment(person.joined),
        "description": person.bio,
        "protected": False,
        "verified": person.verified,
        "verified_type": "business" if person.verified else "none",
        "public_metrics": {
            "followers_count": person.followers, "following_count": person.following,
            "post_count": 100 + person.id, "listed_count": person.followers // 400,
            "like_count": 10 * person.following, "media_count": person.id % 50,
        },
    }  # fmt: skip
    always = {"id": str(AUTHOR_BASE + person.id), "name": person.name, "username": person.handle}
    return always | {name: value for name, value in more.items() if name in fields}


def entities_of(post: WorldPost, words: str) -> dict[str, Any]:
    """Tags, mentions and links with their places in the words that are shown."""

    def places(marks: Iterable[str], sign: str, key: str) -> list[dict[str, Any]]:
        found = [(words.find(sign + mark), mark) for mark in marks]
        return [{"start": at, "end": at + len(sign + mark), key: mark} for at, mark in found if at >= 0]

    links = [
        {**place, "expanded_url": place["url"], "display_url": place["url"].partition("//")[2][:30]}
        for place in places(post.links, "", "url")
    ]
    names = places(post.mentions, "@", "username")
    found = {"hashtags": places(post.tags, "#", "tag"), "mentions": names, "urls": links}
    return {name: each for name, each in found.items() if each}


def missing(kind: str, parameter: str, value: str) -> dict[str, Any]:
    """One of the `errors` of an answer that is otherwise fine."""
    return {
        "value": value, "detail": f"Could not find {kind} with {parameter}: [{value}].", "title": "Not Found Error",
        "resource_type": kind, "parameter": parameter, "resource_id": value, "type": f"{PROBLEMS}resource-not-found",
    }  # fmt: skip


def problem(status: int, title: str, detail: str) -> Reply:
    """An error in X's words."""
    return Reply.json(
        {"title": title, "detail": detail, "type": "about:blank", "status": status}, status=status,
        headers={"Content-Type": "application/problem+json"},
    )  # fmt: skip


def invalid(parameter: str, value: str, message: str) -> Reply:
    """A parameter that X does not take."""
    return Reply.json(
        {
            "errors": [{"parameters": {parameter: [value]}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": f"{PROBLEMS}invalid-request",
        },
        status=400,
    )
