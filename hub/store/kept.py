"""Files that are made once and never changed, each under the digest of its bytes: reports and their pictures.

A local folder or a place in an object store. A file is written under another name and then moved, and what is read is
checked against its name: half a file is no file.
"""

from functools import cached_property
from hashlib import sha256
from typing import Any
from uuid import uuid4

from hub.errors import SetupError


class KeptFiles:
    """A folder of files by digest."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _place(self) -> tuple[Any, str]:
        """The file system, and the folder in it."""
        import fsspec  # a run that makes no report needs none of it

        files, root = fsspec.core.url_to_fs(self._url)
        return files, root

    def put(self, content: bytes) -> str:
        """Keep these bytes; returns their digest. What is there already is not written again."""
        digest = sha256(content).hexdigest()
        path = self._path(digest)
        if self._read(path) == content:
            return digest
        files, draft = self._place[0], f"{path}.{uuid4().hex}"
        try:
            files.makedirs(path.rpartition("/")[0], exist_ok=True)
            with files.open(draft, "wb") as file:
                file.write(content)
            files.mv(draft, path)
        except OSError as refused:
            raise SetupError(
                f"Reports cannot be kept at {self._url} ({type(refused).__name__}); correct HUB_REPORTS_URL."
            ) from None
        return digest

    def read(self, digest: str) -> bytes:
        """The bytes of this digest; a SetupError says that they are not there."""
        content = self._read(self._path(digest))
        if content is None or sha256(content).hexdigest() != digest:
            raise SetupError(f"The file {digest[:12]} is not, or not whole, at {self._url}; correct HUB_REPORTS_URL.")
        return content

    def _path(self, digest: str) -> str:
        if not digest.isalnum():
            raise SetupError("This is no digest.")
        return f"{self._place[1]}/{digest[:2]}/{digest}"

    def _read(self, path: str) -> bytes | None:
        try:
            with self._place[0].open(path, "rb") as file:
                return bytes(file.read())
        except FileNotFoundError:
            return None
