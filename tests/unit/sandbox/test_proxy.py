"""The way in: real TLS through a real proxy, and no way out."""

import socket
import ssl

import pytest
import requests

from sandbox.process import SandboxProcess

BEARER = {"Authorization": "Bearer sandbox-x-bearer"}
SEARCH = "https://api.x.com/2/tweets/search/recent"


def raw(port: int, *words: bytes) -> bytes:
    """What the port answers to these bytes, until it hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        for each in words:
            wire.sendall(each)
        wire.shutdown(socket.SHUT_WR)
        parts = []
        while part := wire.recv(65_536):
            parts.append(part)
        return b"".join(parts)


def tunnel(sandbox: SandboxProcess, host: str) -> ssl.SSLSocket:
    """A TLS connection to a played host, by hand."""
    plain = socket.create_connection(("127.0.0.1", sandbox.port), timeout=10)
    plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    assert plain.recv(4096).startswith(b"HTTP/1.1 200")
    return ssl.create_default_context(cafile=sandbox.env["SSL_CERT_FILE"]).wrap_socket(plain, server_hostname=host)


def answer(wire: socket.socket) -> tuple[bytes, bytes]:
    """One answer's head and body."""
    file = wire.makefile("rb")
    head = b"".join(iter(file.readline, b"\r\n"))
    length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return head, file.read(int(length[0].split(b":")[1])) if length else b""


def test_a_client_that_trusts_the_authority_reads_a_played_host(session: requests.Session) -> None:
    found = session.get(SEARCH, params={"query": "acme"}, headers=BEARER, timeout=10)

    assert found.status_code == 200
    assert found.json()["meta"]["result_count"] == 10


def test_a_client_that_does_not_trust_it_refuses(sandbox: SandboxProcess, session: requests.Session) -> None:
    session.verify = True

    with pytest.raises(requests.exceptions.SSLError):
        session.get(SEARCH, timeout=10)

    assert sandbox.control.healthy()


def test_a_certificate_is_for_the_host_that_was_asked_for(sandbox: SandboxProcess) -> None:
    plain = socket.create_connection(("127.0.0.1", sandbox.port), timeout=10)
    plain.sendall(b"CONNECT mastodon.test:443 HTTP/1.1\r\n\r\n")
    plain.recv(4096)
    context = ssl.create_default_context(cafile=sandbox.env["SSL_CERT_FILE"])

    with plain, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(plain, server_hostname="api.x.com")


def test_two_requests_travel_on_one_connection(sandbox: SandboxProcess) -> None:
    ask = b"GET /api/v2/instance HTTP/1.1\r\nHost: mastodon.test\r\n\r\n"

    with tunnel(sandbox, "mastodon.test") as wire:
        for _ in range(2):
            wire.sendall(ask)
            head, body = answer(wire)
            assert head.startswith(b"HTTP/1.1 200 OK")
            assert b'"domain":"mastodon.test"' in body


def test_a_request_in_a_tunnel_to_another_host_is_misdirected(sandbox: SandboxProcess) -> None:
    with tunnel(sandbox, "mastodon.test") as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: api.x.com\r\n\r\n")

        assert answer(wire)[0].startswith(b"HTTP/1.1 421")


def test_a_host_is_found_in_any_case_and_with_a_final_dot(sandbox: SandboxProcess) -> None:
    with tunnel(sandbox, "MASTODON.test") as wire:
        wire.sendall(b"GET /api/v2/instance HTTP/1.1\r\nHost: Mastodon.Test.\r\n\r\n")

        assert answer(wire)[0].startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("host", ["example.com", "api.x.com.evil.test", "127.0.0.1", "localhost", "[::1]"])
