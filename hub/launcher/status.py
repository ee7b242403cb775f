"""How the running hub is: each process, its memory, and what Airflow says of itself."""

from hub.domain.model import Model
from hub.errors import HubError
from hub.launcher import record
from hub.launcher.api import Airflow
from hub.launcher.places import Places
from hub.settings import Settings, read_settings


class Part(Model):
    """One process."""

    name: str
    pid: int
    running: bool
    megabytes: float
    log: str


class Status(Model):
    """The hub at one moment. `health` is empty when Airflow does not answer."""

    running: bool
    address: str | None = None
    sandbox: str | None = None
    password_file: str | None = None
    parts: tuple[Part, ...] = ()
    health: dict[str, str] = {}

    @property
    def megabytes(self) -> float:
        """Memory of all parts, shared pages counted once."""
        return sum(part.megabytes for part in self.parts)


def status(settings: Settings | None = None) -> Status:
    """Look; changes nothing and needs no log-in."""
    places = Places.of(settings or read_settings())
    found = record.read(places)
    if found is None or not found.running:
        return Status(running=False)
    parts = tuple(
        Part(
            name=process.name, pid=process.pid, running=process.seen() is not None,
            megabytes=round(process.megabytes(), 1), log=str(places.log(process.name)),
        )
        for process in found.processes
    )  # fmt: skip
    return Status(
        running=True, address=found.address, password_file=str(places.passwords), parts=parts,
        health=_health(found.address),
        sandbox=f"http://127.0.0.1:{found.sandbox_port}" if found.sandbox_port else None,
    )  # fmt: skip


def _health(address: str) -> dict[str, str]:
    try:
        return Airflow(address).health()
    except HubError:
        return {}
