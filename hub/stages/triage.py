"""Triage: everything that has landed and waits is validated, classified and routed.

One claim at a time on each batch, one transaction for each batch: its posts, signals, handoffs,
delivery intents, quarantined rows and the mark that it is done are written together or not at all. A
run that dies leaves the batch to the next one; a run that was thought dead and wakes up is refused by
the claim's fencing number.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from hub.domain import Batch, Post, kind_of
from hub.errors import ContractBroken, HubError, SetupError
from hub.quality.gate import Verdict
from hub.stages.admit import Admitted, Found, Rulebook, admit, consider
from hub.stages.collector import seldom_collected
from hub.stages.posts import PostMaker
from hub.stages.validate import BadRecord, Sorted, sort_records
from hub.store import BatchClaim, Landing, Rejected, StaleClaim, Store, Transaction, faultpoint

log = structlog.get_logger(__name__)

Record = dict[str, Any]
Stuck = tuple[BatchClaim, HubError]
BATCHES_AT_A_TIME = 10  # of at most about 2,000 records each: what is held in memory at once


@dataclass
class Triaged:
    """What one run decided, counted in posts and handoffs."""

    batches: int = 0
    new: int = 0
    known: int = 0
    skipped: int = 0
    quarantined: int = 0
    handed_off: int = 0
    handoffs: dict[str, int] = field(default_factory=dict)
    set_aside: dict[str, int] = field(default_factory=dict)

    def add(self, admitted: Admitted, *, known: int, skipped: int, quarantined: int) -> None:
        """Count one batch, of which so many records are in quarantine."""
        self.batches += 1
        self.known += known
        self.skipped += skipped
        self.quarantined += quarantined + len(admitted.quarantined)
        self.new += len(admitted.routed) - admitted.promoted + quarantined
        for one in admitted.routed:
            if one.set_aside:
                self.set_aside[one.set_aside] = self.set_aside.get(one.set_aside, 0) + 1
            elif one.post.key not in admitted.quarantined:
                self.handed_off += 1
        for handoff in admitted.handoffs:
            self.handoffs[handoff.kind] = self.handoffs.get(handoff.kind, 0) + 1

    def damaged(self, records: int) -> None:
        """Count a batch whose file cannot be read: its records are in quarantine until it lands again."""
        self.batches += 1
        self.new += records
        self.quarantined += records


@dataclass
class _Opened:
    """A claimed batch, read and sorted."""

    claim: BatchClaim
    sorted: Sorted
    found: Found
    records: Callable[[], Iterable[Record]]


def run(
    book: Rulebook, *, store: Store, landing: Landing, run: str, worker: str, lease_seconds: float = 600
) -> Triaged:
    """Triage until nothing waits.

    A network that has no connector now, or that the batch gate holds back, holds up no other: its batches are given
    back at the end, and the first reason is raised.
    """
    done = Triaged()
    stuck: dict[str, Stuck] = {}  # by name of the batch; ours until the end, so that the loop passes them by
    try:
        with seldom_collected():
            while claims := _claimed(store, worker, lease_seconds, stuck):
                faultpoint("triage.claimed")
                try:
                    stuck |= _triage(claims, book, store, landing, run, done)
                except BaseException:
                    _release(claims, store)  # what was settled is not ours any more, and stays as it is
                    raise
    finally:
        _release([claim for claim, _ in stuck.values()], store)
    for _, reason in stuck.values():
        raise reason
    return done


def _claimed(store: Store, worker: str, lease_seconds: float, stuck: Mapping[str, Stuck]) -> Sequence[BatchClaim]:
    with store.begin() as tx:
        claims = tx.batches.claim(worker, lease_seconds=lease_seconds, limit=BATCHES_AT_A_TIME)
    return [claim for claim in claims if claim.batch.name not in stuck]  # in a long run, leases of these run out


def _triage(
    claims: Sequence[BatchClaim], book: Rulebook, store: Store, landing: Landing, run: str, done: Triaged
) -> dict[str, Stuck]:
    """Settle what can be settled; returns what cannot, and why."""
    stuck: dict[str, Stuck] = {}
    opened: list[_Opened] = []
    for claim in claims:
        if claim.batch.network not in book.networks:
            stuck[claim.batch.name] = claim, _homeless(claim.batch)
        elif batch := _open(claim, book, store, landing, done):
            opened.append(batch)
    for together, verdict in _judged(opened, book, store):
        _keep_verdict(verdict, store, run)
        if verdict.state == "held":
            stuck |= {batch.claim.batch.name: (batch.claim, held(verdict)) for batch in together}
            continue
        for batch in together:
            try:
                _settle(batch, verdict, book, store, run, done)
            except StaleClaim:
                log.warning("stale claim refused", batch=batch.claim.batch.name)  # whoever holds it now triages it
    return stuck


def _judged(opened: Sequence[_Opened], book: Rulebook, store: Store) -> Iterator[tuple[Sequence[_Opened], Verdict]]:
    """All together; where they would be held back, each network by itself, since mostly one source has changed."""
    verdict = _verdict(opened, book, store)
    networks = sorted({batch.claim.batch.network for batch in opened})
    if verdict.state != "held" or len(networks) < 2:
        yield opened, verdict
        return
    for network in networks:
        alone = [batch for batch in opened if batch.claim.batch.network == network]
        yield alone, _verdict(alone, book, store)


def _verdict(opened: Sequence[_Opened], book: Rulebook, store: Store) -> Verdict:
    return book.gate([post for batch in opened for post, _ in batch.sorted.posts], store.now())


def _homeless(batch: Batch) -> SetupError:
    return SetupError(f"Batch {batch.name} is from {batch.network!r}, which has no connector now; put it back.")


def _open(claim: BatchClaim, book: Rulebook, store: Store, landing: Landing, done: Triaged) -> _Opened | None:
    batch = claim.batch
    reading = book.networks[batch.network]
    maker = PostMaker(
        network=batch.network,
        record_type=reading.mapping.reads,
        watch=batch.watch,
        collected_at=batch.landed_at,
    )
    records = partial(landing.read, batch.path, batch.digest)
    try:
        found = sort_records(records(), reading.mapping, maker)
    except ContractBroken as damaged:
        with store.begin() as tx:
            tx.batches.quarantine(claim, "landed_file_damaged", str(damaged))
        done.damaged(batch.records)
        log.error("landed file damaged", batch=batch.name, records=batch.records)
        return None
    with store.read() as view:
        watch = view.watches.get(batch.watch)
    started_at = watch.started_at if watch else batch.landed_at
    return _Opened(claim, found, Found(batch.name, kind_of(batch.watch), started_at), records)


def _keep_verdict(verdict: Verdict, store: Store, run: str) -> None:
    if not verdict.rows:
        return
    with store.begin() as tx:
        tx.expectations.save(
            run=run, suite="posts", success=verdict.state == "passed",
            statistics={"rows": verdict.rows, "failed": len(verdict.failures), "state": verdict.state},
            failures=[result.plain() for result in verdict.results if not result.success],
        )  # fmt: skip


def held(verdict: Verdict) -> ContractBroken:
    """What is raised when the crowd as a whole may not be believed."""
    return ContractBroken(
        f"The batch gate held {verdict.rows} posts: {'; '.join(verdict.reasons)}. "
        "Nothing was lost; they wait until the source or mappings/_expectations.json is mended."
    )


def _release(claims: Sequence[BatchClaim], store: Store) -> None:
    """Let the next run take up at once what this one leaves."""
    for claim in claims:
        with suppress(StaleClaim), store.begin() as tx:
            tx.batches.release(claim)


def _settle(batch: _Opened, verdict: Verdict, book: Rulebook, store: Store, run: str, done: Triaged) -> None:
    """One batch's whole fate, in one transaction."""
    posts, bad = apart(batch.sorted, verdict, batch.records)
    considered = consider(posts, batch.found, book, store)
    faultpoint("triage.decided")
    with store.begin() as tx:
        bury(tx, batch.sorted.gone)
        admitted = admit(tx, considered, batch.found, book, run=run)
        quarantined = tx.quarantine.add_all([_rejected(one, batch.claim, run) for one in bad])
        known = admitted.known + len(bad) - quarantined
        skipped = batch.sorted.skipped + admitted.dead
        tx.batches.done(batch.claim, known=known, skipped=skipped, run=run)
    faultpoint("triage.committed")
    done.add(admitted, known=known, skipped=skipped, quarantined=quarantined)


