"""The other side of Discourse: one forum, forum.acme.test, over the invented world's threads.

Posts are listed from the newest on; `before` is an id and inclusive. Topics number their posts from one. Strangers may
read; a key that is shown must be the right one. Too many calls are told how long to wait, in the body and in a header.
"""

import html
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sandbox.kit import Person, Reply, Request, Shelves, System, WorldPost, route

HOST = "forum.acme.test"
KEY, KEY_OF = "sandbox-discourse-key", "acme"
START = datetime(2020, 1, 1, tzinfo=UTC)
PAGE = 50
CATEGORIES = {1: "general", 7: "support", 8: "beans"}
LIMITS = {"second": (50, 10), "minute": (200, 60)}


class Discourse(System):
    """forum.acme.test."""

    hosts = ("forum.acme.test",)

    def start(self) -> None:
        """Nothing was asked yet."""
        self._shelves = Shelves(self.world, "discourse", id_of)

    def admit(self, request: Request) -> Reply | None:
        """Not too often; with a wrong key nothing, without one what everybody sees."""
        for name, (limit, seconds) in LIMITS.items():
            window = self.take(name, limit=limit, seconds=seconds)
            if window.exceeded:
                wait = window.seconds_left(self.clock.now())
                told = {"extras": {"wait_seconds": wait, "time_left": f"{wait} seconds"}}
                reply = _refusal(429, "rate_limit", "You have performed this action too many times.", **told)
                reply.headers["Retry-After"] = str(wait)
                return reply
        shown = request.headers.get("api-key"), request.headers.get("api-username")
        if shown not in ((None, None), (KEY, KEY_OF)):
            return _refusal(403, "invalid_access", "The API username or key is invalid.")
        return None

    def not_found(self, request: Request) -> Reply:
        """Discourse's words."""
        return _refusal(404, "not_found", "The requested URL or resource could not be found.")

    def address_of(self, post: WorldPost) -> str:
        """Where people read it."""
        return f"https://{HOST}/t/{slug_of(self._root(post))}/{self._root(post).id}/{self._number(post)}"

    @route("GET", "/posts.json")
    def latest(self, request: Request) -> Reply:
        """The newest posts up to an id."""
        before = request.param("before")
        edge = int(before) + 1 if before.isascii() and before.isdigit() and int(before) else None
        found = islice(self._shelves.newest("all", lambda post: True, below=edge), PAGE)
        return Reply.json({"latest_posts": [self._post(post) | self._topic_facts(post) for post in found]})

    @route("GET", "/posts/{id}.json")
    def post(self, request: Request, id: str) -> Reply:
        """One post."""
        post = self._find(id)
        return Reply.json(self._post(post)) if post else self.not_found(request)

    @route("GET", "/posts/by_number/{topic}/{number}.json")
    def by_number(self, request: Request, topic: str, number: str) -> Reply:
        """One post by its place in its topic."""
        posts = self._thread(topic)
        place = int(number) if number.isascii() and number.isdigit() else 0
        post = self.world.get(posts[place - 1].id) if 0 < place <= len(posts) else None
        return Reply.json(self._post(post)) if post else self.not_found(request)

    @route("GET", "/t/{topic}/posts.json")
    def of_topic(self, request: Request, topic: str) -> Reply:
        """Posts of a topic by their ids; those that are gone are left out."""
        ids = set(request.params("post_ids"))
        posts = self.world.seen(self._thread(topic))
        if not posts:
            return self.not_found(request)
        wanted = [post for post in posts if not ids or str(id_of(post)) in ids][:20]
        return Reply.json({"post_stream": {"posts": [self._post(post) for post in wanted]}, "id": int(topic)})

    @route("GET", "/about.json")
    def about(self, request: Request) -> Reply:
        """What the forum counts."""
        posts = self.world.posts("discourse")
        people = {post.author.id for post in posts}
        stats = {
            "users_count": 300 + len(people), "posts_count": 9_000 + len(posts), "active_users_30_days": len(people),
            "topics_count": 1_000 + sum(post.in_reply_to is None for post in posts),
        }  # fmt: skip
        return Reply.json({"about": {"title": "Acme forum", "description": "Played for the hub", "stats": stats}})

    def _post(self, post: WorldPost) -> dict[str, Any]:
        counters, root, number = post.counters(self.clock.now()), self._root(post), self._number(post)
        author, parent = post.author, self.world.trace(post.in_reply_to or 0)
        answers = len(self.world.replies(post.id))
        return {
            "id": id_of(post), "name": author.name, "username": author.handle, "avatar_template": _picture(author),
            "created_at": moment(post.published_at), "cooked": cooked(post.text), "raw": post.text,
            "post_number": number, "post_type": 1, "posts_count": len(self._thread(str(root.id))),
            "updated_at": moment(post.edited_at or post.published_at), "reply_count": answers,
            "reply_to_post_number": self._number(parent) if parent and parent.id != root.id else None,
            "quote_count": 0, "incoming_link_count": 0, "reads": counters.views, "readers_count": counters.views,
            "score": float(counters.likes), "yours": False, "topic_id": root.id, "topic_slug": slug_of(root),
            "display_username": author.name, "version": 2 if post.edited_at else 1, "bookmarked": False,
            **dict.fromkeys(("can_edit", "can_delete", "can_recover", "can_see_hidden_post", "can_wiki"), False),
            **dict.fromkeys(("primary_group_name", "flair_name", "flair_url", "flair_bg_color", "flair_color",
                             "flair_group_id", "user_title", "deleted_at", "edit_reason")),
            "actions_summary": [{"id": 2, "count": counters.likes}] if counters.likes else [], "moderator": False,
            "admin": False, "staff": author.own, "user_id": author.id, "hidden": False, "trust_level": 1,
            "user_deleted": False, "can_view_edit_history": True, "wiki": False,
        }  # fmt: skip

    def _topic_facts(self, post: WorldPost) -> dict[str, Any]:
        title = title_of(self._root(post))
        return {
            "topic_title": title, "topic_html_title": html.escape(title), "category_id": category_of(self._root(post)),
            "badges_granted": [], "excerpt": post.text[:120], "truncated": False, "post_url": self._path(post),
            "reviewable_id": None, "reviewable_score_count": 0, "reviewable_score_pending_count": 0,
        }  # fmt: skip

    def _path(self, post: WorldPost) -> str:
        return self.address_of(post).removeprefix(f"https://{HOST}")

    def _root(self, post: WorldPost) -> WorldPost:
        return self.world.trace(post.thread) or post

    def _thread(self, topic: str) -> list[WorldPost]:
        """All posts that a topic ever had, in the order of their numbers; deleted ones keep theirs."""
        root = self.world.trace(int(topic)) if topic.isascii() and topic.isdigit() else None
        if root is None or root.network != "discourse" or root.in_reply_to:
            return []
        now = self.clock.now()
        there = [
            each for each in self.world.timeline("discourse") if each.thread == root.id and each.published_at <= now
        ]
        return sorted(there, key=lambda each: (each.id != root.id, each.published_at, each.id))

    def _number(self, post: WorldPost) -> int:
        ids = [each.id for each in self._thread(str(post.thread))]
        return ids.index(post.id) + 1 if post.id in ids else 1

    def _find(self, id: str) -> WorldPost | None:
        number = int(id) if id.isascii() and id.isdigit() else 0
        return next(self._shelves.oldest("all", lambda post: True, above=number - 1, below=number + 1), None)


