"""The hub under a real Airflow, and what a test may do to it and ask of it."""

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests
import sqlalchemy as sa
import yaml

from hub.errors import SetupError
from hub.launcher import record, up
from hub.launcher.places import Places
from hub.settings import Settings
from hub.store import OutboxRow, tables
from tests.faults.airflow.canaries import Canaries
from tests.faults.airflow.database import Database
from tests.faults.checker import Thing, Verdict, judge, thing_of
from tests.journeys.booted import RunningHub, as_its_own, booted, free_port

REPO = Path(__file__).resolve().parents[3]
LEASE_SECONDS = 14
SOON = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",  # shipped: 300 s
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
    "HUB_LEASE_SECONDS": str(LEASE_SECONDS),
    "HUB_POLL_SECONDS": "900",  # a test reads a network when it has said something there
}
"""A death is noticed within seconds, and the timers leave the machine to what is tested."""

COMPLAINT = "@acme my Brew One number {number} arrived broken and leaks, terrible service, I want my money back #acme"
PURCHASE = "@acme where can I buy the Brew Pro number {number}? I want to order one today, take my money #acme"
LEADS = "*/composite/*"  # what makes leads
PATIENCE = 300.0  # seconds; what takes longer is broken, on a busy machine too


@dataclass(frozen=True)
class Witness:
    """What the sandbox holds and was asked, as the judge reads it."""

    hub: "Driven"

    def rows(self, system: str, table: str) -> list[dict[str, Any]]:
        """One table of a played system."""
        return self.hub.sandbox.state(system, table)

    def requests(self, system: str | None = None) -> list[dict[str, Any]]:
        """The requests that reached a system, but for log-ins."""
        lines = self.hub.sandbox.journal(system=system, event="request")
        return [line for line in lines if not line["path"].startswith(("/oauth", "/services/oauth2"))]


