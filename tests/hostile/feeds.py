"""How a case reaches the hub: the answer that a network's API, or a feed's address, gives instead of its own.

A network joins by an entry in `FEEDS`; what has none is a miss, not a pass.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub.domain import Watch
from hub.kit.gate import resolve
from sandbox.messages import Reply, Request
from tests.hostile.archives import build
from tests.hostile.cases import Case

GOOD = "The kettle of @acme whistles at seven, what a lovely machine"
NEIGHBOURS = (11, 12)  # good posts on the same page: they must land whatever the case is
FEED = "https://coffeelovers.test/feed.xml"


@dataclass(frozen=True)
class Feed:
    """One way in."""

    watch: Watch
    asks: Callable[[Request], bool]  # whether this request is the one that brings posts
    body: Callable[[Case], bytes]
    content_type: str = "application/json; charset=utf-8"
    record_type: str = "post"
    beside: int = 0  # good posts on the same page, that must land
    rows: bool = False  # several rows come at once: one in quarantine is the verdict, and another must land

    def answer(self, case: Case, request: Request) -> Reply:
        """What is answered."""
        if case.fetch is not None and case.network == "rss":
            return _fetched(case.fetch, request)
        if "pages" in (case.payload or {}):
            return Reply(200, {"Content-Type": self.content_type}, _x_page(case, request))
        return Reply(200, {"Content-Type": self.content_type}, self.body(case))


def _x_body(case: Case) -> bytes:
    """The case between two good posts; bytes as they are."""
    if case.raw is not None:
        return case.raw
    posts = [_good(NEIGHBOURS[0]), case.post, _good(NEIGHBOURS[1])]
    beside = case.payload.get("includes", {})
    users = [*beside.get("users", []), *(_writer(number) for number in NEIGHBOURS)]
    meta = {"result_count": len(posts)}
    return json.dumps({"data": posts, "includes": {**beside, "users": users}, "meta": meta}).encode()


def _x_page(case: Case, request: Request) -> bytes:
    """One of several pages, each with the token of the next."""
    pages = case.payload["pages"]
    number = int(request.param("pagination_token") or 0)
    more = {"next_token": str(number + 1)} if number + 1 < len(pages) else {}
    return json.dumps({"data": pages[number], "meta": {"result_count": len(pages[number]), **more}}).encode()


def _x_event(case: Case) -> bytes:
    """A page with the post that events are about."""
    return json.dumps({"data": [created(case)], "meta": {"result_count": 1}}).encode()


def created(case: Case) -> dict[str, Any]:
    """The post that events are about, with what every post has."""
    told = next(event["create"] for event in case.payload["events"] if "create" in event)
    return {"created_at": "2026-11-20T10:00:00.000Z", "conversation_id": told["id"]} | told


def _fetched(fetch: dict[str, Any], request: Request) -> Reply:
    """An address and where it leads, behind a look-up of its name as the connection would make it."""
    told = [*fetch.get("resolves_to", ())] or ["93.184.216.34"]
    resolve(
        request.host, 443, lambda *_: told if isinstance(told[0], str) else told.pop(0) if len(told) > 1 else told[0]
    )
    chain = [fetch["url"], *fetch.get("redirect_chain", ())]
    places = [urlsplit(url)[1:3] for url in chain]
    at = next(
        (n for n, (host, path) in enumerate(places) if host.partition(":")[0] == request.host and path == request.path),
        -1,
    )
    if 0 <= at < len(chain) - 1:
        return Reply(302, {"Location": chain[at + 1]}, b"")
    item = f"<item><guid>1</guid><title>{GOOD}</title></item>"
    return Reply(200, {"Content-Type": "application/rss+xml"}, f"<rss><channel>{item}</channel></rss>".encode())


def _good(number: int) -> dict[str, Any]:
    return {
        "id": f"17610000000000000{number}", "text": GOOD, "author_id": f"70000000{number}",
        "conversation_id": f"17610000000000000{number}", "created_at": "2026-11-20T11:00:00.000Z", "lang": "en",
    }  # fmt: skip


def _writer(number: int) -> dict[str, Any]:
    return {"id": f"70000000{number}", "username": f"good{number}", "name": "Good Neighbour"}


def _raw(case: Case) -> bytes:
    assert case.raw is not None, "a feed's case is bytes"
    return case.raw


FEEDS = {
    "x": Feed(
        watch=Watch(network="x", kind="mention", value="@acme"),
        asks=lambda request: request.host == "api.x.com" and request.path.endswith("/mentions"),
        body=_x_body,
        beside=len(NEIGHBOURS),
    ),
    "rss": Feed(
        watch=Watch(network="blogs", kind="feed", value=FEED),
        asks=lambda request: request.host == "coffeelovers.test" and request.path == "/feed.xml",
        body=_raw,
        content_type="application/rss+xml",
        record_type="entry",
    ),
}


def feed_of(case: Case) -> Feed | None:
    """The way in for a case; None where there is none yet."""
    if case.recipe is not None:
        path = Watch(network="google_plus", kind="archive", value=case.id)
        return Feed(watch=path, asks=lambda _: False, body=_raw, rows=True)
    feed = FEEDS.get(case.network)
    if feed is None:
        return None
    if case.network == "rss" and case.fetch is not None:
        host = urlsplit(case.fetch["url"]).hostname
        watch = feed.watch.with_(value=case.payload["feed_url"])
        return replace(feed, watch=watch, asks=lambda request: request.host == host)
    payload = case.payload if isinstance(case.payload, dict) else {}
    if case.network == "x" and ("pages" in payload or "events" in payload):
        return replace(feed, beside=0, body=_x_event) if "events" in payload else replace(feed, beside=0)
    if case.raw is not None:
        return replace(feed, beside=0, rows=case.raw_name.endswith(".jsonl"))
    return feed if case.network == "x" and case.post else None


def prepared(feed: Feed, case: Case, folder: Path) -> Feed:
    """The same with what it needs on a disk."""
    if case.recipe is None:
        return feed
    return replace(feed, watch=feed.watch.with_(value=str(build(case.recipe, folder))))
