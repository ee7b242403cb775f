"""P1, P1b, P3: what pulling posts costs, against reading and parsing alone and against dlt.

    python benchmarks/pull.py [--quick] [--posts N] [--only RUNNER ...]

A server in a process of its own gives X's pages; each runner is another process, whose processor seconds and peak
memory are read from its own record when it ends. All of one table comes from one run, so the ratios hold on a
busy machine where seconds do not. Exit code 1: a budget is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.pulling import compiled_in

REPO = Path(__file__).resolve().parents[1]
SEED = 7
FULL = 100_000  # posts; memory is compared with that of ten times as many
MOST_MB = 190
GROWTH = 1.1
BUDGETS = {"kit": 0.10, "product_without_gx": 0.03}
TIMES_DLT = 3.0
ROUNDS = {"floor": 3, "kit": 3, "product_without_gx": 2}  # the best of so many counts; of the others there is one
TITLES = {
    "floor": "floor: bytes read, orjson.loads",
    "kit": "P1  connector, kit, gates, classifier, files",
    "dlt": "P1b dlt, the same functions, jsonl",
    "product_without_gx": "hub: collect and triage, SQLite, rules",
    "product": "hub, Great Expectations included",
}


@dataclass(frozen=True)
class Run:
    """One runner's cost, and what it says it did."""

    seconds: float
    megabytes: float
    said: dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether the budgets hold."""
    parser = argparse.ArgumentParser(description="What pulling posts costs")
    parser.add_argument("--quick", action="store_true", help="10,000 posts in place of 100,000")
    parser.add_argument("--posts", type=int, help="how many posts")
    parser.add_argument("--only", nargs="*", choices=TITLES, default=list(TITLES), help="only these runners")
    given = parser.parse_args(arguments)
    posts = given.posts or (FULL // 10 if given.quick else FULL)
    with tempfile.TemporaryDirectory(prefix="hub-pull-") as bytecode, server() as port:
        environ = compiled_in(Path(bytecode))
        for name in given.only:
            measure(name, port, 100, environ)  # compiles what each imports
        runs = {name: best_of(ROUNDS.get(name, 1), name, port, posts, environ) for name in given.only}
        table(runs, posts)
        held = [check_counts(runs), budgets(runs)]
        few, many = (FULL, 10 * FULL) if posts >= FULL else (FULL // 3, FULL)
        for name in [name for name in BUDGETS if name in runs]:
            small = runs[name] if posts == few else measure(name, port, few, environ)
            held.append(memory(name, small, measure(name, port, many, environ), many / few))
    return 0 if all(held) else 1


@contextmanager
def server() -> Iterator[int]:
    """The port of a server that lives as long as the block."""
    command = [sys.executable, "-m", "benchmarks.pulling.pages", str(SEED)]
    with subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None  # it is a pipe
            note = json.loads(process.stdout.readline())
            print(f"Pages of 100 posts, {note['bytes_a_post']} bytes a post", flush=True)
            yield int(note["port"])
        finally:
            process.kill()


def best_of(rounds: int, name: str, port: int, posts: int, environ: dict[str, str]) -> Run:
    """The round that needed the least processor time: what is above it was the machine's other work."""
    return min((measure(name, port, posts, environ) for _ in range(rounds)), key=lambda run: run.seconds)


def measure(name: str, port: int, posts: int, environ: dict[str, str]) -> Run:
    """Run one runner to its end."""
    with tempfile.TemporaryDirectory(prefix="hub-pull-") as folder:
        command = [sys.executable, "-m", "benchmarks.pulling.runners", name, str(port), str(posts // 100), folder]
        with subprocess.Popen(command, cwd=REPO, env=environ, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None  # it is a pipe
            said = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"The runner {name} failed with {process.returncode}.")
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, json.loads(said.splitlines()[-1]))


def table(runs: dict[str, Run], posts: int) -> None:
    """What each cost."""
    print(f"\n{posts:,} posts{'':36} CPU s   CPU s/100k   of floor   peak MB")
    for name, run in runs.items():
        share = f"{speed(runs, name):8.3f}" if "floor" in runs else ""
        each = run.seconds / posts * 1e5
        print(f"  {TITLES[name]:<44} {run.seconds:6.2f} {each:12.2f} {share:>10} {run.megabytes:9.0f}")
    if "product" in runs:
        print(f"  {'  of which in Great Expectations':<44} {runs['product'].said['gx']:6.2f}")


def speed(runs: dict[str, Run], name: str) -> float:
    """As a share of the floor's speed."""
    return runs["floor"].seconds / runs[name].seconds


def check_counts(runs: dict[str, Run]) -> bool:
    """Whether all who do the same work did the same work."""
    keys = ("fetched", "bad", "known", "kept")
    told = [[run.said[key] for key in keys] for name, run in runs.items() if name != "floor"]
    return verdict("all runners kept, quarantined and knew the same posts", all(one == told[0] for one in told))


def budgets(runs: dict[str, Run]) -> bool:
    """P1, P1b and the product's own way."""
    lines = []
    for name, budget in BUDGETS.items():
        if name in runs and "floor" in runs:
            share = speed(runs, name)
            lines.append(
                verdict(f"{TITLES[name]}: {share:.3f} of the floor's speed (at least {budget})", share >= budget)
            )
    if {"kit", "dlt"} <= runs.keys():
        times = runs["dlt"].seconds / runs["kit"].seconds
        lines.append(verdict(f"P1b {times:.1f} times as fast as dlt (at least {TIMES_DLT})", times >= TIMES_DLT))
    return all(lines)


def memory(name: str, small: Run, large: Run, times: float) -> bool:
    """P3: memory does not grow with the number of posts, and stays small."""
    growth = large.megabytes / small.megabytes
    said = (
        f"{TITLES[name]}: {large.megabytes:.0f} MB (at most {MOST_MB}), x {growth:.2f} at {times:.0f} times the posts"
    )
    return verdict(f"P3  {said} (at most {GROWTH})", growth <= GROWTH and large.megabytes <= MOST_MB)


def verdict(said: str, holds: bool) -> bool:
    """Print a line that says whether a budget holds, and pass that on."""
    print(f"{'PASS' if holds else 'FAIL'}  {said}", flush=True)
    return holds


if __name__ == "__main__":
    sys.exit(main())
