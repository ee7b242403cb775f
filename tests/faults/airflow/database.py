"""A PostgreSQL server of our own, in a folder of its own, that may be stopped and started while others look on."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.journeys.booted import free_port

OWNER = "postgres"  # the server refuses to run as root


class Database:
    """One server with one database for each user, who is named like it and logs in with a password."""

    def __init__(self, binaries: Path, folder: Path, owner_password: str) -> None:
        self.binaries, self.folder, self.port = binaries, folder, free_port()
        self._owner_password = owner_password

    def create(self) -> None:
        """Make it and start it."""
        secret = self.folder / "password"
        secret.write_text(self._owner_password)
        self.folder.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(self.folder, OWNER)
            shutil.chown(secret, OWNER)
        self._run(
            "initdb", "--pgdata", "data", "--username", OWNER, "--pwfile", "password", "--no-sync",
            "--auth", "scram-sha-256", "--encoding", "UTF8",
        )  # fmt: skip
        self.start()

    def add(self, name: str, password: str) -> None:
        """A user with a database."""
        words = f"CREATE ROLE {name} LOGIN PASSWORD '{password}';\nCREATE DATABASE {name} OWNER {name};\n"
        self._run("psql", "--quiet", "--host", "127.0.0.1", "--port", str(self.port), "--username", OWNER, said=words)

    def url(self, name: str, password: str, *, driver: str = "psycopg") -> str:
        """Where a user's database is."""
        return f"postgresql+{driver}://{name}:{password}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """From now on it answers."""
        options = f"-p {self.port} -h 127.0.0.1 -k '{self.folder}' -c fsync=off -c max_connections=200"
        self._run("pg_ctl", "--pgdata", "data", "--silent", "--wait", "--log", "log", "--options", options, "start")

    def stop(self) -> None:
        """From now on nobody answers; whoever was connected is cut off."""
        self._run("pg_ctl", "--pgdata", "data", "--silent", "--wait", "--mode", "fast", "stop")

    def close(self) -> None:
        """Stop it, if it runs, and forget it."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str, said: str | None = None) -> None:
        command = [str(self.binaries / program), *arguments]
        if os.getuid() == 0:
            command = ["runuser", "-u", OWNER, "--whitelist-environment=PGPASSWORD", "--", *command]
        done = subprocess.run(
            command, cwd=self.folder, env=os.environ | {"PGPASSWORD": self._owner_password, "LC_ALL": "C"},
            input=said, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stdout}"


def installed() -> Path | None:
    """The newest PostgreSQL of this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


@contextmanager
def served(owner_password: str) -> Iterator[Database | None]:
    """A new server, or None where PostgreSQL is not installed."""
    binaries = installed()
    if binaries is None:
        yield None
        return
    database = Database(binaries, Path(tempfile.mkdtemp(prefix="hub-database-")), owner_password)
    try:
        database.create()
        yield database
    finally:
        database.close()
