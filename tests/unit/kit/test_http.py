"""One way to ask: a real server misbehaves, and every kind of trouble gets its name, in bounded time and requests."""

import gzip
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from hub.errors import AccessDenied, ContractBroken, HubError, RateLimited, SetupError, Unavailable
from hub.kit import BasicAuth, BearerToken, ClientCredentials, Limits, Network, Rejected, ResetAt, Token, epoch_seconds
from hub.kit.local import SteppedClock
from tests.unit.kit.conftest import NOW, Script, Wire, open_town, says

ONCE = Limits(max_requests=1)


class Town(Network):
    """Asked with a token."""

    auth = BearerToken(secret="access_token")
    wait = ResetAt(header="x-reset", read=epoch_seconds)


class Office(Network):
    """Asked with a token that is fetched."""

    auth = ClientCredentials(url="/oauth/token", client_id="client_id", client_secret="client_secret", scope="read")


class Door(Network):
    """Asked with a name and a password."""

    auth = BasicAuth(login="client_id", password="client_secret")


def ask(wire: Wire, clock: SteppedClock, made: type[Network] = Town, *, limits: Limits | None = None) -> object:
    with open_town(made, wire, clock, limits=limits) as town:
        return town.get("/posts", tag="acme", since=None)


def test_an_answer_comes_decoded_and_what_is_not_known_is_not_asked(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(says(body=b'{"id": "7"}'))

    assert ask(wire, clock) == {"id": "7"}
    (_, path, headers) = wire.seen[0]
    assert path == "/posts?tag=acme"
    assert headers["Authorization"] == "Bearer s3cret-town"
    assert "social-intelligence-hub" in headers["User-Agent"]


def test_a_query_holds_what_was_asked_for(wire: Wire, clock: SteppedClock) -> None:
    asked = {"q": "a&b=c d/é:,", "page": 1, "deep": True, "ids": ["1", "2"], "half": 0.5, "none": ""}
    with open_town(Town, wire, clock) as town:
        for page in (1, 2):
            town.get("/posts", **{**asked, "page": page}, no=[])

    first, second = (parse_qs(urlsplit(path).query, keep_blank_values=True) for path in wire.paths)
    assert first == {name: each if isinstance(each, list) else [str(each)] for name, each in asked.items()}
    assert second == {**first, "page": ["2"]}
    assert "no" not in first
    assert not any(path.endswith("&") or "&&" in path for path in wire.paths)


def test_two_hosts_in_turn_are_each_asked_over_its_own_connection(wire: Wire, clock: SteppedClock) -> None:
    with open_town(Town, wire, clock) as town:
        for host in ("127.0.0.1", "localhost", "127.0.0.1", "localhost"):
            town.http.get(f"{wire.address.replace('127.0.0.1', host)}/posts")

    assert [headers["Host"].partition(":")[0] for _, _, headers in wire.seen] == ["127.0.0.1", "localhost"] * 2


def test_a_packed_answer_is_unpacked(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(says(body=gzip.compress(b'["packed"]'), Content_Encoding="gzip"))

    assert ask(wire, clock) == ["packed"]


def test_a_name_and_a_password_are_shown(wire: Wire, clock: SteppedClock) -> None:
    ask(wire, clock, Door)

    assert wire.seen[0][2]["Authorization"] == "Basic aHViOnMzY3JldC10b3du"


# Trouble and its names


@pytest.mark.parametrize(
    ("status", "named"),
    [
        (400, Rejected),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, Rejected),
        (408, Unavailable),
        (410, Rejected),
        (429, RateLimited),
        (500, Unavailable),
        (503, Unavailable),
        (301, ContractBroken),
        (302, ContractBroken),
        (307, ContractBroken),
    ],
)
def test_a_status_has_one_name(wire: Wire, clock: SteppedClock, status: int, named: type[HubError]) -> None:
    wire.answers(says(status, b'{"secret": "words"}', Location="http://127.0.0.1:9/elsewhere"))

    with pytest.raises(named) as trouble:
        ask(wire, clock, limits=ONCE)

    assert len(wire.seen) == 1, "a redirect was followed"
    shown = f"{trouble.value} {trouble.value!r} {trouble.value.__cause__!r}"
    assert "s3cret" not in shown
    assert "words" not in shown
    assert "acme" not in shown, "a query is not fit for a log"


def test_a_server_in_trouble_is_asked_six_times_with_longer_and_longer_pauses(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(says(503))

    with pytest.raises(Unavailable):
        ask(wire, clock)

    assert len(wire.seen) == 6
    for place, pause in enumerate(clock.sleeps):
        assert 0.25 * 2**place <= pause <= 0.75 * 2**place


def test_trouble_that_passes_is_not_noticed(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(says(500), says(502, b"<html>"), says(200, b'["here"]'))

    assert ask(wire, clock) == ["here"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "Wed, 05 Mar 2025 12:00:20 GMT"}, 20),
        ({"X_Reset": str(int(NOW.timestamp()) + 11)}, 11),
        ({"Retry_After": "nonsense"}, 60),
        ({}, 60),
    ],
)
def test_a_429_is_waited_for_as_told(wire: Wire, clock: SteppedClock, headers: dict[str, str], seconds: float) -> None:
    wire.answers(says(429, b"Too many requests", **headers), says(200, b'["here"]'))

    assert ask(wire, clock) == ["here"]
    assert clock.sleeps == [seconds]


