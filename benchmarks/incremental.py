"""P2 and P4: what a run costs that finds nothing new, and how often it asks.

    python benchmarks/incremental.py [--quick]

A sandbox is started, `hub run` takes in what is there, and runs again: those further runs are measured, each a
whole process, by their processor seconds. A last one says which imports its time goes to. Exit code 1: a budget
is missed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import connectors
from benchmarks.pulling import compiled_in
from hub.settings import load_config
from sandbox.process import SandboxProcess

REPO = Path(__file__).resolve().parents[1]
CONFIG = REPO / "sandbox" / "hub.yaml"
MUST, AIM = 1.5, 0.5
TWO_STREAMS = {  # what a watch of this kind finds stands in two places, each of which must be asked
    ("bluesky", "mention"),  # notifications, and what is answered below our own posts without naming us
    ("lemmy", "community"),  # posts, and comments
    ("linkedin", "profile"),  # posts, and the counts that tell below which of them is something new
    ("stackexchange", "keyword"),  # questions and answers, and comments, which make nothing active
}
NETWORKS = tuple(manifest.name for manifest in connectors.manifests(kind="network"))
RUN = [str(Path(sys.executable).with_name("hub")), "run", "--json"]
IMPORT = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")
SHOWN = 12


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether the budgets hold."""
    parser = argparse.ArgumentParser(description="What a run costs that finds nothing new")
    parser.add_argument("--quick", action="store_true", help="three rounds in place of seven")
    rounds = 3 if parser.parse_args(arguments).quick else 7
    with tempfile.TemporaryDirectory(prefix="hub-incremental-") as folder:
        var = Path(folder)
        with SandboxProcess(var / "sandbox", options=("--scenario", "quiet_day")) as sandbox:
            environ = _environ(sandbox, var)
            first = _run(environ, something=True)
            mark = sandbox.control.mark()
            best = min(_run(environ, something=False) for _ in range(rounds))
            asked = [line for line in sandbox.control.journal(mark) if line["event"] == "request"]
            _show_imports(environ)
    watches = sum(line["system"] in NETWORKS for line in asked) / rounds
    others = len(asked) / rounds - watches
    print(f"first run: {first:.2f} CPU s, Great Expectations and the migration included")
    print(f"P2  nothing new: {best:.2f} CPU s a run, the best of {rounds} (at most {MUST}, aim {AIM})")
    asked_for = load_config(CONFIG).watches
    streams = len(asked_for) + sum((watch.network, watch.kind) in TWO_STREAMS for watch in asked_for)
    print(f"P4  requests to networks a run: {watches:g} for {len(asked_for)} watches of {streams} streams; "
          f"to destinations: {others:g}")  # fmt: skip
    return 0 if best <= MUST and watches <= streams and not others else 1


def _environ(sandbox: SandboxProcess, var: Path) -> dict[str, str]:
    return compiled_in(var / "bytecode") | sandbox.env | {
        "HUB_VAR": str(var), "HUB_CONFIG": str(CONFIG), "PYTHONPATH": str(REPO),
    }  # fmt: skip


def _run(environ: dict[str, str], *, something: bool) -> float:
    """Processor seconds of one whole process that lands something, or nothing; quarantine is no failure here."""
    with subprocess.Popen(
        [sys.executable, *RUN], env=environ, cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None  # it is a pipe
        told = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1) or bool(json.loads(told)["landed"]) != something:
        raise SystemExit(f"`hub run` ended with {process.returncode} and {told.decode()[:300]}")
    return usage.ru_utime + usage.ru_stime


def _show_imports(environ: dict[str, str]) -> None:
    """The packages that the run imports, the slowest first; milliseconds, each with what only it brings."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", *RUN], env=environ, cwd=REPO, capture_output=True, text=True, check=False
    ).stderr
    own: dict[str, int] = {}
    for found in IMPORT.finditer(told):
        room = ".".join(found[4].split(".")[: 2 if found[4].startswith("hub.") else 1])
        own[room] = own.get(room, 0) + int(found[1])
    print(f"imports: {sum(own.values()) / 1000:.0f} ms of the clock, of which")
    for room, microseconds in sorted(own.items(), key=lambda pair: -pair[1])[:SHOWN]:
        print(f"  {room:<24} {microseconds / 1000:6.0f}")


if __name__ == "__main__":
    sys.exit(main())
