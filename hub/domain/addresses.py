"""Which addresses of the web are anybody's, and which lead into somebody's own network: by their text alone."""

import ipaddress
import socket
from urllib.parse import urlsplit

INNER_NAMES = ("localhost", "localdomain", "local", "internal", "intranet", "home.arpa", "lan", "corp", "onion")
NAT64 = ipaddress.ip_network("64:ff9b::/96")
UNICAST = ipaddress.ip_network("2000::/3")  # all that was ever given out
CARRIER = ipaddress.ip_network("100.64.0.0/10")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def literal_address(host: str) -> Address | None:
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


def is_public_address(address: Address) -> bool:
    """Whether a connection to this address, and to what it stands for, stays on the open internet."""
    return all(_is_public(one) for one in _meant(address))


def is_public_name(host: str) -> bool:
    """Whether this can be the name of a host on the open internet."""
    try:
        name = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return False
    labels = name.split(".")
    if len(labels) < 2 or not all(labels) or labels[-1].isdigit() or labels[-1].startswith("0x"):
        return False
    return not any(name == inner or name.endswith(f".{inner}") for inner in INNER_NAMES)


def leads_inside(url: str) -> bool:
    """Whether a web address names, by a number or a name, a host of somebody's own network."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return True
    literal = literal_address(host)
    return not is_public_address(literal) if literal is not None else host.split(".")[-1] in INNER_NAMES


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
