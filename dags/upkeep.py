"""Upkeep: nightly, and by hand whenever somebody wants to know whether everything still works.

check_<connector> (one task each)  ─▶ sweep_<network> (late posts; wakes triage)     watchdog (claims, sums, files)
endings_<destination> (what became of leads)
export (what analysts read, after what late posts and erasures changed)
acquaint (who is one person, who is loud)      voice (whose voice was heard in the last week)
forecast (what the next two weeks are to bring)
"""

from typing import Any

import pendulum
from airflow.sdk import Param, dag

from hub.airflow_bridge import (
    POSTS_LANDED,
    due_within,
    open_hub,
    operator,
    run_name,
    scheduled_destinations,
    scheduled_networks,
    step,
    tell_operations,
)
from hub.domain import Manifest
from hub.settings import read_settings

DOC = """
Proves each night that the hub could work tomorrow: every connection logs in and may do what it needs, no
claim is left over by a worker that died, every batch balances, nobody has changed the audit log. Then
each network's last hours are read once more, since some posts reach it late and lie behind the cursor.

**If a task fails**

- *check_…*: the message names the connection, the secret or the scope to correct.
- *sweep_…*: as for the collect DAG of that network; tomorrow's sweep reads the same hours again.
- *endings_…*: what became of leads could not be read: the message names the object or field that is hidden from us.
- *export*, "cannot be used" or "no usable answer": the place that `HUB_EXPORT` names; what had changed stays marked.
- *watchdog*, "do not balance": a defect; keep the batches it names and report them.
- *watchdog*, a message of files in no manifest: another hub lands in the same place, or the store was replaced.
- *watchdog*, "the audit log was changed": somebody has written to the store by hand, from that entry on.
"""


def check_step(manifest: Manifest) -> Any:
    """The task that asks one system whether we may; it costs a request."""

    @step(minutes=3, pool=manifest.name)
    def check(name: str, network: bool) -> None:
        from airflow.sdk.exceptions import AirflowSkipException

        with open_hub() as hub:
            if not network and name not in {each.name for each in hub.destinations()}:
                raise AirflowSkipException(f"{name} is not connected.")
            with hub.open_network(name) if network else hub.open_destination(name) as connector:
                connector.check()

    return check.override(task_id=f"check_{manifest.name}")(manifest.name, manifest.kind == "network")


def endings_step(manifest: Manifest) -> Any:
    """The task that asks one destination what became of its leads; scores are calibrated by the answers."""

    @step(minutes=15, pool=manifest.name)
    def endings(name: str) -> dict[str, int]:
        from hub import wiring

        with open_hub() as hub:
            learned = wiring.endings(hub, name)
        return {"ended": learned.kept, "open": learned.still_open}

    return endings.override(task_id=f"endings_{manifest.name}")(manifest.name)


def sweep_step(manifest: Manifest) -> Any:
    """The task that reads a network's last hours once more."""

    @step(minutes=30, pool=manifest.name, wakes=POSTS_LANDED)
    def sweep(name: str, params=None) -> int:
        import connectors
        from hub import wiring

        with open_hub() as hub:
            _, failures = wiring.sweep(hub, connectors.manifest(name), run_name(), hours=params["hours"])
            with hub.store.read() as view:
                waiting = view.batches.pending()
        for failure in failures.values():
            raise failure
        return waiting

    return sweep.override(task_id=f"sweep_{manifest.name}")(manifest.name)


@dag(
    dag_id="upkeep",
    schedule="17 3 * * *",
    start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "social-data"},
    deadline=due_within(60),
    tags=["upkeep"],
    params={
        "hours": Param(
            read_settings().sweep_hours,
            type="number",
            minimum=1,
            maximum=168,
            title="Hours",
            description_md="How far back the sweep for late posts reads.",
        ),
    },
    doc_md=DOC,
)
def flow():
    for manifest in scheduled_networks():
        check_step(manifest) >> sweep_step(manifest)
    for manifest in scheduled_destinations():
        checked = check_step(manifest)
        if "Lead" in manifest.handoffs:
            checked >> endings_step(manifest)

    @step(minutes=15)
    def watchdog() -> dict[str, int]:
        from hub.errors import ContractBroken
        from hub.stages import replay, unlisted

        with open_hub() as hub:
            swept = hub.landing.sweep()
            left_over = unlisted.sweep(store=hub.store, landing=hub.landing)
            with hub.store.read() as view:
                stale, broken, changed = view.outbox.stale(), view.ledger.unbalanced(), view.audit.verify()
                waits = replay.overdue(view, hub.settings.quarantine_hours)
            with hub.store.begin() as tx:
                drifted = tx.ledger.put_right()
        for notice in filter(None, (waits, left_over.notice)):
            tell_operations(notice)
        if broken:
            names = ", ".join(each.batch for each in broken[:5])
            raise ContractBroken(f"{len(broken)} batches do not balance, such as {names}.")
        if drifted:
            sums = ", ".join(list(drifted)[:5])
            raise ContractBroken(f"Sums of the ledger were not those of the rows, and are put right: {sums}.")
        if changed is not None:
            raise ContractBroken(f"The audit log was changed at entry {changed}.")
        return {
            "stale claims": stale,
            "temporary files removed": swept,
            "unlisted files removed": left_over.removed,
        }

    watchdog()

    @step(minutes=30)
    def acquaint() -> dict[str, int]:
        from hub.stages import acquaint as stage

        with open_hub() as hub:
            done = stage.run(hub.config, store=hub.store)
        return {"seen": done.seen, "merged": done.merged, "suggested": done.suggested}

    acquaint()

    @step(minutes=30)
    def voice() -> dict[str, int]:
        from hub.stages import voice as stage

        with open_hub() as hub:
            found = stage.keep(hub.config, hub.store)
        return {"stories": sum(one.stories for one in found.voices)}

    voice()

    @step(minutes=15)
    def forecast() -> dict[str, int]:
        from hub.stages import forecast as stage

        with open_hub() as hub:
            made = stage.keep(hub.config, hub.store)
        return {"days": len(made)}

    forecast()

    @step(minutes=60)
    def export() -> dict[str, int]:
        from hub.wiring import exporting

        with open_hub() as hub:
            done = exporting.export(hub, actor=operator())
        return {"files": done.files, **done.rows}

    export()


flow()
