"""Deliver: what waits for one destination is claimed, sent once, and its answer kept (`delivery.md` 3.1).

The claim is committed before the first byte is sent, the answer before the next claim. Whatever is
found claimed with its lease run out, or was answered by silence, is looked up before anything is sent
again. So each object is there exactly once, whether the process, the network or the other side fails.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from traceback import extract_tb

import structlog

from hub.domain import Delivery, FoundRecord, Outcome, Receipt
from hub.errors import ContractBroken, HubError, RateLimited, RecordError, SetupError, Unavailable
from hub.kit import Destination
from hub.kit.vendor import NO_ANSWER, TOO_FAST
from hub.store import Store, faultpoint

log = structlog.get_logger(__name__)

CLAIM_AT_MOST = 200
TWICE = 2  # tries after which a delivery that is still in doubt goes alone: it may be what spoils the call
SETUP_PAUSE_SECONDS = 300  # a person must act first; asking more often only locks accounts


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


def run(
    destination: Destination,
    *,
    store: Store,
    worker: str,
    lease_seconds: float = 120,
    patience_seconds: float = 20,
    each: Callable[[int], None] | None = None,
) -> Delivered:
    """Send until nothing is due; waits that end within `patience_seconds` are waited out."""
    work = _Work(destination, store, worker, lease_seconds)
    patience = patience_seconds
    while work.done.stopped is None and work.allowed():
        settled = work.look_up() + work.send()
        if each and settled:
            each(settled)
        pause = work.pause(settled)
        if pause is None or pause > patience:
            break
        if pause:
            patience -= pause
            destination.services.clock.sleep(pause)
    return work.done


class _Work:
    """One run at one destination."""

    def __init__(self, destination: Destination, store: Store, worker: str, lease_seconds: float) -> None:
        self.destination, self.store = destination, store
        self.worker, self.lease_seconds = worker, lease_seconds
        self.name = destination.manifest.name
        self.done = Delivered(self.name)
        self.quiet_until: datetime | None = None  # the destination as a whole asked us to wait

    def send(self) -> int:
        """Claim and send one batch of what is pending."""
        with self.store.begin() as tx:
            limit = min(CLAIM_AT_MOST, self.destination.batch_size)
            deliveries = tx.outbox.claim(self.name, self.worker, lease_seconds=self.lease_seconds, limit=limit)
        faultpoint("deliver.claimed")
        return self._send(deliveries)

    def look_up(self) -> int:
        """Settle what is in doubt by asking what is there; what is surely not there is sent again."""
        with self.store.begin() as tx:
            doubtful = tx.outbox.recover(self.name, self.worker, lease_seconds=self.lease_seconds, limit=CLAIM_AT_MOST)
        if not doubtful:
            return 0
        try:
            found, untold = self._find(doubtful)
        except HubError as problem:
            self._settle(doubtful, [_in_doubt(one, problem) for one in doubtful], problem)
            return 0
        settled = [(one, receipt) for one in doubtful if (receipt := self._judge(one, found, untold))]
        self._settle([one for one, _ in settled], [receipt for _, receipt in settled], None)
        done = {receipt.delivery for _, receipt in settled}
        again = [_aimed(one, found.get(one.external_id)) for one in doubtful if one.id not in done]
        cleared = sum(receipt.outcome != "unknown" for _, receipt in settled)
        return cleared + sum(self._resend(group) for group in self._groups(again))

    def pause(self, settled: int) -> float | None:
        """Seconds until there is something to do; None when nothing is left for this run."""
        if self.done.stopped:
            return None
        return self.asked_pause() if settled else self.next_due()

    def next_due(self) -> float | None:
        """Seconds until the next delivery may be tried, or None when none waits."""
        with self.store.read() as view:
            moment = view.outbox.next_due(self.name)
        if moment is None:
            return None
        return max((moment - self.store.now()).total_seconds(), self.asked_pause(), 0.05)

    def asked_pause(self) -> float:
        """Seconds for which the destination asked to be left alone: one request during that time is one too many."""
        return 0 if self.quiet_until is None else max((self.quiet_until - self.store.now()).total_seconds(), 0)

    def _find(self, doubtful: Sequence[Delivery]) -> tuple[dict[str, FoundRecord], dict[int, HubError]]:
        """What is there, and where that cannot be told; a delivery that spoils the question is asked for alone."""
        try:
            with _understood(self.name):
                return {record.external_id: record for record in self.destination.find(doubtful)}, {}
        except RecordError as spoilt:
            if len(doubtful) == 1:
                return {}, {doubtful[0].id: spoilt}
        half = len(doubtful) // 2
        found, untold = self._find(doubtful[:half])
        more, others = self._find(doubtful[half:])
        return found | more, untold | others

    def _judge(
        self, delivery: Delivery, there: Mapping[str, FoundRecord], untold: Mapping[int, HubError]
    ) -> Receipt | None:
        """What a look-up says of one delivery; None when it must be sent again."""
        if delivery.id in untold:
            return _in_doubt(delivery, untold[delivery.id])
        found = there.get(delivery.external_id)
        if found is None:
            lag = timedelta(seconds=self.destination.visibility_seconds)
            sent_at = delivery.claimed_at or self.store.now()
            if self.store.now() < sent_at + lag:
                left = (sent_at + lag - self.store.now()).total_seconds()
                return Receipt(delivery=delivery.id, outcome="unknown", reason="not_visible_yet", retry_after=left)
            return None
        if found.digest == delivery.digest or (found.digest is None and delivery.version == 1):
            return Receipt(delivery=delivery.id, outcome="unchanged", object_id=found.object_id, url=found.url)
        return None

    def _groups(self, deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
        """Runs of one object, each no longer than one call may carry; what has failed twice goes alone."""
        groups: list[list[Delivery]] = []
        for one in deliveries:
            last = groups[-1] if groups else []
            alike = last and last[0].object == one.object and max(last[0].attempt, one.attempt) < TWICE
            if alike and len(last) < self.destination.batch_size:
                last.append(one)
            else:
                groups.append([one])
        return groups

    def _resend(self, deliveries: Sequence[Delivery]) -> int:
        """Each call takes its lease anew: while the ones before it were sent, another worker may have taken over."""
        with self.store.begin() as tx:
            ours = tx.outbox.resend(deliveries, lease_seconds=self.lease_seconds)
        return self._send(ours)

    def _send(self, deliveries: Sequence[Delivery]) -> int:
        if not deliveries:
            return 0
        receipts, problem = self._answers(deliveries)
        faultpoint("deliver.sent")
        self._settle(deliveries, receipts, problem)
        faultpoint("deliver.settled")
        return sum(receipt.outcome not in ("deferred", "unknown", "parent_missing") for receipt in receipts)

    def _answers(self, deliveries: Sequence[Delivery]) -> tuple[list[Receipt], HubError | None]:
        """One receipt for each delivery; what was answered before trouble with the whole call stays answered."""
        receipts: list[Receipt] = []
        try:
            with _understood(self.name):
                for receipt in self.destination.send(deliveries):
                    receipts.append(receipt)  # one by one: trouble must not take back what was answered
        except HubError as trouble:
            rest = deliveries[len(receipts) :]
            if _are_for(receipts, deliveries[: len(receipts)]):
                return [*receipts, *(_as_receipt(one, trouble) for one in rest)], trouble
        if _are_for(receipts, deliveries):
            return receipts, _silence(receipts)
        confused = ContractBroken(f"{self.name} gave {len(receipts)} answers for {len(deliveries)} deliveries.")
        return [_in_doubt(one, confused) for one in deliveries], confused

    def _settle(self, deliveries: Sequence[Delivery], receipts: Sequence[Receipt], problem: HubError | None) -> None:
        if wait := max((receipt.retry_after or 0 for receipt in receipts if receipt.reason == TOO_FAST), default=0):
            self.quiet_until = self.store.now() + timedelta(seconds=wait)
        with self.store.begin() as tx:
            stale = tx.outbox.settle_all(list(zip(deliveries, receipts, strict=True)))
            if problem is None:
                tx.circuits.succeeded(self.name)
            else:
                circuit = tx.circuits.failed(self.name, type(problem).__name__, pause_seconds=_pause(problem))
                if isinstance(problem, SetupError) or circuit.open_until:
                    self.done.stopped = problem
        if stale:
            log.warning("stale claims refused", destination=self.name, deliveries=len(stale))
        self.done.add(receipts)

    def allowed(self) -> bool:
        """Whether the destination's circuit is closed, or this is the one probe that an open one grants."""
        with self.store.begin() as tx:
            return bool(tx.circuits.allows(self.name))


