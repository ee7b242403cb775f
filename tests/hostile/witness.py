"""Sees what the process does to the file system and to other processes: Python's own audit events, while it watches."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MAKES = os.O_CREAT | os.O_WRONLY | os.O_RDWR | os.O_APPEND
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.symlink", "os.link", "shutil.rmtree", "shutil.move"}
RUNS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "pty.spawn"}
_watching: list[tuple[Path, set[str]]] = []
_installed: list[bool] = []


@contextmanager
def watched(root: Path, seen: set[str]) -> Iterator[None]:
    """Whatever is made or changed outside of `root`, and every other program that is run, is added to `seen`."""
    if not _installed:
        sys.addaudithook(_look)  # it cannot be taken back: it looks only while somebody watches
        _installed.append(True)
    _watching.append((root, seen))
    try:
        yield
    finally:
        _watching.pop()


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    root, seen = _watching[-1]
    if event in RUNS:
        seen.add(f"ran {arguments[0]}")
    elif event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        mode, flags = arguments[1], arguments[2] or 0
        if flags & MAKES or any(letter in str(mode or "") for letter in "wax+"):
            _note(root, seen, arguments[0])
    elif event in CHANGES:
        _note(root, seen, arguments[0])


def _note(root: Path, seen: set[str], where: Any) -> None:
    path = Path(os.path.abspath(os.fsdecode(where)))
    if not path.is_relative_to(root) and "__pycache__" not in path.parts and path != Path(os.devnull):
        seen.add(str(path))
