"""Importer: what other tools have collected, out of the files that they export.

What shapes this module:

- Listening tools, survey tools and NPS tools all export tables, and each calls its columns otherwise. What they mean
  stands in the watch's `layout`, or is known by the names that such tools use: `layout.py`. Columns that nobody named
  are not read.
- Files grow, and are replaced. The cursor counts rows of a file that begins as it began; one that begins otherwise is
  read anew, and keys drop what is known. A row without an id is known by what it says.
- Ids are unique within a tool. Its exports lie in a folder of their own, and the folder's name is the scope of its ids.
- A survey's answer may be a number alone: it says something all the same.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import PurePath
from typing import Any, BinaryIO

from connectors.importer.layout import NEEDED, Layout, layout_of
from connectors.importer.rows import open_table
from hub.domain import Cursor, Watch
from hub.errors import SetupError
from hub.kit import SPOILT, Network, NoAuth, Page

PAGE_ROWS = 500
HEAD = 4_096  # bytes by which a file that has grown is known again


class Importer(Network):
    """Exports of other tools."""

    auth = NoAuth()

    def check(self) -> None:
        """There is nobody to ask; each watch tells of its own file."""

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield the rows of a file, some at a time, from the first one that was not read."""
        if watch.kind not in NEEDED:
            raise SetupError(f"The importer cannot watch a {watch.kind}; use posts, survey or nps with a file's path.")
        with closing(self.open(watch.value)) as file:
            known = beginning(file, cursor.state.get("head", 0))
            done = int(cursor.position or 0) if known and known == cursor.state.get("file") else 0
            head = min(file.seek(0, io.SEEK_END), HEAD)
            file.seek(0)
            state = {"file": beginning(file, head), "head": head}
            for rows in self._pages(file, watch, done):
                done += len(rows)
                yield Page(records=rows, cursor=Cursor(position=str(done), state=state))

    def read(self, url: str) -> list[dict[str, Any]]:
        """The rows of a file of unknown origin, as posts of a listening tool."""
        body = io.BytesIO(self.http.fetch(url)[2])
        watch = Watch(network="importer", kind="posts", value=url)
        return [row for rows in self._pages(body, watch, 0) for row in rows]

    def _pages(self, file: BinaryIO, watch: Watch, done: int) -> Iterator[list[dict[str, Any]]]:
        table = open_table(file, skip=done, told=watch.layout)
        layout = layout_of(watch.kind, watch.layout, table.columns)
        about = {"kind": watch.kind, "tool": tool_of(watch.value)}
        page: list[dict[str, Any]] = []
        for row in table.rows(sorted(set(layout.columns.values()))):
            page.append(record_of(row, layout, about))
            if len(page) == PAGE_ROWS:
                yield page
                page = []
        if page:
            yield page


def record_of(row: dict[str, Any], layout: Layout, about: dict[str, str]) -> dict[str, Any]:
    """A row in our words; one that could not be read stays as it came."""
    return row if SPOILT in row else {**layout.said(row), "import": about}


def tool_of(path: str) -> str:
    """Whose ids these are: the folder that the file lies in, else the file's own name."""
    place = PurePath(path.replace("\\", "/"))
    return (place.parent.name or place.stem).lower()


def beginning(file: BinaryIO, length: int) -> str:
    """By what a file is known again when it has grown."""
    file.seek(0)
    head = file.read(length)
    file.seek(0)
    return hashlib.sha256(head).hexdigest()[:16] if length and len(head) == length else ""
