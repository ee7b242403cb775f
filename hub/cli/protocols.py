"""Commands that read JSON lines and write JSON lines: spikes, match, influence, lead-score.

Order is kept, and each line is answered as it comes, so that other people's pipelines can hold them open.
Lead scores are learned and given in one go, from files.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.app import app
from hub.cli.exits import DONE, SOME_REFUSED
from hub.errors import SetupError


@app.command()
def spikes() -> None:
    """Judge a series of counts: `{"timestamp", "value"}` lines, in order; a score of 0.5 and more is a spike.

    A line that cannot be used is answered with `error` and counts as missing; then the exit code is 1.
    """
    from hub.measure.spikes import SpikeDetector

    detector, last = SpikeDetector(), datetime.min.replace(tzinfo=UTC)

    def judged(row: dict[str, Any]) -> dict[str, Any]:
        nonlocal last
        try:
            at = datetime.fromisoformat(str(row["timestamp"]))
            at, value = at if at.tzinfo else at.replace(tzinfo=UTC), float(row["value"])
        except (KeyError, TypeError, ValueError):
            raise _Unusable("needs a timestamp in ISO 8601 and a number as value") from None
        if at < last:
            raise _Unusable("is of an earlier time than the line before")
        if not isfinite(value):
            raise _Unusable("has a value that is no number")
        last = at
        reading = detector.read(at, value)
        return {
            "timestamp": row["timestamp"], "score": round(reading.score, 4), "severity": reading.severity,
            "expected": round(reading.expected, 2), "z": round(reading.z, 2),
        }  # fmt: skip

    _answer(judged)


@app.command()
def match() -> None:
    """Say how sure two accounts are one person's: `{"id", "a", "b"}` lines, each side with network and handle.

    A line that cannot be used is answered with `error`; then the exit code is 1.
    """
    from hub.people import Account, Matcher

    matcher = Matcher()
    known = ("network", "handle", "name", "website")

    def matched(row: dict[str, Any]) -> dict[str, Any]:
        try:
            one, other = (
                Account(**{name: str(row[side][name]) for name in known if row[side].get(name)}) for side in ("a", "b")
            )
        except (KeyError, TypeError, AttributeError):
            raise _Unusable("needs a and b, each with network and handle") from None
        return {"id": row.get("id"), **matcher.match(one, other).plain()}

    _answer(matched)


@app.command()
def influence() -> None:
    """Score accounts by who listens to them: lines of `id`, `followers`, `listed`, `mentioned`, `shared`.

    A line that cannot be used is answered with `error`; then the exit code is 1.
    """
    from hub.people import influence_of

    def heard(row: dict[str, Any]) -> dict[str, Any]:
        counts = row.get("features", row)
        try:
            found = influence_of({name: value for name, value in counts.items() if name != "id"})
        except (TypeError, ValueError, AttributeError):
            raise _Unusable("needs numbers such as followers and listed") from None
        return {"id": row.get("id"), **found.plain()}

    _answer(heard)


@app.command(name="lead-score")
def lead_score(
    train: Annotated[Path, typer.Option(help="Leads with outcome: lines of `id`, `features`, `label` 0 or 1.")],
    input: Annotated[Path, typer.Option(help="Leads to score: lines of `id` and `features`.")],
    output: Annotated[Path, typer.Option(help="Where `id`, `label` and `score` go, in the same order.")],
    dev: Annotated[Path | None, typer.Option(help="More leads with outcome, only to measure on.")] = None,
) -> None:
    """Learn from leads of which the outcome is known, and score others by it."""
    from hub.cli.app import say
    from hub.people.logistic import auc
    from hub.people.outcomes import OutcomeModel

    known = _file(train)
    model = OutcomeModel([row["features"] for row in known], [int(row["label"]) for row in known])
    if dev is not None:
        left_out = _file(dev)
        chances = model.chances([row["features"] for row in left_out])
        say(f"AUC on {len(left_out)} leads left out: {auc([int(row['label']) for row in left_out], chances):.3f}")
    asked = _file(input)
    with output.open("wb") as lines:
        for row, chance in zip(asked, model.chances([row["features"] for row in asked]), strict=True):
            lines.write(_encoded({"id": row.get("id"), "label": int(chance >= 0.5), "score": chance}))


class _Unusable(Exception):
    """A line that cannot be used, and why."""


def _answer(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer standard input line by line, in order; a line that cannot be used spoils no other."""
    failed = False
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if not line.strip():
            continue
        row: dict[str, Any] = {}
        try:
            row = _object(line)
            said = answer(row)
        except _Unusable as why:
            named = {name: row[name] for name in ("id", "timestamp") if name in row}
            said, failed = named | {"error": f"Line {number} cannot be used: it {why}."}, True
        sys.stdout.buffer.write(_encoded(said))
        sys.stdout.buffer.flush()
    raise typer.Exit(SOME_REFUSED if failed else DONE)


def _file(path: Path) -> list[dict[str, Any]]:
    """A file's rows; here one that cannot be used is a SetupError, since nothing is learned from half a file."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as problem:
        raise SetupError(f"{path} cannot be read: {problem.strerror}.") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                rows.append(_object(line))
            except _Unusable as why:
                raise SetupError(f"Line {number} of {path.name} cannot be used: it {why}.") from None
    return rows


def _object(line: bytes) -> dict[str, Any]:
    import orjson

    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise _Unusable("is no JSON") from None
    if not isinstance(row, dict):
        raise _Unusable("is no JSON object")
    return row


def _encoded(answer: dict[str, Any]) -> bytes:
    import orjson

    return orjson.dumps(answer) + b"\n"
