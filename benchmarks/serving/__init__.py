"""The command centre as it is served: Airflow's own API server, with its log-in, in a process of its own.

    with served(folder) as centre:  # a folder as `HUB_VAR` names one
        centre.get("/command-centre/").status

Whoever asks is a viewer unless `as_` says otherwise; `as_=None` is nobody.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

HOME = Path(__file__).resolve().parents[2]
COOKIE = "_token"  # Airflow's
VIEWER, OPERATOR = "viewer", "op"
TIMEOUT_SECONDS = 120.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Answer:
    """What came back, after how many seconds its first and its last byte, and what it cost the server."""

    status: int
    headers: dict[str, str]
    body: bytes
    first: float
    last: float
    cost: float  # processor seconds, in steps of 10 ms


class Served:
    """A running command centre, and one connection to it."""

    def __init__(self, process: "subprocess.Popen[str]", told: dict[str, Any]) -> None:
        self._process = process
        self.address: str = told["address"]
        self.routes: list[tuple[str, str]] = [(method, path) for method, path in told["routes"]]
        self.tokens: dict[str, str] = told["tokens"]
        self._connection = HTTPConnection(urlsplit(self.address).netloc, timeout=TIMEOUT_SECONDS)

    def get(self, path: str, *, as_: str | None = VIEWER) -> Answer:
        """One page or file; what it took is measured."""
        headers = {"Accept": "text/html,*/*"} | ({"Cookie": f"{COOKIE}={self.tokens[as_]}"} if as_ else {})
        spent, began = self.spent(), time.perf_counter()
        try:
            self._connection.request("GET", path, headers=headers)
            answer = self._connection.getresponse()
        except (ConnectionError, HTTPException):  # the server hung up meanwhile: nothing was asked for some seconds
            self._connection.close()
            began = time.perf_counter()
            self._connection.request("GET", path, headers=headers)
            answer = self._connection.getresponse()
        first = time.perf_counter() - began
        body = answer.read()
        last = time.perf_counter() - began
        return Answer(answer.status, dict(answer.getheaders()), body, first, last, self.spent() - spent)

    def spent(self) -> float:
        """Processor seconds of the server until now."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def close(self) -> None:
        """End the connection; the server goes on."""
        self._connection.close()


@contextmanager
def served(var: Path, *, config: Path | None = None) -> Iterator[Served]:
    """Serve this folder's hub with an empty Airflow around it, until the block ends."""
    with TemporaryDirectory(prefix="airflow-") as folder:
        command = [sys.executable, "-m", "benchmarks.serving.server"]
        process = subprocess.Popen(
            command, cwd=HOME, env=_environment(var, config or var / "hub.yaml", Path(folder)), stdout=subprocess.PIPE,
            stderr=(Path(folder) / "log").open("w"), text=True,
        )  # fmt: skip
        try:
            told = process.stdout.readline() if process.stdout else ""
            if not told.startswith("{"):
                raise RuntimeError(f"The server did not start: {(Path(folder) / 'log').read_text()[-2000:]}")
            centre = Served(process, json.loads(told))
            yield centre
            centre.close()
        finally:
            process.terminate()
            process.wait(timeout=20)
            if process.stdout:
                process.stdout.close()


def _environment(var: Path, config: Path, folder: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "HUB_"))}
    return ours | {
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder / "logs"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "AIRFLOW__CORE__FERNET_KEY": "",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
        "HUB_VAR": str(var),
        "HUB_CONFIG": str(config),
    }
