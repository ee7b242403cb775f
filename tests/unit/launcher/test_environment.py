"""What the hub's processes are told, and what they are never told."""

import configparser
from pathlib import Path

import pytest

from hub.launcher.environment import environment
from hub.launcher.places import Places

REPO = Path(__file__).resolve().parents[3]


@pytest.fixture
def places(tmp_path):
    return Places(home=tmp_path, var=tmp_path / "var")


def test_airflow_talks_to_itself_past_any_proxy(places):
    told = environment(places, port=8080, base={"NO_PROXY": "intranet.test", "HTTPS_PROXY": "http://proxy.test"})

    assert told["NO_PROXY"].split(",") == ["intranet.test", "127.0.0.1", "localhost"]
    assert told["no_proxy"] == told["NO_PROXY"]


def test_what_an_operator_has_set_stays(places):
    chosen = {"HUB_LINK_BASE": "https://hub.acme.test", "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1"}

    told = environment(places, port=8080, sandbox={}, base=chosen)

    assert chosen.items() <= told.items()


def test_another_airflow_does_not_leak_in(places):
    told = environment(places, port=8080, base={"AIRFLOW_CONFIG": "/other/airflow.cfg", "AIRFLOW_HOME": "/other"})

    assert "AIRFLOW_CONFIG" not in told
    assert told["AIRFLOW_HOME"] == str(places.home)


def test_state_elsewhere_takes_the_database_and_the_logs_with_it(places, tmp_path):
    elsewhere = Places(home=tmp_path, var=tmp_path / "state of the hub")

    told = environment(elsewhere, port=8080, base={})

    assert told["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{elsewhere.var}/airflow.db?timeout=30"
    assert told["AIRFLOW__LOGGING__BASE_LOG_FOLDER"].startswith(str(elsewhere.var))
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in environment(places, port=8080, base={})


def test_only_the_sandbox_is_read_every_few_seconds(places):
    assert "HUB_POLL_SECONDS" in environment(places, port=8080, sandbox={}, base={})
    assert "HUB_POLL_SECONDS" not in environment(places, port=8080, base={})


def test_no_secret_stands_in_the_environment(places):
    told = environment(places, port=8080, preload=True, base={})

    assert not [name for name in told if "SECRET" in name or "FERNET" in name or "PASSWORD" in name]


def test_the_committed_settings_are_safe():
    cfg = configparser.ConfigParser(interpolation=None)
    cfg.read(REPO / "airflow.cfg")

    assert cfg["api"]["host"] == "127.0.0.1"
    assert cfg["core"]["load_examples"] == "False"
    assert "simple_auth_manager_all_admins" not in cfg["core"]
    secrets = [option for section in cfg for option in cfg[section] if "secret" in option or "fernet" in option]
    assert secrets
    assert all(option.endswith("_cmd") for option in secrets)
