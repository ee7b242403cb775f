"""What is peculiar to Reddit: listings from the newest on, trees that leave branches out, shells of what is gone."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import connectors
from connectors.reddit.things import hidden_in, loss_of, things_in
from hub.domain import Cursor, Reference, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit import Connection, Services
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, OneAnswer, ReplayTransport
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import open_network, rehearse

COMMUNITY = Watch(network="reddit", kind="community", value="r/espresso", since=datetime(2025, 3, 1, tzinfo=UTC))
NEW = "GET /r/espresso/new?limit=100&raw_json=1"
COMMENTS = "GET /r/espresso/comments?limit=100&raw_json=1"


def thing(name: str, at: datetime = STANDS_AT, **more: Any) -> dict[str, Any]:
    data = {"name": name, "id": name[3:], "author": "ana", "author_fullname": "t2_1", "created_utc": at.timestamp()}
    return {"kind": name[:2], "data": data | {"body": "It drips"} | more}


def listing(*children: dict[str, Any], after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"after": after, "children": list(children)}}


def replaying(*exchanges: Exchange) -> tuple[Any, ReplayTransport]:
    transport = ReplayTransport(exchanges, name="reddit/test", folder=Path())
    return open_network("reddit", transport, clock=SteppedClock(STANDS_AT)), transport


def test_each_listing_of_a_community_keeps_a_mark_of_its_own() -> None:
    network, transport = replaying(
        Exchange(request=NEW, body=listing(thing("t3_a"))),
        Exchange(request=COMMENTS, body=listing(thing("t1_b"))),
    )

    pages = list(network.pull(COMMUNITY, Cursor()))
    again = list(network.pull(COMMUNITY, pages[-1].cursor))

    assert [[record["name"] for record in page.records] for page in pages] == [["t3_a"], ["t1_b"]]
    assert set(pages[-1].cursor.state) == {"new", "comments"}
    assert [page.records for page in again] == [[], []]
    assert len(transport.asked) == 4


def test_a_tree_is_flattened_and_names_what_it_leaves_out() -> None:
    more = {"kind": "more", "data": {"id": "d", "children": ["d", "e"]}}
    tree = [listing(thing("t3_a")), listing(thing("t1_b", replies=listing(thing("t1_c", replies=listing(more)))))]

    assert [each["name"] for each in things_in(tree)] == ["t3_a", "t1_b", "t1_c"]
    assert hidden_in(tree) == ["d", "e"]
    assert all("replies" not in each for each in things_in(tree))


def test_a_deep_tree_is_walked_without_running_out_of_stack() -> None:
    tree = listing(thing("t1_0"))
    for number in range(1, 3_000):
        tree = listing(thing(f"t1_{number}", replies=tree))

    assert len(things_in(tree)) == 3_000


@pytest.mark.parametrize(
    ("facts", "loss"),
    [
        ({"body": "It drips"}, None),
        ({"body": "[removed]"}, "removed"),
        ({"body": "[deleted]"}, "deleted"),
        ({"author": "[deleted]"}, "deleted"),
        ({"author": None}, "deleted"),
        ({"removed_by_category": "moderator"}, "removed"),
        ({"removed_by_category": "deleted", "author": "[deleted]"}, "deleted"),
        ({"removed_by_category": None}, None),
    ],
)
def test_what_is_gone_is_told_by_what_is_left(facts: dict[str, Any], loss: str | None) -> None:
    assert loss_of(thing("t1_a", **facts)["data"]) == loss


def test_what_a_look_up_does_not_list_is_gone_and_what_nobody_asked_for_is_nobody_s_loss() -> None:
    network, _ = replaying(
        Exchange(request="GET /api/info?id=t1_a,t1_b&raw_json=1", body=listing(thing("t1_a"), thing("t1_z")))
    )
    references = [Reference(key=f"reddit:thing:{name}", native_id=name) for name in ("t1_a", "t1_b")]

    (found,) = network.look_up(references)

    assert [record["name"] for record in found.records] == ["t1_a", "t1_z"]
    assert found.gone == {"reddit:thing:t1_b": "deleted"}


@pytest.mark.parametrize("value", ["r/espresso", "espresso", "/r/espresso/"])
def test_a_community_may_be_written_in_several_ways(value: str) -> None:
    network, transport = replaying(
        Exchange(request=NEW, body=listing()), Exchange(request=COMMENTS, body=listing())
    )  # fmt: skip

    list(network.pull(COMMUNITY.with_(value=value), Cursor()))

    assert transport.asked[0] == NEW


@pytest.mark.parametrize("value", ["r/../api", "r/a?b", "", "r/", "u/ana#x"])
def test_a_name_that_is_none_asks_nothing(value: str) -> None:
    network, transport = replaying()

    with pytest.raises(SetupError, match="names no"):
        list(network.pull(COMMUNITY.with_(value=value), Cursor()))
    assert transport.asked == []


def test_the_client_presents_itself_as_reddit_asks() -> None:
    connection = Connection(id="r", login="app", password="s", extra={"username": "u/acme"})
    network = connectors.load("reddit")(connectors.manifest("reddit"), connection, Services.local())

    assert network.user_agent == "python:social-intelligence-hub:0.1 (by /u/acme)"
    assert list(network.proofs()) == ["access", "approval"]
    account = Connection(id="r", login="app", password="s", extra={"username": "acme", "refresh_token": "seed"})
    assert "inbox" in connectors.load("reddit")(connectors.manifest("reddit"), account, Services.local()).proofs()


@pytest.mark.parametrize(
    "body", [[], {"kind": "t5", "data": {}}, listing({"kind": "t5", "data": {}}), {"data": 7}, [7]]
)
def test_what_holds_no_things_is_said_to_hold_none(body: Any) -> None:
    with pytest.raises(ContractBroken):
        things_in(body)


def test_a_wait_is_read_from_a_float_of_seconds() -> None:
    network = open_network("reddit", OneAnswer(429, {"x-ratelimit-reset": "580.0"}, b""), clock=SteppedClock(STANDS_AT))

    with pytest.raises(Exception, match="asked us to wait") as limited:
        network.check()
    assert limited.value.retry_after == 580.0  # type: ignore[attr-defined]


def told(body: Any) -> Iterator[dict[str, Any]]:
    """Every public post and comment in a recorded answer that is still there, read without our own reader."""
    if isinstance(body, list):
        for each in body:
            yield from told(each)
    elif isinstance(body, dict):
        data = body.get("data")
        if body.get("kind") in ("t1", "t3") and isinstance(data, dict):
            words = data.get("body", data.get("selftext"))
            whole = data.get("author") not in (None, "[deleted]") and words not in ("[deleted]", "[removed]")
            if whole and not data.get("removed_by_category"):
                yield data
            yield from told(data.get("replies"))
        elif isinstance(data, dict):
            yield from told(data.get("children"))


def shown_score(data: dict[str, Any]) -> int | None:
    return max(data["score"], 0) if "score" in data and not data.get("score_hidden") else None


CALLED = ("api/info", "comments/", "message/inbox")


@pytest.mark.shared
def test_recorded_listings_become_the_posts_that_stand_in_them(shared: Path) -> None:
    read = 0
    for file in sorted((shared / "recorded" / "reddit").rglob("*.json")):
        interactions = json.loads(file.read_text(encoding="utf-8"))["interactions"]
        outcomes = list(rehearse("reddit", [file]))
        for number, each in enumerate(interactions, start=1):
            url, answer = each["request"]["url"], each["response"]
            if each["request"]["method"] != "GET" or not any(f"oauth.reddit.com/{part}" in url for part in CALLED):
                continue
            found = [one["post"] for one in outcomes if one["response"] == number and "post" in one]
            expected = list(told(answer["body"]))
            assert [post["native_id"] for post in found] == [data["name"] for data in expected], file.name
            for post, data in zip(found, expected, strict=True):
                assert datetime.fromisoformat(post["published_at"]).timestamp() == int(data["created_utc"])
                assert post["author"]["handle"] == data["author"]
                assert post["text"].strip() == (data.get("body") or data["selftext"] or data["title"]).strip()
                assert post.get("in_reply_to", "").removeprefix("reddit:thing:") == (data.get("parent_id") or "")
                assert post.get("engagement", {}).get("likes") == shown_score(data)
            read += len(found)
    assert read > 100


@pytest.mark.shared
def test_recorded_trouble_has_the_right_name_and_nothing_is_left_unsaid(shared: Path) -> None:
    outcomes = list(rehearse("reddit", sorted((shared / "recorded" / "reddit").rglob("*.json"))))
    errors = {(one["status"], one["error"]) for one in outcomes if "error" in one and one["request"].startswith("GET")}

    assert {(451, "AccessDenied"), (502, "Unavailable"), (503, "Unavailable"), (520, "Unavailable")} <= errors
    assert [one for one in outcomes if "nothing" in one or "quarantined" in one] == []
    log_ins = [one for one in outcomes if one["request"].endswith("/api/v1/access_token")]
    assert [one["status"] for one in log_ins if one.get("error") == "AccessDenied"] == [200, 400, 200]
    assert sum("fact" in one for one in log_ins) == len(log_ins) - 3 > 100
    assert sum("metric" in one for one in outcomes) >= 8
