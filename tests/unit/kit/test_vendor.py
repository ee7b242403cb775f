"""What vendors' libraries may do on the wire: one try, a time limit, and honest names for trouble."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

import connectors
from hub.domain import Delivery, Receipt
from hub.errors import AccessDenied, RateLimited, SetupError, Unavailable
from hub.kit import Limits, Services, Token
from hub.kit.local import LocalTokens, SteppedClock
from hub.kit.turns import LeftAlone, taking_turns
from hub.kit.vendor import KeptToken, OneTry, one_by_one, retry_after_of, vendor_session

Answer = Callable[[socket.socket, bytes], None]
NOW = datetime(2026, 11, 23, tzinfo=UTC)
LIMITS = Limits(max_bytes=1_000, connect_seconds=1, read_seconds=1, total_seconds=2)


class Server:
    """Answers each request with the next of its answers; remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                request = read_request(connection)
                self.requests.append(request)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                try:
                    answer(connection, request)
                except OSError:
                    pass  # the client hung up, as it should


def read_request(connection: socket.socket) -> bytes:
    """Head and body of one request."""
    with connection.makefile("rb") as stream:
        head = b"".join(iter(stream.readline, b"\r\n"))
        size = next((line for line in head.splitlines() if line.lower().startswith(b"content-length:")), b":0")
        return head + stream.read(int(size.partition(b":")[2]))


def says(text: str) -> Answer:
    return lambda connection, request: connection.sendall(text.replace("\n", "\r\n").encode())


def ok(body: str = "{}") -> Answer:
    return says(f"HTTP/1.1 200 OK\nConnection: close\nContent-Length: {len(body)}\n\n{body}")


def status(code: int, *headers: str) -> Answer:
    return says("\n".join([f"HTTP/1.1 {code} x", "Connection: close", "Content-Length: 0", *headers, "", ""]))


def hangs_up(connection: socket.socket, request: bytes) -> None:
    """The request was read, and nobody will know what became of it."""


def drips(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.1)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*answers: Answer) -> Server:
        servers.append(Server(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.listener.close()


def session(services: Services | None = None, auth: KeptToken | None = None) -> requests.Session:
    """A vendor's session that may talk to this machine without TLS."""
    services = services or Services.local(limits=LIMITS)
    manifest = connectors.manifest("zendesk")
    made = vendor_session(services, manifest, auth=auth)
    made.trust_env = False
    made.mount("http://", OneTry(services, manifest, auth))
    return made


def test_a_good_answer_is_what_the_library_sees(serve: Callable[..., Server]) -> None:
    server = serve(ok('{"a": 1}'))

    assert session().get(server.url).json() == {"a": 1}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_request_whose_answer_was_lost_is_sent_once_and_in_doubt(serve: Callable[..., Server], method: str) -> None:
    server = serve(hangs_up)

    with pytest.raises(Unavailable) as told:
        session().request(method, server.url, data=b"x")

    assert told.value.sent
    assert len(server.requests) == 1


def test_each_request_waits_for_its_turn_and_is_not_made_where_there_is_none(serve: Callable[..., Server]) -> None:
    server = serve(ok(), ok(), ok())
    here: list[int] = []

    @contextmanager
    def room() -> Iterator[None]:
        here.append(len(server.requests))
        if len(here) > 2:
            raise LeftAlone
        yield
        here.append(len(server.requests))

    with session() as wire, taking_turns(room):
        wire.get(server.url)
        assert here == [0, 1]
        with pytest.raises(LeftAlone) as told:
            wire.post(server.url, data=b"x")

    assert not told.value.sent
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_request_goes_nowhere_but_to_the_host_it_was_made_for(serve: Callable[..., Server], code: int) -> None:
    elsewhere = serve(ok())
    server = serve(status(code, f"Location: {elsewhere.url}"))

    with session() as wire, pytest.raises(SetupError, match="sends us elsewhere"):
        wire.post(server.url, json={"words": "of a person"})

    assert (len(server.requests), elsewhere.requests) == (1, [])


def test_a_connection_that_never_came_about_has_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(Unavailable) as told:
        session().post(f"http://127.0.0.1:{port}/")

    assert not told.value.sent


def test_a_proxy_that_refuses_to_connect_has_sent_nothing(serve: Callable[..., Server]) -> None:
    proxy = serve(status(502))
    through = session()
    through.proxies = {"https": proxy.url}

    with pytest.raises(Unavailable) as told:
        through.post("https://nowhere.test/")

    assert not told.value.sent


def test_an_answer_that_drips_is_hung_up_on(serve: Callable[..., Server]) -> None:
    server = serve(drips)
    begun = time.monotonic()

    with pytest.raises(Unavailable) as told:
        session().get(server.url)

    assert told.value.sent
    assert time.monotonic() - begun < 5


def test_an_answer_that_never_begins_is_given_up(serve: Callable[..., Server]) -> None:
    server = serve(lambda connection, request: time.sleep(3))

    with pytest.raises(Unavailable):
        session().get(server.url)


def test_an_answer_that_is_too_large_is_hung_up_on(serve: Callable[..., Server]) -> None:
    server = serve(ok("x" * 5_000))

    with pytest.raises(Unavailable):
        session().get(server.url)


def test_a_429_never_reaches_the_library(serve: Callable[..., Server]) -> None:
    server = serve(status(429, "Retry-After: 17"))

    with pytest.raises(RateLimited) as told:
        session().put(server.url)

    assert told.value.retry_after == 17
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30), ("Mon, 23 Nov 2026 00:02:00 GMT", 120), ("soon", 60), ("-5", 60), ("", 60), (None, 60)],
)
def test_every_spelling_of_retry_after_is_some_wait(header: str | None, seconds: float) -> None:
    headers = {} if header is None else {"Retry-After": header}

    assert retry_after_of(headers, NOW) == seconds


