"""The landing zone: records exactly as they came, in compressed files that are named after their content.

    <network>/<YYYY-MM-DD>/<sha256 of the uncompressed lines>.jsonl.zst

A file is whole or not there: it is written under a temporary name in the same folder, flushed to the disk, then
renamed. Landing the same records again gives the same file, so a repeat after a lost answer does no harm. Readers
are told the digest by the manifest and refuse a file whose bytes have changed.
"""

import errno
import io
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from hub.domain import Model
from hub.errors import ContractBroken, HubError, SetupError, Unavailable
from hub.store.faults import faultpoint
from hub.store.records import decode, encode

SUFFIX = ".jsonl.zst"
TEMPORARY = ".part-"
LEVEL = 1  # zstd: a ninth of the size; more takes half as long again and saves a fiftieth
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class LandedFile(Model):
    """What was written."""

    path: str  # below the landing zone
    digest: str  # of the uncompressed lines
    size: int  # compressed
    records: int


class DamagedFile(ContractBroken):
    """A landed file is gone, or its bytes are not those that landed."""


class Landing:
    """A folder, or a bucket by its fsspec URL (`s3://bucket/path`)."""

    def __init__(self, url: str | Path = "var/landing") -> None:
        text = str(url)
        self.url = text.removeprefix("file://").rstrip("/")
        self._folder = None if "://" in self.url else Path(self.url)

    def write(self, records: Sequence[dict[str, Any]], *, network: str, at: datetime) -> LandedFile:
        """Land these records; the same ones on the same day are the same file."""
        return self.write_lines([encode(record) for record in records], network=network, at=at)

    def write_lines(self, lines: Sequence[bytes], *, network: str, at: datetime) -> LandedFile:
        """Land records that are encoded already: a tenth of the memory for whoever has to hold many."""
        content = b"\n".join([*lines, b""])
        digest = sha256(content).hexdigest()
        path = f"{network}/{at.astimezone(UTC):%Y-%m-%d}/{digest}{SUFFIX}"
        packed = _pack(content)
        self._put(path, packed)
        return LandedFile(path=path, digest=digest, size=len(packed), records=len(lines))

    def read(self, path: str, digest: str) -> Iterator[dict[str, Any]]:
        """The records of a landed file; DamagedFile before the first one if its bytes have changed."""
        lines = self._unpacked(path)
        if sha256(lines).hexdigest() != digest:
            raise DamagedFile(f"The landed file {path} has changed since it landed; its batch is read again.")
        for line in lines.split(b"\n"):  # the only line break in JSON on lines
            if line:
                yield decode(line)

    def remove(self, path: str) -> None:
        """Remove a landed file, as retention and erasure ask; one that is gone already is fine."""
        if self._folder is not None:
            (self._folder / path).unlink(missing_ok=True)
            return
        files, place = self._bucket(path)
        with self._asked():
            if files.exists(place):
                files.rm(place)

    def paths(self) -> Iterator[str]:
        """All whole files that are there, whoever landed them, in no order."""
        if self._folder is not None:
            yield from (file.relative_to(self._folder).as_posix() for file in self._folder.glob(f"*/*/[!.]*{SUFFIX}"))
            return
        files, root = self._bucket("")
        with self._asked():
            found = files.find(root.rstrip("/")) if files.exists(root.rstrip("/")) else []
        yield from (path.removeprefix(root) for path in found if path.endswith(SUFFIX))

    def age_seconds(self, path: str) -> float:
        """How long ago it was written last, by the clock of where it lies; nothing for one that is gone."""
        try:
            if self._folder is not None:
                return time.time() - (self._folder / path).stat().st_mtime
            files, place = self._bucket(path)
            with self._asked():
                return float((datetime.now(UTC) - files.modified(place)).total_seconds())
        except FileNotFoundError:
            return 0.0

    def sweep(self, *, older_than_seconds: float = 3600) -> int:
        """Remove what killed writers left behind; returns how many files that were. Buckets have no such files."""
        if self._folder is None:
            return 0
        limit = time.time() - older_than_seconds  # of the file system's clock, as is the time compared with it
        left = [file for file in self._folder.glob(f"*/*/{TEMPORARY}*") if file.stat().st_mtime <= limit]
        for file in left:
            file.unlink(missing_ok=True)
        return len(left)

    def _put(self, path: str, packed: bytes) -> None:
        if self._folder is None:
            files, place = self._bucket(path)
            try:
                with self._asked():
                    files.pipe_file(place, packed)  # object stores show an object only when it is whole
            except FileNotFoundError as gone:
                raise SetupError(f"The landing zone {self.url} is not there; make the bucket, or correct it.") from gone
            return
        try:
            _write_whole(self._folder / path, packed)
        except OSError as problem:
            raise self._told(problem) from problem

    def _unpacked(self, path: str) -> bytes:
        from zstandard import ZstdError

        try:
            return _unpack((self._folder / path).read_bytes() if self._folder is not None else self._fetched(path))
        except FileNotFoundError as gone:
            raise DamagedFile(f"The landed file {path} is gone; its batch is read again, or it was erased.") from gone
        except ZstdError as broken:
            raise DamagedFile(f"The landed file {path} cannot be unpacked; its batch is read again.") from broken
        except OSError as problem:
            raise self._told(problem) from problem

    def _fetched(self, path: str) -> bytes:
        files, place = self._bucket(path)
        with self._asked():
            return bytes(files.cat_file(place))

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Trouble with an object store: its clients raise errors of their own, and of their own libraries.

        Whatever became of what was put: put again, it is the same object.
        """
        try:
            yield
        except (HubError, FileNotFoundError):
            raise
        except Exception as problem:
            if isinstance(problem, OSError) and (problem.errno in _NO_SPACE or isinstance(problem, PermissionError)):
                raise self._told(problem) from problem
            kind = type(problem).__name__
            raise Unavailable(f"The landing zone {self.url} gives no usable answer ({kind}).") from problem

    def _bucket(self, path: str) -> tuple[Any, str]:
        import fsspec  # a folder needs none of it

        try:
            files, root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as missing:
            raise SetupError(
                f"Nothing here can reach {self.url}; install fsspec's package for it (s3fs for s3://), or use a folder."
            ) from missing
        return files, f"{root.rstrip('/')}/{path}"

    def _told(self, problem: OSError) -> HubError:
        if problem.errno in _NO_SPACE:
            return SetupError(f"There is no space left in {self.url}; make room, and the next run goes on by itself.")
        return SetupError(f"The landing zone {self.url} cannot be used: {problem.strerror or problem}.")


def _write_whole(target: Path, packed: bytes) -> None:
    """Temporary name, flush, fsync, rename, fsync of the folder: after that a power cut takes nothing back."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{TEMPORARY}{uuid4().hex}")
    try:
        with draft.open("wb", buffering=0) as file:
            half = len(packed) // 2
            _write_all(file, packed[:half])
            faultpoint("store.half_written")
            _write_all(file, packed[half:])
            os.fsync(file.fileno())
        faultpoint("store.written")
        draft.replace(target)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_all(file: io.FileIO, data: bytes) -> None:
    """A disk that fills up takes a part and says so only at the next write."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _pack(lines: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(lines)


def _unpack(packed: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj().decompress(packed)
