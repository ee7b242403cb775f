"""A hub with nothing in it for each test."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from hub.store import Landing, Store
from tests.unit.stages.world import Clock, Town


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is migrated once and copied for each test."""
    path = tmp_path_factory.mktemp("stages") / "hub.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(migrated: Path, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    copy(migrated, tmp_path / "hub.db")
    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}", clock=clock) as opened:
        yield opened


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


@pytest.fixture
def town(store: Store, landing: Landing, clock: Clock) -> Town:
    return Town(store, landing, clock)
