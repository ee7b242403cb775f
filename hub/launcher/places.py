"""Where a running hub keeps what it needs to run: secrets, logs, and the record of its processes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.errors import SetupError
from hub.settings import Settings


@dataclass(frozen=True)
class Places:
    """The folders below `var` that the launcher owns; all are made private to the user."""

    home: Path
    var: Path

    @classmethod
    def of(cls, settings: Settings) -> "Places":
        """Absolute, since Airflow refuses a relative path to SQLite and processes may change folder."""
        return cls(home=Path(settings.home).resolve(), var=settings.var_dir.resolve())

    @property
    def secrets(self) -> Path:
        """One file for each secret, readable by the user alone."""
        return self.var / "secrets"

    @property
    def passwords(self) -> Path:
        """Who may log in to Airflow, with which password."""
        return self.secrets / "passwords.json"

    @property
    def logs(self) -> Path:
        """One file for each process; Airflow's own task logs lie in `airflow/` below it."""
        return self.var / "logs"

    @property
    def record(self) -> Path:
        """What is running: processes, ports, since when."""
        return self.var / "run" / "hub.json"

    @property
    def sandbox(self) -> Path:
        """The sandbox's own state, with the certificate of its authority."""
        return self.var / "sandbox"

    def log(self, process: str) -> Path:
        """The log of one process."""
        return self.logs / f"{process}.log"

    def make(self) -> None:
        """Create what is missing."""
        for folder in (self.secrets, self.logs, self.record.parent, self.sandbox):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One `up` or `down` at a time; the lock goes with the process that holds it."""
        import fcntl

        self.make()
        with (self.record.parent / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SetupError(
                    f"Another hub command is starting or stopping the hub in {self.var}; wait for it to end."
                ) from None
            yield


def write_private(path: Path, text: str) -> None:
    """Put `text` in place at once, in a file that nobody else may read at any moment."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
