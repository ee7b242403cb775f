"""A whole hub for stories and faults: sandbox, Airflow and all between, and the questions that are asked of it."""

import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from hub.launcher import down, up
from hub.launcher.boot import Running
from hub.settings import Settings
from hub.store import Store
from sandbox.process import Control

PATIENCE = 180  # seconds until the first posts must have become work, on a busy machine


class RunningHub:
    """The hub under test, and the questions that stories ask it."""

    def __init__(self, running: Running, settings: Settings) -> None:
        self.running, self.settings = running, settings
        self.airflow = running.airflow()
        self.sandbox = Control(str(running.sandbox))

    @property
    def password(self) -> str:
        """The administrator's, as it was made for this hub."""
        return str(json.loads(self.running.password_file.read_text())[self.running.user])

    def look(self) -> Store:
        """The store at this moment."""
        return Store.open(self.settings.store)

    def made(self) -> dict[str, int]:
        """How many things people would see, by system."""
        places = {"leads": "salesforce", "tickets": "zendesk", "messages": "slack"}
        return {table: len(self.sandbox.state(system, table)) for table, system in places.items()}

    def settled(self) -> bool:
        """True when something was handed over and nothing waits any more."""
        with self.look() as store, store.read() as view:
            counts, balance = view.outbox.counts(), view.ledger.balance()
            waiting = view.batches.pending() + balance.pending + counts.get("pending", 0) + counts.get("in_doubt", 0)
        return bool(counts.get("done")) and not waiting

    def wait(self, seconds: float = PATIENCE) -> None:
        """Until it is settled twice in a row, a few seconds apart."""
        deadline = time.monotonic() + seconds
        calm = 0
        while calm < 2:
            assert time.monotonic() < deadline, f"not settled after {seconds} s: {self.made()}"
            calm = calm + 1 if self.settled() else 0
            time.sleep(2)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def booted(settings: Settings, **environ: str) -> Iterator[RunningHub]:
    """A hub as `hub up --sandbox` boots it, and with these variables; stopped at the end."""
    with as_its_own(environ):
        running = up(sandbox=True, preload=True, timeout=900, settings=settings)
    try:
        yield RunningHub(running, settings)
    finally:
        down(settings=settings)


@contextmanager
def as_its_own(environ: Mapping[str, Any]) -> Iterator[None]:
    """These variables and none that other tests of this process have set: for the boot, afterwards it is as before."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AIRFLOW", "HUB_"))]:
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        yield
