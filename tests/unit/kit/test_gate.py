"""The gate before addresses that others wrote: whatever the spelling, nothing inner is reached.

Resolver and dial are recorders; no packet leaves the machine.
"""

import ipaddress
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.errors import SetupError
from hub.kit.gate import Forbidden, GatedAdapter, check_url, resolve

INNER = [
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10", "0.0.0.0/8",
    "192.0.2.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
]  # fmt: skip
OUTER = ["1.0.0.0/8", "8.0.0.0/8", "93.184.0.0/16", "151.101.0.0/16"]


def addresses(networks: list[str]) -> st.SearchStrategy[ipaddress.IPv4Address]:
    def within(network: str) -> st.SearchStrategy[ipaddress.IPv4Address]:
        found = ipaddress.IPv4Network(network)
        return st.integers(int(found[0]), int(found[-1])).map(ipaddress.IPv4Address)

    return st.sampled_from(networks).flatmap(within)


def parts(address: ipaddress.IPv4Address) -> list[int]:
    return [*address.packed]


SPELLINGS: dict[str, Callable[[ipaddress.IPv4Address], str]] = {
    "dotted": str,
    "decimal": lambda address: str(int(address)),
    "hex": lambda address: hex(int(address)),
    "HEX": lambda address: hex(int(address)).upper(),
    "octal": lambda address: "0" + oct(int(address))[2:],
    "dotted hex": lambda address: ".".join(map(hex, parts(address))),
    "dotted octal": lambda address: ".".join(f"0{part:o}" for part in parts(address)),
    "three parts": lambda address: "{}.{}.{}".format(*parts(address)[:2], int(address) & 0xFFFF),
    "two parts": lambda address: f"{parts(address)[0]}.{int(address) & 0xFFFFFF}",
    "mapped": lambda address: f"[::ffff:{address}]",
    "mapped hex": lambda address: f"[::ffff:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}]",
    "mapped long": lambda address: f"[0:0:0:0:0:FFFF:{int(address) >> 16:X}:{int(address) & 0xFFFF:X}]",
    "NAT64": lambda address: f"[64:ff9b::{int(address) >> 16:x}:{int(address) & 0xFFFF:x}]",
    "6to4": lambda address: f"[2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::1]",
    "a dot behind": lambda address: f"{address}.",
    "wide digits": lambda address: str(address).translate({48 + digit: 0xFF10 + digit for digit in range(10)}),
    "wide dots": lambda address: str(address).replace(".", "。"),
}
UNSPEAKABLE = ("wide digits", "wide dots", "6to4")  # refused also where they mean a public address


@settings(max_examples=1_000)
@given(addresses(INNER), st.sampled_from(sorted(SPELLINGS)), st.sampled_from(["http", "https", "HTTP"]))
@example(ipaddress.IPv4Address("169.254.169.254"), "decimal", "http")
@example(ipaddress.IPv4Address("127.0.0.1"), "wide digits", "http")
def test_no_spelling_of_an_inner_address_passes(address: ipaddress.IPv4Address, spelling: str, scheme: str) -> None:
    with pytest.raises(Forbidden):
        check_url(f"{scheme}://{SPELLINGS[spelling](address)}/feed.xml")


@settings(max_examples=1_000)
@given(addresses(OUTER), st.sampled_from(sorted(set(SPELLINGS) - set(UNSPEAKABLE))))
def test_every_spelling_of_a_public_address_passes(address: ipaddress.IPv4Address, spelling: str) -> None:
    assert check_url(f"https://{SPELLINGS[spelling](address)}/feed.xml")


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1]/", "http://[::]/", "http://[fe80::1%25eth0]/", "http://[fd00::1]/", "http://[fec0::1]/",
        "http://[ff02::1]/", "http://[64:ff9b:1::1]/", "http://[::7f00:1]/", "http://[100::1]/", "http://[2001:db8::1]/",
        "http://[2001:0:7f00:1::]/", "http://localhost/", "http://LOCALHOST./", "http://a.localhost/", "http://intranet/",
        "http://printer.local/", "http://db.internal/", "http://router.home.arpa/", "http://xyz.onion/",
        "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "http:///feed", "http://./", "http://a..test/", "https://user:pass@blog.test/",
        "https://user@blog.test/", "https://@blog.test/", "https://blog.test:22/", "https://blog.test:0/",
        "https://blog.test:99999/",
        "https://blog.test:x/", "ftp://blog.test/", "file:///etc/passwd", "gopher://blog.test/", "data:text/xml,<a/>",
        "//blog.test/", "blog.test", "", "https://blog.test\\@10.0.0.1/", "https://blog.test/\r\nHost: x",
        "https://blog .test/",
        "https://[::1", "https://blog.test\x00/", "http://1.2.3.4.5/", "http://0x7f.0x1/", "http://127.1/",
    ],
)  # fmt: skip
def test_what_is_no_public_web_address_is_refused(url: str) -> None:
    with pytest.raises(Forbidden) as refused:
        check_url(url)

    assert isinstance(refused.value, SetupError)
    assert "pass" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://blog.test/feed?a=1", "blog.test"),
        ("http://blog.test:8080/", "blog.test"),
        ("https://BLOG.test./", "blog.test"),
        ("https://bücher.test/", "bücher.test"),
        ("https://xn--bcher-kva.test/", "xn--bcher-kva.test"),
        ("https://[2606:4700::1111]/", "2606:4700::1111"),
        ("https://localhost.blog.test/", "localhost.blog.test"),
        ("https://10.blog.test/", "10.blog.test"),
    ],
)
def test_a_public_web_address_passes(url: str, host: str) -> None:
    assert check_url(url) == host


