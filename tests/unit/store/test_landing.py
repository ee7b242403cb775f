"""The landing zone: whole files, or none."""

import errno
import os
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from hub.errors import ContractBroken, SetupError, Unavailable
from hub.store import DamagedFile, Landing
from hub.store.records import encode

AT = datetime(2025, 3, 1, 23, 30, tzinfo=UTC)
RECORDS = [
    {"id": str(2**60), "text": "Kaffee \U0001f600 \u2028 'x'", "nested": {"n": [1, 2.5, None, True]}},
    {"id": "2"},
]


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "landing")


def test_lines_that_were_encoded_before_land_as_the_same_file(landing):
    assert landing.write_lines([encode(record) for record in RECORDS], network="x", at=AT) == landing.write(
        RECORDS, network="x", at=AT
    )


def test_records_come_back_as_they_landed_and_in_order(landing):
    landed = landing.write(RECORDS, network="mastodon", at=AT)

    assert list(landing.read(landed.path, landed.digest)) == RECORDS
    assert landed.path == f"mastodon/2025-03-01/{landed.digest}.jsonl.zst"
    assert landed.records == 2


def test_the_day_is_that_of_utc(landing):
    tokyo = AT.astimezone(timezone(timedelta(hours=9)))

    assert landing.write(RECORDS, network="x", at=tokyo).path.split("/")[1] == "2025-03-01"


def test_the_same_records_are_the_same_file(landing, tmp_path):
    first = landing.write(RECORDS, network="x", at=AT)

    assert landing.write(RECORDS, network="x", at=AT) == first
    assert len(list(tmp_path.rglob("*.zst"))) == 1


def test_line_separators_inside_a_record_do_not_split_it(landing):
    records = [{"text": "one\u2028two\u0085three\x0b\x1c\r\nfour"}] * 3
    landed = landing.write(records, network="x", at=AT)

    assert list(landing.read(landed.path, landed.digest)) == records


@pytest.mark.parametrize("odd", ["a\ud800b", "\x00", 2**70 + 1, -(2**63), 1.5, "\ufeff", {"\udfff": 1}])
def test_odd_but_legal_values_land_beside_the_others(landing, odd):
    records = [{"id": "1"}, {"id": "2", "odd": odd}, {"id": "3"}]
    landed = landing.write(records, network="x", at=AT)

    assert list(landing.read(landed.path, landed.digest)) == records


def test_a_file_is_much_smaller_than_its_records(landing):
    landed = landing.write([{"id": n, "text": "The grinder broke"} for n in range(2_000)], network="x", at=AT)

    assert landed.size * 5 < 2_000 * 40


@pytest.mark.parametrize("place", [0, 20, -1])
def test_one_changed_bit_is_noticed_and_landing_again_mends_it(landing, tmp_path, place):
    landed = landing.write(RECORDS, network="x", at=AT)
    file = tmp_path / "landing" / landed.path
    damaged = bytearray(file.read_bytes())
    damaged[place] ^= 1
    file.write_bytes(damaged)

    with pytest.raises(DamagedFile, match=landed.digest):
        list(landing.read(landed.path, landed.digest))
    landing.write(RECORDS, network="x", at=AT)
    assert list(landing.read(landed.path, landed.digest)) == RECORDS


def test_a_file_cut_short_or_gone_is_damaged_too(landing, tmp_path):
    landed = landing.write(RECORDS, network="x", at=AT)
    file = tmp_path / "landing" / landed.path
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(ContractBroken):
        list(landing.read(landed.path, landed.digest))

    landing.remove(landed.path)
    landing.remove(landed.path)
    with pytest.raises(DamagedFile, match="gone"):
        list(landing.read(landed.path, landed.digest))


def test_other_records_under_the_same_name_are_not_taken_for_it(landing, tmp_path):
    landed = landing.write(RECORDS, network="x", at=AT)
    other = landing.write([{"id": "3"}], network="x", at=AT)
    root = tmp_path / "landing"
    (root / other.path).replace(root / landed.path)

    with pytest.raises(DamagedFile, match="changed"):
        list(landing.read(landed.path, landed.digest))


def test_only_old_leftovers_are_swept(landing, tmp_path):
    landed = landing.write(RECORDS, network="x", at=AT)
    folder = (tmp_path / "landing" / landed.path).parent
    old, young = folder / ".part-old", folder / ".part-young"
    for file in (old, young):
        file.write_bytes(b"half")
    an_hour_ago = time.time() - 3_700
    os.utime(old, (an_hour_ago, an_hour_ago))

    assert landing.sweep() == 1
    assert sorted(file.name for file in folder.iterdir()) == [".part-young", Path(landed.path).name]


def test_a_full_disk_is_named_and_leaves_no_torn_file(landing, tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SetupError, match="no space left"):
        landing.write(RECORDS, network="x", at=AT)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    monkeypatch.undo()
    landed = landing.write(RECORDS, network="x", at=AT)  # goes on by itself once there is room
    assert list(landing.read(landed.path, landed.digest)) == RECORDS


def test_a_folder_that_may_not_be_written_is_a_set_up_error(tmp_path):
    (tmp_path / "landing").write_text("a file stands where the folder should be")

    with pytest.raises(SetupError, match="cannot be used"):
        Landing(tmp_path / "landing").write(RECORDS, network="x", at=AT)


def test_a_bucket_works_like_a_folder():
    landing = Landing("memory://bucket/landing")
    landed = landing.write(RECORDS, network="x", at=AT)

    assert list(landing.read(landed.path, landed.digest)) == RECORDS
    assert landing.sweep(older_than_seconds=0) == 0
    landing.remove(landed.path)
    landing.remove(landed.path)
    with pytest.raises(DamagedFile, match="gone"):
        list(landing.read(landed.path, landed.digest))


def test_an_address_that_nothing_can_reach_is_a_set_up_error():
    with pytest.raises(SetupError, match="nosuch"):
        Landing("nosuch://bucket").write(RECORDS, network="x", at=AT)


class ClientError(Exception):
    """As the libraries below fsspec's raise them: no OSError."""


@pytest.mark.parametrize(("problem", "named"), [
    (ClientError("SECRET"), Unavailable), (TimeoutError(), Unavailable), (FileNotFoundError("bucket"), SetupError),
    (PermissionError("no"), SetupError), (OSError(errno.ENOSPC, "full"), SetupError),
])  # fmt: skip
def test_whatever_an_object_store_raises_has_a_name(monkeypatch, problem, named):
    from fsspec.implementations.memory import MemoryFileSystem

    def refuse(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", refuse)
    with pytest.raises(named, match="memory://bucket") as told:
        Landing("memory://bucket").write(RECORDS, network="x", at=AT)
    assert "SECRET" not in str(told.value)


def test_a_bucket_that_does_not_answer_may_do_so_later(monkeypatch):
    from fsspec.implementations.memory import MemoryFileSystem

    def down(*_: object, **__: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", down)
    with pytest.raises(Unavailable, match="memory://bucket"):
        Landing("memory://bucket").write(RECORDS, network="x", at=AT)
