"""What is peculiar to Instagram: answers to old comments, hashtags without order, what may not be asked for by id."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.instagram.hashtags import MOST_SEEN, last_day
from connectors.instagram.records import COMMENT_FIELDS, MEDIA_FIELDS, with_answers
from hub.domain import Cursor, Reference, Watch
from hub.errors import RateLimited, SetupError
from hub.kit import Network, Record
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, ReplayTransport
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import open_network

ME = "17841400000000001"
ACCOUNTS = Exchange(
    request="GET /v25.0/me/accounts?fields=instagram_business_account{id,username}&limit=100",
    body={"data": [{"instagram_business_account": {"id": ME, "username": "acme"}}]},
)
PROFILE = Watch(network="instagram", kind="profile", value="acme", since=datetime(2025, 3, 1, tzinfo=UTC))
MEDIA = f"GET /v25.0/{ME}/media?fields={MEDIA_FIELDS}&limit=50"
BELOW = f"GET /v25.0/179/comments?fields={COMMENT_FIELDS}&limit=50"


def replaying(*exchanges: Exchange) -> tuple[Network, ReplayTransport]:
    transport = ReplayTransport((ACCOUNTS, *exchanges), name="instagram/test", folder=Path())
    return open_network("instagram", transport, clock=SteppedClock(STANDS_AT)), transport


def medium(comments: int) -> dict[str, Any]:
    return {"id": "179", "media_type": "IMAGE", "timestamp": "2025-03-02T08:00:00+0000", "comments_count": comments}


def comment(id: str, at: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "text": "Words", "timestamp": at} | more


def pulled(network: Network, watch: Watch, cursor: Cursor) -> tuple[list[Record], Cursor]:
    found: list[Record] = []
    for page in network.pull(watch, cursor):
        found += page.records
        cursor = page.cursor
    return found, cursor


def test_an_answer_to_an_old_comment_is_found_behind_newer_ones() -> None:
    old, new = comment("1", "2025-03-02T09:00:00+0000"), comment("2", "2025-03-04T09:00:00+0000")
    first, _ = replaying(
        Exchange(request=MEDIA, body={"data": [medium(2)]}), Exchange(request=BELOW, body={"data": [new, old]})
    )
    _, cursor = pulled(first, PROFILE, Cursor())
    answered = old | {"replies": {"data": [comment("3", "2025-03-05T09:00:00+0000")]}}
    later, _ = replaying(
        Exchange(request=MEDIA, body={"data": [medium(3)]}),
        Exchange(request=BELOW, body={"data": [new, answered]}),
    )

    found, _ = pulled(later, PROFILE, cursor)

    assert [(each["id"], each["parent_id"], each["media"]) for each in found] == [("3", "1", {"id": "179"})]


def test_answers_come_before_the_comment_that_says_how_far_back_a_page_goes() -> None:
    answer = comment("2", "2025-03-05T09:00:00+0000")
    whole = comment("1", "2025-03-02T09:00:00+0000", media={"id": "179"}, replies={"data": [answer], "paging": {
        "cursors": {"after": "x"}, "next": "https://graph.facebook.com/…"}})  # fmt: skip

    assert with_answers([whole]) == [
        answer | {"parent_id": "1", "media": {"id": "179"}},
        {"id": "1", "text": "Words", "timestamp": whole["timestamp"], "media": {"id": "179"}, "more_answers": True},
    ]


def pages(*ids: list[str]) -> Any:
    """A hashtag's pages: the cursor is always the same, and leads on only as long as one reads."""
    left = iter(ids)

    def ask(turn: str | None) -> tuple[list[Record], str | None]:
        nonlocal left
        left = left if turn else iter(ids)
        page = next(left, [])
        return [{"id": id} for id in page], "same" if page else None

    return ask


def test_a_hashtag_that_was_cut_off_is_read_from_the_top_and_brings_the_rest() -> None:
    ask = pages(["1", "2"], ["3", "2"], ["4"])
    _, state = next(last_day(ask, {}, since=None))

    found = [each["id"] for new, state in last_day(ask, state, since=None) for each in new]

    assert found == ["3", "4"]


def test_a_hashtag_that_was_read_whole_ends_where_nothing_is_new() -> None:
    *_, (_, state) = last_day(pages(["1", "2"], ["3"], ["4"]), {}, since=None)
    asked: list[str | None] = []
    ask = pages(["5", "1"], ["2", "3"], ["4"])

    def noting(turn: str | None) -> tuple[list[Record], str | None]:
        asked.append(turn)
        return ask(turn)

    found = [each["id"] for new, _ in last_day(noting, state, since=None) for each in new]

    assert (found, asked) == (["5"], [None, "same"])


def test_what_was_seen_of_a_hashtag_is_kept_within_bounds() -> None:
    many = pages(*([f"{page}.{place}" for place in range(100)] for page in range(60)))

    *_, (_, state) = last_day(many, {}, since=None)

    assert len(state["seen"]) == MOST_SEEN


def test_thirty_hashtags_in_seven_days_and_no_search_twice() -> None:
    def searching(tag: str) -> list[Exchange]:
        return [
            Exchange(request=f"GET /v25.0/ig_hashtag_search?user_id={ME}&q={tag}", body={"data": [{"id": f"1{tag}"}]}),
            Exchange(
                request=f"GET /v25.0/1{tag}/recent_media?user_id={ME}&fields=id,caption,media_type,media_url,permalink,"
                "timestamp,like_count,comments_count,children{media_type,media_url}&limit=50",
                body={"data": []},
            ),
        ]

    tags = [f"tag{number}" for number in range(31)]
    network, transport = replaying(*(each for tag in tags for each in searching(tag)))
    watches = [PROFILE.with_(kind="hashtag", value=f"#{tag}") for tag in tags]
    for watch in (*watches[:30], *watches[:30]):
        list(network.pull(watch, Cursor()))

    assert sum("ig_hashtag_search" in line for line in transport.asked) == 30
    with pytest.raises(RateLimited) as told:
        list(network.pull(watches[30], Cursor()))
    assert told.value.retry_after is not None
    assert timedelta(seconds=told.value.retry_after) > timedelta(days=6)


def test_what_is_not_known_to_be_ours_is_not_asked_for_and_not_believed_to_be_gone() -> None:
    network, transport = replaying()
    strange = Reference(key="instagram:media:9", native_id="9", thread="instagram:thread:9")

    assert list(network.look_up([strange])) == []
    assert transport.asked == []


@pytest.mark.parametrize(
    ("kind", "value"), [("hashtag", "#"), ("hashtag", "#a b"), ("profile", "a/b"), ("profile", "")]
)
def test_what_is_no_name_is_asked_of_nobody(kind: str, value: str) -> None:
    network, transport = replaying()

    with pytest.raises(SetupError):
        list(network.pull(PROFILE.with_(kind=kind, value=value), Cursor()))
    assert transport.asked == []


def test_mentions_of_others_are_not_ours_to_read() -> None:
    network, _ = replaying()

    with pytest.raises(SetupError, match="our own"):
        list(network.pull(PROFILE.with_(kind="mention", value="@brewster"), Cursor()))