def id_of(post: WorldPost) -> int:
    """A number that grows with time."""
    return ((post.published_at - START) // timedelta(milliseconds=1)) * 16 + post.id % 16


def title_of(root: WorldPost) -> str:
    """The first sentence; every topic has a title."""
    return root.title or root.text.split(". ")[0].split("\n")[0][:120]


def slug_of(root: WorldPost) -> str:
    """The title as part of an address."""
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in title_of(root).lower()).split()
    return "-".join(words)[:60] or "topic"


def category_of(root: WorldPost) -> int:
    """Where a topic stands."""
    return list(CATEGORIES)[root.id % len(CATEGORIES)]


def moment(at: datetime) -> str:
    """ISO 8601 with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cooked(text: str) -> str:
    """Plain text as the HTML that Discourse makes of it."""
    paragraphs = html.escape(text, quote=False).split("\n\n")
    return "\n".join(f"<p>{paragraph.replace(chr(10), '<br>')}</p>" for paragraph in paragraphs)


def _picture(person: Person) -> str:
    return f"/letter_avatar_proxy/v4/letter/{person.handle[0]}/{{size}}.png"


def _refusal(status: int, kind: str, words: str, **more: Any) -> Reply:
    return Reply.json({"errors": [words], "error_type": kind, **more}, status=status)
