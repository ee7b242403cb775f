"""A store on each database that is there, and a clock that tests own."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copy

import pytest
import sqlalchemy as sa

from hub.store import Store
from tests import databases
from tests.unit.store.builders import START


class Clock:
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], scope="session")
def server(request: pytest.FixtureRequest) -> str | None:
    """Each kind of database; PostgreSQL is skipped, by name, when no server is named."""
    return None if request.param == "sqlite" else databases.server()


@pytest.fixture
def url(server: str | None, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if server is None:
        yield f"sqlite:///{tmp_path / 'hub.db'}"
        return
    with databases.database(server) as made:
        yield made


@pytest.fixture(scope="session")
def migrated(server: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database that is migrated once and copied for each test."""
    if server is None:
        url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'migrated.db'}"
        Store.open(url).close()
        yield url
        return
    with databases.database(server) as url:
        Store.open(url).close()
        yield url


@pytest.fixture
def store(server: str | None, migrated: str, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """An opened store with nothing in it, on each kind of database."""
    if server is None:
        copy(sa.make_url(migrated).database, tmp_path / "hub.db")
        with Store.open(f"sqlite:///{tmp_path / 'hub.db'}", clock=clock) as opened:
            yield opened
        return
    with (
        databases.database(server, template=sa.make_url(migrated).database) as url,
        Store.open(url, clock=clock) as opened,
    ):
        yield opened


@pytest.fixture
def lite(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """For what does not depend on the database."""
    with Store.open(f"sqlite:///{tmp_path / 'lite.db'}", clock=clock) as opened:
        yield opened
