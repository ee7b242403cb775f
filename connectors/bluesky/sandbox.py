"""The other side of Bluesky: the public server, where strangers read, and bsky.social, where accounts do.

Search is sorted by time and windowed by it; strangers may not follow its cursor. Feeds and notifications start at the
newest. Posts are never edited. Sessions are JWTs that end after two hours, and a refresh token is good for one use.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from connectors.bluesky.sandbox_sessions import Sessions
from connectors.bluesky.sandbox_shapes import (
    DOMAIN,
    POST,
    VENDOR,
    did_of,
    gone,
    handle_of,
    key_of,
    moment,
    number_in,
    number_of,
    profile_of,
    record_of,
    strong_ref,
    uri_of,
    view_of,
    whole_profile,
)
from hub.kit import moment_of
from sandbox.kit import Person, Reply, Request, Shelves, System, Window, WorldPost, route

PUBLIC, OWN = "public.api.bsky.app", "bsky.social"
US, APP_PASSWORD = "acme", "sandbox-bluesky-app-password"
CALLS, WINDOW_SECONDS = 3000, 300
LOG_INS = 30
TOLD_ABOVE = 5  # an answer is told to those whom it answers, so many steps up
WORD = re.compile(r'"([^"]*)"|(\S+)')
FOR_MEMBERS = ("app.bsky.notification.", "com.atproto.server.getSession")


class Bluesky(System):
    """Both servers."""

    hosts = ("public.api.bsky.app", "bsky.social")
    _window: Window

    def start(self) -> None:
        """Nothing was asked yet."""
        self._shelves = Shelves(self.world, "bluesky", number_of)
        self._sessions = Sessions(self.table("sessions"), self.clock)

    def admit(self, request: Request) -> Reply | None:
        """Reading is open to all; what concerns an account needs its token."""
        self._window = self.take(request.host, limit=CALLS, seconds=WINDOW_SECONDS)
        if self._window.exceeded:
            return _refusal(429, "RateLimitExceeded", "Rate Limit Exceeded")
        method = request.path.rpartition("/")[2]
        if method.startswith(("com.atproto.server.createSession", "com.atproto.server.refreshSession")):
            return None if request.host == OWN else self.not_found(request)
        if request.bearer:
            return self._refused(request.bearer, "access")
        if request.host == OWN or method.startswith(FOR_MEMBERS):
            return _refusal(401, "AuthMissing", "Authentication Required")
        return None

    def seal(self, request: Request, reply: Reply) -> None:
        """Every answer names its window."""
        reply.headers |= {
            "RateLimit-Limit": str(CALLS), "RateLimit-Remaining": str(self._window.remaining),
            "RateLimit-Reset": str(int(self._window.reset_at.timestamp())), "RateLimit-Policy": f"{CALLS};w=300",
        }  # fmt: skip

    def not_found(self, request: Request) -> Reply:
        """Bluesky's words."""
        return _refusal(501, "MethodNotImplemented", "Method Not Implemented")

    def address_of(self, post: WorldPost) -> str:
        """Where people read it."""
        return f"https://bsky.app/profile/{did_of(post.author)}/post/{key_of(number_of(post))}"

    @route("POST", "/xrpc/com.atproto.server.createSession")
    def create_session(self, request: Request) -> Reply:
        """Handle and app password for a pair of tokens."""
        if self.take("log-ins", limit=LOG_INS, seconds=WINDOW_SECONDS).exceeded:
            return _refusal(429, "RateLimitExceeded", "Rate Limit Exceeded")
        try:
            words = request.json()
            person = self._actor(words["identifier"])
        except (ValueError, KeyError, TypeError):
            return _refusal(400, "InvalidRequest", "Input must have the property identifier")
        if person is None or person.handle != US or words.get("password") != APP_PASSWORD:
            return _refusal(401, "AuthenticationRequired", "Invalid identifier or password")
        return Reply.json(self._sessions.begin(did_of(person), handle_of(person)))

    @route("POST", "/xrpc/com.atproto.server.refreshSession")
    def refresh_session(self, request: Request) -> Reply:
        """The next pair; the token that was shown is used up."""
        if refused := self._refused(request.bearer or "", "refresh"):
            return refused
        self._sessions.end(request.bearer or "")
        person = self.world.by_handle(US) or self.world.people[0]
        return Reply.json(self._sessions.begin(did_of(person), handle_of(person)))

    @route("GET", "/xrpc/com.atproto.server.getSession")
    def get_session(self, request: Request) -> Reply:
        """Whose token this is."""
        person = self.world.by_handle(US) or self.world.people[0]
        return Reply.json({"did": did_of(person), "handle": handle_of(person), "active": True})

    @route("GET", "/xrpc/com.atproto.identity.resolveHandle")
    def resolve_handle(self, request: Request) -> Reply:
        """The DID behind a handle."""
        person = self._actor(request.param("handle"))
        if person is None:
            return _refusal(400, "InvalidRequest", "Unable to resolve handle")
        return Reply.json({"did": did_of(person)})

    @route("GET", "/xrpc/app.bsky.actor.getProfile")
    def get_profile(self, request: Request) -> Reply:
        """An account's page."""
        if request.param("actor") in (VENDOR["handle"], VENDOR["did"]):
            return Reply.json({**VENDOR, "followersCount": 1, "followsCount": 1, "postsCount": 1})
        person = self._actor(request.param("actor"))
        if person is None:
            return _refusal(400, "InvalidRequest", "Profile not found")
        posts = sum(1 for _ in self._newest(("author", person.id), lambda post: post.author.id == person.id))
        return Reply.json(whole_profile(person, posts))

    @route("GET", "/xrpc/app.bsky.feed.searchPosts")
    def search(self, request: Request) -> Reply:
        """What holds all words, newest first, in a window of time."""
        question, tags = request.param("q"), [tag.lower() for tag in request.params("tag")]
        if not question:
            return _refusal(400, "InvalidRequest", 'Error: Params must have the property "q"')
        if request.param("cursor") and not request.bearer:
            page = "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>"
            return Reply.text(page, status=403, content_type="text/html")
        words = [(phrase or word).lower() for phrase, word in WORD.findall(question)]
        since, until = moment_of(request.param("since")), moment_of(request.param("until"))

        def wanted(post: WorldPost) -> bool:
            text, own = post.text.lower(), {tag.lower() for tag in post.tags}
            return post.kind != "share" and all(word in text for word in words) and own.issuperset(tags)

        found = [
            post for post in self._newest(("search", question, *tags), wanted)
            if (since is None or _time(post) >= since) and (until is None or _time(post) < until)
        ]  # fmt: skip
        start, size = int(request.param("cursor") or 0), _size(request, 25)
        more = {"cursor": str(start + size)} if len(found) > start + size else {}
        views = [self._view(post) for post in found[start : start + size]]
        return Reply.json({"posts": views, "hitsTotal": len(found), **more})

    @route("GET", "/xrpc/app.bsky.feed.getAuthorFeed")
    def author_feed(self, request: Request) -> Reply:
        """What an account has posted and reposted."""
        person = self._actor(request.param("actor"))
        if person is None:
            return _refusal(400, "InvalidRequest", "Profile not found")
        alone = request.param("filter").startswith("posts_no_replies")

        def wanted(post: WorldPost) -> bool:
            return post.author.id == person.id and not (alone and post.in_reply_to)

        page, more = self._page(request, ("feed", person.id, alone), wanted)
        return Reply.json({"feed": [self._entry(post) for post in page], **more})

    @route("GET", "/xrpc/app.bsky.notification.listNotifications")
    def notifications(self, request: Request) -> Reply:
        """What concerns the account: who named it, answered it or what it began, quoted it or reposted it."""
        reasons = request.params("reasons")

        def wanted(post: WorldPost) -> bool:
            reason = self._reason(post)
            return bool(reason) and (not reasons or reason in reasons)

        page, more = self._page(request, ("notes", *sorted(reasons)), wanted)
        return Reply.json({"notifications": [self._note(post) for post in page], "priority": False, **more})

    @route("GET", "/xrpc/app.bsky.feed.getPostThread")
    def thread(self, request: Request) -> Reply:
        """A post with what it answers and what answers it."""
        post = self._find(request.param("uri"))
        if post is None:
            return _refusal(400, "NotFound", f"Post not found: {request.param('uri')}")
        depth, height = int(request.param("depth") or 6), int(request.param("parentHeight") or 80)
        return Reply.json({"thread": self._branch(post, depth) | self._above(post, height)})

    @route("GET", "/xrpc/app.bsky.feed.getPosts")
    def posts(self, request: Request) -> Reply:
        """Posts by their addresses; those that are gone are left out."""
        uris = request.params("uris")
        if not 0 < len(uris) <= 25:
            return _refusal(400, "InvalidRequest", "Error: uris must not have more than 25 elements")
        found = [post for uri in uris if (post := self._find(uri))]
        return Reply.json({"posts": [self._view(post) for post in found]})

    # What stands behind the answers.

    def _refused(self, token: str, kind: str) -> Reply | None:
        trouble = self._sessions.trouble(token, kind)
        return _refusal(400, *trouble) if trouble else None

    def _actor(self, name: str) -> Person | None:
        if name.startswith("did:"):
            return next((person for person in self.world.people if did_of(person) == name), None)
        handle = name.removesuffix(DOMAIN)
        return self.world.by_handle(handle) or self.world.by_handle(handle.replace("-", "_"))

    def _newest(self, question: object, wanted: Any, **edges: Any) -> Iterator[WorldPost]:
        return self._shelves.newest(question, wanted, **edges)

    def _page(self, request: Request, question: object, wanted: Any) -> tuple[list[WorldPost], dict[str, str]]:
        size, token = _size(request, 50), request.param("cursor")
        found = list(islice(self._newest(question, wanted, below=number_in(token) or None), size + 1))
        more = {"cursor": key_of(number_of(found[size - 1]))} if len(found) > size else {}
        return found[:size], more

    def _find(self, uri: str) -> WorldPost | None:
        number = number_in(uri.rpartition("/")[2])
        found = self._shelves.oldest("all", lambda post: True, above=number - 1, below=number + 1)
        return next((post for post in found if uri_of(post) == uri and f"/{POST}/" in uri), None)

    def _view(self, post: WorldPost) -> dict[str, Any]:
        return view_of(post, self.world, self.clock.now())

    def _entry(self, post: WorldPost) -> dict[str, Any]:
        if post.kind == "share":
            original = self.world.get(post.shared or 0) or post
            by = {"by": profile_of(post.author), **strong_ref(post), "indexedAt": moment(post.published_at)}
            return {"post": self._view(original), "reason": {"$type": "app.bsky.feed.defs#reasonRepost", **by}}
        entry: dict[str, Any] = {"post": self._view(post)}
        if post.in_reply_to:
            entry["reply"] = {"root": self._above_view(post.thread), "parent": self._above_view(post.in_reply_to)}
        return entry

    def _above_view(self, id: int) -> dict[str, Any]:
        post, trace = self.world.get(id), self.world.trace(id)
        if post:
            return {"$type": "app.bsky.feed.defs#postView", **self._view(post)}
        return gone(uri_of(trace) if trace else "")

    def _reason(self, post: WorldPost) -> str:
        if post.author.handle == US:
            return ""
        if post.kind in ("share", "quote"):
            shared = self.world.trace(post.shared or 0)
            ours = shared is not None and shared.author.handle == US
            return ("repost" if post.kind == "share" else "quote") if ours else ""
        above, steps = self.world.trace(post.in_reply_to or 0), 0
        while above and steps < TOLD_ABOVE:
            if above.author.handle == US:
                return "reply"
            above, steps = self.world.trace(above.in_reply_to or 0), steps + 1
        return "mention" if US in {name.partition("@")[0].lower() for name in post.mentions} else ""

    def _note(self, post: WorldPost) -> dict[str, Any]:
        subject = self.world.trace(post.shared or post.in_reply_to or 0)
        return {
            **strong_ref(post), "author": profile_of(post.author), "reason": self._reason(post),
            "record": record_of(post, self.world), "isRead": False, "labels": [],
            "indexedAt": moment(post.published_at), **({"reasonSubject": uri_of(subject)} if subject else {}),
        }  # fmt: skip

    def _branch(self, post: WorldPost, depth: int) -> dict[str, Any]:
        branch: dict[str, Any] = {"$type": "app.bsky.feed.defs#threadViewPost", "post": self._view(post)}
        replies = self.world.replies(post.id) if depth > 0 else []
        return branch | {"replies": [self._branch(reply, depth - 1) for reply in replies], "threadContext": {}}

    def _above(self, post: WorldPost, height: int) -> dict[str, Any]:
        parent = self.world.get(post.in_reply_to or 0)
        trace = self.world.trace(post.in_reply_to or 0)
        if height <= 0 or trace is None:
            return {}
        if parent is None:
            return {"parent": gone(uri_of(trace))}
        branch = {"$type": "app.bsky.feed.defs#threadViewPost", "post": self._view(parent), "threadContext": {}}
        return {"parent": branch | self._above(parent, height - 1)}


def _time(post: WorldPost) -> datetime:
    """When it was written, as far as the API says so: to the millisecond."""
    return post.published_at.replace(microsecond=post.published_at.microsecond // 1000 * 1000)


def _size(request: Request, usual: int) -> int:
    text = request.param("limit")
    return min(max(int(text), 1), 100) if text.isascii() and text.isdigit() else usual


def _refusal(status: int, error: str, message: str) -> Reply:
    return Reply.json({"error": error, "message": message}, status=status)
