"""The way out: only for named networks, only to public addresses."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
import requests

from hub.errors import SetupError
from sandbox.gateway import Closed, Gateway
from tests.unit.sandbox.conftest import Inside, through

HOSTS = {"x": ["api.x.com"], "mastodon": ["mastodon.test"]}
PUBLIC = "93.184.215.14"


def gateway(*names: str, address: str = PUBLIC, connect: Callable[..., socket.socket] | None = None) -> Gateway:
    """A way out for these networks in a world where every name leads to one address."""
    return Gateway({name: HOSTS[name] for name in names}, resolve=lambda host, port: [address], connect=connect)


@pytest.fixture
def outside() -> Iterator[tuple[Callable[..., socket.socket], list[bytes]]]:
    """A server that stands for the real world: it answers once, and keeps what it was sent."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def answer() -> None:
        wire, _ = listener.accept()
        with wire:
            heard.append(wire.recv(65_536))
            wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nreal")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield lambda address: socket.create_connection(listener.getsockname()), heard
    listener.close()


def test_without_live_networks_nothing_is_let_through() -> None:
    assert not gateway().lets_through("example.com")


def test_a_network_with_hosts_of_its_own_opens_those_only() -> None:
    assert gateway("x").lets_through("api.x.com")
    assert not gateway("x").lets_through("example.com")


def test_a_network_of_many_servers_opens_every_public_name() -> None:
    assert gateway("mastodon").lets_through("mastodon.social")
    for inner in ("mastodon.test", "printer.local", "localhost", "vault.internal"):
        assert not gateway("mastodon").lets_through(inner)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1", "fd00::1", "fe80::1%eth0", "0.0.0.0"]
)
def test_a_name_that_leads_back_inside_is_refused(address: str) -> None:
    with pytest.raises(Closed, match="no public host"):
        gateway("mastodon", address=address).open("rebound.example.com", 443)


def test_only_the_ports_of_the_web_are_open() -> None:
    with pytest.raises(Closed, match="ports 80 and 443 only"):
        gateway("mastodon").open("mastodon.social", 22)


def test_a_host_that_is_not_there_is_told(start: Callable[..., Inside]) -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    inside = start(live=("mastodon",))
    inside.box.server._gateway = Gateway({"mastodon": HOSTS["mastodon"]}, resolve=nowhere)

    found = inside.session.get("http://mastodon.social/api/v2/instance", timeout=10)

    assert found.status_code == 502
    assert "cannot be reached: Name or service not known" in found.text


def test_plain_http_to_a_live_host_is_passed_on_as_that_host_wants_it(
    start: Callable[..., Inside], outside: tuple[Callable[..., socket.socket], list[bytes]]
) -> None:
    connect, heard = outside
    inside = start(live=("mastodon",))
    inside.box.server._gateway = gateway("mastodon", connect=connect)

    found = through(inside.box.env).get("http://blog.example.org/feed.xml?page=2", timeout=10)

    assert found.text == "real"
    lines = heard[0].decode().split("\r\n")
    assert lines[0] == "GET /feed.xml?page=2 HTTP/1.1"
    assert "host: blog.example.org" in lines
    assert not [line for line in lines if line.startswith("proxy-")]


def test_a_tunnel_to_a_live_host_is_passed_on_unread(
    start: Callable[..., Inside], outside: tuple[Callable[..., socket.socket], list[bytes]]
) -> None:
    connect, heard = outside
    inside = start(live=("mastodon",))
    inside.box.server._gateway = gateway("mastodon", connect=connect)

    with socket.create_connection(("127.0.0.1", inside.box.port), timeout=10) as wire:
        wire.sendall(b"CONNECT mastodon.social:443 HTTP/1.1\r\n\r\n")
        assert wire.recv(4096) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        wire.sendall(b"\x16\x03\x01 these bytes are nobody's business")
        assert wire.recv(4096).endswith(b"real")

    assert heard == [b"\x16\x03\x01 these bytes are nobody's business"]


def test_a_live_network_is_not_played_and_keeps_its_owners_connection(start: Callable[..., Inside]) -> None:
    inside = start(live=("mastodon",))

    assert inside.box.find("mastodon.test") is None
    assert "AIRFLOW_CONN_MASTODON_DEFAULT" not in inside.box.env
    assert "AIRFLOW_CONN_X_DEFAULT" in inside.box.env
    with pytest.raises(requests.exceptions.ProxyError):
        inside.session.get("https://mastodon.test/api/v2/instance", timeout=10)


@pytest.mark.parametrize(("live", "theirs"), [((), False), (("mastodon",), True)])
def test_the_machines_authorities_are_trusted_only_where_something_is_let_through(
    start: Callable[..., Inside], live: tuple[str, ...], theirs: bool
) -> None:
    context = ssl.create_default_context(cafile=start(live=live).box.env["SSL_CERT_FILE"])
    trusted = {
        name for entry in context.get_ca_certs() for ((kind, name),) in entry["subject"] if kind == "organizationName"
    }

    assert "Social Intelligence Hub sandbox" in trusted
    assert (len(trusted) > 1) is theirs


def test_only_networks_can_be_live(start: Callable[..., Inside]) -> None:
    with pytest.raises(SetupError, match="'salesforce' is none"):
        start(live=("salesforce",))
