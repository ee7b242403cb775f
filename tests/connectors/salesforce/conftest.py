"""Somebody who is logged in to the played organisation, and a bench for the connector."""

from collections.abc import Iterator

import pytest
import requests

import connectors
from hub.kit import Destination
from sandbox.process import SandboxProcess
from tests.connectors.salesforce.org import log_in
from tests.contract.bench import Bench


@pytest.fixture
def session(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[requests.Session]:
    """Somebody who has logged in."""
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    with requests.Session() as session:
        log_in(session)
        yield session


@pytest.fixture
def bench(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The connector's bench."""
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    return Bench(connectors.manifest("salesforce"), sandbox)


@pytest.fixture
def salesforce(bench: Bench) -> Iterator[Destination]:
    """The connector, logged in."""
    with bench.ready() as destination:
        yield destination
