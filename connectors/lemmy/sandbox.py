"""The other side of Lemmy: one server, lemmy.test, with one community, over the invented world's posts.

Lists start at the newest; those of posts lead on by a cursor, the others by a page's number. What was deleted is not
found any more.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.kit import Person, Reply, Request, System, WorldPost, route

HOST = "lemmy.test"
COMMUNITY = "espresso"
CALLS, WINDOW_SECONDS = 180, 60
Facts = dict[str, Any]


class Lemmy(System):
    """lemmy.test."""

    hosts = ("lemmy.test",)

    def admit(self, request: Request) -> Reply | None:
        """Not too often."""
        if self.take("all", limit=CALLS, seconds=WINDOW_SECONDS).exceeded:
            return Reply.json({"error": "rate_limit_error"}, status=429)
        return None

    def not_found(self, request: Request) -> Reply:
        """Lemmy's words."""
        return Reply.json({"error": "not_found"}, status=404)

    def address_of(self, post: WorldPost) -> str:
        """Where people read it."""
        return f"https://{HOST}/{'comment' if post.in_reply_to else 'post'}/{post.id}"

    @route("GET", "/api/v3/site")
    def site(self, request: Request) -> Reply:
        """What the server is."""
        return Reply.json({"site_view": {"site": {"name": "Played"}}, "version": "0.19.9"})

    @route("GET", "/api/v3/post/list")
    def posts(self, request: Request) -> Reply:
        """The posts of the community, page after page by a cursor."""
        if not _is_ours(request):
            return Reply.json({"error": "couldnt_find_community"}, status=404)
        token, size, found = request.param("page_cursor"), _size(request), self._newest(comments=False)
        ids = [f"P{post.id:x}" for post in found]
        if token:
            found = found[ids.index(token) + 1 :] if token in ids else []
        shown = found[:size]
        more = {"next_page": f"P{shown[-1].id:x}"} if shown else {}
        return Reply.json({"posts": [self._view(post) for post in shown], **more})

    @route("GET", "/api/v3/comment/list")
    def comments(self, request: Request) -> Reply:
        """The comments of the community, page after page by number."""
        if not _is_ours(request):
            return Reply.json({"error": "couldnt_find_community"}, status=404)
        return Reply.json({"comments": self._page(request, self._newest(comments=True))})

    @route("GET", "/api/v3/search")
    def search(self, request: Request) -> Reply:
        """Posts or comments that hold all the words."""
        words, kind = request.param("q").lower().split(), request.param("type_")
        found = [
            post for post in self._newest(comments=kind == "Comments") if all(w in post.text.lower() for w in words)
        ]
        empty: Facts = {"type_": kind, "posts": [], "comments": [], "communities": [], "users": []}
        return Reply.json(empty | {kind.lower(): self._page(request, found)})

    @route("GET", "/api/v3/post")
    def post(self, request: Request) -> Reply:
        """One post."""
        return self._one(request, lambda post: post.in_reply_to is None, "post")

    @route("GET", "/api/v3/comment")
    def comment(self, request: Request) -> Reply:
        """One comment."""
        return self._one(request, lambda post: post.in_reply_to is not None, "comment")

    @route("GET", "/api/v3/community")
    def community(self, request: Request) -> Reply:
        """The community's numbers."""
        counts = {
            "community_id": 5, "subscribers": 120, "users_active_month": 40, "posts": len(self._newest(comments=False)),
            "comments": len(self._newest(comments=True)),
        }  # fmt: skip
        return Reply.json({"community_view": {"community": _community(), "counts": counts}})

    def _one(self, request: Request, fits: Callable[[WorldPost], bool], kind: str) -> Reply:
        text = request.param("id")
        post = self.world.get(int(text)) if text.isascii() and text.isdigit() else None
        if post is None or post.network != "lemmy" or not fits(post):
            return Reply.json({"error": f"couldnt_find_{kind}"}, status=404)
        return Reply.json({f"{kind}_view": self._view(post)})

    def _newest(self, *, comments: bool) -> list[WorldPost]:
        return [post for post in reversed(self.world.posts("lemmy")) if (post.in_reply_to is not None) == comments]

    def _page(self, request: Request, found: list[WorldPost]) -> list[Facts]:
        page, size = int(request.param("page") or 1), _size(request)
        return [self._view(post) for post in found[(page - 1) * size : page * size]]

    def _view(self, post: WorldPost) -> Facts:
        counters, root = post.counters(self.clock.now()), self.world.trace(post.thread) or post
        facts: Facts = {
            "id": post.id, "creator_id": post.author.id, "removed": False, "deleted": False, "local": True,
            "published": _moment(post.published_at), "ap_id": self.address_of(post), "language_id": 0,
            **({"updated": _moment(post.edited_at)} if post.edited_at else {}),
        }  # fmt: skip
        counts = {"score": counters.likes, "upvotes": counters.likes, "downvotes": 0}
        beside = {"creator": _creator(post.author), "community": _community()}
        if post.in_reply_to is None:
            said = {"name": _title(post), "body": post.text, "community_id": 5, "nsfw": False, "locked": False}
            return {"post": facts | said, **beside, "counts": counts | {"comments": len(self.world.replies(post.id))}}
        said = {"content": post.text, "post_id": root.id, "path": self._path(post)}
        answers = counts | {"child_count": len(self.world.replies(post.id))}
        return {"comment": facts | said, "post": {"id": root.id, "name": _title(root)}, **beside, "counts": answers}

    def _path(self, post: WorldPost) -> str:
        steps, above = [str(post.id)], self.world.trace(post.in_reply_to or 0)
        while above and above.in_reply_to:
            steps.append(str(above.id))
            above = self.world.trace(above.in_reply_to)
        return ".".join(("0", *reversed(steps)))


def _is_ours(request: Request) -> bool:
    return request.param("community_name").partition("@")[0] == COMMUNITY


def _size(request: Request) -> int:
    text = request.param("limit")
    return min(int(text), 50) if text.isascii() and text.isdigit() and int(text) else 10


def _community() -> Facts:
    return {"id": 5, "name": COMMUNITY, "title": "Espresso", "actor_id": f"https://{HOST}/c/{COMMUNITY}"}


def _creator(person: Person) -> Facts:
    return {
        "id": person.id, "name": person.handle, "display_name": person.name, "local": True, "deleted": False,
        "actor_id": f"https://{HOST}/u/{person.handle}", "bot_account": person.automated,
    }  # fmt: skip


def _title(post: WorldPost) -> str:
    return post.title or post.text.split(". ")[0].split("\n")[0][:200]


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
