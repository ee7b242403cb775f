"""Plain and hostile mistakes: each ends in one clear sentence with the remedy, no traceback, and nothing is lost."""

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from sandbox.process import SandboxProcess
from tests.journeys import flow

pytestmark = pytest.mark.slow

WRONG_SETUP, OTHER_SIDE_DOWN = 2, 3


def told(run: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """The command ended with this code and said these words, without a traceback."""
    everything = run.stdout + run.stderr
    assert "Traceback" not in everything, everything
    assert run.returncode == code, everything
    for word in words:
        assert word in everything, everything


def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    """Acme's configuration with one thing changed."""
    text = Path(os.environ["HUB_CONFIG"]).read_text()
    assert old in text
    (tmp_path / "hub.yaml").write_text(text.replace(old, new))
    monkeypatch.setenv("HUB_CONFIG", str(tmp_path / "hub.yaml"))


@pytest.fixture
def only_x(tmp_path: Path) -> Path:
    """A configuration that asks one network, which needs a connection: strangers' networks would be tried for long."""
    path = tmp_path / "only-x.yaml"
    path.write_text("organisation: {name: Acme}\nwatches: [{network: x, kind: keyword, value: acme}]\n")
    return path


@pytest.mark.usefixtures("hub_env")
def test_a_wrong_password_names_the_connection_and_the_others_go_on(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = os.environ["AIRFLOW_CONN_X_DEFAULT"]
    monkeypatch.setenv("AIRFLOW_CONN_X_DEFAULT", json.dumps({"conn_type": "http", "password": "CANARY-WRONG"}))

    run = flow.hub("run")

    told(run, WRONG_SETUP, "X refused our access (401)", "x_default")
    assert "CANARY-WRONG" not in run.stdout + run.stderr
    assert flow.made(sandbox)["ticket"]
    monkeypatch.setenv("AIRFLOW_CONN_X_DEFAULT", right)
    assert flow.hub("run").returncode == 0
    assert flow.keys_in_the_store() == flow.keys_in_the_world()
    flow.assert_exactly_once(sandbox)


@pytest.mark.usefixtures("hub_env")
def test_a_wrong_secret_of_a_destination_stops_only_that_one(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"conn_type": "slack", "password": "xoxb-CANARY", "extra": {"channel": "#social-alerts"}}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_DEFAULT", json.dumps(wrong))
    sandbox.control.add_post(
        network="x", author="zoe", text="WARNING: my Brew One caught fire, dangerous! @acme recall?"
    )

    run = flow.hub("run")

    told(run, WRONG_SETUP, "slack")
    assert "xoxb-CANARY" not in run.stdout + run.stderr
    assert flow.made(sandbox)["ticket"]
    assert flow.assert_balanced().valid > 0


@pytest.mark.usefixtures("hub_env")
def test_an_unknown_kind_of_watch_says_which_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(tmp_path, monkeypatch, "kind: hashtag", "kind: smell")

    told(flow.hub("run"), WRONG_SETUP, "Mastodon cannot watch a 'smell'", "hashtag, profile, mention")


@pytest.mark.usefixtures("hub_env")
def test_a_broken_configuration_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(tmp_path, monkeypatch, "organisation: {name: Acme", "organisation: {nmae: Acme")

    told(flow.hub("run"), WRONG_SETUP, "hub.yaml cannot be used", "nmae", "$.organisation")


@pytest.mark.usefixtures("hub_env")
def test_a_broken_route_names_the_route(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routes = 'routes:\n  - {name: odd, makes: Lead, when: "signal.intent =="}\n\nwatches:'
    configured(tmp_path, monkeypatch, "watches:", routes)

    told(flow.hub("run"), WRONG_SETUP, "route odd, when")


@pytest.mark.usefixtures("sandbox")
def test_a_broken_mapping_names_file_field_and_remedy(
    sandbox: SandboxProcess, hub_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "checkout"
    for room in ("hub", "connectors", "sandbox", "mappings"):
        shutil.copytree(flow.REPO / room, home / room, ignore=shutil.ignore_patterns("__pycache__"))
    mapping = home / "mappings" / "x.yaml"
    sound = mapping.read_text()
    mapping.write_text(sound.replace("decode_entities(", "decode_entitles(", 1))
    assert mapping.read_text() != sound
    monkeypatch.setenv("PYTHONPATH", str(home))

    command = ["-c", "from hub.cli import main; main()", "run"]
    run = subprocess.run([*flow.python(), *command], cwd=home, capture_output=True, text=True, timeout=120, check=False)

    told(run, WRONG_SETUP, "mappings/x.yaml", "text", "decode_entities")
    assert flow.hub("run", PYTHONPATH=str(flow.REPO)).returncode == 0  # what had landed is not lost
    assert flow.keys_in_the_store() == flow.keys_in_the_world()


def test_without_a_sandbox_and_connections_it_says_what_to_set(only_x: Path, tmp_path: Path) -> None:
    run = flow.hub("run", HUB_VAR=str(tmp_path / "var"), HUB_CONFIG=str(only_x))

    told(run, WRONG_SETUP, "x_default", "AIRFLOW_CONN_X_DEFAULT")


def test_without_a_configuration_it_says_how_to_make_one(tmp_path: Path) -> None:
    run = flow.hub("run", HUB_VAR=str(tmp_path / "var"), HUB_CONFIG=str(tmp_path / "hub.yaml"))

    told(run, WRONG_SETUP, "hub init")


def test_a_sandbox_that_is_gone_is_the_other_side_down(
    sandbox: SandboxProcess, hub_env: dict[str, str], only_x: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_CONFIG", str(only_x))
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{nobody.getsockname()[1]}")

        told(flow.hub("run"), OTHER_SIDE_DOWN, "cannot be reached")


def test_a_taken_port_says_which_and_how_to_choose_another(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        run = flow.hub("sandbox", "--port", str(port), HUB_VAR=str(tmp_path / "var"))

    told(run, WRONG_SETUP, f"Port {port} is taken", "HUB_SANDBOX_PORT")


@pytest.mark.usefixtures("hub_env")
def test_an_expired_token_is_renewed_once_and_nothing_is_doubled(sandbox: SandboxProcess) -> None:
    assert flow.hub("run").returncode == 0
    sandbox.control.advance(3 * 86_400)
    before = sandbox.control.mark()
    sandbox.control.add_post(network="x", author="ula", text="Which espresso machine should I buy? The Brew Pro?")

    run = flow.hub("run")

    assert "Traceback" not in run.stderr
    logins = [line for line in sandbox.control.journal(before, event="logged in") if line["system"] == "salesforce"]
    assert len(logins) <= 1


@pytest.mark.usefixtures("hub_env")
def test_a_full_disk_says_so_and_the_next_run_goes_on(sandbox: SandboxProcess) -> None:
    limited = [
        "bash",
        "-c",
        'ulimit -f 8; exec "$@"',
        "bash",
        *flow.python(),
        "-c",
        "from hub.cli import main; main()",
        "run",
    ]

    full = subprocess.run(limited, cwd=flow.REPO, capture_output=True, text=True, timeout=120, check=False)

    assert full.returncode != 0
    assert "Traceback" not in full.stderr, full.stderr
    assert flow.hub("run").returncode == 0
    assert flow.keys_in_the_store() == flow.keys_in_the_world()
    flow.assert_exactly_once(sandbox)


def test_what_the_sandbox_made_is_not_mixed_with_the_real_world(tmp_path: Path) -> None:
    (tmp_path / "var" / "sandbox").mkdir(parents=True)

    for command in (["run"], ["up", "--no-sandbox"]):
        told(
            flow.hub(*command, HUB_VAR=str(tmp_path / "var")), WRONG_SETUP, "no sandbox is running", "make clean-state"
        )
