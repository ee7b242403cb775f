"""What is peculiar to Bluesky: windows of time, feeds read backwards, threads beside notifications, sessions."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import connectors
from connectors.bluesky.posts import listed, posts_of
from connectors.bluesky.session import ends_at
from hub.domain import Cursor, Reference, Watch
from hub.errors import AccessDenied, ContractBroken, SetupError
from hub.kit import Connection, Services, written
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, OneAnswer, ReplayTransport
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import open_network, recordings, rehearse, replay
from tests.connectors import lexicons

SEARCH = "GET /xrpc/app.bsky.feed.searchPosts"
KEYWORD = Watch(network="bluesky", kind="keyword", value="acme", since=datetime(2025, 3, 1, tzinfo=UTC))
CONTRACT = Path("contracts", "bluesky", "lexicons.json")
TICK = timedelta(milliseconds=1)
END = "2025-03-05T11:59:30.000Z"


def post(key: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "uri": f"at://did:plc:ana/app.bsky.feed.post/{key}", "cid": f"bafy{key}",
        "author": {"did": "did:plc:ana", "handle": "ana.bsky.test"}, "indexedAt": written(at),
        "record": {"$type": "app.bsky.feed.post", "text": f"acme {key}", "createdAt": written(at)},
    } | more  # fmt: skip


def replaying(*exchanges: Exchange, signed_in: bool = False) -> tuple[Any, ReplayTransport]:
    transport = ReplayTransport(exchanges, name="bluesky/test", folder=Path())
    return open_network("bluesky", transport, clock=SteppedClock(STANDS_AT), signed_in=signed_in), transport


class Server(OneAnswer):
    """A search as the lexicon tells of it: sorted by the earlier time, `since` inclusive and `until` not."""

    def __init__(self, posts: list[dict[str, Any]], page: int) -> None:
        super().__init__(200, {}, b"")
        self.posts, self.page = sorted(posts, key=placed, reverse=True), page

    def send(self, request, *args, **options):  # type: ignore[no-untyped-def]
        """One page of the window, with a cursor where there is more."""
        asked = dict(pair.split("=", 1) for pair in request.path_url.partition("?")[2].replace("%3A", ":").split("&"))
        fits = [each for each in self.posts if asked["since"] <= placed(each) < asked["until"]]
        start = int(asked.get("cursor", 0))
        page = fits[start : start + self.page]
        more = {"cursor": str(start + self.page)} if start + self.page < len(fits) else {}
        self._answer = 200, {}, json.dumps({"posts": page, **more}).encode()
        return super().send(request, *args, **options)


def placed(each: dict[str, Any]) -> str:
    return str(min(each["record"]["createdAt"], each["indexedAt"]))


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(-3, 3)), max_size=30), st.integers(1, 4), st.integers(0, 5)
)  # fmt: skip
@example([(0, 0), (2, -1), (1, 0)], 1, 0)
def test_a_search_brings_every_post_once_however_clocks_run_and_wherever_it_stops(
    times: list[tuple[int, int]], page: int, stop: int
) -> None:
    start = datetime(2025, 3, 4, tzinfo=UTC)
    posts = [
        post(str(number), start + at * TICK, indexedAt=written(start + (at + skew) * TICK))
        for number, (at, skew) in enumerate(times)
    ]
    server, watch = Server(posts, page), KEYWORD.with_(since=start - timedelta(seconds=1))
    found: list[str] = []
    cursor = Cursor()
    for pages in (stop, 1_000):
        network = open_network("bluesky", server, clock=SteppedClock(STANDS_AT))
        for each, _ in zip(network.pull(watch, cursor), range(pages), strict=False):
            found += [record["uri"] for record in each.records]
            cursor = each.cursor

    assert sorted(found) == sorted(each["uri"] for each in posts)


def test_the_next_window_begins_where_the_last_one_ended() -> None:
    network, transport = replaying(
        Exchange(request=f"{SEARCH}?q=acme&sort=latest&since=2025-03-05T11:50:00.000Z&until={END}&limit=100",
                 body={"posts": []}),
    )  # fmt: skip

    (page,) = network.pull(KEYWORD, Cursor(position="2025-03-05T11:50:00.000Z"))

    assert page.cursor == Cursor(position=END)
    assert list(network.pull(KEYWORD, page.cursor)) == [], "nothing has settled since"
    assert len(transport.asked) == 1


def test_a_moment_fuller_than_a_page_needs_the_cursor_which_strangers_are_refused() -> None:
    at = datetime(2025, 3, 4, tzinfo=UTC)
    window = f"{SEARCH}?q=acme&sort=latest&since=2025-03-01T00:00:00.000Z&limit=100"
    same = {"posts": [post("a", at), post("b", at)], "cursor": "2"}
    network, _ = replaying(
        Exchange(request=f"{window}&until={END}", body=same),
        Exchange(request=f"{window}&until=2025-03-04T00:00:00.001Z", body=same),
        Exchange(request=f"{window}&until=2025-03-04T00:00:00.001Z&cursor=2", status=403, body="<html>"),
    )

    with pytest.raises(AccessDenied, match="put a handle and an app password"):
        list(network.pull(KEYWORD, Cursor()))


def test_what_came_after_the_run_began_is_left_to_the_next_one() -> None:
    young, old = datetime(2025, 3, 5, 11, 59, 45, tzinfo=UTC), datetime(2025, 3, 5, 11, tzinfo=UTC)
    feed = {"feed": [{"post": post("b", young)}, {"post": post("a", old)}]}
    network, _ = replaying(
        Exchange(request="GET /xrpc/app.bsky.feed.getAuthorFeed?actor=did:plc:ana&limit=100", body=feed)
    )

    (page,) = network.pull(KEYWORD.with_(kind="profile", value="did:plc:ana"), Cursor())

    assert [record["record"]["text"] for record in page.records] == ["acme a"]
    assert page.cursor.position == END


def test_half_an_account_is_a_mistake_that_names_the_other_half() -> None:
    connection = Connection(id="bluesky_default", login="acme.bsky.test")
    network = connectors.load("bluesky")(connectors.manifest("bluesky"), connection, Services.local())

    with pytest.raises(SetupError, match="bluesky_default lacks app_password"):
        network.check()


@pytest.mark.parametrize(
    ("facts", "address"),
    [
        ({}, "https://public.api.bsky.app"),
        ({"host": "appview.test"}, "https://appview.test"),
        ({"login": "a.test", "password": "p"}, "https://bsky.social"),
        ({"login": "a.test", "password": "p", "host": "https://pds.test/"}, "https://pds.test"),
    ],
)
def test_strangers_ask_the_public_server_and_accounts_their_own(facts: dict[str, str], address: str) -> None:
    connection = Connection(id="bluesky_default", **facts)
    network = connectors.load("bluesky")(connectors.manifest("bluesky"), connection, Services.local())

    assert network.base_url == address


def test_an_account_proves_one_thing_more_than_a_stranger() -> None:
    stranger, account = (replaying(signed_in=signed_in)[0] for signed_in in (False, True))

    assert list(stranger.proofs()) == ["access", "search"]
    assert list(account.proofs()) == ["access", "search", "mentions"]


def test_reposts_are_neither_looked_up_nor_taken_for_deleted() -> None:
    network, transport = replaying()
    uri = "at://did:plc:ana/app.bsky.feed.repost/1"

    assert list(network.look_up([Reference(key=f"bluesky:post:{uri}", native_id=uri)])) == []
    assert transport.asked == []


@pytest.mark.parametrize("handle", ["acme", "@acme", ""])
def test_a_handle_is_written_out_in_full(handle: str) -> None:
    network, transport = replaying()

    with pytest.raises(SetupError, match="no handle on Bluesky"):
        list(network.pull(KEYWORD.with_(kind="profile", value=handle), Cursor()))
    assert transport.asked == []


@pytest.mark.parametrize(
    "body", [[{"did": "did:plc:ana"}], {"profiles": []}, {"feeds": [{}]}, ["x"], 7, [{"post": {}}]]
)
def test_what_holds_no_posts_is_said_to_hold_none(body: Any) -> None:
    with pytest.raises(ContractBroken):
        posts_of(listed(body))


def test_a_deep_thread_is_walked_without_running_out_of_stack() -> None:
    branch: dict[str, Any] = {"post": post("0", STANDS_AT), "replies": []}
    for number in range(1, 3_000):
        branch = {"post": post(str(number), STANDS_AT), "replies": [branch]}

    assert len(posts_of(listed({"thread": branch}))) == 3_000


def test_a_token_tells_when_it_ends() -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1741183200}).encode()).decode().rstrip("=")

    assert ends_at(f"x.{claims}.y") == datetime(2025, 3, 5, 14, tzinfo=UTC)
    assert [ends_at(token) for token in ("", "opaque", "a.b.c", f"x.{claims}", "a.e30.c")] == [None] * 5


def test_a_session_is_begun_once_and_followed_by_its_refresh_token() -> None:
    recording = next(each for each in recordings(name="bluesky") if each.path.stem == "session_ended")
    asked = [line.partition("?")[0].rpartition(".")[2] for line in recording.requests]

    assert [post.text for page in replay(recording) for post in page.posts]
    assert asked == ["createSession", "searchPosts", "refreshSession", "searchPosts"]


@pytest.mark.shared
@pytest.mark.parametrize("recording", recordings(name="bluesky"), ids=str)
def test_every_request_is_one_that_the_lexicons_allow(recording: Any, shared: Path) -> None:
    for line, exchange in zip(recording.requests, recording.story.exchanges, strict=True):
        assert lexicons.request_faults(shared / CONTRACT, line) == [], line
        if exchange.sent is not None:
            method = line.rpartition("/")[2]
            assert lexicons.body_faults(shared / CONTRACT, method, exchange.sent) == []


@pytest.mark.shared
@pytest.mark.parametrize("recording", recordings(name="bluesky"), ids=str)
def test_every_answer_that_we_invented_is_one_that_the_lexicons_allow(recording: Any, shared: Path) -> None:
    for line, exchange in zip(recording.requests, recording.story.exchanges, strict=True):
        if exchange.status == 200 and not isinstance(exchange.body, str):
            method = line.partition("?")[0].rpartition("/")[2]
            assert lexicons.faults(shared / CONTRACT, method, exchange.body) == [], line


def told(body: Any) -> Iterator[dict[str, Any]]:
    """Every entry that a recorded answer shows as a post, read without our own reader."""
    if isinstance(body, list):
        for each in body:
            yield from told(each)
    elif isinstance(body, dict):
        if isinstance(body.get("thread"), dict):
            yield from told(body["thread"])
            return
        for name in ("posts", "feed", "notifications"):
            yield from told(body.get(name))
        shown = body.get("post", body)
        if isinstance(shown, dict) and {"uri", "author", "record"} <= set(shown):
            if shown["record"].get("$type") == "app.bsky.feed.post":
                yield body
            for branch in (body.get("parent"), body.get("replies")):
                yield from told(branch) if "post" in body else ()


def facts(entry: dict[str, Any]) -> tuple[Any, ...]:
    shown, reason = entry.get("post", entry), entry.get("reason")
    by = reason if isinstance(reason, dict) and "by" in reason else None
    record = shown["record"]
    time = datetime.fromisoformat((by or {}).get("indexedAt") or record["createdAt"])
    return (
        (by or shown)["uri"], (time if time.tzinfo else time.replace(tzinfo=UTC)),
        (by["by"] if by else shown["author"])["did"], record["text"],
        None if by else record.get("reply", {}).get("parent", {}).get("uri"), None if by else shown.get("likeCount"),
    )  # fmt: skip


@pytest.mark.shared
def test_recorded_answers_become_the_posts_that_stand_in_them_or_a_named_error(shared: Path) -> None:
    read = 0
    for file in sorted((shared / "recorded" / "bluesky").rglob("*.json")):
        body = json.loads(file.read_text(encoding="utf-8"))["interactions"][0]["response"]["body"]
        outcomes = list(rehearse("bluesky", [file]))
        posts = [outcome["post"] for outcome in outcomes if "post" in outcome]
        expected = [facts(entry) for entry in told(body)]
        found = [
            (each["native_id"], datetime.fromisoformat(each["published_at"]), each["author"]["native_id"], each["text"],
             each.get("in_reply_to", "").removeprefix("bluesky:post:") or None, each.get("engagement", {}).get("likes"))
            for each in posts
        ]  # fmt: skip

        assert sorted(map(repr, found)) == sorted(map(repr, expected)), file.name
        assert not any("quarantined" in outcome or "nothing" in outcome for outcome in outcomes), file.name
        assert outcomes, file.name
        assert all({"post", "error", "empty", "metric"} & set(outcome) for outcome in outcomes), file.name
        numbers = {each["metric"]["name"]: each["metric"]["value"] for each in outcomes if "metric" in each}
        if isinstance(body, dict) and "followersCount" in body:
            assert (numbers["followers"], numbers["following"]) == (body["followersCount"], body["followsCount"])
        read += len(posts)
    assert read > 100