class LogIn:
    """Gives a new token each time it is asked."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, old: Token | None) -> Token:
        self.count += 1
        return Token(value=f"token-{self.count}")


def test_a_refused_token_is_renewed_once_and_the_same_request_sent_again(serve: Callable[..., Server]) -> None:
    server, log_in = serve(status(401), ok()), LogIn()
    services = Services.local(limits=LIMITS)

    answer = session(services, KeptToken(services, "zendesk_default", log_in)).post(server.url, data=b"body")

    assert answer.ok
    assert log_in.count == 2
    assert [b"Bearer token-1" in server.requests[0], b"Bearer token-2" in server.requests[1]] == [True, True]
    assert all(request.endswith(b"body") for request in server.requests)


def test_a_token_is_asked_for_every_few_seconds_and_not_for_every_request(serve: Callable[..., Server]) -> None:
    class Asked(LocalTokens):
        times = 0

        def get(self, connection_id: str, fetch: Callable[[Token | None], Token]) -> Token:
            self.times += 1
            return super().get(connection_id, fetch)

    server, clock = serve(*[ok()] * 4), SteppedClock(datetime(2026, 3, 2, tzinfo=UTC))
    tokens = Asked(clock)
    services = replace(Services.local(limits=LIMITS, clock=clock), tokens=tokens)
    calls = session(services, KeptToken(services, "zendesk_default", LogIn()))

    asked = []
    for seconds in (0, 1, 3, 2):
        clock.sleep(seconds)
        calls.get(server.url)
        asked.append(tokens.times)

    assert asked == [1, 1, 1, 2]


def test_a_fresh_token_that_is_refused_too_ends_it(serve: Callable[..., Server]) -> None:
    server, log_in = serve(status(401)), LogIn()
    services = Services.local(limits=LIMITS)

    with pytest.raises(AccessDenied):
        session(services, KeptToken(services, "zendesk_default", log_in)).get(server.url)

    assert (log_in.count, len(server.requests)) == (2, 2)


def test_a_lost_log_in_has_sent_nothing_of_the_call(serve: Callable[..., Server]) -> None:
    def lost(old: Token | None) -> Token:
        raise Unavailable("gone", sent=True)

    services = Services.local(limits=LIMITS)
    server = serve(ok())

    with pytest.raises(Unavailable) as told:
        session(services, KeptToken(services, "zendesk_default", lost)).get(server.url)

    assert not told.value.sent
    assert server.requests == []


def test_a_netrc_adds_no_proof_of_its_own(
    serve: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = serve(ok())
    made = session()
    made.trust_env = True

    made.get(server.url)

    assert b"Authorization" not in server.requests[0]


def deliveries(count: int) -> list[Delivery]:
    return [
        Delivery(
            id=number, destination="zendesk", object="ticket", external_id=f"{number:032x}", version=1, body={},
            digest="d", handoff="h",
        )
        for number in range(count)
    ]  # fmt: skip


def created(delivery: Delivery) -> Receipt:
    return Receipt(delivery=delivery.id, outcome="created")


def trouble_at(number: int, error: Exception) -> Callable[[Delivery], Receipt]:
    """A way of sending that breaks at one delivery."""

    def send(delivery: Delivery) -> Receipt:
        if delivery.id == number:
            raise error
        return created(delivery)

    return send


def test_one_by_one_keeps_the_order() -> None:
    receipts = list(one_by_one(deliveries(3), created))

    assert [receipt.delivery for receipt in receipts] == [0, 1, 2]


@pytest.mark.parametrize(
    ("error", "outcomes"),
    [
        (RateLimited("wait", retry_after=9), ["created", "deferred", "deferred"]),
        (Unavailable("gone", sent=True), ["created", "unknown", "deferred"]),
        (Unavailable("away", sent=False), ["created", "deferred", "deferred"]),
        (AccessDenied("no"), ["created", "deferred", "deferred"]),
    ],
    ids=lambda value: str(value),
)
def test_trouble_in_the_middle_ends_the_sending_with_a_receipt_for_each(error: Exception, outcomes: list[str]) -> None:
    receipts = list(one_by_one(deliveries(3), trouble_at(1, error)))

    assert [receipt.outcome for receipt in receipts] == outcomes
    assert receipts[2].retry_after == getattr(error, "retry_after", None)


@pytest.mark.parametrize("error", [RateLimited("wait"), Unavailable("away", sent=False), AccessDenied("no")], ids=str)
def test_trouble_before_anything_was_sent_speaks_of_the_whole_call(error: Exception) -> None:
    with pytest.raises(type(error)):
        list(one_by_one(deliveries(3), trouble_at(0, error)))


def test_a_first_answer_that_was_lost_is_unknown_and_the_rest_wait() -> None:
    receipts = list(one_by_one(deliveries(2), trouble_at(0, Unavailable("gone", sent=True))))

    assert [receipt.outcome for receipt in receipts] == ["unknown", "deferred"]
