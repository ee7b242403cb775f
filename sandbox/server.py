"""The proxy: ends TLS, finds the system that a host belongs to, and lets nothing out that was not named.

A played host is answered here. A host that `--live` lets through is tunnelled, unread. Every other host gets a 502
that says so. What is asked of the port itself, not through it, goes to the control pages.
"""

import hashlib
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sandbox.authority import Authority
from sandbox.damage import deliver, refusal
from sandbox.faults import Rule, Switchboard
from sandbox.gateway import Closed, Gateway, plain_request, relay
from sandbox.kit import System
from sandbox.messages import Reply, Request
from sandbox.state import State
from sandbox.wire import ESTABLISHED, Head, Malformed, Wire, head_of, request_of

IDLE_SECONDS = 120.0
BREATH = 0.05  # seconds until the next try when the machine has no socket left

Find = Callable[..., System | None]
Control = Callable[[Request], Reply]


class Server:
    """Listens on one loopback port; one thread for each connection."""

    def __init__(
        self, listener: socket.socket, *, find: Find, gateway: Gateway, control: Control,
        authority: Authority, state: State, switchboard: Switchboard,
    ) -> None:  # fmt: skip
        self._listener, self._find, self._gateway, self._control = listener, find, gateway, control
        self._authority, self._state, self._switchboard = authority, state, switchboard
        self._open: set[Wire] = set()
        self._closed = False

    def serve(self) -> None:
        """Answer until closed."""
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                time.sleep(BREATH)  # a client that left at the door, or too many open files
                continue
            connection.settimeout(IDLE_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(Wire(connection),), daemon=True).start()

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self._closed = True
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it was not listening any more
        self._listener.close()
        for wire in self._open.copy():
            wire.hang_up()

    def _serve(self, wire: Wire) -> None:
        self._open.add(wire)
        try:
            self._talk(wire, host=None)
        except OSError:
            pass  # a client that hangs up is its own business
        finally:
            self._open.discard(wire)
            wire.close()

    def _talk(self, wire: Wire, host: str | None) -> None:
        """Requests on one connection, until one side has had enough; `host` is set within a tunnel to it."""
        try:
            while (head := wire.read_head()) and self._take(wire, head, host):
                pass
        except Malformed as wrong:
            wire.send(Reply.text(f"{wrong}\n", status=wrong.status), keep=False)

    def _take(self, wire: Wire, head: Head, host: str | None) -> bool:
        """One request; False when it was the last."""
        if head.method == "CONNECT" and host is None:
            self._tunnel(wire, head.target)
            return False
        body = wire.read_body(head.headers)
        if host is not None:
            request = request_of(head, body, scheme="https", host=host)
            if _host_of(head.headers.get("host", host)) != host:
                wire.send(Reply.text("This tunnel leads to another host.\n", status=421), keep=False)
                return False
            return self._answer(wire, request, keep=head.keeps)
        if head.target.lower().startswith("http://"):
            return self._plain(wire, head, body)
        request = request_of(head, body, scheme="http", host="")
        wire.send(self._control(request), keep=head.keeps, head_only=head.method == "HEAD")
        return head.keeps

    def _plain(self, wire: Wire, head: Head, body: bytes) -> bool:
        """A request for plain http, which a proxy is asked by its whole address."""
        try:
            address = urlsplit(head.target)
            host, port = _host_of(address.hostname or ""), address.port or 80
        except ValueError:
            raise Malformed("this is no address") from None
        request = request_of(head, body, scheme="http", host=host)
        if self._find(host) is not None or not self._gateway.lets_through(host):
            return self._answer(wire, request, keep=head.keeps)
        target = (address.path or "/") + (f"?{address.query}" if address.query else "")
        self._out(wire, host, port, first=plain_request(request, target, address.netloc.rpartition("@")[2]))
        return False

    def _tunnel(self, wire: Wire, target: str) -> None:
        name, _, port = target.rpartition(":")
        host = _host_of(name)
        if self._find(host) is not None:
            wire.socket.sendall(ESTABLISHED)
            inner = Wire(self._authority.context(host).wrap_socket(wire.socket, server_side=True))
            self._open.add(inner)
            try:
                self._talk(inner, host=host)
            finally:
                self._open.discard(inner)
                inner.close()
        elif self._gateway.lets_through(host):
            self._out(wire, host, int(port) if port.isdigit() else 0)
        else:
            wire.send(unknown_host(host), keep=False)

    def _out(self, wire: Wire, host: str, port: int, *, first: bytes = b"") -> None:
        """To the real host; `first` was already read, and a tunnel, which has no such thing, is announced."""
        try:
            outside = self._gateway.open(host, port)
        except Closed as closed:
            wire.send(Reply.text(f"{closed}\n", status=502), keep=False)
            return
        with outside:
            (outside if first else wire.socket).sendall(first or ESTABLISHED)
            relay(wire.socket, outside)

    def _answer(self, wire: Wire, request: Request, *, keep: bool) -> bool:
        """Answer one request to a played host; False when the connection is over."""
        system = self._find(request.host, request)
        if system is None:
            wire.send(unknown_host(request.host), keep=False)
            return False
        fault = self._switchboard.pick(system.name, request.method, request.path)
        reply = self._ask(system, request, fault)
        if reply is not None and reply.talk is not None and fault is None:
            wire.socket.sendall(head_of(reply, keep=True))
            reply.talk(wire.socket)
            return False
        return reply is not None and deliver(wire, request, reply, fault, keep=keep)

    def _ask(self, system: System, request: Request, fault: Rule | None) -> Reply | None:
        """The reply, if any; what changed and the journal are on disk when this returns."""
        with system.lock:
            if fault and fault.kind == "drop_before":
                reply = None
            elif fault and fault.kind == "status":
                reply = refusal(fault)
            else:
                reply = _handled(system, request)
            self._state.note(system.name, "request", facts_of(request, reply, fault))
            self._state.commit()
            return reply


def unknown_host(host: str) -> Reply:
    """Nothing leaves the machine."""
    return Reply.text(
        f"The sandbox does not play {host!r}, and lets nothing out. `--live NAME` lets a network's hosts through.\n",
        status=502,
    )


def _handled(system: System, request: Request) -> Reply:
    try:
        return system.handle(request)
    except Exception:  # noqa: BLE001  a defect of a played system is told, and must not end the sandbox
        traceback.print_exc(file=sys.stderr)
        return Reply.json({"error": "the sandbox itself failed; its log says where"}, status=500)


def facts_of(request: Request, reply: Reply | None, fault: Rule | None) -> dict[str, Any]:
    """What the journal keeps of a request: never its words."""
    facts: dict[str, Any] = {"method": request.method, "host": request.host, "path": request.path}
    if request.body:
        facts["digest"] = hashlib.sha256(request.body).hexdigest()[:16]
    facts |= {"status": reply.status if reply else 0, **(reply.notes if reply else {})}
    return facts | {"fault": fault.kind} if fault else facts


def _host_of(name: str) -> str:
    """A host's name without port and final dot, in lower case."""
    name = name.lower()
    if name.startswith("["):
        return name.partition("]")[0][1:]
    return name.partition(":")[0].removesuffix(".")
