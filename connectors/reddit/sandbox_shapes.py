"""How Reddit writes things: ids in base 36, posts with titles, comments in trees, and shells of what is gone."""

from datetime import datetime
from typing import Any

from sandbox.kit import Person, World, WorldPost

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
FIRST = 36**6
COMMUNITIES = ("espresso", "coffee", "acmecoffee")
DEEPEST = 3  # comments further down are left out of a tree, and named


def base36(number: int) -> str:
    """A number as Reddit writes ids."""
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return text or "0"


def number_in(text: str) -> int:
    """The number behind an id; 0 for what is none."""
    try:
        return int(text, 36)
    except ValueError:
        return 0


def id_of(post: WorldPost) -> str:
    """The id without its kind."""
    return base36(FIRST + post.id)


def name_of(post: WorldPost) -> str:
    """The full name: t1 for what answers, t3 for what begins."""
    return f"{'t1' if post.in_reply_to else 't3'}_{id_of(post)}"


def post_in(name: str) -> int:
    """The post behind an id or a full name; 0 for what is none."""
    return max(0, number_in(name.rpartition("_")[2]) - FIRST)


def account_of(person: Person) -> str:
    """The full name of an account."""
    return f"t2_{base36(FIRST + person.id)}"


def community_of(post: WorldPost) -> str:
    """Where a thread stands."""
    return COMMUNITIES[post.thread % len(COMMUNITIES)]


def permalink(post: WorldPost) -> str:
    """The path under which people read it."""
    thread = f"/r/{community_of(post)}/comments/{base36(FIRST + post.thread)}/_/"
    return f"{thread}{id_of(post)}/" if post.in_reply_to else thread


def thing_of(post: WorldPost, world: World, now: datetime) -> dict[str, Any]:
    """A post or a comment, as its listing shows it."""
    counters, there = post.counters(now), world.get(post.id) is not None
    seconds = float(int(post.published_at.timestamp()))
    data: dict[str, Any] = {
        "name": name_of(post), "id": id_of(post), "author": post.author.handle if there else "[deleted]",
        "subreddit": community_of(post), "subreddit_id": f"t5_{base36(FIRST + post.thread % len(COMMUNITIES))}",
        "subreddit_name_prefixed": f"r/{community_of(post)}", "permalink": permalink(post),
        "created": seconds, "created_utc": seconds, "likes": None, "saved": False, "gilded": 0,
        "edited": float(int(post.edited_at.timestamp())) if post.edited_at else False, "archived": False,
        "score": counters.likes, "ups": counters.likes, "downs": 0, "stickied": False,
        "distinguished": None, "author_flair_text": None, "author_flair_css_class": None,
        "user_reports": [], "mod_reports": [], "num_reports": None, "approved_by": None, "banned_by": None,
        "removal_reason": None, "report_reasons": None,
        **({"author_fullname": account_of(post.author)} if there else {}),
    }  # fmt: skip
    if post.in_reply_to:
        return {"kind": "t1", "data": data | _comment(post, world, there)}
    return {"kind": "t3", "data": data | _post(post, world, there)}


def _comment(post: WorldPost, world: World, there: bool) -> dict[str, Any]:
    parent, root = world.trace(post.in_reply_to or 0), world.trace(post.thread)
    text = post.text if there else "[deleted]"
    return {
        "body": text, "body_html": f'<div class="md"><p>{text}</p></div>', "replies": "", "score_hidden": False,
        "parent_id": name_of(parent or post), "link_id": name_of(root or post), "controversiality": 0,
        "link_title": title_of(root or post), "depth": depth_of(post, world),     }  # fmt: skip


def _post(post: WorldPost, world: World, there: bool) -> dict[str, Any]:
    shared = world.trace(post.shared or 0)
    text = "" if shared else post.text if there else "[deleted]"
    address = f"https://www.reddit.com{permalink(shared or post)}"
    return {
        "title": title_of(post), "selftext": text, "selftext_html": f'<div class="md"><p>{text}</p></div>',
        "is_self": shared is None, "url": address, "domain": f"self.{community_of(post)}", "over_18": False,
        "num_comments": len(below(post, world)), "num_crossposts": 0, "hide_score": False,
        "view_count": None, "link_flair_text": None, "removed_by_category": None if there else "deleted",
        "is_video": False, "media": None, "spoiler": False, "locked": False, "hidden": False, "visited": False,
        "media_embed": {}, "secure_media": None, "secure_media_embed": {}, "clicked": False, "quarantine": False,
        "suggested_sort": None, "thumbnail": "self", "link_flair_css_class": None,
        **({"crosspost_parent": name_of(shared)} if shared else {}),
    }  # fmt: skip


def title_of(post: WorldPost) -> str:
    """The first sentence; every post has a title here."""
    return post.title or post.text.split(". ")[0].split("\n")[0][:120]


def depth_of(post: WorldPost, world: World) -> int:
    """How many comments a comment stands below."""
    depth, above = 0, world.trace(post.in_reply_to or 0)
    while above and above.in_reply_to:
        depth, above = depth + 1, world.trace(above.in_reply_to)
    return depth


def below(post: WorldPost, world: World) -> list[WorldPost]:
    """All comments below a post, from the top down."""
    found, waiting = [], world.replies(post.id)
    while waiting:
        comment = waiting.pop(0)
        found.append(comment)
        waiting = world.replies(comment.id) + waiting
    return found


def listing(children: list[dict[str, Any]], after: str | None = None) -> dict[str, Any]:
    """Things on a page."""
    facts = {"after": after, "before": None, "dist": len(children), "modhash": None, "geo_filter": ""}
    return {"kind": "Listing", "data": facts | {"children": children}}
