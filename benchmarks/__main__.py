"""Every benchmark, one after the other, and at the end which budgets hold.

    python -m benchmarks [--quick] [NAME ...]       or: make bench ARGS=--quick

Each is a process of its own. One that misses its budget, or cannot run, holds up no other; then the exit code is 1.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
NAMES = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
WORDS = {0: "holds", 1: "MISSED"}
LONGEST_SECONDS = {"quick": 900.0, "full": 7200.0}  # on a busy machine; what takes longer hangs


@dataclass(frozen=True)
class Outcome:
    """What became of one benchmark."""

    name: str
    said: str
    seconds: float


def main(arguments: list[str] | None = None) -> int:
    """Run them and say by the exit code whether all budgets hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Every benchmark, against its budget")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="less of everything, in some minutes")
    given = parser.parse_args(arguments)
    if unknown := sorted(set(given.names) - set(NAMES)):
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    outcomes = [run(name, quick=given.quick) for name in given.names or NAMES]
    print("\nBudgets")
    for outcome in outcomes:
        print(f"  {outcome.name:<12} {outcome.said:<10} {outcome.seconds:6.0f} s")
    return 0 if all(outcome.said == WORDS[0] for outcome in outcomes) else 1


def run(name: str, *, quick: bool) -> Outcome:
    """One benchmark to its end, its output as it comes."""
    print(f"\n== {name}", flush=True)
    began = time.monotonic()
    command = [sys.executable, str(FOLDER / f"{name}.py"), *(["--quick"] if quick else [])]
    try:
        code = subprocess.run(
            command, cwd=FOLDER.parent, check=False, timeout=LONGEST_SECONDS["quick" if quick else "full"]
        ).returncode
        said = WORDS.get(code, f"ended {code}")
    except subprocess.TimeoutExpired:
        said = "HANGS"
    return Outcome(name, said, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
