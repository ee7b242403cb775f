"""The environment that the hub's processes are started with.

What an operator has set stays in force: we fill in, and override only what would break or mislead.
"""

import os
from collections.abc import Mapping

from hub.launcher.places import Places
from hub.launcher.ports import LOOPBACK

PRELOAD = (
    "airflow",
    "airflow.executors.local_executor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.sdk.execution_time.execute_workload",
    "airflow.dag_processing.dagbag",
    "airflow.serialization.serialized_objects",
    "airflow.providers.standard.decorators.python",
    "hub.airflow_bridge",
    "hub.launcher.preload",  # last: it freezes what was imported
)
"""What a fork server imports once, in place of every task."""

FORKSERVER = {
    "AIRFLOW__SCHEDULER__MP_START_METHOD": "forkserver",
    "AIRFLOW__CORE__MP_FORKSERVER_PRELOAD": ",".join(PRELOAD),
}
CHOSEN = "AIRFLOW_CONN_"  # a connection that somebody has set is theirs, in the sandbox too
BRISK = {"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2", "HUB_POLL_SECONDS": "10"}
"""The sandbox is watched by somebody who waits; a real network would be asked too often."""


def environment(
    places: Places,
    *,
    port: int,
    sandbox: Mapping[str, str] | None = None,
    preload: bool = False,
    base: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Variables for every part. `sandbox` holds those that lead into it: proxy, CA, connections."""
    environ = dict(os.environ if base is None else base)
    environ.pop("AIRFLOW_CONFIG", None)  # left over from another Airflow, it would replace our airflow.cfg
    environ |= {
        "AIRFLOW_HOME": str(places.home),
        "HUB_HOME": str(places.home),
        "HUB_VAR": str(places.var),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": address(port),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(places.home), environ.get("PYTHONPATH")])),
        "PYTHONUNBUFFERED": "1",  # a log that lags behind a crash says nothing of it
    }
    _default(environ, HUB_LINK_BASE=address(port), GX_ANALYTICS_ENABLED="false")
    if places.var != places.home / "var":
        _default(environ, **elsewhere(places))
    if preload:
        _default(environ, **FORKSERVER)
    if sandbox is not None:
        environ |= {name: value for name, value in sandbox.items() if not (name in environ and name.startswith(CHOSEN))}
        if not (places.home / "hub.yaml").exists():
            _default(environ, HUB_CONFIG=str(places.home / "sandbox" / "hub.yaml"))
        _default(environ, **BRISK)
    return environ | direct(environ)


def address(port: int) -> str:
    """Where Airflow's pages are."""
    return f"http://{LOOPBACK}:{port}"


def elsewhere(places: Places) -> dict[str, str]:
    """The paths in airflow.cfg, for a `var` that is not below the checkout."""
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{places.var / 'airflow.db'}?timeout=30",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(places.logs / "airflow"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(places.logs / "airflow" / "dag_processor"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(places.passwords),
    }


def direct(environ: Mapping[str, str]) -> dict[str, str]:
    """What must never go through a proxy: tasks talk to the API server on this machine."""
    known = [host for host in environ.get("NO_PROXY", "").split(",") if host]
    hosts = ",".join(dict.fromkeys([*known, LOOPBACK, "localhost"]))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def _default(environ: dict[str, str], **values: str) -> None:
    for name, value in values.items():
        environ.setdefault(name, value)