@contextmanager
def _understood(name: str) -> Iterator[None]:
    """Whatever a connector stumbles over leaves its deliveries in doubt: ending the run, it would end every run."""
    try:
        yield
    except HubError:
        raise
    except Exception as odd:  # noqa: BLE001  any defect of a connector, none of which may stop the others
        last = extract_tb(odd.__traceback__)[-1]
        kind, place = type(odd).__name__, f"{Path(last.filename).name}:{last.lineno}"
        log.error("connector stumbled", destination=name, error=kind, place=place)
        raise ContractBroken(
            f"{name} gave what its connector does not understand ({kind} in {place})."
        ) from None  # the error's own words may be somebody's


def _aimed(delivery: Delivery, found: FoundRecord | None) -> Delivery:
    """The delivery with the object that a look-up found, so that a change is made to it and nothing beside it."""
    return delivery.with_(object_id=found.object_id) if found else delivery


def _are_for(receipts: Sequence[Receipt], deliveries: Sequence[Delivery]) -> bool:
    """Whether these answers are to these deliveries, in their order."""
    return [receipt.delivery for receipt in receipts] == [one.id for one in deliveries]


def _silence(receipts: Sequence[Receipt]) -> Unavailable | None:
    """Trouble with the destination, though there is a receipt for each: it did not answer the first one."""
    if not receipts or receipts[0].reason != NO_ANSWER:
        return None
    return Unavailable(receipts[0].detail or "There was no answer.", retry_after=receipts[0].retry_after)


def _as_receipt(delivery: Delivery, problem: HubError) -> Receipt:
    """What trouble with a whole call means for one delivery in it: refused for now, or in doubt."""
    refused = isinstance(problem, (RateLimited, SetupError)) or not getattr(problem, "sent", True)
    return _told(delivery, "deferred" if refused else "unknown", problem)


def _in_doubt(delivery: Delivery, problem: HubError) -> Receipt:
    """Only an answer to this very delivery ends doubt: a look-up that fails, for whatever reason, leaves it."""
    return _told(delivery, "unknown", problem)


def _told(delivery: Delivery, outcome: Outcome, problem: HubError) -> Receipt:
    reason = TOO_FAST if isinstance(problem, RateLimited) else type(problem).__name__
    reason = problem.reason if isinstance(problem, RecordError) else reason
    return Receipt(
        delivery=delivery.id, outcome=outcome, reason=reason, detail=str(problem), retry_after=_pause(problem)
    )


def _pause(problem: HubError) -> float | None:
    if isinstance(problem, (RateLimited, Unavailable)):
        return problem.retry_after
    return SETUP_PAUSE_SECONDS if isinstance(problem, (SetupError, RecordError)) else None
