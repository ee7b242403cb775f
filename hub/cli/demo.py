"""The demo: the whole job once on the invented world, and where to look then."""

import shutil
import time
from typing import Any

import connectors
from hub.cli.app import answer_table, opened_hub, say
from hub.cli.exits import DONE
from hub.cli.flow import ledger_facts, run_once
from hub.cli.tables import show_ledger, show_pass
from hub.errors import Unavailable
from hub.settings import Settings, read_settings

MADE: tuple[tuple[str, str, str, str, dict[str, object]], ...] = (
    ("Salesforce", "salesforce", "leads", "Leads", {}),
    ("Salesforce", "salesforce", "personas", "social personas", {}),
    ("Salesforce", "salesforce", "posts", "social posts", {}),
    ("Zendesk", "zendesk", "tickets", "tickets", {}),
    ("Zendesk", "zendesk", "comments", "comments on them", {"public": True}),
    ("Zendesk", "zendesk", "comments", "private notes for agents", {"public": False}),
    ("Slack", "slack", "messages", "messages", {}),
)
PATIENCE_SECONDS = 240


def in_process(*, fresh: bool) -> int:
    """Sandbox and flow, no Airflow: under a minute."""
    from hub.cli import world
    from sandbox.process import SandboxProcess

    settings = read_settings()
    _prepare(settings, fresh=fresh)
    began = time.monotonic()
    with SandboxProcess(settings.var_dir / "sandbox", port=settings.sandbox_port) as box:
        say(f"The sandbox plays {_played()} at http://127.0.0.1:{box.port}/")
        world.enter_sandbox(box.env)
        with opened_hub() as hub:
            done = run_once(hub)
        show_pass(done)
        show_made(box.control)
    say(f"Done in {time.monotonic() - began:.0f} s. Again, nothing is new; `make clean-state` starts afresh.")
    say("Next: `make demo` runs the same in Airflow, with pages to look at.")
    return done.exit_code


def _played() -> str:
    """The systems that the sandbox plays, as people call them."""
    titles = [manifest.title for manifest in connectors.manifests() if manifest.hosts]
    return f"{', '.join(titles[:-1])} and {titles[-1]}"


def in_airflow(*, fresh: bool) -> int:
    """Sandbox and Airflow; the scheduler does the job, and everything stays up to be looked at."""
    from hub.cli.serve import show_running
    from hub.launcher import down, up
    from sandbox.process import Control

    settings = read_settings()
    if fresh:
        down(say=say)
    _prepare(settings, fresh=fresh)
    running = up(sandbox=True, preload=True, say=say, settings=settings)
    control = Control(str(running.sandbox))
    say("The scheduler collects, triages and delivers; this takes a moment")
    facts = _await_work(settings)
    show_ledger(facts)
    show_made(control)
    show_running(running)
    say("`hub status` says how it is, `hub down` stops it.")
    return DONE if facts["balanced"] else 1


def show_made(control: Any) -> None:
    """What was created where, as the outside systems themselves hold it."""
    rows = [
        (system, what, sum(such.items() <= row.items() for row in control.state(name, table)))
        for system, name, table, what, such in MADE
    ]
    answer_table("Created", ["System", "What", "How many"], rows)


def _prepare(settings: Settings, *, fresh: bool) -> None:
    if fresh:
        shutil.rmtree(settings.var_dir, ignore_errors=True)
    settings.var_dir.mkdir(parents=True, exist_ok=True)


def _await_work(settings: Settings) -> dict[str, Any]:
    """Wait until everything that landed is triaged and delivered; says what it waits for."""
    from hub.store import Store

    deadline = time.monotonic() + PATIENCE_SECONDS
    told = ""
    while time.monotonic() < deadline:
        with Store.open(settings.store) as store, store.read() as view:
            balance, left = view.ledger.balance(), view.outbox.counts()
        waiting = left.get("pending", 0) + left.get("in_doubt", 0)
        state = (
            f"  {balance.fetched} posts fetched, {balance.pending} to triage, "
            f"{left.get('done', 0)} delivered, {waiting} waiting"
        )
        if state != told:
            say(state)
            told = state
        if balance.valid and not balance.pending and left.get("done") and not waiting:
            return ledger_facts(balance)
        time.sleep(1)
    raise Unavailable(
        f"Not finished within {PATIENCE_SECONDS} s; `hub status` and {settings.var_dir}/logs say why.",
        sent=False,
    )
