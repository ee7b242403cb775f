"""Triage: everything that has landed and waits is validated, classified and routed.

One claim at a time on each batch, one transaction for each batch: its posts, signals, handoffs,
delivery intents, quarantined rows and the mark that it is done are written together or not at all. A
run that dies leaves the batch to the next one; a run that was thought dead and wakes up is refused by
the claim's fencing number.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from hub.domain import Batch, kind_of
from hub.errors import ContractBroken, HubError, SetupError
from hub.logs import get_logger
from hub.quality.gate import Verdict
from hub.stages.admit import Admitted, Found, Rulebook, admit, consider
from hub.stages.collector import seldom_collected
from hub.stages.opened import Opened, held, judged, unreadable
from hub.stages.posts import PostMaker
from hub.stages.triaged import Triaged
from hub.stages.trouble import place_of
from hub.stages.validate import BadRecord, bad_of, flaws_of, sort_records, sound
from hub.store import BatchClaim, Landing, Rejected, StaleClaim, Store, Transaction, faultpoint

log = get_logger(__name__)

Stuck = tuple[BatchClaim, HubError]
BATCHES_AT_A_TIME, RECORDS_AT_A_TIME = 10, 8_000  # what is held in memory, and judged by one look, at once


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
        claims = tx.batches.claim(
            worker, lease_seconds=lease_seconds, limit=BATCHES_AT_A_TIME, records=RECORDS_AT_A_TIME
        )
    return [claim for claim in claims if claim.batch.name not in stuck]  # in a long run, leases of these run out


def _triage(
    claims: Sequence[BatchClaim], book: Rulebook, store: Store, landing: Landing, run: str, done: Triaged
) -> dict[str, Stuck]:
    """Settle what can be settled; returns what cannot, and why."""
    stuck: dict[str, Stuck] = {}
    opened: list[Opened] = []
    for claim in claims:
        if claim.batch.network not in book.networks:
            stuck[claim.batch.name] = claim, _homeless(claim.batch)
            continue
        with _waiting(claim, stuck):
            if batch := _open(claim, book, store, landing, done):
                opened.append(batch)
    changed = unreadable(opened, book)
    stuck |= {each.claim.batch.name: (each.claim, changed[each.network]) for each in opened if each.network in changed}
    for together, verdict in judged([each for each in opened if each.network not in changed], book, store):
        _keep_verdict(verdict, store, run)
        if verdict.state == "held":
            stuck |= {batch.claim.batch.name: (batch.claim, held(verdict)) for batch in together}
            continue
        for batch in together:
            with _waiting(batch.claim, stuck):
                _settle(batch, verdict, book, store, run, done)
    return stuck


@contextmanager
def _waiting(claim: BatchClaim, stuck: dict[str, Stuck]) -> Iterator[None]:
    """A batch over which the hub itself stumbles waits, and holds up no other."""
    try:
        yield
    except StaleClaim:
        log.warning("stale claim refused", batch=claim.batch.name)  # whoever holds it now triages it
    except HubError:
        raise
    except Exception as odd:  # noqa: BLE001  any defect of ours: what was not checked to its end does not go on
        log.error("batch stumbled over", batch=claim.batch.name, error=place_of(odd))
        stuck[claim.batch.name] = (
            claim,
            ContractBroken(
                f"The hub stumbled over batch {claim.batch.name} ({place_of(odd)}). Nothing of it is lost or went on "
                "unchecked; it waits until that is mended: please report it."
            ),
        )


def _homeless(batch: Batch) -> SetupError:
    return SetupError(f"Batch {batch.name} is from {batch.network!r}, which has no connector now; put it back.")


def _open(claim: BatchClaim, book: Rulebook, store: Store, landing: Landing, done: Triaged) -> Opened | None:
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
        faultpoint("triage.opened")
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
    return Opened(claim, found, Found(batch.name, kind_of(batch.watch), started_at), records)


def _keep_verdict(verdict: Verdict, store: Store, run: str) -> None:
    if not verdict.rows:
        return
    with store.begin() as tx:
        tx.expectations.save(
            run=run, suite="posts", success=verdict.state == "passed",
            statistics={"rows": verdict.rows, "failed": len(verdict.failures), "state": verdict.state},
            failures=[result.plain() for result in verdict.results if not result.success],
        )  # fmt: skip


def _release(claims: Sequence[BatchClaim], store: Store) -> None:
    """Let the next run take up at once what this one leaves."""
    for claim in claims:
        with suppress(StaleClaim), store.begin() as tx:
            tx.batches.release(claim)


def _settle(batch: Opened, verdict: Verdict, book: Rulebook, store: Store, run: str, done: Triaged) -> None:
    """One batch's whole fate, in one transaction."""
    flaws = flaws_of(verdict)
    considered = consider(sound(batch.sorted, flaws), batch.found, book, store)
    bad = bad_of(batch.sorted, flaws | considered.flaws, batch.records)
    faultpoint("triage.decided")
    with store.begin() as tx:
        bury(tx, batch.sorted.gone)
        admitted = admit(tx, considered, batch.found, book, run=run)
        quarantined = tx.quarantine.add_all([_rejected(one, batch.claim, run) for one in bad])
        known = admitted.known + len(bad) - quarantined
        skipped = batch.sorted.skipped + admitted.dead
        clock(tx, batch, admitted)
        tx.batches.done(batch.claim, known=known, skipped=skipped, run=run)
    faultpoint("triage.committed")
    done.add(admitted, known=known, skipped=skipped, quarantined=quarantined)


def clock(tx: Transaction, batch: Opened, admitted: Admitted) -> None:
    """Count when these posts were published and how long it took until now, leaving out what nobody waited for."""
    landed, found = batch.claim.batch, batch.found
    given = {post.key for post, _ in batch.sorted.posts}
    posts = [one.post for one in admitted.routed if one.post.key in given]
    if found.as_context or not posts:
        return
    tx.arrivals.add(landed.watch, landed.network, [post.published_at for post in posts])
    live = [post for post in posts if post.observed_via == "live" and post.published_at >= found.started_at]
    lags = [(post.collected_at - post.published_at).total_seconds() for post in live]
    tx.latencies.add(landed.network, "collected", lags)
    tx.latencies.add(landed.network, "decided", [(tx.now - post.collected_at).total_seconds() for post in live])


def bury(tx: Transaction, gone: Mapping[str, str]) -> None:
    """Keep nothing of posts that are gone at their origin, by key and reason, and let none of them come back."""
    for reason in sorted(set(gone.values())):
        buried = [key for key, why in gone.items() if why == reason]
        tx.tombstones.add(buried, reason)
        tx.keeping.empty(buried, reason)


def _rejected(bad: BadRecord, claim: BatchClaim, run: str) -> Rejected:
    batch = claim.batch
    return Rejected(
        stage=bad.stage, reason=bad.reason, detail=bad.detail, record=bad.record,
        network=batch.network, watch=batch.watch, batch=batch.name, run=run,
    )  # fmt: skip
