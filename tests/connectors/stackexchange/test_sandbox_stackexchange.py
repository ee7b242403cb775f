"""The played Stack Exchange: three kinds of posts, pages and orders, quotas, and the connector over it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.wiring import Hub
from sandbox.process import SandboxProcess
from tests.connectors.contracts import always, objects
from tests.connectors.played import Client, brought, opened, referred, watch

BASE = "https://api.stackexchange.com/2.3"
Say = Callable[..., int]


@pytest.fixture
def client(sandbox: SandboxProcess) -> Client:
    return Client(sandbox, BASE)


@pytest.fixture
def say(sandbox: SandboxProcess) -> Say:
    def add(author: str, text: str, minutes_ago: float = 60, **facts: Any) -> int:
        at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        return sandbox.control.add_post(
            network="stackexchange", author=author, text=text, published_at=at.isoformat(), **facts
        )

    return add


def ask(client: Client, path: str, **params: Any) -> Any:
    return client.get(path, **{"site": "stackoverflow", "filter": "withbody", **params})


def test_what_answers_a_question_is_an_answer_and_all_below_is_a_comment(client: Client, say: Say) -> None:
    question = say("nia", "Why does it leak?")
    answer = say("omar", "Descale it", in_reply_to=question)
    first = say("nia", "Did that", in_reply_to=answer)
    second = say("omar", "Again", in_reply_to=first)

    (asked,) = ask(client, f"/questions/{question}")["items"]
    assert asked["title"] == "Why does it leak?"
    assert [each["answer_id"] for each in ask(client, f"/questions/{question}/answers")["items"]] == [answer]
    comments = ask(client, f"/posts/{question};{answer}/comments", sort="creation", order="asc")["items"]
    assert [(each["comment_id"], each["post_id"]) for each in comments] == [(first, answer), (second, answer)]
    assert ask(client, f"/comments/{first}")["items"][0]["body"] == "<p>Did that</p>"
    assert asked["last_activity_date"] >= ask(client, f"/answers/{answer}")["items"][0]["creation_date"]


@pytest.mark.shared
def test_items_have_all_keys_that_recorded_ones_always_have(client: Client, say: Say, shared: Path) -> None:
    question = say("nia", "Keys?")
    answer = say("omar", "These", in_reply_to=question)
    say("nia", "Thanks", in_reply_to=answer)
    files = (shared / "recorded" / "stackexchange").rglob("*.json")
    found = [each for file in files for each in objects(json.loads(file.read_text(encoding="utf-8")))]
    by_filter = {"answers", "comments", "body_markdown", "close_vote_count", "comment_count", "delete_vote_count",
                 "down_vote_count", "favorite_count", "reopen_vote_count", "up_vote_count", "can_close", "can_flag",
                 "post_type", "tags", "title", "link"}  # fmt: skip
    kinds = {"question_id": "questions", "answer_id": "answers"}
    for id, path in kinds.items():
        others = [name for name in ("answer_id", "comment_id") if name != id]
        theirs = [each for each in found if id in each and "owner" in each and not any(one in each for one in others)]
        (ours,) = ask(client, f"/{path}/{question if path == 'questions' else answer}")["items"]
        assert always(theirs) - by_filter <= set(ours)
        assert always([each["owner"] for each in theirs]) - {"badge_counts", "accept_rate"} <= set(ours["owner"])


def test_lists_are_sorted_windowed_and_paged(client: Client, say: Say) -> None:
    ids = [say("nia", f"Question {number} #paging", minutes_ago=90 - number) for number in range(5)]
    times = [
        each["creation_date"]
        for each in ask(client, "/questions", tagged="paging", sort="creation", order="asc")["items"]
    ]
    pages = [ask(client, "/questions", tagged="paging", order="asc", pagesize=2, page=page) for page in (1, 2, 3)]

    assert [each["question_id"] for page in pages for each in page["items"]] == ids
    assert [page["has_more"] for page in pages] == [True, True, False]
    window = ask(client, "/questions", tagged="paging", sort="creation", order="asc", min=times[1], max=times[3])
    assert [each["question_id"] for each in window["items"]] == ids[1:4]
    assert ask(client, "/search/advanced", q="question 3")["items"][0]["question_id"] == ids[3]


def test_answers_are_packed_and_name_the_quota(client: Client) -> None:
    answer = client.ask("/info", site="stackoverflow")

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["quota_max"] == 300
    assert client.get("/info", site="stackoverflow", key="sandbox-stackexchange-key")["quota_max"] == 10_000


def test_a_stranger_has_300_calls_a_day(client: Client, sandbox: SandboxProcess) -> None:
    for _ in range(300):
        client.ask("/info", site="stackoverflow")
    refused = client.ask("/info", site="stackoverflow")

    assert (refused.status_code, refused.json()["error_name"]) == (400, "throttle_violation")
    assert "more requests available in" in refused.json()["error_message"]
    sandbox.control.advance(86_401)
    assert client.ask("/info", site="stackoverflow").status_code == 200


def test_unknown_sites_keys_and_methods_are_refused(client: Client) -> None:
    assert client.ask("/info", site="nowhere").json()["error_id"] == 400
    assert client.ask("/info", site="stackoverflow", key="x").json()["error_name"] == "bad_parameter"
    assert client.ask("/nothing", site="stackoverflow").json()["error_name"] == "no_method"


@pytest.mark.usefixtures("hub_env")
def test_the_connector_reads_questions_answers_and_comments(sandbox: SandboxProcess, say: Say) -> None:
    question = say("nia", "Why does my zamboni leak? #zamboni", minutes_ago=50)
    answer = say("omar", "Descale it", minutes_ago=40, in_reply_to=question)
    comment = say("nia", "Did that", minutes_ago=30, in_reply_to=answer)
    with opened("stackexchange", sandbox) as network:
        posts, cursor = brought(network, watch("stackexchange", "hashtag", "stackoverflow:zamboni"))
        nothing, _ = brought(network, watch("stackexchange", "hashtag", "stackoverflow:zamboni"), cursor)
        found, _ = brought(network, watch("stackexchange", "keyword", "stackoverflow:zamboni leak"))
        sandbox.control.change_post(answer, deleted_at=datetime.now(UTC).isoformat())
        (again,) = network.look_up([referred(post) for post in posts])

    assert [post.native_id for post in posts] == [str(question), str(answer), f"c{comment}"]
    assert posts[2].in_reply_to == posts[1].key
    assert {post.thread for post in posts} == {f"stackexchange:thread:stackoverflow/{question}"}
    assert posts[0].licence == "CC BY-SA 4.0"
    assert nothing == []
    assert [post.key for post in found] == [post.key for post in posts]
    assert set(again.gone) == {posts[1].key}


def test_a_stranger_reads_without_any_connection(
    say: Say, hub_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_STACKEXCHANGE_DEFAULT")
    say("nia", "Open to all? #open")
    with Hub().open_network("stackexchange") as network:
        posts, _ = brought(network, watch("stackexchange", "hashtag", "stackoverflow:open"))

    assert [post.title for post in posts] == ["Open to all? #open"]
