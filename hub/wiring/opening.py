"""One opened hub: its settings, store and landing zone, the way to its connectors, and what triage decides by."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import connectors
from hub.domain import Budget, Manifest, MappedObject, Watch
from hub.domain.config import Config
from hub.errors import SetupError
from hub.kit import Connection, Destination, Limits, Network, NotConnected, Services, Token
from hub.mapping import Mapping, load_mapping, load_mappings
from hub.settings import Settings, load_config, load_routes, read_settings
from hub.store import KeptFiles, Landing, Store
from hub.store.services import Shared

if TYPE_CHECKING:  # who only collects decides nothing
    from hub.classify import Engine
    from hub.stages.admit import Rulebook
    from hub.stages.render import Outlet

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
        return Services(
            memory=self.shared.memory,
            budgets=self.shared.budgets,
            tokens=self.shared.tokens,
            clock=self.shared.clock,
            limits=limits,
            kept=self.kept,
        )

    @cached_property
    def shared(self) -> Shared[Token]:
        """What all processes share by way of the store."""
        key_path = self.settings.var_dir / "secrets" / "token-key"
        return Shared(self.store, token_type=Token, max_wait_seconds=self.settings.max_wait_seconds, key_path=key_path)

    @cached_property
    def kept(self) -> KeptFiles:
        """Reports that were made, and their pictures."""
        return KeptFiles(self.settings.reports)

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
        """A network connector, ready to be asked, whose calls are taken some at a time; closed at the end."""
        with self._open(name, connection_id) as network, self.shared.budgets.in_advance(name):
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


@dataclass(frozen=True)
class Proposal:
    """Rules that are not in force yet, in place of those that are."""

    config: Path | None = None  # a hub.yaml
    mappings: Path | None = None  # a folder; what it does not hold is as in force
    model: str | None = None  # a version that `hub train` made

    def mapping(self, name: str) -> Path:
        """Where the mapping of this connector is."""
        own = self.mappings / f"{name}.yaml" if self.mappings else None
        return own if own and own.exists() else connectors.mapping_path(name)

    def routes(self, hub: Hub) -> Path:
        """Where the routes are."""
        own = self.mappings / "_routes.yaml" if self.mappings else None
        return own if own and own.exists() else hub.settings.mappings_dir / "_routes.yaml"


def rulebook(hub: Hub, proposal: Proposal | None = None) -> "Rulebook":
    """Everything that triage decides by, read and compiled once.

    With a proposal it is what a plan is made by: then destinations that were handed work before are among the outlets
    whether or not this process may open them, since nothing is sent.
    """
    from hub.stages.admit import Reading, Rulebook
    from hub.stages.render import Outlet
    from hub.stages.rules import Rule
    from hub.stages.validate import expectations_gate

    wanted = proposal or Proposal()
    config = load_config(wanted.config) if wanted.config else hub.config
    version, routes = load_routes(config, wanted.routes(hub))
    manifests = connectors.manifests(kind="network")
    destinations = hub.destinations() if proposal is None else _planned_for(hub, config)
    return Rulebook(
        config=config,
        networks={
            manifest.name: Reading(manifest, load_mapping(wanted.mapping(manifest.name))) for manifest in manifests
        },
        outlets=[Outlet(manifest, load_mappings(wanted.mapping(manifest.name))) for manifest in destinations],
        rules=[Rule.of(route) for route in routes],
        routes_version=version,
        engine=engine_of(hub, config=config, model=wanted.model),
        gate=expectations_gate(
            hub.settings.mappings_dir / "_expectations.json",
            {manifest.name: manifest.expectations for manifest in manifests},
        ),
        link_base=hub.settings.link_base,
        text_seconds=hub.settings.text_seconds,
    )


def outlets_of(hub: Hub) -> "list[Outlet]":
    """The destinations in use, with what their mappings make."""
    from hub.stages.render import Outlet

    return [Outlet(manifest, load_mappings(connectors.mapping_path(manifest.name))) for manifest in hub.destinations()]


def _planned_for(hub: Hub, config: Config) -> list[Manifest]:
    """The destinations that a plan speaks of: those that hub.yaml names, else the connected, and who was handed any."""
    known = connectors.manifests(kind="destination")
    if config.destinations is not None:
        return [manifest for manifest in known if manifest.name in config.destinations]
    connected = {manifest.name for manifest in hub.destinations()}
    with hub.store.read() as view:
        return [each for each in known if each.name in connected or view.archive.sent_to(each.name)]


def engine_of(hub: Hub, *, config: Config | None = None, model: str | None = None) -> "Engine":
    """The classifier in force, or that of this model: which was let run, else the engine that needs no training."""
    from hub.classify import default_engine

    config = config or hub.config
    with hub.store.read() as view:
        version = model or view.models.running()
        file = view.models.file(version) if version else None
    if file is None:
        return default_engine(config.subjects, config.topics)
    from hub.classify.trained_engine import TrainedEngine

    return TrainedEngine.load(file, config.subjects, config.topics)


def mapping_of(manifest: Manifest) -> Mapping:
    """What a network's words mean."""
    return load_mapping(connectors.mapping_path(manifest.name))


def mapping_named(network: str) -> Mapping | None:
    """What a network's words mean; None where it has no connector now."""
    known = {manifest.name: manifest for manifest in connectors.manifests(kind="network")}
    return mapping_of(known[network]) if network in known else None


def promises_of(manifest: Manifest) -> list[MappedObject]:
    """What the mappings of a destination may write there."""
    return [mapping.promise for mapping in load_mappings(connectors.mapping_path(manifest.name))]


def worker_name() -> str:
    """Names this process in claims and logs."""
    return f"{socket.gethostname()}:{os.getpid()}"
