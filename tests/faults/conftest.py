"""A proving ground for each test, on a file system in memory where there is one."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copy, rmtree

import pytest

from hub.store import Store
from tests.faults.ground import Ground, opened

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """Where the stores of these tests lie."""
    parent = MEMORY if os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="hub-faults-", dir=parent))
    yield folder
    rmtree(folder)


@pytest.fixture(scope="session")
def migrated(scratch: Path) -> Path:
    """A database that is migrated once and copied for each test."""
    path = scratch / "migrated.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def ground(migrated: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """A hub with nothing in it, a sandbox with nothing in it, and no faults."""
    with _fresh(scratch / "ground", migrated, monkeypatch) as ground:
        yield ground


@pytest.fixture
def another(migrated: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """A second ground, for the same history once more."""
    with _fresh(scratch / "another", migrated, monkeypatch) as ground:
        yield ground


@contextmanager
def _fresh(folder: Path, migrated: Path, patch: pytest.MonkeyPatch) -> Iterator[Ground]:
    folder.mkdir()
    copy(migrated, folder / "hub.db")
    with opened(folder, patch, f"sqlite:///{folder / 'hub.db'}") as ground:
        yield ground
    rmtree(folder)
