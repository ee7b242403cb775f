"""The played Discourse: held to the vendor's description; how it pages, what it hides, and how it limits."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.wiring import Hub
from sandbox.process import SandboxProcess
from tests.connectors.contracts import faults
from tests.connectors.played import Client, Say, brought, opened, referred, watch

BASE = "https://forum.acme.test"
OPENAPI = Path("contracts", "discourse", "openapi.json")
AS_LISTED = {"$ref": "#/paths/~1posts.json/get/responses/200/content/application~1json/schema"}
AS_ALONE = {"$ref": "#/paths/~1posts~1{id}.json/get/responses/200/content/application~1json/schema"}
OF_TOPIC = {"$ref": "#/paths/~1t~1{id}~1posts.json/get/responses/200/content/application~1json/schema"}


@pytest.fixture
def client(sandbox: SandboxProcess) -> Client:
    return Client(sandbox, BASE)


def real_faults(path: Path, schema: dict[str, Any], answer: Any) -> list[str]:
    """Without two slips of the description: its posts answer by text, and list no likes."""
    return [
        each
        for each in faults(path, schema, answer)
        if "reply_to_post_number" not in each and "actions_summary" not in each
    ]


@pytest.mark.shared
def test_answers_are_as_the_vendor_describes_them(client: Client, say: Say, shared: Path) -> None:
    first = say("nia", "It drips")
    say("omar", "Descale it", in_reply_to=first)
    listed = client.get("/posts.json")
    post = listed["latest_posts"][0]

    assert real_faults(shared / OPENAPI, AS_LISTED, listed) == []
    alone = client.get(f"/posts/{post['id']}.json") | {"post_url": "/t/it-drips/1/2"}
    needed = ("reviewable_id", "reviewable_score_count", "reviewable_score_pending_count")
    assert real_faults(shared / OPENAPI, AS_ALONE, alone | dict.fromkeys(needed, 0)) == []
    assert real_faults(shared / OPENAPI, OF_TOPIC, client.get(f"/t/{post['topic_id']}/posts.json")) == []


def test_ids_lead_back_from_the_newest_and_before_is_inclusive(client: Client, say: Say) -> None:
    for number in range(60):
        say("nia", f"page {number}")
    found, before = [], None
    while page := client.get("/posts.json", **({"before": before} if before else {}))["latest_posts"]:
        found += [post["id"] for post in page]
        before = found[-1] - 1

    assert found == sorted(set(found), reverse=True)
    assert len(found) > 60
    assert client.get("/posts.json", before=found[3])["latest_posts"][0]["id"] == found[3]


def test_numbers_stay_when_posts_go(client: Client, sandbox: SandboxProcess, say: Say) -> None:
    first = say("nia", "One")
    second = say("omar", "Two", in_reply_to=first)
    say("pia", "Three", in_reply_to=second)
    three = client.get("/posts.json")["latest_posts"][0]
    sandbox.control.change_post(second, deleted_at=datetime.now(UTC).isoformat())

    again = client.get(f"/posts/{three['id']}.json")
    topic = three["topic_id"]
    assert (three["post_number"], three["reply_to_post_number"], again["post_number"]) == (3, 2, 3)
    assert client.ask(f"/posts/by_number/{topic}/2.json").status_code == 404
    assert client.get(f"/posts/by_number/{topic}/3.json")["id"] == three["id"]
    assert [post["post_number"] for post in client.get(f"/t/{topic}/posts.json")["post_stream"]["posts"]] == [1, 3]
    assert client.ask("/t/999999/posts.json").json()["error_type"] == "not_found"


def test_an_edit_is_a_second_version(client: Client, sandbox: SandboxProcess, say: Say) -> None:
    number = say("nia", "Helo")
    sandbox.control.change_post(number, edited_text="Hello <b>")

    post = client.get("/posts.json")["latest_posts"][0]

    assert (post["version"], post["cooked"]) == (2, "<p>Hello &lt;b&gt;</p>")
    assert post["updated_at"] > post["created_at"]


def test_too_many_calls_are_told_how_long_to_wait_twice(client: Client, sandbox: SandboxProcess) -> None:
    answers = [client.ask("/about.json") for _ in range(51)]

    assert {answer.status_code for answer in answers[:50]} == {200}
    wait = answers[-1].json()["extras"]["wait_seconds"]
    assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (429, str(wait))
    sandbox.control.advance(11)
    assert client.ask("/about.json").status_code == 200


def test_strangers_may_read_and_a_wrong_key_may_not(client: Client) -> None:
    assert client.ask("/posts.json").status_code == 200
    refused = client.ask("/posts.json", headers={"Api-Key": "x", "Api-Username": "acme"})
    assert (refused.status_code, refused.json()["error_type"]) == (403, "invalid_access")


@pytest.mark.usefixtures("hub_env")
def test_the_connector_reads_a_forum_and_looks_its_posts_up(sandbox: SandboxProcess, say: Say) -> None:
    first = say("nia", "My zamboni leaks")
    second = say("omar", "Descale it", in_reply_to=first)
    third = say("nia", "No change", in_reply_to=second)
    with opened("discourse", sandbox) as network:
        network.check()
        posts, cursor = brought(network, watch("discourse", "community", "forum.acme.test"))
        say("pia", "A zamboni here too", in_reply_to=first)
        later, _ = brought(network, watch("discourse", "community", "forum.acme.test"), cursor)
        found, _ = brought(network, watch("discourse", "keyword", "zamboni"))
        mine = {post.text: post for post in posts}
        sandbox.control.change_post(third, deleted_at=datetime.now(UTC).isoformat())
        looked_up = list(network.look_up([referred(mine[text]) for text in ("Descale it", "No change")]))
        numbers = {each.name for each in network.measure("forum.acme.test")}

    assert mine["No change"].in_reply_to == mine["Descale it"].key
    assert [post.text for post in later] == ["A zamboni here too"]
    # a reply stands in a topic whose title holds the word
    assert {post.text for post in found} == {"My zamboni leaks", "Descale it", "No change", "A zamboni here too"}
    assert [one.gone for one in looked_up] == [{mine["No change"].key: "deleted"}]
    assert [record["cooked"] for one in looked_up for record in one.records] == ["<p>Descale it</p>"]
    assert numbers == {"members", "posts", "topics", "active"}


def test_a_stranger_reads_without_any_connection(
    sandbox: SandboxProcess, say: Say, hub_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_DISCOURSE_DEFAULT")
    say("nia", "Open to all", published_at=(datetime.now(UTC) - timedelta(minutes=5)).isoformat())
    with Hub().open_network("discourse") as network:
        posts, _ = brought(network, watch("discourse", "community", "https://forum.acme.test"))

    assert "Open to all" in {post.text for post in posts}
