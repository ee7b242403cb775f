"""Where a sandbox lives: its port, its folder, and the note by which others find it."""

import errno
import fcntl
import json
import os
import socket
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from hub.errors import SetupError


def listen(port: int) -> socket.socket:
    """A listener on 127.0.0.1; port 0 takes a free one."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(256)
    except (OSError, OverflowError) as problem:
        listener.close()
        taken = getattr(problem, "errno", None) == errno.EADDRINUSE
        state = "is taken" if taken else "cannot be used"
        raise SetupError(
            f"Port {port} {state}, so the sandbox cannot start; free it, or choose another with HUB_SANDBOX_PORT."
        ) from None
    return listener


def lock(folder: Path) -> TextIOWrapper:
    """Hold a folder until this is closed or the process ends, however it ends: two sandboxes would mix their worlds."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = (folder / "lock").open("w")
    except OSError as problem:
        raise SetupError(f"{folder} cannot be written ({problem.strerror}); name another folder with --var.") from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise SetupError(f"Another sandbox runs in {folder}; stop it, or name another folder with --var.") from None
    return held


def write_note(path: Path, note: dict[str, Any]) -> None:
    """Write it whole or not at all, for somebody who waits for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps(note), encoding="utf-8")
    os.replace(new, path)
