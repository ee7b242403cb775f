"""How values are bound past SQLAlchemy: exactly as it would bind them itself."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from hub.store.schema import Utc

ZONES = st.integers(-720, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
NAIVE = datetime.fromisoformat("0002-01-01"), datetime.fromisoformat("9998-12-31")
MOMENTS = st.datetimes(*NAIVE, timezones=ZONES)


@given(MOMENTS)
@example(datetime(2026, 11, 23, 10, tzinfo=UTC))
@example(datetime(2026, 11, 23, 10, 0, 0, 250_000, tzinfo=UTC))
@example(datetime(476, 9, 4, tzinfo=UTC))
def test_sqlite_is_given_a_moment_as_sqlalchemy_would_write_it(moment: datetime) -> None:
    dialect = sqlite.dialect()
    ours, its_own = Utc().bind_processor(dialect), sqlite.DATETIME().bind_processor(dialect)

    assert ours(moment) == its_own(moment.astimezone(UTC).replace(tzinfo=None))


@given(MOMENTS)
@example(datetime(2026, 11, 23, 10, tzinfo=UTC))
@example(datetime(476, 9, 4, tzinfo=UTC))
def test_a_moment_is_read_from_sqlite_as_sqlalchemy_would_read_it(moment: datetime) -> None:
    dialect = sqlite.dialect()
    written = Utc().bind_processor(dialect)(moment)
    ours, its_own = Utc().result_processor(dialect, None), sqlite.DATETIME().result_processor(dialect, None)

    assert ours(written) == moment == its_own(written).replace(tzinfo=UTC)
    assert ours(written).tzinfo is UTC
    assert ours(None) is None


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        Utc().bind_processor(sqlite.dialect())(NAIVE[0])
