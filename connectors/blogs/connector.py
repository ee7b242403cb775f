"""Blogs: feeds in RSS, Atom and JSON Feed, wherever they are.

What shapes this module:

- A feed holds its newest entries only and says nothing of what is new. So the cursor keeps, beside the validators
  for a conditional request, a digest of each entry of the last document: what it knows is passed over, and an entry
  that was changed comes again.
- An address that was configured leads to one that was not: every redirect passes the gate, and a permanent one is
  remembered in the cursor.
- 304 is no news. 410 means that the feed is gone and a person must act.
- A feed may say that an entry is gone (RFC 6721), and where news of it could be had at once (WebSub): the first
  becomes a record of its own, the second is noted in the cursor, for whoever can be reached from outside.
- Many entries carry no time. One is taken to be written when it was first seen; what a first read finds may be of
  any age, so it counts as the oldest that the watch asks for, and makes no work.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
import requests.utils

from connectors.blogs.feeds import Feed, read_feed
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
        feed = self._feed(watch.value, url or watch.value, headers, body)
        digests = {digest_of(entry): entry for entry in feed.entries}
        known = set(state.get("seen", ()))
        now = self.services.clock.now()
        seen_at = (watch.since or now) if cursor.fresh else now
        fresh = [dated(entry, seen_at) for digest, entry in digests.items() if digest not in known]
        kept: dict[str, Any] = {"seen": list(digests)}
        for name, header in (("etag", "ETag"), ("modified", "Last-Modified")):
            if headers.get(header):
                kept[name] = headers[header]
        if url:
            kept["moved_to"] = url
        if hub := feed.hub or hub_of(headers.get("Link", "")):
            kept["hub"] = hub
        yield Page(records=fresh, cursor=Cursor(position=headers.get("ETag"), state=kept))

    def read(self, url: str) -> list[dict[str, Any]]:
        """The entries of one document."""
        _, status, headers, body = self._fetch(url, {})
        entries = self._feed(url, url, headers, body).entries if status != 304 else []
        return [dated(entry, self.services.clock.now()) for entry in entries]

    @staticmethod
    def _feed(watched: str, address: str, headers: Any, body: bytes) -> Feed:
        """What the document says; the site that scopes all ids is that of the watch, wherever the feed has moved."""
        site = urlsplit(watched).hostname or ""
        return read_feed(body, site=site, address=address, content_type=headers.get("Content-Type", ""))

    def _fetch(self, url: str, state: dict[str, Any]) -> tuple[str | None, int, Any, bytes]:
        """Address if it moved for good, status, headers, body; every hop passes the gate."""
        asked = {"Accept": ACCEPT}
        if state.get("etag"):
            asked["If-None-Match"] = state["etag"]
        if state.get("modified"):
            asked["If-Modified-Since"] = state["modified"]
        moved: str | None = state.get("moved_to")
        permanent = True
        asked_for: set[str] = set()
        for _ in range(REDIRECTS + 1):
            check_url(url)
            if url in asked_for:
                raise ContractBroken(f"The feed at {urlsplit(url).hostname} redirects in a circle.")
            asked_for.add(url)
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


def dated(entry: dict[str, Any], seen_at: datetime) -> dict[str, Any]:
    """The entry, with the time it was first seen where it carries none."""
    return entry if entry.keys() & {"published", "updated", "deleted"} else {**entry, "seen": seen_at.isoformat()}


def hub_of(links: str) -> str | None:
    """The hub that an answer's `Link` header names (WebSub), where the document itself names none."""
    found = (link for link in requests.utils.parse_header_links(links) if link.get("rel") == "hub")
    return next((link["url"] for link in found if link["url"].startswith(("https://", "http://"))), None)


def digest_of(entry: dict[str, Any]) -> str:
    """Names what an entry says now; another one when it was changed."""
    return hashlib.sha256(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
