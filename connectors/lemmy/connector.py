"""Lemmy: posts and comments of communities, or by word, as one server of the fediverse shows them.

What shapes this module:

- Posts and comments are numbered apart, and by each server in its own way: its host is the scope of all ids, and a
  letter before the number tells the two.
- Lists start at the newest. Those of posts lead on by `next_page`, the others by a page's number; what moves to a later
  page meanwhile is known by its id.
- What a comment answers is the last but one number of its `path`; 0 stands for the post.
- Who asks too often is told `rate_limit_error`, with a status that depends on the version.
- What was deleted or removed may still be listed, and says so.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from hub.domain import Cursor, Measurement, Reference, Watch
from hub.errors import ContractBroken, HubError, RateLimited, SetupError
from hub.kit import Backward, LookUp, Network, Page, Record, Rejected, moment_of

PAGE_SIZE = 50  # the most that a list gives at once
KINDS = {"post": "p", "comment": "c"}
COUNTED = {"followers": "subscribers", "posts": "posts", "comments": "comments", "active": "users_active_month"}
WAIT_SECONDS = 60.0
Pages = dict[str, tuple[str, dict[str, Any]]]


class Lemmy(Network):
    """One server, read as a stranger."""

    look_up_size = 1

    def check(self) -> None:
        """Prove that the server answers."""
        self.get("/api/v3/site")

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield what is new among posts, then among comments, newest page first."""
        marks = dict(cursor.state)
        way = Backward(title="Lemmy", at=_published, id=_id_of)
        for name, (path, params) in _lists(watch).items():
            try:
                for step in way.steps(
                    self._asking(path, params), marks.get(name, {}), since=watch.since, now=self.services.clock.now()
                ):
                    marks = marks | {name: step.done}
                    yield Page(records=step.new, cursor=Cursor(state=marks))
            except Rejected as refused:
                raise SetupError(
                    f"Lemmy knows nothing of {watch.value!r} ({refused.status}); correct the watch."
                ) from None

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """One post or comment a call; what is not shown, or is marked as gone, is gone."""
        for reference in references:
            kind = next((name for name, letter in KINDS.items() if reference.native_id.startswith(letter)), "post")
            try:
                found = self.records(self.get(f"/api/v3/{kind}", id=reference.native_id[1:]))
            except Rejected:
                found = []
            there = [each for each in found if not (each[kind].get("deleted") or each[kind].get("removed"))]
            removed = any(each[kind].get("removed") for each in found)
            gone = {} if there else {reference.key: "removed" if removed else "deleted"}
            yield LookUp(records=there, gone=gone)

    def measure(self, account: str) -> Iterator[Measurement]:
        """Subscribers, posts, comments and readers of one of our communities."""
        path = "/api/v3/community"
        yield from self.measurements(path, self.get(path, name=account.removeprefix("!")))

    def measurements(self, path: str, body: Any) -> Iterator[Measurement]:
        """The counts that a community carries."""
        view = body.get("community_view") if isinstance(body, dict) else None
        counts = view.get("counts") if isinstance(view, dict) else None
        if not isinstance(counts, dict) or not isinstance(counts.get("community_id"), int):
            raise ContractBroken("Lemmy gave something else where a community's counts were due.")
        for name, count in COUNTED.items():
            if isinstance(value := counts.get(count), int):
                at, account = self.services.clock.now(), str(counts["community_id"])
                yield Measurement(network="lemmy", account=account, name=name, value=value, at=at)

    def records(self, body: Any) -> list[Record]:
        """Posts and comments of a list, of a search, or alone, each with its server."""
        whole = body if isinstance(body, dict) else {}
        views = [each for name in ("posts", "comments") for each in whole.get(name) or ()]
        views += [whole[name] for name in ("post_view", "comment_view") if name in whole]
        if not (set(whole) & {"posts", "comments", "post_view", "comment_view"}) or not all(map(_is_view, views)):
            raise ContractBroken("Lemmy gave something else where posts and comments were due.")
        return [{**view, "server": urlsplit(self.base_url).hostname} for view in views]

    def trouble(self, status: int, body: Any) -> HubError | None:
        """A limit is told by its name."""
        if isinstance(body, dict) and body.get("error") == "rate_limit_error":
            return RateLimited("Lemmy asked us to wait.", retry_after=WAIT_SECONDS)
        return None

    def _asking(self, path: str, params: dict[str, Any]) -> Any:
        by_cursor = path.endswith("post/list")

        def ask(token: str | None) -> tuple[list[Record], str | None]:
            place = {"page_cursor" if by_cursor else "page": token} if token else {}
            body = self.get(path, **params, sort="New", limit=PAGE_SIZE, **place)
            found = self.records(body)
            if by_cursor:
                following = body.get("next_page")
                return found, str(following) if following and found else None
            return found, str(int(token or 1) + 1) if len(found) >= PAGE_SIZE else None

        return ask


def _lists(watch: Watch) -> Pages:
    """What a watch reads, by the names under which its marks are kept."""
    value = watch.value.strip()
    match watch.kind:
        case "community" if name := value.removeprefix("!").removeprefix("c/"):
            of = {"community_name": name}
            return {"posts": ("/api/v3/post/list", of), "comments": ("/api/v3/comment/list", of)}
        case "keyword" if value:
            asked = {"q": value, "listing_type": "All"}
            kinds = {"posts": "Posts", "comments": "Comments"}
            return {name: ("/api/v3/search", {**asked, "type_": kind}) for name, kind in kinds.items()}
        case "community" | "keyword":
            raise SetupError(f"A watch on Lemmy must name its {watch.kind}; correct the watch.")
    raise SetupError(f"Lemmy cannot watch a {watch.kind}; use a community or a keyword.")


def _is_view(view: Any) -> bool:
    return isinstance(view, dict) and isinstance(view.get(_kind_of(view)), dict) and "creator" in view


def _kind_of(view: Record) -> str:
    return "comment" if "comment" in view else "post"


def _id_of(view: Record) -> str:
    kind = _kind_of(view)
    return f"{KINDS[kind]}{view[kind].get('id')}"


def _published(view: Record) -> datetime | None:
    return moment_of(view[_kind_of(view)].get("published"))
