"""Commands for the engineer who adds a system: new, record, golden, check, map, rehearse."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.app import Json, answer_json, answer_table, app, say


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
    from hub.wiring import Hub

    hub = Hub()
    try:
        with hub.open_network(name) as network:
            path = make(network, kind=kind, value=value, name=to)
    finally:
        hub.close()
    say(f"Wrote {path}. Names, handles and hosts in it are scrubbed; check that nothing personal is left.")


@app.command()
def golden(name: Annotated[str | None, typer.Argument(help="One network; all without it.")] = None) -> None:
    """Write beside each recording what we make of it; read the diff as you would read code."""
    from hub.rehearsal import write_goldens

    for path, changed in write_goldens(name):
        say(f"  {'wrote' if changed else 'same '} {path}")


@app.command()
def check(
    name: Annotated[str | None, typer.Argument(help="One connector; all without it.")] = None,
    json: Json = False,
) -> None:
    """The contract, offline: manifest, mapping, recordings, README. `hub doctor` asks the live system."""
    from hub.cli.contract import check_connectors

    rows = check_connectors(name)
    if json:
        answer_json(rows)
    else:
        answer_table(
            "Check",
            ["Connector", "Maturity", "Rule", "State", "What is wrong"],
            [list(row.values()) for row in rows],
        )
    raise typer.Exit(0 if all(row["state"] in ("holds", "waived") for row in rows) else 2)


@app.command("map")
def map_(
    name: Annotated[str, typer.Argument(help="The mapping, such as mastodon.")],
    files: Annotated[list[Path] | None, typer.Argument(help="JSON or JSON lines; standard input without any.")] = None,
) -> None:
    """Put records through a mapping and print what comes out, one JSON line each."""
    import msgspec

    import connectors
    from hub.errors import RecordError
    from hub.mapping import load_mapping

    mapping = load_mapping(connectors.mapping_path(name))
    for line in _lines(files):
        try:
            made = mapping.apply(msgspec.json.decode(line))
        except RecordError as problem:
            made = {"error": problem.reason, "detail": str(problem)}
        sys.stdout.buffer.write(msgspec.json.encode(made if made is not None else {"skipped": True}) + b"\n")


@app.command()
def rehearse(
    name: Annotated[str, typer.Argument(help="The network's connector.")],
    files: Annotated[list[Path] | None, typer.Argument(help="Recordings; the connector's own without any.")] = None,
) -> None:
    """Run a connector and its mapping over recordings; print the posts or the named error each leads to."""
    import msgspec

    from hub.rehearsal import rehearse as play

    for outcome in play(name, files or ()):
        sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")


def _lines(files: list[Path] | None) -> list[bytes]:
    chunks = [path.read_bytes() for path in files] if files else [sys.stdin.buffer.read()]
    return [line for chunk in chunks for line in chunk.splitlines() if line.strip()]
