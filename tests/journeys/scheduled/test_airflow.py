"""The whole way under Airflow's own scheduler: what people say on the networks becomes leads, tickets and messages.

Nothing is triggered here: timers and assets do it, as in production.
"""

import json
import time

import pytest

from hub.launcher import status

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("airflow")]


@pytest.fixture(scope="module")
def done(running_hub):
    """The hub after its first wave of work."""
    running_hub.wait()
    return running_hub


def test_every_part_is_healthy_and_every_dag_was_read(done):
    now = status(done.settings)

    assert all(part.running for part in now.parts)
    assert {name: now.health[name] for name in ("metadatabase", "scheduler", "dag_processor")} == {
        "metadatabase": "healthy", "scheduler": "healthy", "dag_processor": "healthy",
    }  # fmt: skip
    assert done.airflow.import_errors() == {}
    assert not any(done.airflow.dags().values())  # none is paused


def test_posts_became_leads_tickets_and_messages(done):
    assert all(count > 0 for count in done.made().values()), done.made()


def test_the_ledger_balances(done):
    with done.look() as store, store.read() as view:
        balance = view.ledger.balance()

        assert balance.fetched > 0
        assert balance.differences == {}
        assert view.ledger.unbalanced() == []


def test_nothing_is_there_twice(done):
    leads = [row["Hub_Key__c"] for row in done.sandbox.state("salesforce", "leads")]
    tickets = [row["external_id"] for row in done.sandbox.state("zendesk", "tickets")]

    assert len(leads) == len(set(leads))
    assert len(tickets) == len(set(tickets))


def test_every_run_ended_well(done):
    ended = {
        (dag, run["dag_run_id"]): run["state"]
        for dag in done.airflow.dags()
        for run in done.airflow.runs(dag)
        if run["state"] in ("success", "failed")
    }

    assert ended
    assert [run for run, state in ended.items() if state == "failed"] == []


def test_between_tasks_go_no_posts(done):
    """XCom is stored in clear and shown to everyone who may look at a DAG."""
    with done.look() as store, store.read() as view:
        texts = [post.text[:40] for post in view.posts.recent(limit=500) if len(post.text) > 20]
    found = done.airflow.get("/api/v2/dags/~/dagRuns/~/taskInstances/~/xcomEntries", limit=100)["xcom_entries"]
    values = [
        json.dumps(
            done.airflow.get(
                f"/api/v2/dags/{each['dag_id']}/dagRuns/{each['run_id']}"
                f"/taskInstances/{each['task_id']}/xcomEntries/{each['key']}",
                map_index=each["map_index"],
            )["value"],
            ensure_ascii=False,
        )
        for each in found[:40]
    ]

    assert values
    assert texts
    assert not [value for value in values if any(text in value for text in texts)]


def test_operators_find_each_cursor_beside_its_asset(done):
    assets = {asset["name"]: asset["id"] for asset in done.airflow.get("/api/v2/assets", limit=100)["assets"]}
    kept = done.airflow.get(f"/api/v2/assets/{assets['cursors_mastodon']}/state-store")

    with done.look() as store, store.read() as view:
        watches = {watch.key for watch in view.watches.listing("mastodon")}
    assert {entry["key"] for entry in kept["asset_state_store"]} == watches


def test_a_post_said_now_becomes_work_without_anybody_s_help(done):
    before = done.made()["tickets"]
    done.sandbox.add_post(
        network="mastodon", author="journey", text="@acme my Brew One is broken and leaks, please help! #acme"
    )

    deadline = time.monotonic() + 120
    while done.made()["tickets"] == before:
        assert time.monotonic() < deadline, "no ticket was made of it"
        time.sleep(1)


def test_the_replay_form_refuses_what_is_not_a_code(done):
    from hub.errors import SetupError

    with pytest.raises(SetupError):
        done.airflow.trigger("replay", {"reason": "{{ conn.slack_default.password }}"})


def test_a_dry_replay_changes_nothing(done):
    with done.look() as store, store.read() as view:
        before = view.outbox.counts()

    run = done.airflow.trigger("replay", {"dry_run": True})

    assert done.airflow.wait("replay", run) == "success"
    with done.look() as store, store.read() as view:
        assert view.outbox.counts() == before


def test_upkeep_finds_every_connection_in_order(done):
    run = done.airflow.trigger("upkeep")

    assert done.airflow.wait("upkeep", run) == "success"
    states = {task["task_id"]: task["state"] for task in done.airflow.tasks("upkeep", run)}
    swept = {task: state for task, state in states.items() if task.startswith("sweep_")}
    assert {state for task, state in states.items() if task not in swept} == {"success"}, states
    assert set(swept.values()) == {"skipped"}  # the watches have just been read whole
