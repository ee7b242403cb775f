"""Services kept in this process: what tests, recordings and one-off commands use."""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock, RLock
from typing import Any

from hub.domain import Allowance, Budget
from hub.errors import RateLimited
from hub.kit.services import Clock, Token

EXPIRY_MARGIN = timedelta(seconds=60)  # a token that ends during the call is of no use


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """This moment, aware and in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        time.sleep(seconds)


class SteppedClock:
    """Time that stands still until somebody sleeps: waits cost nothing, and can be counted."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        """The moment reached by all sleeps so far."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Step forward without waiting."""
        self.sleeps.append(seconds)
        self._now += timedelta(seconds=seconds)


class LocalMemory:
    """Remembered look-ups in a dictionary."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[Any, datetime | None]] = {}

    def get(self, key: str) -> Any | None:
        """What was remembered, unless it was never known or is too old."""
        value, until = self._kept.get(key, (None, None))
        return None if until and until <= self._clock.now() else value

    def set(self, key: str, value: Any, *, keep_seconds: float | None = None) -> None:
        """Remember plain data; for ever when no time is named."""
        until = self._clock.now() + timedelta(seconds=keep_seconds) if keep_seconds is not None else None
        self._kept[key] = (value, until)


class LocalBudgets:
    """A sliding window for each name: in no stretch of the window's length are more calls made than allowed."""

    def __init__(self, clock: Clock, *, max_wait_seconds: float) -> None:
        self._clock = clock
        self._max_wait = max_wait_seconds
        self._paces: dict[str, tuple[datetime, float, datetime]] = {}  # next call, seconds between, and until when
        self._uses: dict[str, deque[tuple[datetime, int]]] = {}
        self._spent: dict[str, int] = {}  # the sum of those in the window
        self._lock = Lock()

    def acquire(self, name: str, budget: Budget, *, cost: int = 1) -> None:
        """Take `cost` calls: waits while that is short, else raises RateLimited saying how long to wait."""
        while wait := self._take(name, budget, cost):
            if wait > self._max_wait:
                raise RateLimited(f"The budget of {name} is spent for {wait:.0f} s.", retry_after=wait)
            self._clock.sleep(wait)

    def told(self, name: str, allowance: Allowance) -> None:
        """Keep what the other side said is left of its own limit."""
        now = self._clock.now()
        with self._lock:
            self._paces.pop(name, None)
            if gap := allowance.gap:
                self._paces[name] = (now + timedelta(seconds=gap), gap, now + timedelta(seconds=allowance.seconds))

    def _take(self, name: str, budget: Budget, cost: int) -> float:
        """Zero when taken, else the seconds until enough calls have left the window."""
        window = timedelta(minutes=budget.per_minutes)
        with self._lock:
            now = self._clock.now()
            soonest, gap, until = self._paces.get(name, (now, 0.0, now))
            if now < soonest and now < until and cost > 0:
                return max((min(soonest, until) - now).total_seconds(), 0.001)
            uses = self._uses.setdefault(name, deque())
            spent = self._spent.get(name, 0)
            while uses and uses[0][0] <= now - window:
                spent -= uses.popleft()[1]
            self._spent[name] = spent
            over = spent + min(cost, budget.requests) - budget.requests
            if over <= 0 or cost <= 0:
                uses.append((now, cost))
                self._spent[name] += cost
                if gap:
                    self._paces[name] = (now + timedelta(seconds=gap * cost), gap, until)
                return 0.0
            for at, each in uses:
                over -= each
                if over <= 0:
                    return max((at + window - now).total_seconds(), 0.001)
            return window.total_seconds()


class LocalTokens:
    """Tokens in a dictionary, fetched under one lock for each connection."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, Token] = {}
        self._stale: set[tuple[str, str]] = set()
        self._locks: dict[str, RLock] = {}
        self._lock = Lock()

    def get(self, connection_id: str, fetch: Callable[[Token | None], Token]) -> Token:
        """The kept token, or a new one from `fetch`, which gets the old one for its refresh token."""
        with self._lock:
            lock = self._locks.setdefault(connection_id, RLock())
        with lock:
            kept = self._kept.get(connection_id)
            if kept is None or self._is_spent(connection_id, kept):
                kept = self._kept[connection_id] = fetch(kept)
            return kept

    def invalidate(self, connection_id: str, stale: Token) -> None:
        """Forget this token; does nothing if another one has taken its place."""
        with self._lock:
            self._stale.add((connection_id, stale.value))

    def _is_spent(self, connection_id: str, token: Token) -> bool:
        if (connection_id, token.value) in self._stale:
            return True
        return token.expires_at is not None and token.expires_at - EXPIRY_MARGIN <= self._clock.now()
