"""The sandbox's own certificate authority: made at first start, trusted by the hub's processes alone."""

import os
import ssl
from pathlib import Path
from threading import Lock

import certifi
import trustme

SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


class Authority:
    """Issues a certificate for each host that is played. Keys lie below `folder`, readable by the owner only.

    `bundle` is what the hub's processes trust. A client reads it anew for each connection that it opens, the machine's
    150 authorities in 26 ms and ours in 0.2 ms; so theirs stand in it only where hosts are let through to the outside.
    """

    def __init__(self, folder: Path, *, outside: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        key, cert = folder / "ca-key.pem", folder / "ca.pem"
        if key.exists() and cert.exists():
            self._authority = trustme.CA.from_pem(cert.read_bytes(), key.read_bytes())
        else:
            self._authority = trustme.CA(organization_name="Social Intelligence Hub sandbox")
            _write(key, self._authority.private_key_pem.bytes())
            _write(cert, self._authority.cert_pem.bytes(), mode=0o644)
        self.bundle = folder / "ca-bundle.pem"
        theirs = _system_bundle() + b"\n" if outside else b""
        _write(self.bundle, theirs + self._authority.cert_pem.bytes(), mode=0o644)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = Lock()

    def context(self, host: str) -> ssl.SSLContext:
        """What a TLS connection to this host is answered with."""
        with self._lock:
            if host not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.set_alpn_protocols(["http/1.1"])
                self._authority.issue_cert(host).configure_cert(context)
                self._contexts[host] = context
            return self._contexts[host]


def _system_bundle() -> bytes:
    """The authorities that the machine trusts, so that hosts that are let through can be checked as well."""
    found = next((Path(name) for name in SYSTEM_BUNDLES if Path(name).is_file()), Path(certifi.where()))
    return found.read_bytes()


def _write(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Whole or not at all: a hub that runs may be reading the bundle while a sandbox is started again."""
    new = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
    os.replace(new, path)
