"""The proving ground: one hub and the sandbox around it, in this process, under one clock.

    ground.hand_over("Lead", 3)                 # work for people, rendered by the real mappings
    ground.played.fault("salesforce", "drop_after", path_glob="*/composite*")
    ground.run(); ground.quiet()                # the run that meets the fault, then runs until nothing waits
    ground.assert_exactly_once()                # by what the sandbox holds

A process that ends is played by a fault point that raises `Ended` through everything; what a SIGKILL leaves behind, a
rolled back transaction and a claim that nobody settles, is left behind here too. The next run is a new worker.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import connectors
from hub import wiring
from hub.domain import Author, Delivery, Handoff, Manifest, Post, Provenance, Signal
from hub.kit import Connection, Limits, Services, Token
from hub.kit.loopback import Loopback
from hub.mapping import load_mappings
from hub.settings import Settings
from hub.stages import deliver
from hub.stages.deliver import Delivered, Patience
from hub.stages.render import Outlet, render
from hub.store import Draft, OutboxRow, Store
from hub.store.engine import open_engine
from hub.store.faults import VARIABLE, Ended
from hub.store.services import Shared
from sandbox.credentials import environment
from tests.faults.checker import Thing, Verdict, judge
from tests.faults.wire import Clock, Hanging, Played, Skewed, Wire

REPO = Path(__file__).resolve().parents[2]
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
DESTINATIONS = ("salesforce", "zendesk", "slack")
LEASE_SECONDS = 120.0
BETWEEN_RUNS = 600.0  # longer than a lease and a cool-down
READ_SECONDS = 30.0


class Ground:
    """One hub against one sandbox."""

    def __init__(self, folder: Path, monkeypatch: Any, *, url: str, start: datetime = START) -> None:
        self.clock = Clock(start)
        self.own_clock = Skewed(self.clock)  # the hub's
        self.played = Played(self.clock)
        self.wire = Wire(self.played, read_seconds=READ_SECONDS)
        self._patch = monkeypatch
        self._held = ExitStack()
        self._held.callback(self.played.close)
        self.store = self._held.enter_context(Store(_engine(url), self.own_clock))
        self.proxy = self._held.enter_context(Loopback(Hanging(self.wire))).address
        self.hub = wiring.Hub(settings_of(folder), connect=connect)
        self.hub.__dict__ |= {"store": self.store, "services": self.services_of(folder)}
        self.expected: dict[Thing, str | None] = {}
        self.runs = 0
        self.deaths = 0

    def close(self) -> None:
        """Let go of everything."""
        self._held.close()

    def services_of(self, folder: Path) -> Services:
        """What the connectors are handed: shared through the store, as in production, over the wire of this process."""
        limits = Limits(connect_seconds=5, read_seconds=READ_SECONDS, total_seconds=90)
        shared = Shared(
            self.store, token_type=Token, max_wait_seconds=limits.max_wait_seconds, clock=self.own_clock,
            key_path=folder / "token-key",
        )  # fmt: skip
        return Services(
            memory=shared.memory, budgets=shared.budgets, tokens=shared.tokens, clock=self.own_clock, limits=limits,
            transport=self.wire, proxy=self.proxy,
        )  # fmt: skip

    # What is to be handed over.

    def hand_over(self, kind: str, number: int, *, version: int = 1, first: bool = True, **more: Any) -> list[Draft]:
        """Intend one handoff, by the real mappings; what it makes is expected from now on."""
        drafts = drafts_of(a_handoff(kind, number, version=version, first=first, **more))
        with self.store.begin() as tx:
            tx.outbox.intend(drafts)
        for draft in drafts:
            self.expected[draft.destination, draft.external_id] = draft.digest
        return drafts

    def erase(self, draft: Draft) -> None:
        """The post is gone at its origin: a tombstone, and nothing of it is expected any more."""
        with self.store.begin() as tx:
            tx.tombstones.add([str(draft.post)], reason="deleted")
        self.expected.pop((draft.destination, draft.external_id), None)

    def forget(self, *drafts: Draft) -> None:
        """Not expected any more, for whatever reason."""
        for draft in drafts:
            self.expected.pop((draft.destination, draft.external_id), None)

    # Runs.

    def run(self, *names: str, patience: float = 20, worker: str | None = None) -> dict[str, Delivered]:
        """One run of each of these destinations, or of all; as different from the last one as another process is."""
        self.runs += 1
        done = {}
        for name in names or DESTINATIONS:
            with self.hub.open_destination(name) as destination:
                done[name] = deliver.run(
                    destination, store=self.store, worker=worker or f"run {self.runs}", lease_seconds=LEASE_SECONDS,
                    patience=Patience(for_anything=patience, for_jobs=900),
                )  # fmt: skip
        return done

    def run_into(self, point: str, *names: str, nth: int = 1, **more: Any) -> bool:
        """One run that ends at a fault point, as a killed process does; whether it came that far."""
        self._patch.setenv(VARIABLE, f"{point}:end:{nth}")
        try:
            self.run(*names, **more)
        except Ended:
            self.deaths += 1
            return True
        finally:
            self._patch.delenv(VARIABLE)
        return False

    def quiet(self, *names: str, at_most: int = 3, between: float = BETWEEN_RUNS) -> int:
        """Run until nothing waits; returns how many runs it took. More than `at_most` is a failure."""
        for count in range(1, at_most + 1):
            self.clock.forward(between)
            self.run(*names)
            if not self.open(*names):
                return count
        left = [(row.destination, row.state, row.reason) for row in self.open(*names)]
        raise AssertionError(f"after {at_most} more runs there still waits: {left}")

    def open(self, *names: str) -> list[OutboxRow]:
        """What is not settled."""
        return [row for row in self.rows(*names) if row.state in ("pending", "in_doubt")]

    def rows(self, *names: str) -> list[OutboxRow]:
        """What was intended, oldest first."""
        with self.store.read() as view:
            rows = view.outbox.recent(limit=100_000)[::-1]
        return [row for row in rows if not names or row.destination in names]

    def states(self, *names: str) -> list[str]:
        """How everything stands, oldest first."""
        return [row.state for row in self.rows(*names)]

    def quarantined(self) -> list[tuple[str, str]]:
        """Stage and reason of what people must look at."""
        with self.store.read() as view:
            return [(item.stage, item.reason) for item in view.quarantine.listing(limit=1000)]

    # The judgement.

    def verdict(self) -> Verdict:
        """What the sandbox holds, held against what is expected."""
        return judge(self.played, self.expected)

    def assert_exactly_once(self) -> None:
        """Lost 0, duplicates 0, ghosts 0."""
        assert self.verdict() == Verdict()

    def assert_balanced(self) -> None:
        """The ledger's sums hold: nothing is counted twice or not at all."""
        with self.store.read() as view:
            assert view.ledger.balance().differences == {}
            assert view.ledger.unbalanced() == []

    def failures(self, name: str) -> int:
        """How often in a row this destination failed."""
        with self.store.read() as view:
            circuit = view.circuits.get(name)
        return circuit.failures if circuit else 0


