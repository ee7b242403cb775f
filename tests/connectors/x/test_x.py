"""What is peculiar to X: chains of pages that lead back in time, joined records, tokens that run out."""

import json
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

import connectors
from connectors.x.answers import posts_of
from connectors.x.connector import EPOCH_MS, SEQUENCE_BITS, X
from hub.domain import Cursor, Reference, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit import Connection, Services
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, OneAnswer, ReplayTransport
from hub.kit.recordings import STANDS_AT, load_recording
from hub.rehearsal import open_network, rehearse
from sandbox.process import SandboxProcess

KEYWORD = Watch(network="x", kind="keyword", value="acme", since=datetime(2025, 3, 1, tzinfo=UTC))
STORY = load_recording(connectors.folder("x") / "recordings" / "keyword.json").story
KNOWN = str((int((STANDS_AT.timestamp() - 86_400) * 1000) - EPOCH_MS) << SEQUENCE_BITS)  # an id of the day before
QUESTION = STORY.exchanges[0].request.partition("&start_time")[0]


def replaying(*exchanges: Exchange) -> tuple[Any, ReplayTransport]:
    transport = ReplayTransport(exchanges, name="x/test", folder=Path())
    return open_network("x", transport, clock=SteppedClock(STANDS_AT)), transport


def page(*ids: str, token: str | None = None) -> dict[str, Any]:
    posts = [{"id": id, "text": "acme", "author_id": "7", "edit_history_tweet_ids": [id]} for id in ids]
    meta = (
        {"result_count": len(ids)} | ({"newest_id": ids[0]} if ids else {}) | ({"next_token": token} if token else {})
    )
    return ({"data": posts} if ids else {}) | {"meta": meta}


def test_until_a_chain_has_ended_the_old_position_is_kept() -> None:
    network, _ = replaying(
        Exchange(request=f"{QUESTION}&since_id={KNOWN}", body=page("30", "29", token="b")),
        Exchange(request=f"{QUESTION}&since_id={KNOWN}&next_token=b", body=page("20", token="c")),
        Exchange(request=f"{QUESTION}&since_id={KNOWN}&next_token=c", body=page("11")),
    )

    first, second, last = (found.cursor for found in network.pull(KEYWORD, Cursor(position=KNOWN)))

    assert (first.position, first.state) == (KNOWN, {"next": "b", "newest": "30", "oldest": "29"})
    assert (second.position, second.state) == (KNOWN, {"next": "c", "newest": "30", "oldest": "20"})
    assert (last.position, last.state) == ("30", {})


def test_a_token_that_is_no_longer_taken_begins_the_chain_again() -> None:
    network, transport = replaying(
        Exchange(request=f"{QUESTION}&since_id={KNOWN}&next_token=old", status=400, body={"title": "Invalid Request"}),
        Exchange(request=f"{QUESTION}&since_id={KNOWN}", body=page("40", "39")),
    )

    (found,) = network.pull(KEYWORD, Cursor(position=KNOWN, state={"next": "old", "newest": "30"}))

    assert (found.cursor.position, found.cursor.state) == ("40", {})
    assert len(transport.asked) == 2


def test_a_token_that_is_never_taken_is_not_asked_for_without_end() -> None:
    network, transport = replaying(
        Exchange(request=f"{QUESTION}&since_id={KNOWN}", body=page("30", token="b")),
        Exchange(request=f"{QUESTION}&since_id={KNOWN}&next_token=b", status=400, body={"title": "Invalid Request"}),
    )

    with pytest.raises(ContractBroken, match="circle"):
        list(islice(network.pull(KEYWORD, Cursor(position=KNOWN)), 20))
    assert len(transport.asked) == 3


@pytest.mark.parametrize("circle", ["b", "bc", "bcd"])
def test_pages_that_lead_in_a_circle_are_left(circle: str) -> None:
    following = dict(pairwise(circle + "b"))
    network, transport = replaying(
        Exchange(request=f"{QUESTION}&since_id={KNOWN}", body=page("30", token="b")),
        *(
            Exchange(request=f"{QUESTION}&since_id={KNOWN}&next_token={token}", body=page("29", token=following[token]))
            for token in circle
        ),
    )

    with pytest.raises(ContractBroken, match="circle"):
        list(islice(network.pull(KEYWORD, Cursor(position=KNOWN)), 20))
    assert len(transport.asked) <= len(circle) + 1


def test_nothing_new_keeps_the_position() -> None:
    network, _ = replaying(Exchange(request=f"{QUESTION}&since_id={KNOWN}", body=page()))

    (found,) = network.pull(KEYWORD, Cursor(position=KNOWN))

    assert (found.records, found.cursor) == ([], Cursor(position=KNOWN))


@pytest.mark.parametrize(
    ("since", "asked"),
    [
        (datetime(2025, 3, 1, tzinfo=UTC), "2025-03-01T00:00:00Z"),
        (datetime(2024, 1, 1, tzinfo=UTC), "2025-02-26T12:20:00Z"),
        (None, "2025-02-26T12:20:00Z"),
    ],
)
def test_search_is_asked_no_further_back_than_it_looks(since: datetime | None, asked: str) -> None:
    network, transport = replaying(Exchange(request=f"{QUESTION}&start_time={asked}", body=page()))

    list(network.pull(KEYWORD.with_(since=since), Cursor()))

    assert len(transport.asked) == 1


