"""A sandbox in this process, for what a client over the wire cannot see, and sessions that go through one."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from sandbox.app import Plan, Sandbox
from sandbox.process import Control, SandboxProcess
from tests.connectors.played import through


@dataclass
class Inside:
    """A sandbox that serves from a thread of this process."""

    box: Sandbox

    @property
    def control(self) -> Control:
        return Control(f"http://127.0.0.1:{self.box.port}")

    @property
    def session(self) -> requests.Session:
        return through(self.box.env)


@pytest.fixture
def session(sandbox: SandboxProcess) -> requests.Session:
    return through(sandbox.env)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Inside]]:
    """Starts sandboxes by their plans; all are closed at the end."""
    running: list[tuple[Sandbox, threading.Thread]] = []

    def begin(**facts: object) -> Inside:
        usual = {"port": 0, "var": tmp_path / "var", "scenario": "quiet_day", "enforce_limits": False}
        plan = Plan(**(usual | facts))  # type: ignore[arg-type]
        box = Sandbox(plan)
        thread = threading.Thread(target=box.serve, daemon=True)
        thread.start()
        running.append((box, thread))
        return Inside(box)

    yield begin
    for box, thread in running:
        box.close()
        thread.join(10)


@pytest.fixture
def inside(start: Callable[..., Inside]) -> Inside:
    return start()
