"""A small town of people who talk on three networks, and the questions that the rows about reading ask of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import connectors
from hub.domain import Cursor
from hub.kit import Services
from hub.mapping import load_mapping
from hub.stages import collect
from hub.stages.collect import Pulled
from hub.stages.posts import PostMaker
from hub.stages.validate import sort_records
from hub.store import WatchState
from hub.store.faults import VARIABLE, Ended
from tests.faults.checker import Verdict
from tests.faults.ground import DESTINATIONS, Ground, connect
from tests.faults.nemesis import NETWORKS, Nemesis

FINISHED = {"batches": 0, "deliveries": 0, "quarantined": 0, "sums": 0}
SEARCH = "/2/tweets/search/recent"  # X's
TAG = "/api/v1/timelines/tag/acme"  # Mastodon's
FEED = "https://coffeelovers.test/feed.xml"


def settled(ground: Ground, *, posts: int = 60) -> Nemesis:
    """The town in the evening; nobody has read it yet, and nothing goes wrong by itself."""
    talk = Nemesis(ground, 3, posts=posts)
    ground.clock.forward(6 * 3600)
    return talk


def pull(town: Nemesis, name: str, *, run: str = "collect") -> Pulled:
    """One run of one network, as the DAG has it."""
    hub = town.ground.hub
    with hub.open_network(name) as network:
        return collect.pull(
            network, hub.config.watches_of(name), store=hub.store, landing=hub.landing, run=run,
            triage=hub.config.triage, streams=1,
        )  # fmt: skip


def sweep(town: Nemesis, name: str, *, hours: float = 36) -> Pulled:
    """One sweep of one network, as the DAG has it every night."""
    hub = town.ground.hub
    with hub.open_network(name) as network:
        return collect.sweep(
            network, hub.config.watches_of(name), store=hub.store, landing=hub.landing, run=f"sweep-{name}", hours=hours
        )


def decide_and_send(town: Nemesis) -> None:
    """What has landed becomes work, and goes out."""
    town._triage(0)
    town.ground.run(*DESTINATIONS)


def read_all(town: Nemesis, *, runs: int = 3) -> None:
    """Run until nothing waits, and judge."""
    for run in range(runs):
        town.ground.clock.forward(600)
        town._collect(run)
        town._triage(run)
        town.ground.run(*DESTINATIONS)
    assert_well(town)


def assert_well(town: Nemesis) -> None:
    """All is read and sent, once."""
    assert town.waiting() == FINISHED
    assert town.unread() == set()
    assert town.verdict() == Verdict()


def watches(town: Nemesis, *names: str) -> list[WatchState]:
    """How each watch of the three networks does."""
    with town.ground.store.read() as view:
        return [state for state in view.watches.listing() if state.network in (names or NETWORKS)]


def cursors(town: Nemesis) -> dict[str, Cursor]:
    """Where each watch goes on."""
    return {state.key: state.cursor for state in watches(town)}


def asked(town: Nemesis, path: str = SEARCH, *, system: str = "x") -> int:
    """How often a system was asked for this."""
    return sum(1 for line in town.ground.played.requests(system) if line["path"] == path)


def batches(town: Nemesis) -> int:
    """How many batches have ever landed."""
    with town.ground.store.read() as view:
        return len(view.batches.recent(limit=10_000))


def files(town: Nemesis) -> list[Path]:
    """Everything that lies in the landing zone, whole or not."""
    return sorted(path for path in Path(town.ground.hub.settings.landing).rglob("*") if path.is_file())


def died(town: Nemesis, point: str, step: Callable[[int], Any], *, nth: int = 1) -> None:
    """A step that ends the process at a point; it must come that far."""
    town.ground._patch.setenv(VARIABLE, f"{point}:end:{nth}")
    try:
        step(0)
    except Ended:
        pass
    else:
        raise AssertionError(f"{point} was never reached")
    finally:
        town.ground._patch.delenv(VARIABLE)


def passed_over(town: Nemesis) -> set[str]:
    """What no cursor leads to any more, and no listed batch holds: it would never be read."""
    hub, now = town.ground.hub, town.ground.clock.now()
    missing: set[str] = set()
    for watch in hub.config.watches:
        if watch.network not in NETWORKS:
            continue
        with town.ground.store.read() as view:
            cursor = view.watches.cursor(watch.key)
            listed = [state.batch for state in view.batches.recent(10_000) if state.batch.watch == watch.key]
        here = _keys(watch, (hub.landing.read(batch.path, batch.digest) for batch in listed), now)
        network = connectors.load(watch.network)(
            connectors.manifest(watch.network), connect(connectors.manifest(watch.network), None),
            Services.local(clock=town.ground.clock, transport=town.ground.wire),
        )  # fmt: skip
        ahead = _keys(watch, (page.records for page in network.pull(_whole(town, watch), cursor)), now)
        everything = _keys(watch, (page.records for page in network.pull(_whole(town, watch), Cursor())), now)
        missing |= everything - here - ahead
    return missing


def _whole(town: Nemesis, watch: Any) -> Any:
    return watch.with_(since=town.ground.clock.now() - timedelta(hours=20))


def _keys(watch: Any, groups: Any, now: datetime) -> set[str]:
    mapping = load_mapping(connectors.mapping_path(watch.network))
    maker = PostMaker(network=watch.network, record_type=mapping.reads, watch=watch.key, collected_at=now)
    return {post.key for records in groups for post, _ in sort_records(records, mapping, maker).posts}
