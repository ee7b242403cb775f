"""The gate before addresses that others wrote: only public hosts, on the web's own ports (`security.md`, ASVS 1.3.6).

A feed's address comes from configuration, but where it redirects to does not. Every hop is checked: scheme, port,
user info, host. Without a proxy the name is resolved once, refused if *any* of its addresses is inner, and the
connection goes to an address that was checked. Behind a proxy names are the proxy's business, and it refuses hosts
it does not know; literal addresses and names are still checked here.
"""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from urllib3.exceptions import NewConnectionError
from urllib3.util import connection as wire

from hub.errors import SetupError
from hub.kit.deadline import TimedAdapter

PORTS = {None, 80, 443, 8080, 8443}
INNER_NAMES = ("localhost", "localdomain", "local", "internal", "intranet", "home.arpa", "lan", "corp", "onion")
NAT64 = ipaddress.ip_network("64:ff9b::/96")
UNICAST = ipaddress.ip_network("2000::/3")  # all that was ever given out
CARRIER = ipaddress.ip_network("100.64.0.0/10")

Resolver = Callable[[str, int], list[str]]
Dial = Callable[[tuple[str, int], Any, Any], socket.socket]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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
    literal = _literal(host)
    if literal is not None:
        _require_public(literal, host)
    elif not _is_public_name(host):
        raise Forbidden(f"{host or 'An empty name'!r} is not a public host name.")
    return host


def resolve(host: str, port: int, resolver: Resolver | None = None) -> list[str]:
    """Addresses that may be connected to; raises Forbidden when any one of the name's addresses is inner."""
    found = (resolver or _system)(host, port)
    for text in found:
        literal = _literal(text)
        if literal is None:
            raise Forbidden(f"{host} resolves to something that is no address.")
        _require_public(literal, host)
    return found


def _system(host: str, port: int) -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _dial(place: tuple[str, int], timeout: Any, options: Any) -> socket.socket:
    return wire.create_connection(place, timeout, socket_options=options)


def _literal(host: str) -> Address | None:
    """The address that a host spells, in any of the ways the C library reads; None for a name."""
    text = host.strip("[]").partition("%")[0]
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    try:  # 127.1, 0x7f.1, 2130706433, 0177.0.0.1
        return ipaddress.IPv4Address(socket.inet_aton(text)) if text and text[0] in "0123456789" else None
    except OSError:
        return None


def _require_public(address: Address, host: str) -> None:
    if not all(_is_public(one) for one in _meant(address)):
        raise Forbidden(f"{host} leads into a private network.")


def _meant(address: Address) -> list[Address]:
    """The addresses that a connection to this one reaches: itself, or the IPv4 address it stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    inner = [address.sixtofour, *(address.teredo or ())]
    return [address, *(one for one in inner if one is not None)]


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        return address in UNICAST and (address.is_global or address.sixtofour is not None)
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in CARRIER


def _is_public_name(host: str) -> bool:
    try:
        name = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return False
    labels = name.split(".")
    if len(labels) < 2 or not all(labels) or labels[-1].isdigit() or labels[-1].startswith("0x"):
        return False
    return not any(name == inner or name.endswith(f".{inner}") for inner in INNER_NAMES)


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
