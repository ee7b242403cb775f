"""`hub run`: the whole flow in one process, and again, and again with news."""

import os
from collections import Counter
from pathlib import Path

import pytest

from hub.settings import load_config
from sandbox.process import SandboxProcess
from tests.journeys import flow

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hub_env")]


def test_posts_become_work_once_and_a_second_run_asks_once_and_makes_nothing(sandbox: SandboxProcess) -> None:
    flow.store_file().unlink()
    first = flow.hub("run", "--json", cold=True)  # from nothing: neither a store nor an import
    assert first.returncode == 0, first.stderr
    before = sandbox.control.mark()

    again = flow.answer(flow.hub("run", "--json"))

    assert flow.keys_in_the_store() == flow.keys_in_the_world()
    flow.assert_exactly_once(sandbox)
    assert all(flow.made(sandbox).values())
    assert flow.assert_balanced().fetched > 50
    assert again["landed"] == 0
    assert [line for line in sandbox.control.journal(before) if "created" in line["event"]] == []


def test_a_run_with_nothing_new_makes_one_read_for_each_watch(sandbox: SandboxProcess) -> None:
    asked, due = _asked_when_nothing_is_new(sandbox)

    assert asked == due


@pytest.mark.usefixtures("everywhere")
def test_on_all_networks_a_run_with_nothing_new_makes_a_read_or_two_for_each_watch(sandbox: SandboxProcess) -> None:
    asked, due = _asked_when_nothing_is_new(sandbox)

    assert asked.keys() == due.keys()
    assert {name: count for name, count in asked.items() if count > 2 * due[name]} == {}, "posts, and what is below"
    assert {"facebook", "youtube", "reddit", "bluesky"} <= set(asked)


def _asked_when_nothing_is_new(sandbox: SandboxProcess) -> tuple[Counter[str], Counter[str]]:
    """Requests by network, and watches by network."""
    assert flow.hub("run").returncode == 0
    before = sandbox.control.mark()
    assert flow.hub("run").returncode == 0
    lines = sandbox.control.journal(before)
    assert {line["event"] for line in lines} == {"request"}
    flow.assert_balanced()
    watches = load_config(Path(os.environ["HUB_CONFIG"])).watches
    return Counter(line["system"] for line in lines), Counter(watch.network for watch in watches)


def test_what_is_said_later_joins_what_is_there(sandbox: SandboxProcess) -> None:
    opening = sandbox.control.add_post(
        network="x", author="nia", text="My Brew One arrived broken and nobody answers, @acme. Terrible service."
    )
    assert flow.hub("run").returncode == 0
    tickets = len(sandbox.control.state("zendesk", "tickets"))

    sandbox.control.add_post(network="x", author="nia", text="@acme Hello? Still nothing.", in_reply_to=opening)
    sandbox.control.add_post(network="x", author="acme", text="@nia We are looking into it!", in_reply_to=opening)
    assert flow.hub("run").returncode == 0

    assert len(sandbox.control.state("zendesk", "tickets")) == tickets
    comments = [row["body"] for row in sandbox.control.state("zendesk", "comments") if "Still nothing." in row["body"]]
    assert len(comments) == 1
    assert not any("looking into it" in row["body"] for row in sandbox.control.state("zendesk", "comments"))
    flow.assert_exactly_once(sandbox)
    flow.assert_balanced()


def test_the_first_run_of_a_watch_is_history_unless_told_otherwise(
    sandbox: SandboxProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = Path(os.environ["HUB_CONFIG"]).read_text()
    careful = tmp_path / "hub.yaml"
    careful.write_text(shipped.replace("first_run_hours: 24", "first_run_hours: 0"))
    monkeypatch.setenv("HUB_CONFIG", str(careful))

    assert flow.hub("run").returncode == 0
    sandbox.control.add_post(network="x", author="omar", text="Which espresso machine should I buy? The Brew Pro?")
    assert flow.hub("run").returncode == 0

    assert [len(ids) for kind, ids in flow.made(sandbox).items() if kind == "Lead"] == [1]
    assert flow.assert_balanced().set_aside["history"] > 50


@pytest.mark.parametrize("scenario", ["rate_storm", "lost_answer"])
def test_a_bad_day_ends_as_a_good_one(scenario: str, sandbox: SandboxProcess) -> None:
    for rule in STORMS[scenario]:
        sandbox.control.fault(**rule)

    runs = [flow.hub("run", "--json") for _ in range(2)]

    assert all("Traceback" not in run.stderr for run in runs)
    assert flow.keys_in_the_store() == flow.keys_in_the_world()
    flow.assert_exactly_once(sandbox)
    flow.assert_balanced()


STORMS = {
    "rate_storm": [
        {"system": "mastodon", "kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "times": 2},
        {
            "system": "zendesk",
            "kind": "status",
            "status": 429,
            "headers": {"Retry-After": "1"},
            "path_glob": "*/tickets*",
        },
        {
            "system": "slack",
            "kind": "status",
            "status": 429,
            "headers": {"Retry-After": "1"},
            "path_glob": "/api/chat.*",
        },
    ],
    "lost_answer": [
        {"system": "salesforce", "kind": "drop_after", "path_glob": "*/composite*"},
        {
            "system": "zendesk",
            "kind": "drop_after",
            "method": "POST",
            "path_glob": "*/tickets*",
            "times": 2,
            "after": 1,
        },
        {"system": "slack", "kind": "drop_after", "method": "POST", "path_glob": "/api/chat.postMessage"},
    ],
}
