"""What all tables share: one kind of time, one kind of structured column, one naming rule."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Dialect

VERSION_TABLE = "hub_alembic_version"  # ours: Airflow keeps its own in the same server, perhaps in the same database

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers rows by itself only as INTEGER


_encode = msgspec.json.Encoder().encode


class Utc(sa.types.TypeDecorator[datetime]):
    """A moment: aware in, aware and in UTC out. SQLite drops zones, so the zone is taken off and put on here."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """In UTC; for SQLite as text, in the form in which SQLAlchemy reads it again, and without its detours."""
        return _as_text if dialect.name == "sqlite" else _in_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """Give the zone back."""
        return _from_text if dialect.name == "sqlite" else _in_utc


def _from_text(stored: str | None) -> datetime | None:
    """What `_as_text` has written, read in a fifth of the time that SQLAlchemy takes for it."""
    return None if stored is None else datetime.fromisoformat(f"{stored}+00:00")


def _in_utc(value: datetime | None) -> datetime | None:
    """Refuse a naive time: nobody can say which moment it means."""
    if value is None or value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError("A time without a zone cannot be stored; make it aware where it comes from.")
    return value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    moment = _in_utc(value)
    if moment is None:
        return None
    written = _encode(moment).decode()  # "2026-11-23T10:00:00.250000Z", quoted, in a twentieth of isoformat's time
    return f"{written[1:11]} {written[12:20]}{written[20:-2] or '.000000'}"


class Plain(sa.types.TypeDecorator[Any]):
    """Plain data as JSON text, the same on every database."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Plain data, or one of our models, to JSON."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """JSON to plain data."""
        return None if value is None else msgspec.json.decode(value)
