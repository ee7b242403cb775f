"""Blogs: feeds in RSS, Atom and JSON Feed, wherever they are.

What shapes this module:

- A feed holds its newest entries only and says nothing of what is new. So the cursor keeps, beside the validators
  for a conditional request, a digest of each entry of the last document: what it knows is passed over, and an entry
  that was changed comes again.
- An address that was configured leads to one that was not: every redirect passes the gate, and a permanent one is
  remembered in the cursor.
- 304 is no news. 410 means that the feed is gone and a person must act.
"""

import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson

from connectors.blogs.feeds import read_feed
from hub.domain import Cursor, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit import Network, NoAuth, Page, Rejected
from hub.kit.gate import check_url

REDIRECTS = 5
PERMANENT = (301, 308)
ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


class Blogs(Network):
    """Feeds anywhere on the web."""

    auth = NoAuth()
    open_web = True

    def check(self) -> None:
        """There is nothing to prove: feeds need no account, and each watch tells of its own."""

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield the entries that are new or changed since the last document."""
        if watch.kind != "feed":
            raise SetupError(f"Blogs cannot watch a {watch.kind}; use a feed with its address.")
        state = cursor.state
        url, status, headers, body = self._fetch(state.get("moved_to") or watch.value, state)
        if status == 304:
            return
        entries = read_feed(body, url_host=urlsplit(watch.value).hostname or "")
        digests = {digest_of(entry): entry for entry in entries}
        known = set(state.get("seen", ()))
        fresh = [entry for digest, entry in digests.items() if digest not in known]
        kept: dict[str, Any] = {"seen": list(digests)}
        for name, header in (("etag", "ETag"), ("modified", "Last-Modified")):
            if headers.get(header):
                kept[name] = headers[header]
        if url:
            kept["moved_to"] = url
        yield Page(records=fresh, cursor=Cursor(position=headers.get("ETag"), state=kept))

    def _fetch(self, url: str, state: dict[str, Any]) -> tuple[str | None, int, Any, bytes]:
        """Address if it moved for good, status, headers, body; every hop passes the gate."""
        asked = {"Accept": ACCEPT}
        if state.get("etag"):
            asked["If-None-Match"] = state["etag"]
        if state.get("modified"):
            asked["If-Modified-Since"] = state["modified"]
        moved: str | None = state.get("moved_to")
        permanent = True
        for _ in range(REDIRECTS + 1):
            check_url(url)
            try:
                status, headers, body = self.http.fetch(url, headers=asked)
            except Rejected as refused:
                if refused.status == 410:
                    raise SetupError(
                        f"The feed at {urlsplit(url).hostname} is gone for good; remove its watch."
                    ) from None
                raise
            if status not in (301, 302, 303, 307, 308):
                return moved, status, headers, body
            url = urljoin(url, headers.get("Location", ""))
            permanent = permanent and status in PERMANENT
            moved = url if permanent else moved
        raise ContractBroken(f"The feed at {urlsplit(url).hostname} redirects more than {REDIRECTS} times.")


def digest_of(entry: dict[str, Any]) -> str:
    """Names what an entry says now; another one when it was changed."""
    return hashlib.sha256(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
