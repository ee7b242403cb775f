"""The `hub` command in a process of its own, without the nine seconds of imports that each run begins with.

They are made once, by a fork server; every command is forked from it. It is a process as any other: it has its own
environment and output, it exits with a code, and a SIGKILL ends it. That the command also starts from nothing is what
one journey, the demo and the tests of the command line prove.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.journeys.warm"])


def run(arguments: tuple[str, ...], environ: Mapping[str, str], *, timeout: float) -> subprocess.CompletedProcess[str]:
    """What `subprocess.run` tells of a command."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = SERVER.Process(target=_command, args=(arguments, dict(environ), str(out), str(err)))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(["hub", *arguments], timeout, out.read_text(), err.read_text())
        return subprocess.CompletedProcess(["hub", *arguments], process.exitcode, out.read_text(), err.read_text())


def _command(arguments: tuple[str, ...], environ: dict[str, str], out: str, err: str) -> None:
    from hub.cli import main

    for number, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["hub", *arguments]
    main()
