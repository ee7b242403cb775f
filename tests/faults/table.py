"""Prints how each row of the fault matrix ended: a plugin of pytest, loaded by `make faults`."""

import re
from collections import Counter, defaultdict
from typing import Any

ROW = re.compile(r"test_(f\d\d|w\d)_")  # of the matrix of faults, and of the budgets that a test clock measures
OTHERS = {"test_sweep": "sweep", "test_nemesis": "nemesis", "test_mutants": "mutants"}
WORST = ("failed", "skipped", "passed")

_ended: dict[str, Counter[str]] = defaultdict(Counter)
_seconds: dict[str, float] = defaultdict(float)
_measured: dict[str, list[str]] = defaultdict(list)


def pytest_runtest_logreport(report: Any) -> None:
    """Count each test under its row."""
    row = row_of(report.nodeid)
    if row is None:
        return
    _seconds[row] += report.duration
    if report.when == "call" or report.outcome != "passed":
        _ended[row][report.outcome] += 1
    if report.when == "call":
        _measured[row] += [f"{name} {value}" for name, value in report.user_properties]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The table."""
    write = terminalreporter.write_line
    write("")
    write(f"{'row':10} {'end':8} {'tests':>6} {'seconds':>8}")
    for row in sorted(_ended):
        ended = _ended[row]
        worst = next(outcome for outcome in WORST if ended[outcome])
        measured = "  ".join(_measured[row])
        write(f"{row.upper():10} {worst:8} {sum(ended.values()):6d} {_seconds[row]:8.1f}  {measured}".rstrip())
    rows = [row for row in _ended if row.startswith("f")]
    write(f"{len(rows)} rows of the matrix, {sum(sum(ended.values()) for ended in _ended.values())} tests")


def row_of(nodeid: str) -> str | None:
    """The row of the matrix that a test belongs to, or the part of the suite."""
    named = ROW.search(nodeid)
    if named:
        return named[1]
    return next((name for module, name in OTHERS.items() if module in nodeid), None)
