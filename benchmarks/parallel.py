"""P5: many watches of one network at once, against what the network's own slowness allows.

    python benchmarks/parallel.py [--quick]

A server in a process of its own answers each request after 200 ms with a page of 40 statuses. 16 watches are pulled
in one task, in threads under one budget, into the store and the landing zone. The longest chain of pages sets the
ceiling: nobody can be faster than its requests, one after the other. Bare threads that only read the same pages say
how near to it anybody comes on this machine at this moment. Further rounds find the server limiting: each watch is
asked once to wait a second, and what is lost beyond it is measured. Exit code 1: a budget is missed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

import connectors
from hub.domain import Budget, Watch
from hub.domain.config import Triage
from hub.kit import Connection, Limits, Services, Token
from hub.mapping import load_mapping
from hub.stages import collect
from hub.store import Landing, Store
from hub.store.services import Shared

WATCHES, LATENCY, PAGE = 16, 0.2, 40
MUST, MOST_LOST = 0.8, 0.5
FIRST = int(datetime.now(UTC).timestamp() * 1000 - 3_600_000) << 16


class Square(BaseHTTPRequestHandler):
    """A Mastodon server of few words."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a body waits 40 ms until the headers before it are acknowledged
    pages = 7
    asked: Counter[str] = Counter()
    limiting = False
    broken: list[str] = []
    waits: dict[str, float] = {}

    def do_GET(self) -> None:
        """A page of a tag, after a while; or, at once, what was asked so far."""
        parts = urlsplit(self.path)
        if parts.path == "/told":
            told = {"asked": dict(self.asked), "broken": len(self.broken)}
            self.broken.clear()
            self.asked.clear()
            self.waits.clear()
            Square.limiting = parts.query == "limiting"
            self._answer(200, told, {})
            return
        time.sleep(LATENCY)
        tag, query = parts.path.rpartition("/")[2], parse_qs(parts.query)
        self.asked[tag] += 1
        if self.limiting and self._limits(tag):
            return
        after = max(int(query.get("min_id", ["0"])[0]), FIRST)
        limit = int(query["limit"][0])
        done = (after - FIRST) // PAGE
        ids = [] if done >= self.pages else [after + 1 + number for number in range(limit)]
        self._answer(200, [_status(each) for each in reversed(ids)], {"Link": self._link(ids)} if ids else {})

    def _limits(self, tag: str) -> bool:
        """The third request of each watch is asked to wait a second; none may come before that is over."""
        until = self.waits.get(tag)
        if until is None and self.asked[tag] == 3:
            self.waits[tag] = time.monotonic() + 1
            self._answer(429, {"error": "Too many requests"}, {"Retry-After": "1"})
            return True
        if until is not None and time.monotonic() - LATENCY < until - 0.01:
            self.broken.append(tag)
        return False

    def _link(self, ids: list[int]) -> str:
        host = f"http://127.0.0.1:{self.server.server_address[1]}"
        return f'<{host}{urlsplit(self.path).path}?limit={PAGE}&min_id={max(ids)}>; rel="prev"'

    def _answer(self, status: int, body: object, headers: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items() | {("Content-Length", str(len(content)))}:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Silence."""


class Many(ThreadingHTTPServer):
    """Takes as many connections at once as there are watches; the standard five make the others wait a second."""

    request_queue_size = 4 * WATCHES


def _status(number: int) -> dict[str, object]:
    return {
        "id": str(number), "created_at": datetime.now(UTC).isoformat(), "visibility": "public", "language": "en",
        "content": "<p>It drips</p>", "url": f"https://social.test/{number}",
        "account": {"id": "7", "acct": "cleo", "display_name": "Cleo"},
    }  # fmt: skip


def pulled(host: str) -> float:
    """Seconds that one pull of all watches takes, into a store and a landing zone of its own."""
    with tempfile.TemporaryDirectory(prefix="hub-parallel-") as folder:
        return _pulled(host, Path(folder))


def _pulled(host: str, folder: Path) -> float:
    manifest = connectors.manifest("mastodon").with_(budget=Budget(requests=100_000, per_minutes=5))
    with Store.open(f"sqlite:///{folder / 'hub.db'}") as store:
        shared = Shared(store, token_type=Token, max_wait_seconds=60, key_path=folder / "key")
        services = Services(
            memory=shared.memory, budgets=shared.budgets, tokens=shared.tokens, clock=shared.clock, limits=Limits()
        )
        connection = Connection(id="square", host=host, password="none")
        watches = [Watch(network="mastodon", kind="hashtag", value=f"#tag{number}") for number in range(WATCHES)]
        with connectors.load("mastodon")(manifest, connection, services) as network:
            began = time.perf_counter()
            done = collect.pull(
                network, watches, store=store, landing=Landing(folder / "landing"), run="benchmark", triage=Triage(),
                mapping=load_mapping(connectors.mapping_path("mastodon")),
            )  # fmt: skip
            seconds = time.perf_counter() - began
        if done.failures or done.fetched != WATCHES * Square.pages * PAGE:
            raise SystemExit(f"fetched {done.fetched} of {WATCHES * Square.pages * PAGE}: {done.failures}")
    return seconds


def bare(host: str) -> float:
    """Seconds that threads take which read the same pages and do nothing with them."""

    def read(number: int) -> None:
        wire = HTTPConnection(urlsplit(host).netloc)
        after: str | None = None
        while after != "":
            at = f"limit={PAGE}&min_id={after}" if after else "limit=1"
            wire.request("GET", f"/api/v1/timelines/tag/tag{number}?{at}")
            ids = [status["id"] for status in json.loads(wire.getresponse().read())]
            after = str(FIRST) if after is None else max(ids, key=int, default="")
        wire.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(WATCHES) as pool:
        list(pool.map(read, range(WATCHES)))
    return time.perf_counter() - began


def told(host: str, *, limiting: bool = False) -> dict[str, Any]:
    """What the server was asked since the last time; from now on it is limiting or not."""
    answer: dict[str, Any] = requests.get(f"{host}/told{'?limiting' if limiting else ''}", timeout=5).json()
    return answer


def serve() -> None:
    """Be the server, and say where."""
    server = Many(("127.0.0.1", 0), Square)
    print(server.server_port, flush=True)
    server.serve_forever()


def measured(host: str, rounds: int) -> int:
    """Print both figures; the exit code says whether the budgets hold."""
    best, least, lost = float("inf"), float("inf"), float("inf")
    for _ in range(rounds):
        told(host)
        least = min(least, bare(host))
        apart = told(host)["asked"]
        best = min(best, pulled(host))
        asked = told(host)["asked"]
    chain, pages = max(asked.values()), sum(asked.values())
    share = chain * LATENCY / best
    print(f"P5  {WATCHES} watches, {pages} requests at {LATENCY * 1000:.0f} ms: {pages / best:.1f} a second")
    print(f"    {share:.2f} of what the longest chain of {chain} requests allows (at least {MUST}); "
          f"bare threads {max(apart.values()) * LATENCY / least:.2f}")  # fmt: skip
    broken = twice = 0
    for _ in range(rounds):
        told(host, limiting=True)
        limited = pulled(host)
        answers = told(host)
        lost = min(lost, limited - best - 1 - LATENCY)  # the second that was asked for, and the answer that asked
        broken += answers["broken"]
        twice += max(answers["asked"].values()) - chain - 1
    print(f"P4  asked once each to wait 1 s: {lost:.2f} s lost beyond it (at most {MOST_LOST})")
    print(f"    requests inside a wait: {broken}; pages twice: {twice}")
    return 0 if share >= MUST and lost <= MOST_LOST and not broken and not twice else 1


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether the budgets hold."""
    parser = argparse.ArgumentParser(description="Many watches at once")
    parser.add_argument("--quick", action="store_true", help="three rounds in place of seven")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.serve:
        serve()
        return 0
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None  # it is a pipe
            return measured(f"http://127.0.0.1:{int(server.stdout.readline())}", 3 if chosen.quick else 7)
        finally:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
