"""What is in an archive that a stranger made: looked over as a whole before anything of it is believed.

Nothing is ever unpacked to a disk: members are read one by one, and their names are only compared. An archive is
refused as a whole for names that climb out or mean two things, for links, devices and encrypted members, for archives
within it, for members that overlap or unfold beyond reason, and for being cut off. The limits hold while it is read,
whatever its headers say.
"""

import gzip
import io
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from hub.errors import ContractBroken

MAX_MEMBERS = 50_000
MAX_NAME = 1_000
MAX_TOTAL = 100 << 30  # bytes of all members; a Takeout holds photos too
MAX_DIRECTORY = 64 << 20  # bytes of a zip's own table of contents
RATIO = 200  # text folds to a tenth; what folds to less is made to hurt
RATIO_FROM = 1 << 20  # below so many bytes it does not matter
CHUNK = 1 << 16
MOST_AT_ONCE = 1 << 20  # bytes of one header of a tar
END = b"PK\x05\x06"
NESTED = (".zip", ".tgz", ".tar", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst", ".jar")
UNSAFE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|/)\.\.(/|$)|\\|[\x00-\x1f\x7f]")
Broken = (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, zlib.error, struct.error,
          RuntimeError, ValueError, UnicodeError)  # fmt: skip


class Unreadable(Exception):
    """One member cannot be read, though its archive is sound."""


@dataclass(frozen=True)
class Member:
    """A file in the archive, and how long it says it is."""

    name: str
    size: int


class Archive(Protocol):
    """An archive that was looked over."""

    members: list[Member]

    def read(self, wanted: list[int], longest: int) -> Iterator[tuple[int, bytes | Unreadable]]:
        """The bytes of members by their place, in the order in which they lie."""
        ...


def look_over(file: BinaryIO) -> Archive:
    """The archive in a file; ContractBroken, with a reason, for what is none or is hostile."""
    head = file.read(4)
    file.seek(0)
    try:
        if head[:2] == b"PK":
            return _Zip(file)
        if head[:2] == b"\x1f\x8b":
            return _Tar(file)
    except Broken as broken:
        raise ContractBroken(f"The archive cannot be read ({type(broken).__name__}).", reason="bad_archive") from None
    raise ContractBroken("This is neither a zip nor a tgz archive; check the watch's file.", reason="bad_archive")


def _refused(why: str, reason: str = "bad_archive") -> ContractBroken:
    return ContractBroken(f"The archive is refused: {why}.", reason=reason)


def _checked(name: str, size: int, seen: set[str], total: int) -> int:
    """The sum so far, when this member may be there."""
    if UNSAFE.search(name) or len(name) > MAX_NAME:
        raise _refused("a name in it leads out of it, or is no name", "bad_path")
    if name in seen:
        raise _refused("two members of it have one name", "bad_path")
    if name.lower().endswith(NESTED):
        raise _refused("there is another archive in it", "nested_archive")
    seen.add(name)
    if len(seen) > MAX_MEMBERS or total + size > MAX_TOTAL:
        raise _refused("it holds more than any honest one", "too_big")
    return total + size


