"""Commands for analysts: the export, and SQL over it."""

import sys
import time
from datetime import date
from getpass import getuser
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say
from hub.errors import SetupError

if TYPE_CHECKING:
    from hub.cli.sql import Answer

EVERY_SECONDS = 2.0  # of progress, at most


@app.command()
def export(
    full: Annotated[bool, typer.Option("--full", help="Write everything anew, and not only what has changed.")] = False,
    since: Annotated[
        str | None, typer.Option(help="Write all from this day on (2026-11-01), besides what has changed.")
    ] = None,
    json: Json = False,
) -> None:
    """Bring what analysts read up to date: Parquet in var/export, or where HUB_EXPORT says.

    Posts, engagement, signals, handoffs, deliveries, KPIs, incidents and alarms; only days that have changed are
    written. What was erased in the hub is gone from the export then, too.
    """
    from hub.wiring.exporting import export as run

    began = last = time.monotonic()

    def progress(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_SECONDS:
            last = time.monotonic()
            say(text)

    with opened_hub() as hub:
        done = run(hub, full=full, since=_day(since), actor=getuser(), say=progress)
        where = hub.settings.exported
    if json:
        answer_json({**done.plain(), "where": where})
        return
    answer_table("Exported", ["Dataset", "Rows written"], sorted(done.rows.items()), empty="Nothing had changed.")
    how = "everything" if done.full else "what had changed"
    say(f"{done.files} files ({how}, {time.monotonic() - began:.1f} s) in {where}; README.md there explains it.")


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="What to ask; without it, line by line.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV in place of a table.")] = False,
    json: Json = False,
) -> None:
    """Ask the export in SQL (DuckDB): posts, engagement, signals, handoffs, deliveries, kpis, incidents, alarms.

    It reads the export and nothing else: no other file, no network.
    """
    from hub.cli.sql import Desk, shell
    from hub.settings import read_settings

    settings = read_settings()
    with Desk(settings.exported, memory=settings.sql_memory) as desk:
        if query is None and sys.stdin.isatty():
            shell(desk, history=settings.var_dir / "sql_history")
            return
        answer = desk.ask(sys.stdin.read() if query is None else query)
    _show(answer, csv=csv, json=json)


def _show(answer: "Answer | None", *, csv: bool, json: bool) -> None:
    if answer is None:
        return
    if json:
        answer_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    elif csv:
        from hub.cli.sql import as_csv

        sys.stdout.write(as_csv(answer))
    else:
        from hub.cli.sql import show

        show(answer)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise SetupError(f"{text!r} is no day; write it as 2026-11-01.") from None
