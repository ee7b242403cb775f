"""The nemesis: a seeded history of posts, faults and deaths; when it lets go, everything must come right.

Every choice is drawn from one generator and every moment from one clock: the same seed is the same history, request
for request. Reads and writes go wrong alike.
"""

import hashlib
import json
import random
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

import connectors
from hub import wiring
from hub.domain import Cursor
from hub.errors import HubError
from hub.kit import Services
from hub.mapping import load_mapping
from hub.quality.verdict import Verdict as GateVerdict
from hub.stages import collect, triage
from hub.stages.posts import PostMaker
from hub.stages.validate import sort_records
from hub.store.faults import VARIABLE, Ended
from sandbox.invention import invent
from sandbox.scenario import load_scenario
from tests.faults.checker import Verdict, thing_of
from tests.faults.ground import DESTINATIONS, LEASE_SECONDS, Ground, claimed, connect

NETWORKS = ("x", "mastodon", "blogs")
HOURS = 6
TICK = timedelta(minutes=10)
POINTS = (
    "collect.fetched", "collect.landed", "collect.committed", "store.half_written", "store.written", "store.listed",
    "triage.claimed", "triage.decided", "triage.committed", "store.claimed", "deliver.claimed", "deliver.sent",
    "store.settled", "deliver.settled", "deliver.doubted", "deliver.looked_up", "deliver.resent", "tokens.fetched",
)  # fmt: skip
BROKEN: tuple[dict[str, Any], ...] = (
    {"kind": "drop_before"}, {"kind": "drop_after"}, {"kind": "late", "seconds": 45}, {"kind": "truncate"},
    {"kind": "garbage"}, {"kind": "drip"}, {"kind": "status", "status": 500}, {"kind": "status", "status": 502},
    {"kind": "status", "status": 503, "headers": {"Retry-After": "30"}},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "20"}}, {"kind": "status", "status": 401},
)  # fmt: skip


