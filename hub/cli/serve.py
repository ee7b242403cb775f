"""Commands that start and stop things: up, down, sandbox."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.app import app, say


@app.command()
def up(
    with_sandbox: Annotated[
        bool,
        typer.Option("--sandbox/--no-sandbox", help="Play every outside system, or talk to the real ones."),
    ] = True,
    live: Annotated[str, typer.Option(help="Networks that are real although the sandbox runs: mastodon,blogs.")] = "",
    port: Annotated[int | None, typer.Option(help="Airflow's port; default HUB_AIRFLOW_PORT or 8080.")] = None,
    sandbox_port: Annotated[
        int | None, typer.Option(help="The sandbox's port; default HUB_SANDBOX_PORT or 8790.")
    ] = None,
    preload: Annotated[
        bool,
        typer.Option(
            "--preload/--no-preload",
            help="Import Great Expectations once, not in every task: 5 s less a run, 0.4 GB more.",
        ),
    ] = True,
) -> None:
    """Start Airflow and, unless told otherwise, the sandbox, on 127.0.0.1; returns when both answer."""
    from hub.cli.world import refuse_invented
    from hub.launcher import up as start
    from hub.settings import read_settings

    if not with_sandbox:
        refuse_invented(read_settings())
    names = tuple(name.strip() for name in live.split(",") if name.strip())
    running = start(sandbox=with_sandbox, live=names, port=port, sandbox_port=sandbox_port, preload=preload, say=say)
    show_running(running)


@app.command()
def down() -> None:
    """Stop what `hub up` started; state stays, and the next `hub up` goes on."""
    from hub.launcher import down as stop

    say("Stopped." if stop(say=say) else "Nothing was running.")


@app.command()
def sandbox(
    port: Annotated[int | None, typer.Option(help="Port on 127.0.0.1; default HUB_SANDBOX_PORT or 8790.")] = None,
    scenario: Annotated[str, typer.Option(help="quiet_day, crisis, busy_day, rate_storm or lost_answer.")] = "crisis",
    seed: Annotated[int, typer.Option(help="The same seed plays the same world.")] = 1,
    load: Annotated[
        Path | None,
        typer.Option(help="Play real posts in place of invented ones (JSON lines: id, text, author, time, network)."),
    ] = None,
    live: Annotated[str, typer.Option(help="Networks that are let through to the real ones: mastodon,blogs.")] = "",
    live_per_minute: Annotated[float, typer.Option(help="New invented posts a minute while it runs.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew: forget the world played so far.")] = False,
) -> None:
    """Play every outside system on one local port until stopped by Ctrl-C."""
    from hub.launcher.world import sandbox_command
    from hub.settings import read_settings

    settings = read_settings()
    options = {"scenario": scenario, "seed": seed, "load": load, "live_per_minute": live_per_minute}
    names = [name.strip() for name in live.split(",") if name.strip()]
    import os
    import sys

    command = sandbox_command(settings, port or settings.sandbox_port, live=names, **options)
    command += ["--fresh"] if fresh else []
    os.environ["PYTHONPATH"] = settings.home
    os.execv(sys.executable, [sys.executable, *command])


def show_running(running: object) -> None:
    """Where people go next, and with which password."""
    from hub.cli.app import answer_table

    facts = vars(running)
    rows = [
        ("Command centre", f"{facts['address']}/plugin/command-centre", "what came in, what went where"),
        (
            "Airflow",
            facts["address"],
            f"log in as {facts['user']}; the password is in {facts['password_file']}",
        ),
    ]
    if facts["sandbox"]:
        rows.append(("Sandbox", facts["sandbox"], "what a rep, an agent and a channel see"))
    answer_table("Open next", ["Page", "Address", "What for"], rows)
