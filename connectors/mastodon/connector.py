"""Mastodon: public statuses, threads and mentions, read from one server.

What shapes this module:

- Status ids grow with time, so the newest id seen is the cursor, and a date can be turned into one. How depends on
  the server: `ids.py`. Where it cannot be told, a first read brings the newest page.
- `min_id` reads forwards, the oldest page first, so every page is a safe place to stop. `since_id` starts at the
  newest page: a run that died half way would keep a cursor that skips the older pages.
- An id is unique on the server that was asked, also of a status written elsewhere, and `in_reply_to_id` is of the
  same kind. So that server, added to each record, is the scope of all keys; the `uri` would break threads.
- A remote status is numbered by when it was written, not by when it reached our server. Late ones lie behind the
  cursor; the nightly sweep finds them.
- Most servers show hashtags, profiles and threads to everybody: only mentions need a token.
- Newer servers give twenty statuses by name in one call and say nothing of those that are gone; others know no such
  call. So whatever was not given is asked for by itself before it counts as deleted.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from connectors.mastodon.ids import first_id_like, newest_of, seems_ahead
from hub.domain import Cursor, Measurement, Reference, Watch
from hub.errors import AccessDenied, ContractBroken, HubError, SetupError
from hub.kit import SPOILT, BearerToken, LinkHeader, LookUp, Network, Page, Proofs, Rejected, ResetAt, iso8601

PAGE_SIZE = 40  # the most that a timeline returns
COUNTED = {"followers": "followers_count", "following": "following_count", "posts": "statuses_count"}
TOGETHER = 20  # the most statuses that one call by name may ask for
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
ASK_AGAIN_SECONDS = 7 * 86_400.0
NO_SUCH_CALL = (404, 405, 410, 422)


class Mastodon(Network):
    """One server of the fediverse, with one account's token or as a stranger."""

    auth = BearerToken(secret="access_token", optional=True)
    look_up_size = TOGETHER
    pages = LinkHeader(rel="prev")  # on Mastodon, "prev" is the next newer page
    wait = ResetAt(header="X-RateLimit-Reset", read=iso8601)

    def check(self) -> None:
        """Prove that the token works and may read; a stranger proves that the server is there."""
        self.get("/api/v1/accounts/verify_credentials" if self._signed_in else "/api/v2/instance")

    def proofs(self) -> Proofs:
        """A token may lack a scope that only the call itself tells of."""
        found: Proofs = {
            "access": self.check,
            "timelines": lambda: self.get("/api/v1/timelines/tag/mastodon", limit=1),
        }
        if self._signed_in:
            found["mentions"] = lambda: self.get("/api/v1/notifications", limit=1)
        return found

    def trouble(self, status: int, body: Any) -> HubError | None:
        """What a server shows only to those who signed in needs a token, not another one."""
        if status in (401, 403, 422) and not self._signed_in:
            server = urlsplit(self.base_url).hostname
            return AccessDenied(f"{server} shows this to its own accounts only; put a token into {self.connection.id}.")
        return None

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield what matches `watch` and is newer than `cursor`, oldest page first."""
        if watch.kind == "thread":
            yield from self._thread(watch, cursor)
            return
        path, params = self._timeline(watch)
        newer_than = cursor.position
        if newer_than is None:
            newest = self.get(path, limit=1, **params)
            self.records(newest)
            if not newest:
                return
            newer_than = first_id_like(newest[0], watch.since or BEGINNING)
            if newer_than is None:  # how it counts cannot be told
                yield self._page(self.get(path, limit=PAGE_SIZE, **params))
                return
        silent = True
        for answer in self.answers(path, {"min_id": newer_than, "limit": PAGE_SIZE, **params}):
            if answer.body != []:
                silent = False
                yield self._page(answer.body)
        if silent and seems_ahead(newer_than, self.services.clock.now()):
            self._refuse_if_ahead(watch, newer_than, path, params)

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """As many in one call as the server gives; what it does not show any more is gone."""
        together = self._together([reference.native_id for reference in references])
        given = {status["id"] for status in together}
        yield LookUp(records=together)
        for reference in references:
            if reference.native_id in given:
                continue
            try:
                status = self.get(f"/api/v1/statuses/{quote(reference.native_id, safe='')}")
            except Rejected as refused:
                if refused.status not in (404, 410):
                    raise
                yield LookUp(records=[], gone={reference.key: "deleted"})
                continue
            yield LookUp(records=self.records(status))

    def measure(self, account: str) -> Iterator[Measurement]:
        """Followers, followed and statuses of one account."""
        path = "/api/v1/accounts/lookup"
        yield from self.measurements(path, self.get(path, acct=account.removeprefix("@")))

    def measurements(self, path: str, body: Any) -> Iterator[Measurement]:
        """The counts that an account carries."""
        if not isinstance(body, dict) or not isinstance(body.get("id"), str):
            raise ContractBroken("Mastodon gave an account without an id.")
        for name, count in COUNTED.items():
            if isinstance(value := body.get(count), int):
                yield Measurement(
                    network="mastodon", account=body["id"], name=name, value=value, at=self.services.clock.now()
                )

    def records(self, body: Any) -> list[dict[str, Any]]:
        """Statuses, alone, in a list, around another, found by a search, or in notifications; each with its server."""
        if isinstance(body, dict):
            around = [body.get(name) for name in ("ancestors", "descendants")]
            if all(isinstance(each, list) for each in around):
                body = [*body["ancestors"], *body["descendants"]]
            else:
                body = body["statuses"] if isinstance(body.get("statuses"), list) else [body]
        server = urlsplit(self.base_url).hostname
        statuses = [status for each in super().records(body) if (status := _status_of(each)) is not None]
        if statuses and not any("content" in status and "account" in status for status in statuses):
            raise ContractBroken("Mastodon gave something else where statuses were due.")
        return [{**status, "server": server} for status in statuses]

    @property
    def _signed_in(self) -> bool:
        try:
            return bool(self.secret("access_token"))
        except SetupError:
            return False

    def _together(self, ids: list[str]) -> list[dict[str, Any]]:
        """Those that the server gives in one call; none where it does not know this call, which is remembered."""
        place = f"mastodon:one_by_one:{self.base_url}"
        if len(ids) == 1 or self.services.memory.get(place):
            return []
        try:
            listed = self.get("/api/v1/statuses", **{"id[]": ids})
        except Rejected as refused:
            if refused.status not in NO_SUCH_CALL:
                raise
            self.services.memory.set(place, True, keep_seconds=ASK_AGAIN_SECONDS)
            return []
        return [status for status in self.records(listed) if status.get("id") in ids]

    def _thread(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Everything above and below one status, in one answer; what is known is passed over."""
        id = watch.value.rstrip("/").rpartition("/")[2]
        context = self.get(f"/api/v1/statuses/{quote(id, safe='')}/context")
        records = self.records(context)
        if not records:
            return
        known = cursor.position or ""
        fresh = [each for each in records if (len(str(each.get("id"))), str(each.get("id"))) > (len(known), known)]
        yield Page(records=fresh, cursor=Cursor(position=newest_of([*ids_of(records), known])))

    def _refuse_if_ahead(self, watch: Watch, newer_than: str, path: str, params: dict[str, Any]) -> None:
        """Behind an id that is still to be given nothing is ever new; only the server knows whether this is one."""
        newest = ids_of(self.get(path, limit=1, **params))
        if newest and newest_of([*newest, newer_than]) == newer_than not in newest:
            raise SetupError(
                f"The cursor of {watch.key} is ahead of everything on {urlsplit(self.base_url).hostname}: it would "
                f"skip posts; run `hub watch rewind mastodon {watch.kind} '{watch.value}'`."
            )

    def _page(self, body: Any) -> Page:
        """What one answer holds; the cursor counts in ids of what was listed, which may be notifications."""
        records = self.records(body)
        return Page(records=records, cursor=Cursor(position=newest_of(ids_of(body))))

    def _timeline(self, watch: Watch) -> tuple[str, dict[str, Any]]:
        match watch.kind:
            case "hashtag":
                tag = watch.value.removeprefix("#")
                if not tag:
                    raise SetupError("A watch on a Mastodon hashtag must name the hashtag; correct the watch.")
                return f"/api/v1/timelines/tag/{quote(tag, safe='')}", {}
            case "profile":
                return f"/api/v1/accounts/{quote(self._account_id(watch.value), safe='')}/statuses", {}
            case "mention" if not self._signed_in:
                raise SetupError(f"Mentions need an account's token; put it into {self.connection.id}.")
            case "mention":
                return "/api/v1/notifications", {"types[]": "mention"}
        raise SetupError(f"Mastodon cannot watch a {watch.kind}; use a hashtag, profile, mention or thread.")

    def _account_id(self, handle: str) -> str:
        try:
            account = self.remember("/api/v1/accounts/lookup", acct=handle.removeprefix("@"))
        except Rejected as refused:
            if refused.status == 404:
                raise SetupError(f"{self.base_url} knows no account {handle!r}; correct the watch.") from None
            raise
        if not isinstance(account, dict) or not account.get("id"):
            raise ContractBroken("Mastodon gave an account without an id.")
        return str(account["id"])


def ids_of(body: Any) -> list[str]:
    """The ids of what was listed; they are what the server pages by."""
    listed = body if isinstance(body, list) else [None]
    ids = [each["id"] for each in listed if isinstance(each, dict) and isinstance(each.get("id"), str)]
    if len(ids) < len(listed):
        raise ContractBroken("Mastodon gave a timeline in which not everything has an id.")
    return ids


def _status_of(listed: dict[str, Any]) -> dict[str, Any] | None:
    """The status that is listed; None for a notification about something else."""
    if "type" in listed and "account" in listed and "visibility" not in listed:
        status = listed.get("status")
        if not isinstance(status, dict):
            return None
        return {**status, SPOILT: True} if SPOILT in listed else status
    return listed
