"""W4: when a job over there has ended, we know it within a tenth of the time that it took, by the test clock.

Jobs of both kinds, from quick ones to those that outlast a run's first questions; met for the first time, and when the
last one, faster or slower, has taught what to expect.
"""

import json
from collections.abc import Callable
from datetime import datetime

import pytest

from connectors.salesforce.connector import Salesforce
from hub.domain import external_id
from hub.store import Draft
from sandbox.messages import Request
from tests.faults.ground import Ground

COUNT = 200
SHARE = 0.1
SOONEST = {"salesforce": 0.05, "zendesk": 0.3}  # seconds between two questions, at the least
SECONDS = (1.0, 4.0, 20.0, 100.0, 600.0)
Lateness = tuple[float, float]  # seconds from a job's beginning to its end, and from there until we knew


@pytest.fixture(autouse=True)
def jobs_of_hundreds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs of thousands tell nothing more, and take long to play."""
    monkeypatch.setattr(Salesforce, "job_from", COUNT - 1)


def leads(ground: Ground, seconds: float, label: str) -> Lateness:
    """A job of leads that takes so long."""
    rules = json.dumps({"bulk_seconds": seconds}).encode()
    ground.played.ask(Request(method="POST", host="acme.my.salesforce.com", path="/sandbox/org", body=rules))
    intend(ground, [
        Draft(
            destination="salesforce", object="Lead", external_id=external_id(f"{label} {number}"), handoff=label,
            lane=f"{label} {number}", body={"LastName": f"Ana {number}", "Company": "Initech"},
        )
        for number in range(COUNT)
    ])  # fmt: skip
    ground.run("salesforce")
    job = ground.played.rows("salesforce", "jobs")[-1]
    return seconds, known_at(ground, "salesforce", label) - (moment(job["closed_at"]).timestamp() + seconds)


def tickets(ground: Ground, seconds: float, label: str) -> Lateness:
    """Jobs of tickets that wait for half of the time, and are worked off in the other half."""
    pace = {"queue_seconds": [str(seconds / 2)], "rows_per_second": [str(99 / (seconds / 2))]}
    ground.played.ask(Request(method="POST", host="acme.zendesk.com", path="/sandbox/jobs", query=pace))
    intend(ground, [
        Draft(
            destination="zendesk", object="ticket", external_id=external_id(f"{label} {number}"), handoff=label,
            lane=f"{label} {number}", body={"subject": f"Kettle {number}", "comment": {"body": "It whistles."}},
        )
        for number in range(COUNT)
    ])  # fmt: skip
    ground.run("zendesk")
    job = ground.played.rows("zendesk", "jobs")[-1]
    return seconds, known_at(ground, "zendesk", label) - (moment(job["created_at"]).timestamp() + seconds)


KINDS: dict[str, Callable[[Ground, float, str], Lateness]] = {"salesforce": leads, "zendesk": tickets}


def intend(ground: Ground, drafts: list[Draft]) -> None:
    """Let these wait."""
    with ground.store.begin() as tx:
        tx.outbox.intend(drafts)


def moment(text: object) -> datetime:
    """A time as the sandbox writes it."""
    return datetime.fromisoformat(str(text))


def known_at(ground: Ground, name: str, label: str) -> float:
    """When the last one of these was settled."""
    settled = [row.settled_at for row in ground.rows(name) if row.handoff == label]
    assert len(settled) == COUNT
    assert all(settled)
    return max(at.timestamp() for at in settled if at)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("seconds", SECONDS)
def test_w4_the_end_of_a_job_is_known_within_a_tenth_of_its_time(
    ground: Ground, name: str, seconds: float, record_property: Callable[[str, object], None]
) -> None:
    took, late = KINDS[name](ground, seconds, "first")

    questions = sum(
        "job_statuses" in line["path"] or line["path"][-18:-15] == "750" for line in ground.played.requests(name)
    )
    record_property(f"{name} {took:g} s: known after", f"{late:.2f} s, {questions} questions")
    assert -0.01 <= late <= max(SHARE * took, SOONEST[name])


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(("before", "seconds"), [(20.0, 4.0), (4.0, 20.0), (20.0, 20.0), (600.0, 20.0), (1.0, 100.0)])
def test_w4_what_the_last_job_took_makes_nobody_late_for_the_next(
    ground: Ground, name: str, before: float, seconds: float
) -> None:
    KINDS[name](ground, before, "before")
    ground.clock.forward(60)

    took, late = KINDS[name](ground, seconds, "next")

    assert -0.01 <= late <= max(SHARE * took, SOONEST[name])
