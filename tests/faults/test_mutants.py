"""The suite notices each of the planted mutants; unplanted, the same tests pass."""

import os
import sys

import pytest

from tests.faults.ground import REPO
from tests.faults.mutants import MUTANTS, VARIABLE
from tests.forked import Forked

PROTOCOL = [
    "tests/unit/stages/test_deliver.py",
    "tests/unit/stages/test_deliver_jobs.py",
    "tests/unit/stages/test_senders.py",
]
ROWS = ["tests/faults/test_jobs.py", "tests/faults/test_erasure.py", "tests/faults/test_salesforce.py"]
ROWS += ["tests/faults/test_slack.py", "tests/faults/test_zendesk.py"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(os.environ.get(VARIABLE)), reason="a mutant is planted already"),
]


def suite() -> None:
    """The tests that prove the protocol, up to the first that fails."""
    plugins = ["-p", "tests.faults.mutants", "-p", "no:cacheprovider", "-p", "no:xdist"]
    sys.exit(pytest.main(["-q", "-x", f"--rootdir={REPO}", *plugins, *(str(REPO / path) for path in PROTOCOL + ROWS)]))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_mutant_is_noticed(name: str) -> None:
    with Forked(suite, environ=os.environ | {VARIABLE: name}) as process:
        run = process.over()

    assert run.returncode == 1, run.stdout[-2000:] + run.stderr[-2000:]
    assert "1 failed" in run.stdout


def test_there_are_at_least_ten_mutants() -> None:
    assert len(MUTANTS) >= 10
