"""What the entrances share: opens stores and connectors by name and runs the stages in their order.

The command line and the Airflow bridge differ in where a connection comes from, and in nothing else;
that is why both hand in `connect`.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import connectors
from hub.classify import Engine, default_engine
from hub.domain import Budget, Manifest, Watch
from hub.domain.config import Config
from hub.errors import HubError, SetupError
from hub.kit import Connection, Destination, Limits, Network, NotConnected, Services, Token
from hub.mapping import Mapping, load_mapping, load_mappings
from hub.settings import Settings, load_config, load_routes, read_settings
from hub.stages.admit import Reading, Rulebook
from hub.stages.deliver import Delivered
from hub.stages.render import Outlet
from hub.stages.route import Rule
from hub.stages.triage import Triaged
from hub.stages.validate import expectations_gate
from hub.store import Landing, Store
from hub.store.services import Shared

if TYPE_CHECKING:
    from hub.stages.collect import Pulled
    from hub.stages.refresh import Refreshed

Connect = Callable[[Manifest, str | None], Connection]


def connect_from_environment(manifest: Manifest, connection_id: str | None = None) -> Connection:
    """The connection in `AIRFLOW_CONN_<ID>`; the command line's way."""
    return Connection.of(manifest, id=connection_id)


@dataclass
class Hub:
    """One opened hub: settings, configuration, store and landing zone, and the way to its connectors."""

    settings: Settings = field(default_factory=read_settings)
    connect: Connect = connect_from_environment

    @cached_property
    def config(self) -> Config:
        """The organisation's configuration."""
        return load_config(self.settings.config_path)

    @cached_property
    def store(self) -> Store:
        """The store, migrated to this version's schema."""
        self.settings.var_dir.mkdir(parents=True, exist_ok=True)
        return Store.open(self.settings.store)

    @cached_property
    def landing(self) -> Landing:
        """The landing zone."""
        return Landing(self.settings.landing)

    @cached_property
    def services(self) -> Services:
        """What connectors are handed: memory, budgets and tokens that all processes share."""
        names = (
            "max_bytes",
            "max_depth",
            "connect_seconds",
            "read_seconds",
            "total_seconds",
            "max_wait_seconds",
        )
        limits = Limits(**{name: getattr(self.settings, name) for name in names})
        key_path = self.settings.var_dir / "secrets" / "token-key"
        shared = Shared(self.store, token_type=Token, max_wait_seconds=limits.max_wait_seconds, key_path=key_path)
        return Services(
            memory=shared.memory,
            budgets=shared.budgets,
            tokens=shared.tokens,
            clock=shared.clock,
            limits=limits,
        )

    def close(self) -> None:
        """Let go of the store, if it was opened."""
        if "store" in self.__dict__:
            self.store.close()

    def networks(self) -> list[Manifest]:
        """The networks that have a watch, in order of name; a watch on an unknown network is a SetupError."""
        known = {manifest.name: manifest for manifest in connectors.manifests(kind="network")}
        for watch in self.config.watches:
            if watch.network not in known:
                raise SetupError(
                    f"hub.yaml watches {watch.network!r}, which is no network; there are {', '.join(known)}."
                )
            check_watch(known[watch.network], watch)
        return [
            manifest
            for name, manifest in known.items()
            if self.config.watches_of(name) and manifest.maturity != "draft"
        ]

    def destinations(self) -> list[Manifest]:
        """The destinations in use: those that hub.yaml names, else all that have a connection."""
        known = {manifest.name: manifest for manifest in connectors.manifests(kind="destination")}
        if self.config.destinations is None:
            return [manifest for manifest in known.values() if self._connected(manifest)]
        for name in self.config.destinations:
            if name not in known:
                raise SetupError(f"hub.yaml names the destination {name!r}; known are {', '.join(known)}.")
        return [known[name] for name in self.config.destinations]

    def _connected(self, manifest: Manifest) -> bool:
        """Whether it has a connection. For one that cannot be used work is made and waits: else it would be lost."""
        try:
            self.connect(manifest, None)
        except NotConnected:
            return False
        except SetupError:
            return True  # whoever delivers tells what is wrong with it
        return True

    @contextmanager
    def open_network(self, name: str, connection_id: str | None = None) -> Iterator[Network]:
        """A network connector, ready to be asked; closed at the end."""
        with self._open(name, connection_id) as network:
            yield network

    @contextmanager
    def open_destination(self, name: str) -> Iterator[Destination]:
        """A destination connector, ready to be handed work; closed at the end."""
        with self._open(name, None) as destination:
            yield destination

    @contextmanager
    def _open(self, name: str, connection_id: str | None) -> Iterator[Any]:
        manifest = next((m for m in connectors.manifests() if m.name == name), None)
        if manifest is None:
            raise SetupError(f"There is no connector {name!r}; `hub check` lists them.")
        connection = self.connect(manifest, connection_id)
        per_minute = connection.extra.get("requests_per_minute")  # a plan that allows more, or less, than most
        if per_minute:
            manifest = manifest.with_(budget=Budget(requests=int(per_minute), per_minutes=1))
        connector = connectors.load(name)(manifest, connection, self.services)
        try:
            yield connector
        finally:
            connector.close()


