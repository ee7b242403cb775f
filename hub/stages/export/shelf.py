"""The shelf: where exported files stand, a folder or a bucket. A file is whole or not there, and replaced in one step.

    posts/network=mastodon/day=2026-11-26/part-0.parquet

A partition is one file of a fixed name, so readers need no list of files, and whatever ends a run leaves each partition
as it was or as it is to be. Drafts have names that DuckDB, Spark and Trino pass over.
"""

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from hub.errors import HubError, SetupError, Unavailable
from hub.store import faultpoint

FILE = "part-0.parquet"
DRAFT = "_draft-"
ROWS_IN_A_GROUP = 20_000  # fewer are packed and read badly, more take memory
OLD_SECONDS = 86_400.0
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_UNLIKE = {"post", "text", "title", "url", "handoff", "external_id", "object_id"}  # a dictionary of them saves nothing


class Draft:
    """A file that nobody reads yet."""

    def __init__(self, place: Path, schema: pa.Schema) -> None:
        self.place = place
        self.rows = 0
        self._waiting: list[pa.Table] = []
        alike = [field.name for field in schema if field.name not in _UNLIKE and field.type == pa.string()]
        self._writer = pq.ParquetWriter(
            place, schema, compression="zstd", use_dictionary=alike, coerce_timestamps="us", version="2.6"
        )

    def add(self, table: pa.Table) -> None:
        """Put these rows behind the others."""
        self.rows += table.num_rows
        self._waiting.append(table)
        if sum(each.num_rows for each in self._waiting) >= ROWS_IN_A_GROUP:
            self._write()

    def close(self) -> None:
        """All is written."""
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
            self._waiting.clear()


class Shelf:
    """A folder, or a bucket by its fsspec URL (`s3://bucket/path`)."""

    def __init__(self, url: str) -> None:
        self.url = url.removeprefix("file://").rstrip("/")
        self.folder = None if "://" in self.url else Path(self.url)

    def draft(self, path: str, schema: pa.Schema) -> Draft:
        """Begin the file that is to stand at this path."""
        with self._told():
            if self.folder is None:
                return Draft(Path(tempfile.gettempdir()) / f"{DRAFT}{uuid4().hex}", schema)
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            return Draft((self.folder / path).with_name(f"{DRAFT}{uuid4().hex}"), schema)

    def keep(self, path: str, draft: Draft) -> None:
        """Put a finished draft where it is to stand."""
        with self._told():
            draft.close()
            faultpoint("export.drafted")
            if self.folder is not None:
                draft.place.replace(self.folder / path)
            else:
                try:
                    files, place = self._bucket(path)
                    files.put_file(str(draft.place), place)  # object stores show an object only when it is whole
                finally:
                    draft.place.unlink(missing_ok=True)
        faultpoint("export.kept")

    def drop(self, draft: Draft) -> None:
        """Leave a draft unfinished."""
        draft.close()
        draft.place.unlink(missing_ok=True)

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is fine."""
        with self._told():
            if self.folder is not None:
                file = self.folder / path
                file.unlink(missing_ok=True)
                for left in file.parents[: len(Path(path).parts) - 1]:
                    if not left.is_dir() or any(left.iterdir()):
                        break
                    left.rmdir()
                return
            files, place = self._bucket(path)
            if files.exists(place):
                files.rm(place)

    def paths(self) -> set[str]:
        """All partitions that are there."""
        with self._told():
            if self.folder is not None:
                return {file.relative_to(self.folder).as_posix() for file in self.folder.rglob(FILE)}
            files, root = self._bucket("")
            root = root.rstrip("/")
            found = files.find(root) if files.exists(root) else []
            return {path.removeprefix(f"{root}/") for path in found if path.endswith(f"/{FILE}")}

    def read(self, path: str) -> bytes | None:
        """A small file; None where there is none."""
        with self._told():
            try:
                if self.folder is not None:
                    return (self.folder / path).read_bytes()
                files, place = self._bucket(path)
                return bytes(files.cat_file(place))
            except FileNotFoundError:
                return None

    def write(self, path: str, content: bytes) -> None:
        """Replace a small file."""
        with self._told():
            if self.folder is None:
                files, place = self._bucket(path)
                files.pipe_file(place, content)
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = (self.folder / path).with_name(f"{DRAFT}{uuid4().hex}")
            draft.write_bytes(content)
            draft.replace(self.folder / path)

    def settle(self) -> None:
        """What was written stays whatever happens to the machine; and what killed runs left behind goes."""
        if self.folder is None:
            return
        os.sync()  # once for all files: each by itself would take longer than writing it
        limit = time.time() - OLD_SECONDS  # of the file system's clock, as is the time compared with it
        for left in self.folder.rglob(f"{DRAFT}*"):
            if left.stat().st_mtime <= limit:
                left.unlink(missing_ok=True)

    def _bucket(self, path: str) -> tuple[Any, str]:
        import fsspec  # a folder needs none of it

        try:
            files, root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as missing:
            raise SetupError(
                f"Nothing here can reach {self.url}; install fsspec's package for it (s3fs for s3://), or use a folder."
            ) from missing
        return files, f"{root.rstrip('/')}/{path}"

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Trouble in our words: object stores' clients raise errors of their own, and of their own libraries."""
        try:
            yield
        except (HubError, pa.ArrowInvalid, pa.ArrowTypeError):
            raise
        except OSError as problem:
            if problem.errno in _NO_SPACE:
                raise SetupError(f"There is no space left in {self.url}; make room and export again.") from problem
            if self.folder is None and not isinstance(problem, PermissionError):
                raise Unavailable(f"The export's place {self.url} gives no usable answer.") from problem
            why = problem.strerror or type(problem).__name__
            raise SetupError(f"The export's place {self.url} cannot be used: {why}; correct HUB_EXPORT.") from problem
        except Exception as problem:
            if self.folder is not None:
                raise
            kind = type(problem).__name__
            raise Unavailable(f"The export's place {self.url} gives no usable answer ({kind}).") from problem