@contextmanager
def opened(folder: Path, monkeypatch: Any, url: str) -> Iterator[Ground]:
    """A ground that is cleared at the end."""
    ground = Ground(folder, monkeypatch, url=url)
    try:
        yield ground
    finally:
        ground.close()


def connect(manifest: Manifest, connection_id: str | None) -> Connection:
    """The sandbox's connections; Slack's library opens its own sockets, so it is sent through the loopback."""
    connection = Connection.of(manifest, _environ(), id=connection_id)
    if manifest.name == "slack":
        return replace(connection, extra={**connection.extra, "base_url": "http://slack.com/api/"})
    return connection


@cache
def _engine(url: str) -> sa.Engine:
    """Stays when a ground is cleared, with the statements that it has compiled: a third of what a short test costs."""
    return open_engine(url)


@cache
def _environ() -> dict[str, str]:
    return environment(1, REPO)


def settings_of(folder: Path) -> Settings:
    """A hub of its own, with the configuration of the invented world."""
    return Settings(home=str(REPO), var=str(folder), config=str(REPO / "sandbox" / "hub.yaml"))


@cache
def outlets() -> tuple[Outlet, ...]:
    """The real destinations' mappings; of Salesforce the lead alone, so that one handoff is one thing everywhere.

    Its personas and posts meet their faults in tests/connectors/salesforce/test_social_faults.py.
    """
    alone = {"salesforce": 1}
    return tuple(
        Outlet(connectors.manifest(name), load_mappings(connectors.mapping_path(name))[: alone.get(name)])
        for name in DESTINATIONS
    )


@cache
def _config() -> Any:
    from hub.settings import load_config

    return load_config(REPO / "sandbox" / "hub.yaml")


def drafts_of(handoff: Handoff) -> list[Draft]:
    """What a handoff makes at each destination that takes its kind."""
    rendered = render(handoff, outlets(), _config())
    assert not rendered.problems
    return rendered.drafts


def a_handoff(
    kind: Any, number: int, *, version: int = 1, first: bool = True, post: int | None = None, text: str | None = None,
    **more: Any,
) -> Handoff:  # fmt: skip
    """Work of one kind about one invented author; `post` tells apart what follows in one conversation.

    With a `history`, a case gets its private note.
    """
    said = post if post is not None else number * 100 + version
    author = Author(
        key=f"x:account:{number}", native_id=str(number), handle=f"ana{number}", display_name=f"Ana {number}"
    )
    key = f"x:post:{said}"
    words = text or f"The kettle of {number} whistles at seven, part {version}."
    handoff = Handoff(
        key=author.key if kind == "Lead" else f"{kind}:{number}",
        kind=kind,
        first=first,
        post=Post(
            key=key, network="x", native_id=str(said), text=words, published_at=START - timedelta(hours=1),
            collected_at=START, author=author, url=f"https://x.test/ana{number}/status/{said}",
        ),
        author=author,
        signal=Signal(post=key, found_by="rules@1", intent="complaint", confidence=0.9),
        team="support",
        provenance=Provenance(post=key, route="r@1", classifier="rules@1", confidence=0.9, run="run-1"),
        title="Complaint",
        severity=7,
    )  # fmt: skip
    return handoff.with_(**more) if more else handoff


def claimed(ground: Ground, name: str, *, worker: str = "other", limit: int = 200) -> list[Delivery]:
    """What another worker claims now, and never settles."""
    with ground.store.begin() as tx:
        return tx.outbox.claim(name, worker, lease_seconds=LEASE_SECONDS, limit=limit)