class _Zip:
    """A zip; its table of contents is measured before the library reads it."""

    def __init__(self, file: BinaryIO) -> None:
        _measure_directory(file)
        self._zip = zipfile.ZipFile(file)
        self._infos = [info for info in self._zip.infolist() if not info.is_dir()]
        seen: set[str] = set()
        total = 0
        for info in self._zip.infolist():
            total = _checked(info.orig_filename.rstrip("/"), info.file_size, seen, total)
            self._check(info)
        self._check_places()
        self.members = [Member(info.filename, info.file_size) for info in self._infos]

    @staticmethod
    def _check(info: zipfile.ZipInfo) -> None:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _refused("a link or device is in it", "bad_member")
        if info.flag_bits & 0x1:
            raise _refused("a member of it is encrypted; export it without a password", "encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused("a member of it is folded in an unusual way", "bad_member")
        if info.file_size > RATIO_FROM and info.file_size > RATIO * max(info.compress_size, 1):
            raise _refused("a member of it unfolds to many times its size", "too_big")

    def _check_places(self) -> None:
        end = 0
        for info in sorted(self._zip.infolist(), key=lambda each: each.header_offset):
            if info.header_offset < end:
                raise _refused("members of it overlap", "bad_archive")
            end = info.header_offset + info.compress_size + 30

    def read(self, wanted: list[int], longest: int) -> Iterator[tuple[int, bytes | Unreadable]]:
        """Each by itself, never more of it than it may have."""
        for place in wanted:
            try:
                with self._zip.open(self._infos[place]) as member:
                    yield place, _whole(member, longest)
            except Broken as broken:
                yield place, Unreadable(type(broken).__name__)


class _Tar:
    """A tar in gzip; read from front to back, once to look it over and once for what is wanted."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.members: list[Member] = []
        seen: set[str] = set()
        total = 0
        for info, _ in self._walk():
            total = _checked(info.name.rstrip("/"), info.size, seen, total)
            if not (info.isreg() or info.isdir()) or info.sparse:
                raise _refused("a link or device is in it", "bad_member")
            if info.isreg():
                self.members.append(Member(info.name, info.size))

    def _walk(self) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
        """Member after member, and on to the end of the file: what is cut off has none."""
        self._file.seek(0)
        with gzip.GzipFile(fileobj=self._file, mode="rb") as unfolded:
            measured = _Measured(unfolded, self._file)
            with tarfile.TarFile(fileobj=measured, mode="r", errorlevel=2, ignore_zeros=False) as tar:  # type: ignore[arg-type]
                while (info := tar.next()) is not None:
                    tar.__dict__["members"] = []  # it would keep all that it has seen
                    yield info, tar
                while measured.read(CHUNK):
                    pass

    def read(self, wanted: list[int], longest: int) -> Iterator[tuple[int, bytes | Unreadable]]:
        """What is wanted, as it passes by."""
        places, left = iter(range(len(self.members))), set(wanted)
        try:
            for info, tar in self._walk():
                place = next(places) if info.isreg() else -1
                if place in left:
                    member = tar.extractfile(info)
                    yield place, _whole(member, longest) if member else Unreadable("empty")
                    left.discard(place)
                    if not left:
                        return
        except Broken as broken:
            raise ContractBroken(f"The archive broke off ({type(broken).__name__}).", reason="bad_archive") from None


class _Measured:
    """A stream that unfolds no further than is reasonable, and gives no more at once than a header may have.

    It goes forward only. One byte is remembered, since the library steps back over the last one of each member.
    """

    def __init__(self, unfolded: gzip.GzipFile, folded: BinaryIO) -> None:
        self._unfolded, self._folded = unfolded, folded
        self._at, self._last, self._again = 0, b"", b""

    def read(self, size: int = -1) -> bytes:
        """As asked, within measure."""
        if not 0 <= size <= MOST_AT_ONCE:
            raise _refused("a header of it is as long as a book", "too_big")
        found = self._again[:size]
        self._again = self._again[len(found) :]
        found += self._unfolded.read(size - len(found))
        self._at += len(found)
        self._last = found[-1:] or self._last
        if self._at > MAX_TOTAL or (self._at > RATIO_FROM and self._at > RATIO * max(self._folded.tell(), 1)):
            raise _refused("it unfolds to many times its size", "too_big")
        return found

    def seek(self, place: int) -> int:
        """Forward by unfolding what lies between, a little at a time."""
        if place == self._at - 1 and self._last and not self._again:
            self._at, self._again = place, self._last
        if place < self._at:
            raise _refused("it can only be read from its beginning")
        while place > self._at and self.read(min(place - self._at, CHUNK)):
            pass
        return self._at

    def tell(self) -> int:
        """How far it is unfolded."""
        return self._at


def _whole(member: io.BufferedIOBase | zipfile.ZipExtFile | object, longest: int) -> bytes | Unreadable:
    """All of a member, unless that is too much."""
    chunks, size = [], 0
    read = member.read  # type: ignore[union-attr]
    while chunk := read(CHUNK):
        size += len(chunk)
        if size > longest:
            return Unreadable("too_big")
        chunks.append(chunk)
    return b"".join(chunks)


def _measure_directory(file: BinaryIO) -> None:
    """How many members a zip claims, by its last record: the library makes an object of each."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 22))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < 22:
        raise _refused("it is cut off, or no zip")
    members, length = struct.unpack_from("<HI", tail, at + 10)
    if length > MAX_DIRECTORY and length != 0xFFFFFFFF:
        raise _refused("it holds more than any honest one", "too_big")
    if length == 0xFFFFFFFF or members == 0xFFFF:  # zip64: the true numbers stand before it
        wide = tail.rfind(b"PK\x06\x06", 0, at)
        if wide < 0:
            raise _refused("its table of contents cannot be found")
        members, length = struct.unpack_from("<QQ", tail, wide + 32)
        if members > MAX_MEMBERS or length > MAX_DIRECTORY:
            raise _refused("it holds more than any honest one", "too_big")
