"""Mastodon: public statuses and mentions, read from one server.

What shapes this module:

- Status ids grow with time: 48 bits of milliseconds, then 16 bits of sequence. So the newest id seen is the cursor,
  and a date can be turned into one. Other servers that speak this API count otherwise (ULIDs): there a first read
  brings the newest page, and ids are compared by length, then text.
- `min_id` reads forwards, the oldest page first, so every page is a safe place to stop. `since_id` starts at the
  newest page: a run that died half way would keep a cursor that skips the older pages.
- An id is unique on the server that was asked, also of a status written elsewhere, and `in_reply_to_id` is of the
  same kind. So that server, added to each record, is the scope of all keys; the `uri` would break threads.
- A remote status is numbered by when it was written, not by when it reached our server. Late ones lie behind the
  cursor; the nightly sweep finds them.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from hub.domain import Cursor, Measurement, Reference, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit import SPOILT, BearerToken, LinkHeader, LookUp, Network, Page, Rejected, ResetAt, iso8601

PAGE_SIZE = 40  # the most that a timeline returns
COUNTED = {"followers": "followers_count", "following": "following_count", "posts": "statuses_count"}
SNOWFLAKE_DIGITS = 17  # fewer, or letters, and the server counts in its own way


class Mastodon(Network):
    """One server of the fediverse, with one account's token."""

    auth = BearerToken(secret="access_token")
    look_up_size = 1
    pages = LinkHeader(rel="prev")  # on Mastodon, "prev" is the next newer page
    wait = ResetAt(header="X-RateLimit-Reset", read=iso8601)

    def check(self) -> None:
        """Prove that the token works and may read."""
        self.get("/api/v1/accounts/verify_credentials")

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield what matches `watch` and is newer than `cursor`, oldest page first."""
        path, params = self._timeline(watch)
        newer_than = cursor.position
        if newer_than is None:
            newest = self.get(path, limit=1, **params)
            self.records(newest)
            if newest and not _is_snowflake(ids_of(newest)[0]):
                yield self._page(self.get(path, limit=PAGE_SIZE, **params))
                return
            newer_than = first_id_after(watch.since) if watch.since else "0"
        for answer in self.answers(path, {"min_id": newer_than, "limit": PAGE_SIZE, **params}):
            if answer.body != []:
                yield self._page(answer.body)

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """One status a call; what this server does not show any more is gone."""
        for reference in references:
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
        """Statuses, alone, in a list, found by a search, or inside notifications; each with its server."""
        if isinstance(body, dict):
            body = body["statuses"] if isinstance(body.get("statuses"), list) else [body]
        server = urlsplit(self.base_url).hostname
        statuses = [status for each in super().records(body) if (status := _status_of(each)) is not None]
        if statuses and not any("content" in status and "account" in status for status in statuses):
            raise ContractBroken("Mastodon gave something else where statuses were due.")
        return [{**status, "server": server} for status in statuses]

    def _page(self, body: Any) -> Page:
        """What one answer holds; the cursor counts in ids of what was listed, which may be notifications."""
        records = self.records(body)
        newest = max(ids_of(body), key=lambda id: (len(id), id))
        return Page(records=records, cursor=Cursor(position=newest))

    def _timeline(self, watch: Watch) -> tuple[str, dict[str, Any]]:
        match watch.kind:
            case "hashtag":
                tag = watch.value.removeprefix("#")
                if not tag:
                    raise SetupError("A watch on a Mastodon hashtag must name the hashtag; correct the watch.")
                return f"/api/v1/timelines/tag/{quote(tag, safe='')}", {}
            case "profile":
                return f"/api/v1/accounts/{quote(self._account_id(watch.value), safe='')}/statuses", {}
            case "mention":
                return "/api/v1/notifications", {"types[]": "mention"}
        raise SetupError(f"Mastodon cannot watch a {watch.kind}; use a hashtag, a profile or a mention.")

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


def first_id_after(moment: datetime) -> str:
    """The smallest id that a status written at `moment` can have."""
    return str(int(moment.timestamp() * 1000) << 16)


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


def _is_snowflake(id: str) -> bool:
    return id.isdigit() and len(id) >= SNOWFLAKE_DIGITS
