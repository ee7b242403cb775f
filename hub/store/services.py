"""What connectors share through the store: remembered look-ups, budgets and tokens.

These have the shape that the kit's protocols ask for; the entrances put them together, so that neither room knows
the other:

    shared = Shared(store, token_type=Token, max_wait_seconds=60)
    Services(memory=shared.memory, budgets=shared.budgets, tokens=shared.tokens, clock=shared.clock)
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from hub.domain import Allowance, Budget
from hub.errors import AccessDenied, RateLimited, Unavailable
from hub.store.advances import Advances
from hub.store.faults import faultpoint
from hub.store.store import Store
from hub.store.vault import Vault

EXPIRY_MARGIN = timedelta(seconds=60)  # a token that ends during the call is of no use
FETCH_SECONDS = 120.0  # the lease of whoever fetches a token: longer than any answer may take
LOOK_AGAIN_SECONDS = 0.2


class Clock(Protocol):
    """Time, handed in so that tests own it."""

    def now(self) -> datetime:
        """This moment, aware and in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...


class AnyToken(Protocol):
    """What the keeper must know of a token; the rest is the kit's business."""

    @property
    def value(self) -> str:
        """What is shown to the other side."""
        ...

    @property
    def expires_at(self) -> datetime | None:
        """When it ends, if the other side said."""
        ...


T = TypeVar("T", bound=AnyToken)


class StoreClock:
    """The store's time, and the machine's patience."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def now(self) -> datetime:
        """This moment, by the store's clock."""
        return self._store.now()

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        time.sleep(seconds)


class SharedMemory:
    """Remembered look-ups, the same for all processes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: str) -> Any | None:
        """What was remembered, unless it was never known or is too old."""
        with self._store.read() as view:
            return view.memory.get(key)

    def set(self, key: str, value: Any, *, keep_seconds: float | None = None) -> None:
        """Remember plain data; for ever when no time is named."""
        with self._store.begin() as tx:
            tx.memory.set(key, value, keep_seconds=keep_seconds)


class SharedBudgets:
    """Calls per window, counted over all processes."""

    def __init__(self, store: Store, clock: Clock, *, max_wait_seconds: float) -> None:
        self._store, self._clock, self._max_wait = store, clock, max_wait_seconds
        self._advances: dict[str, Advances] = {}

    @contextmanager
    def in_advance(self, system: str) -> Iterator[None]:
        """Inside, calls of this system are taken some at a time; what is left over at the end is given back."""
        outer = self._advances.get(system)
        mine = self._advances[system] = outer or Advances(self._store)
        try:
            yield
        finally:
            if outer is None:
                self._advances.pop(system, None)
            mine.end()

    def acquire(self, name: str, budget: Budget, *, cost: int = 1) -> None:
        """Take `cost` calls: waits while that is short, else raises RateLimited saying how long to wait."""
        advances = self._advances.get(_system_of(name))
        take = advances.take if advances else self._take
        while wait := take(name, budget, cost):
            if wait > self._max_wait:
                raise RateLimited(f"The budget of {name} is spent for {wait:.0f} s.", retry_after=wait)
            self._clock.sleep(wait)

    def told(self, name: str, allowance: Allowance) -> None:
        """Keep what the other side said is left of its own limit; plenty after plenty is nothing to keep."""
        if not allowance.gap:
            with self._store.read() as view:
                if not view.budgets.is_paced(name):
                    return
        elif advances := self._advances.get(_system_of(name)):
            advances.end(name)
        with self._store.begin() as tx:
            tx.budgets.told(name, allowance)

    def _take(self, name: str, budget: Budget, cost: int) -> float:
        with self._store.begin() as tx:
            return tx.budgets.acquire(name, budget, cost=cost)


def _system_of(name: str) -> str:
    """Whose budget that is: a system's own is called after it, and others begin with its name."""
    return name.partition(":")[0]


