"""Where no connection comes about: found out once, said plainly to all, and noticed when it is over."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hub.errors import Unavailable
from hub.kit import Connection, Limits, Network, Services
from hub.kit.local import SteppedClock
from hub.kit.reach import AGAIN_SECONDS, COOL_DOWN
from tests.unit.kit.conftest import MANIFEST, NOW, Wire, says

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


@pytest.fixture
def services(clock: SteppedClock) -> Services:
    """What all connectors of one process share."""
    return Services.local(clock=clock, limits=Limits(connect_seconds=5, read_seconds=5))


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens, and nobody will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


class Later:
    """A place that opens in the middle of a test."""

    def __init__(self) -> None:
        self.asked = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(), bind_and_activate=False)
        self.server.server_bind()
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:  # noqa: N805
                self.asked += 1
                says(body=b'["open"]')(handler)

            def log_message(handler, *_: object) -> None:  # noqa: N805
                """Quiet."""

        return Handler

    def opens(self) -> None:
        """From now on connections come about."""
        self.server.server_activate()
        self.thread.start()

    def closes(self) -> None:
        """The end of the test."""
        if self.thread.is_alive():
            self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def nobody_yet() -> Iterator[Later]:
    """An address at which somebody may listen later."""
    place = Later()
    yield place
    place.closes()


def ask(services: Services, host: str, *, title: str = "Town") -> object:
    connection = Connection(id="town_default", host=host)
    with Network(MANIFEST.with_(title=title), connection, services) as town:
        return town.get("/posts")


def refused(services: Services, host: str, *, title: str = "Town") -> str:
    """What is said of a place that cannot be reached."""
    with pytest.raises(Unavailable) as trouble:
        ask(services, host, title=title)
    assert not trouble.value.sent
    return str(trouble.value)


def test_who_is_alone_tries_for_some_seconds(services: Services, clock: SteppedClock, nobody: str) -> None:
    said = refused(services, f"http://{nobody}")

    assert said == "Town cannot be reached: no connection to its host comes about."
    assert clock.sleeps == [AGAIN_SECONDS] * 3


def test_others_are_told_at_once_what_was_found_out(services: Services, clock: SteppedClock, nobody: str) -> None:
    said = refused(services, f"http://{nobody}")
    clock.sleeps.clear()

    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(lambda _: refused(services, f"http://{nobody}"), range(64)))

    assert set(told) == {said}
    assert clock.sleeps == []


def test_a_proxy_that_is_down_is_found_out_once_for_all_networks(
    services: Services, clock: SteppedClock, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROXIES:
        monkeypatch.setenv(name, f"http://us:s3cret@{nobody}")

    said = refused(services, "https://town.test")
    clock.sleeps.clear()
    also_said = refused(services, "http://village.test", title="Village")

    assert said == f"Town cannot be reached: no connection to the proxy {nobody} comes about."
    assert also_said == f"Village cannot be reached: no connection to the proxy {nobody} comes about."
    assert clock.sleeps == []


def test_what_is_soon_back_is_waited_for(nobody_yet: Later) -> None:
    class Watched(SteppedClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if len(self.sleeps) == 2:
                nobody_yet.opens()

    services = Services.local(clock=Watched(NOW))

    assert ask(services, nobody_yet.address) == ["open"]


def test_what_is_back_is_noticed_after_the_cool_down(
    services: Services, clock: SteppedClock, nobody_yet: Later
) -> None:
    refused(services, nobody_yet.address)
    nobody_yet.opens()

    refused(services, nobody_yet.address)
    assert nobody_yet.asked == 0, "it was asked before the cool-down was over"

    clock.sleep(COOL_DOWN.total_seconds())
    assert ask(services, nobody_yet.address) == ["open"]
    assert ask(services, nobody_yet.address) == ["open"]


def test_after_the_cool_down_one_try_tells_that_it_is_still_down(
    services: Services, clock: SteppedClock, nobody: str
) -> None:
    refused(services, f"http://{nobody}")
    clock.sleep(COOL_DOWN.total_seconds())
    clock.sleeps.clear()

    refused(services, f"http://{nobody}")

    assert clock.sleeps == []


def test_when_the_net_is_down_another_place_gets_one_try_until_something_is_reached(
    services: Services, clock: SteppedClock, wire: Wire
) -> None:
    wire.answers(says(body=b'["here"]'))
    held = [socket.socket() for _ in range(5)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    places = [f"http://127.0.0.1:{each.getsockname()[1]}" for each in held]
    try:
        for place in places[:3]:
            refused(services, place)
        assert len(clock.sleeps) == 9

        refused(services, places[3])
        assert len(clock.sleeps) == 9, "the fourth place was tried more than once"

        assert ask(services, wire.address) == ["here"]
        refused(services, places[4])
        assert len(clock.sleeps) == 12, "something was reached, so the net is there"
    finally:
        for each in held:
            each.close()


def test_who_cuts_connections_is_there_and_is_asked_as_often_as_before(
    services: Services, clock: SteppedClock, wire: Wire
) -> None:
    wire.answers(lambda request: request.connection.shutdown(socket.SHUT_RDWR))

    for _ in range(3):
        with pytest.raises(Unavailable):
            ask(services, wire.address)

    assert len(wire.seen) == 18


def test_a_proxy_that_refuses_one_host_is_not_down(
    services: Services, clock: SteppedClock, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROXIES:
        monkeypatch.setenv(name, wire.address)
    wire.answers(says(body=b'["through the proxy"]'))

    with pytest.raises(Unavailable):
        ask(services, "https://town.test")  # the proxy knows no tunnels

    assert len(clock.sleeps) == 5
    assert ask(services, "http://town.test") == ["through the proxy"]
