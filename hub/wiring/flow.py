"""The stages in their order, each with what it needs of an opened hub."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from hub.domain import Manifest, Watch
from hub.errors import HubError, SetupError
from hub.kit import Network
from hub.wiring.opening import Hub, mapping_of, outlets_of, promises_of, rulebook, worker_name

if TYPE_CHECKING:
    from hub.stages.collect import Pulled
    from hub.stages.deliver import Delivered
    from hub.stages.refresh import Refreshed
    from hub.stages.score import Learned
    from hub.stages.triaged import Triaged


def collect(
    hub: Hub,
    manifest: Manifest,
    run: str,
    *,
    each: Callable[[Watch, int], None] | None = None,
    tell: Callable[[str], None] | None = None,
) -> tuple[list[str], dict[str, HubError]]:
    """Read all watches of one network; returns the batches that landed and what failed, by watch.

    What went well and is news for people all the same, such as a cursor that was given up, is told.
    """
    from hub.stages import collect as stage

    triage = hub.config.triage
    read = partial(
        stage.pull, store=hub.store, landing=hub.landing, run=run, triage=triage, each=each,
        mapping=mapping_of(manifest), streams=hub.settings.streams, lease_seconds=hub.settings.lease_seconds,
    )  # fmt: skip
    return _by_connection(hub, manifest, read, tell)


def sweep(hub: Hub, manifest: Manifest, run: str, *, hours: float) -> tuple[list[str], dict[str, HubError]]:
    """Read the last hours of one network once more, for posts that reached it late; cursors keep their place."""
    from hub.stages import collect as stage

    read = partial(stage.sweep, store=hub.store, landing=hub.landing, run=run, hours=hours)
    return _by_connection(hub, manifest, read)


def _by_connection(
    hub: Hub,
    manifest: Manifest,
    read: "Callable[[Network, list[Watch]], Pulled]",
    tell: Callable[[str], None] | None = None,
) -> tuple[list[str], dict[str, HubError]]:
    """Read each connection's watches through a connector opened for it; one that cannot be opened stops no other."""
    watches = hub.config.watches_of(manifest.name)
    batches: list[str] = []
    failures: dict[str, HubError] = {}
    for connection_id in sorted({watch.connection for watch in watches}, key=str):
        mine = [watch for watch in watches if watch.connection == connection_id]
        try:
            with hub.open_network(manifest.name, connection_id) as network:
                pulled = read(network, mine)
        except SetupError as problem:
            failures |= {watch.key: problem for watch in mine}
            continue
        batches += pulled.batches
        failures |= pulled.failures
        if tell is not None:
            for notice in pulled.notices.values():
                tell(notice)
    return batches, failures


def refresh(hub: Hub, manifest: Manifest, run: str) -> "Refreshed":
    """Look again at what one network gave, measure our accounts there, and let go of what may not be kept."""
    from hub.stages import refresh as stage

    done = stage.Refreshed()
    connections = sorted({watch.connection for watch in hub.config.watches_of(manifest.name)}, key=str)
    for connection_id in connections:
        try:
            with hub.open_network(manifest.name, connection_id) as network:
                stage.reread(network, store=hub.store, landing=hub.landing, run=run, done=done)
                stage.removals(network, store=hub.store, landing=hub.landing, run=run, done=done)
                if connection_id == connections[0]:
                    accounts = hub.config.own_accounts.get(manifest.name, ())
                    stage.measure(network, accounts, store=hub.store, done=done)
        except SetupError as problem:
            done.failures.append(problem)
    stage.purge(manifest, store=hub.store, landing=hub.landing, done=done)
    return done


def triage(hub: Hub, run: str) -> "Triaged":
    """Validate, classify and route everything that has landed and waits, then look whether it is unusually much.

    In any case what is told of incidents is brought up to date: one that has become quiet is over, whatever landed.
    """
    from hub.stages import incidents
    from hub.stages.triaged import Triaged

    with hub.store.read() as view:
        pending = view.batches.pending()
    if not pending:
        incidents.tend(hub.config, lambda: outlets_of(hub), store=hub.store)
        return Triaged()
    from hub.stages import detect
    from hub.stages import triage as stage

    book = rulebook(hub)
    done = stage.run(
        book, store=hub.store, landing=hub.landing, run=run, worker=worker_name(),
        lease_seconds=hub.settings.lease_seconds,
    )  # fmt: skip
    detect.run(hub.config, book.outlets, store=hub.store, run=run, link_base=hub.settings.link_base)
    incidents.tend(hub.config, lambda: book.outlets, store=hub.store)
    return done


def silences(hub: Hub, tell: Callable[[str, str | None], str | None]) -> int:
    """Tell operators of sources that have fallen silent or speak again; returns how many there were.

    `tell` is given what to say, and in which thread, and gives back what names the message; without, nobody was told,
    and the next time it is said once more.
    """
    from hub.stages import silence

    news = silence.look(hub.config, hub.store)
    for one in news:
        message = tell(one.text, one.thread)
        if not one.over:
            with hub.store.begin() as tx:
                silence.told(tx, one.source, message)
    return len(news)


def deliver(hub: Hub, name: str, *, by_hand: bool = False, each: Callable[[int], None] | None = None) -> "Delivered":
    """Send one destination everything that waits for it; its client is not even opened when nothing does.

    Whoever starts it by hand has put right why we were refused, and does not wait for the next try.
    """
    from hub.stages import deliver as stage
    from hub.stages import preflight
    from hub.stages.calls import senders_for

    if by_hand:
        stage.mended(name, store=hub.store)
    if not stage.waiting(name, store=hub.store):
        return stage.Delivered(name)
    with ExitStack() as opened:
        first = opened.enter_context(hub.open_destination(name))
        calls = first.manifest.senders
        more = [opened.enter_context(hub.open_destination(name)) for _ in range(1, senders_for(calls))]
        return stage.run(
            first,
            *more,
            store=hub.store,
            worker=worker_name(),
            at_once=calls,
            lease_seconds=hub.settings.lease_seconds,
            each=each,
            prove=partial(preflight.prove, mapped=promises_of(first.manifest)),
        )


def endings(hub: Hub, name: str) -> "Learned":
    """Ask one destination what became of the leads that it was handed, and learn from it."""
    from hub.stages import endings as stage

    with hub.open_destination(name) as destination:
        return stage.ask(destination, store=hub.store)
