"""The gate before addresses that others wrote: only public hosts, on the web's own ports (`security.md`, ASVS 1.3.6).

A feed's address comes from configuration, but where it redirects to does not. Every hop is checked: scheme, port,
user info, host. Without a proxy the name is resolved once, refused if *any* of its addresses is inner, and the
connection goes to an address that was checked. Behind a proxy names are the proxy's business, and it refuses hosts
it does not know; literal addresses and names are still checked here.
"""

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from urllib3.exceptions import NewConnectionError
from urllib3.util import connection as wire

from hub.domain.addresses import Address, is_public_address, is_public_name, literal_address
from hub.errors import SetupError
from hub.kit.deadline import TimedAdapter

PORTS = {None, 80, 443, 8080, 8443}

Resolver = Callable[[str, int], list[str]]
Dial = Callable[[tuple[str, int], Any, Any], socket.socket]


class Forbidden(SetupError):
    """This address may not be asked; the message says why, without the address's query."""

    reason = "fetch_refused"


def check_url(url: str) -> str:
    """The host of an address that may be asked, as far as its text tells; raises Forbidden."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise Forbidden("This is no web address.") from None
    if parts.scheme not in ("http", "https"):
        raise Forbidden(f"Only http and https are asked, not {parts.scheme or 'nothing'!r}.")
    if parts.username is not None or "\\" in url or any(char.isspace() or not char.isprintable() for char in url):
        raise Forbidden("An address with user info, white space or backslashes is not asked.")
    if port not in PORTS:
        raise Forbidden(f"Port {port} is not a port of the web.")
    literal = literal_address(host)
    if literal is not None:
        _require_public(literal, host)
    elif not is_public_name(host):
        raise Forbidden(f"{host or 'An empty name'!r} is not a public host name.")
    return host


def resolve(host: str, port: int, resolver: Resolver | None = None) -> list[str]:
    """Addresses that may be connected to; raises Forbidden when any one of the name's addresses is inner."""
    found = (resolver or _system)(host, port)
    for text in found:
        literal = literal_address(text)
        if literal is None:
            raise Forbidden(f"{host} resolves to something that is no address.")
        _require_public(literal, host)
    return found


def _system(host: str, port: int) -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _dial(place: tuple[str, int], timeout: Any, options: Any) -> socket.socket:
    return wire.create_connection(place, timeout, socket_options=options)


def _require_public(address: Address, host: str) -> None:
    if not is_public_address(address):
        raise Forbidden(f"{host} leads into a private network.")


class GatedAdapter(TimedAdapter):
    """Connects only to addresses that were checked; through a proxy, as the proxy allows."""

    def __init__(self, total: float, resolver: Resolver | None = None, dial: Dial | None = None) -> None:
        """`resolver` and `dial` stand in for the system's, in tests."""
        dialling = dial or _dial

        def connect(connection: Any) -> socket.socket:
            broken: OSError | None = None
            try:
                for address in resolve(connection.host, connection.port, resolver):
                    try:
                        return dialling((address, connection.port), connection.timeout, connection.socket_options)
                    except OSError as unreachable:  # a name may have addresses of a kind that we cannot reach
                        broken = unreachable
            except OSError as unknown:
                broken = unknown
            raise NewConnectionError(connection, f"cannot connect: {type(broken).__name__}") from broken

        self.connect = connect
        super().__init__(total)
