"""What a connector is handed besides its connection: memory, budgets, tokens, time and limits.

The protocols are the kit's; the store keeps them in its database, `Services.local()` in this process.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from os import fstat
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO, Protocol, Self

from requests.adapters import BaseAdapter

from hub.domain import Allowance, Budget
from hub.errors import SetupError
from hub.kit.reach import Reach

MEGABYTE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one answer may cost us before we hang up."""

    max_bytes: int = 20 * MEGABYTE  # of the unpacked body
    max_depth: int = 100  # of nested objects and lists
    connect_seconds: float = 10.0
    read_seconds: float = 30.0  # between two pieces of an answer
    total_seconds: float = 90.0  # for the whole answer, however steadily it drips
    max_wait_seconds: float = 90.0  # a longer wait ends the run; the next one goes on
    max_requests: int = 6  # for one read, all tries counted


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token that the other side gave us, and what may be exchanged for the next one."""

    value: str
    expires_at: datetime | None = None
    refresh: str | None = None

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at!r})"


class Clock(Protocol):
    """Time, handed in so that tests own it."""

    def now(self) -> datetime:
        """This moment, aware and in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...


class Memory(Protocol):
    """What was looked up once and need not be asked again, such as the id behind a handle."""

    def get(self, key: str) -> Any | None:
        """What was remembered, unless it was never known or is too old."""
        ...

    def set(self, key: str, value: Any, *, keep_seconds: float | None = None) -> None:
        """Remember plain data; for ever when no time is named."""
        ...


class Budgets(Protocol):
    """Calls per window, shared by every process that talks to one system."""

    def acquire(self, name: str, budget: Budget, *, cost: int = 1) -> None:
        """Take `cost` calls: waits while that is short, else raises RateLimited saying how long to wait.

        A negative cost gives back what was taken and not used.
        """
        ...

    def told(self, name: str, allowance: Allowance) -> None:
        """Keep what the other side said is left of its own limit, for whoever calls `acquire` with this name.

        Below a fifth, what is left is spread over the time until it is renewed, so that a refusal never comes to it.
        A limit of one endpoint gets a name of its own (`zendesk:tickets`), acquired beside the system's.
        """
        ...


class Tokens(Protocol):
    """Keeps access tokens; only one process at a time fetches a new one."""

    def get(self, connection_id: str, fetch: Callable[[Token | None], Token]) -> Token:
        """The kept token, or a new one from `fetch`, which gets the old one for its refresh token."""
        ...

    def invalidate(self, connection_id: str, stale: Token) -> None:
        """Forget this token; does nothing if another one has taken its place."""
        ...


class Files(Protocol):
    """Files that people exported elsewhere and put within our reach."""

    def open(self, path: str) -> BinaryIO:
        """The bytes of a file; a SetupError says why there are none."""
        ...


class LocalFiles:
    """Files of this machine."""

    def open(self, path: str) -> BinaryIO:
        """The bytes of a regular file."""
        try:
            file = Path(path).open("rb")  # noqa: SIM115  the connector closes it
        except OSError as refused:
            raise SetupError(f"{path} cannot be read ({refused.strerror}); correct the watch.") from None
        if not S_ISREG(fstat(file.fileno()).st_mode):
            file.close()
            raise SetupError(f"{path} is no regular file; correct the watch.")
        return file


class Kept(Protocol):
    """What was made here and goes out as it is, by digest: a report's pictures."""

    def read(self, digest: str) -> bytes:
        """The bytes of this digest; a SetupError says that they are not there."""
        ...


class NothingKept:
    """For a connector that is handed no files."""

    def read(self, digest: str) -> bytes:
        """There is none."""
        raise SetupError(f"No file {digest[:12]} is kept here; correct HUB_REPORTS_URL.")


Resolver = Callable[[str, int], list[str]]
"""All addresses of a host name, as text."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the three entrances hand to a connector."""

    memory: Memory
    budgets: Budgets
    tokens: Tokens
    clock: Clock
    limits: Limits = Limits()
    transport: BaseAdapter | None = None  # plays the other side: a recording in place of the wire
    proxy: str | None = None  # where a library that opens its own connections finds it; None asks the environment
    files: Files = field(default_factory=LocalFiles)
    kept: Kept = field(default_factory=NothingKept)
    reach: Reach = field(default_factory=Reach)  # what cannot be connected to, found out once for all
    resolve: Resolver | None = None  # for the gate's tests; None asks the system

    @classmethod
    def local(
        cls, *, clock: Clock | None = None, limits: Limits | None = None, transport: BaseAdapter | None = None,
        files: Files | None = None,
    ) -> Self:  # fmt: skip
        """Services that live and die with this process: for tests, recordings and one-off commands."""
        from hub.kit.local import (
            LocalBudgets,
            LocalMemory,
            LocalTokens,
            SystemClock,
        )  # it needs this module's nouns

        time = clock or SystemClock()
        limits = limits or Limits()
        return cls(
            memory=LocalMemory(time),
            budgets=LocalBudgets(time, max_wait_seconds=limits.max_wait_seconds),
            tokens=LocalTokens(time),
            clock=time,
            limits=limits,
            transport=transport,
            files=files or LocalFiles(),
        )
