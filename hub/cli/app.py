"""The command itself, and how answers are shown: tables for people, JSON for programs."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from hub.logs import log_aside

if TYPE_CHECKING:
    from hub.wiring import Hub

PIPED_WIDTH = 100  # columns, where no terminal says how wide it is


class _NoHelpAsked(dict[str, Any]):
    """Defaults by which `--help` is false at every command that is not asked for it.

    Without, Typer has pydantic read the None that stands there, and importing it is an eighth of a run's imports.
    """

    def get(self, name: str, default: Any = None) -> Any:
        """Of the help itself, else of a command's own options."""
        return False if name == "help" else {"help": False}


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Turns public talk about a company into leads, tickets, alerts and numbers.",
    context_settings={"help_option_names": ["-h", "--help"], "default_map": _NoHelpAsked()},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs in place of tables.")]


def say(text: str) -> None:
    """One line of progress, on standard error so that standard output stays the answer."""
    print(printable(text), file=sys.stderr, flush=True)


@contextmanager
def opened_hub() -> Iterator["Hub"]:
    """The hub of this process, closed at the end."""
    from hub.wiring import Hub

    log_aside()
    hub = Hub()
    try:
        yield hub
    finally:
        hub.close()


def answer_json(value: Any) -> None:
    """The answer as one JSON document."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n")


def answer_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str = "") -> None:
    """The answer as a table, or the sentence `empty` where there is no row.

    What came from outside is shown as text, never as markup. A column with nothing in it takes no room.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    console = Console(width=PIPED_WIDTH if piped else None)
    if not rows:
        console.print(Text(empty or f"{title}: nothing."))
        return
    table = Table(title=Text(printable(title), "italic"), title_justify="left", header_style="bold")
    used = [place for place in range(len(columns)) if any(row[place] not in ("", None) for row in rows)]
    for place in used:
        numbers = all(isinstance(row[place], int) for row in rows)
        widest = max(len(str(row[place])) for row in rows)
        address = any(str(row[place]).startswith(("http://", "https://")) for row in rows)
        address = (
            address and widest <= PIPED_WIDTH // 2
        )  # folded, it opens nothing; longer ones would crowd out the rest
        table.add_column(columns[place], overflow="fold", no_wrap=address, justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*(Text(printable(row[place])) for place in used))
    console.print(table)


def printable(cell: Any) -> str:
    """Text without control characters: what people wrote must not steer a terminal."""
    text = "" if cell is None else f"{cell:%Y-%m-%d %H:%M}" if isinstance(cell, datetime) else str(cell)
    return "".join(char if char.isprintable() else " " for char in text)
