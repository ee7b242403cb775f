"""Processes are started apart from us, and ended with all their children; a stranger is never touched."""

import os
import sys
import time

import psutil
import pytest

from hub.launcher.processes import Process, start, stop

DEAF = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def started(tmp_path):
    """Starts processes for a test and leaves none behind."""
    made = []

    def begin(code, name="part"):
        log = tmp_path / f"{name}.log"
        made.append(start(name, [sys.executable, "-c", code], environ=dict(os.environ), folder=tmp_path, log=log))
        return made[-1], log

    yield begin
    stop(made, patience=0.2)


def first_line(log, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if "\n" in (text := log.read_text()):
            return text.splitlines()[0]
        time.sleep(0.02)
    raise AssertionError(f"nothing was written to {log}")


def test_a_process_runs_in_a_session_of_its_own(started):
    process, log = started("import os; print(os.getsid(0), flush=True); import time; time.sleep(60)")

    assert int(first_line(log)) == process.pid
    assert process.seen() is not None
    assert process.megabytes() > 1


def test_a_process_that_ends_when_asked_is_not_waited_for(started):
    process, _ = started("import time; time.sleep(60)")
    began = time.monotonic()

    stop([process], patience=30)

    assert process.seen() is None
    assert time.monotonic() - began < 10


def test_a_deaf_process_is_ended_with_its_children(started):
    process, log = started(DEAF)
    child = psutil.Process(int(first_line(log)))

    stop([process], patience=0.5)

    assert process.seen() is None
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE  # nobody may collect it here


def test_stopping_twice_does_no_harm(started):
    process, _ = started("import time; time.sleep(60)")
    told = []

    stop([process], patience=5, told=told.append)
    stop([process], patience=5, told=told.append)

    assert told == ["part"]


def test_a_stranger_with_the_same_number_is_neither_seen_nor_signalled(started):
    stranger, _ = started("import time; time.sleep(60)")
    ours = Process(name="part", pid=stranger.pid, began=stranger.began - 3600)

    stop([ours], patience=0.5)

    assert ours.seen() is None
    assert stranger.seen() is not None


def test_the_log_of_the_start_before_is_kept(started):
    started("print('first', flush=True)")
    time.sleep(0.5)
    _, log = started("print('second', flush=True)")

    assert first_line(log) == "second"
    assert log.with_suffix(".old.log").read_text() == "first\n"
