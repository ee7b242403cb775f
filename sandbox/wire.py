"""HTTP/1.1 on a socket, as little as a proxy that ends TLS needs: requests in, replies out, kept alive."""

import socket
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from sandbox.messages import Headers, Reply, Request

LINE_LIMIT = 65_536
BODY_LIMIT = 64 * 1024 * 1024


class Malformed(Exception):
    """This is no HTTP, or more of it than anybody needs."""


class Head(NamedTuple):
    """The first lines of a request."""

    method: str
    target: str
    headers: Headers


class Wire:
    """One connection, plain or wrapped in TLS."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._file = connection.makefile("rb", buffering=65_536)

    def read_head(self) -> Head | None:
        """The next request's head; None when the other side has hung up."""
        line = self._file.readline(LINE_LIMIT)
        if not line.strip():
            return None
        parts = line.decode("latin-1").split()
        if len(parts) != 3 or not parts[2].startswith("HTTP/"):
            raise Malformed("not a request line")
        headers = Headers()
        while True:
            line = self._file.readline(LINE_LIMIT)
            if line in (b"\r\n", b"\n", b""):
                return Head(parts[0].upper(), parts[1], headers)
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon:
                raise Malformed("not a header")
            headers.add(name.strip(), value.strip())

    def read_body(self, headers: Headers) -> bytes:
        """The request's body, by its length or in chunks."""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._read_chunks()
        length = int(headers.get("content-length", "0") or 0)
        if length > BODY_LIMIT:
            raise Malformed("body too large")
        return self._file.read(length) if length else b""

    def send(self, reply: Reply, *, keep: bool, head_only: bool = False) -> None:
        """One reply, whole."""
        body = b"" if head_only else reply.body
        self.socket.sendall(_head(reply, keep) + body)

    def send_part(self, reply: Reply, size: int) -> None:
        """A reply that promises more than it gives."""
        self.socket.sendall(_head(reply, keep=False) + reply.body[:size])

    def close(self) -> None:
        """Hang up."""
        for end in (self._file.close, self.socket.close):
            try:
                end()
            except OSError:
                pass  # the other side was faster

    def _read_chunks(self) -> bytes:
        chunks, total = [], 0
        while size := int(self._file.readline(LINE_LIMIT).split(b";")[0] or b"0", 16):
            total += size
            if total > BODY_LIMIT:
                raise Malformed("body too large")
            chunks.append(self._file.read(size))
            self._file.readline(LINE_LIMIT)
        while self._file.readline(LINE_LIMIT).strip():
            pass  # trailers say nothing to us
        return b"".join(chunks)


def request_of(head: Head, body: bytes, *, scheme: str, host: str) -> Request:
    """A head and a body as a played system wants them; `host` without its port, in lower case."""
    parts = urlsplit(head.target)
    query = parse_qs(parts.query, keep_blank_values=True) if parts.query else {}
    return Request(head.method, host.lower(), parts.path or "/", query, head.headers, body, scheme)


def _head(reply: Reply, keep: bool) -> bytes:
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "Status"
    lines = [f"HTTP/1.1 {reply.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    if reply.status not in (204, 304):
        lines.append(f"Content-Length: {len(reply.body)}")
    lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
