"""What journeys through the whole flow share: the command as people run it, and the truth as others hold it."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import connectors
from hub.domain import Cursor, Watch
from hub.kit import Connection, Services
from hub.mapping import load_mapping
from hub.settings import load_config
from hub.stages.posts import PostMaker
from hub.stages.validate import sort_records
from hub.store import Store
from hub.store.schema import metadata
from sandbox.process import SandboxProcess
from tests import forked

REPO = Path(__file__).resolve().parents[2]
WATCH = re.compile(r"\s*- \{network: (\w+)")


def watching(networks: Collection[str]) -> str:
    """Acme's configuration with its watches on these networks."""
    lines = (REPO / "sandbox" / "hub.yaml").read_text().splitlines()
    kept = [line for line in lines if (found := WATCH.match(line)) is None or found[1] in networks]
    return "\n".join(kept) + "\n"


def hub(*arguments: str, timeout: float = 240, cold: bool = False, **environ: str) -> subprocess.CompletedProcess[str]:
    """The `hub` command in a process of its own, with this process's environment and more; `cold`: from nothing."""
    if not cold:
        return forked.run(arguments, os.environ | environ, timeout=timeout)
    command = [sys.executable, "-c", "from hub.cli import main; main()", *arguments]
    return subprocess.run(
        command, cwd=REPO, env=os.environ | environ, capture_output=True, text=True, timeout=timeout, check=False
    )


def answer(run: subprocess.CompletedProcess[str]) -> Any:
    """What a command said with --json."""
    assert run.stdout, run.stderr
    return json.loads(run.stdout)


def store_file() -> Path:
    """Where the store of the hub under test lies, unless it is told otherwise."""
    return Path(os.environ["HUB_VAR"], "hub.db")


def store() -> Store:
    """The store of the hub under test."""
    return Store.open(os.environ.get("HUB_STORE_URL") or f"sqlite:///{store_file()}")


def let_leases_run_out() -> None:
    """As if whoever holds something had been gone for longer than a lease lasts."""
    with store() as opened, opened.begin() as tx:
        for table in (table for table in metadata.tables.values() if "lease_until" in table.c):
            held = sa.update(table).where(table.c.lease_until.is_not(None))
            tx.connection.execute(held.values(lease_until=opened.now() - timedelta(seconds=1)))


SEEN_AS = {"over": "reply"}  # what a channel sees of the end of an incident


def made(sandbox: SandboxProcess) -> dict[str, list[str]]:
    """The external ids of everything that people would see, by kind of object, as the sandbox holds it."""
    state = sandbox.control.state
    messages = state("slack", "messages")
    tickets = [row["external_id"] for row in state("zendesk", "tickets")]
    replies = [row for row in messages if row.get("thread_ts") not in (None, row["ts"])]
    said = [
        (mark, _is_public(row)) for row in state("zendesk", "audits") if (mark := _mark(row)) not in (None, *tickets)
    ]
    return {
        "Lead": [row["Hub_Key__c"].lower() for row in state("salesforce", "leads")],
        "SocialPersona__c": [row["Hub_Key__c"].lower() for row in state("salesforce", "personas")],
        "SocialPost__c": [row["Hub_Key__c"].lower() for row in state("salesforce", "posts")],
        "ticket": tickets,
        "comment": [mark for mark, public in said if public],
        "note": [mark for mark, public in said if not public],
        "message": [id for row in messages if row not in replies for id in _ids(row)],
        "reply": [id for row in replies for id in _ids(row)],
    }


def _ids(message: dict[str, Any]) -> list[str]:
    """Ours on a message: one, or one for each line of a digest."""
    metadata = message["metadata"]
    payload = metadata["event_payload"]
    return list(payload) if metadata["event_type"] == "hub_digest" else [str(payload["external_id"])]


def _is_public(audit: dict[str, Any]) -> bool:
    return any(event["type"] == "Comment" and event["public"] for event in audit["events"])


def _mark(audit: dict[str, Any]) -> str | None:
    mark = ((audit.get("metadata") or {}).get("custom") or {}).get("hub_id")
    return str(mark) if mark else None


def intended() -> dict[str, set[str]]:
    """The external ids that the hub meant to make, by kind of object; none of them may still wait."""
    wanted: dict[str, set[str]] = {}
    with store() as opened, opened.read() as view:
        rows = view.outbox.recent(limit=100_000)
        assert Counter(row.state for row in rows if row.state not in ("done", "superseded")) == {}
        for row in rows:
            wanted.setdefault(SEEN_AS.get(row.object, row.object), set()).add(row.external_id)
    return wanted


def assert_exactly_once(sandbox: SandboxProcess) -> None:
    """Every intended object is there, once, and nothing else is."""
    there, wanted = made(sandbox), intended()
    assert {kind: [id for id, times in Counter(ids).items() if times > 1] for kind, ids in there.items()} == {
        kind: [] for kind in there
    }
    assert {kind: set(ids) for kind, ids in there.items()} == {kind: wanted.get(kind, set()) for kind in there}


def assert_balanced() -> Any:
    """The ledger's sums hold, and the counters beside the batches agree with the rows."""
    with store() as opened, opened.read() as view:
        balance = view.ledger.balance()
        assert balance.differences == {}
        assert view.ledger.unbalanced() == []
    return balance


def keys_in_the_world() -> set[str]:
    """The keys of all posts that the watches can see, read by the connectors alone."""
    keys: set[str] = set()
    now = datetime.now(UTC)
    for watch in load_config(Path(os.environ["HUB_CONFIG"])).watches:
        manifest = connectors.manifest(watch.network)
        network = connectors.load(watch.network)(manifest, Connection.of(manifest), Services.local())
        mapping = load_mapping(connectors.mapping_path(watch.network))
        maker = PostMaker(network=watch.network, record_type=mapping.reads, watch=watch.key, collected_at=now)
        for page in network.pull(_a_week(watch, now), Cursor()):
            keys |= {post.key for post, _ in sort_records(page.records, mapping, maker).posts}
    return keys


def _a_week(watch: Watch, now: datetime) -> Watch:
    return watch.with_(since=now - timedelta(days=6))


def keys_in_the_store() -> set[str]:
    """The keys of all posts that the hub holds."""
    with store() as opened, opened.read() as view:
        return {post.key for post in view.posts.recent(limit=100_000)}


def python() -> list[str]:
    """This Python, as the start of a command line."""
    return [sys.executable]
