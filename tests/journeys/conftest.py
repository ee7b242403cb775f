"""Stories through the whole flow are told of three networks; what concerns all of them says so."""

from pathlib import Path

import pytest

from tests.journeys import flow

FEW = ("x", "mastodon", "blogs")


@pytest.fixture
def hub_env(hub_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """This process as one of the hub's, with Acme's watches on three networks: a run takes a third of the time.

    The hub is no beginner: it knows that Zendesk's jobs are quick here. Else it asks after a second, thrice in a run.
    """
    with flow.store() as store, store.begin() as tx:
        tx.memory.set("zendesk_default:seconds_for_users", 0.3)
    path = tmp_path / "acme.yaml"
    path.write_text(flow.watching(FEW))
    monkeypatch.setenv("HUB_CONFIG", str(path))
    return hub_env | {"HUB_CONFIG": str(path)}


@pytest.fixture
def everywhere(hub_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """All of Acme's watches."""
    path = flow.REPO / "sandbox" / "hub.yaml"
    monkeypatch.setenv("HUB_CONFIG", str(path))
    return path