class SharedTokens(Generic[T]):
    """Keeps access tokens, encrypted; of all processes only one at a time fetches a new one.

    A new token is stored before it is used. A refresh token that was refused is forgotten, since showing it again
    could cost the whole family; the next fetch starts from the connection.
    """

    def __init__(
        self, store: Store, clock: Clock, vault: Vault, token_type: type[T], *, max_wait_seconds: float
    ) -> None:
        self._store, self._clock, self._vault, self._type = store, clock, vault, token_type
        self._max_wait = max_wait_seconds
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._opened: dict[str, tuple[str, T]] = {}  # by connection: the last one read, and how it lay there

    def get(self, connection_id: str, fetch: Callable[[T | None], T]) -> T:
        """The kept token, or a new one from `fetch`, which gets the old one for its refresh token."""
        waited = 0.0
        while True:
            kept, usable, _ = self._look(connection_id)
            if kept is not None and usable:
                return kept
            with self._store.begin() as tx:
                fence = tx.tokens.take(connection_id, self._holder, lease_seconds=FETCH_SECONDS)
            if fence is not None:
                return self._fetch(connection_id, fence, fetch)
            if waited >= max(self._max_wait, FETCH_SECONDS):
                raise Unavailable(f"Another process is still fetching the token of {connection_id}.", sent=False)
            self._clock.sleep(LOOK_AGAIN_SECONDS)
            waited += LOOK_AGAIN_SECONDS

    def invalidate(self, connection_id: str, stale: T) -> None:
        """Forget this token; does nothing if another one has taken its place."""
        kept, _, secret = self._look(connection_id)
        if kept is not None and kept.value == stale.value and secret:
            with self._store.begin() as tx:
                tx.tokens.spoil(connection_id, secret)

    def _look(self, connection_id: str) -> tuple[T | None, bool, str | None]:
        """The token that is kept, whether it can still be used, and how it lies there."""
        with self._store.read() as view:
            row = view.tokens.get(connection_id)
        token = self._open(connection_id, row.secret) if row and row.secret else None
        if row is None or token is None:
            return None, False, None
        alive = token.expires_at is None or token.expires_at - EXPIRY_MARGIN > self._clock.now()
        return token, alive and not row.stale, row.secret

    def _open(self, connection_id: str, secret: str) -> T | None:
        """Decrypt it, once: every request asks for its token."""
        known, token = self._opened.get(connection_id, ("", None))
        if token is not None and known == secret:
            return token
        data = self._vault.open(secret)
        if data is None:
            return None
        token = msgspec.json.decode(data, type=self._type)
        self._opened[connection_id] = secret, token
        return token

    def _fetch(self, connection_id: str, fence: int, fetch: Callable[[T | None], T]) -> T:
        old, usable, _ = self._look(connection_id)
        try:
            # Somebody may have put a new one in between our look and our lease.
            token = old if old is not None and usable else fetch(old)
        except AccessDenied:
            with self._store.begin() as tx:
                tx.tokens.keep(connection_id, fence, None)
            raise
        except BaseException:
            with self._store.begin() as tx:
                tx.tokens.let_go(connection_id, fence)
            raise
        faultpoint("tokens.fetched")
        secret = self._vault.lock(msgspec.json.encode(token))
        with self._store.begin() as tx:
            tx.tokens.keep(connection_id, fence, secret)
        return token


class Shared(Generic[T]):
    """All of it over one store; `key_path` is where the key of the tokens lies."""

    def __init__(
        self, store: Store, *, token_type: type[T], max_wait_seconds: float, clock: Clock | None = None,
        key_path: Path | None = None,
    ) -> None:  # fmt: skip
        self.clock = clock or StoreClock(store)
        vault = Vault(key_path or Path(os.environ.get("HUB_VAR") or "var") / "secrets" / "token-key")
        self.memory = SharedMemory(store)
        self.budgets = SharedBudgets(store, self.clock, max_wait_seconds=max_wait_seconds)
        self.tokens = SharedTokens(store, self.clock, vault, token_type, max_wait_seconds=max_wait_seconds)
