"""Reddit: posts and comments by word, community or account, and what is answered to ours.

What shapes this module:

- Listings start at the newest and lead back by `after`; `before` gives nothing at all once the thing that it names is
  gone. A listing is about a thousand things deep, however many there are.
- Search finds posts and no comments. So what is said below the posts that were found is read where their number of
  comments has changed.
- A comment tree leaves branches out and names their ids; a hundred of them can be asked for at a time.
- What is deleted or removed stays listed, with `[deleted]` or `[removed]` in the place of its words or author.
- A community that is not there redirects to a search, and one that is closed says why in `reason`.
- `raw_json=1`, or texts come with their entities escaped. Numbers of the rate limit are floats.
- A client must name its platform, app, version and account in its User-Agent, or it is throttled.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from connectors.reddit.grants import FOR_ACCOUNT, EitherGrant
from connectors.reddit.things import created, hidden_in, loss_of, name_of, next_of, things_in
from hub.domain import Cursor, Measurement, Reference, Watch
from hub.errors import AccessDenied, ContractBroken, HubError, SetupError
from hub.kit import Backward, LookUp, Network, Page, Proofs, Record, Rejected, ResetAt, Threads, seconds_left

PAGE_SIZE = 100  # the most that a listing gives at once
TREE_SIZE = 500
BRANCHES = 5  # further calls for branches that a tree leaves out, a hundred comments each
GROWING = timedelta(days=2)  # posts that were found are looked at for new comments so long
FEW = {"limit": 1}
CLOSED = ("private", "quarantined", "gold_only", "gated")


class Reddit(Network):
    """The Data API, for an application or for an account."""

    auth = EitherGrant()
    wait = ResetAt(header="x-ratelimit-reset", read=seconds_left)
    look_up_size = 100

    @property
    def user_agent(self) -> str:
        """Platform, application, version and account."""
        return f"python:social-intelligence-hub:0.1 (by /u/{self.secret('username').removeprefix('u/')})"

    @property
    def for_account(self) -> bool:
        """Whether an account has agreed that we act for it."""
        return self.auth.chosen(self._session()) is FOR_ACCOUNT

    def check(self) -> None:
        """Prove that the grant works and may read."""
        if self.for_account:
            self.get("/api/v1/me", raw_json=1)
        else:
            self.get("/r/popular/new", raw_json=1, **FEW)

    def proofs(self) -> Proofs:
        """Access; that Reddit has approved our reading; with an account its inbox."""
        proofs: Proofs = {"access": self.check, "approval": lambda: self.get("/search", q="reddit", raw_json=1, **FEW)}
        if self.for_account:
            proofs["inbox"] = lambda: self.get("/message/inbox", raw_json=1, **FEW)
        return proofs

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield what is new in each listing of the watch, its newest page first."""
        match watch.kind:
            case "keyword":
                yield from self._found(watch, cursor)
            case "community" | "profile" | "mention":
                yield from self._listed(_listings(watch), watch, cursor)
            case _:
                raise SetupError(f"Reddit cannot watch a {watch.kind}; use a keyword, community, mention or profile.")

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """Up to a hundred things; what is not listed, or listed without its words or author, is gone."""
        asked = {each.native_id: each.key for each in references}
        found = self.records(self.get("/api/info", id=",".join(asked), raw_json=1))
        losses = {name_of(thing): loss_of(thing) for thing in found}
        there = [thing for thing in found if losses[name_of(thing)] is None]
        gone = {key: losses.get(name) or "deleted" for name, key in asked.items() if losses.get(name, "deleted")}
        yield LookUp(records=there, gone=gone)

    def measure(self, account: str) -> Iterator[Measurement]:
        """Karma and followers of an account, subscribers of a community of ours, which is written r/name."""
        kind, _, name = account.strip("/").rpartition("/")
        path = f"/{'r' if kind == 'r' else 'user'}/{quote(name, safe='')}/about"
        yield from self.measurements(path, self.get(path, raw_json=1))

    def measurements(self, path: str, body: Any) -> Iterator[Measurement]:
        """The counts that an account or a community carries."""
        data = body.get("data", body) if isinstance(body, dict) else None
        if not isinstance(data, dict) or not isinstance(data.get("name"), str):
            raise ContractBroken("Reddit gave an account without a name.")
        profile = data.get("subreddit")
        account = data["name"] if data["name"].startswith("t5_") else f"t2_{data.get('id', data['name'])}"
        counts = {
            "followers": (profile if isinstance(profile, dict) else data).get("subscribers"),
            "karma": data.get("total_karma", _sum(data.get("link_karma"), data.get("comment_karma"))),
            "active": data.get("active_user_count", data.get("accounts_active")),
        }
        now = self.services.clock.now()
        for name, value in counts.items():
            if isinstance(value, int):
                yield Measurement(network="reddit", account=account, name=name, value=value, at=now)

    def records(self, body: Any) -> list[Record]:
        """Posts, comments and messages, whatever listing or tree they stand in."""
        return things_in(body)

    def trouble(self, status: int, body: Any) -> HubError | None:
        """Why a community is closed; a plain refusal is a question of approval."""
        told = body if isinstance(body, dict) else {}
        reason = told.get("reason")
        if status in (301, 302):
            return SetupError("Reddit knows no such community, and offers a search in its place; correct the watch.")
        if reason == "banned":
            return SetupError("Reddit has banned this community; remove the watch.")
        if reason in CLOSED:
            return SetupError(
                f"Reddit shows this community to its members only ({reason}); join it, or remove the watch."
            )
        if reason == "USER_REQUIRED":
            return AccessDenied(
                f"Reddit shows this to an account only; put its refresh_token into {self.connection.id}."
            )
        if status == 451:
            return AccessDenied("Reddit may not show this here for legal reasons (451); remove the watch.")
        if status == 403:
            return AccessDenied(
                f"Reddit refused us (403): either it has not approved the application of {self.connection.id}, which "
                "takes a request under its Responsible Builder Policy, or a scope is missing."
            )
        return None

    def _found(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Posts by their words, and what is said below those that grow."""
        way = _way()
        mark, below = cursor.state.get("new", {}), cursor.state.get("below", {})
        params = {"q": watch.value, "sort": "new", "type": "link"}
        steps = way.steps(
            lambda token: self._page("/search", token, **params), mark, since=watch.since, now=self.services.clock.now()
        )
        threads = Threads(way=way, count=_comments, read=self._below)
        oldest = self.services.clock.now() - GROWING
        for records, place, kept in threads.pages(steps, below, oldest=oldest):
            yield Page(records=records, cursor=Cursor(state={"new": place, "below": kept}))

    def _below(self, post: Record, mark: dict[str, Any]) -> Iterator[tuple[list[Record], dict[str, Any]]]:
        """What is new in the tree of a post, in one page."""
        for step in _way().steps(lambda token: (self._tree(post), None), mark, now=self.services.clock.now()):
            yield step.new, step.done

    def _tree(self, post: Record) -> list[Record]:
        """The comments of a post, newest first, with branches that the first answer leaves out."""
        body = self.get(f"/comments/{post['id']}", sort="new", limit=TREE_SIZE, raw_json=1)
        comments = [thing for thing in self.records(body) if name_of(thing).startswith("t1_")]
        hidden = hidden_in(body)
        for start in range(0, min(len(hidden), BRANCHES * 100), 100):
            ids = ",".join(hidden[start : start + 100])
            more = self.get("/api/morechildren", api_type="json", link_id=name_of(post), children=ids, raw_json=1)
            comments += self.records(more)
        return sorted(comments, key=lambda thing: float(thing.get("created_utc") or 0), reverse=True)

    def _listed(self, paths: dict[str, str], watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """One listing after the other, each with its own mark."""
        marks = dict(cursor.state)
        for name, path in paths.items():
            try:
                for step in _way().steps(
                    self._asking(path), marks.get(name, {}), since=watch.since, now=self.services.clock.now()
                ):
                    marks = marks | {name: step.done}
                    yield Page(records=step.new, cursor=Cursor(state=marks))
            except Rejected as refused:
                if refused.status != 404:
                    raise
                raise SetupError(f"Reddit knows no {watch.kind} {watch.value!r}; correct the watch.") from None

    def _asking(self, path: str) -> Any:
        return lambda token: self._page(path, token)

    def _page(self, path: str, token: str | None, **params: Any) -> tuple[list[Record], str | None]:
        body = self.get(path, **params, limit=PAGE_SIZE, raw_json=1, after=token)
        return self.records(body), next_of(body)


def _way() -> Backward:
    return Backward(title="Reddit", at=created, id=name_of)


def _listings(watch: Watch) -> dict[str, str]:
    """The listings that a watch reads, by the name under which their marks are kept."""
    name = watch.value.strip().lstrip("/")
    for prefix in ("r/", "u/", "user/", "@"):
        name = name.removeprefix(prefix)
    name = name.rstrip("/")
    if watch.kind == "mention":
        return {"inbox": "/message/inbox"}
    if not name or not name.replace("_", "").replace("-", "").isalnum():
        raise SetupError(f"{watch.value!r} names no {watch.kind} on Reddit; write it like r/espresso or u/acme.")
    if watch.kind == "profile":
        return {"overview": f"/user/{name}/overview"}
    return {"new": f"/r/{name}/new", "comments": f"/r/{name}/comments"}


def _comments(post: Record) -> int:
    count = post.get("num_comments")
    return count if isinstance(count, int) else 0


def _sum(*counts: Any) -> int | None:
    return sum(counts) if all(isinstance(each, int) for each in counts) else None
