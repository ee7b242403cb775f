"""The command line as a person meets it: arguments in; an answer, progress and an exit code out."""

import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.cli import main
from hub.store import Store


@dataclass(frozen=True)
class Told:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its answer, which must be JSON and nothing else."""
        return json.loads(self.out)


Hub = Callable[..., Told]


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """A command may change its process's environment; the next test starts with the old one."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Hub:
    """Runs one command with state and configuration below this test's folder, unless the test says otherwise."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if "HUB_VAR" not in os.environ:
        monkeypatch.setenv("HUB_VAR", str(tmp_path / "var"))
        monkeypatch.setenv("HUB_CONFIG", str(tmp_path / "hub.yaml"))

    def run(*arguments: object, given: str | bytes = "") -> Told:
        monkeypatch.setattr(sys, "argv", ["hub", *map(str, arguments)])
        data = given.encode() if isinstance(given, str) else given
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        sys.stdout.flush()
        said = capfdbinary.readouterr()
        return Told(int(code or 0), said.out.decode(), said.err.decode())

    return run


@pytest.fixture
def acme(tmp_path: Path, repo: Path) -> Path:
    """The configuration of the invented world, as this test's own."""
    return Path(shutil.copy(repo / "sandbox" / "hub.yaml", tmp_path / "hub.yaml"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The store that the commands use."""
    with Store.open(f"sqlite:///{tmp_path / 'var' / 'hub.db'}") as opened:
        yield opened
