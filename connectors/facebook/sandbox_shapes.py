"""How Facebook writes things down: ids of walls, posts and comments, times without a colon, numbers of a Page."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sandbox.graph import Refused, Wanted, grown, moment, views
from sandbox.kit import Person, WorldPost

PAGE = "Page"
PAGE_BASE = 100_000_000_000_000
POST_BASE = 122_000_000_000_000
Edge = Callable[[Wanted], dict[str, Any]]


def page_id(person: Person) -> str:
    """Whose wall it is."""
    return str(PAGE_BASE + person.id)


def post_id(owner: str, post: WorldPost) -> str:
    """A post stands on a wall."""
    return f"{owner}_{POST_BASE + post.id}"


def comment_id(thread: int, post: WorldPost) -> str:
    """A comment stands below a post."""
    return f"{POST_BASE + thread}_{POST_BASE + post.id}"


def number_of(post: WorldPost | str) -> int:
    """The world's number behind the last part of an id, or the last part itself."""
    return int(post) - POST_BASE if isinstance(post, str) else POST_BASE + post.id


def from_of(post: WorldPost) -> dict[str, str] | None:
    """Who wrote it; one in seven does not let strangers know."""
    if post.author.id % 7 == 3 and not post.author.own:
        return None
    return {"id": page_id(post.author), "name": post.author.name}


def tags_of(post: WorldPost) -> list[dict[str, Any]] | None:
    """Whom a text names, with the places."""
    found = []
    for name in dict.fromkeys(post.mentions):
        place = post.text.find(f"@{name}")
        if place >= 0:
            found.append({"id": "0", "name": f"@{name}", "type": "page", "offset": place, "length": len(name) + 1})
    return found or None


def attachments_of(post: WorldPost) -> dict[str, Any] | None:
    """What a post links to."""
    links = [{"media_type": "link", "title": link, "unshimmed_url": link, "url": link} for link in post.links]
    return {"data": links} if links else None


def reactions(post: WorldPost, now: datetime) -> Edge:
    """Only their number: who they are is not for apps."""

    def edge(asked: Wanted) -> dict[str, Any]:
        likes = post.counters(now).likes
        return {"data": []} | ({"summary": {"total_count": likes}} if asked.params.get("summary") else {})

    return edge


def page_fields(page: Person, talk: int) -> dict[str, Any]:
    """What a Page says of itself."""
    return {
        "id": page_id(page), "name": page.name, "username": page.handle, "about": page.bio or None,
        "fan_count": page.followers - page.followers // 20, "followers_count": page.followers,
        "talking_about_count": talk, "verification_status": "blue_verified" if page.verified else "not_verified",
    }  # fmt: skip


def review_fields(post: WorldPost) -> dict[str, Any]:
    """A recommendation has no id of its own."""
    return {
        "created_time": moment(post.published_at), "recommendation_type": post.extra["recommendation"], "rating": None,
        "has_rating": False, "has_review": bool(post.text), "review_text": post.text or None,
        "reviewer": from_of(post), "open_graph_story": {"id": str(POST_BASE + post.id)},
    }  # fmt: skip


def _engagements(posts: Sequence[WorldPost], end: datetime) -> int:
    return grown(posts, end, lambda post, at: post.counters(at).likes + post.counters(at).shares)


METRICS: dict[str, Callable[[Sequence[WorldPost], datetime], int]] = {
    "page_media_view": views,
    "page_total_media_view_unique": lambda posts, end: views(posts, end) * 2 // 3,
    "page_post_engagements": _engagements,
    "page_views_total": lambda posts, end: views(posts, end) // 10,
    "page_daily_follows_unique": lambda posts, end: views(posts, end) // 100,
    "page_daily_unfollows_unique": lambda posts, end: views(posts, end) // 400,
}
"""Those that are alive. All others died on 15 June 2026, or never lived."""


def metric_names(text: str) -> list[str]:
    """What is asked for; one name that is none fails all."""
    names = [name for name in text.split(",") if name]
    if not names or any(name not in METRICS for name in names):
        raise Refused(100, "The value must be a valid insights metric")
    return names


def insight(name: str, account: str, values: Sequence[tuple[datetime, int]]) -> dict[str, Any]:
    """One metric, by the day."""
    told = [{"value": value, "end_time": moment(end)} for end, value in values]
    return {
        "name": name, "period": "day", "values": told, "title": name.replace("_", " ").capitalize(),
        "description": "A number of the invented Page.", "id": f"{account}/insights/{name}/day",
    }  # fmt: skip
