"""What is peculiar to Discourse: streams from the newest on, words looked for in them, parents by number, keys."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import connectors
from connectors.discourse.watching import finder
from hub.domain import Cursor, Reference, Watch
from hub.errors import ContractBroken, RateLimited, SetupError
from hub.kit import Connection, Services
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, OneAnswer, ReplayTransport
from hub.kit.recordings import STANDS_AT
from hub.mapping.html import html_to_text
from hub.rehearsal import open_network, recordings, rehearse
from tests.connectors.contracts import faults

FORUM = Watch(
    network="discourse", kind="community", value="forum.test", since=datetime(2025, 3, 1, tzinfo=UTC)
)  # fmt: skip
OPENAPI = Path("contracts", "discourse", "openapi.json")


def post(id: int, **more: Any) -> dict[str, Any]:
    facts = {"id": id, "username": "ana", "user_id": 7, "created_at": "2025-03-04T09:00:00.000Z", "post_type": 1}
    return facts | {"cooked": "<p>It drips</p>", "topic_id": 5, "post_number": 1, "reply_to_post_number": None} | more


def replaying(*exchanges: Exchange) -> tuple[Any, ReplayTransport]:
    transport = ReplayTransport(exchanges, name="discourse/test", folder=Path())
    return open_network("discourse", transport, clock=SteppedClock(STANDS_AT), signed_in=False), transport


def opened(**facts: Any) -> Any:
    connection = Connection(id="discourse_default", **facts)
    services = Services.local(transport=OneAnswer(200, {}, b'{"latest_posts": []}'))
    return connectors.load("discourse")(connectors.manifest("discourse"), connection, services)


@pytest.mark.parametrize(
    ("words", "said", "found"),
    [
        ("acme", "My ACME leaks", True),
        ("acme", "acmecoffee", False),
        ("acme leaks", "it leaks, my acme", True),
        ("acme leaks", "my acme", False),
        ('"brew pro"', "the Brew\nPro is", True),
        ('"brew pro"', "pro brew", False),
        ('kaffa OR "brew pro"', "brew pro", True),
        ("#acme", "see #acme.", True),
        ("c++", "in c++ and", True),
        ("größe", "Die GRÖSSE", False),
        (" OR ", "anything", False),
    ],
)
def test_words_are_found_whole_and_in_any_case(words: str, said: str, found: bool) -> None:
    assert finder(words)(post(1, cooked=f"<p>{said}</p>", topic_title="")) is found
    assert finder(words)(post(1, cooked="<p>no</p>", topic_title=said)) is found


def test_the_words_of_a_post_that_gives_no_source_are_read_from_its_html() -> None:
    assert finder("slow & wet")(post(1, cooked="<p>Slow <b>&amp;</b> wet</p>"))
    assert not finder("strong")(post(1, cooked="<strong>wet</strong>"))


@pytest.mark.parametrize(
    "watch",
    [
        FORUM.with_(value="https://forum.test/"), FORUM.with_(value="Forum.test"),
        FORUM.with_(value="forum.test/c/staff/support/7"), FORUM.with_(value="forum.test/c/7/"),
    ],
)  # fmt: skip
def test_a_forum_or_a_category_may_be_written_as_one_sees_it(watch: Watch) -> None:
    network, transport = replaying(Exchange(request="GET https://forum.test/posts.json", body={"latest_posts": []}))

    assert [page.records for page in network.pull(watch, Cursor())] == [[]]
    assert transport.asked == ["GET /posts.json"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("community", "forum"), ("community", "forum.test/t/leaks/5"), ("community", "forum.test/forum/c/x/7"),
        ("community", ""), ("keyword", "acme"), ("keyword", "forum.test:"), ("keyword", "forum.test: "),
    ],
)  # fmt: skip
def test_what_names_no_forum_asks_nothing(kind: str, value: str) -> None:
    transport = OneAnswer(200, {}, b"{}")
    services = Services.local(transport=transport)
    network = connectors.load("discourse")(connectors.manifest("discourse"), Connection(id="d"), services)

    with pytest.raises(SetupError, match=r"names no forum|is no forum"):
        list(network.pull(FORUM.with_(kind=kind, value=value), Cursor()))


def test_words_alone_are_looked_for_in_the_connection_s_own_forum() -> None:
    network = opened(host="https://forum.test")

    assert [page.records for page in network.pull(FORUM.with_(kind="keyword", value="acme"), Cursor())] == [[]]


def test_a_key_is_shown_to_its_own_forum_only() -> None:
    network = opened(host="https://forum.test", login="acme", password="k")

    assert network.auth.headers(network._session()) == {"Api-Key": "k", "Api-Username": "acme"}
    with pytest.raises(SetupError, match=r"is for forum\.test, not for other\.test"):
        list(network.pull(FORUM.with_(value="other.test"), Cursor()))
    foreign = Reference(key="discourse:post:other.test/1", native_id="1", scope="other.test")
    assert list(network.look_up([foreign])) == []
    with pytest.raises(SetupError, match="lacks api_username"):
        opened(host="forum.test", password="k").check()
    own = opened(host="forum.test", extra={"user_api_key": "u"})
    assert own.auth.headers(own._session()) == {"User-Api-Key": "u"}


def test_an_empty_page_is_not_the_last_one_but_twenty_are() -> None:
    pages = [Exchange(request="GET https://forum.test/posts.json", body={"latest_posts": [post(5_000)]})]
    pages += [
        Exchange(request=f"GET https://forum.test/posts.json?before={before}", body={"latest_posts": []})
        for before in range(4_999, 3_000, -50)
    ]
    network, transport = replaying(*pages)

    assert sum(len(page.records) for page in network.pull(FORUM, Cursor())) == 1
    assert len(transport.asked) == 21


def test_where_pages_reach_further_than_fifty_ids_an_empty_one_is_the_last() -> None:
    network, transport = replaying(
        Exchange(request="GET https://forum.test/posts.json", body={"latest_posts": [post(900), post(100)]}),
        Exchange(request="GET https://forum.test/posts.json?before=99", body={"latest_posts": []}),
    )

    assert sum(len(page.records) for page in network.pull(FORUM, Cursor())) == 2
    assert len(transport.asked) == 2


def test_parents_are_known_by_their_page_or_asked_for_once_and_then_remembered() -> None:
    page = [post(12, post_number=4, reply_to_post_number=2), post(11, post_number=3, reply_to_post_number=1)]
    by_number = "GET https://forum.test/posts/by_number/5"
    network, transport = replaying(
        Exchange(request="GET https://forum.test/posts.json", body={"latest_posts": [*page, post(9)]}),
        Exchange(request="GET https://forum.test/posts.json?before=8", body={"latest_posts": []}),
        Exchange(request=f"{by_number}/2.json", body=post(10, post_number=2)),
    )

    records = [record for each in network.pull(FORUM, Cursor()) for record in each.records]
    list(network.pull(FORUM, Cursor()))

    assert [(record["id"], record["parent_id"]) for record in records] == [(12, 10), (11, 9), (9, None)]
    assert sum("by_number" in line for line in transport.asked) == 1


def test_a_limit_says_how_long_in_its_body() -> None:
    body = json.dumps({"errors": ["Slow"], "error_type": "rate_limit", "extras": {"wait_seconds": 240}}).encode()
    network = open_network("discourse", OneAnswer(429, {}, body), clock=SteppedClock(STANDS_AT))

    with pytest.raises(RateLimited) as limited:
        network.check()
    assert limited.value.retry_after == 240


@pytest.mark.parametrize(
    "body", [{"topic_list": {}}, {"latest_posts": [{"id": 1}]}, {"latest_posts": [7]}, [post(1)], 7]
)
def test_what_holds_no_posts_is_said_to_hold_none(body: Any) -> None:
    network, _ = replaying()

    with pytest.raises(ContractBroken):
        network.records(body)


@pytest.mark.shared
@pytest.mark.parametrize("recording", recordings(name="discourse", expects="posts"), ids=str)
def test_our_invented_streams_are_as_the_vendor_describes_them(recording: Any, shared: Path) -> None:
    properties = {"$ref": "#/paths/~1posts.json/get/responses/200/content/application~1json/schema"}
    for exchange in recording.story.exchanges:
        if exchange.status == 200 and isinstance(exchange.body, dict) and "latest_posts" in exchange.body:
            keys = {"posts_count", "topic_title", "category_id", "actions_summary", "reads"}
            assert all(keys <= set(each) for each in exchange.body["latest_posts"])
            found = faults(shared / OPENAPI, properties, exchange.body)
            assert [each for each in found if "is a required property" not in each and "Additional" not in each
                    and "reply_to_post_number" not in each] == []  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("recording", recordings(name="discourse"), ids=str)
def test_every_request_is_one_that_the_vendor_describes_or_its_source_names(recording: Any, shared: Path) -> None:
    described = json.loads((shared / OPENAPI).read_text(encoding="utf-8"))["paths"]
    known = {"/about.json", "/posts/by_number/57/4.json"}  # public, but not in the description
    for line in recording.requests:
        path = line.removeprefix("GET ").partition("?")[0]
        template = path.replace("/57/posts", "/{id}/posts").replace("/posts/870", "/posts/{id}")
        assert template.replace("/posts/999", "/posts/{id}") in set(described) | known, line


@pytest.mark.shared
def test_recorded_topics_and_posts_become_the_posts_that_stand_in_them(shared: Path) -> None:
    read = 0
    for file in sorted((shared / "recorded" / "discourse").rglob("*.json")):
        body = json.loads(file.read_text(encoding="utf-8"))["interactions"][0]["response"]["body"]
        outcomes = list(rehearse("discourse", [file]))
        found = {one["post"]["native_id"]: one["post"] for one in outcomes if "post" in one}
        stream = body.get("post_stream", {}).get("posts") or ([body] if "cooked" in body else [])
        expected = {str(each["id"]): each for each in stream if each["post_type"] == 1 and not each["hidden"]}
        numbers = {each["post_number"]: str(each["id"]) for each in stream}

        assert set(found) == set(expected), file.name
        for id, each in expected.items():
            assert datetime.fromisoformat(found[id]["published_at"]) == datetime.fromisoformat(each["created_at"])
            assert (found[id]["author"]["handle"], found[id]["author"]["native_id"]) == (
                each["username"], str(each["user_id"]),
            )  # fmt: skip
            assert found[id].get("text", "") == html_to_text(each["cooked"])
            parent = numbers.get(each.get("reply_to_post_number"))
            assert found[id].get("in_reply_to", "").rpartition("/")[2] == (parent or "")
            likes = [one.get("count", 0) for one in each["actions_summary"] if one["id"] == 2]
            assert found[id]["engagement"]["likes"] == (likes[0] if likes else 0)
        assert outcomes
        assert not any("quarantined" in one or "nothing" in one for one in outcomes), file.name
        assert found or all(one.get("error") == "ContractBroken" for one in outcomes), file.name
        read += len(found)
    assert read == 30
