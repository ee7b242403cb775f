"""The other side of Stack Exchange: api.stackexchange.com, over the invented world's threads.

What begins a thread is a question, what answers it directly an answer, and all below that are comments. Answers are
always packed. Without a key an address has 300 calls a day; whoever asks more is told so by a 400 whose error is 502.
"""

import gzip
import html
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sandbox.kit import Person, Reply, Request, System, WorldPost, route

KEY = "sandbox-stackexchange-key"
SITES = {"stackoverflow": "stackoverflow.com", "cooking": "cooking.stackexchange.com"}
DAY = timedelta(days=1).total_seconds()
QUOTAS = {"strangers": 300, "keyed": 10_000}
LICENCE = "CC BY-SA 4.0"
Facts = dict[str, Any]


class StackExchange(System):
    """api.stackexchange.com."""

    hosts = ("api.stackexchange.com",)

    def admit(self, request: Request) -> Reply | None:
        """A known site, a key that is right or none, and not too often."""
        key = request.param("key")
        if key not in ("", KEY):
            return _refusal(400, "bad_parameter", "`key` doesn't match a known application")
        name = "keyed" if key else "strangers"
        self._window = self.take(name, limit=QUOTAS[name], seconds=DAY)
        if self._window.exceeded:
            left = self._window.seconds_left(self.clock.now())
            words = f"too many requests from this IP, more requests available in {left} seconds"
            return _refusal(502, "throttle_violation", words)
        if request.param("site") not in SITES:
            return _refusal(400, "bad_parameter", f"no site found for name `{request.param('site')}`")
        return None

    def seal(self, request: Request, reply: Reply) -> None:
        """Packed, whatever was asked for."""
        reply.headers["Content-Encoding"] = "gzip"
        reply.body = gzip.compress(reply.body)

    def not_found(self, request: Request) -> Reply:
        """The API's words."""
        return _refusal(404, "no_method", "this method cannot be found")

    def address_of(self, post: WorldPost) -> str:
        """Where people read it."""
        part = {"question": "q", "answer": "a", "comment": "posts/comments"}[self._kind(post)]
        return f"https://{SITES[self._site(post)]}/{part}/{post.id}"

    @route("GET", "/2.3/info")
    def info(self, request: Request) -> Reply:
        """The site's numbers."""
        return self._wrapped(request, [{"total_questions": len(self._all(request, "question")), "api_revision": "1"}])

    @route("GET", "/2.3/questions")
    def questions(self, request: Request) -> Reply:
        """Questions that have all the tags."""
        tags = {tag for tag in request.param("tagged").lower().split(";") if tag}
        return self._listed(request, "question", lambda post: tags <= set(self._tags(post)))

    @route("GET", "/2.3/search/advanced")
    def search(self, request: Request) -> Reply:
        """Questions that hold all the words."""
        words = request.param("q").lower().replace('"', " ").split()
        return self._listed(request, "question", lambda post: all(word in post.text.lower() for word in words))

    @route("GET", "/2.3/questions/{ids}")
    def questions_by_id(self, request: Request, ids: str) -> Reply:
        """These questions."""
        return self._named(request, "question", ids)

    @route("GET", "/2.3/answers/{ids}")
    def answers_by_id(self, request: Request, ids: str) -> Reply:
        """These answers."""
        return self._named(request, "answer", ids)

    @route("GET", "/2.3/comments/{ids}")
    def comments_by_id(self, request: Request, ids: str) -> Reply:
        """These comments."""
        return self._named(request, "comment", ids)

    @route("GET", "/2.3/questions/{ids}/answers")
    def answers(self, request: Request, ids: str) -> Reply:
        """The answers to these questions."""
        wanted = set(ids.split(";"))
        return self._listed(request, "answer", lambda post: str(post.in_reply_to) in wanted)

    @route("GET", "/2.3/posts/{ids}/comments")
    def comments(self, request: Request, ids: str) -> Reply:
        """The comments below these questions and answers."""
        wanted = set(ids.split(";"))
        return self._listed(request, "comment", lambda post: str(self._above(post)) in wanted)

    # What stands behind the answers.

    def _named(self, request: Request, kind: str, ids: str) -> Reply:
        wanted = set(ids.split(";"))
        if len(wanted) > 100:
            return _refusal(400, "bad_parameter", "ids")
        return self._listed(request, kind, lambda post: str(post.id) in wanted)

    def _listed(self, request: Request, kind: str, wanted: Callable[[WorldPost], bool]) -> Reply:
        by = self._active if request.param("sort", "activity") == "activity" and kind == "question" else _written
        lowest, highest = (int(request.param(name) or edge) for name, edge in (("min", "0"), ("max", "99999999999")))
        found = [post for post in self._all(request, kind) if wanted(post) and lowest <= by(post) <= highest]
        found.sort(key=lambda post: (by(post), post.id), reverse=request.param("order", "desc") == "desc")
        return self._wrapped(request, found)

    def _wrapped(self, request: Request, found: list[Any]) -> Reply:
        page, size = int(request.param("page") or 1), min(int(request.param("pagesize") or 30), 100)
        shown = found[(page - 1) * size : page * size]
        body = request.param("filter") == "withbody"
        items = [each if isinstance(each, dict) else self._item(each, body=body) for each in shown]
        quota = {"quota_max": self._window.limit, "quota_remaining": self._window.remaining}
        return Reply.json({"items": items, "has_more": len(found) > page * size, **quota})

    def _item(self, post: WorldPost, *, body: bool) -> Facts:
        kind, now = self._kind(post), self.clock.now()
        facts: Facts = {
            "owner": _owner(post.author, SITES[self._site(post)]), "score": post.counters(now).likes,
            "creation_date": _written(post), f"{kind}_id": post.id, "content_license": LICENCE,
        }  # fmt: skip
        if body:
            facts["body"] = f"<p>{html.escape(post.text, quote=False)}</p>".replace("\n\n", "</p>\n\n<p>")
        if post.edited_at:
            facts["last_edit_date"] = int(post.edited_at.timestamp())
        if kind == "comment":
            return facts | {"edited": post.edited_at is not None, "post_id": self._above(post)}
        facts["last_activity_date"] = self._active(post)
        if kind == "answer":
            return facts | {"question_id": post.in_reply_to, "is_accepted": False}
        title = html.escape(post.text.split(". ")[0].split("\n")[0][:120])
        answers = len(self.world.replies(post.id))
        return facts | {
            "title": title, "tags": self._tags(post), "answer_count": answers, "is_answered": answers > 0,
            "view_count": post.counters(now).views, "link": f"https://{SITES[self._site(post)]}/questions/{post.id}",
        }  # fmt: skip

    def _all(self, request: Request, kind: str) -> list[WorldPost]:
        site = request.param("site")
        posts = self.world.posts("stackexchange")
        return [post for post in posts if self._kind(post) == kind and self._site(post) == site]

    def _site(self, post: WorldPost) -> str:
        root = self.world.trace(post.thread) or post
        return root.site if root.site in SITES else "stackoverflow"

    def _kind(self, post: WorldPost) -> str:
        if post.in_reply_to is None:
            return "question"
        return "answer" if post.in_reply_to == post.thread else "comment"

    def _above(self, post: WorldPost) -> int | None:
        """The question or answer that a comment stands below."""
        above = self.world.trace(post.in_reply_to or 0)
        while above and self._kind(above) == "comment":
            above = self.world.trace(above.in_reply_to or 0)
        return above.id if above else None

    def _active(self, post: WorldPost) -> int:
        answers = self.world.replies(post.id) if self._kind(post) == "question" else []
        edited = int(post.edited_at.timestamp()) if post.edited_at else 0
        return max([_written(post), edited, *(_written(answer) for answer in answers)])

    def _tags(self, post: WorldPost) -> list[str]:
        named = [name for name in ("acme", "brewster", "kaffa") if name in post.text.lower()]
        return list(dict.fromkeys([*(tag.lower() for tag in post.tags), *named])) or ["espresso"]


def _written(post: WorldPost) -> int:
    return int(post.published_at.timestamp())


def _owner(person: Person, host: str) -> Facts:
    return {
        "account_id": 5_000_000 + person.id, "user_id": person.id, "user_type": "registered",
        "reputation": 1 + person.followers // 10, "display_name": html.escape(person.name),
        "profile_image": f"https://i.stack.test/{person.handle}.png", "link": f"https://{host}/users/{person.id}",
    }  # fmt: skip


def _refusal(number: int, name: str, words: str) -> Reply:
    return Reply.json({"error_id": number, "error_name": name, "error_message": words}, status=400)
