"""What the tests of pages that people act on share; each module says which application `app` is."""

import json

import pytest

from hub.store import Landing, Store
from tests.contract.test_pages import MAY, signed_in_as
from tests.unit.stages.world import Clock, Town

TICKET = {"conn_type": "zendesk", "host": "acme.zendesk.com", "extra": {"client_id": "i", "client_secret": "s"}}


@pytest.fixture
def town(tmp_path, monkeypatch):
    """A hub with nothing in it, which the pages show."""
    monkeypatch.setenv("HUB_VAR", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_ZENDESK_DEFAULT", json.dumps(TICKET))
    clock = Clock()
    with Store.open(f"sqlite:///{tmp_path}/hub.db", clock=clock) as store:
        yield Town(store, Landing(tmp_path / "landing"), clock)


@pytest.fixture
def acting(app, town):
    yield signed_in_as(app, MAY)
    app.dependency_overrides.clear()
