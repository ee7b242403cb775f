"""Up and down: from nothing to an Airflow that answers, and back to nothing.

    secrets ─▶ sandbox, database ─▶ API server, scheduler, DAG processor ─▶ healthy ─▶ pools ─▶ DAGs read ─▶ listener

The triggerer has nothing of ours to do, but operators may add DAGs that defer, and Airflow's home page shows a
missing one in red; it is started last, and nobody waits for it. The processes are not ours to keep alive: each is
in a session of its own and outlives the command that started it.
"""

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.errors import SetupError, Unavailable
from hub.launcher import credentials, ports, record
from hub.launcher.api import Airflow
from hub.launcher.environment import environment
from hub.launcher.listener import LISTENER, await_listener, listened, start_listener
from hub.launcher.places import Places
from hub.launcher.pools import ensure_pools
from hub.launcher.processes import Process, python, start, stop
from hub.launcher.record import Record
from hub.launcher.world import SANDBOX, await_sandbox, start_sandbox
from hub.settings import Settings, load_config, read_settings, variable

PARTS = {
    "scheduler": ("scheduler", "--skip-serve-logs"),  # its log server would listen on every address
    "triggerer": ("triggerer", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "api-server": ("api-server",),
}
LAST = "triggerer"
"""The scheduler comes first and is stopped first: its tasks end while the server they report to still answers."""
NEEDED = ("metadatabase", "scheduler", "dag_processor")
PATIENCE = 0.25  # seconds between two looks
STOP_SECONDS = 6.0  # then a part is ended for good; a task that is cut off leaves claims that run out

Say = Callable[[str], None]


@dataclass(frozen=True)
class Running:
    """A hub that answers."""

    address: str
    user: str
    password_file: Path
    sandbox: str | None
    seconds: float
    already: bool = False  # it had been running before

    def airflow(self) -> Airflow:
        """Airflow's API, signed in as the administrator."""
        return Airflow(self.address, user=self.user, password=credentials.password(self.password_file, self.user))


def up(
    *,
    sandbox: bool = True,
    live: Sequence[str] = (),
    port: int | None = None,
    sandbox_port: int | None = None,
    preload: bool = False,
    wait: bool = True,
    timeout: float = 240,
    say: Say = lambda _: None,
    settings: Settings | None = None,
) -> Running:
    """Start what is not running: all of it, or the parts that have ended since the last start.

    `live` names networks that the sandbox lets through to the real ones. With `wait` it returns once Airflow is
    healthy and has read the DAGs. What was started is stopped again when that fails, and the error names the log
    to read.
    """
    settings = settings or read_settings()
    places = Places.of(settings)
    began = time.monotonic()
    with places.locked():
        found = record.read(places)
        if found and all(found.runs(name) for name in _parts(found)):
            return _running(places, found, began, already=True)
        played = (sandbox_port or settings.sandbox_port) if sandbox else None
        wanted = Record(port=port or settings.airflow_port, sandbox_port=played)
        if found and found.running and found.with_(processes=()) == wanted:
            wanted = found.with_(processes=tuple(process for process in found.processes if process.seen()))
        elif found:
            _stop(places, found, say)
        plan = _Boot(settings, wanted, say, timeout)
        try:
            plan.run(live=live, preload=preload, wait=wait)
        except BaseException:
            begun = tuple(process for process in plan.record.processes if process not in wanted.processes)
            _stop(places, plan.record.with_(processes=begun), say)
            if wanted.processes:
                wanted.save(places)
            raise
        return _running(places, plan.record, began)


def down(*, say: Say = lambda _: None, settings: Settings | None = None) -> bool:
    """Stop what runs; False when nothing did. A second call does no harm."""
    places = Places.of(settings or read_settings())
    with places.locked():
        found = record.read(places)
        was_running = bool(found and found.running)
        if found:
            _stop(places, found, say)
        return was_running


def _parts(wanted: Record) -> tuple[str, ...]:
    """What such a hub is made of."""
    listener = (LISTENER,) if wanted.process(LISTENER) else ()
    return (*PARTS, *listener, SANDBOX) if wanted.sandbox_port else (*PARTS, *listener)


def _stop(places: Places, found: Record, say: Say) -> None:
    for group in (found.processes[:1], found.processes[1:]):  # tasks report to the server: it goes after them
        stop(group, patience=STOP_SECONDS, told=lambda name: say(f"Stopping {name}"))
    places.record.unlink(missing_ok=True)


def _running(places: Places, found: Record, began: float, *, already: bool = False) -> Running:
    return Running(
        address=found.address,
        user=credentials.ADMIN,
        password_file=places.passwords,
        sandbox=f"http://{ports.LOOPBACK}:{found.sandbox_port}" if found.sandbox_port else None,
        seconds=time.monotonic() - began,
        already=already,
    )


class _Boot:
    """One attempt; `record` says at each moment what runs: what it holds at the beginning is not started again."""

    def __init__(self, settings: Settings, wanted: Record, say: Say, timeout: float) -> None:
        self.settings, self.places = settings, Places.of(settings)
        self.record, self.say = wanted, say
        self.deadline = time.monotonic() + timeout

    def run(self, *, live: Sequence[str], preload: bool, wait: bool) -> None:
        port, sandbox_port, fresh = self.record.port, self.record.sandbox_port, not self.record.processes
        self._claim_ports()
        if not sandbox_port:
            load_config(self.settings.config_path)  # without it no DAG could be read: say so before anything starts
        credentials.ensure(self.places)
        world: dict[str, str] | None = None
        if sandbox_port and not self.record.runs(SANDBOX):
            self.say(f"Starting the sandbox on port {sandbox_port}")
            self._keep(start_sandbox(self.settings, sandbox_port, live=live))
        if fresh:
            self._prepare_databases()
        if played := self.record.process(SANDBOX):
            world = await_sandbox(self.places, played, seconds=self._left())
        environ = environment(self.places, port=port, sandbox=world, preload=preload)
        missing = [name for name in PARTS if not self.record.runs(name)]
        self.say(f"Starting {'Airflow' if fresh else ', '.join(missing)} on port {port}")
        for name in missing:
            if name != LAST:
                self._keep(self._start(name, environ))
        if wait:
            self._wait()
        if LAST in missing:
            self._keep(self._start(LAST, environ))
        if buttons_of := listened(environ):
            self._listen(buttons_of, environ, wait=wait)

    def _listen(self, name: str, environ: dict[str, str], *, wait: bool) -> None:
        """Hear what people press at this destination."""
        if not self.record.runs(LISTENER):
            self.say(f"Listening to the buttons of {name}")
            self._keep(start_listener(name, self.places, environ))
        if wait and (process := self.record.process(LISTENER)):
            await_listener(name, process, self.settings, self.say, self._left())

    def _claim_ports(self) -> None:
        if not self.record.runs("api-server"):
            ports.require_free(self.record.port, purpose="Airflow", flag="--port", variable=variable("airflow_port"))
        if self.record.sandbox_port and not self.record.runs(SANDBOX):
            ports.require_free(
                self.record.sandbox_port,
                purpose="the sandbox",
                flag="--sandbox-port",
                variable=variable("sandbox_port"),
            )

    def _prepare_databases(self) -> None:
        """Airflow's and ours, before several processes would do it at once."""
        from hub.store import Store

        self.say("Preparing the databases")
        Store.open(self.settings.store).close()
        environ = environment(self.places, port=self.record.port)
        self._finish("database", python("-m", "airflow", "db", "migrate"), environ)

    def _start(self, name: str, environ: dict[str, str]) -> Process:
        command = python("-m", "airflow", *PARTS[name])
        return start(name, command, environ=environ, folder=self.places.home, log=self.places.log(name))

    def _keep(self, process: Process) -> None:
        order = [*PARTS, LISTENER, SANDBOX]
        others = [each for each in self.record.processes if each.name != process.name]
        kept = sorted((*others, process), key=lambda each: order.index(each.name))
        self.record = self.record.with_(processes=tuple(kept))
        self.record.save(self.places)

    def _finish(self, name: str, command: Sequence[str], environ: dict[str, str]) -> None:
        """Run a command to its end."""
        path = self.places.log(name)
        with path.open("ab") as log:
            try:
                over = subprocess.run(
                    command, env=environ, cwd=self.places.home, stdout=log, stderr=log, timeout=self._left()
                )
            except subprocess.TimeoutExpired:
                raise Unavailable(f"The {name} was not prepared in time; read {path}.", sent=False) from None
        if over.returncode:
            raise SetupError(f"The {name} could not be prepared (exit code {over.returncode}); read {path}.")

    def _wait(self) -> None:
        airflow = _running(self.places, self.record, time.monotonic()).airflow()
        waiting: tuple[str, ...] = ()
        while missing := self._missing(airflow):
            if missing != waiting:
                self.say(f"Waiting for {', '.join(missing)}")
                waiting = missing
            self._pause(f"{', '.join(missing)} did not become healthy")
        self.make_pools(airflow)
        self.say("Waiting for the DAGs")
        while not airflow.dags():
            if errors := airflow.import_errors():
                name, reason = next(iter(errors.items()))
                raise SetupError(f"{len(errors)} DAG files cannot be read; the first is {name}: {reason}")
            self._pause("no DAG was read")

    def make_pools(self, airflow: Airflow) -> None:
        """Until all are there: on a busy machine a starting Airflow was seen to answer with a 500."""
        while True:
            try:
                return ensure_pools(airflow)
            except Unavailable:
                self._pause("the pools could not be made")

    def _missing(self, airflow: Airflow) -> tuple[str, ...]:
        for process in self.record.processes:
            if process.seen() is None:
                raise SetupError(
                    f"The {process.name} ended while it was starting; read {self.places.log(process.name)}."
                )
        try:
            health = airflow.health()
        except Unavailable:
            return ("api-server",)
        return tuple(name for name in NEEDED if health.get(name) != "healthy")

    def _pause(self, complaint: str) -> None:
        if self._left() <= 0:
            raise Unavailable(f"{complaint.capitalize()} in time; read the logs in {self.places.logs}.", sent=False)
        time.sleep(PATIENCE)

    def _left(self) -> float:
        return self.deadline - time.monotonic()
