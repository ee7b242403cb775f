"""Connections on which an answer must end in time, however steadily it drips.

The time limit of requests counts from one piece of an answer to the next: a byte a second, in a header line or in
the length of a chunk, is never too slow for it. So the time that is left is counted where bytes leave the socket,
from the moment of the request on.
"""

import io
import socket
import time
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool

Connect = Callable[[Any], socket.socket]


class Hasty(io.RawIOBase):
    """What a socket gives until the time is up; then it raises TimeoutError, as the socket itself does."""

    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._sock, self._raw, self._ends_at = sock, sock.makefile("rb", buffering=0), ends_at

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """The next piece, if it comes in the time that is left."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        gap = self._sock.gettimeout()
        if gap is None or left < gap:
            self._sock.settimeout(left)  # urllib3 sets it anew for the next request
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


KEPT = 64  # connections to one host: as many as threads may ask at once, or each question makes a new one


class _Timed:
    """What makes a urllib3 connection hasty; `total` is set by the adapter."""

    total: float
    _ends_at: float

    def connect(self) -> None:
        """A proxy's answer must end in time too."""
        self._ends_at = time.monotonic() + self.total
        super().connect()  # type: ignore[misc]

    def request(self, *args: Any, **options: Any) -> None:
        """From here the time counts."""
        self._ends_at = time.monotonic() + self.total
        super().request(*args, **options)  # type: ignore[misc]

    def response_class(self, sock: Any, *args: Any, **options: Any) -> HTTPResponse:
        """The standard library's response, reading in haste."""
        response = HTTPResponse(sock, *args, **options)
        response.fp.close()  # opened by the constructor, and never read
        response.fp = io.BufferedReader(Hasty(sock, self._ends_at))
        return response


class TimedAdapter(HTTPAdapter):
    """Sends a request once; the whole of its answer must come within `total` seconds, through a proxy as well."""

    connect: Connect | None = None  # how a connection comes about where there is no proxy; None is urllib3's way

    def __init__(self, total: float) -> None:
        self._total = total
        self._last: tuple[Any, ConnectionPool] | None = None
        self._verified: object = None
        super().__init__(max_retries=0, pool_maxsize=KEPT)

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> ConnectionPool:
        """The pool of the request's host: mostly that of the request before, and finding it anew takes long."""
        if proxies:
            return super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        url = str(request.url)
        asked, last = (url[: url.find("/", url.find("://") + 3)], verify, cert), self._last
        if last is not None and last[0] == asked:
            return last[1]
        pool = super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        self._last = asked, pool
        return pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Say by which certificates a pool checks, once: another way to check has a pool of its own."""
        if conn is not self._verified:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
            self._verified = conn

    def close(self) -> None:
        """Hang up, for good."""
        self._last = None
        super().close()

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
        """Pools of timed connections."""
        super().init_poolmanager(*sizes, **options)
        self._put_timed_pools(self.poolmanager, {"_new_conn": self.connect} if self.connect else {})

    def proxy_manager_for(self, proxy: str, **options: Any) -> PoolManager:
        """The same through a proxy; where to connect to is its business."""
        manager: PoolManager = super().proxy_manager_for(proxy, **options)
        self._put_timed_pools(manager, {})
        return manager

    def _put_timed_pools(self, manager: PoolManager, also: dict[str, Any]) -> None:
        facts = {"total": self._total, **also}
        http = type("TimedHTTP", (_Timed, HTTPConnection), facts)
        https = type("TimedHTTPS", (_Timed, HTTPSConnection), facts)
        manager.pool_classes_by_scheme = {
            "http": type("TimedHTTPPool", (HTTPConnectionPool,), {"ConnectionCls": http}),
            "https": type("TimedHTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": https}),
        }
