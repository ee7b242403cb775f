"""Commands that make things happen: run, refresh, replay, demo."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say
from hub.cli.tables import counted
from hub.errors import SetupError

if TYPE_CHECKING:
    from hub.stages.refresh import Refreshed
    from hub.stages.replay import Replayed
    from hub.store import Item
    from hub.wiring import Hub


@app.command()
def run(json: Json = False) -> None:
    """Do the whole flow once in this process: collect, triage, deliver."""
    from hub.cli import world
    from hub.cli.flow import run_once
    from hub.cli.tables import show_pass
    from hub.settings import read_settings

    world.enter(read_settings())
    with opened_hub() as hub:
        done = run_once(hub)
    if json:
        answer_json(
            {name: getattr(done, name) for name in ("run", "landed", "triaged", "delivered", "ledger", "problems")}
        )
    else:
        show_pass(done)
    raise typer.Exit(done.exit_code)


@app.command()
def refresh(
    names: Annotated[list[str] | None, typer.Argument(help="Networks; all that are watched without any.")] = None,
    json: Json = False,
) -> None:
    """Look again at what was collected: edits, counters, deletions; measure our accounts; let go of what must go."""
    from hub import wiring
    from hub.cli import world
    from hub.cli.exits import code_of, gravest
    from hub.settings import read_settings

    world.enter(read_settings())
    with opened_hub() as hub:
        known = {manifest.name: manifest for manifest in hub.networks()}
        for name in names or ():
            if name not in known:
                raise SetupError(f"hub.yaml watches no {name!r}; it watches {', '.join(known) or 'nothing'}.")
        with hub.store.begin() as tx:
            run = tx.runs.start("refresh")
        done = {name: wiring.refresh(hub, known[name], run) for name in names or known}
        triaged = wiring.triage(hub, run)
        failures = {name: str(one.failures[0]) for name, one in done.items() if one.failures}
        with hub.store.begin() as tx:
            tx.runs.finish(run, "degraded" if failures else "done", {"problems": failures})
    facts = {name: _facts(one) for name, one in done.items()}
    if json:
        answer_json({"run": run, "networks": facts, "known": triaged.known, "problems": failures})
    else:
        counts = ("asked", "read", "measured", "purged")
        rows = [(name, *(row[key] for key in counts), counted(row["gone"])) for name, row in facts.items()]
        answer_table("Looked at again", ["Network", "Asked for", "Read", "Measured", "Let go", "Gone there"], rows)
        for name, sentence in failures.items():
            say(f"  {name}: {sentence}")
    raise typer.Exit(gravest({code_of(one.failures[0]) for one in done.values() if one.failures}))


def _facts(done: "Refreshed") -> dict[str, Any]:
    return {
        "asked": done.asked, "read": done.records, "gone": done.gone, "measured": done.measurements,
        "purged": done.purged,
    }  # fmt: skip


@app.command()
def replay(
    ids: Annotated[
        list[int] | None,
        typer.Argument(help="Numbers from `hub quarantine`; none means all that the filters leave."),
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option(help="Only items that left at this stage: validate, classify, route, render or deliver."),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Only items with this reason code.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of them.")] = False,
    json: Json = False,
) -> None:
    """Send quarantined items back to the stage they left, with today's mappings and rules."""
    from hub.stages import replay as stage_of
    from hub.wiring import rulebook

    with opened_hub() as hub:
        items = stage_of.choose(hub.store, ids=ids or (), stage=stage, reason=reason)
        if dry_run:
            done = stage_of.run(rulebook(hub), items, store=hub.store, run="dry run", dry_run=True)
        else:
            done = _replay(hub, items, reason)
    facts = stage_of.summary(done)
    if json:
        answer_json(facts)
    else:
        answer_table("Would be replayed" if dry_run else "Replayed", ["What", "How many"], list(facts.items()))
        if done.released and not dry_run:
            say("`hub run` delivers what was released.")
    raise typer.Exit(1 if done.still else 0)


def _replay(hub: "Hub", items: "list[Item]", reason: str | None) -> "Replayed":
    """As a run of its own, which the audit log tells of."""
    from hub.stages import replay as stage_of
    from hub.wiring import rulebook

    book = rulebook(hub)
    with hub.store.begin() as tx:
        run_id = tx.runs.start("replay")
    done = stage_of.run(book, items, store=hub.store, run=run_id)
    with hub.store.begin() as tx:
        tx.runs.finish(run_id, "done", stage_of.summary(done))
        tx.audit.append(actor="cli", action="replay", object=f"{len(items)} items", reason=reason or "")
    return done


@app.command()
def demo(
    ui: Annotated[
        bool, typer.Option("--ui/--no-ui", help="With Airflow and its pages, or in this process only.")
    ] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the last demo first (`make clean-state`).")] = False,
) -> None:
    """Run the main job on an invented world: posts become leads, tickets and alerts, without any account."""
    from hub.cli.demo import in_airflow, in_process

    raise typer.Exit(in_airflow(fresh=fresh) if ui else in_process(fresh=fresh))
