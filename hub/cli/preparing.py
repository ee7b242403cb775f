"""What `hub setup NAME` does: the steps of a destination's preparation, then what its mappings ask of it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import connectors
from hub.cli.exits import DONE, SOME_REFUSED, WRONG_SETUP, gravest
from hub.kit import Destination, Finding, Step

SHOWN = {"there": "there", "missing": "MISSING", "made": "made", "by hand": "BY HAND"}


def introduce(name: str, *, tell: Callable[[str], None]) -> None:
    """Where a destination is reached by an app of the organisation's own: what that app is made of, to be pasted."""
    app = Path(connectors.__file__).parent / name / "app.yaml"
    if app.is_file():
        for line in app.read_text(encoding="utf-8").splitlines():
            tell(line)


def prepare(destination: Destination, *, apply: bool, tell: Callable[[str], None]) -> list[Step]:
    """Every step, told as it comes when something is being made: that takes its time."""
    steps = []
    for step in destination.prepare(apply=apply):
        steps.append(step)
        if apply:
            tell(f"  {SHOWN[step.state]:8} {step.what}")
    return steps


def code_of(steps: Sequence[Step], findings: Sequence[Finding]) -> int:
    """2 while something is missing or would not be taken, 1 while only people's work is left, else 0."""
    codes = {WRONG_SETUP} if findings or any(step.state == "missing" for step in steps) else set()
    return gravest(codes | ({SOME_REFUSED} if any(step.state == "by hand" for step in steps) else {DONE}))


def rows_of(steps: Sequence[Step], findings: Sequence[Finding]) -> list[tuple[str, str, str]]:
    """What is shown to people."""
    rows = [(step.what, SHOWN[step.state], step.detail) for step in steps]
    return rows + [(place_of(finding), finding.problem.replace("_", " "), finding.remedy) for finding in findings]


def place_of(finding: Finding) -> str:
    """Such as `mapping: Company on Lead`."""
    return f"mapping: {finding.field} on {finding.object}" if finding.field else f"mapping: {finding.object}"
