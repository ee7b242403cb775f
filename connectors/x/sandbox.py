"""The other side of X: API v2 over the invented world's posts.

Ids are snowflakes made of a post's time and number, so they grow with time as X's do; an edit makes a new id, and
search gives the newest form. A page without posts has no `data`; errors are problem JSON; every answer names its
rate-limit window; a post that is gone is told of among `errors`, beside the posts that are there.

One thing is kinder than X: a post is found at once, not half a minute later.
"""

import base64
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from connectors.x.sandbox_query import QueryError, matcher
from connectors.x.sandbox_shapes import (
    AUTHOR_BASE,
    asked,
    entities_of,
    first_id,
    id_at,
    invalid,
    metrics_of,
    missing,
    moment,
    problem,
    snowflake,
    user_of,
)
from sandbox.kit import Person, Reply, Request, Shelves, System, Window, WorldPost, route

TOKEN = "sandbox-x-bearer"
WINDOW_SECONDS = 900
REACH = timedelta(days=7)  # how far back search looks
LIMITS = {"search": 450, "mentions": 450, "by": 300, "usage": 50, "tweets": 3_500, "timeline": 10_000}

Wanted = Callable[[WorldPost], bool]


class X(System):
    """api.x.com."""

    hosts = ("api.x.com",)

    def start(self) -> None:
        """Nothing was asked yet."""
        self._window: Window | None = None
        self._shelves = Shelves(self.world, "x", snowflake)

    def admit(self, request: Request) -> Reply | None:
        """Only with the app's token, and not too often."""
        self._window = None
        if request.bearer != TOKEN:
            return problem(401, "Unauthorized", "Unauthorized")
        bucket = _bucket(request.path)
        self._window = self.take(bucket, limit=LIMITS[bucket], seconds=WINDOW_SECONDS)
        return problem(429, "Too Many Requests", "Too Many Requests") if self._window.exceeded else None

    def seal(self, request: Request, reply: Reply) -> None:
        """Every answer names its window, but for a stranger."""
        reply.headers |= {"api-version": "2.167", "x-access-level": "read"}
        if self._window:
            reply.headers["x-rate-limit-limit"] = str(self._window.limit)
            reply.headers["x-rate-limit-remaining"] = str(self._window.remaining)
            reply.headers["x-rate-limit-reset"] = str(int(self._window.reset_at.timestamp()))

    def not_found(self, request: Request) -> Reply:
        """X's words for no such path."""
        return problem(404, "Not Found", "The requested path does not exist.")

    def address_of(self, post: WorldPost) -> str:
        """Where people read it."""
        return f"https://x.com/{post.author.handle}/status/{snowflake(post)}"

    @route("GET", "/2/usage/tweets")
    def usage(self, request: Request) -> Reply:
        """How much of the month is used."""
        return Reply.json(
            {"data": {"project_id": "1", "project_cap": "3000000", "project_usage": "0", "cap_reset_day": 1}}
        )

    @route("GET", "/2/users/by/username/{name}")
    def user_by_name(self, request: Request, name: str) -> Reply:
        """One account by its handle."""
        person = self.world.by_handle(name)
        if person is None:
            return Reply.json({"errors": [missing("user", "username", name)]})
        return Reply.json({"data": user_of(person, asked(request, "user.fields"))})

    @route("GET", "/2/tweets")
    def lookup(self, request: Request) -> Reply:
        """Posts by their ids, and which of them are gone."""
        ids = [id for id in request.param("ids").split(",") if id]
        if not 1 <= len(ids) <= 100 or not all(id.isdigit() for id in ids):
            return invalid("ids", request.param("ids"), "ids must be between 1 and 100 numbers")
        known = {str(snowflake(post)): post for post in self.world.posts("x")}
        gone = [missing("tweet", "ids", id) for id in ids if id not in known]
        return Reply.json(self._body(request, [known[id] for id in ids if id in known], {}, gone))

    @route("GET", "/2/tweets/search/recent")
    def search(self, request: Request) -> Reply:
        """Posts of the last seven days that match a query."""
        query = request.param("query")
        try:
            wanted = matcher(query)
        except QueryError as wrong:
            return invalid("query", query, str(wrong))
        return self._page(request, ("search", query), wanted, token_name="next_token", smallest=10, reach=REACH)

    @route("GET", "/2/users/{id}/mentions")
    def mentions(self, request: Request, id: str) -> Reply:
        """Posts that mention an account."""
        person = self._person(id)
        if person is None:
            return invalid("id", id, f"The `id` query parameter value [{id}] is not valid")
        name = person.handle.lower()

        def wanted(post: WorldPost) -> bool:
            return name in {each.lower() for each in post.mentions}

        return self._page(request, ("mentions", id), wanted, token_name="pagination_token", smallest=5)

    @route("GET", "/2/users/{id}/tweets")
    def timeline(self, request: Request, id: str) -> Reply:
        """What one account has posted."""
        person = self._person(id)
        if person is None:
            return invalid("id", id, f"The `id` query parameter value [{id}] is not valid")
        number = person.id
        return self._page(
            request, ("tweets", id), lambda post: post.author.id == number, token_name="pagination_token", smallest=5
        )

    def _asker_now(self) -> datetime:
        """The time at those who ask: their clocks do not follow the sandbox's when it is moved on."""
        return self.clock.now() - timedelta(seconds=max(0.0, self.clock.offset_seconds))

    def _person(self, id: str) -> Person | None:
        return self.world.person(int(id) - AUTHOR_BASE) if id.isascii() and id.isdigit() else None

    def _page(
        self, request: Request, question: tuple[str, str], wanted: Wanted, *,
        token_name: str, smallest: int, reach: timedelta | None = None,
    ) -> Reply:  # fmt: skip
        """One page, newest first, and the token of the next."""
        size = request.param("max_results", "10")
        if not size.isdigit() or not smallest <= int(size) <= 100:
            return invalid("max_results", size, f"max_results must be between {smallest} and 100")
        earliest = self._asker_now() - reach if reach else None
        above = _lower_end(request, earliest)
        if isinstance(above, Reply):
            return above
        token = request.param(token_name)
        below = _read_token(token) if token else None
        if token and below is None:
            return invalid(token_name, token, f"Invalid '{token_name}'")
        posts = list(islice(self._shelves.newest(question, wanted, above=above, below=below), int(size) + 1))
        found = posts[: int(size)]
        meta: dict[str, Any] = {"result_count": len(found)}
        if found:
            meta |= {"newest_id": str(snowflake(found[0])), "oldest_id": str(snowflake(found[-1]))}
        if len(posts) > len(found):
            meta["next_token"] = base64.urlsafe_b64encode(str(snowflake(found[-1])).encode()).decode().rstrip("=")
        return Reply.json(self._body(request, found, meta, []), headers={"Cache-Control": "no-store"})

    def _body(
        self, request: Request, found: list[WorldPost], meta: dict[str, Any], errors: list[dict[str, Any]]
    ) -> dict[str, Any]:
        fields, expansions, now = asked(request, "tweet.fields"), asked(request, "expansions"), self.clock.now()
        body: dict[str, Any] = {"data": [self._post(post, fields, now) for post in found]} if found else {}
        includes: dict[str, Any] = {}
        if found and "author_id" in expansions:
            people = {post.author.id: post.author for post in found}
            includes["users"] = [user_of(person, asked(request, "user.fields")) for person in people.values()]
        if "referenced_tweets.id" in expansions:
            parents, gone = self._parents(found)
            if parents:
                includes["tweets"] = [self._post(post, fields, now) for post in parents]
            errors = errors + [missing("tweet", "referenced_tweets.id", str(first_id(post))) for post in gone]
        if includes:
            body["includes"] = includes
        return body | ({"errors": errors} if errors else {}) | ({"meta": meta} if meta else {})

    def _parents(self, posts: Iterable[WorldPost]) -> tuple[list[WorldPost], list[WorldPost]]:
        """The posts that these refer to: those that can be seen, and those that are gone."""
        ids = sorted({id for post in posts for id in (post.in_reply_to, post.shared) if id})
        here = [post for id in ids if (post := self.world.get(id))]
        seen = {post.id for post in here}
        return here, [post for id in ids if id not in seen and (post := self.world.trace(id))]

    def _post(self, post: WorldPost, fields: set[str], now: datetime) -> dict[str, Any]:
        shared = self.world.get(post.shared) if post.shared and post.kind == "share" else None
        words = _shortened(f"RT @{shared.author.handle}: {shared.text}") if shared else post.text
        whole: dict[str, Any] = {
            "id": str(snowflake(post)),
            "text": words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
            "edit_history_tweet_ids": [str(id) for id in sorted({first_id(post), snowflake(post)})],
        }
        if not fields:
            return whole
        references = self._references(post)
        more: dict[str, Any] = {
            "author_id": str(AUTHOR_BASE + post.author.id),
            "conversation_id": str(first_id(self.world.trace(post.thread) or post)),
            "created_at": moment(post.edited_at or post.published_at),
            "lang": post.lang or "und",
            "public_metrics": metrics_of(shared or post, now, shared=bool(shared)),
            "possibly_sensitive": False,
            "reply_settings": "everyone",
            "referenced_tweets": references,
            "in_reply_to_user_id": self._answered(post),
            "entities": entities_of(post, words),
        }
        return whole | {name: value for name, value in more.items() if name in fields and value}  # X leaves out blanks

    def _answered(self, post: WorldPost) -> str | None:
        parent = self.world.trace(post.in_reply_to) if post.in_reply_to else None
        return str(AUTHOR_BASE + parent.author.id) if parent else None

    def _references(self, post: WorldPost) -> list[dict[str, str]]:
        kinds = {
            "reply": ("replied_to", post.in_reply_to),
            "share": ("retweeted", post.shared),
            "quote": ("quoted", post.shared),
        }
        kind, number = kinds.get(post.kind, ("", None))
        parent = (self.world.get(number) or self.world.trace(number)) if number else None
        return [{"type": kind, "id": str(snowflake(parent))}] if parent else []


