"""A run that is killed at any boundary between two steps: the next one goes on, nothing is lost, nothing is doubled."""

import pytest

from sandbox.process import SandboxProcess
from tests.journeys import flow

POINTS = [
    "collect.fetched", "store.half_written", "store.written", "collect.landed", "store.listed", "collect.committed",
    "triage.claimed", "triage.decided", "triage.committed", "deliver.claimed", "deliver.sent", "deliver.settled",
]  # fmt: skip
SIGKILL = -9

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hub_env")]


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_run_is_finished_by_the_next(point: str, sandbox: SandboxProcess) -> None:
    killed = flow.hub("run", HUB_FAULTPOINT=f"{point}:kill")
    assert killed.returncode == SIGKILL, killed.stderr

    flow.let_leases_run_out()
    finished = flow.hub("run")

    assert finished.returncode == 0, finished.stderr
    assert flow.keys_in_the_store() == flow.keys_in_the_world()
    flow.assert_exactly_once(sandbox)
    assert flow.assert_balanced().pending == 0
