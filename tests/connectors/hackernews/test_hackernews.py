"""What is peculiar to Hacker News: a search that is paged by seconds, items with trees, and the played search."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.hackernews import connector
from hub.domain import Cursor, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit.local import SteppedClock
from hub.kit.playback import OneAnswer
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import open_network
from hub.wiring import Hub
from sandbox.process import SandboxProcess
from tests.connectors.played import Client, brought, referred, watch

START = datetime(2025, 3, 4, tzinfo=UTC)
KEYWORD = Watch(network="hackernews", kind="keyword", value="acme", since=START)
WINDOW = re.compile(r"created_at_i>=(\d+),created_at_i<=(\d+)")
Say = Callable[..., int]


class Search(OneAnswer):
    """Hits, newest first, of the seconds that are asked for."""

    def __init__(self, seconds: list[int], page: int) -> None:
        super().__init__(200, {}, b"")
        zero = int(START.timestamp())
        self.hits = [
            {"objectID": str(id), "author": "ana", "created_at_i": zero + at,
             "created_at": datetime.fromtimestamp(zero + at, UTC).isoformat()}
            for id, at in sorted(enumerate(seconds), key=lambda pair: -pair[1])
        ]  # fmt: skip
        self.page = page

    def send(self, request, *args, **options):  # type: ignore[no-untyped-def]
        """The first page of a window."""
        asked = parse_qs(urlsplit(request.url).query)["numericFilters"][0]
        since, until = map(int, WINDOW.findall(asked)[0])
        fits = [hit for hit in self.hits if since <= hit["created_at_i"] <= until]
        self._answer = 200, {}, json.dumps({"hits": fits[: self.page]}).encode()
        return super().send(request, *args, **options)


@given(st.lists(st.integers(0, 30), max_size=25, unique=True), st.integers(2, 6), st.integers(0, 4))
def test_every_hit_comes_once_wherever_reading_stops(seconds: list[int], page: int, stop: int) -> None:
    search, found, cursor = Search(seconds, page), [], Cursor()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connector, "PAGE_SIZE", page)
        for pages in (stop, 1_000):
            network = open_network("hackernews", search, clock=SteppedClock(STANDS_AT))
            for each, _ in zip(network.pull(KEYWORD, cursor), range(pages), strict=False):
                found += [record["objectID"] for record in each.records]
                cursor = each.cursor

    assert sorted(found) == sorted(hit["objectID"] for hit in search.hits)


@pytest.mark.parametrize(("kind", "value"), [("keyword", ""), ("profile", ""), ("profile", "a b"), ("profile", "x,y")])
def test_what_cannot_be_looked_for_asks_nothing(kind: str, value: str) -> None:
    network = open_network("hackernews", OneAnswer(200, {}, b"{}"), clock=SteppedClock(STANDS_AT))

    with pytest.raises(SetupError, match="nothing that Hacker News could look for"):
        list(network.pull(KEYWORD.with_(kind=kind, value=value), Cursor()))


@pytest.mark.parametrize("body", [{"hits": 7}, {"hits": [7]}, {"hits": [{}]}, [], 7])
def test_what_holds_no_hits_is_said_to_hold_none(body: Any) -> None:
    network = open_network("hackernews", OneAnswer(200, {}, b"{}"), clock=SteppedClock(STANDS_AT))

    with pytest.raises(ContractBroken):
        network.records(body)


@pytest.fixture
def say(sandbox: SandboxProcess) -> Say:
    def add(author: str, text: str, minutes_ago: float, **facts: Any) -> int:
        at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        facts["published_at"] = at.isoformat()
        return sandbox.control.add_post(network="hackernews", author=author, text=text, **facts)

    return add


@pytest.mark.usefixtures("hub_env")
def test_the_connector_reads_the_played_search_without_an_account(sandbox: SandboxProcess, say: Say) -> None:
    story = say("nia", "My zamboni leaks. What now?", 30)
    comment = say("omar", "Sell the zamboni", 20, in_reply_to=story)
    with Hub().open_network("hackernews") as network:
        network.check()
        posts, cursor = brought(network, watch("hackernews", "keyword", "zamboni"))
        nothing, _ = brought(network, watch("hackernews", "keyword", "zamboni"), cursor)
        written, _ = brought(network, watch("hackernews", "profile", "omar"))
        sandbox.control.change_post(comment, deleted_at=datetime.now(UTC).isoformat())
        looked_up = list(network.look_up([referred(post) for post in posts]))

    assert [post.native_id for post in posts] == [str(comment), str(story)]
    assert posts[0].in_reply_to == posts[1].key
    assert nothing == []
    assert str(comment) in {post.native_id for post in written}
    assert [one.gone for one in looked_up] == [{posts[0].key: "deleted"}, {}]
    assert [record["text"] for one in looked_up for record in one.records] == ["My zamboni leaks. What now?"]


def test_the_played_search_windows_and_pages(sandbox: SandboxProcess, say: Say) -> None:
    ids = [say("nia", f"paging {number}", 60 - number) for number in range(5)]
    client = Client(sandbox, "https://hn.algolia.com/api/v1")
    hits = client.get("/search_by_date", query="paging")["hits"]
    second = hits[1]["created_at_i"]

    assert [int(hit["objectID"]) for hit in hits] == ids[::-1]
    older = client.get("/search_by_date", query="paging", numericFilters=f"created_at_i<{second}", hitsPerPage=2)
    assert ([int(hit["objectID"]) for hit in older["hits"]], older["nbHits"]) == ([ids[2], ids[1]], 3)
    tree = client.get(f"/items/{ids[0]}")
    assert (tree["type"], tree["children"]) == ("story", [])
    assert client.ask("/items/99999999").status_code == 404
    assert client.get("/users/nia")["username"] == "nia"
