"""How a case reaches the hub: the answer that a network's API, or a feed's address, gives instead of its own.

A network joins by an entry in `FEEDS`; what has none is a miss, not a pass.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.domain import Watch
from sandbox.messages import Reply, Request
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

    def answer(self, case: Case) -> Reply:
        """What is answered."""
        return Reply(200, {"Content-Type": self.content_type}, self.body(case))

    def neighbours(self, case: Case) -> int:
        """How many good posts stand beside the case's."""
        return 0 if case.raw is not None else len(NEIGHBOURS)


def _x_body(case: Case) -> bytes:
    """The case between two good posts; bytes as they are."""
    if case.raw is not None:
        return case.raw
    posts = [_good(NEIGHBOURS[0]), case.post, _good(NEIGHBOURS[1])]
    users = [*case.payload.get("includes", {}).get("users", []), *(_writer(number) for number in NEIGHBOURS)]
    return json.dumps({"data": posts, "includes": {"users": users}, "meta": {"result_count": len(posts)}}).encode()


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
    feed = FEEDS.get(case.network)
    if feed is None or case.recipe is not None or case.fetch is not None:
        return None
    if case.network == "x" and case.raw is None and not case.post:
        return None
    if case.network == "rss" and case.raw is None:
        return None
    return feed
