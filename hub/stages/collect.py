"""Collect: ask each watch what is new, and land it.

A page's records are written to a file first; then its manifest entry and its cursor are committed in one
transaction. So a run that dies anywhere reads a page again, and never skips one. Small pages of one pull
are gathered into one batch: the cursor that is kept is that of the last page in it. What its posts answer and nobody
knows yet is fetched, and lands just before it. A cursor that a network does not take any more is let go: the watch
is read again by time, from before its last good run on, and people are told.

A watch has one reader at a time: who reads it holds a lease on it. A run that finds it taken leaves it to the other;
one that slept through its lease is refused when it lands, and what it had read is read by whoever took over.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.domain import Batch, Cursor, Watch, external_id
from hub.domain.config import Triage
from hub.errors import ContractBroken, HubError, SetupError
from hub.kit import Network, Rejected
from hub.logs import get_logger
from hub.mapping import Mapping
from hub.stages.collector import seldom_collected
from hub.stages.gathered import gathered
from hub.stages.parents import Parents
from hub.stages.trouble import understood
from hub.stages.turn import Turn
from hub.store import Landing, StaleClaim, Store, faultpoint

CONTEXT = Watch(network="", kind="context", value="parents")
STREAMS = 16  # watches of one network that are read at the same time; its budget is the same for all of them
LEASE_SECONDS = 300.0
FAR = timedelta(days=36_500)
YOUNG = timedelta(hours=1)  # a watch younger than this has just been read whole
AHEAD = timedelta(days=1)  # clocks differ by minutes
OVERLAP = timedelta(hours=1)  # read again before the last good run, where a cursor was lost: posts may come late

log = get_logger(__name__)


@dataclass
class Pulled:
    """What one run brought from one network."""

    batches: list[str] = field(default_factory=list)
    fetched: int = 0
    failures: dict[str, HubError] = field(default_factory=dict)  # by watch key
    notices: dict[str, str] = field(default_factory=dict)  # by watch key: nothing to do, but somebody should know

    def add(self, watch: Watch, read: "_Read") -> None:
        """Count one watch."""
        self.batches += read.batches
        self.fetched += read.fetched
        if read.failure:
            self.failures[watch.key] = read.failure
        if read.notice:
            self.notices[watch.key] = read.notice


@dataclass
class _Read:
    """What one run brought from one watch."""

    batches: list[str] = field(default_factory=list)
    fetched: int = 0
    failure: HubError | None = None
    notice: str | None = None


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
    lease_seconds: float = LEASE_SECONDS,
    each: Callable[[Watch, int], None] | None = None,
) -> Pulled:
    """Read every watch, in threads under one budget; a watch that fails does not stop the others.

    With the network's mapping, parents that are missing are read as well. A watch that another run is reading is left
    to that run.
    """
    pulled = Pulled()
    if not watches:
        return pulled
    reader = _Reader(network, store, landing, run, triage, mapping, lease_seconds)
    with seldom_collected(), ThreadPoolExecutor(max_workers=min(streams, len(watches))) as pool:
        for watch, read in zip(watches, pool.map(reader.read, watches), strict=True):
            pulled.add(watch, read)
            if each:
                each(watch, read.fetched)
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
        swept.add(watch, reader.reread(watch.with_(since=store.now() - timedelta(hours=hours))))
    return swept


class _Reader:
    def __init__(
        self, network: Network, store: Store, landing: Landing, run: str, triage: Triage,
        mapping: Mapping | None = None, lease_seconds: float = LEASE_SECONDS,
    ) -> None:  # fmt: skip
        self.network, self.store, self.landing, self.run, self.triage = network, store, landing, run, triage
        self.mapping, self.lease_seconds = mapping, lease_seconds
        reach = network.manifest.reach_days
        self.reach = timedelta(days=reach) if reach else FAR

    def read(self, watch: Watch) -> _Read:
        """What is new; a cursor that is refused before anything was read is tried without."""
        read = _Read()
        turn = Turn.take(self.store, watch, self.run, lease_seconds=self.lease_seconds)  # a store in trouble ends all
        if turn is None:
            log.info("watch is being read by another run", watch=watch.key)
            return read
        try:
            watch, start = self._open(watch)
            try:
                self._pull(watch, start, read, turn)
            except Rejected as refused:
                if start.fresh or read.fetched or read.batches:
                    raise
                self._pull_by_time(watch, start, refused, read, turn)
            with self.store.begin() as tx:
                tx.watches.let_go(turn.reading)
                tx.watches.polled(watch.key, reach=self.reach)
        except StaleClaim:
            log.warning("stale reader refused", watch=watch.key, landed=len(read.batches))
        except HubError as problem:
            log.warning("watch failed", watch=watch.key, error=type(problem).__name__, landed=len(read.batches))
            turn.fail(problem)
            read.failure = problem
        return read

    def _pull(self, watch: Watch, start: Cursor, read: _Read, turn: Turn) -> None:
        """Land page after page."""
        parents = self._parents()
        with understood(watch.network):
            pages = turn.while_held(self.network.pull(watch, start))
            for lines, cursor in gathered(parents.watching(pages) if parents else pages):
                read.fetched += len(lines)
                read.batches += (
                    self._land(CONTEXT.with_(network=watch.network), parents.fetch(), None) if parents else []
                )
                read.batches += self._land(watch, lines, cursor, turn)

    def _pull_by_time(self, watch: Watch, start: Cursor, refused: Rejected, read: _Read, turn: Turn) -> None:
        """The same without its cursor, from before the last good run on; what is known is dropped by its key.

        Where the watch is refused without a cursor too, the cursor is not to blame: it stays, and so does the refusal.
        """
        with self.store.read() as view:
            state = view.watches.get(watch.key)
        since = ((state.polled_at if state else None) or watch.since or self.store.now()) - OVERLAP
        try:
            self._pull(watch.with_(since=since), Cursor(), read, turn)
        except HubError as problem:
            if read.fetched:
                self._give_up(watch, start, refused, since, read, turn)
            elif isinstance(problem, Rejected):
                raise refused from None
            raise
        self._give_up(watch, start, refused, since, read, turn)

    def _give_up(
        self, watch: Watch, start: Cursor, refused: Rejected, since: datetime, read: _Read, turn: Turn
    ) -> None:
        """Tell people; where nothing was read whose place could be kept, the next run reads by time as well."""
        title, there = self.network.manifest.title, f"{since:%Y-%m-%d %H:%M} UTC"
        read.notice = (
            f"{title} no longer takes the place where {watch.key} had stopped ({refused.status}), so it was read again "
            f"from {there} on, and what was known was dropped. Should this come often, read "
            f"connectors/{watch.network}/README.md, When it breaks."
        )
        log.warning("cursor given up", watch=watch.key, since=there, status=refused.status)
        with self.store.begin() as tx:
            turn.hold(tx)
            tx.audit.append(
                actor="hub", action="cursor given up", object=watch.key, reason=f"refused: {refused.status}"
            )
            if tx.watches.cursor(watch.key) == start:
                tx.watches.rewind(watch.key, Cursor())

    def reread(self, watch: Watch) -> _Read:
        """What the network says now of the time since `watch.since`; the cursor stays where it is."""
        read = _Read()
        with self.store.read() as view:
            state = view.watches.get(watch.key)
        if state is None or state.cursor.fresh or state.started_at > self.store.now() - YOUNG:
            return read
        try:
            with understood(watch.network):
                for lines, _ in gathered(self.network.pull(watch, Cursor())):
                    read.fetched += len(lines)
                    read.batches += self._land(watch, lines, None)
        except HubError as problem:
            log.warning("sweep failed", watch=watch.key, error=type(problem).__name__, landed=len(read.batches))
            read.failure = problem
        return read

    def _parents(self) -> Parents | None:
        if self.mapping is None or not self.triage.parent_depth:
            return None
        return Parents(self.network, self.mapping, self.store, depth=self.triage.parent_depth)

    def _open(self, watch: Watch) -> tuple[Watch, Cursor]:
        with self.store.read() as view:
            known = view.watches.get(watch.key)
            cursor = view.watches.cursor(watch.key)
        assert known is not None  # registered when its turn was taken
        if (reached := self._ahead(cursor)) is not None:
            raise SetupError(
                f"The cursor of {watch.key} says {reached:%Y-%m-%d}, which is in the future: it would skip posts; run "
                f"`hub watch rewind {watch.network} {watch.kind} '{watch.value}'`."
            )
        return (watch if watch.since else watch.with_(since=self._since(known.started_at))), cursor

    def _ahead(self, cursor: Cursor) -> datetime | None:
        """The moment that a cursor has reached, where it is still to come."""
        reached = self.network.reached(cursor)
        return reached if reached and reached > self.store.now() + AHEAD else None

    def _since(self, started_at: datetime) -> datetime:
        """How far back a first read goes: a week, so that baselines exist, and all that may be work."""
        return started_at - max(timedelta(days=7), timedelta(hours=self.triage.first_run_hours))

    def _land(self, watch: Watch, lines: list[bytes], cursor: Cursor | None, turn: Turn | None = None) -> list[str]:
        """Write a batch and list it with its cursor; with None the cursor keeps its place.

        In a turn that another has taken over, nothing is listed.
        """
        now = self.store.now()
        if cursor is not None and (reached := self._ahead(cursor)) is not None:
            raise ContractBroken(
                f"{watch.network} gave {watch.key} a cursor of {reached:%Y-%m-%d}, which is in the future; "
                "it is not kept."
            )
        if not lines:
            if cursor is not None:
                with self.store.begin() as tx:
                    if turn:
                        turn.hold(tx)
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
            if turn:
                turn.hold(tx)
            new = tx.batches.land(batch, tx.watches.cursor(watch.key) if cursor is None else cursor)
        faultpoint("collect.committed")
        return [batch.name] if new else []
