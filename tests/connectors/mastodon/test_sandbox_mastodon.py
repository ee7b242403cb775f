"""The played Mastodon: held to its description and to recorded answers; what a timeline shows, and how it pages."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.mastodon.sandbox_shapes import content_of
from hub.mapping.html import html_to_text
from sandbox.process import SandboxProcess
from tests.connectors.contracts import always, faults, objects, recorded
from tests.connectors.played import through

BASE = "https://mastodon.test"
TAG = "/api/v1/timelines/tag/acme"
LINK = re.compile(r'<([^>]*)>; rel="(\w+)"')


class Client:
    """Asks the played server as an app would."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self._session = through(sandbox.env)

    def ask(self, path: str, *, token: str = "sandbox-mastodon-token", **params: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        address = path if path.startswith("http") else f"{BASE}{path}"
        return self._session.get(address, params=params, headers=headers, timeout=20)

    def follow(self, path: str, rel: str, **params: Any) -> Iterator[list[str]]:
        """The ids of page after page, as `Link` leads."""
        answer = self.ask(path, **params)
        while answer.json():
            yield [status["id"] for status in answer.json()]
            answer = self.ask(links(answer)[rel])


def links(answer: requests.Response) -> dict[str, str]:
    return {rel: address for address, rel in LINK.findall(answer.headers.get("link", ""))}


@pytest.fixture
def client(sandbox: SandboxProcess) -> Client:
    return Client(sandbox)


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        (TAG, {"type": "array", "items": {"$ref": "#/components/schemas/Status"}}),
        ("/api/v1/timelines/public", {"type": "array", "items": {"$ref": "#/components/schemas/Status"}}),
        ("/api/v1/accounts/lookup?acct=acme", {"$ref": "#/components/schemas/Account"}),
        ("/api/v1/accounts/verify_credentials", {"$ref": "#/components/schemas/CredentialAccount"}),
        ("/api/v2/instance", {"$ref": "#/components/schemas/Instance"}),
        ("/api/v1/statuses/1", {"$ref": "#/components/schemas/Error"}),
        ("/api/v1/notifications", {"type": "array", "items": {"$ref": "#/components/schemas/Notification"}}),
    ],
)
def test_answers_are_as_they_are_described(client: Client, shared: Path, path: str, schema: dict[str, Any]) -> None:
    answer = client.ask(path).json()

    assert answer
    assert faults(shared / "contracts" / "mastodon" / "openapi.json", schema, answer) == []


def test_a_thread_and_statuses_by_name_are_as_they_are_described(
    client: Client, shared: Path, sandbox: SandboxProcess
) -> None:
    openapi = shared / "contracts" / "mastodon" / "openapi.json"
    root = sandbox.control.add_post(network="mastodon", author="nia", text="It drips #acme")
    sandbox.control.add_post(network="mastodon", author="omar", text="Mine too #acme", in_reply_to=root)
    replies = [status for status in client.ask(TAG, limit=40).json() if status["in_reply_to_id"]]
    ids = [status["id"] for status in replies]

    several = client.ask("/api/v1/statuses", **{"id[]": [*ids, "1"]}).json()
    context = client.ask(f"/api/v1/statuses/{ids[0]}/context").json()

    assert [status["id"] for status in several] == ids
    assert context["ancestors"][-1]["id"] == replies[0]["in_reply_to_id"]
    assert faults(openapi, {"type": "array", "items": {"$ref": "#/components/schemas/Status"}}, several) == []
    assert faults(openapi, {"$ref": "#/components/schemas/Context"}, context) == []
    assert client.ask("/api/v1/statuses", **{"id[]": list(map(str, range(21)))}).status_code == 422


def test_a_stranger_sees_all_but_what_belongs_to_an_account(client: Client) -> None:
    for path in (TAG, "/api/v1/accounts/lookup?acct=acme", "/api/v2/instance"):
        assert client.ask(path, token="").status_code == 200
    for path in ("/api/v1/notifications", "/api/v1/accounts/verify_credentials"):
        assert client.ask(path, token="").status_code == 401


def test_statuses_have_all_keys_that_recorded_ones_always_have(client: Client, shared: Path) -> None:
    found = [each for body in recorded(shared / "recorded" / "mastodon") for each in objects(body)]
    statuses = [each for each in found if {"uri", "visibility", "content", "quote_approval"} <= set(each)]
    accounts = [each for each in found if {"acct", "followers_count", "feature_approval"} <= set(each)]
    instances = [each for each in found if {"domain", "api_versions"} <= set(each)]
    mentions = [one for each in statuses for one in each["mentions"]]
    tags = [one for each in statuses for one in each["tags"]]

    ours = client.ask(TAG, limit=40).json()

    for status in ours:
        assert always(statuses) <= set(status)
        assert always(accounts) <= set(status["account"])
        assert all(always(mentions) <= set(one) for one in status["mentions"])
        assert all(always(tags) <= set(one) for one in status["tags"])
    assert any(status["mentions"] for status in ours)
    assert always(instances) <= set(client.ask("/api/v2/instance").json())


