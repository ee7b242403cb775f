"""A store on each database that is there, and a clock that tests own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copy
from uuid import uuid4

import pytest
import sqlalchemy as sa

from hub.store import Store
from tests.unit.store.builders import START

POSTGRES = "HUB_TEST_POSTGRES"


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
    if request.param == "sqlite":
        return None
    named = os.environ.get(POSTGRES)
    if not named:
        pytest.skip(f"{POSTGRES} names no server: the store is not tested on PostgreSQL")
    return named


@pytest.fixture
def url(server: str | None, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if server is None:
        yield f"sqlite:///{tmp_path / 'hub.db'}"
        return
    with _database(server) as made:
        yield made


@pytest.fixture(scope="session")
def migrated(server: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database that is migrated once and copied for each test."""
    if server is None:
        url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'migrated.db'}"
        Store.open(url).close()
        yield url
        return
    with _database(server) as url:
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
    with _database(server, template=sa.make_url(migrated).database) as url, Store.open(url, clock=clock) as opened:
        yield opened


@pytest.fixture
def lite(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """For what does not depend on the database."""
    with Store.open(f"sqlite:///{tmp_path / 'lite.db'}", clock=clock) as opened:
        yield opened


@contextmanager
def _database(server: str, *, template: str = "template1") -> Iterator[str]:
    name = f"hub_test_{uuid4().hex[:12]}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()
