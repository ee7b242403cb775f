"""What is peculiar to Facebook: comments below old posts, people who are not shown, words that nobody may match."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.facebook.connector import COMMENT_FIELDS, POST_FIELDS
from hub.domain import Cursor, Reference, Watch
from hub.errors import SetupError
from hub.kit import Network
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, ReplayTransport
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import open_network, understand

PAGE = "100000000000001"
PROFILE = Watch(network="facebook", kind="profile", value=PAGE, since=datetime(2025, 3, 1, tzinfo=UTC))
FEED = f"GET /v25.0/{PAGE}/feed?fields={POST_FIELDS}&limit=50"
OLD = "2025-02-20T09:00:00+0000"


def below(post: str) -> str:
    return f"GET /v25.0/{post}/comments?fields={COMMENT_FIELDS}&limit=100&filter=stream&order=reverse_chronological"


def post(id: str, at: str = OLD, *, comments: int = 0, **more: Any) -> dict[str, Any]:
    return {"id": id, "message": "Words", "created_time": at, "comments": {"summary": {"total_count": comments}}} | more


def comment(id: str, at: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "message": "Words", "created_time": at} | more


def replaying(*exchanges: Exchange) -> tuple[Network, ReplayTransport]:
    transport = ReplayTransport(exchanges, name="facebook/test", folder=Path())
    return open_network("facebook", transport, clock=SteppedClock(STANDS_AT)), transport


def ids(network: Network, watch: Watch, cursor: Cursor) -> tuple[list[str], Cursor]:
    found = []
    for page in network.pull(watch, cursor):
        found += [each["id"] for each in page.records]
        cursor = page.cursor
    return found, cursor


def test_a_comment_below_an_old_post_is_found_by_the_number_below_it() -> None:
    first, _ = replaying(Exchange(request=FEED, body={"data": [post("1_2", comments=1, updated_time=OLD)]}))
    _, cursor = ids(first, PROFILE, Cursor())
    later, transport = replaying(
        Exchange(request=FEED, body={"data": [post("1_2", comments=2, updated_time="2025-03-05T08:00:00+0000")]}),
        Exchange(request=below("1_2"), body={"data": [
            comment("2_9", "2025-03-05T08:00:00+0000"), comment("2_8", "2025-02-21T08:00:00+0000"),
        ]}),
    )  # fmt: skip

    found, cursor = ids(later, PROFILE, cursor)

    assert found == ["2_9"], "the older one is from before the watch"
    quiet, transport = replaying(Exchange(request=FEED, body={"data": [post("1_2", comments=2)]}))
    assert ids(quiet, PROFILE, cursor)[0] == []
    assert len(transport.asked) == 1


def test_a_post_that_goes_while_its_comments_are_asked_for_does_not_stop_the_others() -> None:
    gone = {"error": {"code": 100, "error_subcode": 33, "message": "no"}}
    network, _ = replaying(
        Exchange(request=FEED, body={"data": [
            post("1_3", "2025-03-04T09:00:00+0000", comments=1), post("1_2", "2025-03-03T09:00:00+0000", comments=1),
        ]}),
        Exchange(request=below("1_3"), status=400, body=gone),
        Exchange(request=below("1_2"), body={"data": [comment("2_9", "2025-03-05T08:00:00+0000")]}),
    )  # fmt: skip

    assert ids(network, PROFILE, Cursor())[0] == ["1_3", "1_2", "2_9"]


def test_an_address_tells_what_a_comment_does_not() -> None:
    network, _ = replaying()
    at = "2025-03-04T09:00:00+0000"
    bare = {"message": "Words", "created_time": at, "comment_count": 0}

    (top, answer, film) = network.records({"data": [
        bare | {"permalink_url": f"https://www.facebook.com/{PAGE}/posts/7/?comment_id=8"},
        bare | {"permalink_url": f"https://www.facebook.com/{PAGE}/posts/7?comment_id=8&reply_comment_id=9"},
        bare | {"id": "7_10", "permalink_url": "/reel/14/?comment_id=10"},
    ]})  # fmt: skip

    assert (top["id"], top["post"]) == ("7_8", f"{PAGE}_7")
    assert (answer["id"], answer["post"]) == ("7_9", f"{PAGE}_7")
    assert "post" not in film


def test_private_messages_are_no_posts_even_where_they_look_alike() -> None:
    message = {"id": "m_1", "message": "psst", "created_time": OLD, "from": {"id": "5"}, "to": {"data": []}}
    network, _ = replaying()

    assert network.records({"data": [message, post("1_2")]}) == [post("1_2")]


def test_posts_are_asked_for_as_posts_and_comments_as_comments() -> None:
    def reference(id: str, thread: str | None, url: str | None = None) -> Reference:
        return Reference(
            key=f"facebook:post:{id}", native_id=id, url=url, thread=thread and f"facebook:thread:{thread}"
        )

    network, transport = replaying(
        Exchange(request=f"GET /v25.0?fields={POST_FIELDS}&ids=1_2,1_3", body={"1_2": post("1_2"), "1_3": post("1_3")}),
        Exchange(
            request=f"GET /v25.0?fields={COMMENT_FIELDS},object{{id}}&ids=2_8,2_9",
            body={"2_8": comment("2_8", OLD, object={"id": "1_2"}), "2_9": comment("2_9", OLD, object={"id": "1_2"})},
        ),
    )
    asked = [
        reference("1_2", "1_2"), reference("2_8", "1_2"), reference("1_3", None),
        reference("2_9", None, "https://www.facebook.com/1/posts/2?comment_id=9"), reference("review_5", "review_5"),
    ]  # fmt: skip

    found = [each for answer in network.look_up(asked) for each in answer.records]

    assert len(transport.asked) == 2
    posts = understand("facebook", PROFILE, found, at=STANDS_AT).posts
    assert {each.native_id: (each.in_reply_to, each.thread) for each in posts} == {
        "1_2": (None, "facebook:thread:1_2"), "1_3": (None, "facebook:thread:1_3"),
        "2_8": ("facebook:post:1_2", "facebook:thread:1_2"), "2_9": ("facebook:post:1_2", "facebook:thread:1_2"),
    }  # fmt: skip


@pytest.mark.parametrize("value", ["acme/feed", "../me", "", "acme?x=1", "@", "ácme"])
def test_what_is_no_name_of_a_page_is_asked_of_nobody(value: str) -> None:
    network, transport = replaying()

    with pytest.raises(SetupError):
        list(network.pull(PROFILE.with_(value=value), Cursor()))
    assert transport.asked == []