def test_keys_hold_the_types_of_recorded_ones(client: Client, shared: Path) -> None:
    found = [each for body in recorded(shared / "recorded" / "mastodon") for each in objects(body)]
    statuses = [each for each in found if {"uri", "visibility", "content", "quote_approval"} <= set(each)]
    types: dict[str, set[type]] = {}
    for each in statuses:
        for name, value in each.items():
            types.setdefault(name, set()).add(type(value))

    for status in client.ask(TAG, limit=40).json():
        strange = {name for name, value in status.items() if type(value) not in types.get(name, {type(None)})}
        assert strange - {"edited_at", "in_reply_to_id", "in_reply_to_account_id"} == set()


def test_min_id_walks_forwards_from_the_oldest_and_misses_nothing(client: Client) -> None:
    pages = list(client.follow(TAG, "prev", min_id="1", limit=10))
    ids = [id for page in pages for id in page[::-1]]

    assert ids == sorted(set(ids), key=int)
    assert len(pages) > 3
    assert all(page == sorted(page, key=int, reverse=True) for page in pages)


def test_max_id_walks_back_to_the_same_statuses(client: Client) -> None:
    forwards = {id for page in client.follow(TAG, "prev", min_id="1", limit=40) for id in page}
    backwards = [id for page in client.follow(TAG, "next", limit=7) for id in page]

    assert backwards == sorted(forwards, key=int, reverse=True)


def test_since_id_starts_at_the_newest_and_skips_what_lies_between(client: Client) -> None:
    ids = [id for page in client.follow(TAG, "next", limit=40) for id in page]

    page = [status["id"] for status in client.ask(TAG, since_id=ids[10], limit=5).json()]

    assert page == ids[:5]
    assert [status["id"] for status in client.ask(TAG, min_id=ids[10], limit=5).json()] == ids[5:10]


def test_an_empty_page_has_no_link_and_a_full_one_keeps_the_question(client: Client) -> None:
    newest = client.ask(TAG).json()[0]["id"]
    empty = client.ask(TAG, min_id=newest)

    assert empty.json() == []
    assert "link" not in empty.headers
    asked = links(client.ask("/api/v1/notifications", **{"types[]": "mention", "limit": "3"}))
    assert asked["prev"].startswith(f"{BASE}/api/v1/notifications?types%5B%5D=mention&limit=3&min_id=")
    assert asked["next"].startswith(f"{BASE}/api/v1/notifications?types%5B%5D=mention&limit=3&max_id=")


@pytest.mark.parametrize(("limit", "size"), [("5", 5), ("1000", 40), ("0", 20), ("many", 20), ("-3", 20)])
def test_a_limit_is_kept_within_bounds(client: Client, sandbox: SandboxProcess, limit: str, size: int) -> None:
    for number in range(41):
        sandbox.control.add_post(network="mastodon", author="nia", text=f"{number} #acme")

    assert len(client.ask(TAG, limit=limit).json()) == size


def test_what_is_said_in_private_is_told_to_us_and_shown_to_nobody(client: Client) -> None:
    told = client.ask("/api/v1/notifications", limit=80).json()
    private = [each["status"] for each in told if each["status"]["visibility"] in ("private", "direct")]
    assert {status["visibility"] for status in private} == {"private", "direct"}

    shown = {id for path in (TAG, "/api/v1/timelines/public") for page in client.follow(path, "next") for id in page}
    author = private[0]["account"]["id"]
    own = {status["id"] for status in client.ask(f"/api/v1/accounts/{author}/statuses", limit=40).json()}

    assert not shown & {status["id"] for status in private}
    assert not own & {status["id"] for status in private}


def test_a_boost_stands_with_its_booster_and_on_no_timeline(client: Client, sandbox: SandboxProcess) -> None:
    original = sandbox.control.add_post(network="mastodon", author="nia", text="Hello @acme #acme")
    sandbox.control.add_post(network="mastodon", author="omar", text="Hello @acme #acme", shared=original)
    account = client.ask("/api/v1/accounts/lookup", acct="omar").json()["id"]

    [boost] = client.ask(f"/api/v1/accounts/{account}/statuses").json()

    assert boost["content"] == ""
    assert boost["uri"].endswith("/activity")
    assert boost["reblog"]["account"]["acct"] == "nia"
    assert boost["id"] not in [status["id"] for status in client.ask(TAG, limit=40).json()]
    assert boost["id"] not in [each["status"]["id"] for each in client.ask("/api/v1/notifications").json()]


