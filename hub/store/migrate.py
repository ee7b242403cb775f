"""Bringing the schema up to date. The check is one small SELECT; Alembic is imported only when there is work to do.

An empty SQLite file needs none either: `migrations/sqlite.sql` holds, statement by statement, what all migrations
make of one. `make docs` writes it, and a test fails while it says anything else than they do.
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, ProgrammingError

from hub.errors import SetupError
from hub.store.engine import WRITE, open_engine
from hub.store.faults import faultpoint
from hub.store.schema import VERSION_TABLE

HEAD = "0030"  # the newest revision in migrations/versions
MIGRATIONS = Path(__file__).parent / "migrations"
FRESH = MIGRATIONS / "sqlite.sql"
_LOCK = 0x687562  # any number, as long as it is always the same
_BETWEEN = ";\n\n"  # two statements of FRESH; inside of a trigger no empty line follows a semicolon
_MADE = sa.text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")


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


def written_out() -> str:
    """What all migrations make of an empty SQLite file: the text of FRESH."""
    engine = open_engine("sqlite://")
    try:
        with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
            _migrate(connection)
            made = connection.execute(_MADE).all()
        stamp = f"INSERT INTO {VERSION_TABLE} VALUES ('{HEAD}')"  # noqa: S608  # our own words
        statements = ("\n".join(map(str.rstrip, row.sql.rstrip().split("\n"))) for row in made)
        return f"{_BETWEEN.join((*statements, stamp))};\n"
    finally:
        engine.dispose()


def _upgrade(engine: sa.Engine) -> None:
    """All steps in one transaction, by one process at a time; whoever waited finds nothing left to do."""
    with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        if engine.dialect.name != "sqlite":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            _migrate(connection)
        elif connection.execute(_MADE).first() is None:
            for statement in FRESH.read_text(encoding="utf-8").removesuffix(";\n").split(_BETWEEN):
                connection.exec_driver_sql(statement)
        else:
            _migrate(connection)
        faultpoint("store.migrated")


def _migrate(connection: sa.Connection, to: str = "head") -> None:
    """Step by step from wherever the database is; nothing, where it is there."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, to)
    except CommandError as unknown:
        raise SetupError("The store was written by a newer hub; update this one, or use another store.") from unknown
