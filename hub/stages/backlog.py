"""How much the next call carries: the destination plans by what waits, and that is not counted for every call.

Of 100,000 waiting deliveries the first 10,000 are counted, which takes as long as claiming the batch itself. The count
only chooses between kinds of calls, so it is taken anew when a fifth of it has been claimed, and subtracted from
until then. All senders of a run share one count.
"""

from collections.abc import Callable
from threading import Lock

Plan = Callable[[str, int], int]
COUNTS_PER_BACKLOG = 5


class Backlog:
    """What waits for one destination, by object."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._lock = plan, Lock()
        self._known: dict[str, tuple[int, int]] = {}  # how many wait, how many of them may go before the next count

    def size(self, object: str, count: Callable[[], int]) -> int:
        """How many the next call shall carry; `count` says how many wait."""
        with self._lock:
            waiting, good_for = self._known.get(object, (0, 0))
            if good_for <= 0:
                waiting = count()
                good_for = waiting // COUNTS_PER_BACKLOG
            size = max(self._plan(object, waiting), 1)
            self._known[object] = (waiting - size, good_for - size)
            return size
