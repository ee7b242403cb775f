"""The played Facebook: what a Page shows and tells, how it pages, refuses and counts; and the connector against it."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.facebook.connector import COMMENT_FIELDS, METRIC_GROUPS, POST_FIELDS
from hub.domain import Post
from hub.errors import AccessDenied, RateLimited
from hub.kit import Network
from sandbox.graph import read_fields
from sandbox.process import SandboxProcess
from tests.connectors.graph_specs import Specs
from tests.connectors.played import Client, Say, brought, opened, referred, watch

BASE = "https://graph.facebook.com/v25.0"
TOKEN = "sandbox-facebook-token"
PAGE = "100000000000001"


@pytest.fixture
def client(sandbox: SandboxProcess) -> Client:
    return Client(sandbox, BASE, Authorization=f"Bearer {TOKEN}")


def talk(say: Say) -> list[int]:
    """A post of ours with three comments, one of them below another; a visitor's post; one that names us elsewhere."""
    ours = say("acme", "The Brew Pro is back")
    first = say("nia", "Mine leaks", in_reply_to=ours)
    answer = say("acme", "Please write to us", in_reply_to=first)
    second = say("omar", "Is it loud?", in_reply_to=ours)
    visitor = say("omar", "Are you open on Sunday? #acme")
    tagged = say("nia", "@acme your courier left it in the rain")
    return [ours, first, answer, second, visitor, tagged]


def numbers(posts: list[Post]) -> set[int]:
    return {int(post.native_id.rpartition("_")[2]) - 122_000_000_000_000 for post in posts}


def test_everything_about_the_page_is_brought_once(say: Say, network: Network) -> None:
    ours, first, answer, second, visitor, tagged = talk(say)

    posts, cursor = brought(network, watch("facebook", "profile", "acme"))
    mentions, _ = brought(network, watch("facebook", "mention", PAGE))

    assert {ours, first, answer, second, visitor} <= numbers(posts)
    assert tagged in numbers(mentions)
    assert tagged not in numbers(posts)
    assert len({post.key for post in posts}) == len(posts)
    by_number = {min(numbers([post])): post for post in posts}
    assert by_number[answer].in_reply_to == by_number[first].key
    assert by_number[first].in_reply_to == by_number[ours].key
    assert by_number[answer].thread == by_number[ours].thread
    assert brought(network, watch("facebook", "profile", "acme"), cursor)[0] == []


def test_the_next_pull_brings_what_was_said_since_also_below_old_posts(say: Say, network: Network) -> None:
    ours = talk(say)[0]
    _, cursor = brought(network, watch("facebook", "profile", "acme"))

    late = say("omar", "Found another leak", in_reply_to=ours)
    new = say("acme", "Tasting on Friday")

    posts, cursor = brought(network, watch("facebook", "profile", "acme"), cursor)
    assert numbers(posts) == {late, new}
    assert brought(network, watch("facebook", "profile", "acme"), cursor)[0] == []


def test_many_comments_come_over_several_pages(say: Say, network: Network) -> None:
    ours = say("acme", "Ask us anything")
    below = {say("omar", f"Question {number}", in_reply_to=ours) for number in range(120)}

    posts, _ = brought(network, watch("facebook", "profile", "acme"))

    assert below <= numbers(posts)


def test_edits_and_removals_are_seen_when_posts_are_looked_up(
    sandbox: SandboxProcess, say: Say, network: Network
) -> None:
    ours, first, answer, *_ = talk(say)
    posts, _ = brought(network, watch("facebook", "profile", "acme"))
    by_number = {min(numbers([post])): post for post in posts}
    sandbox.control.change_post(first, edited_text="Mine leaked")
    sandbox.control.change_post(answer, deleted_at=datetime.now(UTC).isoformat())

    found = list(network.look_up([referred(by_number[number]) for number in (ours, first, answer)]))

    assert {each["id"] for answer_ in found for each in answer_.records} == {
        by_number[ours].native_id, by_number[first].native_id,
    }  # fmt: skip
    assert {key: why for each in found for key, why in each.gone.items()} == {by_number[answer].key: "deleted"}
    assert "Mine leaked" in {each["message"] for answer_ in found for each in answer_.records}


def test_reviews_are_read(say: Say, network: Network) -> None:
    say("nia", "Three weeks for a spare part", recommendation="negative")

    ((review,), _) = brought(network, watch("facebook", "review", "acme"))

    assert (review.kind, review.rating, review.text) == ("review", 0.0, "Three weeks for a spare part")


def test_the_numbers_of_our_page_are_told_and_none_is_missing(network: Network) -> None:
    told = list(network.measure("acme"))

    names = {"followers", "fans", "talking_about", "views", "reach", "engagements", "profile_views"}
    assert names <= {each.name for each in told if each.value is not None}
    assert {each.account for each in told} == {PAGE}


