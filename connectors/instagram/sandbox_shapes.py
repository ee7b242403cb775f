"""How Instagram writes things down: ids, media, comments, and the numbers of an account."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from sandbox.graph import Node, Refused, grown, moment, views
from sandbox.kit import Person, WorldPost

ACCOUNT = "IGUser"
ALWAYS = "QVFIUnRoZXNhbWU"  # the one cursor of a hashtag
DAY, WEEK = timedelta(days=1), timedelta(days=7)
HASHTAGS = 30
PAGE_BASE = 100_000_000_000_000
ACCOUNT_BASE = 17_841_400_000_000_000
HASHTAG_BASE = 17_843_000_000_000_000
MEDIA_BASE = 17_900_000_000_000_000
COMMENT_BASE = 17_800_000_000_000_000
PERSON_BASE = 6_200_000_000_000_000  # people are numbered for each account anew


def account_id(person: Person) -> str:
    """Of a professional account."""
    return str(ACCOUNT_BASE + person.id)


def media_id(post: WorldPost) -> str:
    """Of a medium."""
    return str(MEDIA_BASE + post.id)


def comment_id(post: WorldPost) -> str:
    """Of a comment."""
    return str(COMMENT_BASE + post.id)


def hashtag_id(tag: str) -> str:
    """The same for everybody."""
    return str(HASHTAG_BASE + crc32(tag.encode()))


def number_in(id: str) -> int:
    """The world's number behind an id; 0, which nothing has, for what is none."""
    if not (id.isascii() and id.isdigit()):
        return 0
    number = int(id)
    return number - (MEDIA_BASE if number >= MEDIA_BASE else COMMENT_BASE)


def mixed(posts: Iterable[WorldPost]) -> list[WorldPost]:
    """In an order that is none, and always the same."""
    return sorted(posts, key=lambda post: crc32(str(post.id).encode()))


def permalink(post: WorldPost) -> str:
    """Where people see a medium."""
    return f"https://www.instagram.com/p/C{post.id:09d}/"


def account_fields(person: Person, media: int) -> dict[str, Any]:
    """What an account says of itself."""
    return {
        "id": account_id(person), "username": person.handle, "name": person.name, "biography": person.bio or None,
        "followers_count": person.followers, "follows_count": person.following, "media_count": media,
    }  # fmt: skip


def media_fields(post: WorldPost, below: int, now: datetime, *, named: bool, owner: bool) -> dict[str, Any]:
    """A picture; whose it is, only where that may be told."""
    told: dict[str, Any] = {
        "id": media_id(post), "caption": post.text or None, "media_type": "IMAGE", "children": None,
        "media_url": f"https://cdn.acme.test/instagram/{post.id}.jpg", "thumbnail_url": None,
        "permalink": permalink(post), "timestamp": moment(post.published_at), "comments_count": below,
        "like_count": post.counters(now).likes,
    }  # fmt: skip
    told |= {"username": post.author.handle} if named else {}
    return told | ({"owner": {"id": account_id(post.author)}} if owner else {"owner": None} if named else {})


def comment_fields(post: WorldPost, root: WorldPost, top: WorldPost | None, now: datetime) -> dict[str, Any]:
    """What was said below a picture."""
    who = account_id(post.author) if post.author.own else str(PERSON_BASE + post.author.id)
    medium = Node("IGMedia", {"id": media_id(root), "permalink": permalink(root)})
    return {
        "id": comment_id(post), "text": post.text, "timestamp": moment(post.published_at),
        "username": post.author.handle, "from": {"id": who, "username": post.author.handle}, "hidden": False,
        "like_count": post.counters(now).likes, "parent_id": comment_id(top) if top else None, "media": medium,
    }  # fmt: skip


def _likes(posts: Sequence[WorldPost], end: datetime) -> int:
    return grown(posts, end, lambda post, at: post.counters(at).likes + post.counters(at).replies)


BY_DAY: dict[str, Callable[[Sequence[WorldPost], datetime], int]] = {
    "reach": lambda posts, end: views(posts, end) * 2 // 3,
    "follower_count": lambda posts, end: views(posts, end) // 100,
}
AS_TOTAL: dict[str, Callable[[Sequence[WorldPost], datetime], int]] = {
    "views": views,
    "total_interactions": _likes,
    "accounts_engaged": lambda posts, end: _likes(posts, end) * 3 // 4,
    "profile_views": lambda posts, end: views(posts, end) // 10,
    "reach": lambda posts, end: views(posts, end) * 2 // 3,
}


def metric_names(text: str, *, total: bool) -> list[str]:
    """What is asked for; one name that is none, or is not told in this way, fails all."""
    names, alive = [name for name in text.split(",") if name], AS_TOTAL if total else BY_DAY
    if not names or any(name not in alive for name in names):
        raise Refused(100, "A metric is none, or is not told in this way.")
    return names


def insight(
    name: str, account: str, posts: Sequence[WorldPost], ends: Sequence[datetime], *, total: bool
) -> dict[str, Any]:
    """One metric: by the day, or all in one."""
    told: dict[str, Any] = {"name": name, "period": "day", "title": name.replace("_", " ").capitalize()}
    told |= {"description": "A number of the invented account.", "id": f"{account}/insights/{name}/day"}
    if total:
        return told | {"total_value": {"value": AS_TOTAL[name](posts, ends[-1])}}
    return told | {"values": [{"value": BY_DAY[name](posts, end), "end_time": moment(end)} for end in ends]}
