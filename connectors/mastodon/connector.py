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

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from hub.domain import Cursor, Watch
from hub.errors import SetupError
from hub.kit import BearerToken, LinkHeader, Network, Page, ResetAt, iso8601

PAGE_SIZE = 40  # the most that a timeline returns
SNOWFLAKE_DIGITS = 17  # fewer, or letters, and the server counts in its own way


class Mastodon(Network):
    """One server of the fediverse, with one account's token."""

    auth = BearerToken(secret="access_token")
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
            newest = self.records(self.get(path, limit=1, **params))
            if newest and not _is_snowflake(newest[0]["id"]):
                yield self._page(self.records(self.get(path, limit=PAGE_SIZE, **params)))
                return
            newer_than = first_id_after(watch.since) if watch.since else "0"
        for found in self.paginate(path, min_id=newer_than, limit=PAGE_SIZE, **params):
            yield self._page(found)

    def _page(self, found: list[dict[str, Any]]) -> Page:
        """Statuses, or the statuses inside notifications; the cursor counts in ids of what was listed."""
        newest = max((each["id"] for each in found), key=lambda id: (len(id), id))
        server = urlsplit(self.base_url).hostname
        statuses = [
            each.get("status") if "type" in each and "account" in each and "status" in each else each for each in found
        ]
        records = [{**status, "server": server} for status in statuses if status]
        return Page(records=records, cursor=Cursor(position=newest))

    def _timeline(self, watch: Watch) -> tuple[str, dict[str, Any]]:
        match watch.kind:
            case "hashtag":
                return f"/api/v1/timelines/tag/{quote(watch.value.removeprefix('#'), safe='')}", {}
            case "profile":
                account = self.remember("/api/v1/accounts/lookup", acct=watch.value.removeprefix("@"))
                return f"/api/v1/accounts/{quote(str(account['id']), safe='')}/statuses", {}
            case "mention":
                return "/api/v1/notifications", {"types[]": "mention"}
        raise SetupError(f"Mastodon cannot watch a {watch.kind}; use a hashtag, a profile or a mention.")


def first_id_after(moment: datetime) -> str:
    """The smallest id that a status written at `moment` can have."""
    return str(int(moment.timestamp() * 1000) << 16)


def _is_snowflake(id: str) -> bool:
    return id.isdigit() and len(id) >= SNOWFLAKE_DIGITS
