"""The played X: held to the vendor's description, to recorded answers, and to how it pages, refuses and counts."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.x.sandbox_query import QueryError, matcher
from sandbox.people import Person, WorldPost, marks
from sandbox.process import SandboxProcess
from tests.connectors.contracts import always, faults, objects, recorded
from tests.connectors.played import through

BASE = "https://api.x.com/2"
FIELDS = {
    "tweet.fields": "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,lang,public_metrics,"
    "referenced_tweets,in_reply_to_user_id,possibly_sensitive,reply_settings",
    "user.fields": "name,username,public_metrics,verified,verified_type,created_at,description,protected",
    "expansions": "author_id,referenced_tweets.id",
}
CURRENT = {
    "post.fields": "attachments,conversation_id,created_at,entities,lang,note_post,public_metrics,possibly_sensitive",
    "user.fields": "name,username,public_metrics,verified,verified_type,created_at,description,protected",
    "expansions": "author_id,edit_history_post_ids,referenced_posts,attachments.media_keys",
}
RENAMED = {"retweet_count": "repost_count", "tweet_count": "post_count"}
"""Asked in `tweet.fields` X answers in older words, as recorded; its description of 2.167 has today's alone."""


class Client:
    """Asks the played X as an app would."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self._session = through(sandbox.env)

    def ask(self, path: str, *, token: str = "sandbox-x-bearer", **params: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return self._session.get(f"{BASE}{path}", params=params, headers=headers, timeout=20)

    def send(self, method: str, url: str, **more: Any) -> requests.Response:
        """Any other call; a signed address gets no token."""
        token = {"Authorization": "Bearer sandbox-x-bearer"} if url.startswith(BASE) else {}
        headers = token | more.pop("headers", {})
        return self._session.request(method, url, headers=headers, timeout=20, **more)

    def search(self, query: str, **params: Any) -> dict[str, Any]:
        body: dict[str, Any] = self.ask("/tweets/search/recent", query=query, **params).json()
        return body

    def every(self, query: str, **params: Any) -> list[str]:
        """The ids of all pages, in order."""
        ids: list[str] = []
        token: dict[str, str] = {}
        while True:
            body = self.search(query, **params, **token)
            ids += [post["id"] for post in body.get("data", [])]
            if "next_token" not in body["meta"]:
                return ids
            token = {"next_token": body["meta"]["next_token"]}


@pytest.fixture
def client(sandbox: SandboxProcess) -> Client:
    return Client(sandbox)


@pytest.fixture
def openapi(shared: Path) -> Path:
    return shared / "contracts" / "twitter" / "openapi.json"


def schema_of(openapi: Path, path: str) -> dict[str, Any]:
    """How the vendor describes a good answer."""
    if not openapi.exists():
        pytest.skip("needs contracts/twitter/openapi.json")
    answers = json.loads(openapi.read_text())["paths"][path]["get"]["responses"]
    schema: dict[str, Any] = answers["200"]["content"]["application/json"]["schema"]
    return schema


@pytest.mark.parametrize(
    ("path", "asked", "params"),
    [
        ("/2/tweets/search/recent", "/tweets/search/recent", {"query": "acme", "max_results": 100, **FIELDS}),
        ("/2/tweets/search/recent", "/tweets/search/recent", {"query": "is:retweet OR is:quote", **FIELDS}),
        ("/2/tweets/search/recent", "/tweets/search/recent", {"query": "nobodysaysthis"}),
        ("/2/tweets/search/recent", "/tweets/search/recent", {"query": "acme", "max_results": 100, **CURRENT}),
        ("/2/tweets/search/recent", "/tweets/search/recent", {"query": "is:retweet OR is:quote", **CURRENT}),
        ("/2/tweets", "/tweets", {"ids": "1,2", **CURRENT}),
        ("/2/tweets/{id}/quote_tweets", "/tweets/1/quote_tweets", CURRENT),
        ("/2/users/{id}", "/users/1000001", {"user.fields": FIELDS["user.fields"]}),
        ("/2/users/{id}", "/users/999", {}),
        ("/2/compliance/jobs", "/compliance/jobs", {"type": "tweets"}),
        ("/2/users/{id}/mentions", "/users/1000001/mentions", {"max_results": 100, **FIELDS}),
        ("/2/users/{id}/tweets", "/users/1000001/tweets", FIELDS),
        ("/2/users/by/username/{username}", "/users/by/username/acme", {"user.fields": FIELDS["user.fields"]}),
        ("/2/users/by/username/{username}", "/users/by/username/nobody_at_all", {}),
        ("/2/usage/tweets", "/usage/tweets", {}),
    ],
)
def test_answers_are_as_the_vendor_describes_them(
    client: Client, openapi: Path, path: str, asked: str, params: dict[str, Any]
) -> None:
    answer = client.ask(asked, **params)

    assert answer.status_code == 200
    body = answer.json()
    for each in objects(body) if "post.fields" not in params else ():
        each |= {new: each[old] for old, new in RENAMED.items() if old in each}
    assert faults(openapi, schema_of(openapi, path), body) == []


@pytest.mark.parametrize(
    "params",
    [{"query": ""}, {"query": "(acme"}, {"query": "acme", "max_results": 5}, {"query": "a", "start_time": "x"}],
)
def test_refusals_are_problems_as_the_vendor_describes_them(
    client: Client, openapi: Path, params: dict[str, Any]
) -> None:
    answer = client.ask("/tweets/search/recent", **params)

    assert answer.status_code == 400
    assert answer.json()["type"] == "https://api.x.com/2/problems/invalid-request"
    assert faults(openapi, {"$ref": "#/components/schemas/Problem"}, answer.json()) == []


def test_posts_and_users_have_all_keys_that_recorded_ones_always_have(client: Client, shared: Path) -> None:
    bodies = list(recorded(shared / "recorded" / "twitter" / "nango"))
    posts = [each for body in bodies for each in objects(body) if "edit_history_tweet_ids" in each and "lang" in each]
    users = [each for body in bodies for each in objects(body) if "username" in each]
    metrics = [each["public_metrics"] for each in posts if "public_metrics" in each]
    people = [each["public_metrics"] for each in users if "public_metrics" in each]

    body = client.search("acme", max_results=100, **FIELDS)

    for post in body["data"]:
        assert always(posts) <= set(post)
        assert always(metrics) <= set(post["public_metrics"])
    for user in body["includes"]["users"]:
        assert always(users) <= set(user)
        assert always(people) <= set(user["public_metrics"])


def test_an_answer_to_a_post_that_is_gone_tells_so_beside_it(
    client: Client, openapi: Path, sandbox: SandboxProcess
) -> None:
    parent = sandbox.control.add_post(network="x", author="nia", text="soon gone, @acme")
    sandbox.control.add_post(network="x", author="omar", text="what was that, @acme?", in_reply_to=parent)
    sandbox.control.change_post(parent, deleted_at=datetime.now(UTC).isoformat())

    body = client.search("from:omar", **FIELDS)

    [reference], [error] = body["data"][0]["referenced_tweets"], body["errors"]
    assert reference == {"type": "replied_to", "id": error["resource_id"]}
    assert body["data"][0]["conversation_id"] == error["value"]
    assert faults(openapi, {"$ref": "#/components/schemas/ResourceNotFoundProblem"}, error) == []


def test_a_page_without_posts_has_no_data(client: Client) -> None:
    assert client.search("nobodysaysthis", **FIELDS) == {"meta": {"result_count": 0}}


def test_only_the_fields_that_were_asked_for_are_told(client: Client) -> None:
    bare = client.search("acme")["data"][0]
    more = client.search("acme", **{"tweet.fields": "lang"})["data"][0]

    assert set(bare) == {"id", "text", "edit_history_tweet_ids"}
    assert set(more) == {*bare, "lang"}


def test_pages_lead_from_the_newest_to_the_oldest_and_miss_nothing(client: Client) -> None:
    ids = client.every("acme", max_results=10)

    assert ids == sorted(set(ids), key=int, reverse=True)
    assert len(ids) > 40
    assert ids == client.every("acme", max_results=100)


def test_the_first_page_tells_the_id_from_which_to_go_on(client: Client, sandbox: SandboxProcess) -> None:
    newest = client.search("acme", max_results=10)["meta"]["newest_id"]
    assert client.search("acme", since_id=newest)["meta"] == {"result_count": 0}

    sandbox.control.add_post(network="x", author="nia", text="Hello @acme")
    body = client.search("acme", since_id=newest)

    assert [post["text"] for post in body["data"]] == ["Hello @acme"]


def test_a_page_does_not_shift_when_something_is_said_in_between(client: Client, sandbox: SandboxProcess) -> None:
    first = client.search("acme", max_results=10)
    sandbox.control.add_post(network="x", author="nia", text="Hello @acme")

    second = client.search("acme", max_results=10, next_token=first["meta"]["next_token"])

    assert not {post["id"] for post in first["data"]} & {post["id"] for post in second["data"]}
    assert int(second["meta"]["newest_id"]) < int(first["meta"]["oldest_id"])


def test_an_edit_is_a_new_id_and_search_gives_the_newest_form(client: Client, sandbox: SandboxProcess) -> None:
    number = sandbox.control.add_post(network="x", author="nia", text="Helo @acme")
    before = client.search("from:nia")["data"][0]

    sandbox.control.change_post(number, edited_text="Hello @acme")
    after = client.search("from:nia", since_id=before["id"], **FIELDS)["data"]

    assert [post["text"] for post in after] == ["Hello @acme"]
    assert after[0]["edit_history_tweet_ids"] == [before["id"], after[0]["id"]]
    assert after[0]["conversation_id"] == before["id"]
    assert len(client.search("from:nia")["data"]) == 1


def test_a_repost_is_cut_and_refers_to_the_whole(client: Client, sandbox: SandboxProcess) -> None:
    words = "A long story about @acme. " * 10
    original = sandbox.control.add_post(network="x", author="nia", text=words.strip())
    sandbox.control.add_post(network="x", author="omar", text=words.strip(), shared=original)

    body = client.search("from:omar", **FIELDS)

    repost = body["data"][0]
    assert repost["text"].startswith("RT @nia: A long story")
    assert repost["text"].endswith("…")
    assert len(repost["text"]) == 140
    assert repost["referenced_tweets"][0]["type"] == "retweeted"
    assert [post["text"] for post in body["includes"]["tweets"]] == [words.strip()]
    assert client.search("from:omar -is:retweet")["meta"]["result_count"] == 0


def test_marks_have_their_places_in_the_text(client: Client, sandbox: SandboxProcess) -> None:
    text = "Look @acme, #coffee at https://blog.acme.test/a?b=1&c=2 <now>"
    sandbox.control.add_post(network="x", author="nia", text=text)

    post = client.search("from:nia", **FIELDS)["data"][0]

    assert post["text"] == text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for name, key in (("mentions", "username"), ("hashtags", "tag"), ("urls", "url")):
        mark = post["entities"][name][0]
        assert text[mark["start"] : mark["end"]].lstrip("@#") == mark[key]


def test_every_answer_names_its_window_and_each_path_has_its_own(client: Client) -> None:
    search = client.ask("/tweets/search/recent", query="acme").headers
    again = client.ask("/tweets/search/recent", query="acme").headers
    mentions = client.ask("/users/1000001/mentions").headers

    assert int(again["x-rate-limit-remaining"]) == int(search["x-rate-limit-remaining"]) - 1
    assert (search["x-rate-limit-limit"], mentions["x-rate-limit-limit"]) == ("450", "450")
    assert mentions["x-rate-limit-remaining"] == "449"
    left = int(search["x-rate-limit-reset"]) - datetime.now(UTC).timestamp()
    assert 0 < left <= 900


def test_limits_are_those_of_the_vendors_table(client: Client, shared: Path) -> None:
    table = shared / "contracts" / "twitter" / "rate-limits.json"
    if not table.exists():
        pytest.skip("needs contracts/twitter/rate-limits.json")
    known = {row["path"]: row["per_app"] for row in json.loads(table.read_text())["limits"] if row["method"] == "GET"}

    for path, asked in (
        ("/2/tweets/search/recent", "/tweets/search/recent"),
        ("/2/users/:id/mentions", "/users/1000001/mentions"),
        ("/2/users/:id/tweets", "/users/1000001/tweets"),
        ("/2/users/by/username/:username", "/users/by/username/acme"),
        ("/2/usage/tweets", "/usage/tweets"),
        ("/2/tweets", "/tweets"),
        ("/2/tweets/:id/quote_tweets", "/tweets/1/quote_tweets"),
        ("/2/users/:id", "/users/1000001"),
        ("/2/compliance/jobs", "/compliance/jobs"),
    ):
        limit = client.ask(asked).headers["x-rate-limit-limit"]
        assert known[path].replace(",", "") == f"{limit}/15min", path


def test_one_call_too_many_is_refused_until_the_window_ends(client: Client, sandbox: SandboxProcess) -> None:
    answers = [client.ask("/usage/tweets") for _ in range(51)]

    assert [answer.status_code for answer in answers] == [200] * 50 + [429]
    assert answers[-1].headers["x-rate-limit-remaining"] == "0"
    assert answers[-1].headers["content-type"] == "application/problem+json"
    sandbox.control.advance(901)
    assert client.ask("/usage/tweets").status_code == 200


def test_a_stranger_is_refused_and_learns_no_limits(client: Client) -> None:
    answer = client.ask("/usage/tweets", token="wrong")

    assert answer.status_code == 401
    assert answer.json() == {"title": "Unauthorized", "detail": "Unauthorized", "type": "about:blank", "status": 401}
    assert "x-rate-limit-limit" not in answer.headers


def test_search_looks_back_seven_days(client: Client, sandbox: SandboxProcess) -> None:
    old = datetime.now(UTC) - timedelta(days=8)
    sandbox.control.add_post(network="x", author="nia", text="Long ago, @acme", published_at=old.isoformat())

    assert client.search("from:nia")["meta"]["result_count"] == 0
    refused = client.ask("/tweets/search/recent", query="acme", start_time=old.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert refused.status_code == 400
    assert "start_time" in refused.json()["errors"][0]["parameters"]
    assert client.ask("/tweets/search/recent", query="acme", since_id="1234").status_code == 400


def test_a_clock_that_was_moved_on_does_not_lock_the_hub_out(client: Client, sandbox: SandboxProcess) -> None:
    newest = client.search("acme")["meta"]["newest_id"]

    sandbox.control.advance(30 * 86_400)

    assert client.ask("/tweets/search/recent", query="acme", since_id=newest).status_code == 200


def test_posts_are_looked_up_and_those_that_are_gone_are_told(client: Client) -> None:
    id = client.search("acme")["data"][0]["id"]

    body = client.ask("/tweets", ids=f"{id},12345").json()

    assert [post["id"] for post in body["data"]] == [id]
    assert [error["resource_id"] for error in body["errors"]] == ["12345"]


def test_a_post_that_was_edited_is_found_by_its_first_id_too(client: Client, sandbox: SandboxProcess) -> None:
    number = sandbox.control.add_post(network="x", author="nia", text="Helo @acme")
    first = client.search("from:nia")["data"][0]["id"]
    sandbox.control.change_post(number, edited_text="Hello @acme")

    [post] = client.ask("/tweets", ids=first, **CURRENT).json()["data"]

    assert (post["text"], post["edit_history_post_ids"]) == ("Hello @acme", [first, post["id"]])


def test_a_conversation_and_the_quotes_of_a_post_can_be_asked_for(client: Client, sandbox: SandboxProcess) -> None:
    root = sandbox.control.add_post(network="x", author="nia", text="It leaks")
    sandbox.control.add_post(network="x", author="omar", text="Mine too", in_reply_to=root)
    sandbox.control.add_post(network="x", author="omar", text="Look at this", shared=root, kind="quote")
    id = client.search("from:nia")["data"][0]["id"]

    thread = client.search(f"conversation_id:{id}", **CURRENT)["data"]
    quotes = client.ask(f"/tweets/{id}/quote_tweets", max_results=10, **CURRENT).json()["data"]

    assert [post["text"] for post in thread] == ["Mine too", "It leaks"]
    assert [post["text"] for post in quotes] == ["Look at this"]
    assert quotes[0]["referenced_posts"] == [{"type": "quoted", "id": id}]


def test_a_long_text_is_cut_and_stands_whole_in_its_note(client: Client, sandbox: SandboxProcess) -> None:
    words = ("A long story about @acme. " * 20).strip()
    sandbox.control.add_post(network="x", author="nia", text=words)

    post = client.search("from:nia", **CURRENT)["data"][0]

    assert len(post["text"]) == 280
    assert post["note_post"] == {"text": words}


def test_a_compliance_job_tells_which_posts_are_gone(client: Client, openapi: Path, sandbox: SandboxProcess) -> None:
    number = sandbox.control.add_post(network="x", author="nia", text="Soon gone, @acme")
    here, gone = client.search("from:acme")["data"][0]["id"], client.search("from:nia")["data"][0]["id"]
    sandbox.control.change_post(number, deleted_at=datetime.now(UTC).isoformat())

    made = client.send("POST", f"{BASE}/compliance/jobs", json={"type": "tweets"}).json()
    job = made["data"]
    assert faults(openapi, {"$ref": "#/components/schemas/CreateComplianceJobsResponse"}, made) == []
    plain = {"Content-Type": "text/plain"}
    assert client.send("PUT", job["upload_url"], data=f"{here}\n{gone}\n", headers=plain).status_code == 200
    assert client.ask(f"/compliance/jobs/{job['id']}").json()["data"]["status"] == "in_progress"
    sandbox.control.advance(5)
    done = client.ask(f"/compliance/jobs/{job['id']}").json()["data"]
    lines = client.send("GET", done["download_url"]).text.splitlines()

    assert done["status"] == "complete"
    assert [(line["id"], line["action"], line["reason"]) for line in map(json.loads, lines)] == [
        (gone, "delete", "deleted")
    ]
    assert client.send("GET", done["download_url"].partition("?")[0]).status_code == 403


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/tweets/search/recent", {"query": "acme", "max_results": "many"}),
        ("/tweets/search/recent", {"query": "acme", "next_token": "%%%"}),
        ("/tweets/search/recent", {"query": "acme", "since_id": "x"}),
        ("/tweets/search/recent", {"query": "a" * 513}),
        ("/users/nobody/mentions", {}),
        ("/users/999/tweets", {}),
        ("/tweets", {"ids": "a,b"}),
    ],
)
def test_what_x_does_not_take_is_a_400_and_no_crash(client: Client, path: str, params: dict[str, Any]) -> None:
    assert client.ask(path, **params).status_code == 400


def test_unknown_paths_are_told_in_the_vendors_words(client: Client) -> None:
    for path in ("/nothing", "/", ""):
        assert client.ask(path).json()["status"] == 404


def post(text: str, *, kind: str = "post", handle: str = "nia", lang: str = "en") -> WorldPost:
    author = Person(id=101, name="Nia", handle=handle)
    return WorldPost(
        id=1, network="x", author=author, text=text, lang=lang, published_at=datetime.now(UTC), kind=kind, **marks(text)
    )


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("acme", "I love ACME!", True),
        ("acme", "acmeology", False),
        ("acme brew", "brew by acme", True),
        ("acme brew", "acme", False),
        ('"brew one"', "the Brew One", True),
        ('"brew one"', "one brew", False),
        ("acme OR kaffa", "kaffa", True),
        ("a b OR c", "c", True),
        ("a b OR c", "a", False),
        ("a (b OR c)", "a c", True),
        ("a (b OR c)", "c", False),
        ("acme -kaffa", "acme kaffa", False),
        ("acme -(kaffa OR brewster)", "acme brewster", False),
        ("acme -(kaffa OR brewster)", "acme", True),
        ('acme -"brew one"', "acme brew one", False),
        ("#acme", "so #Acme it is", True),
        ("#acme", "acme", False),
        ("@acme", "hello @Acme", True),
        ("from:nia acme", "acme", True),
        ("from:@omar", "acme", False),
        ("lang:en", "acme", True),
        ("-is:reply has:hashtags", "#acme", True),
        ("has:links", "see https://acme.test/x", True),
        ("ORANGE", "an orange", True),
        ("https://acme.test", "see https://acme.test", True),
    ],
)
def test_the_search_language_is_understood(query: str, text: str, found: bool) -> None:
    assert matcher(query)(post(text)) is found


@pytest.mark.parametrize(
    "query", ["", "(acme", "acme)", '"brew', "acme OR", "OR acme", "()", "-", "sounds:nice", "is:funny", "has:feet"]
)
def test_what_is_no_query_is_refused(query: str) -> None:
    with pytest.raises(QueryError):
        matcher(query)
