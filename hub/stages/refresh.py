"""Refresh: what was collected is looked at again, our accounts are measured, and what may not be kept is let go.

    reread: edits, counters and deletions of young posts      (a moving window, as the manifest says)
    removals: what is gone of all other posts, where a network tells that in bulk
    measure: the network's own numbers of our accounts        (followers, reach, impressions)
    purge: content that a network's terms let us keep no longer without looking

Records that are read again land in batches like all others, so the ledger counts them as known. What is gone at its
origin is buried in the transaction that lists the batch: it is not kept here, not sent, and does not come back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from hub.domain import Batch, Cursor, Manifest, Reference, Watch, external_id
from hub.errors import HubError, RateLimited
from hub.kit import Network
from hub.logs import get_logger
from hub.stages.triage import bury
from hub.store import Landing, Store, faultpoint
from hub.store.records import encode

AT_MOST = 5_000  # posts in one run of one network; the next run goes on
TOGETHER = 500  # posts whose answers land in one batch
DAY = timedelta(days=1)
EVER = timedelta(days=36_500)
MARGIN = 5 * DAY  # before a post's time is up, it is read again, so that a day of trouble does no harm

log = get_logger(__name__)


@dataclass
class Refreshed:
    """What one run found of one network."""

    asked: int = 0
    records: int = 0
    gone: dict[str, int] = field(default_factory=dict)  # by reason
    measurements: int = 0
    purged: int = 0
    failures: list[HubError] = field(default_factory=list)

    def count(self, gone: Mapping[str, str]) -> None:
        """Add these to those that are gone."""
        for reason in gone.values():
            self.gone[reason] = self.gone.get(reason, 0) + 1


def reread(network: Network, *, store: Store, landing: Landing, run: str, done: Refreshed) -> None:
    """Ask for the posts that are due, those longest unseen first."""
    for references in _due(network, store):
        lines: list[bytes] = []
        gone: dict[str, str] = {}
        looked_at: list[str] = []
        trouble = False
        try:
            for chunk in _chunks(references, network.look_up_size):
                for found in network.look_up(chunk):
                    lines += map(encode, found.records)
                    gone |= found.gone
                looked_at += [reference.key for reference in chunk]
        except HubError as problem:
            done.failures.append(problem)
            trouble = True
        _keep(network.manifest, lines, gone, looked_at, store, landing, run)
        done.asked += len(looked_at)
        done.records += len(lines)
        done.count(gone)
        if trouble:
            return


def removals(network: Network, *, store: Store, landing: Landing, run: str, done: Refreshed) -> None:
    """Ask which of the posts that nobody has looked at for long are gone, as often as the network's terms want."""
    hours = network.manifest.policy.honour_deletes_within_hours
    if not network.removals_size or hours is None:
        return
    asked = 0
    while asked < AT_MOST:
        every = timedelta(hours=hours) / 2  # the other half is for getting there
        with store.read() as view:
            due = view.keeping.due(network.manifest.name, within=EVER, every=every, limit=network.removals_size)
        if not due:
            return
        try:
            told = network.removals(due)
        except RateLimited as busy:  # it is still at it, or at its limit: the next run goes on
            log.info("removals wait", network=network.manifest.name, retry_after=busy.retry_after)
            return
        except HubError as problem:
            done.failures.append(problem)
            return
        _keep(network.manifest, [], told.gone, list(told.answered), store, landing, run)
        asked += len(told.answered)
        done.asked += len(told.answered)
        done.count(told.gone)
        if not told.answered:
            return  # asked again at once, it would say nothing again


def measure(network: Network, accounts: Iterable[str], *, store: Store, done: Refreshed) -> None:
    """Keep the numbers of these accounts; trouble with one does not stop the others."""
    for account in accounts:
        try:
            counted = list(network.measure(account))
        except HubError as problem:
            done.failures.append(problem)
            continue
        with store.begin() as tx:
            done.measurements += tx.measurements.save(counted)


def purge(manifest: Manifest, *, store: Store, landing: Landing, done: Refreshed) -> None:
    """Let go of what the network's terms do not let us keep: content, authors, and files as they landed."""
    policy = manifest.policy
    with store.begin() as tx:
        if policy.author_retention_days is not None:
            tx.keeping.forget_authors(manifest.name, tx.now - timedelta(days=policy.author_retention_days))
    if policy.retention_days is None:
        return
    before = store.now() - timedelta(days=policy.retention_days)
    while True:
        with store.begin() as tx:
            keys = tx.keeping.expired(manifest.name, before, renewable=policy.renewable)
            done.purged += tx.keeping.empty(keys, "retention") if keys else 0
        if not keys:
            break
    with store.read() as view:
        paths = view.keeping.landed_before(manifest.name, before)
    for path in paths:
        landing.remove(path)
    with store.begin() as tx:
        tx.keeping.files_gone(paths, "retention")


def _due(network: Network, store: Store) -> Iterable[Sequence[Reference]]:
    """Groups of posts to ask for; each post once in a run, whatever is answered."""
    plan, policy = network.manifest.reread, network.manifest.policy
    if not network.look_up_size:
        return
    with store.read() as view:
        due: dict[str, Reference] = {}
        if plan is not None:
            young = timedelta(days=plan.within_days)
            for one in view.keeping.due(
                network.manifest.name, within=young, every=timedelta(hours=plan.every_hours), limit=AT_MOST
            ):
                due[one.key] = one
        if policy.retention_days is not None and policy.renewable:
            whole = timedelta(days=policy.retention_days)
            every = max(whole - MARGIN, whole / 2)
            for one in view.keeping.due(network.manifest.name, within=EVER, every=every, limit=AT_MOST):
                due.setdefault(one.key, one)
    yield from _chunks(list(due.values())[:AT_MOST], TOGETHER)


def _chunks(references: Sequence[Reference], size: int) -> Iterable[Sequence[Reference]]:
    return (references[start : start + size] for start in range(0, len(references), size))


def _keep(
    manifest: Manifest, lines: list[bytes], gone: dict[str, str], looked_at: list[str],
    store: Store, landing: Landing, run: str,
) -> None:  # fmt: skip
    """Land what was read, bury what is gone, and note who was looked at: together or not at all."""
    watch = Watch(network=manifest.name, kind="reread", value="posts")
    now = store.now()
    landed = landing.write_lines(lines, network=manifest.name, at=now) if lines else None
    faultpoint("refresh.landed")
    with store.begin() as tx:
        if landed is not None:
            batch = Batch(
                name=f"{manifest.name}-{external_id(watch.key, landed.digest)[:16]}", network=manifest.name,
                watch=watch.key, run=run, path=landed.path, digest=landed.digest, records=len(lines), landed_at=now,
            )  # fmt: skip
            tx.batches.land(batch, Cursor())
        tx.keeping.checked(looked_at)
        bury(tx, gone)
    if gone:
        log.info("posts gone at their origin", network=manifest.name, posts=len(gone))
