"""The other side of X: API v2 over the invented world's posts.

Ids are snowflakes made of a post's time and number, so they grow with time as X's do. A page without posts has no
`data`; errors are problem JSON; every answer names its rate-limit window.
"""

import base64
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from sandbox.kit import Person, Reply, Request, System, Window, WorldPost, route

TOKEN = "sandbox-x-bearer"
EPOCH_MS = 1_288_834_974_657  # snowflakes count from here
NUMBER_BITS = 22
AUTHOR_BASE = 1_000_000
WINDOW_SECONDS = 900
PROBLEMS = "https://api.x.com/2/problems/"
TERM = re.compile(r'(-?)(?:"([^"]+)"|(\S+))')


class X(System):
    """api.x.com."""

    hosts = ("api.x.com",)

    def admit(self, request: Request) -> Reply | None:
        """Only with the app's token, and not too often."""
        if request.bearer != TOKEN:
            return problem(401, "Unauthorized", "Unauthorized", "about:blank")
        self._window: Window = self.take(request.path.split("/")[2], limit=450, seconds=WINDOW_SECONDS)
        if self._window.exceeded:
            return problem(429, "Too Many Requests", "Too Many Requests", "about:blank")
        return None

    def seal(self, request: Request, reply: Reply) -> None:
        """Every answer names its window."""
        window: Window | None = getattr(self, "_window", None)
        if window:
            reply.headers["x-rate-limit-limit"] = str(window.limit)
            reply.headers["x-rate-limit-remaining"] = str(window.remaining)
            reply.headers["x-rate-limit-reset"] = str(int(window.reset_at.timestamp()))

    def not_found(self, request: Request) -> Reply:
        """X's words for no such path."""
        return problem(404, "Not Found", "The requested path does not exist.", "about:blank")

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
            detail = f"Could not find user with username: [{name}]."
            return Reply.json({"errors": [{
                "value": name, "detail": detail, "title": "Not Found Error", "resource_type": "user",
                "parameter": "username", "resource_id": name, "type": f"{PROBLEMS}resource-not-found",
            }]})  # fmt: skip
        return Reply.json({"data": user_of(person)})

    @route("GET", "/2/tweets/search/recent")
    def search(self, request: Request) -> Reply:
        """Posts of the last seven days that match a query."""
        query = request.param("query")
        if not query or len(query) > 512:
            return invalid("query", query, "query must be between 1 and 512 characters")
        return self._page(request, matcher(query), newest_param="next_token", smallest=10)

    @route("GET", "/2/users/{id}/mentions")
    def mentions(self, request: Request, id: str) -> Reply:
        """Posts that mention an account."""
        person = self.world.person(int(id) - AUTHOR_BASE) if id.isdigit() else None
        if person is None:
            return invalid("id", id, f"The `id` query parameter value [{id}] is not valid")
        name = person.handle.lower()
        wanted = lambda post: name in {each.lower() for each in post.mentions}  # noqa: E731
        return self._page(request, wanted, newest_param="pagination_token", smallest=5)

    @route("GET", "/2/users/{id}/tweets")
    def timeline(self, request: Request, id: str) -> Reply:
        """What one account has posted."""
        number = int(id) - AUTHOR_BASE if id.isdigit() else -1
        return self._page(request, lambda post: post.author.id == number, newest_param="pagination_token", smallest=5)

    def _page(
        self, request: Request, wanted: Callable[[WorldPost], bool], *, newest_param: str, smallest: int
    ) -> Reply:
        size = int(request.param("max_results", "10"))
        if not smallest <= size <= 100:
            return invalid("max_results", str(size), f"max_results must be between {smallest} and 100")
        since_id, below = int(request.param("since_id", "0")), None
        if token := request.param(newest_param):
            try:
                below = int(base64.urlsafe_b64decode(token.encode()).decode())
            except (ValueError, UnicodeDecodeError):
                return invalid(newest_param, token, f"Invalid '{newest_param}'")
        since = _moment(request.param("start_time"))
        posts = [
            post for post in self.world.posts("x", since=since)
            if snowflake(post) > since_id and (below is None or snowflake(post) < below) and wanted(post)
        ]  # fmt: skip
        found = posts[::-1][:size]
        meta: dict[str, Any] = {"result_count": len(found)}
        if found:
            meta |= {"newest_id": str(snowflake(found[0])), "oldest_id": str(snowflake(found[-1]))}
        if len(posts) > size:
            meta["next_token"] = base64.urlsafe_b64encode(str(snowflake(found[-1])).encode()).decode()
        return Reply.json(self._body(request, found, meta), headers={"Cache-Control": "no-store"})

    def _body(self, request: Request, found: list[WorldPost], meta: dict[str, Any]) -> dict[str, Any]:
        if not found:
            return {"meta": meta}
        fields = set(request.param("tweet.fields").split(","))
        expansions = set(request.param("expansions").split(","))
        now = self.clock.now()
        body: dict[str, Any] = {"data": [self._post(post, fields, now) for post in found]}
        includes: dict[str, Any] = {}
        if "author_id" in expansions:
            people = {post.author.id: post.author for post in found}
            includes["users"] = [user_of(person) for person in people.values()]
        if "referenced_tweets.id" in expansions:
            parents = self._parents(found)
            if parents:
                includes["tweets"] = [self._post(post, fields, now) for post in parents]
        return body | ({"includes": includes} if includes else {}) | {"meta": meta}

    def _parents(self, posts: Iterable[WorldPost]) -> list[WorldPost]:
        ids = {id for post in posts for id in (post.in_reply_to, post.shared) if id}
        return [post for post in (self.world.get(id) for id in sorted(ids)) if post]

    def _post(self, post: WorldPost, fields: set[str], now: datetime) -> dict[str, Any]:
        counters = post.counters(now)
        id = str(snowflake(post))
        text = post.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        shared = self.world.get(post.shared) if post.shared and post.kind == "share" else None
        whole: dict[str, Any] = {
            "id": id,
            "text": f"RT @{shared.author.handle}: {text}"[:140] if shared else text,
            "edit_history_tweet_ids": [id],
            "author_id": str(AUTHOR_BASE + post.author.id),
            "conversation_id": self._conversation(post),
            "created_at": post.published_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "lang": post.lang,
            "public_metrics": {
                "retweet_count": counters.shares, "reply_count": counters.replies, "like_count": counters.likes,
                "quote_count": counters.quotes, "bookmark_count": counters.bookmarks,
                "impression_count": counters.views,
            },
        }  # fmt: skip
        references = self._references(post)
        if references:
            whole["referenced_tweets"] = references
        entities = entities_of(post)
        if entities:
            whole["entities"] = entities
        always = {"id", "text", "edit_history_tweet_ids"}
        return {name: value for name, value in whole.items() if name in always or name in fields}

    def _conversation(self, post: WorldPost) -> str:
        first = self.world.get(post.thread) if post.thread != post.id else post
        return str(snowflake(first or post))

    def _references(self, post: WorldPost) -> list[dict[str, str]]:
        kinds = {
            "reply": ("replied_to", post.in_reply_to),
            "share": ("retweeted", post.shared),
            "quote": ("quoted", post.shared),
        }
        kind, number = kinds.get(post.kind, ("", None))
        parent = self.world.get(number) if number else None
        return [{"type": kind, "id": str(snowflake(parent))}] if parent else []