def test_an_unknown_host_is_refused_and_nothing_leaves_the_machine(sandbox: SandboxProcess, host: str) -> None:
    encrypted = raw(sandbox.port, f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())
    plain = raw(sandbox.port, f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    assert encrypted.startswith(b"HTTP/1.1 502")
    assert plain.startswith(b"HTTP/1.1 502")
    assert b"does not play" in encrypted
    assert b"does not play" in plain


def test_plain_http_is_asked_for_by_its_whole_address(session: requests.Session) -> None:
    found = session.get("http://coffeelovers.test/feed.xml", timeout=10)

    assert found.status_code == 200
    assert found.headers["content-type"].startswith("application/rss+xml")


def test_head_tells_the_length_and_sends_no_body(sandbox: SandboxProcess, session: requests.Session) -> None:
    whole = session.get("https://coffeelovers.test/feed.xml", timeout=10)
    head = session.head("https://coffeelovers.test/feed.xml", timeout=10)
    page = requests.head(f"http://127.0.0.1:{sandbox.port}/health", timeout=10)

    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(whole.content)), b"")
    assert (page.status_code, page.content) == (200, b"")


def test_a_body_in_chunks_arrives_whole(session: requests.Session) -> None:
    parts = (
        b"grant_type=client_credentials",
        b"&client_id=sandbox-consumer-key",
        b"&client_secret=sandbox-consumer-secret",
    )

    found = session.post(
        "https://acme.my.salesforce.com/services/oauth2/token", data=iter(parts), timeout=10,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip

    assert found.status_code == 200
    assert found.json()["token_type"] == "Bearer"


def test_a_client_that_waits_to_be_told_to_go_on_is_told(sandbox: SandboxProcess) -> None:
    body = b'{"advance_seconds": 0}'
    head = (
        f"POST /clock HTTP/1.1\r\nHost: 127.0.0.1:{sandbox.port}\r\nExpect: 100-continue\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()

    found = raw(sandbox.port, head, body)

    assert found.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_half_a_request_is_nobodys_wish(sandbox: SandboxProcess) -> None:
    before = sandbox.control.mark()
    half = (
        b"POST http://slack.com/api/chat.postMessage HTTP/1.1\r\nHost: slack.com\r\nContent-Length: 500\r\n\r\nchannel="
    )

    assert raw(sandbox.port, half) == b""
    assert sandbox.control.journal(before) == []


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon here\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 300 + b"\r\n", 431),
        (b"GET http://[broken/ HTTP/1.1\r\n\r\n", 400),
    ],
)
def test_what_is_no_http_is_told_so_and_harms_nobody(sandbox: SandboxProcess, words: bytes, status: int) -> None:
    assert raw(sandbox.port, words).startswith(f"HTTP/1.1 {status} ".encode())
    assert sandbox.control.healthy()


def test_an_old_client_is_hung_up_on_after_its_answer(sandbox: SandboxProcess) -> None:
    found = raw(sandbox.port, f"GET /health HTTP/1.0\r\nHost: 127.0.0.1:{sandbox.port}\r\n\r\n".encode())

    assert found.startswith(b"HTTP/1.1 200 OK")
    assert b"Connection: close" in found


def test_a_big_body_goes_in_and_a_big_answer_comes_out(session: requests.Session) -> None:
    words = "x" * 3_000_000

    found = session.post(
        "https://slack.com/api/chat.postMessage", json={"channel": "#social-alerts", "text": words}, timeout=30,
        headers={"Authorization": "Bearer xoxb-sandbox"},
    )  # fmt: skip

    assert (found.json()["ok"], found.json()["error"]) == (False, "msg_too_long")


def test_every_request_is_in_the_journal_with_its_digest_and_without_its_words(
    sandbox: SandboxProcess, session: requests.Session
) -> None:
    before = sandbox.control.mark()

    session.post(
        "https://slack.com/api/chat.postMessage", json={"channel": "#social-alerts", "text": "hush hush"}, timeout=10,
        headers={"Authorization": "Bearer xoxb-sandbox"},
    )  # fmt: skip

    lines = sandbox.control.journal(before)
    assert [line["number"] for line in lines] == [before + 1, before + 2]
    assert [line["event"] for line in lines] == ["message posted", "request"]
    assert lines[1]["digest"]
    assert "hush" not in str(lines)
    assert "xoxb" not in str(lines)