def check_watch(manifest: Manifest, watch: Watch) -> None:
    """Refuse a kind of watch that the network does not know, before anything is asked of it."""
    if watch.kind not in manifest.watches:
        kinds = ", ".join(manifest.watches)
        raise SetupError(f"{manifest.title} cannot watch a {watch.kind!r} ({watch.value}); use one of: {kinds}.")


def rulebook(hub: Hub) -> Rulebook:
    """Everything that triage decides by, read and compiled once."""
    config = hub.config
    version, routes = load_routes(config)
    manifests = connectors.manifests(kind="network")
    return Rulebook(
        config=config,
        networks={manifest.name: Reading(manifest, _mapping(manifest)) for manifest in manifests},
        outlets=[
            Outlet(manifest, load_mappings(connectors.mapping_path(manifest.name))) for manifest in hub.destinations()
        ],
        rules=[Rule.of(route) for route in routes],
        routes_version=version,
        engine=engine_of(hub),
        gate=expectations_gate(
            hub.settings.mappings_dir / "_expectations.json",
            {manifest.name: manifest.expectations for manifest in manifests},
        ),
        link_base=hub.settings.link_base,
    )


def engine_of(hub: Hub) -> Engine:
    """The classifier in force: the model that was let run, else the engine that needs no training."""
    with hub.store.read() as view:
        version = view.models.running()
        file = view.models.file(version) if version else None
    if file is None:
        return default_engine(hub.config.subjects)
    from hub.classify.trained_engine import TrainedEngine

    return TrainedEngine.load(file, hub.config.subjects)


def _mapping(manifest: Manifest) -> Mapping:
    return load_mapping(connectors.mapping_path(manifest.name))


def worker_name() -> str:
    """Names this process in claims and logs."""
    return f"{socket.gethostname()}:{os.getpid()}"


def collect(
    hub: Hub, manifest: Manifest, run: str, *, each: Callable[[Watch, int], None] | None = None
) -> tuple[list[str], dict[str, HubError]]:
    """Read all watches of one network; returns the batches that landed and what failed, by watch."""
    from hub.stages import collect as stage

    triage = hub.config.triage
    read = partial(
        stage.pull, store=hub.store, landing=hub.landing, run=run, triage=triage, each=each,
        mapping=_mapping(manifest), streams=hub.settings.streams,
    )  # fmt: skip
    return _by_connection(hub, manifest, read)


def sweep(hub: Hub, manifest: Manifest, run: str, *, hours: float) -> tuple[list[str], dict[str, HubError]]:
    """Read the last hours of one network once more, for posts that reached it late; cursors keep their place."""
    from hub.stages import collect as stage

    read = partial(stage.sweep, store=hub.store, landing=hub.landing, run=run, hours=hours)
    return _by_connection(hub, manifest, read)


def _by_connection(
    hub: Hub, manifest: Manifest, read: "Callable[[Network, list[Watch]], Pulled]"
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


def triage(hub: Hub, run: str) -> Triaged:
    """Validate, classify and route everything that has landed and waits, then look whether it is unusually much.

    Costs nothing when nothing waits.
    """
    from hub.stages import detect
    from hub.stages import triage as stage

    with hub.store.read() as view:
        if not view.batches.pending():
            return Triaged()
    book = rulebook(hub)
    done = stage.run(
        book, store=hub.store, landing=hub.landing, run=run, worker=worker_name(),
        lease_seconds=hub.settings.lease_seconds,
    )  # fmt: skip
    detect.run(hub.config, book.outlets, store=hub.store, run=run, link_base=hub.settings.link_base)
    return done


def deliver(hub: Hub, name: str, *, each: Callable[[int], None] | None = None) -> Delivered:
    """Send one destination everything that waits for it; its client is not even opened when nothing does."""
    from hub.stages import deliver as stage

    if not stage.waiting(name, store=hub.store):
        return Delivered(name)
    with ExitStack() as opened:
        first = opened.enter_context(hub.open_destination(name))
        more = [opened.enter_context(hub.open_destination(name)) for _ in range(1, first.manifest.senders)]
        return stage.run(
            first,
            *more,
            store=hub.store,
            worker=worker_name(),
            lease_seconds=hub.settings.lease_seconds,
            each=each,
        )
