"""Deliver: what waits for one destination is claimed, sent once, and its answer kept (`delivery.md` 3.1).

The claim is committed before the first byte is sent, the answer before the next claim. Whatever is
found claimed with its lease run out, or was answered by silence, is looked up before anything is sent
again. So each object is there exactly once, whether the process, the network or the other side fails.

Several senders may work at the same time: what each claims is its own, and the claims keep every author's order.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock

from hub.domain import Outcome, Receipt
from hub.errors import HubError
from hub.kit import Destination
from hub.stages.backlog import Backlog
from hub.stages.calls import Calls
from hub.stages.sender import Sender, Together
from hub.store import Store


@dataclass(frozen=True)
class Patience:
    """How long a run waits for what is not due yet, in seconds; the next run goes on where it left."""

    for_anything: float = 20
    for_jobs: float = 900  # to see the end of jobs over there soon after it has come


@dataclass
class Delivered:
    """What one run did at one destination, and why it stopped early if it did."""

    destination: str
    stopped: HubError | None = None
    _last: dict[int, Outcome] = field(default_factory=dict)

    def add(self, receipts: Sequence[Receipt]) -> None:
        """Keep these answers; a later one to the same delivery takes the place of an earlier one."""
        self._last.update((receipt.delivery, receipt.outcome) for receipt in receipts)

    @property
    def outcomes(self) -> dict[str, int]:
        """How many deliveries ended how: what was in doubt and found counts as found."""
        return dict(Counter(self._last.values()))


def waiting(name: str, *, store: Store) -> int:
    """How many deliveries could be sent or looked up now."""
    with store.read() as view:
        return view.outbox.due(name)


def mended(name: str, *, store: Store) -> int:
    """A person has acted, or we are seen to be let in again: what waited for that goes at once; returns how many.

    By itself it goes five minutes after the last refusal: asked more often, the other side might lock our account.
    """
    with store.begin() as tx:
        tx.circuits.mended(name)
        return tx.outbox.mended(name)


def run(
    *senders: Destination,
    store: Store,
    worker: str,
    at_once: int | None = None,
    lease_seconds: float = 120,
    patience: Patience = Patience(),
    each: Callable[[int], None] | None = None,
    prove: Callable[[Destination], None] | None = None,
) -> Delivered:
    """Send until nothing is due, all senders at the same time; waits that end within `patience` are waited out.

    `prove` is asked before a sender sends its first delivery; while it raises, nothing is sent.

    The senders are connectors of one destination, of which `at_once` may be calling; all, if not said. The first one
    goes ahead; the others join when it has been answered and leave at the first failure, so that a destination that
    is down or asks us to wait is not asked by all of them.
    """
    done = Delivered(senders[0].manifest.name)
    told = _one_at_a_time(each)
    shared = Together(done, Calls(at_once or len(senders)), Backlog(senders[0].plan))
    first, *others = (
        Sender(
            one, store, shared, worker=f"{worker}/{number}" if number else worker, lease_seconds=lease_seconds,
            prove=prove,
        )
        for number, one in enumerate(senders)
    )  # fmt: skip
    answered = Event()
    if not others:
        _lead(first, patience, told, answered)
        return done
    with ThreadPoolExecutor(len(senders), thread_name_prefix=done.destination) as pool:
        following = [pool.submit(_follow, one, patience, told, answered) for one in others]
        _lead(first, patience, told, answered)
        for one in following:
            one.result()
    return done


def _lead(sender: Sender, patience: Patience, told: Callable[[int], None], answered: Event) -> None:
    """The first sender's share; it is also the probe of a circuit that is open."""

    def step() -> int | None:
        settled = sender.step(sender.is_allowed)
        answered.set()
        return settled

    try:
        _go_on(sender, step, patience, told)
    finally:
        answered.set()  # whatever ends it, nobody waits for it


def _follow(sender: Sender, patience: Patience, told: Callable[[int], None], answered: Event) -> None:
    """Another sender's share, for as long as the destination answers."""
    answered.wait()
    _go_on(sender, lambda: sender.step(sender.is_answered), patience, told)


def _go_on(sender: Sender, step: Callable[[], int | None], patience: Patience, told: Callable[[int], None]) -> None:
    """Until nothing is due, the destination fails, or what is due is too far off."""
    left = {False: patience.for_anything, True: patience.for_jobs}
    while (settled := step()) is not None:
        if settled:
            told(settled)
        if sender.done.stopped is not None or (pause := sender.pause(settled)) is None:
            return
        for_jobs = pause > 0 and sender.waits_for_jobs()
        if pause > left[for_jobs]:
            return
        if pause:
            left[for_jobs] -= pause
            sender.destination.services.clock.sleep(pause)


def _one_at_a_time(each: Callable[[int], None] | None) -> Callable[[int], None]:
    lock = Lock()

    def tell(settled: int) -> None:
        if each:
            with lock:
                each(settled)

    return tell
