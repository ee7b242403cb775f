"""One case through the whole hub: collected, checked, routed to all three destinations, delivered, and run again."""

import io
import json
import logging
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import copy
from typing import Any

import connectors
from hub import wiring
from hub.domain import Post
from hub.domain.config import Config, Route
from hub.errors import HubError
from hub.quality.verdict import Verdict
from hub.settings import load_config, read_settings
from hub.stages import triage
from hub.stages.admit import Rulebook
from sandbox.messages import Reply, Request
from tests.faults.ground import DESTINATIONS, REPO, Ground
from tests.faults.wire import Ask
from tests.hostile.cases import AT, Case
from tests.hostile.feeds import GOOD, Feed, prepared
from tests.hostile.witness import watched

EVERYTHING = tuple(
    Route(name=f"every-{kind.lower()}", makes=kind, when="`true`", team="support", severity="`5`", title="'Heard'")
    for kind in ("Lead", "Case", "Alert")
)
NOBODY: dict[str, Any] = {  # what the quarantine's page is told beside its items, for somebody who may only look
    "chosen": {}, "after": 0, "discarded": False, "done": None, "run": "", "count": 0, "may_act": False, "token": "",
    "problem": None,
}  # fmt: skip
MEGABYTES = 200.0  # for a case


@dataclass
class Seen:
    """What became of a case."""

    verdict: str = "nothing"
    flags: set[str] = field(default_factory=set)
    post: Post | None = None
    landed: str = ""  # what lies in the landing zone
    held: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # of the case alone, by destination
    everything: str = ""  # all that the sandbox holds and all that the store says, as text
    logged: list[str] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)  # HTML by name
    problems: list[str] = field(default_factory=list)  # of what holds for every case
    seconds: float = 0.0  # of processor time
    megabytes: float = 0.0  # by which memory has grown
    said: list[str] = field(default_factory=list)  # what the run says of what failed
    files: set[str] = field(default_factory=set)  # outside of the hub's own folder


def fire(case: Case, feed: Feed, folder: Path, migrated: Path, patch: Any) -> Seen:
    """Run one case; what a second run would do is part of it."""
    folder.mkdir(parents=True)
    copy(migrated, folder / "hub.db")
    patch.setenv("HUB_VAR", str(folder))
    ground = Ground(folder, patch, url=f"sqlite:///{folder / 'hub.db'}", start=AT)
    try:
        return _fired(case, feed, ground, folder)
    finally:
        ground.close()


def _fired(case: Case, feed: Feed, ground: Ground, folder: Path) -> Seen:
    seen = Seen()
    feed = prepared(feed, case, folder)
    ground.hub.__dict__["config"] = _config(feed)
    ground.played.world.add_person("acme")
    ground.wire.twists.append(_answering(feed, case))
    began, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ground.hub.open_destination("zendesk") as desk:
        assert {step.state for step in desk.prepare(apply=True)} == {"made"}  # custom fields are sinks too
    with _logged(seen.logged), watched(folder, seen.files):
        failures = _events(ground, case) if "events" in (case.payload or {}) else _flow(ground, "first")
        writes = _written(ground)
        ground.clock.forward(3600)
        _flow(ground, "second")
    seen.seconds = time.process_time() - began
    if _written(ground) != writes:
        seen.problems.append("a second run wrote something")
    seen.megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    if seen.megabytes > MEGABYTES:
        seen.problems.append(f"{seen.megabytes:.0f} MB more than before it")
    _look(case, feed, ground, seen, failures)
    seen.landed = _landed(folder)
    return seen


def _flow(ground: Ground, run: str) -> dict[str, HubError]:
    """Collect, triage and deliver once, as the DAGs do."""
    hub = ground.hub
    failures: dict[str, HubError] = {}
    for manifest in hub.networks():
        failures |= wiring.collect(hub, manifest, f"collect-{run}")[1]
    triage.run(_book(ground), store=hub.store, landing=hub.landing, run=f"triage-{run}", worker=run)
    ground.run(*DESTINATIONS, patience=60)
    ground.clock.forward(60)
    ground.run(*DESTINATIONS, patience=60)
    return failures


def _book(ground: Ground) -> Rulebook:
    """The rules in force, with a second gate that believes every crowd."""
    return replace(wiring.rulebook(ground.hub), gate=lambda posts, now: Verdict(state="passed", rows=len(posts)))


def _events(ground: Ground, case: Case) -> dict[str, HubError]:
    """A post is created, deleted, and seen again by a backfill, before anybody is handed anything."""
    hub = ground.hub
    for manifest in hub.networks():
        wiring.collect(hub, manifest, "collect-created")
        triage.run(_book(ground), store=hub.store, landing=hub.landing, run="triage-created", worker="created")
        ground.clock.forward(25 * 3600)
        ground.wire.twists.append(_deleted)
        wiring.refresh(hub, manifest, "refresh-deleted")
    return _flow(ground, "first")


def _deleted(ask: Ask, request: Request) -> tuple[Reply | None, Any]:
    """What X says of posts that are gone."""
    if request.path != "/2/tweets":
        return ask(request)
    kind = "https://api.x.com/2/problems/resource-not-found"
    errors = [{"resource_id": id, "type": kind} for id in request.param("ids").split(",")]
    return Reply.json({"errors": errors}), None


def _answering(feed: Feed, case: Case) -> Any:
    def twist(ask: Ask, request: Request) -> tuple[Reply | None, Any]:
        return (feed.answer(case, request), None) if feed.asks(request) else ask(request)

    return twist


