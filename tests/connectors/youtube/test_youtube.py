"""What is peculiar to YouTube: a quota that stays spent, searches by the hour, answers in no order."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.domain import Cursor, Watch
from hub.errors import RateLimited, SetupError
from hub.kit import Network
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, ReplayTransport
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import open_network

KEYWORD = Watch(network="youtube", kind="keyword", value="acme", since=datetime(2025, 3, 1, tzinfo=UTC))
SEARCH = (
    "GET /youtube/v3/search?part=snippet&type=video&order=date&q=acme&maxResults=50&publishedAfter=2025-03-01T00:00:00Z"
)
SPENT = {"error": {"code": 403, "message": "no", "errors": [{"reason": "quotaExceeded"}]}}
NONE = {"kind": "youtube#searchListResponse", "items": []}


def replaying(*exchanges: Exchange) -> tuple[Network, ReplayTransport]:
    transport = ReplayTransport(exchanges, name="youtube/test", folder=Path())
    return open_network("youtube", transport, clock=SteppedClock(STANDS_AT)), transport


def test_a_quota_that_is_spent_is_not_asked_again_before_midnight_pacific() -> None:
    network, transport = replaying(
        Exchange(request=SEARCH, status=403, body=SPENT),
        Exchange(request="GET /youtube/v3/videos?part=id&chart=mostPopular&maxResults=1", body={}),
    )
    for _ in range(3):
        with pytest.raises(RateLimited) as told:
            list(network.pull(KEYWORD, Cursor()))

    assert len(transport.asked) == 1
    assert told.value.retry_after == timedelta(hours=20).total_seconds(), "it is 04:00 in California"
    with pytest.raises(RateLimited):
        network.proofs()["searches"]()
    network.check()  # searches have a quota of their own


def test_a_keyword_is_searched_for_once_an_hour() -> None:
    network, transport = replaying(Exchange(request=SEARCH, body=NONE))

    (page,) = network.pull(KEYWORD, Cursor())
    assert list(network.pull(KEYWORD, page.cursor)) == []
    network.services.clock.sleep(3600)
    list(network.pull(KEYWORD, page.cursor))

    assert len(transport.asked) == 2


def test_the_hundred_and_first_search_of_a_day_waits_in_its_own_bucket() -> None:
    network, transport = replaying(Exchange(request=SEARCH, body=NONE))
    for _ in range(100):
        list(network.pull(KEYWORD, Cursor()))

    with pytest.raises(RateLimited):
        list(network.pull(KEYWORD, Cursor()))
    assert len(transport.asked) == 100


@pytest.mark.parametrize("value", ["", "@", "a b", "acme?x=1"])
def test_what_is_no_channel_is_asked_of_nobody(value: str) -> None:
    network, transport = replaying()

    with pytest.raises(SetupError):
        list(network.pull(KEYWORD.with_(kind="profile", value=value), Cursor()))
    assert transport.asked == []


def test_the_key_is_in_a_header() -> None:
    request = "GET /youtube/v3/videos?part=id&chart=mostPopular&maxResults=1"
    network, transport = replaying(Exchange(request=request, given={"X-Goog-Api-Key": "rehearsed-secret"}, body={}))

    network.check()

    assert "rehearsed-secret" not in str(transport.asked)


def told(record: dict[str, Any]) -> Any:
    return record["snippet"]["description"]


def test_words_of_a_search_are_decoded_and_private_entries_passed_over() -> None:
    network, _ = replaying()
    found = {
        "kind": "youtube#searchResult",
        "id": {"videoId": "v1"},
        "snippet": {"description": "I&#39;m &lt;here&gt;"},
    }
    private = {"kind": "youtube#playlistItem", "snippet": {"thumbnails": {}, "resourceId": {"videoId": "v2"}}}

    (record,) = network.records({"kind": "youtube#searchListResponse", "items": [found, private]})

    assert (record["id"], told(record)) == ("v1", "I'm <here>")
