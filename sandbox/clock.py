"""The sandbox's time: the machine's, moved as far as a test or a demo has moved it."""

from datetime import UTC, datetime, timedelta

FURTHEST = timedelta(days=36_500)  # a century each way: every date that systems write still exists


class Clock:
    """Real time plus an offset, so that days can pass in a moment."""

    def __init__(self, offset_seconds: float = 0.0) -> None:
        self.offset_seconds = offset_seconds

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset_seconds)

    def advance(self, seconds: float) -> datetime:
        """Move on (or, with a negative figure, back) and say what time it is then."""
        offset = self.offset_seconds + seconds
        if not abs(offset) <= FURTHEST.total_seconds():  # written so that "not a number" is refused as well
            raise ValueError("the clock moves by a number of seconds, at most a century from now")
        self.offset_seconds = offset
        return self.now()
