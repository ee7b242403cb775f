"""LinkedIn: what our organization posts, and what members comment below it.

What shapes this module:

- There is no search, and nobody else's page can be read: an organization is read by who administers it.
- Posts come newest first by `start` and `count`, so the pages are gathered and handed on oldest first. Which comments
  are new is told by no list; `socialMetadata` counts them below each post, fifty posts to a call. Below a post whose
  count has changed all comments are read again, and the answers below those comments that have any.
- A comment on `urn:li:share:X` comes back with `object: urn:li:activity:Y`, and its own URN is made with the activity.
  So a comment is known by its number alone, and what it hangs below is what was asked for.
- Rest.li puts structure into the query: the brackets of `List(...)` and `(timeRange:(...))` must stand bare, what is in
  them must be encoded. Such a query is written by hand, as part of the path.
- Members' names and profiles may be kept for a day and for no sales use: none are asked for, and none are kept. What
  they wrote goes after two days, and reading it again does not renew that.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from hub.domain import Cursor, Measurement, Reference, Watch
from hub.errors import AccessDenied, ContractBroken, HubError, SetupError
from hub.kit import BearerToken, LookUp, Network, Page, Proofs, Rejected

PAGE_SIZE = 50
VERSION = "202609"  # each month's form lives for at least a year
LOOKED_BELOW = timedelta(days=30)  # younger posts are looked below for new comments
STATISTICS = timedelta(days=7)
URN = "urn:li:"
COUNTED = {
    "impressions": "impressionCount", "reach": "uniqueImpressionsCount", "clicks": "clickCount", "likes": "likeCount",
    "comments": "commentCount", "shares": "shareCount",
}  # fmt: skip
Record = dict[str, Any]


@dataclass(frozen=True)
class VersionedToken(BearerToken):
    """A bearer token, and the month of the API that is spoken: a call without it is refused."""

    def headers(self, session: Any) -> dict[str, str]:
        """The token, the version and Rest.li's own."""
        return super().headers(session) | {"Linkedin-Version": VERSION, "X-Restli-Protocol-Version": "2.0.0"}