class Driven(RunningHub):
    """A running hub that is harmed."""

    def __init__(
        self, hub: RunningHub, environ: dict[str, str], config: Path, dags: Path, database: Database | None
    ) -> None:
        super().__init__(hub.running, hub.settings)
        self.environ, self.config, self.dags, self.database = environ, config, dags, database
        self.said: dict[str, str] = {}  # what each post made of it said, by the kind of work that it must become
        self._number = 0

    # What people say, and what becomes of it.

    def say(self, text: str = COMPLAINT, *, network: str = "x") -> str:
        """Somebody says this; returns the words."""
        self._number += 1
        words = text.format(number=f"{self._number:03d}")
        self.sandbox.add_post(network=network, author=f"caller{self._number}", text=words)
        self.said[words] = "lead" if "order one" in words else "ticket"
        return words

    def read(self, network: str = "x") -> str:
        """Read a network now, without waiting for the timer."""
        return self.airflow.trigger(f"collect_{network}")

    def there(self, words: str) -> int:
        """How many objects of the one kind were made of these words."""
        if self.said[words] == "lead":
            return sum(words[:60] in str(row.get("Description")) for row in self.sandbox.state("salesforce", "leads"))
        return sum(words[:60] in str(row.get("body")) for row in self.sandbox.state("zendesk", "comments"))

    def calm_down(self) -> None:
        """Until every watch was read once, and nothing waits."""
        wanted = {watch["network"] for watch in yaml.safe_load(self.config.read_text())["watches"]}

        def read() -> bool:
            with self.look() as store, store.read() as view:
                return wanted == {state.network for state in view.watches.listing() if state.polled_at}

        self.until(read, "every network was read")
        self.quiet()

    def quiet(self) -> None:
        """Until nothing waits: no batch, no delivery."""
        self.until(lambda: not self.waits(), "nothing waits")

    def waits(self) -> bool:
        """Whether anything is not finished; as many rows as there are cost the same."""
        with self.look() as store, store.read() as view:
            counts = view.outbox.counts()
            return bool(view.batches.pending() or counts.get("pending") or counts.get("in_doubt"))

    def waiting(self) -> list[Any]:
        """What is not finished."""
        with self.look() as store, store.read() as view:
            return [
                *range(view.batches.pending()),
                *(row for row in self.rows() if row.state in ("pending", "in_doubt")),
            ]

    def rows(self) -> list[OutboxRow]:
        """What was intended, newest first."""
        with self.look() as store, store.read() as view:
            return view.outbox.recent(limit=100_000)

    def until(self, true: Callable[[], Any], what: str, *, seconds: float = PATIENCE) -> float:
        """Wait for it; returns the seconds that it took."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < seconds, (
                f"{what}: not within {seconds:g} s; waiting: {self.waiting()[:5]}"
            )
            time.sleep(0.3)
        return time.monotonic() - began

    # The judgement, by what the sandbox holds.

    def verdict(self) -> Verdict:
        """Lost, doubled, ghosts, repeats on doubt."""
        expected: dict[Thing, str | None] = {}
        for row in reversed(self.rows()):
            if row.state not in ("superseded", "cancelled"):
                expected[thing_of(row.destination, row.object, row.external_id)] = row.digest
        return judge(Witness(self), expected)  # type: ignore[arg-type]  # all that the judge asks of it

    def assert_exactly_once(self) -> None:
        """Everything that was said is there once, and nothing else."""
        self.quiet()
        found = self.verdict()
        assert found == Verdict(), found
        assert {words: self.there(words) for words in self.said} == dict.fromkeys(self.said, 1)
        with self.look() as store, store.read() as view:
            assert view.ledger.balance().differences == {}
            assert view.ledger.unbalanced() == []

    # Processes.

    def process(self, name: str) -> psutil.Process:
        """One part of the hub."""
        found = record.read(Places.of(self.settings))
        part = found and found.process(name)
        process = part and part.seen()
        assert process, f"{name} does not run"
        return process

    def end(self, name: str) -> None:
        """Kill one part, and see it gone."""
        part = self.process(name)
        kill(part)
        self.until(lambda: not alive(part.pid), f"{name} is gone")

    def heal(self) -> None:
        """What an operator does when something has ended: `hub up`, and once more if another part ended meanwhile."""
        with as_its_own(self.environ):
            try:
                up(sandbox=True, preload=True, timeout=600, settings=self.settings)
            except SetupError:
                up(sandbox=True, preload=True, timeout=600, settings=self.settings)

    def running_task(self, dag: str, task: str, *, pid: int | None = None) -> dict[str, Any] | None:
        """A running task of this name, and of this process if one is named."""
        found = self.airflow.get(
            f"/api/v2/dags/{dag}/dagRuns/~/taskInstances", state="running", order_by="-start_date", limit=50
        )["task_instances"]
        return next((one for one in found if one["task_id"] == task and pid in (None, one["pid"])), None)

    def caught(self, *, seconds: float = 10) -> tuple[dict[str, Any], psutil.Process]:
        """A task that hands over a lead, held still: Salesforce has taken the lead and not said so yet."""
        mark = self.sandbox.mark()
        self.sandbox.fault(system="salesforce", kind="late", path_glob=LEADS, seconds=seconds, times=1)
        self.say(PURCHASE)
        self.read()

        def asked() -> bool:
            return any(line.get("fault") == "late" for line in self.sandbox.journal(mark, system="salesforce"))

        self.until(asked, "Salesforce is asked")
        process = psutil.Process(self._worker("salesforce"))
        process.send_signal(signal.SIGSTOP)
        task = self.running_task("deliver", "salesforce", pid=process.pid)
        assert task, "the task that has asked is not running any more"
        return task, process

    def _worker(self, destination: str) -> int:
        """The process that has claimed what is in doubt now."""
        columns = tables.outbox.c
        claimed = sa.select(columns.worker).where(columns.destination == destination, columns.state == "in_doubt")
        with self.look() as store, store.read() as view:
            name = view.connection.execute(claimed).scalar_one()
        return int(name.partition(":")[2].partition("/")[0])

    def page(self, path: str = "/") -> requests.Response:
        """A page of the command centre, as the administrator sees it."""
        session = requests.Session()
        session.trust_env = False
        address = self.running.address
        log_in = {"username": self.running.user, "password": self.password}
        token = session.post(f"{address}/auth/token", json=log_in, timeout=60).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
        return session.get(f"{address}/command-centre{path}", headers=headers, timeout=60)


def kill(*processes: psutil.Process) -> None:
    """As the kernel does when memory runs out: no last words."""
    for process in processes:
        process.send_signal(signal.SIGKILL)


def resume(process: psutil.Process) -> None:
    """What was held still goes on, if it is still there."""
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGCONT)


@contextmanager
def driven(folder: Path, canaries: Canaries, database: Database | None) -> Iterator[Driven]:
    """Boot it; stopped at the end, whatever a test has done to it."""
    config, dags = folder / "hub.yaml", folder / "dags"
    config.write_text(yaml.safe_dump(configuration()))
    shutil.copytree(REPO / "dags", dags, ignore=shutil.ignore_patterns("__pycache__", "refresh.py", "upkeep.py"))
    environ = {**SOON, **canaries.environ(), "AIRFLOW__CORE__DAGS_FOLDER": str(dags), "HUB_CONFIG": str(config)}
    store_url = ""
    if database:
        for name in ("hub", "airflow"):
            database.add(name, canaries[PASSWORD_OF[name]])
        store_url = database.url("hub", canaries[PASSWORD_OF["hub"]])
        airflow_url = database.url("airflow", canaries[PASSWORD_OF["airflow"]], driver="psycopg2")
        environ |= {"HUB_STORE_URL": store_url, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": airflow_url}
    settings = Settings(
        var=str(folder / "var"), config=str(config), store_url=store_url,
        airflow_port=free_port(), sandbox_port=free_port(),
    )  # fmt: skip
    with booted(settings, **environ) as running:
        yield Driven(running, environ, config, dags, database)


PASSWORD_OF = {
    "hub": "password in the URL of the store",
    "airflow": "password in the URL of Airflow's database",
}


def configuration() -> dict[str, Any]:
    """Acme's, with its past as history, and an alert for each complaint."""
    told: dict[str, Any] = yaml.safe_load((REPO / "sandbox" / "hub.yaml").read_text())
    told["triage"] = {"first_run_hours": 0}
    told["detection"] = {"enabled": False}
    told["routes"] = [
        {
            "name": "complaint-alert", "makes": "Alert", "team": "communications", "severity": "`7`",
            "when": "signal.intent == 'complaint' && signal.confidence >= `0.6`", "title": "'Complaint'",
        }
    ]  # fmt: skip
    return told


def alive(pid: int) -> bool:
    """Whether this process still runs."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
