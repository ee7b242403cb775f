"""Databases of a test's own on the PostgreSQL server that `HUB_TEST_POSTGRES` names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
import sqlalchemy as sa

POSTGRES = "HUB_TEST_POSTGRES"


def server() -> str:
    """The server's address; where none is named, a test that asks is skipped."""
    named = os.environ.get(POSTGRES)
    if not named:
        pytest.skip(f"needs a PostgreSQL server; {POSTGRES} names it")
    return named


@contextmanager
def database(server: str, *, template: str = "template1") -> Iterator[str]:
    """The address of a new database, which is gone at the end."""
    name = f"hub_test_{uuid4().hex[:12]}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()
