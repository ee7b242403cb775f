"""The way out, for the networks that `--live` names and for nothing else.

A named network's own hosts are let through; one that has many servers (Mastodon, blogs) opens the way to any public
name. The address is resolved once, must be public, and is the one that is connected to: no name leads back into
this machine or its neighbourhood.
"""

import selectors
import socket
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address

from sandbox.messages import Request

PORTS = (80, 443)
CONNECT_SECONDS = 10.0
IDLE_SECONDS = 120.0
INVENTED = (".test", ".invalid", ".localhost", ".local", ".internal", ".example")
HOP = ("proxy-connection", "proxy-authorization", "connection", "keep-alive", "host")

Resolve = Callable[[str, int], list[str]]
Connect = Callable[[tuple[str, int]], socket.socket]


class Closed(Exception):
    """This way is not open; the words say why."""


class Gateway:
    """Decides which hosts are let through, and opens the way to them."""

    def __init__(
        self, networks: Mapping[str, Sequence[str]], *, resolve: Resolve | None = None, connect: Connect | None = None
    ) -> None:
        named = [host for hosts in networks.values() for host in hosts]
        self.names = tuple(networks)
        self._hosts = {host for host in named if not host.endswith(INVENTED)}
        self._any_public = any(all(host.endswith(INVENTED) for host in hosts) for hosts in networks.values())
        self._resolve = resolve or _addresses
        self._connect = connect or _connected

    def lets_through(self, host: str) -> bool:
        """Whether this host may be the real one."""
        if "." not in host or host.endswith(INVENTED):
            return False
        return self._any_public or any(_matches(host, pattern) for pattern in self._hosts)

    def open(self, host: str, port: int) -> socket.socket:
        """A connection to the real host; raises `Closed` when there is no way."""
        if port not in PORTS:
            raise Closed(f"The sandbox lets {host!r} through on ports 80 and 443 only.")
        try:
            addresses = self._resolve(host, port)
            inner = [address for address in addresses if not ip_address(address.partition("%")[0]).is_global]
            if inner or not addresses:
                raise Closed(f"{host!r} is no public host, so the sandbox does not let it through.")
            return self._connect((addresses[0], port))
        except OSError as problem:
            raise Closed(f"{host!r} cannot be reached: {problem.strerror or problem}.") from problem


def relay(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes both ways until either side hangs up."""
    one.settimeout(IDLE_SECONDS)
    other.settimeout(IDLE_SECONDS)
    with selectors.DefaultSelector() as both:
        both.register(one, selectors.EVENT_READ, other)
        both.register(other, selectors.EVENT_READ, one)
        while ready := both.select(timeout=IDLE_SECONDS):
            for key, _ in ready:
                data = (one if key.fileobj is one else other).recv(65_536)
                if not data:
                    return
                key.data.sendall(data)


def plain_request(request: Request, target: str, authority: str) -> bytes:
    """A request for plain http as the real server wants it, which then hangs up after one answer."""
    lines = [f"{request.method} {target} HTTP/1.1", f"host: {authority}", "connection: close"]
    lines += [f"{name}: {request.headers[name]}" for name in request.headers if name not in (*HOP, "transfer-encoding")]
    if "transfer-encoding" in request.headers:
        lines.append(f"content-length: {len(request.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + request.body


def _addresses(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _connected(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address, timeout=CONNECT_SECONDS)


def _matches(host: str, pattern: str) -> bool:
    return host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]))