def bury(tx: Transaction, gone: Mapping[str, str]) -> None:
    """Keep nothing of posts that are gone at their origin, by key and reason, and let none of them come back."""
    for reason in sorted(set(gone.values())):
        buried = [key for key, why in gone.items() if why == reason]
        tx.tombstones.add(buried, reason)
        tx.keeping.empty(buried, reason)


def apart(
    found: Sorted, verdict: Verdict, records: Callable[[], Iterable[Record]]
) -> tuple[list[Post], list[BadRecord]]:
    """What passed both gates, and what did not; only for the latter are the records read again."""
    failures = verdict.failures
    broken = {place: failures[post.key] for post, place in found.posts if post.key in failures}
    bad = [
        BadRecord(record, broken[place][0], f"Breaks {', '.join(broken[place])} of the batch's expectations.")
        for place, record in enumerate(records() if broken else ())
        if place in broken
    ]
    return [post for post, place in found.posts if place not in broken], [*found.bad, *bad]


def _rejected(bad: BadRecord, claim: BatchClaim, run: str) -> Rejected:
    batch = claim.batch
    return Rejected(
        stage="validate", reason=bad.reason, detail=bad.detail, record=bad.record,
        network=batch.network, watch=batch.watch, batch=batch.name, run=run,
    )  # fmt: skip
