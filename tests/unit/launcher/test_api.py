"""Airflow's API is spoken to directly, as one user, and its refusals get our names."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import connectors
from hub.errors import AccessDenied, SetupError, Unavailable
from hub.launcher import Airflow, boot
from hub.launcher.boot import _Boot
from hub.launcher.record import Record
from hub.settings import Settings


class Played(BaseHTTPRequestHandler):
    """Answers as Airflow does, as far as these tests ask."""

    def do_GET(self):
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        answers = {
            "/api/v2/monitor/health": (
                200,
                {"scheduler": {"status": "healthy"}, "triggerer": {"status": None}},
            ),
            "/api/v2/pools?limit=100": (200, {"pools": [{"name": "known"}]}),
            "/api/v2/dags/slow/dagRuns/1": (200, {"state": "running"}),
            "/api/v2/dags/done/dagRuns/1": (200, {"state": "success"}),
            "/api/v2/dags/broken/dagRuns/1": (500, {}),
        }
        self.reply(*answers.get(self.path, (404, {"detail": "not found"})))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, body))
        if self.path == "/auth/token":
            right = body == {"username": "admin", "password": "right"}
            self.reply(*((201, {"access_token": "token-1"}) if right else (401, {"detail": "no"})))
        elif self.path == "/api/v2/pools" and self.server.busy:
            self.server.busy -= 1
            self.reply(500, {"detail": "database is locked"})
        else:
            self.reply(201, body)

    def reply(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Played) as server:
        server.seen, server.busy = [], 0
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def airflow(server):
    return Airflow(f"http://127.0.0.1:{server.server_port}", user="admin", password="right")


def test_health_needs_no_log_in_and_leaves_out_what_does_not_run(airflow, server):
    assert airflow.health() == {"scheduler": "healthy"}
    assert server.seen == [("/api/v2/monitor/health", None)]


def test_one_log_in_serves_many_requests(airflow, server):
    airflow.wait("done", "1")
    airflow.wait("done", "1")

    assert [path for path, _ in server.seen].count("/auth/token") == 1
    assert server.seen[-1] == ("/api/v2/dags/done/dagRuns/1", "Bearer token-1")


def test_a_proxy_of_the_environment_is_left_aside(airflow, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert airflow.health()


def test_a_pool_that_exists_is_left_as_it_is(airflow, server):
    airflow.ensure_pool("known", slots=2, description="")
    airflow.ensure_pool("new", slots=2, description="")

    made = [body["name"] for path, body in server.seen if path == "/api/v2/pools"]
    assert made == ["new"]


def test_a_run_that_does_not_end_is_not_waited_for_for_ever(airflow):
    with pytest.raises(Unavailable, match="has not ended"):
        airflow.wait("slow", "1", seconds=0.2)


def test_refusals_are_named_by_what_to_do_next(airflow, server):
    stranger = Airflow(airflow.address, user="admin", password="wrong")

    with pytest.raises(AccessDenied):
        stranger.dags()
    with pytest.raises(Unavailable):
        airflow.wait("broken", "1")
    with pytest.raises(SetupError, match="404"):
        airflow.get("/api/v2/nowhere")


def test_silence_is_unavailable(airflow):
    with pytest.raises(Unavailable, match="gave no answer"):
        Airflow("http://127.0.0.1:1").health()


def booting(server, tmp_path, timeout):
    return _Boot(Settings(var=str(tmp_path)), Record(port=server.server_port), lambda _: None, timeout)


def test_pools_are_made_as_soon_as_airflow_can_write(airflow, server, tmp_path, monkeypatch):
    monkeypatch.setattr(boot, "PATIENCE", 0.01)
    server.busy = 2

    booting(server, tmp_path, timeout=60).make_pools(airflow)

    asked = [body["name"] for path, body in server.seen if path == "/api/v2/pools"]
    assert server.busy == 0
    assert set(asked) == {manifest.name for manifest in connectors.manifests()}
    assert len(asked) == len(set(asked)) + 2


def test_an_airflow_that_never_can_is_told_in_time(airflow, server, tmp_path):
    server.busy = 1

    with pytest.raises(Unavailable, match="pools could not be made in time"):
        booting(server, tmp_path, timeout=0).make_pools(airflow)
