"""The judge is judged: each thing that it must notice is planted, jobs included, and it notices."""

import json
from dataclasses import replace
from typing import Any

import pytest

from connectors.salesforce.connector import Salesforce
from hub.store.faults import Ended
from sandbox.messages import Request
from tests.faults.checker import Verdict
from tests.faults.ground import DESTINATIONS, Ground
from tests.faults.mutants import MUTANTS
from tests.faults.wire import Ask

CLOSE = {"method": "PATCH", "path_glob": "*/jobs/ingest/*"}


@pytest.fixture
def by_jobs(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """Four leads that go by one job."""
    monkeypatch.setattr(Salesforce, "job_from", 3)
    for number in range(4):
        ground.hand_over("Lead", number)
    return ground


class Tape:
    """Keeps what was asked, so that it can be asked again by hand."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def __call__(self, ask: Ask, request: Request) -> Any:
        self.asked.append(request)
        return ask(request)


def ended_at_the_close(ground: Ground) -> tuple[Request, Request, Request]:
    """A job whose close was not answered: how it was begun, given its rows, and closed."""
    tape = Tape()
    ground.wire.twists.append(tape)
    ground.played.fault("salesforce", "drop_after", **CLOSE)
    ground.wire.ends_after = lambda request: request.method == "PATCH"
    with pytest.raises(Ended):
        ground.run("salesforce")
    begun = next(one for one in tape.asked if one.path.endswith("/jobs/ingest"))
    given = next(one for one in tape.asked if one.path.endswith("/batches"))
    closed = next(one for one in tape.asked if one.method == "PATCH")
    return begun, given, closed


def once_more(ground: Ground, begun: Request, given: Request, closed: Request) -> None:
    """A second job with the same rows, as a worker makes it that remembers none."""
    answer, _ = ground.played.ask(begun)
    assert answer is not None
    path = f"{begun.path}/{json.loads(answer.body)['id']}"
    ground.played.ask(replace(given, path=f"{path}/batches"))
    ground.played.ask(replace(closed, path=path))


LOOKS = {
    "nothing": ([], 1),
    "what a lead is": (["/services/data/v64.0/sobjects/Lead/describe"], 1),
    "limits": (["/services/data/v64.0/limits"], 1),
    "another job": (["/services/data/v64.0/jobs/ingest/7505e0000000099AAA"], 1),
    "this job": (["/services/data/v64.0/jobs/ingest/7505e0000000001AAA"], 0),
    "its results": (["/services/data/v64.0/jobs/ingest/7505e0000000001AAA/successfulResults"], 0),
    "the records": (["/services/data/v64.0/query"], 0),
}


@pytest.mark.parametrize("looked_at", LOOKS)
def test_a_job_that_is_handed_over_again_is_blind_unless_it_or_its_records_were_asked_for(
    by_jobs: Ground, looked_at: str
) -> None:
    paths, blind = LOOKS[looked_at]
    begun, given, closed = ended_at_the_close(by_jobs)
    for path in paths:
        by_jobs.played.ask(replace(begun, method="GET", path=path, body=b""))

    once_more(by_jobs, begun, given, closed)

    assert len(by_jobs.verdict().blind) == blind


def test_another_job_with_other_rows_is_no_repeat(by_jobs: Ground) -> None:
    begun, given, closed = ended_at_the_close(by_jobs)

    once_more(by_jobs, begun, replace(given, body=given.body.replace(b"Ana", b"Eva")), closed)

    assert by_jobs.verdict().blind == []


@pytest.mark.parametrize("step", ["*/jobs/ingest", "*/batches"])
def test_what_is_set_up_again_before_anything_was_written_is_not_blind(by_jobs: Ground, step: str) -> None:
    by_jobs.played.fault("salesforce", "drop_after", path_glob=step)
    by_jobs.run("salesforce", patience=0)
    by_jobs.quiet("salesforce")

    by_jobs.assert_exactly_once()


def test_leads_that_two_jobs_have_made_are_duplicates(by_jobs: Ground) -> None:
    by_jobs.run("salesforce")
    leads = by_jobs.played.state.table("salesforce", "leads")
    row = next(row for row in leads.all() if row.get("Hub_Key__c"))

    leads.insert({**row, "Id": "00Q000000000999AAA", "Hub_Key__c": row["Hub_Key__c"].upper()}, "00Q000000000999AAA")

    assert by_jobs.verdict().duplicates == [("salesforce", row["Hub_Key__c"].lower())]


WRITES: dict[str, dict[str, Any]] = {
    "salesforce": {"path_glob": "*/composite*"},
    "zendesk": {"method": "POST", "path_glob": "*/tickets*"},
    "slack": {"path_glob": "/api/chat.postMessage"},
}


@pytest.mark.parametrize("name", DESTINATIONS)
def test_a_write_that_is_repeated_without_a_look_is_noticed(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    [draft] = ground.hand_over({"salesforce": "Lead", "zendesk": "Case", "slack": "Alert"}[name], 1)
    ground.played.fault(name, "drop_after", **WRITES[name])
    ground.run(name, patience=0)
    MUTANTS["sends_again_without_a_look"](monkeypatch)
    ground.clock.forward(600)
    ground.run(name)

    verdict = ground.verdict()

    assert verdict.blind or verdict.duplicates
    assert verdict.lost == verdict.ghosts == []
    ground.forget(draft)
    assert ground.verdict().ghosts == [(name, draft.external_id)]
    ground.expected["salesforce", "0" * 32] = None
    assert ground.verdict().lost == [("salesforce", "0" * 32)]
    assert ground.verdict() != Verdict()


@pytest.mark.parametrize(("status", "blind"), [(500, True), (502, True), (503, False)])
@pytest.mark.parametrize("name", DESTINATIONS)
def test_a_503_is_a_refusal_for_now_and_other_failures_of_a_server_say_nothing(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, name: str, status: int, blind: bool
) -> None:
    ground.hand_over({"salesforce": "Lead", "zendesk": "Case", "slack": "Alert"}[name], 1)
    ground.played.fault(name, "status", status=status, body=[{"errorCode": "SERVER_UNAVAILABLE"}], **WRITES[name])
    ground.run(name, patience=0)
    MUTANTS["sends_again_without_a_look"](monkeypatch)
    ground.clock.forward(600)
    ground.run(name)

    assert bool(ground.verdict().blind) is blind
