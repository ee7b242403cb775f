"""Where the played Slack sets limits, and what its owner may do."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.connectors.slack.conftest import HEADERS, Ask, owner


def test_a_channel_takes_a_short_burst_and_then_one_message_a_second(
    ask: Ask, sandbox: SandboxProcess, shared: Path
) -> None:
    examples = json.loads((shared / "contracts/documented-examples.json").read_text())["slack"]
    real = next(example for example in examples if example["case"] == "rate limited")
    message = json.dumps({"channel": "C0OPS", "text": "Hi"})
    with requests.Session() as session:
        posts = [
            session.post("https://slack.com/api/chat.postMessage", data=message, headers=HEADERS, timeout=10)
            for _ in range(8)
        ]
    refused = next(answer for answer in posts if answer.status_code != 200)
    elsewhere = ask("chat.postMessage", channel="C0ALERTS", text="Hi")
    sandbox.control.advance(int(refused.headers["Retry-After"]))

    assert posts[4].status_code == 200  # the burst
    assert (refused.status_code, refused.json()) == (real["status"], real["body"])
    assert refused.headers["Retry-After"].isdigit()
    assert elsewhere["ok"]
    assert ask("chat.postMessage", channel="C0OPS", text="Hi")["ok"]


@pytest.mark.parametrize(
    ("method", "calls", "arguments"),
    [("conversations.list", 20, {}), ("conversations.history", 50, {"channel": "C0OPS"})],
)
def test_a_method_is_granted_what_its_tier_says(
    ask: Ask, shared: Path, method: str, calls: int, arguments: dict[str, Any]
) -> None:
    limits = json.loads((shared / "contracts/limits.json").read_text())["slack"]
    with requests.Session() as session:
        answers = [
            session.post(f"https://slack.com/api/{method}", data=json.dumps(arguments), headers=HEADERS, timeout=10)
            for _ in range(2 * calls + 1)  # at least one of the minutes that are counted is used up
        ]

    assert calls in (limits["tier2"], limits["tier3"])
    assert [answer.status_code for answer in answers][:calls] == [200] * calls
    assert {answer.status_code for answer in answers} == {200, 429}


def test_an_app_that_is_sold_elsewhere_may_look_up_once_a_minute_and_little(ask: Ask) -> None:
    for _ in range(3):
        ask("chat.postMessage", channel="C0ALERTS", text="Hi")
    owner("distribution?sold=1")
    body = json.dumps({"channel": "C0ALERTS", "limit": 200})
    first, *others = (
        requests.post("https://slack.com/api/conversations.history", data=body, headers=HEADERS, timeout=10)
        for _ in range(3)
    )

    assert len(first.json()["messages"]) <= 15
    assert 429 in {answer.status_code for answer in others}


def test_a_scope_that_was_not_granted_is_named(ask: Ask, shared: Path) -> None:
    shape = json.loads((shared / "contracts/slack/response-shapes.json").read_text())["methods"]["auth.test"]
    owner("scopes?granted=chat:write")
    ours = ask("conversations.history", channel="C0ALERTS")

    assert ours == {"ok": False, "error": "missing_scope", "needed": "channels:history", "provided": "chat:write"}
    assert ours.keys() <= shape.keys()
    assert ask("chat.postMessage", channel="C0ALERTS", text="Hi")["ok"]


def test_a_token_that_was_revoked_opens_nothing(ask: Ask) -> None:
    owner("token?word=token_revoked")

    assert ask("auth.test") == {"ok": False, "error": "token_revoked"}


def test_what_the_owner_closes_is_closed_by_its_word(ask: Ask) -> None:
    words = []
    for act in ("archive", "unarchive", "remove", "invite"):
        owner(f"channels/C0OPS/{act}")
        words.append(ask("chat.postMessage", channel="C0OPS", text="Hi").get("error"))

    assert words == ["is_archived", None, "not_in_channel", None]


def test_json_without_a_charset_earns_the_recorded_warning(sandbox: SandboxProcess, ask: Ask, shared: Path) -> None:
    real = json.loads((shared / "recorded/slack/nango/post-message.test.json").read_text())
    said = real["interactions"][0]["response"]["body"]
    ours = requests.post(
        "https://slack.com/api/chat.postMessage", json={"channel": "C0ALERTS", "text": "Hi"},
        headers={"Authorization": "Bearer xoxb-sandbox"}, timeout=10,
    ).json()  # fmt: skip

    assert (ours["warning"], ours["response_metadata"]) == (said["warning"], said["response_metadata"])
