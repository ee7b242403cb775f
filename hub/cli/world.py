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
from hub.errors import SetupError
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
    """Point this process at the running sandbox, if there is one."""
    note = running_sandbox(settings)
    if note is None:
        refuse_invented(settings)
        return False
    enter_sandbox(note["env"])
    say(f"Using the sandbox at http://127.0.0.1:{note['port']}/ (`hub down` stops it)")
    return True


def refuse_invented(settings: Settings) -> None:
    """What the sandbox made must not be mixed with real people and real tickets."""
    if note_of(settings).parent.exists():
        raise SetupError(
            f"{settings.var_dir} holds what the sandbox made, and no sandbox is running: start it with `hub up` or "
            "`hub sandbox`; to talk to the real systems, `make clean-state` or set HUB_VAR to another folder first."
        )


def enter_sandbox(env: dict[str, str]) -> None:
    """Take over the sandbox's variables; what the caller has set stays."""
    for name, value in env.items():
        if name.startswith("AIRFLOW_CONN_"):
            os.environ.setdefault(name, value)
        else:
            os.environ[name] = value
