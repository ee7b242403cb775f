"""The sweep: every answer at every point where the process may end, for every kind of object.

A cell is one thing that is written, the answer that its write meets, and the point at which the process ends. Points
before the answer's settlement are met by the run that sends, those of a look-up by the run after it.
"""

from fnmatch import fnmatchcase
from typing import Any

import pytest

from connectors.salesforce.connector import Salesforce
from tests.faults.ground import Ground

TICKETS = "*/tickets*"
pytestmark = pytest.mark.slow
THINGS: dict[str, tuple[str, str, bool, dict[str, Any]]] = {  # kind of handoff, destination, opens a thing, its write
    "lead": ("Lead", "salesforce", True, {"path_glob": "*/composite*"}),
    "ticket": ("Case", "zendesk", True, {"method": "POST", "path_glob": TICKETS}),
    "comment": ("Case", "zendesk", False, {"method": "PUT", "path_glob": TICKETS}),
    "message": ("Alert", "slack", True, {"path_glob": "/api/chat.postMessage"}),
    "reply": ("Alert", "slack", False, {"path_glob": "/api/chat.postMessage"}),
}
ANSWERS: dict[str, dict[str, Any]] = {
    "good": {},
    "lost before": {"kind": "drop_before"},
    "lost after": {"kind": "drop_after"},
    "lost after, twice": {"kind": "drop_after", "times": 2},
    "late": {"kind": "late", "seconds": 32},
    "cut short": {"kind": "truncate"},
    "a page": {"kind": "garbage"},
    "dripping": {"kind": "drip"},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503, "headers": {"Retry-After": "7"}},
    "429": {"kind": "status", "status": 429, "headers": {"Retry-After": "7"}},
    "401": {"kind": "status", "status": 401, "body": {"error": "expired"}},
}
SENDING = ["never", "store.claimed", "deliver.claimed", "deliver.sent", "store.settled", "deliver.settled"]
LOOKING = ["deliver.doubted", "deliver.looked_up", "deliver.resent"]
JOBS: dict[str, tuple[str, str, int, tuple[str, ...]]] = {  # handoff, destination, how many, each request of a job
    "leads by a job": ("Lead", "salesforce", 4, ("*/jobs/ingest", "*/jobs/ingest/*")),
    "tickets by a job": ("Case", "zendesk", 4, ("*/tickets/create_many*", "*/job_statuses*")),
}
JOB_POINTS = ["never", "deliver.claimed", "deliver.noted", "deliver.sent", "deliver.doubted", "store.settled"]
CELLS = len(THINGS) * len(ANSWERS) * len(SENDING + LOOKING) + 2 * len(JOBS) * len(ANSWERS) * len(JOB_POINTS)


@pytest.mark.parametrize("point", SENDING + LOOKING)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("thing", THINGS)
def test_each_thing_is_there_once(ground: Ground, thing: str, answer: str, point: str) -> None:
    kind, name, opens, write = THINGS[thing]
    numbers = (1, 2)
    if not opens:
        for number in numbers:
            ground.hand_over(kind, number)
        ground.run(name)
        ground.assert_exactly_once()
    if ANSWERS[answer]:
        ground.played.fault(name, **{**write, **ANSWERS[answer]})

    for number in numbers:
        ground.hand_over(kind, number, first=opens, post=number * 100 + 50)
    ground.run_into(point if point in SENDING else "deliver.sent", name, patience=0)
    if point in LOOKING:
        ground.clock.forward(600)
        ground.run_into(point, name, patience=0)
    ground.quiet(name)

    ground.assert_exactly_once()
    assert ground.quarantined() == []
    if ANSWERS[answer]:
        assert any(line.get("fault") for line in ground.played.requests(name)), "the fault met no request"


@pytest.mark.parametrize("point", JOB_POINTS)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("thing", JOBS)
def test_each_thing_of_a_job_is_there_once(
    ground: Ground, thing: str, step: int, answer: str, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, name, count, steps = JOBS[thing]
    monkeypatch.setattr(Salesforce, "job_from", 3)
    monkeypatch.setattr("connectors.zendesk.connector.BULK_FROM", 3)
    for number in range(count):
        ground.hand_over(kind, number)
    if ANSWERS[answer]:
        ground.played.fault(name, path_glob=steps[step], **ANSWERS[answer])

    ground.run_into(point, name, patience=0)
    if point == "deliver.doubted":
        ground.clock.forward(600)
        ground.run_into(point, name, patience=0)
    ground.quiet(name, at_most=4)

    ground.assert_exactly_once()
    assert ground.quarantined() == []
    assert any(fnmatchcase(line["path"], steps[0]) for line in ground.played.requests(name)), "there was no job"


def test_the_sweep_has_at_least_300_cells() -> None:
    assert CELLS >= 300
