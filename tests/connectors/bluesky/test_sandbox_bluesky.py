"""The played Bluesky: held to the lexicons; what strangers and accounts see, how it pages, and its sessions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.bluesky.sandbox_shapes import key_of, number_in
from hub.domain import Cursor, Watch
from hub.wiring import Hub
from sandbox.process import SandboxProcess
from tests.connectors import lexicons
from tests.connectors.played import through

PUBLIC, OWN = "https://public.api.bsky.app", "https://bsky.social"
CONTRACT = Path("contracts", "bluesky", "lexicons.json")
FEED, NOTE, SEARCH = (
    "app.bsky.feed.getAuthorFeed",
    "app.bsky.notification.listNotifications",
    "app.bsky.feed.searchPosts",
)
THREAD, POSTS, PROFILE = "app.bsky.feed.getPostThread", "app.bsky.feed.getPosts", "app.bsky.actor.getProfile"
CREATE, REFRESH = "com.atproto.server.createSession", "com.atproto.server.refreshSession"


class Client:
    """Asks the played servers as an app would."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self._session = through(sandbox.env)

    def ask(self, method: str, *, host: str = PUBLIC, token: str = "", **params: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._session.get(f"{host}/xrpc/{method}", params=params, headers=headers, timeout=20)

    def post(self, method: str, body: Any = None, *, token: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._session.post(f"{OWN}/xrpc/{method}", json=body, headers=headers, timeout=20)

    def log_in(self) -> dict[str, str]:
        words = {"identifier": "acme.bsky.test", "password": "sandbox-bluesky-app-password"}
        return dict(self.post(CREATE, words).json())


@pytest.fixture
def client(sandbox: SandboxProcess) -> Client:
    return Client(sandbox)


def say(sandbox: SandboxProcess, author: str, text: str, **facts: Any) -> int:
    return sandbox.control.add_post(network="bluesky", author=author, text=text, **facts)


@pytest.fixture
def talk(sandbox: SandboxProcess) -> None:
    """A thread under one of our own posts, a quote, a repost, and a reply that is gone."""
    first = say(sandbox, "acme", "What do you brew?")
    second = say(sandbox, "nia", "Filter #coffee https://forum.test/1", in_reply_to=first)
    say(sandbox, "omar", "Mine drips ☕ @acme", in_reply_to=second)
    say(sandbox, "pia", "They ask", shared=first, kind="quote")
    say(sandbox, "omar", "What do you brew?", shared=first)
    gone = say(sandbox, "pia", "never mind", in_reply_to=first)
    sandbox.control.change_post(gone, deleted_at=datetime.now(UTC).isoformat())


@pytest.mark.shared
@pytest.mark.usefixtures("talk")
def test_answers_are_as_the_lexicons_tell(client: Client, shared: Path) -> None:
    token = client.log_in()["accessJwt"]
    own = client.ask(FEED, actor="acme.bsky.test", filter="posts_no_replies").json()["feed"][0]["post"]["uri"]
    deep = client.ask(SEARCH, q="drips").json()["posts"][0]["uri"]
    answers = {
        SEARCH: [client.ask(SEARCH, q="acme"), client.ask(SEARCH, q="ask")],
        FEED: [client.ask(FEED, actor=f"{name}.bsky.test") for name in ("acme", "nia", "omar", "pia")],
        NOTE: [client.ask(NOTE, host=OWN, token=token)],
        THREAD: [client.ask(THREAD, uri=own), client.ask(THREAD, uri=deep)],
        POSTS: [client.ask(POSTS, uris=[own, deep])],
        PROFILE: [client.ask(PROFILE, actor=name) for name in ("acme.bsky.test", "bsky.app")],
        "com.atproto.identity.resolveHandle": [
            client.ask("com.atproto.identity.resolveHandle", handle="nia.bsky.test")
        ],
        "com.atproto.server.getSession": [client.ask("com.atproto.server.getSession", host=OWN, token=token)],
        CREATE: [client.post(CREATE, {"identifier": "acme.bsky.test", "password": "sandbox-bluesky-app-password"})],
        REFRESH: [client.post(REFRESH, token=client.log_in()["refreshJwt"])],
    }
    for method, given in answers.items():
        for answer in given:
            assert answer.status_code == 200, (method, answer.text)
            assert lexicons.faults(shared / CONTRACT, method, answer.json()) == [], method
    reasons = {note["reason"] for note in answers[NOTE][0].json()["notifications"]}
    assert {"reply", "quote", "repost"} <= reasons


def test_record_keys_are_numbers_that_sort_as_they_grow() -> None:
    numbers = [5, 1 << 40, (1 << 62) + 7]

    assert [number_in(key_of(number)) for number in numbers] == numbers
    assert sorted(map(key_of, numbers)) == list(map(key_of, numbers))
    assert number_in("no key!") == 0


def test_a_search_is_windowed_and_strangers_may_not_follow_its_cursor(client: Client, sandbox: SandboxProcess) -> None:
    for number in range(4):
        say(sandbox, "nia", f"tamper {number}")
    token = client.log_in()["accessJwt"]
    first = client.ask(SEARCH, q="tamper", limit=3).json()
    times = [post["indexedAt"] for post in first["posts"]]

    refused = client.ask(SEARCH, q="tamper", limit=3, cursor=first["cursor"])
    second = client.ask(SEARCH, host=OWN, token=token, q="tamper", limit=3, cursor=first["cursor"]).json()

    assert times == sorted(times, reverse=True)
    assert (refused.status_code, "<h1>403" in refused.text) == (403, True)
    assert [post["record"]["text"] for post in second["posts"]] == ["tamper 0"]
    assert "cursor" not in second
    window = client.ask(SEARCH, q="tamper", since=times[1], until=times[0]).json()["posts"]
    assert all(times[1] <= post["indexedAt"] < times[0] for post in window)
    assert client.ask(SEARCH).status_code == 400


def test_sessions_end_and_a_refresh_token_is_good_once(client: Client, sandbox: SandboxProcess) -> None:
    pair = client.log_in()
    assert client.ask(NOTE, host=OWN, token=pair["accessJwt"]).status_code == 200
    sandbox.control.advance(7_201)

    ended = client.ask(NOTE, host=OWN, token=pair["accessJwt"])
    following = client.post(REFRESH, token=pair["refreshJwt"]).json()
    again = client.post(REFRESH, token=pair["refreshJwt"])

    assert (ended.status_code, ended.json()["error"]) == (400, "ExpiredToken")
    assert client.ask(NOTE, host=OWN, token=following["accessJwt"]).status_code == 200
    assert (again.status_code, again.json()["error"]) == (400, "InvalidToken")
    assert client.post(REFRESH, token=following["accessJwt"]).json()["error"] == "InvalidToken"


def test_strangers_and_wrong_passwords_are_refused(client: Client) -> None:
    assert client.ask(NOTE).json()["error"] == "AuthMissing"
    assert client.ask(SEARCH, host=OWN, q="acme").status_code == 401
    for words in ({"identifier": "acme.bsky.test", "password": "x"}, {"identifier": "nia.bsky.test", "password": "x"}):
        assert client.post(CREATE, words).json()["error"] == "AuthenticationRequired"
    assert client.post(CREATE, []).status_code == 400


def test_log_ins_are_few(client: Client) -> None:
    answers = [client.post(CREATE, {"identifier": "acme.bsky.test", "password": "x"}).status_code for _ in range(31)]

    assert answers == [401] * 30 + [429]


def test_posts_that_are_gone_are_left_out_and_leave_a_place_in_their_thread(
    client: Client, sandbox: SandboxProcess
) -> None:
    first = say(sandbox, "nia", "It drips")
    say(sandbox, "omar", "Descale it", in_reply_to=first)
    uris = [client.ask(SEARCH, q=words).json()["posts"][0]["uri"] for words in ('"it drips"', '"descale it"')]
    sandbox.control.change_post(first, deleted_at=datetime.now(UTC).isoformat())

    thread = client.ask(THREAD, uri=uris[1]).json()["thread"]

    assert [post["uri"] for post in client.ask(POSTS, uris=uris).json()["posts"]] == uris[1:]
    assert thread["parent"] == {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uris[0], "notFound": True}
    assert client.ask(THREAD, uri=uris[0]).json()["error"] == "NotFound"
    assert client.ask(POSTS, uris=["x"] * 26).status_code == 400


def test_every_answer_names_its_window(client: Client) -> None:
    first, second = (client.ask(SEARCH, q="acme").headers for _ in range(2))

    assert int(second["ratelimit-remaining"]) == int(first["ratelimit-remaining"]) - 1
    assert 0 < int(first["ratelimit-reset"]) - datetime.now(UTC).timestamp() <= 300


def read(kind: str, value: str) -> list[str]:
    """What the connector reads of a first watch, as texts, sorted."""
    watch = Watch(network="bluesky", kind=kind, value=value, since=datetime.now(UTC) - timedelta(hours=1))
    with Hub().open_network("bluesky") as network:
        records = [record for page in network.pull(watch, Cursor()) for record in page.records]
    return sorted(record["record"]["text"] for record in records)


@pytest.mark.usefixtures("hub_env")
def test_the_connector_reads_mentions_and_what_notifications_do_not_tell(sandbox: SandboxProcess) -> None:
    def earlier(author: str, text: str, **facts: Any) -> int:
        at = datetime.now(UTC) - timedelta(minutes=20 - len(asked))
        asked.append(say(sandbox, author, text, published_at=at.isoformat(), **facts))
        return asked[-1]

    asked: list[int] = []
    below = earlier("acme", "Level 0")
    for number in range(1, 8):
        below = earlier("nia", f"Level {number}", in_reply_to=below)
    earlier("omar", "Hello @acme")

    found = read("mention", "@acme.bsky.test")

    assert [text for text in found if text.startswith(("Level", "Hello"))] == [
        "Hello @acme", *(f"Level {number}" for number in range(1, 8))
    ]  # fmt: skip
    assert "Level 3" in read("profile", "nia.bsky.test")
    assert "Level 3" in read("keyword", '"level 3"')


def test_strangers_read_without_any_connection(
    sandbox: SandboxProcess, hub_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_BLUESKY_DEFAULT")
    for number in range(5):
        at = datetime.now(UTC) - timedelta(minutes=number + 1)
        say(sandbox, "nia", f"open to all {number} #acme", published_at=at.isoformat())

    assert [text for text in read("hashtag", "#acme") if "open to all" in text] == [
        f"open to all {number} #acme" for number in range(5)
    ]  # fmt: skip
