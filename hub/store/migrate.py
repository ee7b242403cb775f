"""Bringing the schema up to date. The check is one small SELECT; Alembic is imported only when there is work to do."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, ProgrammingError

from hub.errors import SetupError
from hub.store.engine import WRITE
from hub.store.faults import faultpoint
from hub.store.schema import VERSION_TABLE

HEAD = "0025"  # the newest revision in migrations/versions
MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x687562  # any number, as long as it is always the same


def bring_up_to_date(engine: sa.Engine) -> None:
    """Migrate if the database is not at `HEAD`; old or new afterwards, never between."""
    if current_version(engine) != HEAD:
        _upgrade(engine)


def current_version(engine: sa.Engine) -> str | None:
    """The revision that the database is at; None for an empty one."""
    table = sa.table(VERSION_TABLE, sa.column("version_num"))
    with engine.connect() as connection:
        try:
            return connection.execute(sa.select(table.c.version_num)).scalar()
        except (OperationalError, ProgrammingError) as problem:
            if "no such table" in str(problem.orig) or getattr(problem.orig, "sqlstate", None) == "42P01":
                return None
            raise


def _upgrade(engine: sa.Engine) -> None:
    """All steps in one transaction, by one process at a time; whoever waited finds nothing left to do."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        if engine.dialect.name != "sqlite":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as unknown:
            raise SetupError(
                "The store was written by a newer hub; update this one, or use another store."
            ) from unknown
        faultpoint("store.migrated")
