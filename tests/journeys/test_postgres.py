"""The same flow on PostgreSQL, the store of more than one machine."""

import os
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from sandbox.process import SandboxProcess
from tests.journeys import flow

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture
def database() -> Iterator[str]:
    """A database of this test's own."""
    url = os.environ.get("HUB_TEST_POSTGRES")
    if not url:
        pytest.skip("needs a PostgreSQL server; HUB_TEST_POSTGRES names it")
    name = f"journey_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    yield sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    server.dispose()


@pytest.mark.usefixtures("hub_env")
def test_the_whole_flow_on_postgresql(database: str, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_STORE_URL", database)

    first = flow.hub("run")
    again = flow.answer(flow.hub("run", "--json"))

    assert first.returncode == 0, first.stderr
    assert again["landed"] == 0
    assert flow.keys_in_the_store() == flow.keys_in_the_world()
    flow.assert_exactly_once(sandbox)
    assert flow.assert_balanced().handed_off > 10