def test_each_record_carries_its_author_and_what_it_refers_to() -> None:
    body = page("30") | {
        "includes": {"users": [{"id": "7", "username": "ana"}, "?"], "tweets": [{"id": "9", "text": "before"}]}
    }
    body["data"][0]["referenced_tweets"] = [{"type": "replied_to", "id": "9"}, {"type": "quoted", "id": "8"}]
    network, _ = replaying()

    (record,) = network.records(body)

    assert record["author"] == {"id": "7", "username": "ana"}
    assert [each.get("post") for each in record["referenced"]] == [{"id": "9", "text": "before"}, None]


@pytest.mark.parametrize("said", [7, "count_mismatch", ["<b>"], {"a": 1}])
def test_a_doubt_is_the_hubs_own_whatever_x_calls_so(said: Any) -> None:
    body = {"data": [{"id": "1", "text": "Hi", "doubts": said}], "meta": {"result_count": 4}}

    assert [each["doubts"] for each in posts_of(body)] == [["count_mismatch"]]


@pytest.mark.parametrize("handle", ["", "@", "ana/../me", "ana inventa", "ána", "a?b"])
def test_a_handle_that_is_none_never_becomes_part_of_an_address(handle: str) -> None:
    network = open_network("x", OneAnswer(200, {}, b'{"data": {"id": "1"}}'), clock=SteppedClock(STANDS_AT))

    with pytest.raises(SetupError, match="no handle"):
        list(network.pull(Watch(network="x", kind="profile", value=handle), Cursor()))


def test_an_account_that_was_not_found_is_looked_for_again() -> None:
    look = "GET /2/users/by/username/acme"
    network, _ = replaying(
        Exchange(request=look, body={"errors": [{"title": "Not Found Error"}]}),
        Exchange(request=look, body={"data": {"id": "7"}}),
        Exchange(request=QUESTION.replace("search/recent?query=acme&", "?").replace("tweets/?", "users/7/tweets?")
                 + "&since_id=1", body=page()),
    )  # fmt: skip
    watch = Watch(network="x", kind="profile", value="@acme")

    with pytest.raises(SetupError, match="knows no account"):
        list(network.pull(watch, Cursor(position="1")))

    assert len(list(network.pull(watch, Cursor(position="1")))) == 1


@pytest.mark.shared
def test_recorded_answers_become_posts_or_a_named_error(shared: Path) -> None:
    files = sorted((shared / "recorded" / "twitter").rglob("*.json"))
    outcomes = list(rehearse("x", files))

    assert len(outcomes) >= len(files) > 0
    assert {outcome.get("error") for outcome in outcomes} <= {None, "ContractBroken"}
    assert [outcome for outcome in outcomes if "nothing" in outcome] == []
    assert any("post" in outcome for outcome in outcomes)


@pytest.mark.shared
def test_the_vendors_own_examples_of_posts_are_understood(shared: Path, tmp_path: Path) -> None:
    examples = json.loads((shared / "contracts" / "twitter" / "doc-examples.json").read_bytes())
    bodies = [body for body in answers(examples) if is_timeline(body)]
    assert bodies

    for number, body in enumerate(bodies):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(body), encoding="utf-8")
        outcomes = list(rehearse("x", [path]))
        reasons = {each["quarantined"] for each in outcomes if "quarantined" in each}
        assert all("post" in each or "quarantined" in each for each in outcomes)
        assert len(outcomes) == len(body["data"])
        assert reasons <= {"no_author", "bad_time", "id_missing", "author_missing"}, "only what an example left out"


def answers(value: Any) -> list[Any]:
    """Every object in the examples that has the form of an answer, however the file arranges them."""
    found = [value] if isinstance(value, dict) and "data" in value else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return found + [answer for each in inner for answer in answers(each)]


def is_timeline(body: dict[str, Any]) -> bool:
    data = body["data"]
    return (
        isinstance(data, list)
        and bool(data)
        and all(isinstance(post, dict) and {"id", "text"} <= set(post) and "event_type" not in post for post in data)
    )


@pytest.mark.usefixtures("hub_env")
def test_after_an_outage_of_weeks_reading_goes_on_as_far_back_as_search_reaches() -> None:
    manifest = connectors.manifest("x")
    with X(manifest, Connection.of(manifest), Services.local()) as network:
        old = Cursor(position="1900000000000000000")  # written in March 2025

        pages = list(network.pull(Watch(network="x", kind="keyword", value="acme"), old))

    assert sum(len(page.records) for page in pages) > 0
    assert int(pages[-1].cursor.position or 0) > 1900000000000000000


@pytest.mark.usefixtures("hub_env")
def test_against_the_played_x_posts_are_looked_up_removals_told_accounts_measured_and_access_proved(
    sandbox: SandboxProcess,
) -> None:
    number = sandbox.control.add_post(network="x", author="nia", text="Soon gone, @acme")
    manifest = connectors.manifest("x")
    with X(manifest, Connection.of(manifest), Services.local()) as network:
        pages = network.pull(Watch(network="x", kind="keyword", value="from:nia OR from:acme"), Cursor())
        records = [record for page in pages for record in page.records]
        references = [Reference(key=f"x:post:{one['id']}", native_id=one["id"]) for one in records]
        (gone,) = [one.key for one, record in zip(references, records, strict=True) if "Soon gone" in record["text"]]
        sandbox.control.change_post(number, deleted_at=datetime.now(UTC).isoformat())

        (found,) = network.look_up(references)
        removals = network.removals(references)
        counts = {one.name: one.value for one in network.measure("@acme")}
        for prove in network.proofs().values():
            prove()

    assert len(records) > 1
    assert found.gone == removals.gone == {gone: "deleted"}
    assert set(removals.answered) == {one.key for one in references}
    assert counts.keys() == {"followers", "following", "posts", "listed"}
