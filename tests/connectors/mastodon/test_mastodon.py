"""What is peculiar to Mastodon: ids that tell the time, reading forwards, servers that count otherwise."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import connectors
from connectors.mastodon.connector import first_id_after
from hub.domain import Cursor, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit import Connection, Services
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, OneAnswer, ReplayTransport
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import open_network, rehearse

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
    return open_network("mastodon", transport, clock=SteppedClock(STANDS_AT)), transport


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


def test_a_network_on_many_servers_asks_for_ours() -> None:
    manifest = connectors.manifest("mastodon")
    network = connectors.load("mastodon")(manifest, Connection(id="mastodon_default", password="p"), Services.local())

    with pytest.raises(SetupError, match="put yours into the host of mastodon_default"):
        network.check()


@pytest.mark.shared
def test_recorded_answers_become_posts_or_a_named_error(shared: Path) -> None:
    files = sorted((shared / "recorded" / "mastodon").rglob("*.json"))
    outcomes = list(rehearse("mastodon", files))

    assert len(outcomes) > len(files) > 100
    assert {outcome.get("error") for outcome in outcomes} <= {None, "ContractBroken", "AccessDenied"}
    assert sum("post" in outcome for outcome in outcomes) > 20
    assert sum("metric" in outcome for outcome in outcomes) > 2
    assert [outcome for outcome in outcomes if "quarantined" in outcome or "nothing" in outcome] == []


TIMELINE = re.compile(r"GET .*/(timelines/\w+|accounts/\d+/statuses|trends/statuses|v1/notifications)$")


@pytest.mark.shared
def test_recorded_timelines_are_never_refused(shared: Path) -> None:
    files = sorted((shared / "recorded" / "mastodon").rglob("*.json"))
    timelines = [outcome for outcome in rehearse("mastodon", files) if TIMELINE.match(outcome["request"])]

    assert len(timelines) > 10
    assert [outcome for outcome in timelines if "error" in outcome and outcome["status"] < 400] == []