def test_all_proofs_hold_and_a_wrong_token_fails_them(sandbox: SandboxProcess, network: Network) -> None:
    for prove in network.proofs().values():
        prove()
    with opened("facebook", sandbox, access_token="stale") as stranger, pytest.raises(AccessDenied):
        stranger.check()


def test_the_token_is_proven_to_be_in_the_hands_of_its_app(sandbox: SandboxProcess, client: Client) -> None:
    proof = hmac.new(b"sandbox-facebook-secret", TOKEN.encode(), hashlib.sha256).hexdigest()

    assert client.ask("/me", appsecret_proof=proof).status_code == 200
    assert client.ask("/me", appsecret_proof="0" * 64).json()["error"]["code"] == 100


def test_after_too_many_calls_minutes_are_told_and_honoured(sandbox: SandboxProcess, hub_env: dict[str, str]) -> None:
    sandbox.control.fault(
        system="facebook", kind="status", status=400,
        body={"error": {"code": 80001, "message": "no", "type": "OAuthException"}},
        headers={"X-Business-Use-Case-Usage": '{"1":[{"type":"pages","estimated_time_to_regain_access":18}]}'},
    )  # fmt: skip

    with opened("facebook", sandbox) as network, pytest.raises(RateLimited) as told:
        brought(network, watch("facebook", "profile", PAGE))

    assert told.value.retry_after == 18 * 60


def test_a_page_holds_no_more_than_is_asked_and_leads_on_by_a_cursor(say: Say, client: Client) -> None:
    for number in range(5):
        say("acme", f"News {number}")

    first = client.get(f"/{PAGE}/feed", limit=2)
    second = client.get(f"/{PAGE}/feed", limit=2, after=first["paging"]["cursors"]["after"])

    assert [len(page["data"]) for page in (first, second)] == [2, 2]
    assert set(first["data"][0]) == {"id", "message", "created_time"}
    assert not {each["id"] for each in first["data"]} & {each["id"] for each in second["data"]}
    assert TOKEN in first["paging"]["next"], "as the real one does, which is why it is never logged"
    whole = client.get(f"/{PAGE}/feed", limit=100)
    assert "next" not in whole["paging"]


def test_one_dead_metric_or_one_lost_object_fails_the_whole_call(say: Say, client: Client) -> None:
    ours = say("acme", "News")
    id = f"{PAGE}_{122_000_000_000_000 + ours}"

    assert client.ask(f"/{PAGE}/insights", metric="page_media_view,page_impressions").status_code == 400
    assert client.ask("", ids=f"{id},{PAGE}_7").json()["error"]["code"] == 803
    assert client.ask(f"/{PAGE}_7").json()["error"]["error_subcode"] == 33
    assert set(client.get("", ids=id)) == {id}


def test_a_field_that_is_none_is_refused(client: Client) -> None:
    assert client.ask("/me", fields="id,shoe_size").json()["error"]["code"] == 100


@pytest.mark.parametrize("text", ["id,", "id,from{id,name}", "a.b(1).c(x,y){d{e}}", "comments.limit(0){id},id"])
def test_lists_of_fields_are_understood(text: str) -> None:
    assert read_fields(text)


def test_a_list_of_fields_holds_what_belongs_to_each_name() -> None:
    fields = read_fields("id,comments.filter(stream).limit(3){id,from{name}}")

    assert list(fields) == ["id", "comments"]
    assert fields["comments"].params == {"filter": "stream", "limit": "3"}
    assert list(fields["comments"].fields) == ["id", "from"]


@pytest.mark.parametrize("text", ["id{", "id}", "comments.limit(", "a.(1)", "id;name", "a.b"])
def test_what_is_no_list_of_fields_is_refused(client: Client, text: str) -> None:
    assert client.ask("/me", fields=text).status_code == 400


def test_answers_hold_what_the_vendors_lists_name(say: Say, client: Client, shared: Path) -> None:
    specs = Specs(shared / "contracts" / "facebook" / "graph-specs")
    ours = talk(say)[0]
    post = f"{PAGE}_{122_000_000_000_000 + ours}"
    since = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%d")
    nodes: list[tuple[str, Any]] = [("Page", client.get("/me", fields="id,name,username,fan_count,followers_count"))]
    for path, kind, fields in (
        (f"/{PAGE}/feed", "PagePost", POST_FIELDS), (f"/{PAGE}/tagged", "PagePost", POST_FIELDS),
        (f"/{post}/comments", "Comment", COMMENT_FIELDS + ",object{id}"),
    ):  # fmt: skip
        found = client.get(path, fields=fields, limit=50, filter="stream")["data"]
        assert found
        nodes += [(kind, each) for each in found]
    metrics = ",".join(name for group in METRIC_GROUPS for name in group)
    insights = client.get("/me/insights", metric=metrics, period="day", since=since)["data"]
    nodes += [("InsightsResult", each) for each in insights]
    nodes += [("InsightsValue", value) for each in insights for value in each["values"]]

    assert [fault for kind, node in nodes for fault in specs.faults_of_answer(kind, node)] == []
