"""How many calls may be at the other side at once, whoever makes them.

Of one destination there are more senders than calls: the spare ones keep answers, claim, and get their batches ready
while the others wait for theirs, so that the other side never waits for us. Where a call failed meanwhile, what waits
for its turn is given back and not sent.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Semaphore

from hub.kit.turns import LeftAlone


def senders_for(at_once: int) -> int:
    """How many senders keep so many calls going: half as many again, since the answers are kept meanwhile."""
    return at_once + at_once // 2


class Calls:
    """The calls to one destination in one run."""

    def __init__(self, at_once: int) -> None:
        self._room = Semaphore(at_once)
        self.failures = 0  # that failed, or were told to wait

    @contextmanager
    def one(self, known_failures: int, hold: Callable[[], None] | None = None) -> Iterator[None]:
        """Make one when it is its turn; LeftAlone when one has failed that was not known when it was claimed.

        `hold` sees to it, before anything is sent, that the wait for the turn has taken nothing off the lease.
        """
        with self._room:
            if self.failures != known_failures:
                raise LeftAlone
            if hold is not None:
                hold()
            yield
