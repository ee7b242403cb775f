"""One sender: claims, sends once, looks up what is in doubt, and keeps each answer before it claims again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from hub.domain import Delivery, FoundRecord, Receipt
from hub.errors import ContractBroken, HubError, RecordError, SetupError
from hub.kit import Destination
from hub.kit.destination import Unclaimed
from hub.kit.lease import leased
from hub.kit.turns import taking_turns
from hub.kit.vendor import TOO_FAST
from hub.logs import get_logger
from hub.stages.backlog import Backlog
from hub.stages.calls import Calls
from hub.stages.held import Held
from hub.stages.trouble import are_for, as_receipt, in_doubt, is_theirs, kind_of, pause_of, silence, understood
from hub.store import Store, Transaction, faultpoint

log = get_logger(__name__)

LOOK_UPS_AT_ONCE = 200
TWICE = 2  # tries after which a delivery that is still in doubt goes alone: it may be what spoils the call
OPEN_ENDED = ("deferred", "unknown", "parent_missing")  # outcomes after which a delivery still waits


class Done(Protocol):
    """Where a sender tells what it did."""

    stopped: HubError | None

    def add(self, receipts: Sequence[Receipt]) -> None:
        """Keep these answers."""
        ...


@dataclass(frozen=True)
class Together:
    """What the senders of one run share."""

    done: Done
    calls: Calls
    backlog: Backlog


class Sender:
    """One of the senders of one destination, with a connector of its own."""

    def __init__(
        self, destination: Destination, store: Store, shared: Together, *, worker: str, lease_seconds: float,
        prove: Callable[[Destination], None] | None = None,
    ) -> None:  # fmt: skip
        self.destination, self.store = destination, store
        self.done, self.calls, self.backlog = shared.done, shared.calls, shared.backlog
        self.worker, self.lease_seconds = worker, lease_seconds
        self.name = destination.manifest.name
        self.quiet_until: datetime | None = None  # the destination as a whole asked us to wait
        self._known_failures = 0  # of anybody's calls, when ours were claimed
        self._claimed_at = store.now()
        self._prove = prove  # that it takes what is sent; asked once

    def step(self, may_ask: Callable[[Transaction], bool]) -> int | None:
        """Settle what is in doubt by asking what is there, then send one batch of what is pending.

        Returns how many were settled; None when the destination is to be left alone.
        """
        with self._claiming() as tx:
            if not may_ask(tx):
                return None
            doubtful = self._doubtful(tx)
            pending = [] if doubtful else self._pending(tx)
        if not doubtful:
            faultpoint("deliver.claimed")
            return self._send(pending)
        faultpoint("deliver.doubted")
        return self._end_doubt(doubtful) + self._send_next()

    def is_allowed(self, tx: Transaction) -> bool:
        """Whether the destination's circuit is closed, or this is the one probe that an open one grants."""
        return bool(tx.circuits.allows(self.name))

    def is_answered(self, tx: Transaction) -> bool:
        """Whether the destination did not fail at its last call."""
        circuit = tx.circuits.get(self.name)
        return circuit is None or not circuit.failures

    def waits_for_jobs(self) -> bool:
        """Whether work that was handed to jobs over there is not done yet."""
        with self.store.read() as view:
            return bool(view.outbox.jobs(self.name))

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

    @contextmanager
    def _claiming(self) -> Iterator[Transaction]:
        self._known_failures = self.calls.failures
        with self.store.begin() as tx:
            self._claimed_at = tx.now
            yield tx

    def _doubtful(self, tx: Transaction) -> list[Delivery]:
        return tx.outbox.recover(self.name, self.worker, lease_seconds=self.lease_seconds, limit=LOOK_UPS_AT_ONCE)

    def _pending(self, tx: Transaction) -> list[Delivery]:
        return tx.outbox.claim(self.name, self.worker, lease_seconds=self.lease_seconds, limit=self.backlog.size)

    def _send_next(self) -> int:
        with self._claiming() as tx:
            pending = self._pending(tx)
        faultpoint("deliver.claimed")
        return self._send(pending)

    def _end_doubt(self, doubtful: Sequence[Delivery]) -> int:
        """Ask what is there; what is surely not there is sent again."""
        told = self._ask_job(doubtful) if doubtful[0].job else []
        done = {receipt.delivery for receipt in told}
        left = [one for one in doubtful if one.id not in done]
        parts = range(0, len(left), LOOK_UPS_AT_ONCE)
        return _ended(told) + sum(self._look_up(left[at : at + LOOK_UPS_AT_ONCE]) for at in parts)

    def _ask_job(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        """What became of the job that carries these; what it does not tell of is left to be looked up."""
        receipts: list[Receipt] = []
        problem: HubError | None = None
        try:
            with understood(self.name), self._holding(deliveries):
                for receipt in self.destination.resume(deliveries[0].job or "", deliveries):
                    receipts.append(receipt)
        except HubError as trouble:
            problem = trouble
            told = {receipt.delivery for receipt in receipts}
            receipts += [in_doubt(one, trouble) for one in deliveries if one.id not in told]
        answered = {receipt.delivery: receipt for receipt in receipts}
        ours = [one for one in deliveries if one.id in answered]
        self._settle(ours, [answered[one.id] for one in ours], problem)
        return receipts

    def _look_up(self, doubtful: Sequence[Delivery]) -> int:
        try:
            found, untold = self._find(doubtful)
        except HubError as problem:
            self._settle(doubtful, [in_doubt(one, problem) for one in doubtful], problem)
            return 0
        faultpoint("deliver.looked_up")
        settled = [(one, receipt) for one in doubtful if (receipt := self._judge(one, found, untold))]
        self._settle([one for one, _ in settled], [receipt for _, receipt in settled], None)
        done = {receipt.delivery for _, receipt in settled}
        again = [_aimed(one, found.get(one.external_id)) for one in doubtful if one.id not in done]
        cleared = sum(receipt.outcome != "unknown" for _, receipt in settled)
        return cleared + sum(self._resend(group) for group in self._groups(again))

    def _find(self, doubtful: Sequence[Delivery]) -> tuple[dict[str, FoundRecord], dict[int, HubError]]:
        """What is there, and where that cannot be told; a delivery that spoils the question is asked for alone."""
        try:
            with understood(self.name), taking_turns(self._turn):
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
            return in_doubt(delivery, untold[delivery.id])
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

    def _groups(self, deliveries: Sequence[Delivery]) -> Iterator[list[Delivery]]:
        """Runs of one object, each no longer than one call may carry; what has failed twice goes alone."""
        group: list[Delivery] = []
        for one in deliveries:
            alike = group and group[0].object == one.object and max(group[0].attempt, one.attempt) < TWICE
            if group and not (alike and len(group) < self.destination.plan(one.object, len(deliveries))):
                yield group
                group = []
            group.append(one)
        if group:
            yield group

    def _resend(self, deliveries: Sequence[Delivery]) -> int:
        """Each call takes its lease anew: while the ones before it were sent, another worker may have taken over."""
        with self._claiming() as tx:
            ours = tx.outbox.resend(deliveries, lease_seconds=self.lease_seconds)
        faultpoint("deliver.resent")
        return self._send(ours)

    def _send(self, deliveries: Sequence[Delivery]) -> int:
        if not deliveries:
            return 0
        receipts, problem = self._answers(deliveries)
        faultpoint("deliver.sent")
        self._settle(deliveries, receipts, problem)
        faultpoint("deliver.settled")
        return _ended(receipts)

    def _answers(self, deliveries: Sequence[Delivery]) -> tuple[list[Receipt], HubError | None]:
        """One receipt for each delivery; what was answered before trouble with the whole call stays answered."""
        receipts: list[Receipt] = []
        try:
            with understood(self.name), self._holding(deliveries), leased(self._lease_of(deliveries)):
                self._prove_once()
                for receipt in self.destination.send(deliveries):
                    receipts.append(receipt)  # one by one: trouble must not take back what was answered
        except HubError as trouble:
            rest = deliveries[len(receipts) :]
            if are_for(receipts, deliveries[: len(receipts)]):
                return [*receipts, *(as_receipt(one, trouble) for one in rest)], trouble
        if are_for(receipts, deliveries):
            return receipts, silence(receipts)
        confused = ContractBroken(f"{self.name} gave {len(receipts)} answers for {len(deliveries)} deliveries.")
        return [in_doubt(one, confused) for one in deliveries], confused

    def _prove_once(self) -> None:
        if self._prove is not None:
            self._prove(self.destination)
            self._prove = None

    def _lease_of(self, deliveries: Sequence[Delivery]) -> datetime:
        """Until when these are ours to send: they were claimed together."""
        claimed_at = deliveries[0].claimed_at or self.store.now()
        return claimed_at + timedelta(seconds=self.lease_seconds)

    @contextmanager
    def _holding(self, deliveries: Sequence[Delivery]) -> Iterator[None]:
        """The connector may hold these longer, and name the job that carries them, while its call runs."""
        held = self.destination.claim = Held(self.store, deliveries, self.lease_seconds, since=self._claimed_at)
        try:
            with taking_turns(lambda: self._turn(held.hold_on)):
                yield
        finally:
            self.destination.claim = Unclaimed()

    def _turn(self, hold: Callable[[], None] | None = None) -> AbstractContextManager[None]:
        return self.calls.one(self._known_failures, hold)

    def _settle(self, deliveries: Sequence[Delivery], receipts: Sequence[Receipt], problem: HubError | None) -> None:
        if wait := max((receipt.retry_after or 0 for receipt in receipts if receipt.reason == TOO_FAST), default=0):
            self.quiet_until = self.store.now() + timedelta(seconds=wait)
        if wait or (problem is not None and is_theirs(problem)):
            self.calls.failures += 1
        with self.store.begin() as tx:
            stale = tx.outbox.settle_all(list(zip(deliveries, receipts, strict=True)))
            if problem is None:
                tx.circuits.succeeded(self.name)
            elif is_theirs(problem):
                circuit = tx.circuits.failed(self.name, kind_of(problem), pause_seconds=pause_of(problem))
                if isinstance(problem, SetupError) or circuit.broken:
                    self.done.stopped = problem
            if wait:
                tx.circuits.rest(self.name, seconds=wait)  # for all senders and runs, not for this one alone
        if stale:
            log.warning("stale claims refused", destination=self.name, deliveries=len(stale))
        self.done.add(receipts)


def _ended(receipts: Sequence[Receipt]) -> int:
    return sum(receipt.outcome not in OPEN_ENDED for receipt in receipts)


def _aimed(delivery: Delivery, found: FoundRecord | None) -> Delivery:
    """The delivery with the object that a look-up found, so that a change is made to it and nothing beside it."""
    return delivery.with_(object_id=found.object_id) if found else delivery
