"""F13 to F16: disks that are full, processes that end, answers that are lost and bits that flip while posts land."""

import errno
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fsspec import register_implementation
from fsspec.implementations.memory import MemoryFileSystem

from hub.domain import Cursor
from hub.errors import SetupError
from hub.store import Landing
from hub.store.landing import TEMPORARY
from tests.faults.ground import DESTINATIONS, REPO, Ground
from tests.faults.nemesis import Nemesis
from tests.faults.town import assert_well, batches, cursors, decide_and_send, died, files, passed_over, pull, read_all
from tests.faults.town import settled as settled_town

LONG = "collect " * 2_000  # a run of such a name needs pages of its own in the manifest


@pytest.fixture
def town(ground: Ground) -> Nemesis:
    return settled_town(ground)


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """A disk that takes so many bytes of each landed file, and no more."""

    class Disk(io.FileIO):
        def write(self, data: Any) -> int:
            room = size - self.tell()
            if room <= 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(memoryview(data)[:room])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", lambda self, mode="r", **_: Disk(self, mode.replace("b", "")))
        yield


@contextmanager
def full_store(ground: Ground, *, room: int = 0) -> Iterator[None]:
    """A database that may not grow any more, or by so many pages only."""

    def limit(connection: Any, *_: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + room}")

    engine = ground.store.engine
    engine.dispose()
    sa.event.listen(engine, "connect", limit)
    try:
        yield
    finally:
        sa.event.remove(engine, "connect", limit)
        engine.dispose()


@pytest.mark.parametrize("size", [0, 1, 700])
def test_f13_a_disk_that_is_full_at_some_byte_of_a_file_leaves_no_part_of_it(town: Nemesis, size: int) -> None:
    with full_after(size):
        pulled = [pull(town, name) for name in ("x", "mastodon")]

    for each in pulled:
        [problem] = {type(problem) for problem in each.failures.values()} or {SetupError}
        assert problem is SetupError
    assert all("no space left" in str(problem) for each in pulled for problem in each.failures.values())
    assert any(each.failures for each in pulled)
    assert [path for path in files(town) if path.name.startswith(TEMPORARY)] == []
    assert len(files(town)) == batches(town)
    assert passed_over(town) == set()
    read_all(town)


def test_f13_a_store_that_is_full_at_the_manifest_moves_no_cursor(town: Nemesis) -> None:
    [watch] = [each for each in town.ground.hub.config.watches if each.network == "x"]
    with town.ground.store.begin() as tx:
        tx.watches.register(watch)
        reading = tx.watches.take(watch.key, LONG, lease_seconds=60)
        assert reading is not None
        tx.watches.let_go(reading)  # and leaves just the room that the next reader's name takes
    before = cursors(town)

    with full_store(town.ground):
        failures = list(pull(town, "x", run=LONG).failures.values())

    assert {type(problem) for problem in failures} == {SetupError}
    assert "no space left for the store" in str(failures[0])
    assert "the next run goes on" in str(failures[0])
    assert files(town) != []  # which is listed nowhere
    assert (batches(town), cursors(town)) == (0, before)
    read_all(town)


def test_f13_a_store_that_has_no_room_for_a_reader_ends_the_run_before_anything_is_asked(town: Nemesis) -> None:
    with full_store(town.ground), pytest.raises(SetupError, match="no space left for the store"):
        pull(town, "mastodon", run=LONG)

    assert town.ground.played.requests("mastodon") == []
    read_all(town)


@pytest.mark.parametrize("room", [0, 2, 10])
def test_f13_a_store_that_is_full_while_deciding_and_sending_writes_all_or_nothing(town: Nemesis, room: int) -> None:
    town._collect(0)
    with full_store(town.ground, room=room), pytest.raises(SetupError, match="no space left for the store"):
        town._triage(0)
    with town.ground.store.read() as view:
        assert view.ledger.balance().differences == {}
        assert view.ledger.unbalanced() == []
    town._triage(1)
    for number in range(40):
        town.ground.hand_over("Lead", 9000 + number)
    with full_store(town.ground, room=room), suppress(SetupError):
        town.ground.run(*DESTINATIONS)

    read_all(town)


SMALL_DISK = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from hub.domain import Cursor
from hub.errors import SetupError
from hub.store import Landing
root = Path(sys.argv[1])
landing, at = Landing(root), datetime(2026, 3, 2, tzinfo=UTC)
records = [{"id": str(number), "text": os.urandom(200).hex()} for number in range(500)]
filler = root / "filler"
filler.write_bytes(bytes(os.statvfs(root).f_bavail * os.statvfs(root).f_frsize - 40_000))
try:
    landing.write(records, network="x", at=at)
