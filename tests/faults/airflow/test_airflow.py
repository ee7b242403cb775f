"""F64 to F69: what dies, sleeps and breaks around us is Airflow's; what was to be done is done once all the same."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from hub.launcher import status
from tests.faults.airflow.driven import LEASE_SECONDS, PURCHASE, SOON, Driven, alive, kill, resume

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("faults under airflow")]

SOME = 3
SLOW = 4.0  # seconds that a network takes for each answer, so that a reading lasts
TIMELINE = "*/timelines/tag/*"
EVERY = timedelta(seconds=float(SOON["HUB_POLL_SECONDS"]))


@pytest.fixture(autouse=True)
def all_is_well(hub: Driven) -> None:
    """Each fault comes alone."""
    hub.sandbox.mend()
    hub.quiet()


def test_f64_a_worker_that_is_killed_in_the_middle_of_a_batch(
    hub: Driven, record_property: Callable[[str, object], None]
) -> None:
    task, work = hub.caught()
    worker = work.parent()
    assert worker is not None
    kill(worker, work)

    began = time.monotonic()
    hub.until(lambda: not hub.waits(), "the lead is settled")
    record_property("recovered", f"{time.monotonic() - began:.0f} s")

    hub.assert_exactly_once()
    assert hub.airflow.wait("deliver", task["dag_run_id"]) == "success"
    [again] = [one for one in hub.airflow.tasks("deliver", task["dag_run_id"]) if one["task_id"] == "salesforce"]
    assert again["try_number"] > task["try_number"]


@pytest.mark.parametrize("with_its_tasks", [False, True], ids=["alone", "with its tasks"])
def test_f65_a_scheduler_that_is_killed_in_the_middle_of_a_run(hub: Driven, with_its_tasks: bool) -> None:
    task, work = hub.caught()
    scheduler = hub.process("scheduler")
    kill(scheduler, *(scheduler.children(recursive=True) if with_its_tasks else ()))
    resume(work)
    hub.until(lambda: not alive(scheduler.pid), "the scheduler is gone")

    hub.heal()

    assert hub.process("scheduler").pid != scheduler.pid
    assert hub.airflow.wait("deliver", task["dag_run_id"]) == "success"
    hub.assert_exactly_once()


def test_f66_the_timer_a_person_and_a_backfill_read_one_interval_at_once(hub: Driven) -> None:
    for _ in range(SOME):
        hub.say(network="mastodon")
    timed = next(run for run in hub.airflow.runs("collect_mastodon") if run["run_type"] == "scheduled")
    due = datetime.fromisoformat(timed["logical_date"])
    mark = hub.sandbox.mark()
    hub.sandbox.fault(system="mastodon", kind="late", path_glob=TIMELINE, seconds=SLOW, times=1000)

    again = f"/api/v2/dags/collect_mastodon/dagRuns/{timed['dag_run_id']}"
    hub.airflow.post(f"{again}/clear", {"dry_run": False})
    by_hand = hub.airflow.trigger("collect_mastodon")
    backfill = hub.airflow.post("/api/v2/backfills", {
        "dag_id": "collect_mastodon", "from_date": (due - 2 * EVERY).isoformat(), "to_date": due.isoformat(),
        "reprocess_behavior": "completed", "max_active_runs": 4,
    })  # fmt: skip

    assert hub.airflow.wait("collect_mastodon", by_hand) == "success"
    hub.until(lambda: hub.airflow.get(f"/api/v2/backfills/{backfill['id']}")["completed_at"], "the backfill has ended")
    hub.until(lambda: hub.airflow.get(again)["state"] == "success", "the timer's run has ended")
    hub.sandbox.mend()
    assert {run["run_type"] for run in hub.airflow.runs("collect_mastodon")} >= {"scheduled", "manual", "backfill"}
    asked = [
        datetime.fromisoformat(line["at"])
        for line in hub.sandbox.journal(mark, system="mastodon", event="request")
        if line.get("fault") == "late"
    ]
    assert len(asked) >= 2  # a run that finds a reader at work leaves the watch to it
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(asked)]
    assert min(gaps) >= SLOW * 0.9, f"two readers at once: {gaps}"
    hub.assert_exactly_once()


def test_f67_a_task_that_sleeps_through_its_lease(hub: Driven) -> None:
    task, sleeper = hub.caught()
    time.sleep(LEASE_SECONDS)

    other = hub.airflow.trigger("deliver")
    hub.until(lambda: not hub.waits(), "another has taken over")
    sent = len(writes(hub))
    resume(sleeper)

    assert hub.airflow.wait("deliver", other) in ("success", "failed")
    assert hub.airflow.wait("deliver", task["dag_run_id"]) == "success"
    assert len(writes(hub)) == sent
    hub.assert_exactly_once()


def test_f68_one_dag_file_with_a_syntax_error(hub: Driven) -> None:
    broken = hub.dags / "broken.py"
    broken.write_text("from airflow.sdk import dag\n\n\ndef flow(:\n")
    try:
        hub.until(hub.airflow.import_errors, "the file was read")
        page = hub.page().text

        run = hub.read()

        assert list(hub.airflow.import_errors()) == ["broken.py"]
        assert hub.airflow.wait("collect_x", run) in ("success", "failed")
        assert "broken.py" in page
        assert "cannot be read" in page
    finally:
        broken.unlink()
    hub.until(lambda: not hub.airflow.import_errors(), "the file is forgotten")
    assert "cannot be read" not in hub.page().text
    hub.say()
    hub.read()
    hub.until(lambda: all(hub.there(words) for words in hub.said), "the other DAGs go on")
    hub.assert_exactly_once()


def test_f69_the_databases_are_away(hub: Driven) -> None:
    """Airflow's and ours, for as long as it takes the scheduler to give up: what is longer is the same to it."""
    if hub.database is None:
        pytest.skip("needs PostgreSQL on this machine, to stop it and start it")
    _, work = hub.caught()
    hub.say(PURCHASE)
    scheduler = hub.process("scheduler")

    hub.database.stop()
    resume(work)
    hub.until(lambda: not alive(scheduler.pid), "the scheduler gives up")
    hub.database.start()
    hub.heal()
    hub.read()

    hub.until(lambda: all(hub.there(words) for words in hub.said), "what was said became work")
    assert all(part.running for part in status(hub.settings).parts)
    hub.assert_exactly_once()


def writes(hub: Driven) -> list[dict[str, object]]:
    """What was sent to Salesforce."""
    lines = hub.sandbox.journal(system="salesforce", event="request")
    return [line for line in lines if line["method"] not in ("GET", "HEAD") and "/oauth2/" not in line["path"]]
