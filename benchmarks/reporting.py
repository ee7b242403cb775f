"""The weekly reports over a store of 1,000,000 posts, and what of them costs how much.

    python benchmarks/reporting.py [--posts 1000000] [--report NAME] [--days 7]

Each report is made from nothing, then rendered: figures are asked of the store, pictures are drawn, the posts that were
reacted to most are looked up, PDF, HTML, message and letter are written. Processor seconds of this process beside those
by the clock: a busy machine makes only the latter longer. `--days 90` reports on all of the store.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from benchmarks import million
from hub.domain import Scope
from hub.domain.config import Config
from hub.domain.reports import ReportPlan
from hub.settings import load_config
from hub.stages import report as stage
from hub.stages.report.message import message
from hub.stages.report.page import html
from hub.stages.report.pdf import pdf
from hub.store import KeptFiles, Store

MOST_SECONDS = 60.0  # for one weekly report, made and rendered
BASE = "http://127.0.0.1:8080"
REPORTS = Path(__file__).resolve().parents[1] / "mappings" / "reports"


class Times:
    """Seconds by the clock and of the processor, part by part."""

    def __init__(self) -> None:
        self.parts: dict[str, tuple[float, float]] = {}

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Measure what is done inside."""
        began, worked = time.perf_counter(), time.process_time()
        yield
        self.parts[part] = (time.perf_counter() - began, time.process_time() - worked)

    @property
    def whole(self) -> float:
        """All parts, by the clock."""
        return sum(seconds for seconds, _ in self.parts.values())


def measure(store: Store, files: KeptFiles, config: Config, plan: ReportPlan, scope: Scope) -> Times:
    """Make and render one report."""
    times = Times()
    with times.of("made"):
        kept = stage.keep(store, files, config, plan, scope)
    times.parts |= {f"  {part}": (seconds, 0.0) for part, seconds in kept.seconds.items()}
    inside = sum(kept.seconds.values())
    with times.of("words"), store.read() as view:
        facts = stage.shown(kept.report, stage.quoted(view, kept.report), BASE)
    for part, render in (
        ("html", lambda: html(facts, files.read)), ("pdf", lambda: pdf(facts, files.read)),
        ("message", lambda: message(kept.report, facts, "#x")), ("text", lambda: stage.in_words(facts)),
    ):  # fmt: skip
        with times.of(part):
            render()
    times.parts["whole"] = (times.whole - inside, sum(worked for _, worked in times.parts.values()))
    return times


def main() -> int:
    """Measure, and say by the exit code whether every report is ready in time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=million.POSTS)
    parser.add_argument("--report", help="one report's name; left out: all weekly ones")
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--store", type=Path, help="a folder that benchmarks/million.py has made")
    parser.add_argument("--quick", action="store_true", help=f"{million.FEW} posts")
    given = parser.parse_args()
    made = given.store or million.kept(million.FEW if given.quick else given.posts)
    with TemporaryDirectory(prefix="hub-reporting-") as place:
        folder = Path(place)
        shutil.copy(made / "hub.db", folder / "hub.db")  # what is reported is kept there
        config = load_config(made / "hub.yaml")
        files = KeptFiles(str(folder / "reports"))
        plans = [plan for plan in stage.plans(config, REPORTS) if given.report in (None, plan.name)]
        with Store.open(f"sqlite:///{folder}/hub.db") as store:
            wholes = [_shown(store, files, config, plan, given.days) for plan in plans if plan.period == "week"]
    return 0 if wholes and max(wholes) <= MOST_SECONDS else 1


def _shown(store: Store, files: KeptFiles, config: Config, plan: ReportPlan, days: int) -> float:
    """Print one report's times; returns its seconds by the clock."""
    zone = ZoneInfo(config.organisation.timezone)
    until = stage.period_of("today", now=store.now(), zone=zone).since
    scope = Scope(since=until - timedelta(days=days), until=until)
    times = measure(store, files, config, plan, scope)
    print(f"{plan.name}, {days} days (at most {MOST_SECONDS:.0f} s)")
    for part, (seconds, worked) in times.parts.items():
        print(f"  {part:<12} {seconds:7.2f} s" + (f"  {worked:7.2f} s of the processor" if worked else ""))
    return times.parts["whole"][0]


if __name__ == "__main__":
    sys.exit(main())
