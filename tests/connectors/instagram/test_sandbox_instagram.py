"""The played Instagram: what is ours, what is shown of others, hashtags; and the connector against it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.instagram.connector import DAILY, TOTALS
from connectors.instagram.records import COMMENT_FIELDS, HASHTAG_FIELDS, MEDIA_FIELDS, TAG_FIELDS
from hub.domain import Post
from hub.errors import AccessDenied
from hub.kit import Network
from sandbox.process import SandboxProcess
from tests.connectors.graph_specs import Specs
from tests.connectors.played import Client, Say, brought, opened, referred, watch

TOKEN = "sandbox-instagram-token"
ME = "17841400000000001"


@pytest.fixture
def client(sandbox: SandboxProcess) -> Client:
    return Client(sandbox, "https://graph.facebook.com/v25.0", Authorization=f"Bearer {TOKEN}")


def talk(say: Say) -> list[int]:
    """A picture of ours with a comment, an answer to it and another comment; one that names us; one with a tag only."""
    ours = say("acme", "The Brew Pro is back")
    first = say("nia", "Mine leaks", in_reply_to=ours)
    answer = say("acme", "Please write to us", in_reply_to=first)
    second = say("omar", "Is it loud?", in_reply_to=ours)
    tagged = say("omar", "@acme left it in the rain")
    with_tag = say("nia", "Mornings #brewpro")
    return [ours, first, answer, second, tagged, with_tag]


def numbers(posts: list[Post]) -> set[int]:
    return {int(post.native_id) % 100_000_000_000_000 for post in posts}


def test_what_is_said_on_our_account_is_brought_once(say: Say, network: Network) -> None:
    ours, first, answer, second, tagged, with_tag = talk(say)

    posts, cursor = brought(network, watch("instagram", "profile", "acme"))

    assert {ours, first, answer, second} <= numbers(posts)
    assert not {tagged, with_tag} & numbers(posts)
    by_number = {min(numbers([post])): post for post in posts}
    assert by_number[answer].in_reply_to == by_number[first].key
    assert by_number[first].in_reply_to == by_number[ours].key
    assert {by_number[each].thread for each in (first, answer, second)} == {by_number[ours].thread}
    assert brought(network, watch("instagram", "profile", "acme"), cursor)[0] == []

    late = say("nia", "Still leaks", in_reply_to=first)
    assert numbers(brought(network, watch("instagram", "profile", "acme"), cursor)[0]) == {late}


def test_many_comments_and_many_answers_come_over_several_pages(say: Say, network: Network) -> None:
    ours = say("acme", "Ask us anything")
    below = {say("omar", f"Question {number}", in_reply_to=ours) for number in range(60)}
    first = min(below)
    answers = {say("nia", f"Me too {number}", in_reply_to=first) for number in range(70)}

    posts, _ = brought(network, watch("instagram", "profile", "@acme"))

    assert below | answers <= numbers(posts)
    assert len({post.key for post in posts}) == len(posts)


def test_who_names_us_is_brought(say: Say, network: Network) -> None:
    tagged = talk(say)[4]

    posts, cursor = brought(network, watch("instagram", "mention", ME))

    assert tagged in numbers(posts)
    assert {post.author.native_id for post in posts if tagged in numbers([post])} == {"name:omar"}
    assert brought(network, watch("instagram", "mention", ME), cursor)[0] == []


def test_a_hashtag_brings_its_last_day_without_authors(say: Say, network: Network) -> None:
    many = {say("nia", f"Cup {number} #flatwhite") for number in range(120)}

    posts, cursor = brought(network, watch("instagram", "hashtag", "#FlatWhite"))

    assert many == numbers(posts)
    assert len({post.author.key for post in posts}) == len(posts), "nobody is made one with another"
    assert all("flatwhite" in post.tags for post in posts)
    new = say("omar", "Another #flatwhite")
    assert numbers(brought(network, watch("instagram", "hashtag", "#flatwhite"), cursor)[0]) == {new}


def test_other_firms_are_read_by_their_name(say: Say, network: Network) -> None:
    theirs = {say("brewster", f"Serious espresso {number}") for number in range(60)}

    posts, cursor = brought(network, watch("instagram", "profile", "@brewster"))

    assert theirs <= numbers(posts)
    assert {post.author.handle for post in posts} == {"brewster"}
    assert brought(network, watch("instagram", "profile", "@brewster"), cursor)[0] == []


def test_edits_and_removals_of_what_is_ours_are_seen(sandbox: SandboxProcess, say: Say, network: Network) -> None:
    ours, first, answer, *_ = talk(say)
    posts, _ = brought(network, watch("instagram", "profile", "acme"))
    by_number = {min(numbers([post])): post for post in posts}
    sandbox.control.change_post(answer, deleted_at=datetime.now(UTC).isoformat())

    found = list(network.look_up([referred(by_number[each]) for each in (ours, first, answer)]))

    assert {key for each in found for key in each.gone} == {by_number[answer].key}
    assert {record["id"] for each in found for record in each.records} == {
        by_number[ours].native_id, by_number[first].native_id,
    }  # fmt: skip


def test_what_names_us_is_looked_up_as_a_mention_and_not_believed_gone(
    sandbox: SandboxProcess, say: Say, network: Network
) -> None:
    tagged = talk(say)[4]
    posts, _ = brought(network, watch("instagram", "mention", "acme"))
    (post,) = (each for each in posts if tagged in numbers([each]))

    (here,) = network.look_up([referred(post)])
    sandbox.control.change_post(tagged, deleted_at=datetime.now(UTC).isoformat())
    (away,) = network.look_up([referred(post)])

    assert [each["id"] for each in here.records] == [post.native_id]
    assert (away.records, away.gone) == ([], {})


def test_the_numbers_of_our_account_are_told(network: Network) -> None:
    told = {each.name: each.value for each in network.measure("acme")}

    assert {name for name, value in told.items() if value is not None} == {
        "followers", "following", "posts", "reach", "new_followers", "views", "engagements", "accounts_engaged",
        "profile_views",
    }  # fmt: skip


def test_all_proofs_hold_and_a_wrong_token_fails_them(sandbox: SandboxProcess, network: Network) -> None:
    for prove in network.proofs().values():
        prove()
    with opened("instagram", sandbox, access_token="stale") as stranger, pytest.raises(AccessDenied):
        stranger.check()


def test_the_thirty_first_hashtag_is_refused(client: Client) -> None:
    answers = [client.ask("/ig_hashtag_search", user_id=ME, q=f"tag{number}") for number in range(31)]

    assert [answer.status_code for answer in answers] == [200] * 30 + [400]
    assert answers[-1].json()["error"]["code"] == 18
    assert client.ask("/ig_hashtag_search", user_id=ME, q="tag3").status_code == 200


def test_what_is_not_ours_cannot_be_asked_for_by_id(say: Say, client: Client) -> None:
    *_, tagged, _ = talk(say)

    assert client.ask(f"/{17_900_000_000_000_000 + tagged}").json()["error"]["error_subcode"] == 33
    assert client.ask("/17841400000000002").status_code == 400


def test_answers_hold_what_the_vendors_lists_name(say: Say, client: Client, shared: Path) -> None:
    specs = Specs(shared / "contracts" / "instagram" / "graph-specs")
    ours = talk(say)[0]
    tag = client.get("/ig_hashtag_search", user_id=ME, q="brewpro")["data"][0]["id"]
    nodes: list[tuple[str, Any]] = [
        ("IGUser", client.get(f"/{ME}", fields="id,username,followers_count,follows_count,media_count"))
    ]
    for path, kind, fields in (
        (f"/{ME}/media", "IGMedia", MEDIA_FIELDS), (f"/{ME}/tags", "IGMedia", TAG_FIELDS),
        (f"/{17_900_000_000_000_000 + ours}/comments", "IGComment", COMMENT_FIELDS),
        (f"/{tag}/recent_media", "IGMedia", HASHTAG_FIELDS),
    ):  # fmt: skip
        found = client.get(path, fields=fields, limit=50, user_id=ME)["data"]
        assert found, path
        nodes += [(kind, each) for each in found]
    daily, totals = (",".join(name for group in groups for name in group) for groups in (DAILY, TOTALS))
    assert client.get(f"/{ME}/insights", metric=daily, period="day")["data"]
    assert client.get(f"/{ME}/insights", metric=totals, period="day", metric_type="total_value")["data"]

    assert [fault for kind, node in nodes for fault in specs.faults_of_answer(kind, node)] == []
