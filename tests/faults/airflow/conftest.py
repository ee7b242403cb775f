"""One hub under a real Airflow for all of its faults: booted once, with settings that let it notice a death soon."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.airflow.canaries import Canaries
from tests.faults.airflow.database import Database, served
from tests.faults.airflow.driven import Driven, driven


@pytest.fixture(scope="session")
def canaries() -> Canaries:
    """The secrets of this hub, each of them found nowhere else in the world."""
    return Canaries()


@pytest.fixture(scope="session")
def database(canaries: Canaries) -> Iterator[Database | None]:
    """Where Airflow and the hub keep their state; None, and thus SQLite, where there is no PostgreSQL."""
    with served(canaries["password of the database's owner"]) as database:
        yield database


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory, canaries: Canaries, database: Database | None) -> Iterator[Driven]:
    """The running hub, its first reading done."""
    folder: Path = tmp_path_factory.mktemp("driven")
    with driven(folder, canaries, database) as running:
        running.calm_down()
        yield running
