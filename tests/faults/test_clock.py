"""F67 and F70: workers that sleep, and machines whose clocks are wrong."""

import json
import re
from contextvars import Context
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

import connectors
from hub import wiring
from hub.domain import Cursor
from hub.kit import Services
from hub.mapping import load_mapping
from hub.quality.verdict import Verdict as GateVerdict
from hub.stages import collect, triage
from hub.stages.posts import PostMaker
from hub.stages.validate import sort_records
from hub.store import StaleClaim
from sandbox.invention import invent
from sandbox.messages import Reply, Request
from sandbox.scenario import load_scenario
from tests.faults.checker import thing_of
from tests.faults.ground import LEASE_SECONDS, Ground, connect
from tests.faults.wire import Ask

HOURS = 6
TEN_MINUTES = 600.0
A_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
OURS = ("asked",)  # when we last asked, by our own clock: how often, not from where on
HIDDEN = ("instagram", "stackexchange")  # share a host, answer packed: more than the wire of this process plays
KINDS = {"salesforce": "Lead", "zendesk": "Case", "slack": "Alert"}


@pytest.mark.parametrize("name", ["salesforce", "zendesk"])
def test_f67_a_sender_that_wakes_after_its_lease_sends_nothing_more(ground: Ground, name: str) -> None:
    """It falls asleep while it logs in; meanwhile another takes over, looks, and sends it all."""
    for number in range(3):
        ground.hand_over(KINDS[name], number)

    def fall_asleep(ask: Ask, request: Request) -> tuple[Reply | None, Any]:
        ground.wire.twists.clear()
        answer = ask(request)
        sent.append(taken_over(ground, name))
        return answer

    sent: list[int] = []
    ground.wire.twists.append(fall_asleep)
    ground.run(name, worker="asleep")

    assert sent == [len(ground.played.writes(name))]
    assert ground.failures(name) == 0  # it says nothing against the destination
    ground.assert_exactly_once()