@given(st.text(max_size=40))
def test_any_text_is_taken_or_refused_by_name(text: str) -> None:
    for url in (text, f"http://{text}/", f"https://blog.test{text}"):
        try:
            host = check_url(url)
        except Forbidden:
            continue
        assert host


class Machine:
    """Names and connections as a test tells them; what was dialled is noted."""

    def __init__(self, *answers: list[str], unreachable: tuple[str, ...] = ()) -> None:
        self.answers = list(answers)
        self.unreachable = unreachable
        self.asked: list[str] = []
        self.dialled: list[str] = []

    def resolve(self, host: str, port: int) -> list[str]:
        """The next answer; the last one stays."""
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def dial(self, place: tuple[str, int], timeout: Any, options: Any) -> socket.socket:
        """Note where to, and do not go there."""
        self.dialled.append(place[0])
        if place[0] in self.unreachable:
            raise OSError("no route")
        ours, theirs = socket.socketpair()
        theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        theirs.close()
        return ours

    def get(self, url: str) -> requests.Response:
        """Ask through the gate, without a proxy."""
        with requests.Session() as session:
            session.trust_env = False
            session.mount("http://", GatedAdapter(5, self.resolve, self.dial))
            return session.get(url, timeout=2)


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    machine = Machine(["93.184.216.34"], ["127.0.0.1"])  # a name that changes between two look-ups

    assert machine.get("http://rebind.test/").text == "ok"
    assert machine.asked == ["rebind.test"]
    assert machine.dialled == ["93.184.216.34"]


@pytest.mark.parametrize("inner", ["127.0.0.1", "10.0.0.1", "::1", "fe80::1%2", "::ffff:10.0.0.1", "not an address"])
def test_a_name_with_any_inner_address_is_refused_before_anything_is_dialled(inner: str) -> None:
    machine = Machine(["93.184.216.34", inner])

    with pytest.raises(Forbidden):
        machine.get("http://mixed.test/")

    assert machine.dialled == []


def test_another_of_its_addresses_is_tried_where_one_cannot_be_reached() -> None:
    machine = Machine(["2606:4700::1111", "93.184.216.34"], unreachable=("2606:4700::1111",))

    assert machine.get("http://both.test/").text == "ok"
    assert machine.dialled == ["2606:4700::1111", "93.184.216.34"]


def test_a_name_that_leads_nowhere_is_a_broken_connection() -> None:
    with pytest.raises(requests.ConnectionError):
        Machine([]).get("http://nowhere.test/")
    with pytest.raises(requests.ConnectionError):
        Machine(["93.184.216.34"], unreachable=("93.184.216.34",)).get("http://down.test/")


def test_all_addresses_of_a_name_are_handed_on() -> None:
    assert resolve("a.test", 443, lambda host, port: ["1.1.1.1", "8.8.8.8"]) == ["1.1.1.1", "8.8.8.8"]


def walk(hops: list[str], machine: Machine) -> None:
    """Pass the gate at every hop."""
    for url in hops:
        resolve(check_url(url), 80, machine.resolve)


@pytest.mark.shared
def test_the_hostile_fetches_are_refused_at_some_hop(shared: Path) -> None:
    lines = (shared / "hostile" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if case["category"] == "ssrf"]
    assert len(cases) >= 5

    for case in cases:
        fetch = case["fetch"]
        resolves = [[one] if isinstance(one, str) else one for one in fetch.get("resolves_to", [])] or [["8.8.8.8"]]
        machine = Machine(*resolves)
        with pytest.raises(Forbidden):
            walk([fetch["url"], *fetch.get("redirect_chain", [])], machine)
