"""What is peculiar to Mastodon: ids that tell the time, reading forwards, servers that count otherwise."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import connectors
from connectors.mastodon.ids import first_id_after, first_id_like, newest_of
from hub.domain import Cursor, Reference, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit import Connection, Services
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, OneAnswer, ReplayTransport
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import open_network

TAG = "GET /api/v1/timelines/tag/acme"
HASHTAG = Watch(network="mastodon", kind="hashtag", value="#acme", since=datetime(2025, 3, 1, tzinfo=UTC))


def status(id: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "content": "<p>It drips</p>",
        "account": {"id": "7", "acct": "ana"},
        "visibility": "public",
    } | more


def replaying(*exchanges: Exchange) -> tuple[Any, ReplayTransport]:
    transport = ReplayTransport(exchanges, name="mastodon/test", folder=Path())
    clock = SteppedClock(STANDS_AT)
    return open_network("mastodon", transport, clock=clock, host="https://mastodon.test"), transport


@given(st.floats(1.2e9, 4e9), st.floats(0, 1e9))
def test_ids_grow_with_time(seconds: float, more: float) -> None:
    moment, later = (datetime.fromtimestamp(when, UTC) for when in (seconds, seconds + more))

    assert int(first_id_after(moment)) <= int(first_id_after(later))


def test_an_id_made_of_a_moment_lies_before_the_statuses_after_it() -> None:
    assert first_id_after(datetime(2025, 3, 1, tzinfo=UTC)) == "114084229939200000"


def test_the_newest_id_is_the_longest_then_the_last_whatever_the_order_of_the_page() -> None:
    ids = ["99999999999999999", "100000000000000001", "100000000000000000"]
    network, _ = replaying(
        Exchange(request=f"{TAG}?min_id=5&limit=40", body=[status(id) for id in ids]),
    )

    (page,) = network.pull(HASHTAG, Cursor(position="5"))

    assert page.cursor.position == "100000000000000001"


def test_a_link_to_another_host_is_asked_of_our_own_server_only() -> None:
    link = '<https://evil.test/steal?min_id=114084229939200001&limit=40>; rel="prev"'
    network, transport = replaying(
        Exchange(request=f"{TAG}?min_id=5&limit=40", headers={"Link": link}, body=[status("114084229939200001")]),
        Exchange(request=f"{TAG}?min_id=114084229939200001&limit=40", body=[]),
    )

    assert len(list(network.pull(HASHTAG, Cursor(position="5")))) == 1
    assert transport.asked[1].startswith(TAG)


def test_a_notification_is_counted_by_its_own_id_and_read_as_its_status() -> None:
    mention = {"id": "34000000", "type": "mention", "account": {"id": "7"}, "status": status("114084229939200001")}
    other = {"id": "34000001", "type": "follow", "account": {"id": "8"}}
    network, _ = replaying(
        Exchange(request="GET /api/v1/notifications?types[]=mention&min_id=5&limit=40", body=[other, mention])
    )

    (page,) = network.pull(HASHTAG.with_(kind="mention", value="@acme"), Cursor(position="5"))

    assert page.cursor.position == "34000001"
    assert [record["id"] for record in page.records] == ["114084229939200001"]


def test_the_server_is_the_scope_of_every_record() -> None:
    manifest = connectors.manifest("mastodon")
    services = Services.local(transport=OneAnswer(200, {}, b"[]"))
    network = connectors.load("mastodon")(manifest, Connection(id="m", host="https://Social.Test/"), services)

    (record,) = network.records([status("1", uri="https://elsewhere.test/1")])

    assert record["server"] == "social.test"


@pytest.mark.parametrize(
    "body",
    [
        [{"content": "no id", "account": {}}],
        [status("1") | {"id": 7}],
        [{"id": "1", "acct": "ana"}],
        {"error": "x"},
        ["1"],
        [{"name": "acme"}],
    ],
)
def test_what_is_no_timeline_is_said_to_be_none(body: Any) -> None:
    transport = OneAnswer(200, {}, json.dumps(body).encode())
    network = open_network("mastodon", transport, clock=SteppedClock(STANDS_AT))

    with pytest.raises(ContractBroken):
        list(network.pull(HASHTAG, Cursor()))


def test_one_odd_status_does_not_stop_the_others() -> None:
    network, _ = replaying(
        Exchange(request=f"{TAG}?min_id=5&limit=40", body=[status("7"), {"id": "6"}, status("8")]),
    )

    (page,) = network.pull(HASHTAG, Cursor(position="5"))

    assert [record["id"] for record in page.records] == ["7", "6", "8"]


@pytest.mark.parametrize("tag", ["#a/../b", "a?b", "Ä&c"])
def test_a_tag_stays_one_part_of_the_address(tag: str) -> None:
    asked = []

    class Listening(OneAnswer):
        def send(self, request, *args, **options):  # type: ignore[no-untyped-def]
            """Note the address."""
            asked.append(request.path_url)
            return super().send(request, *args, **options)

    network = open_network("mastodon", Listening(200, {}, b"[]"), clock=SteppedClock(STANDS_AT))
    list(network.pull(HASHTAG.with_(value=tag), Cursor(position="5")))

    path, _, query = asked[0].partition("?")
    assert path.count("/") == 5
    assert query == "min_id=5&limit=40"


def test_a_hashtag_without_a_name_is_a_mistake_and_asks_nothing() -> None:
    network = open_network("mastodon", OneAnswer(200, {}, b"[]"), clock=SteppedClock(STANDS_AT))

    with pytest.raises(SetupError, match="name the hashtag"):
        list(network.pull(HASHTAG.with_(value="#"), Cursor(position="5")))


def test_without_a_connection_the_largest_server_is_read_as_a_stranger() -> None:
    manifest = connectors.manifest("mastodon")
    seen = []

    class Listening(OneAnswer):
        def send(self, request, *args, **options):  # type: ignore[no-untyped-def]
            """Note where it goes, and with what."""
            seen.append((request.url.partition("?")[0], "Authorization" in request.headers))
            return super().send(request, *args, **options)

    services = Services.local(transport=Listening(200, {}, b"[]"))
    network = connectors.load("mastodon")(manifest, Connection.of(manifest, {}), services)
    list(network.pull(HASHTAG, Cursor()))

    assert manifest.open_to_strangers
    assert seen == [("https://mastodon.social/api/v1/timelines/tag/acme", False)]
    assert set(network.proofs()) == {"access", "timelines"}


MOMENTS = st.integers(1_500_000_000, 7_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
SAMPLES = {
    "mastodon": ("114084229939200000", "2025-03-01T00:00:00.000Z"),
    "ulid": ("01JN7M6R0018P4Y6KJ3W5XB2QC", "2025-03-01T00:00:00.000Z"),
    "flake": ("ArZOo3ZtY4uC8OcQqG", "2025-03-01T00:00:00.000Z"),
}


@pytest.mark.parametrize("server", SAMPLES)
@given(moment=MOMENTS, later=MOMENTS)
def test_on_every_kind_of_server_ids_made_of_moments_grow_with_them(
    server: str, moment: datetime, later: datetime
) -> None:
    id, written = SAMPLES[server]
    first, second = (first_id_like({"id": id, "created_at": written}, each) for each in sorted((moment, later)))

    assert first is not None
    assert second is not None
    assert newest_of([first, second]) == second


@pytest.mark.parametrize(
    ("id", "written"),
    [
        ("580000000000000001", "2025-03-01T00:00:00.000Z"),  # the same digits, counted from another day
        ("12345", "2025-03-01T00:00:00.000Z"),
        ("01JN7M6R0018P4Y6KJ3W5XB2QC", "2015-03-01T00:00:00.000Z"),
        ("114084229939200000", None),
        ("114084229939200000", "yesterday"),
    ],
)
def test_where_it_cannot_be_told_how_a_server_counts_no_id_is_made(id: str, written: str | None) -> None:
    assert first_id_like({"id": id, "created_at": written}, datetime(2025, 1, 1, tzinfo=UTC)) is None


def test_a_server_that_shows_several_statuses_at_once_is_asked_once_and_one_that_does_not_is_not_asked_again() -> None:
    ids = [str(114084229939200000 + number) for number in range(3)]
    several = "GET /api/v1/statuses?" + "&".join(f"id[]={id}" for id in ids)
    references = [Reference(key=f"k{id}", native_id=id) for id in ids]
    network, transport = replaying(Exchange(request=several, body=[status(id) for id in ids]))
    assert [record["id"] for found in network.look_up(references) for record in found.records] == ids
    assert len(transport.asked) == 1

    one_by_one = [Exchange(request=f"GET /api/v1/statuses/{id}", body=status(id)) for id in ids]
    network, transport = replaying(Exchange(request=several, status=404, body={}), *one_by_one)
    for _ in range(2):
        assert [record["id"] for found in network.look_up(references) for record in found.records] == ids
    assert transport.asked.count(several) == 1
    assert len(transport.asked) == 7


def test_a_thread_brings_only_what_is_newer_than_the_last_time() -> None:
    context = {"ancestors": [status("114084229939200000")], "descendants": [status("114084229939200005")]}
    later = context | {"descendants": [*context["descendants"], status("114084229939200009")]}
    path = "GET /api/v1/statuses/114084229939200001/context"
    network, _ = replaying(Exchange(request=path, body=context), Exchange(request=path, body=later))
    watch = HASHTAG.with_(kind="thread", value="https://mastodon.test/@ana/114084229939200001")

    (first,) = network.pull(watch, Cursor())
    (second,) = network.pull(watch, first.cursor)

    assert [record["id"] for record in first.records] == ["114084229939200000", "114084229939200005"]
    assert [record["id"] for record in second.records] == ["114084229939200009"]


NEWEST = "114084229939200001"
AHEAD = "200000000000000000"  # of the year 2066


def test_a_cursor_ahead_of_everything_on_the_server_is_told_with_its_remedy() -> None:
    network, _ = replaying(
        Exchange(request=f"{TAG}?min_id={AHEAD}&limit=40", body=[]),
        Exchange(request=f"{TAG}?limit=1", body=[status(NEWEST)]),
    )

    with pytest.raises(SetupError, match="hub watch rewind mastodon hashtag '#acme'"):
        list(network.pull(HASHTAG, Cursor(position=AHEAD)))


@pytest.mark.parametrize("newest", [[AHEAD], ["300000000000000000"], []])
def test_a_cursor_of_a_server_that_counts_otherwise_is_none(newest: list[str]) -> None:
    network, transport = replaying(
        Exchange(request=f"{TAG}?min_id={AHEAD}&limit=40", body=[]),
        Exchange(request=f"{TAG}?limit=1", body=[status(id) for id in newest]),
    )

    assert list(network.pull(HASHTAG, Cursor(position=AHEAD))) == []
    assert len(transport.asked) == 2


def test_a_quiet_server_is_asked_once() -> None:
    network, transport = replaying(Exchange(request=f"{TAG}?min_id={NEWEST}&limit=40", body=[]))

    assert list(network.pull(HASHTAG, Cursor(position=NEWEST))) == []
    assert len(transport.asked) == 1
