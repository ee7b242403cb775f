"""What the tests of the played Slack share: the bot, and the workspace's owner."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from hub.kit import Services
from hub.kit.local import SteppedClock
from sandbox.process import SandboxProcess
from tests.contract.bench import PATIENCE, Bench

Ask = Callable[..., dict[str, Any]]
HEADERS = {"Authorization": "Bearer xoxb-sandbox", "Content-Type": "application/json; charset=utf-8"}


@pytest.fixture
def ask(led: SandboxProcess) -> Ask:
    """Calls a method as the bot."""

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


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """The connector's bench; nobody waits the second between two messages."""
    bench.services = Services.local(limits=PATIENCE, clock=SteppedClock(datetime.now(UTC)))
    return bench


def owner(path: str) -> None:
    """What the workspace's owner does."""
    assert requests.post(f"https://slack.com/sandbox/{path}", timeout=10).json()["ok"]
