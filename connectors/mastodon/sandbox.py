"""The other side of Mastodon: one server, mastodon.test, over the invented world's posts.

Ids are snowflakes of 48 bits of milliseconds and 16 of sequence. `min_id` walks forwards, `since_id` starts at the
newest; pages are named in `Link` only; rate limits reset at an ISO time; content is HTML.
"""

import html
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from sandbox.kit import Person, Reply, Request, System, Window, WorldPost, route

HOST = "mastodon.test"
TOKEN = "sandbox-mastodon-token"
SEQUENCE = 1 << 16
ACCOUNT_BASE = 109_000_000_000_000_000
WINDOW_SECONDS = 300


class Mastodon(System):
    """mastodon.test."""

    hosts = (HOST,)

    def admit(self, request: Request) -> Reply | None:
        """Only with the token, but for what every server tells everybody."""
        self._window: Window = self.take("all", limit=300, seconds=WINDOW_SECONDS)
        if self._window.exceeded:
            return Reply.json({"error": "Too many requests"}, status=429)
        if request.path != "/api/v2/instance" and request.bearer != TOKEN:
            return Reply.json(
                {"error": "The access token is invalid"}, status=401,
                headers={"WWW-Authenticate": 'Bearer realm="Doorkeeper", error="invalid_token"'},
            )  # fmt: skip
        return None

    def seal(self, request: Request, reply: Reply) -> None:
        """Every answer names its window, by an ISO time."""
        reset = self._window.reset_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        reply.headers |= {
            "X-RateLimit-Limit": str(self._window.limit), "X-RateLimit-Remaining": str(self._window.remaining),
            "X-RateLimit-Reset": reset,
        }  # fmt: skip

    def not_found(self, request: Request) -> Reply:
        """Mastodon's words."""
        return Reply.json({"error": "Record not found"}, status=404)

    @route("GET", "/api/v2/instance")
    def instance(self, request: Request) -> Reply:
        """What the server is."""
        return Reply.json({
            "domain": HOST, "title": "Sandbox", "version": "4.7.0", "source_url": f"https://{HOST}/source",
            "description": "Played for the hub", "languages": ["en"], "rules": [],
            "configuration": {"statuses": {"max_characters": 500, "characters_reserved_per_url": 23}},
            "api_versions": {"mastodon": 7},
        })  # fmt: skip

    @route("GET", "/api/v1/accounts/verify_credentials")
    def me(self, request: Request) -> Reply:
        """Whose token this is."""
        person = self.world.by_handle("acme") or self.world.people[0]
        return Reply.json(account_of(person) | {"source": {"note": person.bio, "fields": [], "privacy": "public"}})

    @route("GET", "/api/v1/accounts/lookup")
    def lookup(self, request: Request) -> Reply:
        """An account by its address."""
        name, _, host = request.param("acct").removeprefix("@").partition("@")
        person = self.world.by_handle(name) if host in ("", HOST) else None
        return Reply.json(account_of(person)) if person else self.not_found(request)

    @route("GET", "/api/v1/accounts/{id}/statuses")
    def statuses(self, request: Request, id: str) -> Reply:
        """What one account has posted."""
        number = int(id) - ACCOUNT_BASE if id.isdigit() else -1
        if self.world.person(number) is None:
            return self.not_found(request)
        return self._page(request, lambda post: post.author.id == number, self._status)

    @route("GET", "/api/v1/timelines/tag/{tag}")
    def tag_timeline(self, request: Request, tag: str) -> Reply:
        """What carries a hashtag."""
        wanted = tag.lower()
        return self._page(request, lambda post: wanted in {each.lower() for each in post.tags}, self._status)

    @route("GET", "/api/v1/timelines/public")
    def public_timeline(self, request: Request) -> Reply:
        """Everything public."""
        return self._page(request, lambda post: True, self._status)

    @route("GET", "/api/v1/notifications")
    def notifications(self, request: Request) -> Reply:
        """Who spoke to us."""
        types = request.params("types")
        if types and "mention" not in types:
            return Reply.json([])
        return self._page(request, lambda post: "acme" in {_local(name) for name in post.mentions}, self._notification)

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
        ancestors, parent = [], self.world.get(post.in_reply_to) if post.in_reply_to else None
        while parent:
            ancestors.append(self._status(parent))
            parent = self.world.get(parent.in_reply_to) if parent.in_reply_to else None
        below = [self._status(each) for each in self.world.replies(post.id)]
        return Reply.json({"ancestors": ancestors[::-1], "descendants": below})

    def _find(self, id: str) -> WorldPost | None:
        posts = (post for post in self.world.posts("mastodon") if status_id(post) == id)
        return next(posts, None)

    def _page(
        self, request: Request, wanted: Callable[[WorldPost], bool], shown: Callable[[WorldPost], dict[str, Any]]
    ) -> Reply:
        limit = min(int(request.param("limit", "20")), 40)
        low = max(int(request.param(name, "0") or 0) for name in ("min_id", "since_id"))
        high = int(request.param("max_id", "0") or 0)
        posts = [
            post for post in self.world.posts("mastodon")
            if int(status_id(post)) > low and (not high or int(status_id(post)) < high) and wanted(post)
        ]  # fmt: skip
        page = posts[:limit] if request.param("min_id") else posts[-limit:]
        found = page[::-1]
        headers = {"Link": self._links(request, found)} if found else {}
        return Reply.json([shown(post) for post in found], headers=headers)

    def _links(self, request: Request, found: list[WorldPost]) -> str:
        kept = [(name, value) for name, values in request.query.items() for value in values if name not in PAGING]
        address = f"https://{HOST}{request.path}"
        older = urlencode([*kept, ("max_id", status_id(found[-1]))])
        newer = urlencode([*kept, ("min_id", status_id(found[0]))])
        return f'<{address}?{older}>; rel="next", <{address}?{newer}>; rel="prev"'

    def _notification(self, post: WorldPost) -> dict[str, Any]:
        return {
            "id": status_id(post), "type": "mention", "created_at": moment(post.published_at),
            "account": account_of(post.author), "status": self._status(post), "group_key": f"ungrouped-{post.id}",
        }  # fmt: skip

    def _status(self, post: WorldPost) -> dict[str, Any]:
        counters = post.counters(self.clock.now())
        parent = self.world.get(post.in_reply_to) if post.in_reply_to else None
        boosted = self.world.get(post.shared) if post.shared and post.kind == "share" else None
        id = status_id(post)
        address = f"https://{HOST}/@{post.author.handle}/{id}"
        return {
            "id": id,
            "uri": f"https://{HOST}/users/{post.author.handle}/statuses/{id}",
            "url": None if boosted else address,
            "created_at": moment(post.published_at),
            "edited_at": moment(post.edited_at) if post.edited_at else None,
            "account": account_of(post.author),
            "content": "" if boosted else content_of(post.text),
            "visibility": post.extra.get("visibility", "public"),
            "sensitive": False,
            "spoiler_text": "",
            "media_attachments": [],
            "application": {"name": "Web", "website": None},
            "mentions": [self._mention(name) for name in post.mentions if self.world.by_handle(_local(name))],
            "tags": [{"name": tag.lower(), "url": f"https://{HOST}/tags/{tag.lower()}"} for tag in post.tags],
            "emojis": [],
            "reblogs_count": counters.shares,
            "favourites_count": counters.likes,
            "replies_count": counters.replies,
            "quotes_count": counters.quotes,
            "in_reply_to_id": status_id(parent) if parent else None,
            "in_reply_to_account_id": str(ACCOUNT_BASE + parent.author.id) if parent else None,
            "reblog": self._status(boosted) if boosted else None,
            "quote": None,
            "poll": None,
            "card": None,
            "language": post.lang,
        }

    def _mention(self, name: str) -> dict[str, Any]:
        person = self.world.by_handle(_local(name))
        assert person is not None
        account = account_of(person)
        return {field: account[field] for field in ("id", "username", "url", "acct")}