@dataclass
class Nemesis:
    """One history."""

    ground: Ground
    seed: int
    posts: int = 2_000
    faults: int = 0
    chance: Random = field(init=False)
    book: Any = field(init=False)

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)
        self._people_talk()
        book = wiring.rulebook(self.ground.hub)
        self.book = replace(book, gate=lambda posts, now: GateVerdict(state="passed", rows=len(posts)))

    def rage(self) -> None:
        """All the faults, while people talk."""
        random.seed(self.seed)  # waits between tries are drawn from the common generator
        ticks = int(timedelta(hours=HOURS) / TICK)
        for tick in range(ticks):
            self._do_harm()
            self._work(tick)
            self.ground.wire.down.clear()
            self.ground.clock.forward(TICK.total_seconds())

    def let_go(self, runs: int = 12) -> None:
        """No more faults; runs until nothing waits."""
        self.ground.played.switchboard.clear()
        self.ground.clock.forward(3600)
        for run in range(runs):
            self._work(1000 + run)
            self.ground.clock.forward(700)

    def history(self) -> str:
        """A digest of everything that happened on the other side."""
        lines = self.ground.played.state.journal()
        return hashlib.sha256(json.dumps(lines, sort_keys=True, default=str).encode()).hexdigest()

    def verdict(self) -> Verdict:
        """By what the sandbox holds; expected is the last version of everything that was accepted and not erased."""
        ground = self.ground
        for row in ground.rows():
            if row.state not in ("superseded", "cancelled"):
                ground.expected[thing_of(row.destination, row.object, row.external_id)] = row.digest
        return ground.verdict()

    def unread(self) -> set[str]:
        """Posts that can be seen on the networks, read by the connectors alone, and are not in the store."""
        with self.ground.store.read() as view:
            known = {post.key for post in view.posts.recent(limit=1_000_000)}
        return self._keys_in_the_world() - known

    def waiting(self) -> dict[str, int]:
        """What is not finished."""
        with self.ground.store.read() as view:
            pending, balance = view.batches.pending(), view.ledger.balance()
            quarantined = sum(counted.items for counted in view.quarantine.counts())
        open_rows = len(self.ground.open())
        return {
            "batches": pending, "deliveries": open_rows, "quarantined": quarantined, "sums": len(balance.differences)
        }  # fmt: skip

    def _people_talk(self) -> None:
        ground = self.ground
        ground.clock.forward(HOURS * 3600)
        scenario = load_scenario("crisis")
        scenario = type(scenario)(
            **{name: getattr(scenario, name) for name in scenario.__struct_fields__}
            | {"posts": self.posts, "hours": HOURS, "elsewhere": {}, "faults": []}
        )
        invent(ground.played.world, scenario, seed=self.seed)
        ground.played.state.commit()
        ground.clock.forward(-HOURS * 3600)

    def _do_harm(self) -> None:
        """What goes wrong in the next ten minutes."""
        chance = self.chance
        for _ in range(chance.randint(0, 4)):
            system = chance.choice(NETWORKS + DESTINATIONS * 2)
            rule = dict(chance.choice(BROKEN))
            self.ground.played.fault(system, after=chance.randint(0, 3), times=chance.randint(1, 2), **rule)
        if chance.random() < 0.08:
            self.ground.wire.down.add(chance.choice((*NETWORKS, *DESTINATIONS, "*")))
            self.faults += 1
        if chance.random() < 0.1:
            self.faults += bool(claimed(self.ground, chance.choice(DESTINATIONS), limit=chance.randint(1, 20)))

    def _work(self, tick: int) -> None:
        """Collect, triage, deliver; each may end the process."""
        dies_at = self.chance.choice(POINTS) if tick < 1000 and self.chance.random() < 0.5 else None
        nth = self.chance.randint(1, 3)
        order = list(DESTINATIONS)
        self.chance.shuffle(order)
        if dies_at:
            self.ground._patch.setenv(VARIABLE, f"{dies_at}:end:{nth}")
        for step in (self._collect, self._triage, lambda _: self.ground.run(*order, patience=5)):
            try:
                step(tick)
            except Ended:
                self.faults += 1
                self.ground._patch.delenv(VARIABLE)
            except HubError:
                pass  # a run that fails is tried again at the next tick
        self.ground._patch.delenv(VARIABLE, raising=False)

    def _collect(self, tick: int) -> None:
        hub = self.ground.hub
        for manifest in hub.networks():
            if manifest.name not in NETWORKS:
                continue
            with hub.open_network(manifest.name) as network:
                collect.pull(
                    network, hub.config.watches_of(manifest.name), store=hub.store, landing=hub.landing,
                    run=f"collect-{tick}", triage=hub.config.triage, streams=1,
                )  # fmt: skip

    def _triage(self, tick: int) -> None:
        hub = self.ground.hub
        triage.run(
            self.book, store=hub.store, landing=hub.landing, run=f"triage-{tick}", worker=f"t{tick}",
            lease_seconds=LEASE_SECONDS,
        )  # fmt: skip

    def _keys_in_the_world(self) -> set[str]:
        keys: set[str] = set()
        now = self.ground.clock.now()
        for watch in self.ground.hub.config.watches:
            if watch.network not in NETWORKS:
                continue
            manifest = connectors.manifest(watch.network)
            services = Services.local(clock=self.ground.clock, transport=self.ground.wire)
            network = connectors.load(watch.network)(manifest, connect(manifest, None), services)
            mapping = load_mapping(connectors.mapping_path(watch.network))
            maker = PostMaker(network=watch.network, record_type=mapping.reads, watch=watch.key, collected_at=now)
            since = watch.with_(since=now - timedelta(hours=20))
            for page in network.pull(since, Cursor()):
                keys |= {post.key for post, _ in sort_records(page.records, mapping, maker).posts}
        return keys
