"""Files that are made once and never changed, each under the digest of its bytes: reports and their pictures.

A local folder or a place in an object store. A file is written under another name and then moved, and what is read is
checked against its name: half a file is no file.
"""

from hashlib import sha256
from uuid import uuid4

from hub.errors import SetupError


class KeptFiles:
    """A folder of files by digest."""

    def __init__(self, url: str) -> None:
        import fsspec  # a run that makes no report needs none of it

        self._url = url
        self._files, self._root = fsspec.core.url_to_fs(url)

    def put(self, content: bytes) -> str:
        """Keep these bytes; returns their digest. What is there already is not written again."""
        digest = sha256(content).hexdigest()
        path = self._path(digest)
        if self._read(path) == content:
            return digest
        draft = f"{path}.{uuid4().hex}"
        try:
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            with self._files.open(draft, "wb") as file:
                file.write(content)
            self._files.mv(draft, path)
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
        return f"{self._root}/{digest[:2]}/{digest}"

    def _read(self, path: str) -> bytes | None:
        try:
            with self._files.open(path, "rb") as file:
                return bytes(file.read())
        except FileNotFoundError:
            return None
