"""The command centre in a real browser: an invented hub, served by Airflow's own API server, and a Chromium."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks import million
from benchmarks.inventing.plan import Size
from benchmarks.serving import COOKIE, VIEWER, Served, served
from benchmarks.serving.reading import Kind, Read, crawled
from tests.browser import hostile

SMALL = Size(posts=2_000, until=million.whole_hour(datetime.now(UTC)), days=10)


@dataclass(frozen=True)
class Centre:
    """One running command centre, and an address of each kind that a reader comes to."""

    served: Served
    addresses: dict[Kind, str]
    html: dict[Kind, str]

    @property
    def pages(self) -> dict[str, str]:
        """One address of each route that answers with a page."""
        found: dict[str, str] = {}
        for route, asked in self.html:
            found.setdefault(route, self.html[route, asked])
        return found


@pytest.fixture(scope="session")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub with something of everything."""
    var = tmp_path_factory.mktemp("invented")
    million.build(var, SMALL)
    return var


@pytest.fixture(scope="session")
def centre(invented: Path) -> Iterator[Centre]:
    """That hub, served."""
    with served(invented) as running:
        yield visited(running)


@pytest.fixture(scope="session")
def hostile_centre(invented: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """The same, in which everything that others write is hostile."""
    var = tmp_path_factory.mktemp("hostile")
    hostile.copy(invented, var)
    with served(var) as running:
        yield visited(running)


def visited(running: Served) -> Centre:
    """A walk through all of it."""
    addresses: dict[Kind, str] = {}
    html: dict[Kind, str] = {}

    def read(address: str) -> Read | None:
        answer = running.get(address)
        assert answer.status == 200, f"{address} was answered with {answer.status}"
        is_page = "text/html" in answer.headers.get("content-type", "")
        return Read(address, answer.body.decode()) if is_page else None

    seen: dict[str, Read | None] = {}
    for kind, address in crawled(lambda asked: seen.setdefault(asked, read(asked)), running.routes):
        if address:
            addresses[kind] = address
            if seen[address] is not None:
                html[kind] = address
    return Centre(running, addresses, html)


@contextmanager
def looking(centre: Centre, chromium: Any, role: str = VIEWER) -> Iterator[Callable[[str], Any]]:
    """Opens a page as this role sees it, at a desk, and notes all that it says and asks for."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": COOKIE, "value": centre.served.tokens[role], "url": centre.served.address}])

    def opened(address: str) -> Any:
        page = context.new_page()
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: (page.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(f"{centre.served.address}{address}", wait_until="load")
        return page

    yield opened
    context.close()
