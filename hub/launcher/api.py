"""Airflow's REST API, as far as starting, demonstrating and testing the hub needs it."""

import time
from collections.abc import Mapping
from typing import Any

import requests

from hub.errors import AccessDenied, HubError, SetupError, Unavailable

TIMEOUT = (5, 60)  # a busy machine may take more than ten seconds to answer
PATIENCE = 0.5  # seconds between two looks
OVER = ("success", "failed")


class Airflow:
    """One Airflow, spoken to as one user. Proxies of the environment are left aside: it is always direct."""

    def __init__(self, address: str, *, user: str = "", password: str = "") -> None:
        self.address = address.rstrip("/")
        self._user, self._password = user, password
        self._session = requests.Session()
        self._session.trust_env = False
        self._token: str | None = None

    def health(self) -> dict[str, str]:
        """State of each part, such as {"scheduler": "healthy"}; needs no log-in."""
        answer = self._send("GET", "/api/v2/monitor/health", signed=False)
        return {name: str(part.get("status")) for name, part in answer.items() if part.get("status")}

    def dags(self) -> dict[str, bool]:
        """Every DAG that has been read, and whether it is paused."""
        found = self.get("/api/v2/dags", limit=100)["dags"]
        return {dag["dag_id"]: dag["is_paused"] for dag in found}

    def import_errors(self) -> dict[str, str]:
        """The DAG files that could not be read, each with the last line of why."""
        found = self.get("/api/v2/importErrors")["import_errors"]
        return {error["filename"]: error["stack_trace"].strip().rpartition("\n")[2] for error in found}

    def ensure_pool(self, name: str, *, slots: int, description: str) -> None:
        """Make a pool; one that exists keeps the slots that an operator may have given it."""
        if name not in {pool["name"] for pool in self.get("/api/v2/pools", limit=100)["pools"]}:
            self.post(
                "/api/v2/pools",
                {"name": name, "slots": slots, "description": description, "include_deferred": True},
            )

    def trigger(self, dag: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run and give its id."""
        run = self.post(f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None, "conf": dict(conf or {})})
        return str(run["dag_run_id"])

    def runs(self, dag: str, *, limit: int = 20) -> list[dict[str, Any]]:
        """The newest runs of a DAG, newest first."""
        found: list[dict[str, Any]] = self.get(f"/api/v2/dags/{dag}/dagRuns", order_by="-run_after", limit=limit)[
            "dag_runs"
        ]
        return found

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """The tasks of one run, mapped ones each."""
        found: list[dict[str, Any]] = self.get(f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"]
        return found

    def wait(self, dag: str, run: str, *, seconds: float = 300) -> str:
        """The state in which a run ended; Unavailable when it has not ended by then."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = str(self.get(f"/api/v2/dags/{dag}/dagRuns/{run}")["state"])
            if state in OVER:
                return state
            time.sleep(PATIENCE)
        where = f"{self.address}/dags/{dag}/runs/{run}"
        raise Unavailable(f"This run has not ended after {seconds:.0f} s; look at {where}.", sent=False)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """What stands at `path`."""
        return self._send("GET", path, params=params)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for something to be made or done."""
        return self._send("POST", path, json=dict(body))

    def _send(self, method: str, path: str, *, signed: bool = True, **parts: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._sign_in()}"} if signed else {}
        try:
            answer = self._session.request(method, f"{self.address}{path}", headers=headers, timeout=TIMEOUT, **parts)
        except requests.RequestException as broken:
            raise Unavailable(
                f"Airflow at {self.address} gave no answer ({type(broken).__name__}).", sent=method != "GET"
            ) from broken
        if answer.ok:
            return dict(answer.json()) if answer.content else {}
        raise _named(answer, path)

    def _sign_in(self) -> str:
        if self._token is None:
            body = {"username": self._user, "password": self._password}
            self._token = str(self._send("POST", "/auth/token", signed=False, json=body)["access_token"])
        return self._token


def _named(answer: requests.Response, path: str) -> HubError:
    """The error of ours that this answer calls for."""
    what = f"Airflow answered {answer.status_code} to {path}"
    if answer.status_code in (401, 403):
        return AccessDenied(f"{what}: check user and password against var/secrets/passwords.json.")
    if answer.status_code >= 500 or answer.status_code == 429:
        return Unavailable(f"{what}; its log is in var/logs.")
    return SetupError(f"{what}: {answer.text[:200]}")
