"""`python -m tests.hostile FOLDER [ID...]`: fire every case of a folder, print the verdicts; 1 when one is missed."""

import os
import sys
import tempfile
from pathlib import Path
from shutil import rmtree

import pytest

from tests.faults.ground import REPO
from tests.hostile.cases import load
from tests.hostile.judge import judge, migrated_store

SECONDS = 2.0  # of processor time, for a case


def main(arguments: list[str]) -> int:
    """Fire, print, count."""
    if not arguments or not Path(arguments[0]).is_dir():
        print("Name the folder of the cases: make hostile CASES=DIR", file=sys.stderr)
        return 2
    sys.path.insert(0, str(REPO / "plugins"))  # where Airflow has it
    wanted = set(arguments[1:])
    cases = [case for case in load(Path(arguments[0])) if not wanted or case.id in wanted]
    memory = Path("/dev/shm")
    scratch = Path(tempfile.mkdtemp(prefix="hub-hostile-", dir=memory if os.access(memory, os.W_OK) else None))
    missed, slowest, largest = 0, 0.0, 0.0
    print(f"{'case':6} {'category':11} {'wanted':14} {'verdict':14} {'CPU s':>5} {'MB':>4} end")
    try:
        migrated = migrated_store(scratch)
        for case in cases[:1]:  # what a process imports is no case's doing
            with pytest.MonkeyPatch.context() as patch:
                judge(case, scratch / "first", migrated, patch)
        for case in cases:
            with pytest.MonkeyPatch.context() as patch:
                judged = judge(case, scratch / case.id, migrated, patch, seconds=SECONDS)
            missed += bool(judged.problems)
            slowest, largest = max(slowest, judged.seconds), max(largest, judged.megabytes)
            end = "; ".join(judged.problems) or "as asked"
            cost = f"{judged.seconds:5.1f} {judged.megabytes:4.0f}"
            print(f"{case.id:6} {case.category:11} {case.expect:14} {judged.verdict:14} {cost} {end}", flush=True)
    finally:
        rmtree(scratch)
    print(f"{len(cases) - missed} of {len(cases)} cases ended as asked; {slowest:.1f} s and {largest:.0f} MB at most")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