def test_f67_a_sender_that_wakes_between_two_messages_sends_nothing_more(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack knows no key: nobody there would refuse the second message."""
    for number in range(3):
        ground.hand_over("Alert", number)
    sent: list[int] = []

    def fall_asleep(seconds: float) -> None:
        monkeypatch.undo()
        ground.clock.sleep(seconds)
        sent.append(taken_over(ground, "slack"))

    monkeypatch.setattr(ground.clock, "sleep", fall_asleep)  # the pause between two messages to one channel
    ground.run("slack", worker="asleep")

    assert sent == [len(ground.played.writes("slack"))]
    assert ground.failures("slack") == 0
    ground.assert_exactly_once()


def test_f67_a_reader_that_wakes_after_its_lease_moves_no_cursor(ground: Ground) -> None:
    town = Town(ground)
    ground.clock.forward(HOURS * 3600)
    paths: list[str] = []

    def fall_asleep(ask: Ask, request: Request) -> tuple[Reply | None, Any]:
        ground.wire.twists.clear()
        paths.append(request.path)
        answer = ask(request)
        ground.clock.forward(TEN_MINUTES)
        ground.played.world.add_post(network="x", author="late", text="@acme is this thing on? #acme")
        town.collect("awake", only="x")
        return answer

    ground.wire.twists.append(fall_asleep)
    town.collect("asleep", only="x")

    assert paths
    assert {state.failures for state in town.watches("x")} == {0}
    cursors = [state.cursor for state in town.watches("x")]
    town.collect("later", only="x")
    assert [state.cursor for state in town.watches("x")] == cursors  # nothing was left to read


def test_a_watch_that_is_being_read_is_left_to_its_reader(ground: Ground) -> None:
    town = Town(ground)
    ground.clock.forward(HOURS * 3600)
    town.collect("first", only="x")
    [state] = town.watches("x")
    with ground.store.begin() as tx:
        reading = tx.watches.take(state.key, "another", lease_seconds=LEASE_SECONDS)
    assert reading is not None
    asked = len(ground.played.requests("x"))

    town.collect("second", only="x")

    assert len(ground.played.requests("x")) == asked
    ground.clock.forward(LEASE_SECONDS + 1)  # it has died, it seems
    town.collect("third", only="x")
    assert len(ground.played.requests("x")) > asked
    with pytest.raises(StaleClaim), ground.store.begin() as tx:
        tx.watches.hold(reading, lease_seconds=LEASE_SECONDS)


@pytest.mark.parametrize("off", [TEN_MINUTES, -TEN_MINUTES], ids=["ahead", "behind"])
def test_f70_a_machine_whose_clock_is_wrong_reads_all_and_makes_each_thing_once(ground: Ground, off: float) -> None:
    town = Town(ground)
    ground.own_clock.off = off

    for hour in range(HOURS):
        town.work(f"hour {hour}")

    town.assert_whole()


def test_f70_a_clock_that_jumps_to_and_fro_loses_nothing(ground: Ground) -> None:
    town = Town(ground)

    for hour in range(HOURS):
        ground.own_clock.off = (0, TEN_MINUTES, -TEN_MINUTES)[hour % 3]
        town.work(f"hour {hour}")
        ground.own_clock.off -= TEN_MINUTES
        town.work(f"hour {hour}, after the jump", forward=0)

    town.assert_whole()


def test_f70_a_clock_that_jumps_while_something_is_sent(ground: Ground) -> None:
    for number, (name, kind) in enumerate(KINDS.items()):
        ground.hand_over(kind, number)
        ground.wire.twists.append(jumping(ground, name, TEN_MINUTES))
        ground.run(name)
        ground.own_clock.off = 0  # and back
        ground.quiet(name)

    ground.assert_exactly_once()


def taken_over(ground: Ground, name: str) -> int:
    """A lease later another worker, who knows nothing of this one, has done it all; returns what is written by then."""
    ground.clock.forward(LEASE_SECONDS + 1)
    Context().run(ground.run, name, worker="awake", patience=200)
    assert not ground.open(name), "the other could not take over"
    return len(ground.played.writes(name))


def jumping(ground: Ground, name: str, seconds: float) -> Any:
    """The hub's clock jumps while the first request is on its way."""

    def twist(ask: Ask, request: Request) -> tuple[Reply | None, Any]:
        answer = ask(request)
        if ground.played.system(name).plays(request.host):
            ground.own_clock.off = seconds
        return answer

    return twist


def times_in(state: Any) -> list[datetime]:
    """Every moment that a watch's cursor names."""
    kept = {name: value for name, value in state.cursor.state.items() if name not in OURS}
    said = json.dumps([state.cursor.position, kept], default=str)
    return [datetime.fromisoformat(found.replace("Z", "+00:00")) for found in A_MOMENT.findall(said)]


class Town:
    """People who talk on every network for six hours, and a hub that listens all the while."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        ground.clock.forward(HOURS * 3600)
        scenario = load_scenario("quiet_day")
        facts = {name: getattr(scenario, name) for name in scenario.__struct_fields__}
        invent(ground.played.world, type(scenario)(**facts | {"posts": 60, "hours": HOURS, "faults": []}), seed=5)
        ground.played.state.commit()
        ground.clock.forward(-HOURS * 3600)
        book = wiring.rulebook(ground.hub)
        self.book = replace(book, gate=lambda posts, now: GateVerdict(state="passed", rows=len(posts)))

    def work(self, run: str, *, forward: float = 3600) -> None:
        """An hour later: collect, triage, deliver."""
        hub, ground = self.ground.hub, self.ground
        ground.clock.forward(forward)
        self.collect(run)
        triage.run(self.book, store=hub.store, landing=hub.landing, run=run, worker=run, lease_seconds=LEASE_SECONDS)
        ground.run(worker=run)
        world = ground.played.world
        newest = max(world.clock.now(), *(post.published_at for name in world.networks for post in world.posts(name)))
        later = {state.key: state.cursor for state in self.watches() if any(one > newest for one in times_in(state))}
        assert later == {}

    def collect(self, run: str, *, only: str | None = None) -> None:
        """Read every watch."""
        hub = self.ground.hub
        for manifest in hub.networks():
            if only in (None, manifest.name) and manifest.name not in HIDDEN:
                with hub.open_network(manifest.name) as network:
                    failures = collect.pull(
                        network, hub.config.watches_of(manifest.name), store=hub.store, landing=hub.landing, run=run,
                        triage=hub.config.triage, streams=1,
                    ).failures  # fmt: skip
                assert failures == {}

    def watches(self, network: str | None = None) -> list[Any]:
        """How each watch stands."""
        with self.ground.store.read() as view:
            return view.watches.listing(network)

    def assert_whole(self) -> None:
        """No gap, no double."""
        ground = self.ground
        ground.own_clock.off = 0
        self.work("afterwards, all clocks agreeing", forward=TEN_MINUTES)
        ground.quiet()
        with ground.store.read() as view:
            known = {post.key for post in view.posts.recent(limit=100_000)}
            assert view.ledger.balance().differences == {}
        world = self.keys_in_the_world()
        assert len(world) > 60
        assert world - known == set()
        for row in ground.rows():
            if row.state not in ("superseded", "cancelled"):
                ground.expected[thing_of(row.destination, row.object, row.external_id)] = row.digest
        assert ground.rows()
        ground.assert_exactly_once()

    def keys_in_the_world(self) -> set[str]:
        """What every watch can see, read by the connectors alone."""
        ground, now = self.ground, self.ground.clock.now()
        keys: set[str] = set()
        for watch in ground.hub.config.watches:
            if watch.network in HIDDEN:
                continue
            manifest = connectors.manifest(watch.network)
            services = Services.local(clock=ground.clock, transport=ground.wire)
            network = connectors.load(watch.network)(manifest, connect(manifest, None), services)
            mapping = load_mapping(connectors.mapping_path(watch.network))
            maker = PostMaker(network=watch.network, record_type=mapping.reads, watch=watch.key, collected_at=now)
            for page in network.pull(watch.with_(since=now - timedelta(hours=20)), Cursor()):
                keys |= {post.key for post, _ in sort_records(page.records, mapping, maker).posts}
        return keys