class LinkedIn(Network):
    """One organization's page, by the token of somebody who administers it."""

    auth = VersionedToken(secret="access_token")
    look_up_size = 1

    def check(self) -> None:
        """Prove that the token administers some page."""
        self.get("/rest/organizationAcls", q="roleAssignee", role="ADMINISTRATOR", state="APPROVED", count=1)

    def proofs(self) -> Proofs:
        """The page's role, its posts, and its numbers, each by one call."""
        return {"access": self.check, "administers a page": self._administers}

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Posts newer than the cursor, oldest first; then, post by post, the comments below those where any are new."""
        if watch.kind != "profile":
            raise SetupError(f"LinkedIn cannot watch a {watch.kind}; use the profile of your organization.")
        since = int(cursor.position) if cursor.position else _milliseconds(watch.since)
        horizon = min(since, _milliseconds(self.services.clock.now() - LOOKED_BELOW))
        posts = self._posts(self._organization(watch.value), horizon)
        last: list[str] = list(cursor.state.get("last", ()))
        counts: dict[str, int] = dict(cursor.state.get("comments", {}))
        position = cursor.position
        fresh = [post for post in posts if _time(post) >= since and post["id"] not in last]
        for start in range(0, len(fresh), PAGE_SIZE):
            some = fresh[start : start + PAGE_SIZE]
            newest = _time(some[-1])
            last = [post["id"] for post in posts if _time(post) == newest]
            position = str(newest)
            yield Page(some, Cursor(position=position, state={"last": last, "comments": counts}))
        young = {post["id"] for post in posts}
        counts = {urn: count for urn, count in counts.items() if urn in young}
        for post in posts:
            count = _comments_of(post)
            if count != counts.get(post["id"], 0):
                below = self._below(post["id"])
                counts = {**counts, post["id"]: count}
                yield Page(below, Cursor(position=position, state={"last": last, "comments": counts}))

    def reached(self, cursor: Cursor) -> datetime | None:
        """The cursor counts milliseconds."""
        told = cursor.position or ""
        return datetime.fromtimestamp(int(told) / 1000, UTC) if told.isdecimal() and len(told) < 15 else None

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """One post or comment a call; what is not there any more is gone."""
        for reference in references:
            kind, _, number = reference.native_id.partition(":")
            post = _urn((reference.thread or "").partition("thread:")[2])
            if kind == "comment" and not post:
                continue  # below which post it stood is not known, so nobody can be asked
            try:
                if kind == "comment":
                    comment = self.get(f"/rest/socialActions/{_encoded(post)}/comments/{quote(number, safe='')}")
                    yield LookUp(self._comments([comment], post))
                else:
                    found = self.get(f"/rest/posts/{_encoded(_urn(reference.native_id))}")
                    yield LookUp(self.records({"elements": [found]}))
            except Rejected as refused:
                if refused.status != 404:
                    raise
                yield LookUp([], gone={reference.key: "deleted"})

    def measure(self, account: str) -> Iterator[Measurement]:
        """Followers as they stand, and what the last week's days brought."""
        urn = self._organization(account)
        sizes = f"/rest/networkSizes/{_encoded(urn)}"
        yield from self.measurements(sizes, self.get(sizes, edgeType="COMPANY_FOLLOWED_BY_MEMBER"))
        end = self.services.clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        days = f"(timeRange:(start:{_milliseconds(end - STATISTICS)},end:{_milliseconds(end)}),timeGranularityType:DAY)"
        path = "/rest/organizationalEntityShareStatistics"
        asked = f"{path}?q=organizationalEntity&organizationalEntity={_encoded(urn)}&timeIntervals={days}"
        yield from self.measurements(path, self.get(asked))

    def measurements(self, path: str, body: Any) -> Iterator[Measurement]:
        """A number of followers, or statistics by the day; a like count may be negative, and is what they say."""
        if not isinstance(body, dict):
            raise ContractBroken("LinkedIn gave no numbers where they were due.")
        if "firstDegreeSize" in body:
            yield self._number(path.rpartition("/")[2], "followers", body["firstDegreeSize"])
            return
        for element in _elements(body):
            counted = element.get("totalShareStatistics")
            if not isinstance(counted, dict):
                raise ContractBroken("LinkedIn gave statistics without any numbers.")
            end = (element.get("timeRange") or {}).get("end")
            for name, theirs in COUNTED.items():
                if theirs in counted:
                    yield self._number(element.get("organizationalEntity"), name, counted[theirs], end=end)

    def trouble(self, status: int, body: Any) -> HubError | None:
        """A version that has died, and a role that is missing."""
        code = body.get("code") if isinstance(body, dict) else None
        if code in ("VERSION_MISSING", "NONEXISTENT_VERSION"):
            return SetupError(f"LinkedIn does not speak version {VERSION} any more; update the hub.")
        if status == 403:
            needs = f"{self.connection.id} needs an administrator's token with its scopes"
            return AccessDenied(f"LinkedIn refused this page (403); {needs}.")
        return None

    def records(self, body: Any) -> list[Record]:
        """Posts or comments, as they are listed."""
        found = _elements(body)
        if not all(isinstance(each.get("id"), (str, int)) for each in found):
            raise ContractBroken("LinkedIn gave a list in which not everything has an id.")
        return [each if _is_post(each) else self._comment(each, None) for each in found]

    def _administers(self) -> str:
        body = self.get("/rest/organizationAcls", q="roleAssignee", role="ADMINISTRATOR", state="APPROVED", count=10)
        pages = [each.get("organization") for each in _elements(body)]
        if not pages:
            raise AccessDenied(
                f"The account of {self.connection.id} administers no page; use an administrator's token."
            )
        return f"{len(pages)}"

    def _organization(self, named: str) -> str:
        """The URN of an organization that is named by URN, number or the name in its address."""
        name = named.removeprefix(URN).removeprefix("organization:").strip("/").rpartition("/")[2]
        if name.isdigit():
            return f"{URN}organization:{name}"
        found = self.remember(
            "/rest/organizations", q="vanityName", vanityName=name, lasts=lambda body: bool(_elements(body))
        )
        if not (pages := _elements(found)):
            raise SetupError(f"LinkedIn knows no organization {named!r}; correct the watch.")
        return f"{URN}organization:{pages[0]['id']}"

    def _posts(self, organization: str, horizon: int) -> list[Record]:
        """Posts since then, oldest first, each with its counts."""
        found: list[Record] = []
        start, seen = 0, set[str]()
        while True:
            asked = {"q": "author", "author": organization, "count": PAGE_SIZE, "start": start, "sortBy": "CREATED"}
            page = self.records(self.get("/rest/posts", **asked))
            _require_news((post["id"] for post in page), seen)
            young = [post for post in page if _time(post) >= horizon]
            found += self._with_counts(young)
            if len(page) < PAGE_SIZE or len(young) < len(page):
                break
            start += PAGE_SIZE
        return sorted(found, key=lambda post: (_time(post), post["id"]))

    def _with_counts(self, posts: Sequence[Record]) -> list[Record]:
        if not posts:
            return []
        urns = ",".join(_encoded(post["id"]) for post in posts)
        body = self.get(f"/rest/socialMetadata?ids=List({urns})")
        counted = body.get("results") if isinstance(body, dict) else None
        if not isinstance(counted, dict):
            raise ContractBroken("LinkedIn gave no counts of posts where they were due.")
        return [{**post, "social": counted.get(post["id"])} for post in posts]

    def _below(self, urn: str) -> list[Record]:
        """All comments below a post, and the answers below these."""
        found = self._comments(self._listed(urn), urn)
        for comment in list(found):
            if (comment.get("commentsSummary") or {}).get("aggregatedTotalComments"):
                found += self._comments(self._listed(str(comment.get("commentUrn") or comment.get("$URN"))), urn)
        return found

    def _listed(self, urn: str) -> list[Record]:
        found: list[Record] = []
        seen: set[str] = set()
        while True:
            path = f"/rest/socialActions/{_encoded(urn)}/comments"
            page = _elements(self.get(path, count=PAGE_SIZE, start=len(found)))
            _require_news((str(comment.get("id")) for comment in page), seen)
            found += page
            if len(page) < PAGE_SIZE:
                return found

    def _comments(self, listed: Sequence[Record], post: str) -> list[Record]:
        if not all(isinstance(each, dict) and each.get("id") for each in listed):
            raise ContractBroken("LinkedIn gave comments in which not every one has an id.")
        return [self._comment(each, post) for each in listed]

    @staticmethod
    def _comment(comment: Record, post: str | None) -> Record:
        """The comment with what it hangs below, in the names that posts are known by."""
        below = post or str(comment.get("object") or "")
        answered = str(comment.get("parentComment") or "").rstrip(")").rpartition(",")[2]
        own = {"comment": str(comment["id"]), "post": below.removeprefix(URN), "answers": answered or None}
        return {**comment, **own}

    def _number(self, account: Any, name: str, value: Any, *, end: Any = None) -> Measurement:
        if not isinstance(account, str) or not isinstance(value, (int, float)):
            raise ContractBroken("LinkedIn gave a number of nobody, or no number.")
        at = datetime.fromtimestamp(end / 1000, UTC) if isinstance(end, int) else self.services.clock.now()
        return Measurement(
            network="linkedin", account=account.replace("%3A", ":").removeprefix(URN), name=name, value=float(value),
            at=at, period="day" if isinstance(end, int) else "moment",
        )  # fmt: skip


def _require_news(ids: Iterable[str], seen: set[str]) -> None:
    """A page by number may repeat some of the last one, where something came on top; never all of it."""
    found = set(ids)
    if found and found <= seen:
        raise ContractBroken("LinkedIn leads its pages in a circle.")
    seen |= found


def _elements(body: Any) -> list[Record]:
    found = body.get("elements") if isinstance(body, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ContractBroken("LinkedIn gave something else where a list was due.")
    return found


def _is_post(record: Record) -> bool:
    return isinstance(record["id"], str) and record["id"].startswith(URN)


def _comments_of(post: Record) -> int:
    summary = (post.get("social") or {}).get("commentSummary") or {}
    return int(summary.get("count") or 0)


def _time(post: Record) -> int:
    """When a post was published, in milliseconds; what says no time is no post."""
    moment = post.get("publishedAt") or post.get("createdAt")
    if not isinstance(moment, int):
        raise ContractBroken("LinkedIn gave a post without a time.")
    return moment


def _milliseconds(moment: datetime | None) -> int:
    return int(moment.timestamp() * 1000) if moment else 0


def _urn(native_id: str) -> str:
    return f"{URN}{native_id}" if native_id else ""


def _encoded(urn: str) -> str:
    return quote(urn, safe="")
