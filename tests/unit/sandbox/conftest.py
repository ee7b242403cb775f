"""A sandbox in this process, for what a client over the wire cannot see, and sessions that go through one."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from sandbox.app import Plan, Sandbox
from sandbox.process import Control, SandboxProcess


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


def through(env: dict[str, str]) -> requests.Session:
    """A client of the sandbox's proxy that trusts its authority, as the hub's processes do."""
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"https": env["HTTPS_PROXY"], "http": env["HTTP_PROXY"]}
    session.verify = env["REQUESTS_CA_BUNDLE"]
    return session


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
