"""Until when the running call may send: a worker that slept through its lease sends nothing more.

Another worker has taken over by then, has looked up what the sleeper had sent, and sends the rest itself. The store
refuses the sleeper's answers; what it says to the other side nobody there could refuse, where the other side knows no
key. So the wire asks before each request, by the clock of the store:

    with leased(until):
        ...  # require_lease(now) raises LeaseOver from then on
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from hub.errors import Unavailable

_until: ContextVar[datetime | None] = ContextVar("leased until", default=None)


class LeaseOver(Unavailable):
    """We have slept: what was to be sent now is not sent, and whoever claimed it since decides."""

    def __init__(self) -> None:
        super().__init__("The lease ran out before this was sent; whoever holds it now sends it.", sent=False)


@contextmanager
def leased(until: datetime) -> Iterator[None]:
    """What is sent in here is sent before this moment, or not at all."""
    token = _until.set(until)
    try:
        yield
    finally:
        _until.reset(token)


def renewed(until: datetime) -> None:
    """The running lease was renewed."""
    if _until.get() is not None:
        _until.set(until)


def require_lease(now: datetime) -> None:
    """Before a request leaves: LeaseOver when the lease is over. Outside of any lease everything may be sent."""
    until = _until.get()
    if until is not None and now >= until:
        raise LeaseOver
