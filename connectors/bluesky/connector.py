"""Bluesky: public posts by word, hashtag or author, and what is said to one of our accounts.

What shapes this module:

- Without an account everything is asked of the public server, with one of the account's own server. The public one
  refuses a search's `cursor` (403), and now and then all searches of strangers. So a search is paged by time: `since`
  is inclusive and `until` is not, windows between them fit without a gap, and a page ends the next window.
- A search is sorted by the earlier of `createdAt`, which is the author's word, and `indexedAt`. No post that is still
  to come can be later than the least `createdAt` of a page; so that is where the next window ends. Only where all of a
  page bears one time, or where a page is empty, is the opaque `cursor` of use.
- Feeds and notifications know no window: they start at the newest, and lead back by a cursor. They are read down to
  what the last run had seen, and what came since this one began is left to the next.
- A post can be found a little after it was written. So a window ends half a minute ago; the nightly sweep finds what
  comes later still.
- Notifications miss replies: those deep in a thread, and those of accounts or threads that are muted. So the threads
  of our own newer posts are read as well.
- A post's id is its address, `at://did/app.bsky.feed.post/rkey`: accounts keep their DID and change their handles.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from connectors.bluesky.posts import POST, listed, posts_of, root_of, seen_at, sorted_at, written_at
from connectors.bluesky.session import AppPassword
from hub.domain import Cursor, Measurement, Reference, Watch
from hub.errors import AccessDenied, ContractBroken, HubError, SetupError, Unavailable
from hub.kit import (
    LookUp,
    Network,
    Page,
    Proofs,
    Record,
    Rejected,
    ResetAt,
    Span,
    epoch_seconds,
    moment_of,
    written,
)

PAGE_SIZE = 100  # the most that one page holds
TICK = timedelta(milliseconds=1)
THREADS_OF = timedelta(days=2)  # threads of own posts that are not older are read
THREADS = 20  # the newest of these
DEPTH = 20
OWN_SERVER = "https://bsky.social"
VENDOR = "bsky.app"  # an account that is always there
COUNTED = {"followers": "followersCount", "following": "followsCount", "posts": "postsCount"}
MENTIONED = ("mention", "reply", "quote")
When = Callable[[Record], datetime | None]


class Bluesky(Network):
    """The network as strangers see it, or as one account does."""

    auth = AppPassword(handle="handle", password="app_password")
    look_up_size = 25
    wait = ResetAt(header="RateLimit-Reset", read=epoch_seconds)

    @cached_property
    def signed_in(self) -> bool:
        """Whether there is an account to ask with."""
        return self.auth.given(self._session())

    @cached_property
    def base_url(self) -> str:
        """An account is asked for at its own server."""
        host = self.connection.host or (OWN_SERVER if self.signed_in else self.manifest.base_url or "")
        return (host if "://" in host else f"https://{host}").rstrip("/")

    def check(self) -> None:
        """Prove that the session works, or that strangers are answered."""
        if self.signed_in:
            self.get("/xrpc/com.atproto.server.getSession")
        else:
            self.get("/xrpc/app.bsky.actor.getProfile", actor=VENDOR)

    def proofs(self) -> Proofs:
        """Access; the search, which strangers are refused now and then; with an account its notifications."""
        search, notifications = "/xrpc/app.bsky.feed.searchPosts", "/xrpc/app.bsky.notification.listNotifications"
        proofs: Proofs = {"access": self.check, "search": lambda: self.get(search, q="bluesky", limit=1)}
        if self.signed_in:
            proofs["mentions"] = lambda: self.get(notifications, limit=1)
        return proofs

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield what was seen since the cursor, newest page first; the cursor moves on when all pages have come."""
        span = Span.of(watch, cursor, self.services.clock.now())
        match watch.kind:
            case "keyword" | "hashtag":
                pages = self._search(watch, span, cursor)
            case "profile":
                pages = self._feed(self._did(watch.value), span, cursor)
            case "mention":
                self._need_account()
                pages = self._mentions(self._did(watch.value), span, cursor)
            case _:
                raise SetupError(f"Bluesky cannot watch a {watch.kind}; use a keyword, hashtag, profile or mention.")
        if not span.empty:
            yield from pages

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """Up to 25 posts; what is not among the answer was deleted or taken down. Reposts cannot be asked for."""
        asked = {each.native_id: each.key for each in references if f"/{POST}/" in each.native_id}
        if not asked:
            return
        found = self.records(self.get("/xrpc/app.bsky.feed.getPosts", uris=list(asked)))
        there = {post.get("uri") for post in found}
        yield LookUp(records=found, gone={key: "deleted" for uri, key in asked.items() if uri not in there})

    def measure(self, account: str) -> Iterator[Measurement]:
        """Followers, followed and posts of one account."""
        path = "/xrpc/app.bsky.actor.getProfile"
        yield from self.measurements(path, self.get(path, actor=account.removeprefix("@")))

    def measurements(self, path: str, body: Any) -> Iterator[Measurement]:
        """The counts that a profile carries."""
        if not isinstance(body, dict) or not isinstance(body.get("did"), str):
            raise ContractBroken("Bluesky gave a profile without a DID.")
        for name, count in COUNTED.items():
            if isinstance(value := body.get(count), int):
                at = self.services.clock.now()
                yield Measurement(network="bluesky", account=body["did"], name=name, value=value, at=at)

    def records(self, body: Any) -> list[Record]:
        """The posts of an answer, each with who was asking: some people show theirs only to those who are signed in."""
        return [{**post, "signed_in": self.signed_in} for post in posts_of(listed(body))]

    def trouble(self, status: int, body: Any) -> HubError | None:
        """Names in the body say more than 400 does; a stranger who is refused is told what an account would change."""
        name = body.get("error") if isinstance(body, dict) else None
        if name == "ExpiredToken" and self.signed_in:
            self.auth.renew(self._session(), self.auth.headers(self._session()))
            return Unavailable("The session with Bluesky has ended; a new one is begun.", retry_after=0.0)
        if name in ("AccountTakedown", "AccountDeactivated", "AccountSuspended"):
            return AccessDenied(f"Bluesky has closed the account of {self.connection.id} ({name}); use another one.")
        if name in ("BlockedActor", "BlockedByActor"):
            return SetupError("Bluesky shows nothing of an account that is blocked; unblock it or remove the watch.")
        if status in (401, 403) and not self.signed_in:
            return AccessDenied(
                f"Bluesky refuses strangers here ({status}); put a handle and an app password, no other token, into "
                f"{self.connection.id}."
            )
        return None

    def _search(self, watch: Watch, span: Span, cursor: Cursor) -> Iterator[Page]:
        """One window after the other, each ending where the last page did."""
        until, token = moment_of(cursor.state.get("until")) or span.end, cursor.state.get("token")
        tied = set(cursor.state.get("tied", ()))
        question = {**_query(watch), "sort": "latest", "since": written(span.start), "limit": PAGE_SIZE}
        asked = {token or ""}  # within one window
        while True:
            body = self.get("/xrpc/app.bsky.feed.searchPosts", **question, until=written(until), cursor=token)
            posts = self.records(body)
            fresh = [post for post in posts if post.get("uri") not in tied]
            following = _following(body, asked)
            if following is None:
                yield Page(records=fresh, cursor=span.after(self.http.ahead))
                return
            least = min((moment for post in posts if (moment := written_at(post))), default=until)
            here = {str(post.get("uri")) for post in posts if (sorted_at(post) or least) < least + TICK}
            if (earlier := _whole(least + TICK)) < until:
                tied = (tied if token else set()) | here  # a page behind a cursor does not begin at the window's end
                until, token = earlier, None
                asked.clear()
            else:
                tied |= {str(post.get("uri")) for post in posts}
                token = following
            yield Page(
                records=fresh, cursor=span.amid(self.http.ahead, until=written(until), tied=sorted(tied), token=token)
            )

    def _feed(self, account: str, span: Span, cursor: Cursor) -> Iterator[Page]:
        """What the account posts and reposts."""
        path, params = "/xrpc/app.bsky.feed.getAuthorFeed", {"actor": account}
        for records, token in self._backwards(path, params, span, cursor.state.get("token"), sorted_at):
            yield Page(
                records=records,
                cursor=span.amid(self.http.ahead, token=token) if token else span.after(self.http.ahead),
            )

    def _mentions(self, account: str, span: Span, cursor: Cursor) -> Iterator[Page]:
        """What the account is notified of, then what else stands in the threads of its own newer posts."""
        told, done = set(cursor.state.get("told", ())), list(cursor.state.get("done", ()))
        if cursor.state.get("stage") != "threads":
            path, params = "/xrpc/app.bsky.notification.listNotifications", {"reasons": list(MENTIONED)}
            for records, token in self._backwards(path, params, span, cursor.state.get("token"), seen_at):
                told |= {str(post.get("uri")) for post in records if root_of(post).startswith(f"at://{account}/")}
                stage = None if token else "threads"
                yield Page(
                    records=records, cursor=span.amid(self.http.ahead, told=sorted(told), token=token, stage=stage)
                )
        for uri in self._threads(account, span.end):
            if uri in done:
                continue
            known = {uri, *told}
            replies = [each for each in self._thread(uri) if span.has(seen_at(each)) and each.get("uri") not in known]
            done.append(uri)
            yield Page(
                records=replies, cursor=span.amid(self.http.ahead, told=sorted(told), done=done, stage="threads")
            )
        yield Page(records=[], cursor=span.after(self.http.ahead))

    def _backwards(
        self, path: str, params: dict[str, Any], span: Span, token: str | None, listed: When
    ) -> Iterator[tuple[list[Record], str | None]]:
        """What pages hold of the span, from the newest on, and how to go on; None after one that ends before it."""
        asked = {token or ""}
        while True:
            body = self.get(path, **params, limit=PAGE_SIZE, cursor=token)
            found = self.records(body)
            following = _following(body, asked)
            times = [moment for post in found if (moment := listed(post))]
            token = following if not times or times[-1] >= span.start else None
            yield [post for post in found if span.has(seen_at(post))], token
            if token is None:
                return

    def _threads(self, account: str, end: datetime) -> list[str]:
        """The account's own newer posts that were answered and begin a thread."""
        body = self.get("/xrpc/app.bsky.feed.getAuthorFeed", actor=account, filter="posts_no_replies", limit=PAGE_SIZE)
        found = [post for post in self.records(body) if "reason" not in post and post.get("replyCount")]
        return [str(post["uri"]) for post in found if (seen_at(post) or end) >= end - THREADS_OF][:THREADS]

    def _thread(self, uri: str) -> list[Record]:
        try:
            return self.records(self.get("/xrpc/app.bsky.feed.getPostThread", uri=uri, depth=DEPTH, parentHeight=0))
        except Rejected as refused:
            if refused.status not in (400, 404):
                raise
            return []  # it was deleted after the feed had named it

    def _did(self, account: str) -> str:
        """The id behind a handle, asked once and then kept."""
        handle = account.removeprefix("@").strip()
        if handle.startswith("did:"):
            return handle
        if "." not in handle:
            raise SetupError(f"{account!r} is no handle on Bluesky; write all of it, like @acme.bsky.social.")
        try:
            answer = self.remember("/xrpc/com.atproto.identity.resolveHandle", lasts=_has_did, handle=handle)
        except Rejected:
            raise SetupError(f"Bluesky knows no account {account!r}; correct the watch.") from None
        if not _has_did(answer):
            raise ContractBroken("Bluesky gave an account without a DID.")
        return str(answer["did"])

    def _need_account(self) -> None:
        if not self.signed_in:
            raise SetupError(
                "Bluesky tells of mentions only to the account itself; put its handle and an app password into "
                f"{self.connection.id}."
            )


def _query(watch: Watch) -> dict[str, Any]:
    """What to search for. A hashtag is found by the post's own marks, whatever words stand beside it."""
    if watch.kind == "keyword":
        return {"q": watch.value}
    tag = watch.value.removeprefix("#")
    if not tag:
        raise SetupError("A watch on a Bluesky hashtag must name the hashtag; correct the watch.")
    return {"q": f"#{tag}", "tag": [tag]}


def _has_did(answer: Any) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("did"), str)


def _following(body: Any, asked: set[str]) -> str | None:
    """The cursor of the next page, if an answer names one; it counts as asked from now on."""
    following = body.get("cursor") if isinstance(body, dict) else None
    if not following:
        return None
    if str(following) in asked:
        raise ContractBroken("Bluesky leads its pages in a circle.")
    asked.add(str(following))
    return str(following)


def _whole(moment: datetime) -> datetime:
    """A moment as far as the API writes it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
