"""A small hub for the stages: a real store and landing zone, the real mappings, and records as networks send them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import connectors
from hub.classify import Engine, default_engine
from hub.domain import Author, Batch, Cursor, Post, Signal, Watch
from hub.domain.config import Config, Route
from hub.mapping import Mapping, load_mapping, load_mappings
from hub.quality.verdict import Verdict
from hub.settings import load_config, load_routes
from hub.stages import triage
from hub.stages.admit import Reading, Rulebook
from hub.stages.render import Outlet
from hub.stages.rules import Rule
from hub.stages.triage import Triaged
from hub.store import Landing, OutboxRow, Standing, Store, View

REPO = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
X = Watch(network="x", kind="keyword", value="acme")
HASHTAG = Watch(network="mastodon", kind="hashtag", value="#acme")

WANTS_TO_BUY = "Which espresso machine should I buy? The Acme Brew Pro?"
COMPLAINS = "My Acme Brew One arrived broken and nobody answers, @acme. Terrible service."
ALARMS = "WARNING: my Acme Brew One caught fire, dangerous! @acme recall?"
SWEARS = "@acme you fucking idiots, fuck off"
CHATS = "Lovely weather today"


class Clock:
    """Time that moves when a test says so, or when somebody sleeps."""

    def __init__(self) -> None:
        self.moment = NOW
        self.sleeps: list[float] = []

    def __call__(self) -> datetime:
        return self.moment

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.forward(seconds=seconds)

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)


def tweet(number: int, text: str, *, author: str = "ana", minutes_ago: float = 30, **more: Any) -> dict[str, Any]:
    """A post as the connector for X hands it on."""
    answers = more.pop("answers", None)
    facts = {
        "id": str(number), "text": text, "conversation_id": str(answers or number),
        "created_at": (NOW - timedelta(minutes=minutes_ago)).isoformat(),
        "author": {"id": f"id-{author}", "username": author, "name": author.title()},
        "referenced": [{"type": "replied_to", "id": str(answers)}] if answers else None,
    }  # fmt: skip
    return facts | more


def status(number: int, text: str, *, author: str = "ana", minutes_ago: float = 30, **more: Any) -> dict[str, Any]:
    """A status as the connector for Mastodon hands it on."""
    facts = {
        "id": str(number), "server": "mastodon.test", "content": f"<p>{text}</p>", "visibility": "public",
        "created_at": (NOW - timedelta(minutes=minutes_ago)).isoformat(), "url": f"https://mastodon.test/@a/{number}",
        "account": {"id": f"id-{author}", "acct": author, "display_name": author.title()},
    }  # fmt: skip
    return facts | more


def make_post(number: int = 1, **changes: Any) -> Post:
    """A post on X, said half an hour ago."""
    fields: dict[str, Any] = {
        "key": f"x:post:{number}", "network": "x", "native_id": str(number), "text": COMPLAINS,
        "published_at": NOW - timedelta(minutes=30), "collected_at": NOW,
        "author": Author(key="x:account:7", native_id="7", handle="ana"),
    }  # fmt: skip
    return Post(**{**fields, **changes})


def make_signal(post: Post, **changes: Any) -> Signal:
    """A complaint that the classifier is sure of."""
    fields: dict[str, Any] = {
        "post": post.key, "found_by": "rules@1", "intent": "complaint", "confidence": 0.9, "subjects": ("Acme",)
    }  # fmt: skip
    return Signal(**{**fields, **changes})


def believing(posts: Sequence[Post], now: datetime) -> Verdict:
    """A batch gate that nothing stops at; Great Expectations itself is tested where it lives."""
    return Verdict(state="passed", rows=len(posts))


@cache
def acme() -> Config:
    """The configuration of the invented world."""
    return load_config(REPO / "sandbox" / "hub.yaml")


@cache
def _engine() -> Engine:
    return default_engine(acme().subjects)


@cache
def _mapping(name: str) -> Mapping:
    return load_mapping(connectors.mapping_path(name))


@cache
def outlet(name: str, *, notes: bool = False, whole: bool = False) -> Outlet:
    """A real destination's facts and mappings; if asked for, the private note that comes along with every case.

    Of a lead the lead alone, without persona and post, unless `whole`.
    """
    mappings = load_mappings(connectors.mapping_path(name))
    alone = mappings[:1] if name == "salesforce" and not whole else mappings
    return Outlet(connectors.manifest(name), tuple(one for one in alone if notes or one.makes != "note"))


def written(folder: Path, name: str, text: str) -> Outlet:
    """The same destination with a mapping of the test's own."""
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return Outlet(connectors.manifest(name), load_mappings(path))


def make_book(**changes: Any) -> Rulebook:
    """What a run decides by, with the shipped routes and all three destinations unless said otherwise."""
    config: Config = changes.pop("config", acme())
    routes: tuple[Route, ...] = changes.pop("routes", ())
    version, rules = load_routes(config.with_(routes=routes), REPO / "mappings" / "_routes.yaml")
    book = Rulebook(
        config=config,
        networks={name: Reading(connectors.manifest(name), _mapping(name)) for name in ("x", "mastodon", "blogs")},
        outlets=[outlet(name) for name in ("salesforce", "zendesk", "slack")],
        rules=[Rule.of(route) for route in rules],
        routes_version=version,
        engine=_engine(),
        gate=believing,
        link_base="http://hub.test",
    )
    return replace(book, **changes)


class Town:
    """A hub with nothing in it, and the questions that tests ask of it."""

    def __init__(self, store: Store, landing: Landing, clock: Clock) -> None:
        self.store, self.landing, self.clock = store, landing, clock

    def land(self, *records: dict[str, Any], watch: Watch = X, run: str = "collect-1") -> Batch:
        """A batch as `collect` lands it."""
        file = self.landing.write(records, network=watch.network, at=self.clock.now())
        batch = Batch(
            name=f"batch-{file.digest[:8]}-{watch.key}", network=watch.network, watch=watch.key, run=run,
            path=file.path, digest=file.digest, records=len(records), landed_at=self.clock.now(),
        )  # fmt: skip
        with self.store.begin() as tx:
            tx.watches.register(watch)
            tx.batches.land(batch, Cursor(position=str(len(records))))
        return batch

    def triage(self, book: Rulebook | None = None, *, run: str = "triage-1", worker: str = "w") -> Triaged:
        """One run over all that waits."""
        return triage.run(book or make_book(), store=self.store, landing=self.landing, run=run, worker=worker)

    def hear(self, *records: dict[str, Any], book: Rulebook | None = None, watch: Watch = X) -> Triaged:
        """Land and triage."""
        self.land(*records, watch=watch)
        return self.triage(book)

    @contextmanager
    def look(self) -> Iterator[View]:
        """The store at this moment; its sums must hold whenever anybody looks."""
        with self.store.read() as view:
            assert view.ledger.balance().differences == {}
            assert view.ledger.unbalanced() == []
            yield view

    def standing(self, key: str) -> Standing:
        """Where a post stands."""
        with self.look() as view:
            return view.posts.standings([key])[key]

    def outbox(self, destination: str | None = None) -> list[OutboxRow]:
        """What is to be sent, oldest first."""
        with self.look() as view:
            return view.outbox.recent(limit=1000, destination=destination)[::-1]

    def body(self, row: OutboxRow) -> dict[str, Any]:
        """What one of them says."""
        with self.look() as view:
            body = view.outbox.body(row.id)
        assert body is not None
        return body
