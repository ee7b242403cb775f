"""Calls counted in fixed windows, as the vendors count them."""

from datetime import UTC, datetime
from threading import Lock
from typing import NamedTuple

from sandbox.clock import Clock


class Window(NamedTuple):
    """Where one client stands in one window, after this call."""

    limit: int
    remaining: int
    reset_at: datetime
    exceeded: bool

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds until the window ends, never less than one."""
        return max(1, int((self.reset_at - now).total_seconds()) + 1)


class Limits:
    """All windows of the sandbox. With `enforced` false they are counted and told, but nobody is refused."""

    def __init__(self, clock: Clock, *, enforced: bool = True) -> None:
        self.enforced = enforced
        self._clock = clock
        self._used: dict[str, tuple[int, int]] = {}  # bucket: window's number, calls in it
        self._lock = Lock()

    def take(self, bucket: str, *, limit: int, seconds: float, cost: int = 1) -> Window:
        """Count a call; a refused one costs nothing."""
        number = int(self._clock.now().timestamp() // seconds)
        with self._lock:
            window, used = self._used.get(bucket, (number, 0))
            if window != number:
                used = 0
            exceeded = self.enforced and used + cost > limit
            if not exceeded:
                used += cost
            self._used[bucket] = (number, used)
        reset_at = datetime.fromtimestamp((number + 1) * seconds, UTC)
        return Window(limit, max(0, limit - used), reset_at, exceeded)

    def forget(self) -> None:
        """Start all windows afresh."""
        with self._lock:
            self._used.clear()
