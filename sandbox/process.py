"""The sandbox as a process of its own, for tests, the demo and whoever wants to steer one."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from hub.errors import SetupError, Unavailable

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60.0


class Control:
    """The switches of a running sandbox."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self._wire = requests.Session()
        self._wire.trust_env = False  # straight to it, even in a process that goes through it

    def tables(self, system: str) -> list[str]:
        """What one played system keeps."""
        names: list[str] = self._get(f"/state/{system}").json()
        return names

    def state(self, system: str, table: str) -> list[dict[str, Any]]:
        """The rows of one table of a played system."""
        rows: list[dict[str, Any]] = self._get(f"/state/{system}/{table}").json()
        return rows

    def journal(self, since: int = 0, *, system: str | None = None, event: str | None = None) -> list[dict[str, Any]]:
        """Requests and changes of state, oldest first."""
        lines = [json.loads(line) for line in self._get("/journal", since=since).text.splitlines()]
        return [line for line in lines if system in (None, line["system"]) and event in (None, line["event"])]

    def mark(self) -> int:
        """The journal's newest number, to read on from later."""
        return int(self._get("/health").json()["journal"])

    def fault(self, **rule: Any) -> None:
        """Put a fault in force; see `sandbox.faults.Rule`."""
        self._post("/faults", rule)

    def mend(self) -> None:
        """Take all faults away."""
        self._wire.delete(f"{self.address}/faults", timeout=30).raise_for_status()

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock."""
        self._post("/clock", {"advance_seconds": seconds})

    def add_post(self, **facts: Any) -> int:
        """Say something: network, text, author, and what else a post has."""
        return int(self._post("/world/posts", facts).json()["id"])

    def change_post(self, id: int, **changes: Any) -> None:
        """Edit (`edited_text`, and `edited_at` if it is not now) or delete (`deleted_at`) a post."""
        self._post("/world/changes", {"id": id, **changes})

    def reset(self) -> None:
        """The same world at its beginning."""
        self._post("/reset", {})

    def healthy(self) -> bool:
        """Whether it answers."""
        try:
            return self._get("/health").ok
        except requests.RequestException:
            return False

    def _get(self, path: str, **params: Any) -> requests.Response:
        answer = self._wire.get(f"{self.address}{path}", params=params, timeout=30)
        answer.raise_for_status()
        return answer

    def _post(self, path: str, body: Any) -> requests.Response:
        answer = self._wire.post(f"{self.address}{path}", json=body, timeout=60)
        if answer.status_code == 400:
            raise ValueError(f"The sandbox refuses this: {answer.json()['error']}")
        answer.raise_for_status()
        return answer


class SandboxProcess:
    """Starts a sandbox, and stops it at the end of the `with` block. Port 0 takes a free one."""

    def __init__(self, var: Path, *, port: int = 0, options: tuple[str, ...] = ()) -> None:
        self.var, self._wanted, self._options = var, port, options
        self.port = 0
        self.env: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def control(self) -> Control:
        """Its switches."""
        return Control(f"http://127.0.0.1:{self.port}")

    def start(self) -> Self:
        """Start it and wait until it answers."""
        self.var.mkdir(parents=True, exist_ok=True)
        ready = self.var / "ready.json"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "sandbox", "--port", str(self._wanted), "--var", str(self.var)]
        log = self.var / "sandbox.log"
        environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        environ["PYTHONPATH"] = str(ROOT)
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                [*command, "--ready-file", str(ready), *self._options], cwd=ROOT, env=environ, stdout=sink, stderr=sink
            )
        deadline = time.monotonic() + START_SECONDS
        while not ready.exists():
            if self._process.poll() is not None:
                raise SetupError(_last_line(log) or f"The sandbox ended while it was starting; read {log}.")
            if time.monotonic() > deadline:
                self.stop()
                raise Unavailable(f"The sandbox did not start within {START_SECONDS:g} s; read {log}.", sent=False)
            time.sleep(0.02)
        note = json.loads(ready.read_text())
        self.port, self.env = note["port"], note["env"]
        return self

    def reset(self) -> None:
        """The same world at its beginning."""
        self.control.reset()

    def stop(self) -> None:
        """Stop it; state stays in its folder."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End it as a crash would, without a chance to tidy up."""
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""
