"""The command itself, and how answers are shown: tables for people, JSON for programs."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Turns public talk about a company into leads, tickets, alerts and numbers.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs in place of tables.")]


def say(text: str) -> None:
    """One line of progress, on standard error so that standard output stays the answer."""
    print(text, file=sys.stderr, flush=True)


def answer_json(value: Any) -> None:
    """The answer as one JSON document."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n")


def answer_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """The answer as a table; what came from outside is shown as text, never as markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console().print(table)


def printable(cell: Any) -> str:
    """Text without control characters: what people wrote must not steer a terminal."""
    text = "" if cell is None else str(cell)
    return "".join(char if char.isprintable() else " " for char in text)
