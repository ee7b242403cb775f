"""Commands that read JSON lines and write JSON lines: spikes, match, influence, lead-score.

Order is kept, and each line is answered as it comes, so that other people's pipelines can hold them open.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.app import app
from hub.errors import SetupError


@app.command()
def spikes() -> None:
    """Judge a series of counts: `{"timestamp", "value"}` lines, in order; a score of 0.5 and more is a spike."""
    from hub.measure.spikes import SpikeDetector

    detector = SpikeDetector()
    for number, row in _rows():
        try:
            at = datetime.fromisoformat(str(row["timestamp"]))
            reading = detector.read(at if at.tzinfo else at.replace(tzinfo=UTC), float(row["value"]))
        except (KeyError, TypeError, ValueError):
            raise _unreadable(number, "needs a timestamp in ISO 8601 and a number as value") from None
        answer = {"timestamp": row["timestamp"], "score": round(reading.score, 4), "severity": reading.severity}
        _say(answer | {"expected": round(reading.expected, 2), "z": round(reading.z, 2)})


@app.command()
def match() -> None:
    """Say how sure two accounts are one person's: `{"id", "a", "b"}` lines, each side with network and handle."""
    from hub.people import Account, Matcher

    matcher = Matcher()
    known = ("network", "handle", "name", "website")
    for number, row in _rows():
        try:
            one, other = (
                Account(**{name: str(row[side][name]) for name in known if row[side].get(name)}) for side in ("a", "b")
            )
        except (KeyError, TypeError, AttributeError):
            raise _unreadable(number, "needs a and b, each with network and handle") from None
        _say({"id": row.get("id"), **matcher.match(one, other).plain()})


@app.command()
def influence() -> None:
    """Score accounts by who listens to them: lines of `id`, `followers`, `listed`, `mentioned`, `shared`."""
    from hub.people import influence_of

    for number, row in _rows():
        counts = row.get("features", row)
        try:
            found = influence_of({name: value for name, value in counts.items() if name != "id"})
        except (TypeError, ValueError, AttributeError):
            raise _unreadable(number, "needs numbers such as followers and listed") from None
        _say({"id": row.get("id"), **found.plain()})


@app.command(name="lead-score")
def lead_score(
    train: Annotated[Path, typer.Option(help="Leads with outcome: lines of `id`, `features`, `label` 0 or 1.")],
    input: Annotated[Path, typer.Option(help="Leads to score: lines of `id` and `features`.")],
    output: Annotated[Path, typer.Option(help="Where `id`, `label` and `score` go, in the same order.")],
    dev: Annotated[Path | None, typer.Option(help="More leads with outcome, only to measure on.")] = None,
) -> None:
    """Learn from leads of which the outcome is known, and score others by it."""
    from hub.cli.app import say
    from hub.people.outcomes import OutcomeModel

    known = _file(train)
    model = OutcomeModel([row["features"] for row in known], [int(row["label"]) for row in known])
    if dev is not None:
        left_out = _file(dev)
        chances = model.chances([row["features"] for row in left_out])
        say(f"AUC on {len(left_out)} leads left out: {_auc([int(row['label']) for row in left_out], chances):.3f}")
    asked = _file(input)
    with output.open("wb") as lines:
        for row, chance in zip(asked, model.chances([row["features"] for row in asked]), strict=True):
            lines.write(_encoded({"id": row.get("id"), "label": int(chance >= 0.5), "score": chance}))


def _auc(labels: list[int], chances: list[float]) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, chances))


def _rows() -> Iterator[tuple[int, dict[str, Any]]]:
    """Standard input, line by line, each with its number."""
    return _objects(sys.stdin.buffer)


def _file(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open("rb") as lines:
            return [row for _, row in _objects(lines)]
    except OSError as problem:
        raise SetupError(f"{path} cannot be read: {problem.strerror}.") from None


def _objects(lines: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    import orjson

    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise _unreadable(number, "is no JSON") from None
        if not isinstance(row, dict):
            raise _unreadable(number, "is no JSON object")
        yield number, row


def _unreadable(number: int, why: str) -> SetupError:
    return SetupError(f"Line {number} cannot be used: it {why}.")


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(_encoded(answer))
    sys.stdout.buffer.flush()


def _encoded(answer: dict[str, Any]) -> bytes:
    import orjson

    return orjson.dumps(answer) + b"\n"
