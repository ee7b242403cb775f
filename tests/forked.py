"""Processes of their own, without the seconds of imports that each would begin with.

They are made once, by a fork server; every process is forked from it. It is a process as any other: it has its own
environment and output, it exits with a code, and a SIGKILL ends it. That the command also starts from nothing is what
one journey, the demo and the tests of the command line prove.
"""

import multiprocessing
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.warm"])


class Forked:
    """One that runs; left, it is over."""

    def __init__(
        self, function: Callable[..., None], *arguments: Any, environ: Mapping[str, str] | None = None
    ) -> None:
        self._folder = TemporaryDirectory()
        self._out, self._err = (Path(self._folder.name) / name for name in ("out", "err"))
        told = (function, arguments, dict(os.environ if environ is None else environ), str(self._out), str(self._err))
        self._process = SERVER.Process(target=_inside, args=told)
        self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._folder.cleanup()

    def over(self, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        """What `subprocess.run` tells of it."""
        self._process.join(timeout)
        said = self._out.read_text(), self._err.read_text()
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self._process), timeout, *said)
        return subprocess.CompletedProcess([], self._process.exitcode, *said)


def run(arguments: tuple[str, ...], environ: Mapping[str, str], *, timeout: float) -> subprocess.CompletedProcess[str]:
    """The `hub` command."""
    with Forked(_command, *arguments, environ=environ) as process:
        return process.over(timeout)


def python(source: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A program of Python, with this process's environment and more."""
    with Forked(_program, textwrap.dedent(source), arguments, environ=os.environ | environ) as process:
        return process.over()


def _inside(
    function: Callable[..., None], arguments: tuple[Any, ...], environ: dict[str, str], out: str, err: str
) -> None:
    for number, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environ)
    function(*arguments)


def _command(*arguments: str) -> None:
    from hub.cli import main

    sys.argv = ["hub", *arguments]
    main()


def _program(source: str, arguments: tuple[str, ...]) -> None:
    sys.argv = ["-c", *arguments]
    exec(compile(source, "<program>", "exec"), {"__name__": "__main__"})