def snowflake(post: WorldPost) -> int:
    """The id that X would have given a post of this time."""
    milliseconds = int(post.published_at.timestamp() * 1000) - EPOCH_MS
    return (milliseconds << NUMBER_BITS) | (post.id % (1 << NUMBER_BITS))


def user_of(person: Person) -> dict[str, Any]:
    """An account as the API shows it."""
    return {
        "id": str(AUTHOR_BASE + person.id),
        "name": person.name,
        "username": person.handle,
        "verified": person.verified,
        "verified_type": "business" if person.verified else "none",
        "public_metrics": {
            "followers_count": person.followers, "following_count": person.following,
            "tweet_count": 100 + person.id, "listed_count": person.followers // 400,
        },
    }  # fmt: skip


def entities_of(post: WorldPost) -> dict[str, Any]:
    """Tags, mentions and links with their places in the text."""
    found: dict[str, Any] = {}
    for name, key, sign, words in (("hashtags", "tag", "#", post.tags), ("mentions", "username", "@", post.mentions)):
        places = [(post.text.find(sign + word), word) for word in words]
        if places:
            found[name] = [{"start": at, "end": at + len(word) + 1, key: word} for at, word in places if at >= 0]
    if post.links:
        found["urls"] = [
            {"start": post.text.find(link), "end": post.text.find(link) + len(link), "url": link, "expanded_url": link,
             "display_url": link.partition("//")[2][:30]}
            for link in post.links
        ]  # fmt: skip
    return {name: each for name, each in found.items() if each}


def matcher(query: str) -> Callable[[WorldPost], bool]:
    """What a search query asks: words, phrases, #tags, @names, from:, -is:retweet; side by side or with OR."""
    ways = [
        [_term(*match.groups()) for match in TERM.finditer(part)] for part in re.split(r"\s+OR\s+", query.strip("() "))
    ]

    def wanted(post: WorldPost) -> bool:
        return post.kind != "share" and any(all(term(post) for term in terms) for terms in ways)

    return wanted


def _term(minus: str, phrase: str | None, word: str | None) -> Callable[[WorldPost], bool]:
    holds = _positive((phrase or word or "").strip("()").lower())
    return (lambda post: not holds(post)) if minus else holds


def _positive(term: str) -> Callable[[WorldPost], bool]:
    if term in ("is:retweet", "is:reply", "is:quote"):
        kind = {"is:retweet": "share", "is:reply": "reply", "is:quote": "quote"}[term]
        return lambda post: post.kind == kind
    if term.startswith("from:"):
        return lambda post: post.author.handle.lower() == term[5:]
    if term.startswith("lang:"):
        return lambda post: post.lang == term[5:]
    if term.startswith("#"):
        return lambda post: term[1:] in {tag.lower() for tag in post.tags}
    if term.startswith("@"):
        return lambda post: term[1:] in {name.lower() for name in post.mentions}
    pattern = re.compile(rf"(?<!\w){re.escape(term)}(?!\w)")
    return lambda post: bool(pattern.search(post.text.lower()))


def problem(status: int, title: str, detail: str, type: str) -> Reply:
    """An error in X's words."""
    return Reply.json(
        {"title": title, "detail": detail, "type": type, "status": status}, status=status,
        headers={"Content-Type": "application/problem+json"},
    )  # fmt: skip


def invalid(parameter: str, value: str, message: str) -> Reply:
    """A parameter that X does not take."""
    return Reply.json(
        {
            "errors": [{"parameters": {parameter: [value]}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": f"{PROBLEMS}invalid-request",
        },
        status=400,
    )


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
