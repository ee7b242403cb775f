"""Which world a command talks to: the sandbox while one runs, else the real systems.

A running sandbox leaves a note of the variables that lead into it. Commands that talk to the outside
take them over, so that `hub run` in a second terminal reaches the same sandbox as `hub up` in the
first.
"""

import json
import os
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

from hub.cli.app import say
from hub.settings import Settings


def note_of(settings: Settings) -> Path:
    """Where a running sandbox says how it is reached."""
    return settings.var_dir / "sandbox" / "ready.json"


def running_sandbox(settings: Settings) -> dict[str, Any] | None:
    """What the note says, if a sandbox really answers at its port."""
    try:
        note: dict[str, Any] = json.loads(note_of(settings).read_text())
        with closing(socket.create_connection(("127.0.0.1", int(note["port"])), timeout=1)):
            return note
    except (OSError, ValueError, KeyError):
        return None


def enter(settings: Settings) -> bool:
    """Point this process at the running sandbox, if there is one; without a hub.yaml the brand is Acme."""
    note = running_sandbox(settings)
    if note is None:
        return False
    enter_sandbox(settings, note["env"])
    say(f"Using the sandbox at http://127.0.0.1:{note['port']}/ (`hub down` stops it)")
    return True


def enter_sandbox(settings: Settings, env: dict[str, str]) -> None:
    """Take over the sandbox's variables; what the caller has set stays."""
    for name, value in env.items():
        if name.startswith("AIRFLOW_CONN_"):
            os.environ.setdefault(name, value)
        else:
            os.environ[name] = value
    if not settings.config and not settings.config_path.exists():
        os.environ["HUB_CONFIG"] = str(Path(settings.home) / "sandbox" / "hub.yaml")
