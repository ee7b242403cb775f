"""The vault: encrypts tokens with a key that lies beside the database, not in it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hub.errors import SetupError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class Vault:
    """Fernet (AES and HMAC) with the key in a file that only its owner may read; made at first use."""

    def __init__(self, key_path: Path) -> None:
        self._path = key_path

    def lock(self, data: bytes) -> str:
        """Encrypt."""
        return self._fernet().encrypt(data).decode()

    def open(self, secret: str) -> bytes | None:
        """Decrypt; None when it was locked with another key, so that the token is fetched anew."""
        from cryptography.fernet import InvalidToken  # costs 50 ms: only those who have tokens pay

        try:
            return self._fernet().decrypt(secret.encode())
        except InvalidToken:
            return None

    def _fernet(self) -> "Fernet":
        from cryptography.fernet import Fernet

        try:
            return Fernet(self._key())
        except (OSError, ValueError) as wrong:
            raise SetupError(
                f"The token key {self._path} cannot be used; restore it, or remove it to start anew."
            ) from wrong

    def _key(self) -> bytes:
        from cryptography.fernet import Fernet

        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_bytes(Fernet.generate_key())
            try:
                os.link(draft, self._path)  # whoever is first has made the key; it is never half a key
            except FileExistsError:
                pass  # another process was first: its key is the key
            finally:
                draft.unlink()
        return self._path.read_bytes()
