"""Commands over posts on standard input, and over what is learned from labelled ones."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from hub.cli.app import app

if TYPE_CHECKING:
    from hub.classify.lines import Maker

AT_ONCE = 1 << 18  # bytes; of a slow stream whatever has come is answered at once


@app.command()
def classify(
    engine: Annotated[str, typer.Option(help="An engine by its name.")] = "rules",
    model: Annotated[Path | None, typer.Option(help="A model that `hub train` wrote, in place of an engine.")] = None,
    subjects: Annotated[bool, typer.Option("--subjects", help="Look for the subjects of hub.yaml.")] = False,
) -> None:
    """Find signals in posts: JSON lines in, JSON lines out, order kept, answered while they come.

    In: `text`, and if known `id`, `lang`, `network`, `brand`, `title`, `parent`, `followers`, `addressed`. A line that
    is no post is answered with `error`; then the exit code is 1.
    """
    import msgspec

    from hub.classify.lines import Lines
    from hub.settings import load_config

    lines = Lines(_maker(engine, model), load_config().subjects if subjects else ())
    encode = msgspec.json.Encoder().encode
    failed = False
    for some in _arriving(sys.stdin.buffer):
        for answer in lines.answers(some):
            failed = failed or "error" in answer
            sys.stdout.buffer.write(encode(answer) + b"\n")
        sys.stdout.buffer.flush()
    raise typer.Exit(1 if failed else 0)


def _maker(engine: str, model: Path | None) -> "Maker":
    from hub.classify import load_engine

    if model is None:
        return lambda subjects: load_engine(engine, subjects)
    from hub.classify.linear import LinearModel
    from hub.classify.trained_engine import TrainedEngine

    loaded = LinearModel.load(model)
    return lambda subjects: TrainedEngine(loaded, subjects)


def _arriving(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Whole lines as they come; blank ones are passed over."""
    rest = b""
    while some := stream.read1(AT_ONCE):  # type: ignore[attr-defined]
        *lines, rest = (rest + some).split(b"\n")
        if lines := [line for line in lines if line.strip()]:
            yield lines
    if rest.strip():
        yield [rest]
