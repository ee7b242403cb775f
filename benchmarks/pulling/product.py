"""The hub's own way over the same pages: collect and triage with store, default classifier and both gates."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hub.domain import Manifest, Post
from hub.kit import Connection
from hub.quality.verdict import Verdict
from hub.settings import read_settings
from hub.stages import triage
from hub.stages.validate import Gate
from hub.wiring import Hub, collect, rulebook, worker_name

CONFIG = """
organisation: {name: Acme, timezone: Europe/Berlin}
subjects:
  - {name: Acme, kind: brand, aliases: ["@acme", "#acme"]}
  - {name: Brew One, kind: product, aliases: [acme brew one]}
  - {name: Brew Pro, kind: product, aliases: [acme brew pro]}
  - {name: Brewster, kind: competitor}
  - {name: Kaffa, kind: competitor}
watches: [{network: x, kind: keyword, value: "pages:%d"}]
teams: [{name: support}, {name: sales}, {name: communications, slack_channel: "#social-alerts"}]
triage: {first_run_hours: 24}
destinations: [salesforce, zendesk, slack]
"""


@dataclass
class Timed:
    """A gate whose CPU seconds are counted apart, its imports with them."""

    gate: Gate
    seconds: float = 0.0

    def __call__(self, posts: Sequence[Post], now: datetime) -> Verdict:
        """What the gate says."""
        start = time.process_time()
        try:
            return self.gate(posts, now)
        finally:
            self.seconds += time.process_time() - start


def product(port: int, pages: int, folder: Path) -> dict[str, Any]:
    """Everything, Great Expectations included."""
    return _run(port, pages, folder, through=None)


def product_without_gx(port: int, pages: int, folder: Path) -> dict[str, Any]:
    """The same with a batch gate that lets everything pass."""
    return _run(port, pages, folder, through=lambda posts, now: Verdict(state="passed", rows=len(posts)))


def _run(port: int, pages: int, folder: Path, *, through: Gate | None) -> dict[str, Any]:
    (folder / "hub.yaml").write_text(CONFIG % pages)

    def connect(manifest: Manifest, id: str | None = None) -> Connection:
        extra = {"bearer_token": "bench", "requests_per_minute": 1_000_000, "monthly_limit": 1_000_000}
        return Connection(id=id or manifest.name, host=f"http://127.0.0.1:{port}", extra=extra)

    settings = read_settings({"HUB_VAR": str(folder / "var"), "HUB_CONFIG": str(folder / "hub.yaml")})
    hub = Hub(settings=settings, connect=connect)
    try:
        collected = _collected(hub)
        book = rulebook(hub)
        gate = Timed(through or book.gate)
        book = replace(book, gate=gate)
        done = triage.run(book, store=hub.store, landing=hub.landing, run="bench", worker=worker_name())
        with hub.store.read() as view:
            balance = view.ledger.balance()
    finally:
        hub.close()
    assert balance.balanced, balance.differences
    return {
        "fetched": balance.fetched, "bad": balance.quarantined, "known": balance.known, "kept": balance.valid,
        "handoffs": sum(done.handoffs.values()), "gx": gate.seconds, "collect": collected,
    }  # fmt: skip


def _collected(hub: Hub) -> float:
    """CPU seconds of collecting, what was imported before included."""
    (manifest,) = hub.networks()
    _, failures = collect(hub, manifest, "bench")
    for failure in failures.values():
        raise failure
    return time.process_time()
