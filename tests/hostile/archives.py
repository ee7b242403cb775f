"""Archives made from recipes: what a stranger may hand over, built anew for each run so that none lies about.

A recipe has a `kind` (zip, tgz or raw) and entries: `content`, or `repeat` [unit, times], a `symlink`, a `hardlink`, a
`device` [major, minor], or `nest`, so many archives within each other. `count` makes many of one, numbered in its name.
A zip's entry may be `encrypted_flag`ged or have a `bad_crc`; `truncate` keeps that share of the whole.
"""

import io
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHUNK = 1 << 16
LINKS = {"symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE}
HEADERS = ((b"PK\x03\x04", 6, 14, 30), (b"PK\x01\x02", 8, 16, 46))  # mark, place of flags, of the checksum, of the name


def build(recipe: dict[str, Any], folder: Path) -> Path:
    """The archive of a recipe, in this folder."""
    path = folder / f"{recipe['id']}.{recipe['kind'] if recipe['kind'] != 'raw' else 'bin'}"
    if recipe["kind"] == "raw":
        path.write_bytes(recipe["content"].encode())
    elif recipe["kind"] == "zip":
        _zip(path, recipe)
    else:
        with tarfile.open(path, "w:gz") as archive:
            for entry in _entries(recipe):
                archive.addfile(*_member(entry))
    if "truncate" in recipe:
        body = path.read_bytes()
        path.write_bytes(body[: int(len(body) * recipe["truncate"])])
    return path


def _entries(recipe: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in recipe["entries"]:
        for number in range(entry.get("count", 1)):
            yield {**entry, "name": entry["name"] % number} if "count" in entry else entry


def _content(entry: dict[str, Any]) -> Iterator[bytes]:
    if "repeat" in entry:
        unit, times = entry["repeat"][0].encode(), entry["repeat"][1]
        at_once = max(1, CHUNK // len(unit))
        while times > 0:
            yield unit * min(at_once, times)
            times -= at_once
    elif "nest" in entry:
        yield _nested(entry["nest"])
    else:
        yield (entry.get("symlink") or entry.get("content", "")).encode()


def _nested(depth: int) -> bytes:
    inner = b"{}"
    for level in range(depth):
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"level{level}.zip" if level else "p.json", inner)
        inner = body.getvalue()
    return inner


def _zip(path: Path, recipe: dict[str, Any]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in _entries(recipe):
            info = zipfile.ZipInfo("any")
            info.filename, info.compress_type = entry["name"], zipfile.ZIP_DEFLATED
            if "symlink" in entry:
                info.create_system, info.external_attr = 3, 0o120777 << 16
            with archive.open(info, "w", force_zip64="repeat" in entry) as member:
                for chunk in _content(entry):
                    member.write(chunk)
    body = bytearray(path.read_bytes())
    for entry in _entries(recipe):
        _spoil(body, entry)
    path.write_bytes(body)


def _spoil(body: bytearray, entry: dict[str, Any]) -> None:
    """Set the mark of encryption, or a false checksum, in both headers of a member."""
    name = entry["name"].encode()
    for mark, flags, checksum, start in HEADERS if entry.get("encrypted_flag") or entry.get("bad_crc") else ():
        at = body.find(mark)
        while at >= 0:
            if body[at + start : at + start + len(name)] == name:
                if entry.get("encrypted_flag"):
                    body[at + flags] |= 1
                if entry.get("bad_crc"):
                    struct.pack_into("<I", body, at + checksum, 0xBADC0DE)
            at = body.find(mark, at + 4)


def _member(entry: dict[str, Any]) -> tuple[tarfile.TarInfo, io.BytesIO]:
    info, data = tarfile.TarInfo(entry["name"]), b"".join(_content(entry))
    for kind, number in LINKS.items():
        if kind in entry:
            info.type, info.linkname, data = number, entry[kind], b""
    if "device" in entry:
        info.type, data = tarfile.CHRTYPE, b""
        info.devmajor, info.devminor = entry["device"]
    info.size = len(data)
    return info, io.BytesIO(data)
