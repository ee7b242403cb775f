"""What cannot go on, from the first look to the last: seen, previewed, repaired, replayed, and sent exactly once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hub import wiring
from hub.cli.flow import run_once
from hub.stages import replay
from hub.store import Item
from hub.wiring import Hub
from sandbox.process import SandboxProcess
from tests.journeys import flow

pytestmark = pytest.mark.slow

DESTINATIONS = ("salesforce", "zendesk", "slack")
HASHTAG = 'mastodon, kind: hashtag, value: "#acme"'
BUYS = "Which espresso machine should I buy? The Acme Brew Pro, @acme?"


def organisation(rules: dict[str, Any]) -> None:
    """A Salesforce administrator at work."""
    answer = requests.post("https://acme.my.salesforce.com/sandbox/org", json=rules, timeout=30)
    answer.raise_for_status()


def written(sandbox: SandboxProcess, since: int) -> list[dict[str, Any]]:
    """What was written at any destination since."""
    changes = [line for line in sandbox.control.journal(since) if line["event"] not in ("request", "logged in")]
    return [line for line in changes if line["system"] in DESTINATIONS]


def spoilt(number: int) -> dict[str, Any]:
    """A status of which nobody knows when it was written."""
    return {
        "id": str(115_600_000_000_000_000 + number), "created_at": None, "visibility": "public", "language": "en",
        "url": f"https://mastodon.test/@ines/{number}",
        "content": f"<p>My Acme Brew One leaks again, number {number}. Help, @acme?</p>",
        "account": {"id": str(900 + number), "acct": f"ines{number}", "display_name": f"Ines {number}"},
        "tags": [{"name": "acme"}], "mentions": [], "media_attachments": [],
    }  # fmt: skip


@pytest.fixture
def one_watch(hub_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Acme, with one hashtag and one keyword to watch."""
    lines = (flow.REPO / "sandbox" / "hub.yaml").read_text().splitlines()
    kept = [line for line in lines if "- {network:" not in line or "x, kind: keyword" in line or HASHTAG in line]
    (tmp_path / "hub.yaml").write_text("\n".join(kept) + "\n")
    monkeypatch.setenv("HUB_CONFIG", str(tmp_path / "hub.yaml"))


@pytest.fixture
def opened(one_watch: None) -> Iterator[Hub]:
    """The hub in this process: a process for each of a dozen steps would take longer than all they do."""
    hub = Hub()
    yield hub
    hub.close()


def again(hub: Hub, **options: Any) -> dict[str, int]:
    """Everything goes back that is held."""
    book, ids = wiring.rulebook(hub), replay.choose(hub.store)
    return replay.summary(replay.run(book, ids, store=hub.store, run="replay-1", **options))


def held(hub: Hub) -> dict[int, Item]:
    with hub.store.read() as view:
        return {item.id: item for item in view.quarantine.listing()}


def dump(hub: Hub) -> str:
    """All rows of the store."""
    return "\n".join(hub.store.engine.raw_connection().iterdump())


def test_from_quarantine_to_exactly_one_object(sandbox: SandboxProcess, opened: Hub) -> None:
    run_once(opened)
    sandbox.control.fault(
        system="mastodon", kind="status", status=200, path_glob="/api/v1/timelines/tag/*",
        body=[spoilt(number) for number in range(1, 4)], headers={"Content-Type": "application/json"},
    )  # fmt: skip
    organisation({"duplicate_rule": {"matches": ["Company"], "action": "block"}})
    sandbox.control.add_post(network="x", author="nadia", text=BUYS)
    run_once(opened)
    assert sorted(item.reason for item in held(opened).values()) == ["bad_time"] * 3 + ["duplicates_detected"]

    # Looking ahead asks nobody anything, here or there.
    mark, before = sandbox.control.mark(), dump(opened)
    ahead = again(opened, dry_run=True)
    assert (ahead["released"], ahead["still quarantined"], ahead["deliveries"]) == (1, 3, 1)
    assert (sandbox.control.mark(), dump(opened)) == (mark, before)

    # With nothing new, a replay of everything writes nothing at any destination, however often.
    for _ in range(2):
        assert again(opened)["still quarantined"] == 3
        run_once(opened)
        assert written(sandbox, mark) == []
    assert len(held(opened)) == 4

    # One record is repaired, one is given up, the rule is relaxed; the last one stays.
    first, second, third = (item for item in held(opened).values() if item.reason == "bad_time")
    fixed = json.dumps((first.record or {}) | {"created_at": now(sandbox)})
    replay.repair(opened.store, first, fixed, who="ana", why="a proxy cut it")
    replay.discard(opened.store, [second.id], who="ana", why="a test of theirs")
    organisation({"duplicate_rule": None})
    mark = sandbox.control.mark()
    fates: list[replay.Fate] = []
    assert again(opened, told=fates.append)["released"] == 2
    assert sorted((fate.end, len(fate.deliveries)) for fate in fates if fate.released) == [
        ("handed_off", 2),  # a ticket and its note
        ("sent", 1),
    ]
    done = run_once(opened)
    assert done.problems == {}

    assert {"lead created", "ticket created"} <= {line["event"] for line in written(sandbox, mark)}
    flow.assert_exactly_once(sandbox)
    flow.assert_balanced()
    assert list(held(opened)) == [third.id]

    # And once more: what went is not sent again.
    mark = sandbox.control.mark()
    again(opened)
    run_once(opened)
    assert written(sandbox, mark) == []
    flow.assert_exactly_once(sandbox)


def now(sandbox: SandboxProcess) -> str:
    """By the sandbox's clock."""
    return str(sandbox.control._get("/clock").json()["now"])