def test_nobody_is_notified_of_their_own_words(client: Client, sandbox: SandboxProcess) -> None:
    sandbox.control.add_post(network="mastodon", author="acme", text="We are @acme #acme")

    assert all(each["account"]["acct"] != "acme" for each in client.ask("/api/v1/notifications", limit=80).json())
    assert client.ask("/api/v1/notifications", **{"types[]": "favourite"}).json() == []
    assert client.ask("/api/v1/notifications", **{"exclude_types[]": "mention"}).json() == []


def test_an_edit_keeps_its_id_and_a_deleted_status_is_not_found(client: Client, sandbox: SandboxProcess) -> None:
    number = sandbox.control.add_post(network="mastodon", author="nia", text="Helo #acme")
    id = client.ask(TAG, limit=1).json()[0]["id"]

    sandbox.control.change_post(number, edited_text="Hello #acme")
    edited = client.ask(f"/api/v1/statuses/{id}").json()
    sandbox.control.change_post(number, deleted_at=datetime.now(UTC).isoformat())

    assert edited["content"].startswith("<p>Hello ")
    assert edited["edited_at"] > edited["created_at"]
    assert client.ask(f"/api/v1/statuses/{id}").status_code == 404
    assert client.ask(f"/api/v1/statuses/{id}/context").json() == {"error": "Record not found"}


def test_a_thread_is_told_from_its_first_status_to_its_last(client: Client, sandbox: SandboxProcess) -> None:
    def say(author: str, words: str, **facts: Any) -> int:
        return sandbox.control.add_post(network="mastodon", author=author, text=f"{words} #acme", **facts)

    first = say("nia", "one")
    second = say("omar", "two", in_reply_to=first)
    say("nia", "three", in_reply_to=second)
    say("pia", "four", in_reply_to=first)
    statuses = {status["content"].split()[0]: status for status in client.ask(TAG, limit=4).json()}

    context = client.ask(f"/api/v1/statuses/{statuses['<p>two']['id']}/context").json()
    whole = client.ask(f"/api/v1/statuses/{statuses['<p>one']['id']}/context").json()

    assert [each["content"].split()[0] for each in context["ancestors"]] == ["<p>one"]
    assert [each["content"].split()[0] for each in context["descendants"]] == ["<p>three"]
    assert [each["content"].split()[0] for each in whole["descendants"]] == ["<p>two", "<p>three", "<p>four"]
    assert statuses["<p>two"]["in_reply_to_account_id"] == statuses["<p>one"]["account"]["id"]


def test_every_answer_names_its_window_by_a_time(client: Client) -> None:
    first, second = client.ask(TAG).headers, client.ask(TAG).headers

    assert first["x-ratelimit-limit"] == "300"
    assert int(second["x-ratelimit-remaining"]) == int(first["x-ratelimit-remaining"]) - 1
    reset = datetime.fromisoformat(first["x-ratelimit-reset"])
    assert timedelta(0) < reset - datetime.now(UTC) <= timedelta(minutes=5)


def test_one_call_too_many_is_refused_until_the_window_ends(client: Client, sandbox: SandboxProcess) -> None:
    answers = [client.ask("/api/v2/instance") for _ in range(301)]

    assert {answer.status_code for answer in answers[:300]} == {200}
    assert (answers[-1].status_code, answers[-1].json()) == (429, {"error": "Too many requests"})
    sandbox.control.advance(301)
    assert client.ask("/api/v2/instance").status_code == 200


def test_a_wrong_token_is_refused_whatever_it_asks(client: Client) -> None:
    refused = client.ask(TAG, token="wrong")

    assert (refused.status_code, refused.json()) == (401, {"error": "The access token is invalid"})
    assert refused.headers["www-authenticate"].startswith('Bearer realm="Doorkeeper"')
    assert client.ask("/api/v2/instance", token="wrong").status_code == 401


def test_who_is_not_there_is_not_found(client: Client) -> None:
    for path in ("/api/v1/accounts/5/statuses", "/api/v1/accounts/lookup?acct=nobody_at_all", "/api/v1/nothing"):
        assert client.ask(path).status_code == 404
    assert client.ask("/api/v1/accounts/lookup?acct=acme@elsewhere.test").status_code == 404
    assert client.ask("/api/v1/accounts/lookup?acct=@ACME@mastodon.test").json()["acct"] == "acme"


@pytest.mark.parametrize(
    "text",
    [
        "Hello @acme and #Acme, this is great",
        '<script>alert(1)</script> & "quotes" #acme\'s',
        "two lines\nand a paragraph\n\nhere",
        "see https://blog.acme.test/a/very/long/address/that/is/cut?x=1&y=<2> now",
        "no#tag no@name a&#38;b",
    ],
)
def test_the_html_says_what_was_written(text: str) -> None:
    assert html_to_text(content_of(text)) == text


def test_a_name_of_another_server_is_shown_by_its_first_part_and_leads_there() -> None:
    content = content_of("Hello @nia@elsewhere.test")

    assert html_to_text(content) == "Hello @nia"
    assert 'href="https://elsewhere.test/@nia"' in content
