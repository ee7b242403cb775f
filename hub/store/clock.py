"""Which time it is: by this machine where it is alone, by the database server where there are several.

Leases compare moments that different workers have written. On several machines a clock that is wrong by minutes would
take a living worker's claim for one that has run out; so there the server's clock is everybody's. It is asked now and
then, and carried on in between by a clock that nobody sets.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

FRESH_SECONDS = 60.0  # two quartz clocks differ by some milliseconds by then

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """This moment by the machine, aware and in UTC."""
    return datetime.now(UTC)


class ServerClock:
    """This moment by the database server; what this machine's clock says, or jumps to, does not matter."""

    def __init__(self, engine: sa.Engine, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        """`elapsed` counts seconds from any beginning and is never put back."""
        self._engine = engine
        self._elapsed = elapsed
        self._asked: tuple[float, datetime] | None = None

    def __call__(self) -> datetime:
        asked = self._asked
        if asked is None or self._elapsed() - asked[0] > FRESH_SECONDS:
            self._asked = asked = self._ask()
        return asked[1] + timedelta(seconds=self._elapsed() - asked[0])

    def _ask(self) -> tuple[float, datetime]:
        began = self._elapsed()
        with self._engine.connect() as connection:
            said: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return (began + self._elapsed()) / 2, said.astimezone(UTC)


def clock_of(engine: sa.Engine) -> Clock:
    """The clock by which all workers of this database agree. SQLite's are on one machine and share its clock."""
    return utc_now if engine.dialect.name == "sqlite" else ServerClock(engine)
