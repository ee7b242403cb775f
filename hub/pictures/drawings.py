"""What is to be drawn, and what was: a drawing is all of a picture but its pixels."""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hub.domain import Model
from hub.pictures.palette import Scheme, config

WIDTH = 560  # of a whole picture, in CSS pixels: two stand beside each other on a page, one fits a message
SCALE = 2
SIGNATURE = 8  # bytes that begin every PNG
EDITION = 1  # grows when the same numbers are drawn in another way: pictures that are kept are then drawn anew

Cell = str | float | None


class Line(Model):
    """One series of a line chart; `low`, `high` and `expected` have one value for each point, or none at all."""

    name: str
    points: tuple[tuple[datetime, float | None], ...]  # None: nothing is known, and the line has a gap
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    expected: tuple[float | None, ...] = ()


class Bar(Model):
    """One bar; `parts`, which add up to its value, are stacked in it."""

    name: str
    value: float | None  # None: nothing is known
    low: float | None = None
    high: float | None = None
    parts: tuple[tuple[str, float], ...] = ()
    partial: bool = False  # drawn hollow: not to be compared with the others


class Picture(Model):
    """A picture of numbers, and the numbers. PNG, twice as large as `width` and `height`."""

    name: str
    light: bytes
    dark: bytes
    alt: str
    width: int
    height: int
    digest: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Drawing(Model):
    """All of a picture but its pixels, which take some 60 ms of a processor."""

    name: str
    alt: str
    width: int
    height: int
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    spec: dict[str, Any]  # Vega-Lite, all its data inside, without colours

    @property
    def digest(self) -> str:
        """Names the pixels: the same numbers, drawn in the same way."""
        whole = json.dumps([EDITION, self.height, self.spec], sort_keys=True)
        return hashlib.sha256(whole.encode("utf-8", "backslashreplace")).hexdigest()[:32]

    def png(self, scheme: Scheme) -> bytes:
        """The pixels."""
        return drawn(self.spec, scheme)

    def picture(self) -> Picture:
        """The pixels of both, with everything else."""
        return self.with_pixels(self.png("light"), self.png("dark"))

    def with_pixels(self, light: bytes, dark: bytes) -> Picture:
        """The picture that these pixels are of."""
        return Picture(
            name=self.name, light=light, dark=dark, alt=self.alt, width=self.width, height=self.height,
            digest=self.digest, columns=self.columns, rows=self.rows,
        )  # fmt: skip


def drawn(spec: dict[str, Any], scheme: Scheme) -> bytes:
    """A PNG of Vega-Lite; nothing is fetched for it from anywhere."""
    from vl_convert import vegalite_to_png  # starts a JavaScript engine: 0.6 s of a processor at the first picture

    return packed(vegalite_to_png(spec, scale=SCALE, config=config(scheme), allowed_base_urls=[]))


def packed(png: bytes) -> bytes:
    """The same pixels in a third of the bytes: vl-convert packs for speed."""
    chunks = list(_chunks(png))
    pixels = zlib.compress(zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT")), 6)
    kept = [(kind, body) for kind, body in chunks if kind not in (b"IDAT", b"IEND")]
    return png[:SIGNATURE] + b"".join(_chunk(*each) for each in (*kept, (b"IDAT", pixels), (b"IEND", b"")))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = SIGNATURE
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        yield kind, png[at + 8 : at + 8 + length]
        at += 12 + length  # a check sum follows


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
