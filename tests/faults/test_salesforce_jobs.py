"""F22 to F24 once more, for leads that went to a Bulk job: whoever dies, whatever is lost, each lead is there once."""

import pytest

from connectors.salesforce.connector import Salesforce
from hub.domain import external_id
from hub.store import Draft
from sandbox.messages import Request
from tests.faults.ground import Ground

SF = "salesforce"
COUNT = 301
JOBS = "*/jobs/ingest"


@pytest.fixture(autouse=True, params=[10.0, 0.0], ids=["staying", "leaving"])
def jobs_of_hundreds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs of thousands tell nothing more, and take long to play; the sender stays with a short one, or never does."""
    monkeypatch.setattr(Salesforce, "job_from", COUNT - 1)
    monkeypatch.setattr(Salesforce, "stays_seconds", request.param)


def backlog(ground: Ground, *, version: int = 1, count: int = COUNT) -> list[str]:
    """So many leads that wait; their external ids."""
    drafts = [
        Draft(
            destination=SF, object="Lead", external_id=external_id(f"lead {number}"), handoff=f"h{number}",
            lane=f"lane {number}", body={"LastName": f"Ana {number}", "Company": "Initech", "City": f"v{version}"},
        )
        for number in range(count)
    ]  # fmt: skip
    with ground.store.begin() as tx:
        tx.outbox.intend(drafts)
    ground.expected |= {(SF, draft.external_id): draft.digest for draft in drafts}
    return [draft.external_id for draft in drafts]


def jobs(ground: Ground) -> list[str]:
    """How each job stands."""
    return [str(row["state"]) for row in ground.played.rows(SF, "jobs")]


def paths(ground: Ground) -> list[str]:
    """What was asked, without job ids."""
    asked = [line["path"].partition("/v64.0/")[2] for line in ground.played.requests(SF)]
    return ["/".join(part for part in path.split("/") if not part.startswith("750")) for path in asked]


def test_a_backlog_goes_in_one_job_and_is_there_once(ground: Ground) -> None:
    backlog(ground)

    ground.run(SF)
    ground.quiet(SF)

    ground.assert_exactly_once()
    assert jobs(ground) == ["JobComplete"]
    assert set(ground.states(SF)) == {"done"}
    assert "composite/sobjects" not in paths(ground)
    assert [path for path in paths(ground) if path.startswith("jobs/ingest/")] == [
        "jobs/ingest/batches", "jobs/ingest/successfulResults"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("point", "ended"),
    [
        ("deliver.claimed", []),
        ("deliver.noted", ["Aborted", "JobComplete"]),
        ("deliver.sent", ["JobComplete"]),
        ("store.settled", ["JobComplete"]),
        ("deliver.settled", ["JobComplete"]),
    ],
)
def test_f24_a_process_that_ends_leaves_its_job_to_the_next_one(ground: Ground, point: str, ended: list[str]) -> None:
    backlog(ground)

    assert ground.run_into(point, SF, patience=0)
    ground.quiet(SF)

    ground.assert_exactly_once()
    assert sorted(jobs(ground)) == ended


@pytest.mark.parametrize("step", ["POST", "PUT", "PATCH"])
def test_f24_a_process_that_ends_between_the_steps_of_a_job(ground: Ground, step: str) -> None:
    backlog(ground)
    ground.wire.ends_after = lambda request: request.method == step and "/jobs/ingest" in request.path

    ground.run_into("never", SF, patience=0)
    ground.quiet(SF)

    ground.assert_exactly_once()
    assert "Open" not in jobs(ground) or step == "POST"  # that one was never filled: there is nothing that could begin


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize("step", ["POST", "PUT", "PATCH", "GET"])
def test_f22_a_step_of_a_job_whose_answer_was_lost(ground: Ground, step: str, kind: str) -> None:
    backlog(ground)
    ground.played.fault(SF, kind, method=step, path_glob="*/jobs/ingest*")

    ground.run(SF)
    ground.quiet(SF)

    ground.assert_exactly_once()
    assert set(ground.states(SF)) == {"done"}


def test_results_that_were_lost_are_read_again(ground: Ground) -> None:
    backlog(ground)
    ground.played.fault(SF, "drop_after", path_glob="*/successfulResults", times=2)

    ground.run(SF)
    ground.quiet(SF)

    ground.assert_exactly_once()
    assert jobs(ground) == ["JobComplete"]


def test_what_a_jobs_results_leave_out_is_looked_up(ground: Ground) -> None:
    keys = backlog(ground)
    ground.played.fault(
        SF, "status", path_glob="*/successfulResults", status=200, headers={"Content-Type": "text/csv"},
        body=f'"sf__Id","sf__Created","Hub_Key__c"\n"00Q5e0000000001AAA","true","{keys[0]}"\n',
    )  # fmt: skip

    ground.run(SF)
    ground.quiet(SF)

    ground.assert_exactly_once()
    assert len(ground.played.events(SF, "lead created")) == COUNT


def test_a_job_that_is_known_no_more_is_made_good_by_look_ups(ground: Ground) -> None:
    backlog(ground)
    ground.run_into("deliver.sent", SF, patience=0)
    ground.clock.forward(8 * 86_400)

    ground.quiet(SF)

    ground.assert_exactly_once()


def test_a_newer_version_waits_for_the_end_of_the_job_that_carries_the_older_one(ground: Ground) -> None:
    administrator(ground, b'{"bulk_seconds": 3600}')
    backlog(ground)
    ground.run(SF, patience=0)
    backlog(ground, version=2)
    ground.run(SF, patience=0)

    assert len(jobs(ground)) == 1
    ground.clock.forward(7200)
    administrator(ground, b'{"bulk_seconds": 1}')
    ground.quiet(SF)
    ground.assert_exactly_once()
    assert {row["City"] for row in ground.played.rows(SF, "leads")} == {"v2"}


def test_a_job_that_fails_as_a_whole_is_made_good_record_by_record(ground: Ground) -> None:
    administrator(ground, b'{"fields": {"City": null}}')
    backlog(ground)
    ground.run(SF)
    administrator(ground, b'{"fields": {}}')

    ground.quiet(SF, at_most=4)

    ground.assert_exactly_once()
    assert jobs(ground)[0] == "Failed"


def administrator(ground: Ground, rules: bytes) -> None:
    """An administrator sets the organisation's rules."""
    ground.played.ask(Request(method="POST", host="acme.my.salesforce.com", path="/sandbox/org", body=rules))
