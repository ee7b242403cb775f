"""The sandbox as a process of the hub: started first, since everything else is pointed at it."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hub.errors import SetupError, Unavailable
from hub.launcher.places import Places
from hub.launcher.processes import Process, python, start
from hub.settings import Settings

SANDBOX = "sandbox"
NOTE = "ready.json"  # written by the sandbox once it answers: its port, and the variables that lead into it
PATIENCE = 0.1  # seconds between two looks


def sandbox_command(settings: Settings, port: int, *, live: Sequence[str] = (), **options: Any) -> list[str]:
    """The interpreter's arguments that play every system on `port`; empty options are left out."""
    folder = Places.of(settings).sandbox
    command = ["-m", "sandbox", "--port", str(port), "--var", str(folder), "--ready-file", str(folder / NOTE)]
    for name in live:
        command += ["--live", name]
    for option, value in options.items():
        if value:
            command += [f"--{option.replace('_', '-')}", str(value)]
    return command


def start_sandbox(settings: Settings, port: int, *, live: Sequence[str]) -> Process:
    """Start it on `port`; networks in `live` are let through to the real ones."""
    places = Places.of(settings)
    (places.sandbox / NOTE).unlink(missing_ok=True)
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environ |= {"PYTHONPATH": str(places.home), "PYTHONUNBUFFERED": "1"}
    command = python(*sandbox_command(settings, port, live=live))
    return start(SANDBOX, command, environ=environ, folder=places.home, log=places.log(SANDBOX))


def await_sandbox(places: Places, process: Process, *, seconds: float) -> dict[str, str]:
    """The variables that lead into it, as it wrote them down."""
    note, log = places.sandbox / NOTE, places.log(SANDBOX)
    deadline = time.monotonic() + seconds
    while not note.exists():
        if process.seen() is None:
            raise SetupError(f"The sandbox ended while it was starting: {_last_line(log)} (all of it: {log})")
        if time.monotonic() > deadline:
            raise Unavailable(f"The sandbox did not start in time; read {log}.", sent=False)
        time.sleep(PATIENCE)
    told: dict[str, dict[str, str]] = json.loads(note.read_text())
    return told["env"]


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "without a word"
