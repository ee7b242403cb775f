"""The played YouTube: threads, answers, quota; held to the vendor's description; and the connector against it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.domain import Post
from hub.errors import AccessDenied
from hub.kit import Network
from sandbox.process import SandboxProcess
from tests.connectors.played import Client, Say, brought, opened, referred, watch
from tests.connectors.youtube.discovery import Discovery

CHANNEL, UPLOADS = "UC0000000000000000000001", "UU0000000000000000000001"


@pytest.fixture
def client(sandbox: SandboxProcess) -> Client:
    return Client(sandbox, "https://youtube.googleapis.com/youtube/v3", **{"X-Goog-Api-Key": "sandbox-youtube-key"})


def talk(say: Say) -> tuple[int, int, list[int]]:
    """A video of ours, a comment below it, and seven answers to the comment."""
    video = say("acme", "The Brew Pro is back")
    comment = say("nia_small", "Mine leaks", in_reply_to=video)
    return video, comment, [say("omar_small", f"Answer {number}", in_reply_to=comment) for number in range(7)]


def numbers(posts: list[Post]) -> set[int]:
    return {int(post.native_id.rpartition(".")[2].removeprefix("Ug").removeprefix("v")) for post in posts}


def test_a_channel_s_uploads_and_all_that_is_said_below_are_brought_once(say: Say, network: Network) -> None:
    video, comment, answers = talk(say)

    posts, cursor = brought(network, watch("youtube", "profile", "@acme"))

    assert {video, comment, *answers} <= numbers(posts)
    assert len({post.key for post in posts}) == len(posts)
    by_number = {min(numbers([post])): post for post in posts}
    assert by_number[comment].in_reply_to == by_number[video].key
    assert {by_number[each].in_reply_to for each in answers} == {by_number[comment].key}
    assert {by_number[each].thread for each in answers} == {by_number[video].thread}
    assert brought(network, watch("youtube", "profile", "@acme"), cursor)[0] == []

    late = say("nia_small", "Still leaks", in_reply_to=comment)
    assert numbers(brought(network, watch("youtube", "profile", CHANNEL), cursor)[0]) == {late}


def test_videos_of_others_are_found_by_keyword(say: Say, network: Network) -> None:
    theirs = say("brewster", "A grinder called zebrano, tested")

    posts, _ = brought(network, watch("youtube", "keyword", "zebrano"))

    assert numbers(posts) == {theirs}
    assert posts[0].engagement.views is not None


def test_edits_and_removals_are_seen_when_looked_up(sandbox: SandboxProcess, say: Say, network: Network) -> None:
    video, comment, answers = talk(say)
    posts, _ = brought(network, watch("youtube", "profile", "@acme"))
    by_number = {min(numbers([post])): post for post in posts}
    sandbox.control.change_post(answers[0], deleted_at=datetime.now(UTC).isoformat())

    found = list(network.look_up([referred(by_number[each]) for each in (video, comment, answers[0], answers[1])]))

    assert {key for each in found for key in each.gone} == {by_number[answers[0]].key}
    assert len([record for each in found for record in each.records]) == 3


def test_the_numbers_of_our_channel_are_told(network: Network) -> None:
    told = {each.name: each.value for each in network.measure("@acme")}

    assert set(told) == {"subscribers", "views", "posts"}
    assert all(value is not None for value in told.values())


def test_proofs_hold_and_a_wrong_key_fails_them(sandbox: SandboxProcess, network: Network) -> None:
    for prove in network.proofs().values():
        prove()
    with opened("youtube", sandbox, api_key="stale") as stranger, pytest.raises(AccessDenied):
        stranger.check()


def test_the_hundred_and_first_search_is_refused_and_the_rest_goes_on(client: Client) -> None:
    answers = [client.ask("/search", part="snippet", q="acme", type="video") for _ in range(101)]

    assert [answer.status_code for answer in answers] == [200] * 100 + [403]
    assert answers[-1].json()["error"]["errors"][0]["reason"] == "quotaExceeded"
    assert client.ask("/channels", part="id", id=CHANNEL).status_code == 200


def test_answers_are_what_the_vendor_describes(say: Say, client: Client, shared: Path) -> None:
    discovery = Discovery(shared / "contracts" / "youtube" / "youtube.v3.discovery.json")
    video, comment, _ = talk(say)
    for path, schema, params in (
        ("/channels", "ChannelListResponse", {"part": "snippet,contentDetails,statistics", "forHandle": "@acme"}),
        ("/playlistItems", "PlaylistItemListResponse", {"part": "snippet,contentDetails", "playlistId": UPLOADS}),
        ("/videos", "VideoListResponse", {"part": "snippet,statistics,status", "id": f"v{video:010d}"}),
        ("/search", "SearchListResponse", {"part": "snippet", "q": "acme", "type": "video"}),
        ("/commentThreads", "CommentThreadListResponse",
         {"part": "snippet,replies", "allThreadsRelatedToChannelId": CHANNEL}),
        ("/comments", "CommentListResponse", {"part": "snippet", "parentId": f"Ug{comment:024d}"}),
    ):  # fmt: skip
        body = client.get(path, **params)
        assert body["items"], path
        assert list(discovery.faults_of_answer(schema, body)) == [], path
        assert list(discovery.faults_of_request(path, params)) == []
