"""The listeners as processes of the hub: one for each destination whose connection can be listened to.

They are started beside Airflow, since they live as long as it does and must not take a worker's place. A listener
that ends does not take the hub down: alerts are sent all the same, and `hub up` starts what is missing.
"""

import time
from collections.abc import Callable, Mapping

import connectors
from hub.errors import SetupError
from hub.kit import Connection
from hub.launcher.places import Places
from hub.launcher.processes import Process, python, start
from hub.settings import Settings

LISTENER = "listener"
PATIENCE = 0.25  # seconds between two looks
MOST_SECONDS = 15.0  # so long `hub up` waits until the listener hears; it goes on without


def listened(environ: Mapping[str, str]) -> str | None:
    """The destination that this environment's connections let us listen to."""
    for manifest in connectors.manifests(kind="destination"):
        if manifest.listens_with is None:
            continue
        try:
            Connection.of(manifest, environ).secret(manifest.listens_with)
        except SetupError:
            continue  # no connection, or nothing in it to listen with
        return manifest.name
    return None


def start_listener(name: str, places: Places, environ: dict[str, str]) -> Process:
    """Start listening to one destination."""
    command = python("-m", "hub", "listen", name)
    return start(LISTENER, command, environ=environ, folder=places.home, log=places.log(LISTENER))


def await_listener(name: str, process: Process, settings: Settings, say: Callable[[str], None], left: float) -> None:
    """Until it hears; a listener that does not is told, and keeps nothing from running."""
    from hub.store import Store

    deadline = time.monotonic() + min(left, MOST_SECONDS)
    with Store.open(settings.store) as store:
        while time.monotonic() < deadline and process.seen():
            with store.read() as view:
                state = view.memory.get(f"listening:{name}")
            if state and state["connected"] and state["pid"] == process.pid:
                return
            time.sleep(PATIENCE)
    log = Places.of(settings).log(LISTENER)
    say(f"The buttons of {name} are not heard yet; read {log}. Everything else runs.")
