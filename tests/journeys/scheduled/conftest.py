"""A whole hub for stories: sandbox, Airflow and everything between, booted once for all of them."""

import json
import os
import socket
import time

import pytest

from hub.launcher import down, up
from hub.settings import Settings
from hub.store import Store
from sandbox.process import Control

PATIENCE = 180  # seconds until the first posts must have become work, on a busy machine


class RunningHub:
    """The hub under test, and the questions that stories ask it."""

    def __init__(self, running, settings):
        self.running, self.settings = running, settings
        self.airflow = running.airflow()
        self.sandbox = Control(running.sandbox)

    @property
    def password(self):
        return json.loads(self.running.password_file.read_text())[self.running.user]

    def look(self):
        """The store at this moment."""
        return Store.open(self.settings.store)

    def made(self):
        """How many things people would see, by system."""
        places = {"leads": "salesforce", "tickets": "zendesk", "messages": "slack"}
        return {table: len(self.sandbox.state(system, table)) for table, system in places.items()}

    def settled(self):
        """True when something was handed over and nothing waits any more."""
        with self.look() as store, store.read() as view:
            counts, balance = view.outbox.counts(), view.ledger.balance()
            waiting = view.batches.pending() + balance.pending + counts.get("pending", 0) + counts.get("in_doubt", 0)
        return bool(counts.get("done")) and not waiting

    def wait(self, seconds=PATIENCE):
        """Until it is settled twice in a row, a few seconds apart."""
        deadline = time.monotonic() + seconds
        calm = 0
        while calm < 2:
            assert time.monotonic() < deadline, f"not settled after {seconds} s: {self.made()}"
            calm = calm + 1 if self.settled() else 0
            time.sleep(2)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def running_hub(tmp_path_factory):
    """Booted as `hub up --sandbox` does it, with its state in a folder whose name holds a space."""
    var = tmp_path_factory.mktemp("state of the hub")
    settings = Settings(var=str(var), airflow_port=free_port(), sandbox_port=free_port())
    with pytest.MonkeyPatch.context() as patch:  # for the boot only: other tests of this worker want their variables
        for name in [name for name in os.environ if name.startswith(("AIRFLOW", "HUB_"))]:
            patch.delenv(name)
        running = up(sandbox=True, preload=True, settings=settings)
    try:
        yield RunningHub(running, settings)
    finally:
        down(settings=settings)
