"""Somebody who is logged in to the played organisation, and the connector that is."""

from collections.abc import Iterator

import pytest
import requests

from hub.kit import Destination
from sandbox.process import SandboxProcess
from tests.connectors.salesforce.org import log_in
from tests.contract.bench import Bench


@pytest.fixture
def session(led: SandboxProcess) -> Iterator[requests.Session]:
    """Somebody who has logged in."""
    with requests.Session() as session:
        log_in(session)
        yield session


@pytest.fixture
def salesforce(bench: Bench) -> Iterator[Destination]:
    """The connector, logged in."""
    with bench.ready() as destination:
        yield destination
