"""Where no connection comes about is found out once, by all who ask from this process.

Sixteen watches of one network ask the same host, and all networks may ask through the same proxy. Each for itself
would try for a quarter of a minute to reach what is not there, so that an outage made a run last for minutes. So what
was tried is noted for each place, which is a host, or the proxy before it:

- refused a few times in a row for a few seconds, by whomever: the place is down, and all are told so at once;
- after a cool-down, one may try again, and the others wait for what comes of it;
- several places down, and nothing reached in between: the net is down, and another place gets one try.

The store's circuits are another thing: one for each destination, for all processes, for minutes, and opened by any
failure of a whole call. This one is asked at every request of a run, of which most are reads, so it may cost neither a
write to the store nor a minute, and what cannot be reached from here says nothing of another machine.

Only connections count that did not come about. Whoever is slow, cuts connections or answers in error is there.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Protocol

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError

from hub.errors import Unavailable
from hub.kit.routes import Place

NO_CONNECTION = (ConnectTimeoutError, ConnectionRefusedError, NameResolutionError, NewConnectionError, socket.gaierror)
TRIES = 3  # in a row, before a place is down
PATIENCE = timedelta(seconds=3)  # for so long at the least: what is only started anew is soon back
AGAIN_SECONDS = 1.0
COOL_DOWN = timedelta(seconds=30)
PLACES = 3  # down one after the other, before the net is


class Down(Unavailable):
    """Asking again soon is of no use: others have tried."""


class Clock(Protocol):
    """Time, handed in."""

    def now(self) -> datetime:
        """This moment, aware and in UTC."""
        ...


@dataclass
class _Trouble:
    """What was tried in vain at one place."""

    since: datetime
    tries: int = 0
    down_until: datetime | None = None


class Reach:
    """Shared by all connectors of one process, and by their threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._troubles: dict[str, _Trouble] = {}
        self._down: set[str] = set()  # since anything was reached

    @contextmanager
    def trying(self, place: Place, title: str, clock: Clock) -> Iterator[None]:
        """One try of a request; raises Down, before it or after it, where no connection to that place comes about."""
        began = clock.now()
        said = f"{title} cannot be reached: no connection to {place.shown} comes about."
        if self._is_down(place.key, began):
            raise Down(said, sent=False)
        try:
            yield
        except (requests.RequestException, HTTPError, OSError) as broken:
            if not any(isinstance(cause, NO_CONNECTION) for cause in causes_of(broken)):
                self._reached(place.key)
                raise
            if self._failed(place.key, began, clock.now()):
                raise Down(said, sent=False) from None
            raise Unavailable(said, retry_after=AGAIN_SECONDS, sent=False) from None
        self._reached(place.key)

    def _is_down(self, place: str, now: datetime) -> bool:
        """Whether to leave it alone. Where the cool-down is over, this caller is the one who tries."""
        with self._lock:
            trouble = self._troubles.get(place)
            if trouble is None or trouble.down_until is None:
                return False
            if trouble.down_until > now:
                return True
            trouble.down_until = now + COOL_DOWN
            return False

    def _failed(self, place: str, began: datetime, now: datetime) -> bool:
        """Count a try that came to nothing; returns whether that was enough."""
        with self._lock:
            trouble = self._troubles.setdefault(place, _Trouble(began))
            trouble.tries += 1
            tried_enough = trouble.tries >= TRIES and now - trouble.since >= PATIENCE
            if not (tried_enough or trouble.down_until or len(self._down) >= PLACES):
                return False
            trouble.down_until = now + COOL_DOWN
            self._down.add(place)
            return True

    def _reached(self, place: str) -> None:
        if self._troubles:  # mostly there are none, and nobody waits for the lock
            with self._lock:
                self._troubles.pop(place, None)
                self._down.clear()


def causes_of(trouble: BaseException) -> list[Any]:
    """The error and what it was made of: behind a proxy, the kind of the outermost one tells little."""
    causes: list[Any] = [trouble]
    for cause in causes:
        inner = (
            *getattr(cause, "args", ())[:1],
            getattr(cause, "reason", None),
            getattr(cause, "original_error", None),
        )
        causes += [one for one in inner if isinstance(one, BaseException) and one not in causes]
    return causes
