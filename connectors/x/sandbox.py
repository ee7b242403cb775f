"""The other side of X: API v2 over the invented world's posts.

Ids are snowflakes made of a post's time and number, so they grow with time as X's do; an edit makes a new id, and
search gives the newest form. A page without posts has no `data`; errors are problem JSON; every answer names its
rate-limit window; a post that is gone is told of among `errors`, beside the posts that are there.

One thing is kinder than X: a post is found at once, not half a minute later.
"""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from connectors.x.sandbox_compliance import BUCKET, STORAGE, Jobs
from connectors.x.sandbox_posts import Shown, Wish
from connectors.x.sandbox_query import QueryError, matcher
from connectors.x.sandbox_shapes import (
    AUTHOR_BASE,
    first_id,
    id_at,
    invalid,
    missing,
    moment,
    problem,
    snowflake,
)
from sandbox.kit import Person, Reply, Request, Shelves, System, Window, WorldPost, route

TOKEN = "sandbox-x-bearer"
WINDOW_SECONDS = 900
REACH = timedelta(days=7)  # how far back search looks
LIMITS = {"search": 450, "mentions": 450, "users": 300, "usage": 50, "tweets": 3_500,
          "timeline": 10_000, "quote_tweets": 75, "compliance": 150}  # fmt: skip

Wanted = Callable[[WorldPost], bool]


class X(System):
    """api.x.com, and the storage that its compliance jobs lie in."""

    hosts = ("api.x.com", STORAGE)

    def start(self) -> None:
        """Nothing was asked yet."""
        self._window: Window | None = None
        self._shelves = Shelves(self.world, "x", snowflake)
        self._shown = Shown(self.world)
        self._jobs = Jobs(self.table("compliance_jobs"), self.world, self.clock)

    def admit(self, request: Request) -> Reply | None:
        """Only with the app's token, and not too often."""
        self._window = None
        if request.host == STORAGE:  # its addresses are signed
            return None
        if request.bearer != TOKEN:
            return problem(401, "Unauthorized", "Unauthorized")
        bucket = _bucket(request.path)
        self._window = self.take(bucket, limit=LIMITS[bucket], seconds=WINDOW_SECONDS)
        return problem(429, "Too Many Requests", "Too Many Requests") if self._window.exceeded else None

    def seal(self, request: Request, reply: Reply) -> None:
        """Every answer names its window, but for a stranger."""
        if request.host == STORAGE:
            return
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
        return Reply.json({"data": self._shown.user(person, _current(request))})

    @route("GET", "/2/users/{id}")
    def user(self, request: Request, id: str) -> Reply:
        """One account by its id."""
        person = self._person(id)
        if person is None:
            return Reply.json({"errors": [missing("user", "id", id)]})
        return Reply.json({"data": self._shown.user(person, _current(request))})

    @route("POST", "/2/compliance/jobs")
    def make_job(self, request: Request) -> Reply:
        """Begin to ask which of many posts are gone."""
        return self._jobs.make(request)

    @route("GET", "/2/compliance/jobs")
    def jobs(self, request: Request) -> Reply:
        """What was asked so."""
        return self._jobs.every(request.param("type"))

    @route("GET", "/2/compliance/jobs/{id}")
    def job(self, request: Request, id: str) -> Reply:
        """How far one of them is."""
        return self._jobs.one(id)

    @route("PUT", f"/{BUCKET}/{{id}}/submission/{{file}}", host=STORAGE)
    def upload(self, request: Request, id: str, file: str) -> Reply:
        """The ids of a job."""
        return self._jobs.upload(request, id)

    @route("GET", f"/{BUCKET}/{{id}}/delivery/{{file}}", host=STORAGE)
    def download(self, request: Request, id: str, file: str) -> Reply:
        """The result of a job."""
        return self._jobs.download(request, id)

    @route("GET", "/2/tweets")
    def lookup(self, request: Request) -> Reply:
        """Posts by their ids, and which of them are gone."""
        ids = [id for id in request.param("ids").split(",") if id]
        if not 1 <= len(ids) <= 100 or not all(id.isdigit() for id in ids):
            return invalid("ids", request.param("ids"), "ids must be between 1 and 100 numbers")
        known = {str(id): post for post in self.world.posts("x") for id in (first_id(post), snowflake(post))}
        gone = [missing("tweet", "ids", id) for id in ids if id not in known]
        return Reply.json(
            self._body(request, list({known[id].id: known[id] for id in ids if id in known}.values()), gone)
        )

    @route("GET", "/2/tweets/search/recent")
    def search(self, request: Request) -> Reply:
        """Posts of the last seven days that match a query."""
        query = request.param("query")
        try:
            wanted = matcher(query)
        except QueryError as wrong:
            return invalid("query", query, str(wrong))
        return self._page(request, ("search", query), wanted, token_name="next_token", smallest=10, reach=REACH)

    @route("GET", "/2/tweets/{id}/quote_tweets")
    def quotes(self, request: Request, id: str) -> Reply:
        """Who quotes a post, which no search tells."""
        quoted = {post.id for post in self.world.posts("x") if id in (str(first_id(post)), str(snowflake(post)))}

        def wanted(post: WorldPost) -> bool:
            return post.kind == "quote" and post.shared in quoted

        return self._page(request, ("quotes", id), wanted, token_name="pagination_token", smallest=10)

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
        return Reply.json(self._body(request, found, []) | {"meta": meta}, headers={"Cache-Control": "no-store"})

    def _body(self, request: Request, found: list[WorldPost], errors: list[dict[str, Any]]) -> dict[str, Any]:
        return self._shown.body(Wish.of(request), found, errors, self.clock.now())


def _bucket(path: str) -> str:
    """Which limit a path counts against."""
    parts = path.split("/")
    if parts[-1] == "mentions" or path.startswith("/2/tweets/search"):
        return "mentions" if parts[-1] == "mentions" else "search"
    if path.startswith("/2/users/"):
        return "timeline" if parts[-1] == "tweets" else "users"
    return next((name for name in ("usage", "quote_tweets", "compliance") if name in parts), "tweets")


def _current(request: Request) -> Wish:
    """What is asked of an account: the words are today's, unless posts are asked for in the older ones."""
    wish = Wish.of(request)
    return wish if "tweet.fields" in request.query else replace(wish, current=True)


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
