"""Every page of the command centre over 1,000,000 posts: its first byte, and all of it with pictures and stylesheets.

    python benchmarks/pages.py [--posts 1000000] [--times 20] [--only PART-OF-A-PATH]

Served as it always is, by Airflow's own API server in a process of its own. Pages are found as a reader finds them, by
links and forms, one of each kind; a route that nothing leads to is a fault. Every page that takes a period is asked for
28 and 90 days as well, and for the longest that the filters allow. `cold` is the first time in the life of the server,
with no picture kept; p50 and p95 are of all later ones. The first page of all is asked of new servers, as soon as they
answer. Milliseconds by the clock say what a reader waits, processor milliseconds what it costs. Beside them stands
`x`, how many times as long the whole page takes as the smallest file in the same run: a busy machine makes both slower.
"""

import argparse
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs

from benchmarks import million
from benchmarks.serving import Answer, Served, served
from benchmarks.serving.reading import PREFIX, Read, crawled

MOST_FIRST, MOST_WHOLE = 0.3, 1.0  # seconds
TRIVIAL = f"{PREFIX}/static/icon.svg"
TIMES = 20
STARTS = 3  # of new servers
LONG, LONGEST = ("28d", "90d"), 400  # days: more the filters refuse


@dataclass
class Measured:
    """One page, as often as it was asked for."""

    address: str
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    parts: int = 0
    bytes: int = 0

    def ask(self, centre: Served) -> Read | None:
        """The page and all that it is made of, one after the other."""
        page = centre.get(self.address)
        read = read_of(self.address, page)
        parts = [centre.get(part) for part in read.parts] if read else []
        bad = [one.status for one in (page, *parts) if one.status != 200]
        if bad:
            raise RuntimeError(f"{self.address} was answered with {bad[0]}.")
        self.first.append(page.first)
        self.whole.append(page.last + sum(part.last for part in parts))
        self.cost.append(page.cost + sum(part.cost for part in parts))
        self.parts, self.bytes = len(parts), len(page.body) + sum(len(part.body) for part in parts)
        return read


def read_of(address: str, answer: Answer) -> Read | None:
    """A page's links and parts; None for what is no page."""
    kind = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), "")
    return Read(address, answer.body.decode()) if answer.status == 200 and "html" in kind else None


def discovered(centre: Served, only: str = "") -> tuple[list[Measured], list[str]]:
    """One page of each kind, and over long times, asked for once; and the routes that nothing leads to."""
    found: dict[str, Measured] = {}
    pages: list[Read] = []

    def read(address: str) -> Read | None:
        found[address] = Measured(address)
        page = found[address].ask(centre)
        pages.extend([page] if page else [])
        return page

    unreached = [route for (route, _), address in crawled(read, centre.routes) if not address]
    for address in over_long_times(pages, datetime.now(UTC)):
        if address not in found and only in address:
            read(address)
    return [one for one in found.values() if only in one.address], unreached


def over_long_times(pages: Iterable[Read], now: datetime) -> list[str]:
    """What the forms of these pages ask for when nothing but a long time is chosen."""
    first = now.date() - timedelta(days=LONGEST - 1)
    chosen = [*(f"period={each}" for each in LONG), f"period=custom&since={first}&until={now.date()}"]
    forms = [form.partition("?") for page in pages for form in page.asked]
    paths = dict.fromkeys(path for path, _, query in forms if "period" in parse_qs(query))
    return [f"{path}?{each}" for path in paths for each in chosen]


def at(share: float, values: list[float]) -> float:
    """The value below which this share of them lies."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def told(one: Measured, trivial: float) -> str:
    """One line of the table, in milliseconds."""
    first, whole = one.first[1:], one.whole[1:]
    figures = (one.first[0], at(0.5, first), at(0.95, first), one.whole[0], at(0.5, whole), at(0.95, whole))
    cells = "".join(f"{1000 * each:8.0f}" for each in figures)
    cpu = f"{1000 * one.cost[0]:7.0f}{1000 * sum(one.cost[1:]) / len(one.cost[1:]):7.0f}"
    ratio = at(0.5, whole) / trivial
    return f"{cells}{cpu}{ratio:7.0f}{one.parts:4d}{one.bytes / 1000:7.0f}  {one.address}"


def first_of_all(var: Path) -> float:
    """Seconds to the first byte of the first page, the longest of some new servers."""
    took = []
    for _ in range(STARTS):
        with served(var) as centre:
            centre.get("/api/v2/version", as_=None)  # answered once the server has started
            page = Measured(f"{PREFIX}/")
            page.ask(centre)
            took += page.first
    return max(took)


def measure(var: Path, times: int, only: str, cold: float) -> bool:
    """Ask for every page so often, print the table, and say whether all budgets hold; `cold`: the first page of all."""
    with served(var) as centre:
        trivial = Measured(TRIVIAL)
        for _ in range(times + 1):
            trivial.ask(centre)
        pages, unreached = discovered(centre, only)
        for page in pages:
            for _ in range(times):
                page.ask(centre)
    least = at(0.5, trivial.whole[1:])
    print("   first byte (ms): cold p50 p95    whole page: cold p50 p95    cpu cold/mean  x  parts  kB")
    for page in sorted(pages, key=lambda one: -at(0.95, one.whole[1:])):
        print(told(page, least))
    print(f"the smallest file: {1000 * least:.1f} ms; the first page of a new server: {1000 * cold:.0f} ms")
    slow = [
        one.address
        for one in pages
        if at(0.95, one.first) > MOST_FIRST or at(0.95, one.whole) > MOST_WHOLE
    ]  # fmt: skip
    slow += ["the first page of a new server"] if cold > MOST_FIRST else []
    for address in slow:
        print(f"over {1000 * MOST_FIRST:.0f} ms to the first byte, or {MOST_WHOLE:g} s in all: {address}")
    for path in unreached:
        print(f"no page leads to {path}")
    return not slow and not unreached


def main() -> int:
    """Measure, print, and say by the exit code whether the budgets hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=million.POSTS)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--only", default="", help="pages whose address holds this")
    parser.add_argument("--quick", action="store_true", help=f"{million.FEW} posts, each page 5 times")
    parser.add_argument("--var", type=Path, help="an own folder with a store, in place of the invented one")
    given = parser.parse_args()
    posts, times = (million.FEW, 5) if given.quick else (given.posts, given.times)
    if given.var:
        return 0 if measure(given.var, times, given.only, first_of_all(given.var)) else 1
    made = million.kept(posts)
    with beside(made) as var:
        cold = first_of_all(var)
    with beside(made) as var:
        return 0 if measure(var, times, given.only, cold) else 1


@contextmanager
def beside(made: Path) -> Iterator[Path]:
    """A folder with this store and no picture: pages keep pictures, and the store is others' too."""
    with TemporaryDirectory(prefix="pages-") as folder:
        var = Path(folder)
        (var / "hub.db").symlink_to(made / "hub.db")
        shutil.copy(made / "hub.yaml", var / "hub.yaml")
        yield var


if __name__ == "__main__":
    sys.exit(main())
