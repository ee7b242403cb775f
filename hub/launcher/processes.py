"""Processes that outlive the command that started them.

A process is known by its number and the moment it began: after a crash or a restart of the machine the
number alone may be somebody else's, and we never signal what we did not start.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import psutil

from hub.domain.model import Model

SAME_MOMENT = 2.0  # seconds; the kernel derives the start from the boot time, which may shift a little
LOOK_EVERY = 0.05  # seconds
KEPT: list[subprocess.Popen[bytes]] = []  # a Popen that is collected while its process runs complains


class Process(Model):
    """One process of ours."""

    name: str
    pid: int
    began: float  # seconds since 1970, as the kernel has it

    def seen(self) -> psutil.Process | None:
        """The running process, or None when it is gone or its number belongs to another."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.began) < SAME_MOMENT
            return process if same and _runs(process) else None
        except psutil.Error:
            return None

    def megabytes(self) -> float:
        """Memory of the process and its children, each shared page counted once (PSS), 0 when it is gone."""
        process = self.seen()
        return sum(map(_megabytes, family(process))) if process else 0.0


def start(name: str, command: Sequence[str], *, environ: dict[str, str], folder: Path, log: Path) -> Process:
    """Start a process in a session of its own, so that Ctrl-C in our terminal does not reach it."""
    if log.exists():
        log.replace(log.with_suffix(".old.log"))
    with log.open("ab") as out:
        started = subprocess.Popen(
            command,
            env=environ,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    KEPT.append(started)
    return Process(name=name, pid=started.pid, began=_began(started.pid))


def _began(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:  # already over; the log says why
        return time.time()


def python(*arguments: str) -> list[str]:
    """A command for the interpreter that runs us: the one that has Airflow and the hub installed."""
    return [sys.executable, *arguments]


def family(process: psutil.Process) -> list[psutil.Process]:
    """The process and all below it."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def stop(processes: Iterable[Process], *, patience: float, told: Callable[[str], None] = lambda _: None) -> None:
    """Ask them to end, give them `patience` seconds, then end them and all their children."""
    members: list[psutil.Process] = []
    for process in processes:
        if root := process.seen():
            told(process.name)
            members += family(root)
            _signal([root], signal.SIGTERM)
    left = _outlast(members, patience)
    _signal(left, signal.SIGKILL)
    _outlast(left, patience)


def _outlast(members: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after so long; one that only waits to be collected by its parent does not."""
    deadline = time.monotonic() + seconds
    left = list(filter(_runs, members))
    while left and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY)
        left = list(filter(_runs, left))
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(members: Iterable[psutil.Process], number: signal.Signals) -> None:
    for member in members:
        try:
            member.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def _megabytes(process: psutil.Process) -> float:
    try:
        memory = process.memory_full_info()
    except psutil.Error:
        return 0.0
    return float(getattr(memory, "pss", memory.rss)) / 1024**2
