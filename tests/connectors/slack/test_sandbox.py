"""The played Slack is held to what was recorded from real workspaces."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Calls a method as the bot."""
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)

    def call(method: str, **arguments: Any) -> dict[str, Any]:
        answer = requests.post(
            f"https://slack.com/api/{method}",
            json=arguments,
            headers={"Authorization": "Bearer xoxb-sandbox"},
            timeout=10,
        )
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    return call


def recorded(shared: Path, name: str) -> dict[str, Any]:
    """The answer of a recording, without the warning that its client earned."""
    body = json.loads((shared / "recorded/slack" / name).read_text())["interactions"][0]["response"]["body"]
    assert isinstance(body, dict)
    return {key: value for key, value in body.items() if key not in ("warning", "response_metadata")}


def test_a_post_answers_as_recorded(ask: Ask, shared: Path) -> None:
    real = recorded(shared, "nango/post-message.test.json")
    ours = ask("chat.postMessage", channel="#social-alerts", text="Hi")

    assert ours.keys() == real.keys()
    assert real["message"].keys() - ours["message"].keys() <= {"app_id", "bot_profile"}
    assert ours["channel"] == "C0ALERTS"
    assert isinstance(ours["ts"], str)


def test_an_update_answers_as_recorded_and_keeps_its_ts(ask: Ask, shared: Path) -> None:
    real = recorded(shared, "nango/update-message.test.json")
    made = ask("chat.postMessage", channel="C0ALERTS", text="Hi", blocks=[{"type": "divider"}])
    ours = ask("chat.update", channel="C0ALERTS", ts=made["ts"], text="Hello")

    assert ours.keys() == real.keys()
    assert ours["ts"] == made["ts"]
    assert ours["message"]["edited"].keys() == real["message"]["edited"].keys()
    assert ours["message"]["blocks"] == []  # text without blocks removes the blocks


def test_a_deletion_answers_as_recorded(ask: Ask, shared: Path) -> None:
    made = ask("chat.postMessage", channel="C0ALERTS", text="Hi")
    ours = ask("chat.delete", channel="C0ALERTS", ts=made["ts"])

    assert ours.keys() == recorded(shared, "nango/delete-message.test.json").keys()
    assert ask("chat.delete", channel="C0ALERTS", ts=made["ts"])["error"] == "message_not_found"


def test_replies_come_in_order_below_their_message(ask: Ask, shared: Path) -> None:
    real = recorded(shared, "nango/get-thread-replies.test.json")
    parent = ask("chat.postMessage", channel="C0ALERTS", text="Parent")["ts"]
    for text in ("One", "Two"):
        ask("chat.postMessage", channel="C0ALERTS", text=text, thread_ts=parent)
    ours = ask("conversations.replies", channel="C0ALERTS", ts=parent)

    assert real.keys() <= ours.keys()
    assert [message["text"] for message in ours["messages"]] == ["Parent", "One", "Two"]
    assert [message["text"] for message in ask("conversations.history", channel="C0ALERTS")["messages"]] == ["Parent"]


def test_an_empty_history_answers_as_recorded(ask: Ask, shared: Path) -> None:
    real = recorded(shared, "perceval/slack_history_empty.json")

    assert real.keys() - ask("conversations.history", channel="C0ALERTS").keys() <= {"oldest"}


def test_an_error_is_a_200_with_a_word(ask: Ask, shared: Path) -> None:
    ours = ask("conversations.history", channel="C0NOWHERE")

    assert ours == recorded(shared, "perceval/slack_error.json")


def test_channels_are_listed_with_the_fields_that_we_read(ask: Ask, shared: Path) -> None:
    real = recorded(shared, "nango/list-channels.test.json")["channels"][0]
    ours = ask("conversations.list", limit=2)

    assert ours["channels"][0].keys() <= real.keys()
    assert ours["response_metadata"]["next_cursor"]
    assert len(ask("conversations.list", cursor=ours["response_metadata"]["next_cursor"])["channels"]) == 1


def test_metadata_comes_only_when_asked_for(ask: Ask) -> None:
    metadata = {"event_type": "t", "event_payload": {"a": 1}}
    ask("chat.postMessage", channel="C0ALERTS", text="Hi", metadata=metadata)

    (without,) = ask("conversations.history", channel="C0ALERTS")["messages"]
    (with_it,) = ask("conversations.history", channel="C0ALERTS", include_all_metadata=True)["messages"]

    assert "metadata" not in without
    assert with_it["metadata"] == metadata


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        (
            {"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]},
            "invalid_blocks",
        ),
        (
            {"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]},
            "invalid_blocks",
        ),
        ({"text": "x", "blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "context", "elements": []}]}, "invalid_blocks"),
        (
            {"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5},
            "msg_blocks_too_long",
        ),
        ({"text": "x", "metadata": {"event_type": "t", "event_payload": {"a": "x" * 9000}}}, "metadata_too_large"),
        ({"text": "x", "metadata": {"event_type": "t"}}, "invalid_metadata_format"),
        ({"text": "x", "thread_ts": "1.000000"}, "thread_not_found"),
        ({"text": "x", "channel": "C0ALL"}, "not_in_channel"),
    ],
)
def test_what_cannot_be_posted_is_refused_by_its_word(ask: Ask, arguments: dict[str, Any], word: str) -> None:
    assert ask("chat.postMessage", **{"channel": "C0ALERTS", **arguments})["error"] == word


def test_a_repeated_post_is_a_second_message(ask: Ask) -> None:
    for _ in range(2):
        ask("chat.postMessage", channel="C0ALERTS", text="Hi", client_msg_id="one")

    assert len(ask("conversations.history", channel="C0ALERTS")["messages"]) == 2


def test_nobody_gets_in_without_a_token(ask: Ask) -> None:
    without = requests.post("https://slack.com/api/auth.test", timeout=10).json()
    wrong = requests.post("https://slack.com/api/auth.test", headers={"Authorization": "Bearer no"}, timeout=10).json()

    assert (without["error"], wrong["error"]) == ("not_authed", "invalid_auth")


def test_too_many_messages_for_a_channel_are_told_when_to_come_back(ask: Ask) -> None:
    headers = {"Authorization": "Bearer xoxb-sandbox"}
    message = {"channel": "C0OPS", "text": "Hi"}
    with requests.Session() as session:
        posts = (
            session.post("https://slack.com/api/chat.postMessage", json=message, headers=headers, timeout=10)
            for _ in range(130)  # two of the minutes that are counted
        )
        refused = next(answer for answer in posts if answer.status_code != 200)

    assert (refused.status_code, refused.json()) == (429, {"ok": False, "error": "ratelimited"})
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
