"""The proxy: ends TLS, finds the system that a host belongs to, and lets nothing out that was not named.

A played host is answered here. A host that `--live` lets through is tunnelled, unread. Every other host gets a 502
that says so. What is asked of the port itself, not through it, goes to the control pages.
"""

import hashlib
import selectors
import socket
import ssl
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sandbox.authority import Authority
from sandbox.faults import Rule, Switchboard
from sandbox.kit import System
from sandbox.messages import Reply, Request
from sandbox.state import State
from sandbox.wire import Malformed, Wire, request_of

IDLE_SECONDS = 120.0
PAGE = b"<html><head><title>Service notice</title></head><body><h1>Be right back</h1></body></html>"

Find = Callable[[str], System | None]
Control = Callable[[Request], Reply]


class Server:
    """Listens on one loopback port; one thread for each connection."""

    def __init__(
        self, listener: socket.socket, *, find: Find, is_live: Callable[[str], bool], control: Control,
        authority: Authority, state: State, switchboard: Switchboard,
    ) -> None:  # fmt: skip
        self._listener, self._find, self._is_live, self._control = listener, find, is_live, control
        self._authority, self._state, self._switchboard = authority, state, switchboard
        self._open: set[Wire] = set()
        self._closed = False

    def serve(self) -> None:
        """Answer until closed."""
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
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
        for wire in list(self._open):
            wire.close()

    def _serve(self, wire: Wire) -> None:
        self._open.add(wire)
        try:
            self._talk(wire, host=None)
        except (OSError, Malformed, ValueError):
            pass  # a client that hangs up or talks nonsense is its own business
        finally:
            self._open.discard(wire)
            wire.close()

    def _talk(self, wire: Wire, host: str | None) -> None:
        """Requests on one connection; `host` is set once a tunnel to it was opened."""
        while head := wire.read_head():
            if head.method == "CONNECT":
                self._tunnel(wire, head.target)
                return
            body = wire.read_body(head.headers)
            keep = head.headers.get("connection", "keep-alive").lower() != "close"
            if host is not None:
                request = request_of(head, body, scheme="https", host=host)
            elif "://" in head.target:
                request = request_of(head, body, scheme="http", host=urlsplit(head.target).hostname or "")
            else:
                wire.send(self._control(request_of(head, body, scheme="http", host="")), keep=keep)
                continue
            if not self._answer(wire, request, keep=keep) or not keep:
                return

    def _tunnel(self, wire: Wire, target: str) -> None:
        host, _, port = target.rpartition(":")
        if self._find(host) is not None:
            wire.send(Reply(200), keep=True)
            secure = self._authority.context(host).wrap_socket(wire.socket, server_side=True)
            inner = Wire(secure)
            self._open.add(inner)
            try:
                self._talk(inner, host=host)
            except ssl.SSLError:
                pass  # a client that does not trust us hangs up
            finally:
                self._open.discard(inner)
                inner.close()
        elif self._is_live(host):
            with socket.create_connection((host, int(port)), timeout=10) as outside:
                wire.send(Reply(200), keep=True)
                _relay(wire.socket, outside)
        else:
            wire.send(unknown_host(host), keep=False)

    def _answer(self, wire: Wire, request: Request, *, keep: bool) -> bool:
        """Answer one request to a played host; False when the connection is over."""
        system = self._find(request.host)
        if system is None:
            wire.send(unknown_host(request.host), keep=False)
            return False
        fault = self._switchboard.pick(system.name, request.method, request.path)
        if fault and fault.kind == "drop_before":
            self._note(system, request, None, fault)
            return False
        reply = _refusal(fault) if fault and fault.kind == "status" else self._ask(system, request)
        self._note(system, request, reply, fault)
        return self._deliver(wire, request, reply, fault, keep=keep)

    def _ask(self, system: System, request: Request) -> Reply:
        with system.lock:
            try:
                reply = system.handle(request)
            except Exception:  # noqa: BLE001  a defect of a played system is told, and must not end the sandbox
                traceback.print_exc(file=sys.stderr)
                reply = Reply.json({"error": "the sandbox itself failed; its log says where"}, status=500)
            self._state.commit()
            return reply

    def _note(self, system: System, request: Request, reply: Reply | None, fault: Rule | None) -> None:
        facts: dict[str, Any] = {"method": request.method, "host": request.host, "path": request.path}
        if request.body:
            facts["digest"] = hashlib.sha256(request.body).hexdigest()[:16]
        facts |= {"status": reply.status if reply else 0, **(reply.notes if reply else {})}
        if fault:
            facts["fault"] = fault.kind
        self._state.note(system.name, "request", facts)
        self._state.commit()

    def _deliver(self, wire: Wire, request: Request, reply: Reply, fault: Rule | None, *, keep: bool) -> bool:
        kind = fault.kind if fault else None
        if kind == "drop_after":
            return False
        if kind == "truncate":
            wire.send_part(reply, len(reply.body) // 2)
            return False
        if kind == "drip" and fault:
            wire.send_part(reply, 0)
            for index in range(len(reply.body)):
                time.sleep(fault.seconds)
                wire.socket.sendall(reply.body[index : index + 1])
            return False
        if kind == "late" and fault:
            time.sleep(fault.seconds)
        if kind == "garbage":
            reply = Reply(200, {"Content-Type": "text/html"}, PAGE)
        wire.send(reply, keep=keep, head_only=request.method == "HEAD")
        return True


def unknown_host(host: str) -> Reply:
    """Nothing leaves the machine."""
    return Reply.text(
        f"The sandbox does not play {host!r}, and lets nothing out. `--live NAME` lets a network's hosts through.\n",
        status=502,
    )


def _refusal(fault: Rule) -> Reply:
    if isinstance(fault.body, str):
        return Reply.text(fault.body, status=fault.status, headers=fault.headers)
    if fault.body is None:
        return Reply.empty(fault.status, fault.headers)
    return Reply.json(fault.body, status=fault.status, headers=fault.headers)


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes both ways until either side hangs up."""
    with selectors.DefaultSelector() as both:
        both.register(one, selectors.EVENT_READ, other)
        both.register(other, selectors.EVENT_READ, one)
        while ready := both.select(timeout=IDLE_SECONDS):
            for key, _ in ready:
                data = key.fileobj.recv(65_536)  # type: ignore[union-attr]
                if not data:
                    return
                key.data.sendall(data)
