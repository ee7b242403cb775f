"""Up and down where they must refuse, or find things as a crash left them; the journeys boot for real."""

import fcntl
import os
import socket

import pytest

from hub.errors import SetupError
from hub.launcher import down, record, status, up
from hub.launcher.boot import PARTS
from hub.launcher.listener import LISTENER, listened
from hub.launcher.places import Places, write_private
from hub.launcher.processes import Process, python, start, stop
from hub.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(var=str(tmp_path / "var"), airflow_port=free_port(), sandbox_port=free_port())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_stopping_what_does_not_run_does_no_harm(settings):
    assert down(settings=settings) is False
    assert down(settings=settings) is False
    assert status(settings).running is False


def test_a_taken_port_stops_the_start_before_anything_has_begun(settings):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", settings.airflow_port))
        listener.listen()

        with pytest.raises(SetupError, match=f"Port {settings.airflow_port} for Airflow is taken"):
            up(sandbox=False, settings=settings)

    assert status(settings).running is False
    assert not Places.of(settings).log("scheduler").exists()


def test_two_starts_at_once_do_not_mix(settings):
    places = Places.of(settings)
    places.make()
    with (places.record.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(SetupError, match="starting or stopping"):
            up(sandbox=False, settings=settings)


def test_a_record_from_before_a_restart_of_the_machine_is_cleared_away(settings):
    places = Places.of(settings)
    places.make()
    left = Process(name="scheduler", pid=os.getpid(), began=1.0)
    record.Record(port=8080, processes=(left,)).save(places)

    assert status(settings).running is False
    assert down(settings=settings) is False
    assert not places.record.exists()


def test_a_torn_record_is_as_good_as_none(settings):
    places = Places.of(settings)
    places.make()
    write_private(places.record, '{"port": 80')

    assert record.read(places) is None
    assert down(settings=settings) is False


SLEEPING = ("-c", "import time; time.sleep(600)")


@pytest.fixture
def half(settings, tmp_path):
    """A hub of which some parts have ended, played by processes that do nothing."""
    places = Places.of(settings)
    places.make()
    parts = [start(name, python(*SLEEPING), environ={}, folder=tmp_path, log=places.log(name)) for name in PARTS]
    record.Record(port=settings.airflow_port, processes=tuple(parts)).save(places)
    yield {part.name: part for part in parts}
    down(settings=settings)


def test_a_whole_hub_is_left_as_it_runs(settings, half):
    assert up(sandbox=False, settings=settings).already is True
    assert all(part.seen() for part in half.values())


def test_only_the_part_that_has_ended_is_started(settings, half, tmp_path, monkeypatch):
    (tmp_path / "hub.yaml").write_text(
        "organisation: {name: Acme, timezone: UTC}\nsubjects: [{name: Acme, kind: brand}]\n"
    )
    settings = settings.with_(config=str(tmp_path / "hub.yaml"))
    monkeypatch.setattr("hub.launcher.boot.PARTS", {**PARTS, "scheduler": ("version",)})  # a part that ends at once
    stop([half["scheduler"]], patience=1)

    running = up(sandbox=False, wait=False, settings=settings)

    assert running.already is False
    kept = {part.name: part for part in record.read(Places.of(settings)).processes}
    assert kept.keys() == half.keys()
    assert {name for name in kept if kept[name] != half[name]} == {"scheduler"}


def test_a_hub_on_another_port_is_started_anew(settings, half):
    stop([half["scheduler"]], patience=1)

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(SetupError, match="is taken"):
            up(sandbox=False, port=listener.getsockname()[1], settings=settings)

    assert not any(part.seen() for part in half.values())


@pytest.mark.parametrize(("connection", "name"), [
    ('{"conn_type": "slack", "password": "xoxb-1", "extra": {"app_token": "xapp-1"}}', "slack"),
    ('{"conn_type": "slack", "password": "xoxb-1", "extra": "{\\"app_token\\": \\"xapp-1\\"}"}', "slack"),
    ('{"conn_type": "slack", "password": "xoxb-1"}', None),
    ("{this is no JSON", None),
    ("", None),
])  # fmt: skip
def test_buttons_are_listened_to_where_the_connection_has_a_token_for_it(connection, name):
    assert listened({"AIRFLOW_CONN_SLACK_DEFAULT": connection}) == name


def test_a_listener_that_has_ended_is_started_again_and_holds_up_nothing(settings, half, tmp_path, monkeypatch):
    (tmp_path / "hub.yaml").write_text("organisation: {name: Acme, timezone: UTC}\n")
    settings = settings.with_(config=str(tmp_path / "hub.yaml"))
    facts = '{"conn_type": "slack", "password": "xoxb-1", "extra": {"app_token": "xapp-1"}}'
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_DEFAULT", facts)
    places = Places.of(settings)
    ended = Process(name=LISTENER, pid=os.getpid(), began=1.0)
    record.Record(port=settings.airflow_port, processes=(*half.values(), ended)).save(places)

    running = up(sandbox=False, wait=False, settings=settings)

    (listener,) = [part for part in record.read(places).processes if part.name == LISTENER]
    assert running.already is False
    assert listener.pid != ended.pid
    assert [part.name for part in record.read(places).processes][-1] == LISTENER
    assert down(settings=settings) is True
    assert listener.seen() is None
