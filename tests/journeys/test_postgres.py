"""The same flow on PostgreSQL, the store of more than one machine."""

from collections.abc import Iterator

import pytest

from sandbox.process import SandboxProcess
from tests.databases import database, server
from tests.journeys import flow

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture
def url() -> Iterator[str]:
    with database(server()) as made:
        yield made


@pytest.mark.usefixtures("hub_env")
def test_the_whole_flow_on_postgresql(url: str, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_STORE_URL", url)

    first = flow.hub("run")
    again = flow.answer(flow.hub("run", "--json"))

    assert first.returncode == 0, first.stderr
    assert again["landed"] == 0
    assert flow.keys_in_the_store() == flow.keys_in_the_world()
    flow.assert_exactly_once(sandbox)
    assert flow.assert_balanced().handed_off > 10
