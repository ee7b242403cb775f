"""HTTP/1.1 on a socket, as little as a proxy that ends TLS needs: requests in, replies out, kept alive."""

import socket
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from sandbox.messages import Headers, Reply, Request

LINE_LIMIT = 65_536
HEADER_LIMIT = 200
BODY_LIMIT = 64 * 1024 * 1024
BODILESS = (101, 204, 304)
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Malformed(Exception):
    """This is no HTTP, or more of it than anybody needs."""

    def __init__(self, words: str, *, status: int = 400) -> None:
        super().__init__(words)
        self.status = status


class Head(NamedTuple):
    """The first lines of a request."""

    method: str
    target: str
    headers: Headers
    version: str = "HTTP/1.1"

    @property
    def keeps(self) -> bool:
        """Whether the client wants to go on after this request."""
        wishes = {wish.strip().lower() for wish in self.headers.get("connection", "").split(",")}
        return "keep-alive" in wishes if self.version == "HTTP/1.0" else "close" not in wishes


class Wire:
    """One connection, plain or wrapped in TLS."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._file = connection.makefile("rb", buffering=65_536)

    def read_head(self) -> Head | None:
        """The next request's head; None when the other side has hung up."""
        line = self._file.readline(LINE_LIMIT)
        if line in (b"\r\n", b"\n"):
            line = self._file.readline(LINE_LIMIT)  # an empty line after the last body is forgiven
        if not line.strip():
            return None
        parts = line.decode("latin-1").split()
        if len(parts) != 3 or not parts[2].startswith("HTTP/1"):
            raise Malformed("this is no request line of HTTP/1")
        headers = Headers()
        for _ in range(HEADER_LIMIT):
            line = self._file.readline(LINE_LIMIT)
            if line in (b"\r\n", b"\n"):
                return Head(parts[0].upper(), parts[1], headers, parts[2])
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not line.endswith(b"\n"):
                raise Malformed("this is no header")
            headers.add(name.strip(), value.strip())
        raise Malformed("too many headers", status=431)

    def read_body(self, headers: Headers) -> bytes:
        """The request's body, by its length or in chunks, and whole: half a request is nobody's wish."""
        if headers.get("expect", "").lower() == "100-continue":
            self.socket.sendall(CONTINUE)
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise Malformed("this is no Content-Length")
        if not chunked and length == "0":
            return b""
        self._confirm()
        return self._read_chunks() if chunked else self._read(int(length))

    def send(self, reply: Reply, *, keep: bool, head_only: bool = False) -> None:
        """One reply, whole."""
        body = b"" if head_only or reply.status in BODILESS else reply.body
        self.socket.sendall(head_of(reply, keep=keep) + body)

    def hang_up(self) -> None:
        """End the talk, also for a thread that waits for the next word."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was faster

    def close(self) -> None:
        """Hang up and forget; only for the thread that reads."""
        for end in (self._file.close, self.socket.close):
            try:
                end()
            except OSError:
                pass  # the other side was faster

    def _confirm(self) -> None:
        """Acknowledge the head at once: through a proxy, clients hold the body back until it is, for 40 ms."""
        if hasattr(socket, "TCP_QUICKACK"):
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _read(self, size: int, so_far: int = 0) -> bytes:
        if so_far + size > BODY_LIMIT:
            raise Malformed("the body is too large", status=413)
        body: bytes = self._file.read(size)
        if len(body) < size:
            raise ConnectionError("hung up within a request")
        return body

    def _read_chunks(self) -> bytes:
        chunks, total = [], 0
        while size := self._chunk_size():
            chunks.append(self._read(size, total))
            total += size
            self._file.readline(LINE_LIMIT)
        while self._file.readline(LINE_LIMIT).strip():
            pass  # trailers say nothing to us
        return b"".join(chunks)

    def _chunk_size(self) -> int:
        line = self._file.readline(LINE_LIMIT)
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            size = -1
        if size < 0:
            raise Malformed("this is no chunk")
        return size


def request_of(head: Head, body: bytes, *, scheme: str, host: str) -> Request:
    """A head and a body as a played system wants them; `host` without its port, in lower case."""
    target = head.target.partition("#")[0]
    if "://" in target.partition("?")[0]:
        parts = urlsplit(target)
        path, query = parts.path, parts.query
    else:
        path, _, query = target.partition("?")
    fields = parse_qs(query, keep_blank_values=True) if query else {}
    return Request(head.method, host.lower(), path or "/", fields, head.headers, body, scheme)


def head_of(reply: Reply, *, keep: bool) -> bytes:
    """The first lines of a reply."""
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    if reply.status not in BODILESS:
        lines.append(f"Content-Length: {len(reply.body)}")
    lines.append(f"Connection: {'Upgrade' if reply.talk else 'keep-alive' if keep else 'close'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