def _config(feed: Feed) -> Config:
    config = load_config(REPO / "sandbox" / "hub.yaml")
    return config.with_(watches=(feed.watch,), routes=EVERYTHING, destinations=DESTINATIONS)


def _written(ground: Ground) -> int:
    return sum(len(ground.played.writes(name)) for name in DESTINATIONS)


def _look(case: Case, feed: Feed, ground: Ground, seen: Seen, failures: dict[str, HubError]) -> None:
    with ground.store.read() as view:
        posts = view.posts.recent(limit=1000)
        items = view.quarantine.listing(limit=1000)
        balance, unbalanced = view.ledger.balance(), view.ledger.unbalanced()
        handoffs = {handed.handoff.post.key: handed.id for handed in view.handoffs.recent(limit=1000)}
    if balance.differences or unbalanced:
        seen.problems.append(f"the ledger does not balance: {balance.differences or unbalanced}")
    good = [post for post in posts if post.text == GOOD]
    if len(good) < feed.beside:
        seen.problems.append(f"only {len(good)} good neighbours landed")
    seen.post = next((post for post in posts if post.text != GOOD), None)
    seen.flags = set(seen.post.flags if seen.post else ()) | {item.reason for item in items}
    if seen.post is not None and not seen.post.text and not seen.post.author.handle and _is_dead(ground, seen.post):
        seen.verdict, seen.post = "tombstone", None
    elif feed.rows and items:
        seen.verdict = "quarantine"
        seen.problems += [] if seen.post else ["none of the other rows landed"]
    elif seen.post is not None:
        seen.verdict = "land_flag" if seen.post.flags else "land"
    elif items:
        seen.verdict = "quarantine"
    elif failures:
        seen.verdict = "refuse_source"
        seen.flags |= {getattr(problem, "reason", "") for problem in failures.values()}
    seen.said = [f"{type(problem).__name__}: {problem}" for problem in failures.values()]
    seen.held = _held(ground, seen.post)
    seen.everything = _everything(ground) + "".join(seen.logged)
    if seen.post is not None:
        seen.pages = _pages(seen.post.key, handoffs.get(seen.post.key))


def _is_dead(ground: Ground, post: Post) -> bool:
    with ground.store.read() as view:
        return bool(view.tombstones.dead([post.key]))


def _held(ground: Ground, post: Post | None) -> dict[str, list[dict[str, Any]]]:
    """The stored objects that the case's post made."""
    if post is None:
        return {}
    mine = [row.external_id for row in ground.rows() if row.post == post.key]
    played = ground.played
    tickets = [row for row in played.rows("zendesk", "tickets") if row.get("external_id") in mine]
    numbers = {row["id"]: row["requester_id"] for row in tickets}
    below = [row for row in played.rows("zendesk", "comments") if row["ticket_id"] in numbers]
    below += [row | {"ticket_id": id} for id, user in numbers.items() for row in played.rows("zendesk", "users")
              if row["id"] == user]  # fmt: skip
    return {
        "salesforce": [row for row in played.rows("salesforce", "leads") if row.get("Hub_Key__c") in mine],
        "zendesk": [*tickets, *below],
        "slack": [
            row
            for row in played.rows("slack", "messages")
            for payload in [(row.get("metadata") or {}).get("event_payload") or {}]
            if {payload.get("external_id"), *payload} & set(mine)
        ],
    }


def _everything(ground: Ground) -> str:
    held = [
        ground.played.rows(system.name, table)
        for system in ground.played.systems
        if system.name in DESTINATIONS
        for table in ground.played.state.tables(system.name)
        if table not in ("sessions", "tokens")
    ]
    return json.dumps(held, ensure_ascii=False, default=str)


def _pages(post: str, handoff: str | None) -> dict[str, str]:
    """The command centre's pages that show the post."""
    from command_centre import held, judging, listening, overview, pages
    from command_centre.queries import of_handoff, of_post, opened

    found = held.listing(dict.fromkeys(("stage", "reason", "network")), 0, discarded=False)
    listed = pages.page("quarantine.html", **pages.facts_of(found) | NOBODY)
    shown = {"overview": overview.overview({}), "listening": listening.listening({}), "quarantine": listed}
    form = {"may_act": True, "token": "", "problem": None}
    for name, told in (("post", of_post(post)), ("handoff", of_handoff(handoff) if handoff else None)):
        if told is not None:
            shown[name] = pages.page(f"{name}.html", **judging.facts_about(told) | form)
    opened(read_settings().store).close()  # the next case may have its store at the same place
    return {name: bytes(page.body).decode() for name, page in shown.items()}


def _landed(folder: Path) -> str:
    from zstandard import ZstdDecompressor

    landed = [
        ZstdDecompressor().stream_reader(path.read_bytes()).read() if path.suffix == ".zst" else path.read_bytes()
        for path in sorted((folder / "landing").rglob("*"))
        if path.is_file()
    ]
    return b"\n".join(landed).decode("utf-8", "replace")


@contextmanager
def _logged(lines: list[str]) -> Iterator[None]:
    """All that is logged by whoever logs, ours by structlog and the libraries' by logging."""
    import structlog

    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    before, config = root.level, structlog.get_config() if structlog.is_configured() else None
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream))
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        structlog.reset_defaults()
        if config:
            structlog.configure(**config)
        lines += stream.getvalue().splitlines()


def known_networks() -> list[str]:
    """Networks that a feed may be made for."""
    return [manifest.name for manifest in connectors.manifests(kind="network")]
