"""A store of 1,000,000 posts: 90 days, 12 networks, 8 subjects, 300,000 authors, 60,000 handoffs with their receipts.

    python benchmarks/million.py                                        into var/benchmarks, kept for a day
    python benchmarks/million.py --posts 50000 --out DIR

Written by the store's own methods, so that posts, signals, sums, manifest, outbox and quarantine agree; the texts are
the sandbox's. The same size makes the same store. What comes out is a folder as `HUB_VAR` names one: `hub.db`, and
`hub.yaml` for `HUB_CONFIG`. Other benchmarks and tests ask `kept()` for it; whoever writes to it copies it before.
"""

import argparse
import gc
import os
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from benchmarks.inventing.aftermath import conclude
from benchmarks.inventing.plan import Plan, Size
from benchmarks.inventing.writing import BEHIND, Moving, Writer
from hub.store import Balance, Store
from hub.store.migrate import HEAD

FOLDER = Path(__file__).resolve().parents[1] / "var" / "benchmarks"
POSTS, FEW = 1_000_000, 50_000
MOST_SECONDS = 240.0  # of the processor, for a million
KEPT = timedelta(days=1)
QUICKLY = ("synchronous=OFF", "cache_size=-400000", "wal_autocheckpoint=100000")  # of a file that can be made again


def build(folder: Path, size: Size) -> Balance:
    """Write the store and its configuration into this folder, which must hold none; returns what its ledger says."""
    folder.mkdir(parents=True, exist_ok=True)
    plan, clock = Plan(size), Moving(size.until)
    (folder / "hub.yaml").write_bytes(msgspec.yaml.encode(plan.config().plain()))
    with Store.open(f"sqlite:///{folder}/hub.db", clock=clock) as store:
        _tell(store, *QUICKLY)
        collecting = gc.isenabled()
        gc.disable()  # there are millions of objects, and no circles
        try:
            writer = Writer(plan, store, clock)
            writer.write()
            conclude(plan, store, writer.cast.everybody, writer.desk)
        finally:
            if collecting:
                gc.enable()
        with store.read() as view:
            balance = view.ledger.balance()
        _tell(store, "wal_checkpoint(TRUNCATE)")
    return balance


def _tell(store: Store, *pragmas: str) -> None:
    """Set the one connection of this thread; it is used again for all that follows."""
    connection = store.engine.raw_connection()
    try:
        for pragma in pragmas:
            connection.cursor().execute(f"PRAGMA {pragma}").fetchall()
    finally:
        connection.close()


def whole_hour(now: datetime) -> datetime:
    """The last whole hour whose posts are triaged and delivered by now."""
    return (now - 2 * BEHIND).replace(minute=0, second=0, microsecond=0)


def kept(posts: int = POSTS, *, days: int = 90, folder: Path = FOLDER, now: datetime | None = None) -> Path:
    """A folder with such a store that ends within the last day; made where there is none yet."""
    moment = now or datetime.now(UTC)
    name = f"{posts}-{days}-{HEAD}"
    for found in sorted(folder.glob(f"{name}-*"), reverse=True):
        until = datetime.strptime(found.name.rpartition("-")[2], "%Y%m%dT%H").replace(tzinfo=UTC)
        if timedelta() <= moment - until <= KEPT:
            return found
        shutil.rmtree(found)
    until = whole_hour(moment)
    made = folder / f"{name}-{until:%Y%m%dT%H}"
    half = folder / f".{made.name}-{os.getpid()}"
    build(half, Size(posts=posts, until=until, days=days))
    try:
        half.rename(made)
    except OSError:  # another process was quicker
        shutil.rmtree(half)
    return made


def main() -> int:
    """Make one, and say by the exit code whether it balances and was made quickly enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=POSTS)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, help="a new folder; left out: var/benchmarks, where it is kept for a day")
    parser.add_argument("--quick", action="store_true", help=f"{FEW} posts")
    given = parser.parse_args()
    posts = FEW if given.quick else given.posts
    until = whole_hour(datetime.now(UTC))
    out = given.out or FOLDER / f"measured-{os.getpid()}"
    began = time.process_time()
    balance = build(out, Size(posts=posts, until=until, seed=given.seed))
    seconds = time.process_time() - began
    size = (out / "hub.db").stat().st_size
    most = MOST_SECONDS * max(posts, FEW) / POSTS
    print(f"{posts} posts in {seconds:.1f} processor seconds (at most {most:.0f}), {size / 1e6:.0f} MB, {out}")
    print(f"ledger: {balance.plain()}")
    if given.out is None:
        shutil.rmtree(out)
    return 0 if balance.balanced and seconds <= most else 1


if __name__ == "__main__":
    sys.exit(main())
