"""Collect: ask each watch what is new, and land it.

A page's records are written to a file first; then its manifest entry and its cursor are committed in one
transaction. So a run that dies anywhere reads a page again, and never skips one. Small pages of one pull
are gathered into one batch: the cursor that is kept is that of the last page in it. What its posts answer and nobody
knows yet is fetched, and lands just before it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from hub.domain import Batch, Cursor, Watch, external_id
from hub.domain.config import Triage
from hub.errors import HubError
from hub.kit import Network, Page
from hub.mapping import Mapping
from hub.stages.collector import seldom_collected
from hub.stages.parents import Parents
from hub.store import Landing, Store, faultpoint
from hub.store.records import encode_all

CONTEXT = Watch(network="", kind="context", value="parents")
STREAMS = 16  # watches of one network that are read at the same time; its budget is the same for all of them
FAR = timedelta(days=36_500)
YOUNG = timedelta(hours=1)  # a watch younger than this has just been read whole

log = structlog.get_logger(__name__)

BATCH_RECORDS = 2_000  # a batch holds at least one page and about so many records at the most


@dataclass
class Pulled:
    """What one run brought from one network."""

    batches: list[str] = field(default_factory=list)
    fetched: int = 0
    failures: dict[str, HubError] = field(default_factory=dict)  # by watch key


def pull(
    network: Network,
    watches: Sequence[Watch],
    *,
    store: Store,
    landing: Landing,
    run: str,
    triage: Triage,
    mapping: Mapping | None = None,
    streams: int = STREAMS,
    each: Callable[[Watch, int], None] | None = None,
) -> Pulled:
    """Read every watch, in threads under one budget; a watch that fails does not stop the others.

    With the network's mapping, parents that are missing are read as well.
    """
    pulled = Pulled()
    if not watches:
        return pulled
    reader = _Reader(network, store, landing, run, triage, mapping)
    with seldom_collected(), ThreadPoolExecutor(max_workers=min(streams, len(watches))) as pool:
        for watch, (batches, fetched, failure) in zip(watches, pool.map(reader.read, watches), strict=True):
            pulled.batches += batches
            pulled.fetched += fetched
            if failure:
                pulled.failures[watch.key] = failure
            if each:
                each(watch, fetched)
    return pulled


def sweep(
    network: Network, watches: Sequence[Watch], *, store: Store, landing: Landing, run: str, hours: float
) -> Pulled:
    """Read the last hours once more, behind the cursors: posts that reached a network late lie there.

    The cursors stay where they are, and what is known already is dropped by its key. Watches that have just
    begun are left to their first pull.
    """
    swept = Pulled()
    if network.manifest.files:  # nothing comes late into a file
        return swept
    reader = _Reader(network, store, landing, run, Triage())
    for watch in watches:
        batches, fetched, failure = reader.reread(watch.with_(since=store.now() - timedelta(hours=hours)))
        swept.batches += batches
        swept.fetched += fetched
        if failure:
            swept.failures[watch.key] = failure
    return swept


class _Reader:
    def __init__(
        self, network: Network, store: Store, landing: Landing, run: str, triage: Triage, mapping: Mapping | None = None
    ) -> None:
        self.network, self.store, self.landing, self.run, self.triage = network, store, landing, run, triage
        self.mapping = mapping
        reach = network.manifest.reach_days
        self.reach = timedelta(days=reach) if reach else FAR

    def read(self, watch: Watch) -> tuple[list[str], int, HubError | None]:
        names: list[str] = []
        fetched = 0
        try:
            watch, start = self._open(watch)
            pages = self.network.pull(watch, start)
            parents = self._parents()
            for lines, cursor in gathered(parents.watching(pages) if parents else pages):
                fetched += len(lines)
                names += self._land(CONTEXT.with_(network=watch.network), parents.fetch(), None) if parents else []
                names += self._land(watch, lines, cursor)
            with self.store.begin() as tx:
                tx.watches.polled(watch.key, reach=self.reach)
        except HubError as problem:
            log.warning("watch failed", watch=watch.key, error=type(problem).__name__, landed=len(names))
            with self.store.begin() as tx:
                tx.watches.failed(watch.key, type(problem).__name__, str(problem))
            return names, fetched, problem
        return names, fetched, None

    def reread(self, watch: Watch) -> tuple[list[str], int, HubError | None]:
        """What the network says now of the time since `watch.since`; the cursor stays where it is."""
        names: list[str] = []
        fetched = 0
        with self.store.read() as view:
            state = view.watches.get(watch.key)
        if state is None or state.cursor.fresh or state.started_at > self.store.now() - YOUNG:
            return names, fetched, None
        try:
            for lines, _ in gathered(self.network.pull(watch, Cursor())):
                fetched += len(lines)
                names += self._land(watch, lines, None)
        except HubError as problem:
            log.warning("sweep failed", watch=watch.key, error=type(problem).__name__, landed=len(names))
            return names, fetched, problem
        return names, fetched, None

    def _parents(self) -> Parents | None:
        if self.mapping is None or not self.triage.parent_depth:
            return None
        return Parents(self.network, self.mapping, self.store, depth=self.triage.parent_depth)

    def _open(self, watch: Watch) -> tuple[Watch, Cursor]:
        with self.store.begin() as tx:
            started_at = tx.watches.register(watch).started_at
            cursor = tx.watches.cursor(watch.key)
        return (watch if watch.since else watch.with_(since=self._since(started_at))), cursor

    def _since(self, started_at: datetime) -> datetime:
        """How far back a first read goes: a week, so that baselines exist, and all that may be work."""
        return started_at - max(timedelta(days=7), timedelta(hours=self.triage.first_run_hours))

    def _land(self, watch: Watch, lines: list[bytes], cursor: Cursor | None) -> list[str]:
        """Write a batch and list it with its cursor; with None the cursor keeps its place."""
        now = self.store.now()
        if not lines:
            if cursor is not None:
                with self.store.begin() as tx:
                    tx.watches.advance(watch.key, cursor)
            return []
        faultpoint("collect.fetched")
        landed = self.landing.write_lines(lines, network=watch.network, at=now)
        faultpoint("collect.landed")
        batch = Batch(
            name=f"{watch.network}-{external_id(watch.key, landed.digest)[:16]}", network=watch.network,
            watch=watch.key, run=self.run, path=landed.path, digest=landed.digest, records=len(lines),
            landed_at=now,
        )  # fmt: skip
        with self.store.begin() as tx:
            new = tx.batches.land(batch, tx.watches.cursor(watch.key) if cursor is None else cursor)
        faultpoint("collect.committed")
        return [batch.name] if new else []


def gathered(pages: Iterable[Page]) -> Iterator[tuple[list[bytes], Cursor]]:
    """Pages joined to batches of a useful size, as lines; each comes with the cursor that is safe after it.

    Records are encoded page by page: as lines they take a tenth of the room, and page after page is let go.
    Trouble half way is passed on only after what had come before it: a limit that ends each run early
    must not make each run start again from the same place.
    """
    lines: list[bytes] = []
    cursor: Cursor | None = None
    try:
        for page in pages:
            lines += encode_all(page.records)
            cursor = page.cursor
            if len(lines) >= BATCH_RECORDS:
                yield lines, cursor
                lines, cursor = [], None  # a new list: the old one is the caller's
    except HubError:
        if cursor is not None:
            yield lines, cursor
        raise
    if cursor is not None:
        yield lines, cursor
