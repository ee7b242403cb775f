"""Questions that may name a time: what one run reads, so that runs fit without a gap and bring nothing twice.

A run reads a span: from where the last one ended, inclusive, up to a moment ago, exclusive. The moment is a little
while ago, since a thing can be found a little after it was written; the nightly sweep finds what comes later still.
The end of a span that is not read to its beginning yet is in the cursor's state, so that a run that was stopped goes
on with the same one. For lists that can only be walked from the newest on there is `Backward`.

The moment is one of our clock, and a clock may be ahead. Where the other side's answers say so (`Http.ahead`), the
cursor stays behind by as much: what is written there until the two agree is read by the next run.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

from hub.domain import Cursor, Watch

SETTLED = timedelta(seconds=30)
REACH = timedelta(days=1)  # of a first read whose watch does not say


class Span(NamedTuple):
    """What one run reads: from `start` on, up to and without `end`."""

    start: datetime
    end: datetime
    position: str | None = None  # of the cursor that it began with

    @classmethod
    def of(cls, watch: Watch, cursor: Cursor, now: datetime, *, settled: timedelta = SETTLED) -> Self:
        """The span that a cursor leaves to be read, or is in the middle of."""
        end = moment_of(cursor.state.get("end")) or moment_of(written(now - settled)) or now
        return cls(moment_of(cursor.position) or watch.since or end - REACH, end, cursor.position)

    def has(self, moment: datetime | None) -> bool:
        """Whether it was then; what bears no time is never passed over."""
        return moment is None or self.start <= moment < self.end

    @property
    def empty(self) -> bool:
        """Whether nothing can have settled since the last run."""
        return self.start >= self.end

    def amid(self, ahead: timedelta, **state: Any) -> Cursor:
        """A cursor that goes on with this span; what is None is left out."""
        kept = {name: value for name, value in state.items() if value is not None}
        return Cursor(position=self.position, state={"end": written(self._seen(ahead)), **kept})

    def after(self, ahead: timedelta) -> Cursor:
        """The cursor of a span that was read to its beginning, our clock being ahead by so much."""
        return Cursor(position=written(self._seen(ahead)))

    def _seen(self, ahead: timedelta) -> datetime:
        return max(self.start, self.end - ahead)


def moment_of(text: Any) -> datetime | None:
    """A time in ISO 8601; one without a zone is taken as UTC, nonsense as no time."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def written(moment: datetime) -> str:
    """A time in ISO 8601, to the millisecond and with a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
