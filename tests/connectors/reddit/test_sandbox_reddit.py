"""The played Reddit: tokens, listings, trees, shells of what was deleted, and who must present themselves."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.reddit.sandbox_shapes import base36, number_in
from sandbox.process import SandboxProcess
from tests.connectors.contracts import always, objects, recorded
from tests.connectors.played import Client, Say, brought, opened, referred, watch

API, SITE = "https://oauth.reddit.com", "https://www.reddit.com"
AGENT = "python:test:0.1 (by /u/acme)"
APP = ("sandbox-reddit-app", "sandbox-reddit-secret")


def token(sandbox: SandboxProcess, **form: str) -> str:
    client = Client(sandbox, SITE, **{"User-Agent": AGENT})
    grant = form or {"grant_type": "client_credentials"}
    return str(client.post("/api/v1/access_token", data=grant, auth=APP).json()["access_token"])


@pytest.fixture
def client(sandbox: SandboxProcess) -> Client:
    return Client(sandbox, API, **{"User-Agent": AGENT, "Authorization": f"Bearer {token(sandbox)}"})


def names(listing: Any) -> list[str]:
    return [child["data"]["name"] for child in listing["data"]["children"]]


def test_ids_are_numbers_in_base_36() -> None:
    assert [number_in(base36(number)) for number in (0, 35, 36, 36**6 + 7)] == [0, 35, 36, 36**6 + 7]
    assert number_in("no id!") == 0


def test_things_have_all_keys_that_recorded_ones_always_have(client: Client, say: Say, shared: Path) -> None:
    first = say("nia", "Keys of a post")
    say("omar", "Keys of a comment", in_reply_to=first)
    found = [each for body in recorded(shared / "recorded" / "reddit") for each in objects(body)]
    things = [each["data"] for each in found if each.get("kind") in ("t1", "t3") and isinstance(each.get("data"), dict)]
    posts = [each for each in things if "selftext" in each and "permalink" in each]
    comments = [each for each in things if "body" in each and "link_id" in each]

    (post,) = client.get("/search", q='"keys of a post"')["data"]["children"]
    tree = client.get(f"/comments/{post['data']['id']}")[1]["data"]["children"]

    assert always(posts) <= set(post["data"])
    assert always(comments) <= set(tree[0]["data"])


def test_a_listing_leads_back_from_the_newest_to_the_oldest(client: Client, say: Say) -> None:
    for number in range(5):
        say("nia", f"paging {number}")
    whole = client.get("/search", q="paging", limit=100)
    found, after = [], None
    while True:
        page = client.get("/search", q="paging", limit=2, **({"after": after} if after else {}))
        found += names(page)
        after = page["data"]["after"]
        if after is None:
            break

    assert found == names(whole)
    assert whole["data"]["children"][0]["data"]["selftext"] == "paging 4"


def test_what_was_deleted_leaves_listings_and_stays_as_a_shell(
    client: Client, sandbox: SandboxProcess, say: Say
) -> None:
    number = say("nia", "Soon gone")
    (name,) = names(client.get("/search", q='"soon gone"'))
    sandbox.control.change_post(number, deleted_at=datetime.now(UTC).isoformat())

    assert names(client.get("/search", q='"soon gone"')) == []
    (shell,) = client.get("/api/info", id=f"{name},t3_zzzzzz,t1_0")["data"]["children"]
    assert (shell["data"]["author"], shell["data"]["selftext"]) == ("[deleted]", "[deleted]")
    assert "author_fullname" not in shell["data"]


def test_a_tree_names_what_it_leaves_out(client: Client, say: Say) -> None:
    below = say("nia", "Level 0")
    for number in range(1, 6):
        below = say("omar", f"Level {number}", in_reply_to=below)
    (post,) = client.get("/search", q='"level 0"')["data"]["children"]

    branch = client.get(f"/comments/{post['data']['id']}")[1]["data"]["children"][0]
    texts = []
    while branch["kind"] == "t1":
        texts.append(branch["data"]["body"])
        branch = branch["data"]["replies"]["data"]["children"][0]
    more = client.get("/api/morechildren", link_id=post["data"]["name"], children=",".join(branch["data"]["children"]))

    assert texts == ["Level 1", "Level 2", "Level 3"]
    assert [each["data"]["body"] for each in more["json"]["data"]["things"]] == ["Level 4", "Level 5"]


def test_tokens_are_for_those_who_show_their_secrets(sandbox: SandboxProcess) -> None:
    client = Client(sandbox, SITE, **{"User-Agent": AGENT})
    ask = "/api/v1/access_token"

    assert client.post(ask, data={"grant_type": "client_credentials"}, auth=("x", "y")).status_code == 401
    assert client.post(ask, data={"grant_type": "refresh_token", "refresh_token": "x"}, auth=APP).status_code == 400
    assert client.post(ask, data={"grant_type": "magic"}, auth=APP).json() == {"error": "unsupported_grant_type"}
    refused = Client(sandbox, API, **{"User-Agent": AGENT}).ask("/api/v1/me")
    assert (refused.status_code, "invalid_token" in refused.headers["www-authenticate"]) == (401, True)


def test_an_application_alone_sees_no_inbox_and_a_client_without_a_name_nothing(
    client: Client, sandbox: SandboxProcess
) -> None:
    assert client.ask("/message/inbox").json()["reason"] == "USER_REQUIRED"
    assert client.ask("/search", headers={"User-Agent": "curl/8"}, q="acme").status_code == 429
    account = token(sandbox, grant_type="refresh_token", refresh_token="sandbox-reddit-refresh")
    assert client.ask("/api/v1/me", headers={"Authorization": f"Bearer {account}"}).json()["name"] == "acme"


def test_a_community_that_is_not_there_leads_to_a_search(client: Client) -> None:
    answer = client.ask("/r/nowhere_at_all/new")

    assert (answer.status_code, "subreddits/search" in answer.headers["location"]) == (302, True)


def test_every_answer_names_its_window(client: Client) -> None:
    headers = client.ask("/search", q="acme").headers

    assert headers["x-ratelimit-remaining"].endswith(".0")
    assert 0 < int(headers["x-ratelimit-reset"]) <= 600


@pytest.mark.usefixtures("hub_env")
def test_the_connector_reads_what_is_found_what_stands_below_it_and_what_is_told_to_us(
    sandbox: SandboxProcess, say: Say
) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    first = say("nia", "My zamboni leaks", published_at=at.isoformat())
    second = say("omar", "Descale it", in_reply_to=first)
    with opened("reddit", sandbox) as network:
        posts, cursor = brought(network, watch("reddit", "keyword", "zamboni"))
        say("nia", "No change. @acme help!", in_reply_to=second)
        later, cursor = brought(network, watch("reddit", "keyword", "zamboni"), cursor)
        nothing, _ = brought(network, watch("reddit", "keyword", "zamboni"), cursor)
        told, _ = brought(network, watch("reddit", "mention", "u/acme"))
        sandbox.control.change_post(second, deleted_at=datetime.now(UTC).isoformat())
        (again,) = network.look_up([referred(post) for post in posts])

    assert [post.text for post in posts] == ["My zamboni leaks", "Descale it"]
    assert posts[1].in_reply_to == posts[0].key
    assert [post.text for post in later] == ["No change. @acme help!"]
    assert nothing == []
    assert "No change. @acme help!" in {post.text for post in told}
    assert again.gone == {posts[1].key: "deleted"}
    assert [record["name"] for record in again.records] == [posts[0].native_id]


@pytest.mark.usefixtures("hub_env")
def test_the_connector_reads_a_community_and_its_comments(sandbox: SandboxProcess, say: Say) -> None:
    first = say("nia", "All about grinders")
    say("omar", "Burrs matter", in_reply_to=first)
    community = ("espresso", "coffee", "acmecoffee")[first % 3]
    with opened("reddit", sandbox) as network:
        posts, _ = brought(network, watch("reddit", "community", f"r/{community}"))
        numbers = {each.name: each.value for each in network.measure("acme")}

    assert {"All about grinders", "Burrs matter"} <= {post.text for post in posts}
    assert numbers["followers"]
    assert numbers["karma"]
