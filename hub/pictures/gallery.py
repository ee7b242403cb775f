"""Where pictures are kept: drawn when somebody first looks at them, once, and found by what they show.

    <folder>/<digest>.json        what is to be drawn: written while a page is made, in well under a millisecond
    <folder>/<digest>-light.png   its pixels, once they were asked for

Every file is whole or not there, so that servers which share the folder need no lock; of too many, those that were
used longest ago go first, and come back when they are asked for with their page again.
"""

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec

from hub.pictures.drawings import Drawing, Picture, drawn
from hub.pictures.palette import Scheme

MOST = 2000  # files, some 40 kB each
DIGEST = re.compile(r"[0-9a-f]{32}")


class Gallery:
    """The pictures of one folder."""

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self._folder = folder
        self._most = most

    def plan(self, drawing: Drawing) -> str:
        """Keep what is to be drawn, so that `png` can draw it; its digest."""
        path = self._folder / f"{drawing.digest}.json"
        if not _used(path):
            self._write(path, msgspec.json.encode(drawing.spec))
        return drawing.digest

    def has(self, digest: str, scheme: Scheme) -> bool:
        """Whether its pixels are here."""
        return bool(DIGEST.fullmatch(digest)) and (self._folder / f"{digest}-{scheme}.png").exists()

    def png(self, digest: str, scheme: Scheme) -> bytes | None:
        """The pixels of what was planned under this digest; None if nothing was, or it is gone."""
        if not DIGEST.fullmatch(digest):
            return None
        path = self._folder / f"{digest}-{scheme}.png"
        with suppress(FileNotFoundError):
            return path.read_bytes()
        try:
            spec = msgspec.json.decode((self._folder / f"{digest}.json").read_bytes())
        except FileNotFoundError:
            return None
        pixels = drawn(spec, scheme)
        self._write(path, pixels)
        return pixels

    def picture(self, drawing: Drawing) -> Picture:
        """The whole picture; its pixels from here if they are here."""
        self.plan(drawing)
        light, dark = (self.png(drawing.digest, scheme) or drawing.png(scheme) for scheme in ("light", "dark"))
        return drawing.with_pixels(light, dark)

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._make_room()
        number, name = tempfile.mkstemp(dir=self._folder, prefix=".new-")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(content)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _make_room(self) -> None:
        """A tenth goes at once, so that not every picture has to look for the oldest."""
        files = list(os.scandir(self._folder))
        if len(files) < self._most:
            return
        aged = sorted(files, key=_age)
        for file in aged[: len(files) - self._most + max(self._most // 10, 1)]:
            with suppress(FileNotFoundError):
                os.unlink(file.path)


def _used(path: Path) -> bool:
    """Whether it is here; if so, it counts as used now."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _age(file: os.DirEntry[str]) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # another process made room
        return 0.0