except SetupError as full:
    print(full)
print(sorted(path.name for path in root.rglob("*") if path.is_file()))
filler.unlink()
landed = landing.write(records, network="x", at=at)
print(list(landing.read(landed.path, landed.digest)) == records)
"""


def test_f13_a_small_disk_that_is_really_full_goes_on_once_there_is_room(tmp_path: Path) -> None:
    """On a file system of its own, where this process may mount one."""
    mount = f"mount -t tmpfs -o size=1m none {tmp_path}"
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-m", "sh", "-c", mount], capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")

    run = subprocess.run(
        [unshare, "-m", "sh", "-c", f'{mount} && exec "$@"', "sh", sys.executable, "-c", SMALL_DISK, str(tmp_path)],
        cwd=REPO, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    full, left, whole = run.stdout.splitlines()
    assert "no space left" in full
    assert (left, whole) == ("['filler']", "True")


def test_f14_what_a_process_leaves_that_ends_in_the_middle_of_a_file_is_passed_over_and_swept(town: Nemesis) -> None:
    died(town, "store.half_written", town._collect)
    [half] = [path for path in files(town) if path.name.startswith(TEMPORARY)]
    assert half.stat().st_size > 0
    landing = town.ground.hub.landing

    read_all(town)

    assert half in files(town)
    assert landing.sweep() == 0  # it may be somebody's who is still writing
    os.utime(half, (0, 0))
    assert landing.sweep() == 1
    assert half not in files(town)
    assert len(files(town)) == batches(town)


class LossyBucket(MemoryFileSystem):
    """An object store that does as it is told and then hangs up, as often as it is asked to."""

    protocol = "lossy"
    store: dict[str, Any] = {}
    pseudo_dirs = [""]
    puts: list[str] = []
    loses = 0
    error: type[Exception] = ConnectionResetError

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: Any) -> None:
        super().pipe_file(path, value, **options)
        self.puts.append(path)
        if LossyBucket.loses > 0:
            LossyBucket.loses -= 1
            raise LossyBucket.error


class ClientError(Exception):
    """What a client's own library raises, which is no OSError."""


@pytest.mark.parametrize("error", [ConnectionResetError, TimeoutError, ClientError])
def test_f15_an_object_that_was_put_and_not_confirmed_is_the_same_object_put_again(
    town: Nemesis, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    register_implementation("lossy", LossyBucket, clobber=True)
    LossyBucket.store.clear()
    LossyBucket.puts.clear()
    monkeypatch.setattr(LossyBucket, "error", error)
    monkeypatch.setattr(LossyBucket, "loses", 3)
    town.ground.hub.__dict__["landing"] = Landing("lossy://bucket/landing")

    town._collect(0)

    assert len(LossyBucket.puts) > 3
    with town.ground.store.read() as view:
        failed = [state for state in view.watches.listing() if state.problem]
        listed = {state.batch.path for state in view.batches.recent()}
    assert [state.problem for state in failed] == ["Unavailable"] * 3
    assert all(state.cursor == Cursor() for state in failed)
    unlisted = [put for put in LossyBucket.puts if not put.endswith(tuple(listed))]
    assert len(unlisted) == 3

    town._collect(1)

    assert [LossyBucket.puts.count(put) for put in unlisted] == [2, 2, 2]  # the same objects, put again
    assert len(LossyBucket.store) == batches(town)
    read_all(town)


def test_f16_a_file_that_was_changed_is_told_read_again_and_stops_nothing_else(town: Nemesis) -> None:
    town._collect(0)
    spoilt = files(town)[0]
    content = bytearray(spoilt.read_bytes())
    content[len(content) // 2] ^= 1
    spoilt.write_bytes(content)

    decide_and_send(town)

    with town.ground.store.read() as view:
        balance = view.ledger.balance()
        [damaged] = [state for state in view.batches.recent() if state.state == "quarantined"]
    assert damaged.reason == "landed_file_damaged"
    assert balance.quarantined == damaged.batch.records  # until it has landed anew
    assert balance.differences == {}
    read_all(town)
    assert_well(town)
    with town.ground.store.read() as view:
        assert {state.state for state in view.batches.recent()} == {"done"}
