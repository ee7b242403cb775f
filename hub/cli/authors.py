"""Commands for the engineer who adds a system: new, record, golden, check, map, rehearse."""

import sys
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say
from hub.cli.exits import SOME_REFUSED
from hub.logs import log_aside

if TYPE_CHECKING:
    from hub.mapping import Mapping

RULES = ["Rule", "State", "What is wrong"]


@app.command()
def new(
    kind: Annotated[str, typer.Argument(help="network or destination.")],
    name: Annotated[
        str, typer.Argument(help="One lower-case word: the folder, the mapping and the manifest share it.")
    ],
) -> None:
    """Lay out a connector: folder, manifest, connector, README, mapping, with the gaps marked."""
    from hub.cli.layout import lay_out

    for path in lay_out(kind, name):
        say(f"  wrote {path}")
    say(f"Next: fill the gaps in connectors/{name}/, then `hub golden {name}` and `hub check {name}`.")


@app.command()
def record(
    name: Annotated[str, typer.Argument(help="The network's connector.")],
    kind: Annotated[str, typer.Argument(help="The kind of watch.")],
    value: Annotated[str, typer.Argument(help="What to watch.")],
    to: Annotated[str | None, typer.Option(help="Name of the recording; default is made of kind and value.")] = None,
) -> None:
    """Ask the real network once and write down what it says, scrubbed."""
    from hub.rehearsal import record as make

    with opened_hub() as hub, hub.open_network(name) as network:
        path = make(network, kind=kind, value=value, name=to)
    say(f"Wrote {path}. Names, handles and hosts in it are scrubbed; check that nothing personal is left.")


@app.command()
def golden(name: Annotated[str | None, typer.Argument(help="One connector; all without it.")] = None) -> None:
    """Write beside each recording what we make of it; read the diff as you would read code."""
    from hub.rehearsal import write_goldens

    log_aside()
    for path, changed in write_goldens(name):
        say(f"  {'wrote' if changed else 'same '} {path}")


@app.command()
def check(
    name: Annotated[str | None, typer.Argument(help="One connector; all without it.")] = None,
    json: Json = False,
) -> None:
    """The contract, offline: manifest, mapping, recordings, README. `hub doctor` asks the live system."""
    from hub.cli.contract import check_connectors

    log_aside()
    rows = check_connectors(name)
    bad = [row for row in rows if row["state"] not in ("holds", "waived")]
    if json:
        answer_json(rows)
    elif name:
        answer_table(f"Check {name}", RULES, [list(row.values())[2:] for row in rows])
    else:
        _show_all(rows)
    raise typer.Exit(2 if bad else 0)


def _show_all(rows: list[dict[str, str]]) -> None:
    """One line for each connector, then every rule that does not plainly hold."""
    groups = [(key, list(group)) for key, group in groupby(rows, key=itemgetter("connector", "maturity"))]
    table = [(*key, sum(row["state"] == "holds" for row in group), len(group)) for key, group in groups]
    answer_table("Check", ["Connector", "Maturity", "Rules that hold", "of"], table)
    odd = [(row["connector"], *list(row.values())[2:]) for row in rows if row["state"] != "holds"]
    answer_table("What does not hold", ["Connector", *RULES], odd, empty="Every rule holds.")


@app.command("map")
def map_(
    name: Annotated[str, typer.Argument(help="The mapping, such as mastodon.")],
    files: Annotated[list[Path] | None, typer.Argument(help="JSON or JSON lines; standard input without any.")] = None,
) -> None:
    """Put records through a mapping and print what comes out, one JSON line each; exit code 1 if one is an error."""
    import msgspec

    import connectors
    from hub.mapping import load_mappings

    mappings = load_mappings(connectors.mapping_path(name))
    failed = False
    for line in _lines(files):
        made = _mapped(line, mappings)
        failed = failed or "error" in made
        sys.stdout.buffer.write(msgspec.json.encode(made) + b"\n")
    raise typer.Exit(1 if failed else 0)


def _mapped(line: bytes, mappings: "tuple[Mapping, ...]") -> dict[str, Any]:
    """What the first document that suits makes of one record, or the reason code why not."""
    import msgspec

    from hub.errors import RecordError

    try:
        record = msgspec.json.decode(line, type=dict[str, Any])
        made = next((mapping.apply(record) for mapping in mappings if mapping.suits(record)), None)
    except msgspec.MsgspecError as problem:
        return {"error": "not_json", "detail": f"A record is one JSON object in one line: {problem}."}
    except RecordError as problem:
        return {"error": problem.reason, "detail": str(problem)}
    return {"skipped": True} if made is None else made


@app.command()
def rehearse(
    name: Annotated[str, typer.Argument(help="The connector.")],
    files: Annotated[list[Path] | None, typer.Argument(help="Recordings; the connector's own without any.")] = None,
) -> None:
    """Run a connector and its mapping over recordings; print each post, metric, receipt or named error.

    Answers of endpoints that the connector does not call are told as `unused`. Exit code 1 when an answer of one that
    it does call led to nothing.
    """
    import msgspec

    from hub.rehearsal import rehearse as play

    log_aside()
    nothing = False
    for outcome in play(name, files or ()):
        nothing |= "nothing" in outcome
        sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
    if nothing:
        raise typer.Exit(SOME_REFUSED)


def _lines(files: list[Path] | None) -> Iterator[bytes]:
    """Line by line, so that a long input is answered while it comes."""
    sources = [path.open("rb") for path in files] if files else [sys.stdin.buffer]
    for source in sources:
        with source as lines:
            yield from (line for line in lines if line.strip())