PAGING = ("min_id", "max_id", "since_id")


def status_id(post: WorldPost) -> str:
    """The id that Mastodon would have given a status of this time."""
    return str((int(post.published_at.timestamp() * 1000) << 16) | (post.id % SEQUENCE))


def account_of(person: Person) -> dict[str, Any]:
    """An account as the API shows it."""
    address = f"https://{HOST}/@{person.handle}"
    picture = f"https://{HOST}/avatars/missing.png"
    return {
        "id": str(ACCOUNT_BASE + person.id),
        "username": person.handle,
        "acct": person.handle,
        "display_name": person.name,
        "locked": False,
        "bot": person.automated,
        "discoverable": True,
        "indexable": True,
        "group": False,
        "created_at": moment(person.joined),
        "note": content_of(person.bio) if person.bio else "",
        "url": address,
        "uri": f"https://{HOST}/users/{person.handle}",
        "avatar": picture,
        "avatar_static": picture,
        "header": picture,
        "header_static": picture,
        "followers_count": person.followers,
        "following_count": person.following,
        "statuses_count": 100 + person.id,
        "last_status_at": None,
        "emojis": [],
        "fields": [],
    }


def content_of(text: str) -> str:
    """Plain text as the HTML that Mastodon makes of it."""
    paragraphs = html.escape(text, quote=False).split("\n\n")
    return "".join(f"<p>{paragraph.replace(chr(10), '<br />')}</p>" for paragraph in paragraphs)


def moment(at: datetime) -> str:
    """ISO 8601 with milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _local(name: str) -> str:
    return name.partition("@")[0].lower() if name.partition("@")[2] in ("", HOST) else ""
