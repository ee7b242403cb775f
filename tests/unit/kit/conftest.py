"""A small real server on the loopback address, which does what a test tells it to."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from hub.domain import Manifest
from hub.domain.manifest import Api, AuthFacts, Budget
from hub.kit import Connection, Limits, Network, Services
from hub.kit.local import SteppedClock

NOW = datetime(2025, 3, 5, 12, tzinfo=UTC)
Script = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Wire:
    """The other side: each request is answered by the next script, the last one by all that follow."""

    address: str
    scripts: list[Script] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answers(self, *scripts: Script) -> "Wire":
        """Say what is answered, in turn."""
        self.scripts = list(scripts)
        return self

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Note the request and run the script whose turn it is."""
        size = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(size)
        with self.lock:
            self.seen.append((request.command, request.path, dict(request.headers.items())))
            self.bodies.append(body)
            script = self.scripts[min(len(self.seen), len(self.scripts)) - 1]
        script(request)

    @property
    def paths(self) -> list[str]:
        """What was asked."""
        return [path for _, path, _ in self.seen]


def says(status: int = 200, body: bytes = b"[]", **headers: str) -> Script:
    """An honest answer; a header's underscores are hyphens."""

    def script(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return script


@pytest.fixture
def wire() -> Iterator[Wire]:
    """The server, up for one test."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                there.handle(self)
            except OSError:  # the client hung up, which some tests want
                self.close_connection = True

        do_POST = do_GET  # noqa: N815  (the standard library looks for this name)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    there = Wire(f"http://127.0.0.1:{server.server_port}", [says()])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield there
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def clock() -> SteppedClock:
    """Time that stands still until somebody sleeps."""
    return SteppedClock(NOW)


MANIFEST = Manifest(
    name="town", title="Town", kind="network", owner="tests", maturity="draft", api=Api(reference="none", version="1"),
    auth=AuthFacts(scheme="bearer", secrets=("access_token",)), budget=Budget(requests=1_000, per_minutes=1),
    connection={"secrets": {"access_token": "password", "client_secret": "password", "client_id": "login"}},
)  # fmt: skip


def open_town(made: type[Network], wire: Wire, clock: SteppedClock, *, limits: Limits | None = None) -> Network:
    """A network on the loopback server."""
    connection = Connection(id="town_default", login="hub", password="s3cret-town", host=wire.address)
    return made(MANIFEST, connection, Services.local(clock=clock, limits=limits))
