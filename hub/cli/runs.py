"""Commands that make things happen: run, replay, demo."""

from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say

if TYPE_CHECKING:
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
def replay(
    ids: Annotated[
        list[int] | None,
        typer.Argument(help="Numbers from `hub quarantine`; none means all that the filters leave."),
    ] = None,
    stage: Annotated[
        str | None, typer.Option(help="Only items that left at this stage: validate, render or deliver.")
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
