"""What the tests of a connector share; which connector it is says their folder."""

from collections.abc import Iterator
from contextlib import closing

import pytest

import connectors
from hub.kit import Network
from hub.wiring import Hub
from sandbox.process import SandboxProcess
from tests.connectors.backlog import Backlog
from tests.connectors.played import Say, opened
from tests.contract.bench import Bench


@pytest.fixture
def connector(request: pytest.FixtureRequest) -> str:
    """The connector that the folder of a test is named after."""
    return request.path.parent.name


@pytest.fixture
def led(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> SandboxProcess:
    """A sandbox into which this process is led."""
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    return sandbox


@pytest.fixture
def bench(led: SandboxProcess, connector: str) -> Bench:
    """The destination's bench."""
    return Bench(connectors.manifest(connector), led)


@pytest.fixture
def backlog(sandbox: SandboxProcess, hub_env: dict[str, str], connector: str) -> Iterator[Backlog]:
    """Work that waits for the destination in a store of this test's own."""
    with closing(Hub()) as hub:
        yield Backlog(hub, sandbox, connector)


@pytest.fixture
def network(sandbox: SandboxProcess, hub_env: dict[str, str], connector: str) -> Iterator[Network]:
    """The network's connector, opened against the sandbox."""
    with opened(connector, sandbox) as network:
        yield network


@pytest.fixture
def say(sandbox: SandboxProcess, connector: str) -> Say:
    """Lets an author post on the network; returns the number of the post."""

    def add(author: str, text: str, **facts: object) -> int:
        return sandbox.control.add_post(network=connector, author=author, text=text, **facts)

    return add
