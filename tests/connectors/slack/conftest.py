"""What the tests of the played Slack share: the bot, and the workspace's owner."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess

Ask = Callable[..., dict[str, Any]]
HEADERS = {"Authorization": "Bearer xoxb-sandbox", "Content-Type": "application/json; charset=utf-8"}


@pytest.fixture
def ask(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Calls a method as the bot."""
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)

    def call(method: str, **arguments: Any) -> dict[str, Any]:
        answer = requests.post(
            f"https://slack.com/api/{method}",
            data=json.dumps(arguments),
            headers=HEADERS,
            timeout=10,
        )
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    return call


def owner(path: str) -> None:
    """What the workspace's owner does."""
    assert requests.post(f"https://slack.com/sandbox/{path}", timeout=10).json()["ok"]
