"""Opening the database: one way of working on SQLite and on PostgreSQL, and its troubles in our words."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from hub.errors import HubError, SetupError, Unavailable

BUSY_SECONDS = 30  # how long a writer waits for another one
_ROOM = ("cache_size=-16000", "wal_autocheckpoint=4000")  # 16 MB each: fewer pages are written twice
WRITE = "hub_write"  # execution option: this transaction writes

_FULL = ("database or disk is full", "No space left on device", "could not extend file")
_UNUSABLE = ("file is not a database", "malformed", "readonly database", "unable to open database", "no such table")
_BUSY_STATES = ("40001", "40P01", "55P03", "57014")  # PostgreSQL: serialisation, deadlock, lock and statement timeouts


def open_engine(url: str) -> sa.Engine:
    """An engine for `sqlite:///path` or `postgresql+psycopg://...`; nothing is connected yet."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise SetupError(f"The store cannot be kept in {parsed.get_backend_name()}; use SQLite or PostgreSQL.")
        of_one_thread = parsed.database in (None, "", ":memory:")
        # The connection that was used last comes first: whoever else wrote meanwhile, another's pages are all old.
        pool = {} if of_one_thread else {"pool_use_lifo": True}
        # Parameters hold what people wrote: they never appear in an error or a log.
        engine = sa.create_engine(
            parsed, hide_parameters=True, pool_pre_ping=parsed.get_backend_name() != "sqlite", **pool
        )
    except (ArgumentError, NoSuchModuleError) as wrong:
        raise SetupError("HUB_STORE_URL is no database URL; sqlite:///path or postgresql+psycopg://... is.") from wrong
    except ModuleNotFoundError as missing:
        raise SetupError(
            f"The store's driver {missing.name} is not installed; install the extra `postgres`."
        ) from missing
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver's own rules would leave DDL outside
    for pragma in (
        "journal_mode=WAL",
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "foreign_keys=ON",
        "synchronous=NORMAL",
        *_ROOM,
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that reads first and writes later cannot wait for its turn any more; so writers queue at once.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITE) else "BEGIN")


def translated(problem: DBAPIError, url: URL) -> HubError:
    """What the caller must do about this. The driver's own words stay out: PostgreSQL's quote whole rows."""
    said = str(problem.orig)
    state = getattr(problem.orig, "sqlstate", None)
    where = url.render_as_string(hide_password=True)
    if any(word in said for word in _FULL) or state == "53100":
        return SetupError(f"There is no space left for the store at {where}; make room, and the next run goes on.")
    if "locked" in said or "busy" in said or state in _BUSY_STATES:
        return Unavailable(f"The store at {where} was held by another writer for {BUSY_SECONDS} s.", sent=False)
    if any(word in said for word in _UNUSABLE) or state in ("28P01", "28000", "3D000", "42501"):
        kind = type(problem.orig).__name__
        return SetupError(f"The store at {where} cannot be used ({state or kind}); check its path, rights and file.")
    if problem.connection_invalidated or (url.get_backend_name() != "sqlite" and state is None):
        return Unavailable(f"The store at {where} does not answer.", retry_after=5.0)
    return HubError(f"The store refused a statement: {_named(problem)}.")


def _named(problem: DBAPIError) -> str:
    """Error class and constraint, as far as they hold no values."""
    diagnosis = getattr(problem.orig, "diag", None)
    if diagnosis is not None:
        return f"{type(problem.orig).__name__} of {diagnosis.constraint_name or diagnosis.table_name or 'a table'}"
    return f"{type(problem.orig).__name__}: {problem.orig}"  # SQLite names the column, never the value