def _bucket(path: str) -> str:
    """Which limit a path counts against."""
    parts = path.split("/")
    if parts[-1] == "mentions" or path.startswith("/2/tweets/search"):
        return "mentions" if parts[-1] == "mentions" else "search"
    if path.startswith("/2/users/") and parts[-1] == "tweets":
        return "timeline"
    return next((name for name in ("by", "usage") if name in parts), "tweets")


def _lower_end(request: Request, earliest: datetime | None) -> int | Reply:
    """The id above which posts are wanted, by `since_id` and `start_time`; search refuses to look back further."""
    since_id, text = request.param("since_id", "0"), request.param("start_time")
    if not since_id.isdigit():
        return invalid("since_id", since_id, f"The `since_id` query parameter value [{since_id}] is not valid")
    oldest = id_at(earliest) if earliest else 0
    if int(since_id) and int(since_id) < oldest and earliest:
        return invalid("since_id", since_id, f"'since_id' must be a tweet id created after [{moment(earliest)}]")
    if not text:
        return max(int(since_id), oldest)
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        return invalid("start_time", text, f"The `start_time` query parameter value [{text}] is not valid")
    if earliest and start < earliest:
        return invalid("start_time", text, f"'start_time' must be on or after {moment(earliest)}")
    return max(int(since_id), id_at(start) - 1)


def _read_token(token: str) -> int | None:
    try:
        return int(base64.urlsafe_b64decode(token.encode() + b"==").decode())
    except ValueError:
        return None


def _shortened(words: str) -> str:
    return words if len(words) <= 140 else f"{words[:139]}…"
