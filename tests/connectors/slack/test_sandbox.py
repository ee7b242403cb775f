"""The played Slack is held to what was recorded from real workspaces."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.rehearsal import recordings
from sandbox.process import SandboxProcess
from tests.connectors.contracts import faults
from tests.connectors.slack.conftest import Ask, owner


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


@pytest.mark.parametrize(
    ("message", "mentions"),
    [
        ({"text": "<!here> <@U1> <#C1>"}, 3),
        ({"text": "@here #general"}, 0),
        ({"text": "@here #general", "link_names": True}, 2),
        ({"text": "@channel", "parse": "full"}, 1),
        ({"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>"}}]}, 1),
        ({"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "<!channel>"}}]}, 0),
        ({"text": "x", "blocks": [{"type": "context", "elements": [{"type": "mrkdwn", "text": "<@U1>"}]}]}, 1),
        ({"text": "x", "attachments": [{"text": "<!everyone>"}]}, 1),
        ({"text": "x", "blocks": [{"type": "rich_text", "elements": [
            {"type": "rich_text_section", "elements": [{"type": "broadcast", "range": "here"}]}]}]}, 1),
        ({"text": "&lt;!here&gt;"}, 0),
    ],
)  # fmt: skip
def test_active_mentions_are_counted(ask: Ask, sandbox: SandboxProcess, message: dict[str, Any], mentions: int) -> None:
    assert ask("chat.postMessage", channel="C0ALERTS", **message)["ok"]

    assert sandbox.control.state("slack", "messages")[-1]["mentions"] == mentions


def test_replies_lag_as_the_history_does(ask: Ask, sandbox: SandboxProcess) -> None:
    parent = ask("chat.postMessage", channel="C0ALERTS", text="Parent")["ts"]
    sandbox.control.advance(10)
    owner("history_lag?seconds=3")
    ask("chat.postMessage", channel="C0ALERTS", text="Reply", thread_ts=parent)
    ask("chat.postMessage", channel="C0ALERTS", text="Other")

    def seen() -> tuple[int, int]:
        replies = ask("conversations.replies", channel="C0ALERTS", ts=parent)["messages"]
        return len(replies), len(ask("conversations.history", channel="C0ALERTS")["messages"])

    before = seen()
    sandbox.control.advance(4)
    assert (before, seen()) == ((1, 1), (2, 2))


def test_a_file_is_uploaded_in_three_steps(ask: Ask, shared: Path) -> None:
    real = recorded(shared, "nango/get-upload-url.test.json")
    shape = json.loads((shared / "contracts/slack/response-shapes.json").read_text())["methods"]
    told = ask("files.getUploadURLExternal", filename="report.txt", length="5")
    too_early = ask("files.completeUploadExternal", files=[{"id": told["file_id"]}])
    sent = requests.post(told["upload_url"], data=b"Hello", timeout=10)
    done = ask("files.completeUploadExternal", files=[{"id": told["file_id"], "title": "Report"}], channel_id="C0OPS")

    assert told.keys() == real.keys()
    assert told["upload_url"].startswith("https://files.slack.com/upload/v1/")
    assert (too_early["error"], sent.status_code) == ("file_not_found", 200)
    assert done["files"][0].keys() <= shape["files.completeUploadExternal"]["files"][0].keys()


def test_a_message_is_what_the_vendors_description_says(ask: Ask, shared: Path) -> None:
    path = shared / "contracts" / "slack" / "web-api.openapi2.json"
    schema = {"$ref": "#/definitions/objs_message"}
    parent = ask("chat.postMessage", channel="C0ALERTS", text="Hi", blocks=[{"type": "divider"}])
    ask("chat.postMessage", channel="C0ALERTS", text="Reply", thread_ts=parent["ts"])
    ask("chat.update", channel="C0ALERTS", ts=parent["ts"], text="Hello")
    told = [*ask("conversations.replies", channel="C0ALERTS", ts=parent["ts"])["messages"], parent["message"]]

    for message in told:
        known = {name: value for name, value in message.items() if name not in ("metadata", "edited")}
        assert faults(path, schema, known) == []


def test_every_method_that_is_played_or_called_is_in_the_vendors_description(shared: Path) -> None:
    from connectors.slack.sandbox import Slack
    from connectors.slack.workspace import TIERS as OURS

    described = json.loads((shared / "contracts/slack/web-api.openapi2.json").read_text())["paths"]
    shapes = json.loads((shared / "contracts/slack/response-shapes.json").read_text())["methods"]
    known = {path.removeprefix("/") for path in described} | set(shapes)
    played = {
        way.template.removeprefix("/api/") for handler in dir(Slack)
        for way in getattr(getattr(Slack, handler), "_sandbox_routes", ()) if way.template.startswith("/api/")
    }  # fmt: skip

    assert len(played) >= 10
    assert played | {method.replace("_", ".") for method in OURS} <= known


def test_what_we_say_with_a_message_are_arguments_that_slack_knows(shared: Path) -> None:
    described = json.loads((shared / "contracts/slack/web-api.openapi2.json").read_text())["paths"]
    newer = {"metadata", "include_all_metadata"}  # added after the description was put away
    unknown = {}
    for recording in recordings(name="slack"):
        for exchange in recording.story.exchanges:
            method = exchange.request.split("/api/")[1]
            operation = next(iter(described[f"/{method}"].values()))
            known = {argument["name"] for argument in operation["parameters"]} | newer
            if more := set(exchange.sent or {}) - known:
                unknown[method] = more

    assert unknown == {}
