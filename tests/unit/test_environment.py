"""What one test does to its process must not reach the next: each pair here fails where it does."""

import gzip
import os
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

NOWHERE = "http://127.0.0.1:9"


class Plain(BaseHTTPRequestHandler):
    """Answers everything with nothing."""

    def do_GET(self) -> None:
        """An empty success."""
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def address() -> Iterator[str]:
    """A server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Plain) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("turn", ["led astray", "the one after it"])
@pytest.mark.xdist_group("environment")
def test_a_proxy_that_one_test_has_set_does_not_meet_the_next(turn: str, address: str) -> None:
    if turn == "led astray":
        os.environ["HTTP_PROXY"] = os.environ["http_proxy"] = NOWHERE
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(address, timeout=5)
        return
    assert urllib.request.urlopen(address, timeout=5).status == 204


@pytest.mark.parametrize("packed", [gzip.compress(b"holds the second it was made")])
def test_workers_agree_on_a_tests_name_whenever_they_collect_it(packed: bytes, request: pytest.FixtureRequest) -> None:
    assert packed
    assert request.node.name.endswith("[packed]"), "tests/conftest.py: pytest_make_parametrize_id"
