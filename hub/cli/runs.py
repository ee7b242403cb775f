"""Commands that make things happen: run, refresh, demo."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say
from hub.cli.tables import counted
from hub.errors import SetupError

if TYPE_CHECKING:
    from hub.stages.refresh import Refreshed


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
def demo(
    ui: Annotated[
        bool, typer.Option("--ui/--no-ui", help="With Airflow and its pages, or in this process only.")
    ] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the last demo first (`make clean-state`).")] = False,
) -> None:
    """Run the main job on an invented world: posts become leads, tickets and alerts, without any account."""
    from hub.cli.demo import in_airflow, in_process

    raise typer.Exit(in_airflow(fresh=fresh) if ui else in_process(fresh=fresh))
