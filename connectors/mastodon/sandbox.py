"""The other side of Mastodon: one server, mastodon.test, over the invented world's posts.

Ids are snowflakes of 48 bits of milliseconds and 16 of sequence. `min_id` walks forwards, `since_id` starts at the
newest; pages are named in `Link` only; rate limits reset at an ISO time; content is HTML. Timelines hold what is
public and no boosts; who is spoken to in private learns of it by a notification; a boost stands with its booster.
"""

from collections.abc import Callable
from datetime import UTC
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from connectors.mastodon.sandbox_shapes import (
    ACCOUNT_BASE,
    APPROVAL,
    HOST,
    account_of,
    content_of,
    instance_facts,
    local_name,
    mention_of,
    moment,
    status_id,
)
from sandbox.kit import Reply, Request, Shelves, System, Window, WorldPost, route

TOKEN = "sandbox-mastodon-token"
US = "acme"  # whose token it is
WINDOW_SECONDS = 300
CALLS = 300
MINE = ("/api/v1/accounts/verify_credentials", "/api/v1/notifications")  # shown to accounts only
TOGETHER = 20
PAGING = ("min_id", "max_id", "since_id")
LISTED = ("public", "unlisted")


class Mastodon(System):
    """mastodon.test."""

    hosts = (HOST,)
    _window: Window

    def start(self) -> None:
        """Nothing was asked yet."""
        self._shelves = Shelves(self.world, "mastodon", status_id)

    def admit(self, request: Request) -> Reply | None:
        """A wrong token is refused; a stranger sees all but what belongs to an account."""
        self._window = self.take("all", limit=CALLS, seconds=WINDOW_SECONDS)
        if self._window.exceeded:
            return Reply.json({"error": "Too many requests"}, status=429)
        if request.bearer is None and request.path in MINE:
            return Reply.json({"error": "This method requires an authenticated user"}, status=401)
        if request.bearer not in (TOKEN, None):
            return Reply.json(
                {"error": "The access token is invalid"}, status=401,
                headers={"WWW-Authenticate": 'Bearer realm="Doorkeeper", error="invalid_token"'},
            )  # fmt: skip
        return None

    def seal(self, request: Request, reply: Reply) -> None:
        """Every answer names its window, by an ISO time."""
        reply.headers |= {
            "X-RateLimit-Limit": str(self._window.limit), "X-RateLimit-Remaining": str(self._window.remaining),
            "X-RateLimit-Reset": self._window.reset_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }  # fmt: skip

    def not_found(self, request: Request) -> Reply:
        """Mastodon's words."""
        return Reply.json({"error": "Record not found"}, status=404)

    def address_of(self, post: WorldPost) -> str:
        """Where people read it."""
        return f"https://{HOST}/@{post.author.handle}/{status_id(post)}"

    @route("GET", "/api/v2/instance")
    def instance(self, request: Request) -> Reply:
        """What the server is."""
        return Reply.json(instance_facts())

    @route("GET", "/api/v1/accounts/verify_credentials")
    def me(self, request: Request) -> Reply:
        """Whose token this is."""
        person = self.world.by_handle(US) or self.world.people[0]
        source = {
            "note": person.bio, "fields": [], "privacy": "public", "sensitive": False, "language": "en",
            "follow_requests_count": 0, "attribution_domains": [], "quote_policy": "public", "discoverable": True,
            "hide_collections": None, "indexable": True,
        }  # fmt: skip
        role = {"id": "-99", "name": "", "color": "", "permissions": "65536", "highlighted": False}
        return Reply.json(account_of(person, self.clock.now()) | {"source": source, "role": role})

    @route("GET", "/api/v1/accounts/lookup")
    def lookup(self, request: Request) -> Reply:
        """An account by its address."""
        name = local_name(request.param("acct").removeprefix("@"))
        person = self.world.by_handle(name) if name else None
        return Reply.json(account_of(person, self.clock.now())) if person else self.not_found(request)

    @route("GET", "/api/v1/accounts/{id}/statuses")
    def statuses(self, request: Request, id: str) -> Reply:
        """What one account has posted and boosted, as far as strangers may see it."""
        number = _number(id) - ACCOUNT_BASE
        if self.world.person(number) is None:
            return self.not_found(request)

        def wanted(post: WorldPost) -> bool:
            return post.author.id == number and visibility(post) in LISTED

        return self._page(request, ("statuses", number), wanted, self._status)

    @route("GET", "/api/v1/timelines/tag/{tag}")
    def tag_timeline(self, request: Request, tag: str) -> Reply:
        """What carries a hashtag."""
        name = tag.lower()

        def wanted(post: WorldPost) -> bool:
            return _on_timelines(post) and name in {each.lower() for each in post.tags}

        return self._page(request, ("tag", name), wanted, self._status)

    @route("GET", "/api/v1/timelines/public")
    def public_timeline(self, request: Request) -> Reply:
        """Everything public that answers nobody."""
        return self._page(
            request, "public", lambda post: _on_timelines(post) and post.in_reply_to is None, self._status
        )

    @route("GET", "/api/v1/notifications")
    def notifications(self, request: Request) -> Reply:
        """Who spoke to us, in public or not."""
        types = request.params("types")
        if (types and "mention" not in types) or "mention" in request.params("exclude_types"):
            return Reply.json([])

        def wanted(post: WorldPost) -> bool:
            spoken_to = US in {local_name(name) for name in post.mentions}
            return spoken_to and post.kind != "share" and post.author.handle != US

        return self._page(request, "mentions", wanted, self._notification, size=40, most=80)

    @route("GET", "/api/v1/statuses")
    def several(self, request: Request) -> Reply:
        """Statuses by name; those that are gone are left out without a word."""
        ids = request.params("id")
        if len(ids) > TOGETHER:
            return Reply.json({"error": f"Validation failed: at most {TOGETHER} statuses"}, status=422)
        return Reply.json([self._status(post) for id in ids if (post := self._find(id))])

    @route("GET", "/api/v1/statuses/{id}")
    def status(self, request: Request, id: str) -> Reply:
        """One status."""
        post = self._find(id)
        return Reply.json(self._status(post)) if post else self.not_found(request)

    @route("GET", "/api/v1/statuses/{id}/context")
    def context(self, request: Request, id: str) -> Reply:
        """What a status answers, and what answers it."""
        post = self._find(id)
        if post is None:
            return self.not_found(request)
        above, parent = [], self.world.get(post.in_reply_to) if post.in_reply_to else None
        while parent:
            above.append(self._status(parent))
            parent = self.world.get(parent.in_reply_to) if parent.in_reply_to else None
        below, waiting = [], self.world.replies(post.id)
        while waiting:
            reply = waiting.pop(0)
            below.append(self._status(reply))
            waiting = self.world.replies(reply.id) + waiting
        return Reply.json({"ancestors": above[::-1], "descendants": below})

    def _find(self, id: str) -> WorldPost | None:
        number = _number(id)
        return next(self._shelves.oldest("all", lambda _: True, above=number - 1, below=number + 1), None)

    def _page(
        self, request: Request, question: object, wanted: Callable[[WorldPost], bool],
        shown: Callable[[WorldPost], dict[str, Any]], *, size: int = 20, most: int = 40,
    ) -> Reply:  # fmt: skip
        """One page, newest first; with `min_id` the one that follows it, else the newest."""
        size = min(_number(request.param("limit")) or size, most)
        min_id, since_id, max_id = (_number(request.param(name)) for name in ("min_id", "since_id", "max_id"))
        above, below = max(min_id, since_id), max_id or None
        if min_id:
            found = list(islice(self._shelves.oldest(question, wanted, above=above, below=below), size))[::-1]
        else:
            found = list(islice(self._shelves.newest(question, wanted, above=above, below=below), size))
        headers = {"Link": _links(request, found)} if found else {}
        return Reply.json([shown(post) for post in found], headers={"Cache-Control": "private, no-store", **headers})

    def _notification(self, post: WorldPost) -> dict[str, Any]:
        return {
            "id": str(status_id(post)), "type": "mention", "created_at": moment(post.published_at),
            "group_key": f"ungrouped-{status_id(post)}", "account": account_of(post.author, self.clock.now()),
            "status": self._status(post),
        }  # fmt: skip

    def _status(self, post: WorldPost) -> dict[str, Any]:
        now = self.clock.now()
        boosted = self.world.get(post.shared) if post.shared and post.kind == "share" else None
        counters = (boosted or post).counters(now)
        parent = self.world.get(post.in_reply_to) if post.in_reply_to else None
        id = str(status_id(post))
        uri = f"https://{HOST}/users/{post.author.handle}/statuses/{id}"
        people = [] if boosted else [self.world.by_handle(local_name(name)) for name in post.mentions]
        tags = [] if boosted else list(dict.fromkeys(tag.lower() for tag in post.tags))
        return {
            "id": id,
            "created_at": moment(post.published_at),
            "in_reply_to_id": str(status_id(parent)) if parent else None,
            "in_reply_to_account_id": str(ACCOUNT_BASE + parent.author.id) if parent else None,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": visibility(post),
            "language": post.lang,
            "uri": f"{uri}/activity" if boosted else uri,
            "url": f"{uri}/activity" if boosted else self.address_of(post),
            "replies_count": counters.replies,
            "reblogs_count": counters.shares,
            "favourites_count": counters.likes,
            "quotes_count": counters.quotes,
            "edited_at": moment(post.edited_at) if post.edited_at else None,
            **dict.fromkeys(("favourited", "reblogged", "muted", "bookmarked"), False),
            "content": "" if boosted else content_of(post.text),
            "filtered": [],
            "reblog": self._status(boosted) if boosted else None,
            "application": {"name": "Web", "website": None},
            "account": account_of(post.author, now),
            "media_attachments": [],
            "mentions": [mention_of(person) for person in people if person],
            "tags": [{"name": tag, "url": f"https://{HOST}/tags/{tag}"} for tag in tags],
            "emojis": [],
            "tagged_collections": [],
            **dict.fromkeys(("quote", "card", "poll")),
            "quote_approval": APPROVAL,
        }


def visibility(post: WorldPost) -> str:
    """Who may see a status: public, unlisted, private or direct."""
    return str(post.extra.get("visibility", "public"))


def _on_timelines(post: WorldPost) -> bool:
    return visibility(post) == "public" and post.kind != "share"


def _number(text: str) -> int:
    """A number as Mastodon reads one: what is none counts as nothing."""
    return int(text) if text.isascii() and text.isdigit() else 0


def _links(request: Request, found: list[WorldPost]) -> str:
    kept = [(name, value) for name, values in request.query.items() for value in values if name not in PAGING]
    address = f"https://{HOST}{request.path}"
    older = urlencode([*kept, ("max_id", status_id(found[-1]))])
    newer = urlencode([*kept, ("min_id", status_id(found[0]))])
    return f'<{address}?{older}>; rel="next", <{address}?{newer}>; rel="prev"'
