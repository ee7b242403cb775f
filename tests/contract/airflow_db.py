"""An Airflow database of a test's own, in a process that may have opened another one already."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def own_database(folder: Path) -> Iterator[None]:
    """Airflow's tables, empty, in this folder; afterwards Airflow goes on with the database it had."""
    with pytest.MonkeyPatch.context() as patch:
        from airflow import settings
        from airflow.utils import db

        patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{folder / 'airflow.db'}")
        _open(settings)
        db.initdb()
        yield
    _open(settings)


def _open(settings) -> None:
    settings.configure_vars()
    settings.configure_orm()
