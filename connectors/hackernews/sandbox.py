"""The other side of Hacker News: its search at hn.algolia.com, over the invented world's posts.

Hits come newest first; `numericFilters` window them by `created_at_i`; a search reaches a thousand hits deep. What
was deleted leaves the search, and is not found among the items.
"""

import html
import re
from typing import Any

from sandbox.kit import Reply, Request, System, WorldPost, route

REACH = 1000
LIMIT, WINDOW_SECONDS = 10_000, 3600
FILTER = re.compile(r"created_at_i(>=|<=|<|>)(\d+)")
WORD = re.compile(r'"([^"]*)"|(\S+)')
Facts = dict[str, Any]


class HackerNews(System):
    """hn.algolia.com."""

    hosts = ("hn.algolia.com",)

    def admit(self, request: Request) -> Reply | None:
        """10,000 calls an hour for an address."""
        if self.take("all", limit=LIMIT, seconds=WINDOW_SECONDS).exceeded:
            return Reply.json({"message": "Too Many Requests", "status": 429}, status=429)
        return None

    def address_of(self, post: WorldPost) -> str:
        """Where people read it."""
        return f"https://news.ycombinator.com/item?id={post.id}"

    @route("GET", "/api/v1/search_by_date")
    def search(self, request: Request) -> Reply:
        """What holds the words, newest first."""
        words = [(phrase or word).lower() for phrase, word in WORD.findall(request.param("query"))]
        posts = [post for post in reversed(self.world.posts("hackernews")) if self._fits(post, request)]
        found = [post for post in posts if all(word in post.text.lower() for word in words)]
        page, size = int(request.param("page") or 0), min(int(request.param("hitsPerPage") or 20), REACH)
        shown = found[:REACH][page * size : (page + 1) * size]
        facts = {"nbHits": len(found), "page": page, "nbPages": -(-min(len(found), REACH) // size), "hitsPerPage": size}
        return Reply.json({"hits": [self._hit(post) for post in shown], **facts})

    @route("GET", "/api/v1/items/{id}")
    def item(self, request: Request, id: str) -> Reply:
        """An item with the tree below it."""
        post = self.world.get(int(id)) if id.isascii() and id.isdigit() else None
        if post is None or post.network != "hackernews":
            return Reply.json({"status": 404, "error": "Not Found"}, status=404)
        return Reply.json(self._tree(post))

    @route("GET", "/api/v1/users/{name}")
    def user(self, request: Request, name: str) -> Reply:
        """An account."""
        person = self.world.by_handle(name)
        if person is None:
            return self.not_found(request)
        return Reply.json({"username": person.handle, "about": person.bio, "karma": person.followers})

    def _fits(self, post: WorldPost, request: Request) -> bool:
        at = _seconds(post)
        for sign, text in FILTER.findall(request.param("numericFilters")):
            edge = int(text)
            if not {">=": at >= edge, "<=": at <= edge, "<": at < edge, ">": at > edge}[sign]:
                return False
        author = re.search(r"author_([\w-]+)", request.param("tags"))
        return author is None or author[1] == post.author.handle

    def _hit(self, post: WorldPost) -> Facts:
        comment, text = post.in_reply_to is not None, _marked(post.text)
        kinds = ["comment" if comment else "story", f"author_{post.author.handle}", f"story_{post.thread}"]
        facts = self._facts(post) | {"objectID": str(post.id), "_tags": kinds, "story_id": post.thread}
        if comment:
            return facts | {"comment_text": text, "story_title": _title(self.world.trace(post.thread) or post)}
        answers = len(self.world.replies(post.id))
        return facts | {"title": _title(post), "story_text": text, "num_comments": answers}

    def _tree(self, post: WorldPost) -> Facts:
        children = [self._tree(reply) for reply in self.world.replies(post.id)]
        kind = "comment" if post.in_reply_to else "story"
        title = None if post.in_reply_to else _title(post)
        facts = {"id": post.id, "type": kind, "title": title, "url": None, "text": _marked(post.text)}
        return self._facts(post) | facts | {"story_id": post.thread, "options": [], "children": children}

    def _facts(self, post: WorldPost) -> Facts:
        at = post.published_at.replace(microsecond=0)
        return {
            "author": post.author.handle, "created_at": at.isoformat().replace("+00:00", "Z"),
            "created_at_i": _seconds(post), "parent_id": post.in_reply_to,
            "points": None if post.in_reply_to else 1 + post.counters(self.clock.now()).likes,
        }  # fmt: skip


def _seconds(post: WorldPost) -> int:
    return int(post.published_at.timestamp())


def _title(post: WorldPost) -> str:
    return post.title or post.text.split(". ")[0].split("\n")[0][:80]


def _marked(text: str) -> str:
    return "<p>".join(html.escape(text).split("\n\n"))
