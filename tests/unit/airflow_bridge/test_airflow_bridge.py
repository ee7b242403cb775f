"""What we say in Airflow's way: errors, connections, alerts."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk import RetryAction
from airflow.sdk.api.datamodels._generated import DagRunType
from airflow.sdk.exceptions import AirflowSkipException

import connectors
from hub import airflow_bridge
from hub.errors import AccessDenied, ContractBroken, MappingError, RateLimited, RecordRefused, SetupError, Unavailable
from hub.kit import NotConnected

REPO = Path(__file__).resolve().parents[3]


def decided(problem):
    return airflow_bridge.ByWhatToDoNext().evaluate(problem, try_number=1, max_tries=3)


@pytest.mark.parametrize(
    "problem",
    [
        SetupError("Set it up."),
        AccessDenied("Refused."),
        MappingError("Broken."),
        ContractBroken("Strange."),
        RecordRefused("No.", reason="refused"),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_what_a_person_must_mend_is_not_tried_again(problem):
    assert decided(problem).action is RetryAction.FAIL


def test_a_wait_that_was_asked_for_is_kept():
    decision = decided(RateLimited("Slow down.", retry_after=90))

    assert decision.action is RetryAction.RETRY
    assert decision.retry_delay == timedelta(seconds=90)


def test_nobody_makes_us_wait_for_days():
    assert decided(RateLimited("Slow down.", retry_after=1e9)).retry_delay == airflow_bridge.LONGEST_WAIT


def test_without_a_wait_the_task_s_own_delay_applies():
    decision = decided(Unavailable("Down."))

    assert decision.action is RetryAction.RETRY
    assert decision.retry_delay is None


def test_errors_that_are_not_ours_are_left_to_airflow():
    assert decided(ValueError("a defect")).action is RetryAction.DEFAULT


def run_of(step):
    """The function that Airflow calls, without Airflow."""
    return step.function


def test_a_step_with_nothing_to_hand_on_wakes_nobody():
    @airflow_bridge.step(wakes=airflow_bridge.POSTS_LANDED)
    def pull(found):
        return found

    with pytest.raises(AirflowSkipException):
        run_of(pull)(0)
    assert run_of(pull)(3) == 3


def test_a_step_that_wakes_nobody_may_return_nothing():
    @airflow_bridge.step()
    def check():
        return None

    assert run_of(check)() is None


def test_a_connection_is_read_as_airflow_keeps_it(monkeypatch):
    facts = {
        "conn_type": "salesforce",
        "login": "hub@acme.test",
        "password": "p",
        "extra": {"domain": "acme.my", "security_token": "t"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SALESFORCE_DEFAULT", json.dumps(facts))

    found = airflow_bridge.connect(connectors.manifest("salesforce"))

    assert (found.login, found.password) == ("hub@acme.test", "p")
    assert found.extra == facts["extra"]


def test_a_missing_connection_is_named_with_what_it_needs(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_X_SECOND", raising=False)

    with pytest.raises(SetupError, match="AIRFLOW_CONN_X_SECOND"):
        airflow_bridge.connect(connectors.manifest("x"), "x_second")


@pytest.mark.parametrize("extra", ["s3cret", '["s3cret"]'])
def test_a_connection_that_cannot_be_read_is_named_without_showing_it(monkeypatch, extra):
    found = SimpleNamespace(conn_type="http", extra=extra)
    monkeypatch.setattr("airflow.sdk.BaseHook.get_connection", lambda name: found)

    with pytest.raises(SetupError, match="x_default has an extra field") as told:
        airflow_bridge.connect(connectors.manifest("x"))

    assert "s3cret" not in str(told.value)
    assert not isinstance(told.value, NotConnected)  # it is there: nothing may go on as if it were not


def test_only_watched_networks_are_scheduled(monkeypatch, tmp_path):
    config = tmp_path / "hub.yaml"
    config.write_text("organisation: {name: Acme}\nwatches: [{network: mastodon, kind: hashtag, value: '#acme'}]\n")
    monkeypatch.setenv("HUB_CONFIG", str(config))

    assert [each.name for each in airflow_bridge.scheduled_networks()] == ["mastodon"]


def test_the_timer_is_the_manifest_s_unless_told_otherwise(monkeypatch):
    manifest = connectors.manifest("mastodon")

    monkeypatch.delenv("HUB_POLL_SECONDS", raising=False)
    assert airflow_bridge.poll_interval(manifest) == timedelta(seconds=manifest.every_seconds)
    monkeypatch.setenv("HUB_POLL_SECONDS", "10")
    assert airflow_bridge.poll_interval(manifest) == timedelta(seconds=10)


class PlayedSlack(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(json.loads(body))
        self.send_response(200 if not self.server.broken else 500)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"ok": true, "channel": "C0OPS", "ts": "1.000001"}')

    def log_message(self, *_):
        pass


@pytest.fixture
def slack(monkeypatch, tmp_path):
    config = tmp_path / "hub.yaml"
    config.write_text("organisation: {name: Acme}\nteams: [{name: operations, slack_channel: '#social-ops'}]\n")
    monkeypatch.setenv("HUB_CONFIG", str(config))
    monkeypatch.setenv("HUB_VAR", str(tmp_path / "var"))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):  # slack-sdk takes any of them
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), PlayedSlack) as server:
        server.posted, server.broken = [], False
        facts = {
            "conn_type": "slack",
            "password": "xoxb-1",
            "extra": {"base_url": f"http://127.0.0.1:{server.server_port}/api/"},
        }
        monkeypatch.setenv("AIRFLOW_CONN_SLACK_DEFAULT", json.dumps(facts))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def task_of(dag="collect_x", task="pull", pool="x", before=None):
    return SimpleNamespace(
        dag_id=dag, task_id=task, run_id="r1", get_previous_dagrun=lambda: before, task=SimpleNamespace(pool=pool)
    )


def failed(problem, **task):
    airflow_bridge.tell_failed({"ti": task_of(**task), "exception": problem})


def works(monkeypatch, **task):
    """A task of ours that opens the hub, looks into its store, and ends well."""
    monkeypatch.setattr(airflow_bridge, "get_current_context", lambda: {"ti": task_of(**task)})
    with airflow_bridge.open_hub() as hub, hub.store.read() as view:
        view.outbox.destinations()
    airflow_bridge.tell_mended()


def test_operations_hear_of_a_failed_task_with_its_remedy_and_a_link(slack):
    failed(AccessDenied("X refused the token <A&B>; renew it."))

    (message,) = slack.posted
    assert message["channel"] == "#social-ops"
    assert "X refused the token &lt;A&amp;B&gt;; renew it." in message["text"]
    assert "/dags/collect_x/runs/r1" in message["text"]
    assert "icon_url" not in message  # the provider's notifier sends a picture of a public host


def test_operations_hear_of_a_late_run(slack):
    airflow_bridge.tell_late({"dag_run": {"dag_id": "collect_x", "dag_run_id": "r1"}, "deadline": {}})

    assert "collect_x is late" in slack.posted[0]["text"]
    assert "/dags/collect_x/runs/r1" in slack.posted[0]["text"]


def test_operations_hear_of_what_was_put_right_by_itself(slack, monkeypatch):
    ti = SimpleNamespace(dag_id="collect_x", run_id="r1")
    monkeypatch.setattr(airflow_bridge, "get_current_context", lambda: {"ti": ti})

    airflow_bridge.tell_operations("X no longer takes the place where a watch had stopped.")

    assert "X no longer takes the place" in slack.posted[0]["text"]
    assert "/dags/collect_x/runs/r1" in slack.posted[0]["text"]


@pytest.mark.parametrize("kind", DagRunType)
def test_what_a_person_started_is_told_from_what_a_timer_did(monkeypatch, kind):
    monkeypatch.setattr(airflow_bridge, "get_current_context", lambda: {"dag_run": SimpleNamespace(run_type=kind)})

    assert airflow_bridge.started_by_hand() is (kind == "manual")


def test_an_alert_is_text_and_no_template(slack):
    failed(SetupError("{{ conn.slack_default.password }}"))

    assert "{{ conn.slack_default.password }}" in slack.posted[0]["text"]


def test_the_words_of_a_foreign_error_are_not_passed_on(slack):
    failed(ValueError("somebody's post"))

    assert "ValueError" in slack.posted[0]["text"]
    assert "somebody" not in slack.posted[0]["text"]


def test_one_source_that_is_out_of_order_is_one_alert_whatever_fails_because_of_it(slack, monkeypatch):
    failed(SetupError("Broken."))
    failed(SetupError("Still broken."), before=SimpleNamespace(state="failed"))
    failed(SetupError("Broken."), dag="upkeep", task="check_x")
    airflow_bridge.tell_late({"dag_run": {"dag_id": "collect_x", "dag_run_id": "r2"}, "deadline": {}})
    assert len(slack.posted) == 1

    failed(SetupError("Broken."), dag="collect_mastodon", pool="mastodon")
    airflow_bridge.tell_late({"dag_run": {"dag_id": "triage", "dag_run_id": "r2"}, "deadline": {}})
    assert len(slack.posted) == 3


def test_when_it_works_again_its_thread_is_told_once(slack, monkeypatch):
    failed(SetupError("Broken."))
    failed(SetupError("Broken."), dag="upkeep", task="check_x")
    works(monkeypatch, dag="refresh_x", task="look_again")  # what had not failed says nothing
    works(monkeypatch)
    assert len(slack.posted) == 1

    works(monkeypatch, dag="upkeep", task="check_x")
    works(monkeypatch, dag="upkeep", task="check_x")

    (told, mended) = slack.posted
    assert "thread_ts" not in told
    assert (mended["channel"], mended["thread_ts"]) == ("C0OPS", "1.000001")
    assert "x works again, after 0 min. Failed runs: 2. Alerts kept back meanwhile: 1." in mended["text"]
    failed(SetupError("Broken."))
    assert len(slack.posted) == 3


def test_an_outage_that_operators_could_not_be_told_of_is_told_by_the_next_failure(slack):
    slack.broken = True
    failed(SetupError("Broken."))
    slack.broken = False
    failed(SetupError("Broken."))

    assert len(slack.posted) == 2


def test_without_the_store_only_the_second_failure_in_a_row_says_nothing_new(slack, monkeypatch, tmp_path):
    (tmp_path / "var").write_text("no folder")
    failed(SetupError("Still broken."), before=SimpleNamespace(state="failed"))
    assert slack.posted == []
    failed(SetupError("Broken."))
    failed(SetupError("Broken."), task="other")

    assert len(slack.posted) == 2


def test_a_lost_alert_neither_raises_nor_is_sent_twice(slack):
    slack.broken = True

    failed(SetupError("Broken."))

    assert len(slack.posted) == 1


def test_without_a_channel_nobody_is_told(slack, monkeypatch, tmp_path):
    config = tmp_path / "quiet.yaml"
    config.write_text("organisation: {name: Acme}\n")
    monkeypatch.setenv("HUB_CONFIG", str(config))

    failed(SetupError("Broken."))

    assert slack.posted == []