def test_a_server_in_trouble_is_not_left_alone_until_a_window_of_calls_ends(wire: Wire, clock: SteppedClock) -> None:
    far = str(NOW.timestamp() + 900)
    wire.answers(says(503, x_reset=far), says(body=b'["up"]', x_reset=far))

    assert ask(wire, clock) == ["up"]
    assert sum(clock.sleeps) < 2


def test_what_the_body_says_is_told_whatever_the_status_and_a_name_may_be_ours_alone(
    wire: Wire, clock: SteppedClock
) -> None:
    class Teller(Town):
        """Says more in its bodies."""

        user_agent = "python:hub:1 (by /u/acme)"

        def trouble(self, status: int, body: object) -> HubError | None:
            """No such place."""
            return SetupError("There is no such place.") if status in (302, 404) else None

    wire.answers(says(302, Location="/elsewhere"))
    with pytest.raises(SetupError, match="no such place"):
        ask(wire, clock, Teller)
    assert wire.seen[0][2]["User-Agent"] == "python:hub:1 (by /u/acme)"


def test_a_wait_that_is_too_long_ends_the_run_at_once(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(says(429, Retry_After="3600"))

    with pytest.raises(RateLimited) as told:
        ask(wire, clock)

    assert told.value.retry_after == 3600
    assert len(wire.seen) == 1
    assert clock.sleeps == []


def test_a_budget_that_is_spent_is_waited_for_before_anything_is_asked(wire: Wire, clock: SteppedClock) -> None:
    with open_town(Town, wire, clock, limits=Limits(max_requests=1)) as town:
        town.manifest = town.manifest.with_(budget=town.manifest.budget.with_(requests=2))
        for _ in range(5):
            town.get("/posts")

    assert len(wire.seen) == 5
    assert clock.sleeps == [60.0, 60.0]


# Bodies that hurt


def drips(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100000")
    request.end_headers()
    while True:
        request.wfile.write(b" ")
        time.sleep(0.02)


def drips_its_headers(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Padding: ")
    while True:
        request.wfile.write(b"a")
        time.sleep(0.02)


def drips_a_length(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2")
    while True:
        request.wfile.write(b";")
        time.sleep(0.02)


def never_ends(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Connection", "close")
    request.end_headers()
    while True:
        request.wfile.write(b" " * 65_536)


def says_nothing(request: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)
    request.close_connection = True


def breaks_off(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(b'[{"id": "1"},')
    request.close_connection = True


def talks_nonsense(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")
    request.close_connection = True


def chunks_badly(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    request.wfile.write(b"zz\r\n[]\r\n0\r\n\r\n")
    request.close_connection = True


BOMB = gzip.compress(b"[" + b" " * 100_000_000 + b"]")


@pytest.mark.parametrize(
    ("script", "named"),
    [
        (drips, Unavailable),
        (drips_its_headers, Unavailable),
        (drips_a_length, Unavailable),
        (never_ends, ContractBroken),
        (says_nothing, Unavailable),
        (breaks_off, Unavailable),
        (talks_nonsense, Unavailable),
        (chunks_badly, Unavailable),
        (says(body=BOMB, Content_Encoding="gzip"), ContractBroken),
        (says(body=b"[]", Content_Encoding="gzip"), Unavailable),
        (says(body=b" " * 2_000_001), ContractBroken),
    ],
    ids=[
        "drips",
        "drips its headers",
        "drips a length",
        "never ends",
        "says nothing",
        "breaks off",
        "nonsense",
        "bad chunks",
        "bomb",
        "not packed",
        "huge",
    ],
)
@pytest.mark.timeout(20)  # it takes a second; what is not left drips for ever
def test_an_answer_that_hurts_is_left_in_time(
    wire: Wire, clock: SteppedClock, script: Script, named: type[HubError]
) -> None:
    wire.answers(script)
    limits = Limits(max_requests=1, max_bytes=2_000_000, read_seconds=0.5, total_seconds=0.6)

    with pytest.raises(named):
        ask(wire, clock, limits=limits)


def test_nobody_at_home_is_unavailable(wire: Wire, clock: SteppedClock) -> None:
    nowhere = Wire("http://127.0.0.1:9")

    with pytest.raises(Unavailable, match="cannot be reached"):
        ask(nowhere, clock, limits=ONCE)


def test_what_hurt_once_is_asked_again(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(breaks_off, talks_nonsense, says(200, b'["here"]'))

    assert ask(wire, clock) == ["here"]


def test_what_is_no_json_is_not_asked_again(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(says(200, b"<html>please log in</html>"))

    with pytest.raises(ContractBroken, match="a page where JSON was due"):
        ask(wire, clock)

    assert len(wire.seen) == 1


# Tokens


class Desk:
    """Gives out tokens and takes only the last one."""

    def __init__(self, *, lasts: object = 3600) -> None:
        self.given = 0
        self.lasts = lasts
        self.forms: list[dict[str, list[str]]] = []
        self.lock = threading.Lock()

    def script(self, wire: Wire) -> Script:
        def answer(request: BaseHTTPRequestHandler) -> None:
            if request.command == "POST":
                with self.lock:
                    self.given += 1
                    self.forms.append(parse_qs(wire.bodies[-1].decode()))
                time.sleep(0.05)
                token = {"access_token": f"t{self.given}", "expires_in": self.lasts, "token_type": "Bearer"}
                return says(200, json.dumps(token).encode())(request)
            valid = request.headers.get("Authorization") == f"Bearer t{self.given}"
            return says(200 if valid else 401, b'["here"]')(request)

        return answer


def test_a_token_is_fetched_once_and_used_until_it_ends(wire: Wire, clock: SteppedClock) -> None:
    desk = Desk(lasts=600)
    wire.answers(desk.script(wire))

    with open_town(Office, wire, clock) as office:
        for _ in range(3):
            office.get("/posts")
        clock.sleep(590)
        office.get("/posts")

    assert desk.given == 2
    assert desk.forms[0] == {
        "grant_type": ["client_credentials"], "client_id": ["hub"], "client_secret": ["s3cret-town"], "scope": ["read"],
    }  # fmt: skip


@pytest.mark.parametrize("lasts", [None, "soon", 1e300])
def test_a_token_that_does_not_say_how_long_it_lasts_is_used_until_refused(
    wire: Wire, clock: SteppedClock, lasts: object
) -> None:
    desk = Desk(lasts=lasts)
    wire.answers(desk.script(wire))

    with open_town(Office, wire, clock) as office:
        office.get("/posts")
        clock.sleep(1e6)
        assert office.get("/posts") == ["here"]

    assert desk.given == 1


def test_a_refused_token_is_renewed_once_and_no_more(wire: Wire, clock: SteppedClock) -> None:
    desk = Desk()
    wire.answers(desk.script(wire))

    with open_town(Office, wire, clock) as office:
        office.get("/posts")
        desk.given += 1  # what was given out is void
        assert office.get("/posts") == ["here"]
        wire.answers(
            lambda request: (
                says(200, b'{"access_token": "t"}')(request) if request.command == "POST" else says(401)(request)
            )
        )
        with pytest.raises(AccessDenied):
            office.get("/posts")

    assert [verb for verb, _, _ in wire.seen[-3:]] == ["GET", "POST", "GET"]


def test_twenty_threads_fetch_one_token(wire: Wire, clock: SteppedClock) -> None:
    desk = Desk()
    wire.answers(desk.script(wire))

    with open_town(Office, wire, clock) as office, ThreadPoolExecutor(20) as pool:
        assert office.http
        assert list(pool.map(lambda _: office.get("/posts"), range(20))) == [["here"]] * 20
        assert desk.given == 1
        desk.given += 1
        assert list(pool.map(lambda _: office.get("/posts"), range(20))) == [["here"]] * 20

    assert desk.given == 3, "all twenty were refused, and one of them fetched another token"


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (says(400, b'{"error": "invalid_client"}'), AccessDenied),
        (says(401, b""), AccessDenied),
        (says(200, b'{"error": "pending"}'), AccessDenied),
        (says(200, b"<html>"), AccessDenied),
        (says(429, b"{}", Retry_After="3600"), RateLimited),
        (says(503, b"{}"), Unavailable),
        (breaks_off, Unavailable),
    ],
    ids=["400", "401", "no token", "page", "429", "503", "breaks off"],
)
def test_a_log_in_that_fails_is_named(wire: Wire, clock: SteppedClock, answer: Script, named: type[HubError]) -> None:
    wire.answers(answer)

    with pytest.raises(named) as trouble:
        ask(wire, clock, Office, limits=ONCE)

    assert "s3cret" not in f"{trouble.value!r} {trouble.value.__cause__!r}"


def test_a_token_does_not_show_itself() -> None:
    assert "abc" not in repr(Token(value="abc", refresh="abcdef"))


def test_the_session_that_threads_share_never_trusts_the_environment(
    wire: Wire, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = requests.sessions.get_environ_proxies
    trusted: list[bool] = []

    with open_town(Town, wire.answers(says(200, b"[]")), clock) as town:

        def reading(*args: object, **options: object) -> object:
            trusted.append(town.http._wire.trust_env)
            return read(*args, **options)

        monkeypatch.setattr("requests.sessions.get_environ_proxies", reading)
        town.get("/posts")

    assert trusted == [False], "one thread's end of reading would take the proxy from another"


def test_a_network_without_a_host_asks_for_one(wire: Wire, clock: SteppedClock) -> None:
    wire.address = ""

    with pytest.raises(SetupError, match="put yours into the host of town_default"):
        ask(wire, clock)


def says_when(headers: dict[str, str]) -> Script:
    """An answer with these headers alone: the server of this test would name its own time."""

    def script(request: BaseHTTPRequestHandler) -> None:
        request.send_response_only(200)
        for name, value in (headers | {"Content-Length": "2"}).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(b"{}")

    return script


def dated(moment: datetime, **more: str) -> dict[str, str]:
    return {"Date": format_datetime(moment, usegmt=True), **more}


@pytest.mark.parametrize(
    ("headers", "ahead"),
    [
        (dated(NOW - timedelta(minutes=10)), 600),
        (dated(NOW - timedelta(seconds=3)), 0),  # on its way
        (dated(NOW + timedelta(minutes=10)), 0),  # we are behind: what is written later is read later
        (dated(NOW - timedelta(minutes=10), Age="590"), 10),  # kept on the way
        (dated(NOW - timedelta(days=400)), 3600),
        ({"Date": "yesterday"}, 0),
        ({"Date": "Wed, 99 Oct 2026 99:00:00 GMT"}, 0),
        (dated(NOW, Age="old"), 0),
    ],
)
def test_the_other_side_s_clock_is_compared_with_ours(
    wire: Wire, clock: SteppedClock, headers: dict[str, str], ahead: float
) -> None:
    wire.answers(says_when(headers))

    with open_town(Town, wire, clock) as town:
        town.get("/posts")

        assert town.http.ahead == timedelta(seconds=ahead)
