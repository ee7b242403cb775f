"""What is running, as written down by `up` and read by `down` and `status`."""

import msgspec

from hub.domain.model import Model
from hub.launcher.environment import address
from hub.launcher.places import Places, write_private
from hub.launcher.processes import Process


class Record(Model):
    """The processes of one start, in the order in which they are stopped."""

    port: int
    sandbox_port: int | None = None
    processes: tuple[Process, ...] = ()

    @property
    def address(self) -> str:
        """Where Airflow's pages are."""
        return address(self.port)

    @property
    def running(self) -> bool:
        """True while any process of ours is alive."""
        return any(process.seen() for process in self.processes)

    def process(self, name: str) -> Process | None:
        """The process of this name, whether it still runs or not."""
        return next((process for process in self.processes if process.name == name), None)

    def runs(self, name: str) -> bool:
        """True while the process of this name is alive."""
        process = self.process(name)
        return process is not None and process.seen() is not None

    def save(self, places: Places) -> None:
        """Write it down; done after each start, so that a crash half way leaves nothing unknown behind."""
        write_private(places.record, msgspec.json.encode(self).decode())


def read(places: Places) -> Record | None:
    """The record of the last start, or None; one that cannot be read is as good as none."""
    try:
        return msgspec.json.decode(places.record.read_bytes(), type=Record)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
