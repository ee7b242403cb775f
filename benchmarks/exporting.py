"""What the export costs: everything once, then what one day's refreshed counters change, then nothing.

    python benchmarks/exporting.py [--quick]

Over a copy of the store that `million.py` makes. DuckDB reads what was written: rows and sums must be the store's.
Budget: a whole export at most 60 s on 2 cores, taken as 120 processor seconds; memory level; then seconds.
"""

import argparse
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import sqlalchemy as sa

from benchmarks.million import FEW, POSTS, kept
from hub.settings import load_config
from hub.stages.export import Export, Rules, Shelf
from hub.stages.export.running import Done
from hub.store import Store, tables

MOST_SECONDS, MOST_AGAIN, MOST_MEMORY = 120.0, 10.0, 600  # processor seconds for 1,000,000; the same; MB
REFRESHED = 1000  # posts whose counters have moved
NETWORKS = (
    "bluesky", "blogs", "discourse", "facebook", "google_plus", "hackernews", "importer", "instagram", "lemmy",
    "mastodon", "reddit", "stackexchange", "x", "youtube",
)  # fmt: skip


def main() -> int:
    """Measure, compare, and say by the exit code whether the budgets hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="with fewer posts")
    parser.add_argument("--posts", type=int, default=None)
    given = parser.parse_args()
    posts = given.posts or (FEW if given.quick else POSTS)
    made = kept(posts)
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(made / "hub.db", scratch)
        with Store.open(f"sqlite:///{scratch}/hub.db") as store:
            return measure(store, made / "hub.yaml", Path(scratch) / "export", posts)


def measure(store: Store, config: Path, shelf: Path, posts: int) -> int:
    """The three exports, and what DuckDB reads of them."""
    whole = timed("everything", store, config, shelf)
    agrees = agree(store, shelf)
    with store.begin() as tx:
        newest = tx.posts.recent(REFRESHED)
        tx.posts.save(
            [one.with_(engagement=one.engagement.with_(likes=(one.engagement.likes or 0) + 1)) for one in newest]
        )
    changed = timed(f"{REFRESHED} counters moved", store, config, shelf)
    agrees = agree(store, shelf) and agrees
    nothing = timed("nothing new", store, config, shelf)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"memory {memory} MB; rows and sums {'agree' if agrees else 'DIFFER'}")
    allowed = MOST_SECONDS * max(posts / POSTS, 0.1)
    return 0 if agrees and whole <= allowed and max(changed, nothing) <= MOST_AGAIN and memory <= MOST_MEMORY else 1


def timed(what: str, store: Store, config: Path, shelf: Path) -> float:
    """One export; returns its processor seconds."""
    began, clock = time.process_time(), time.monotonic()
    done: Done = Export(load_config(config), store, Shelf(str(shelf)), Rules(networks=NETWORKS)).do()
    spent, passed = time.process_time() - began, time.monotonic() - clock
    rows = sum(done.rows.values())
    print(f"{what}: {spent:.1f} processor s, {passed:.1f} by the clock, {done.files} files, {rows} rows", flush=True)
    return spent


def agree(store: Store, shelf: Path) -> bool:
    """Whether DuckDB counts and adds up what the store does."""
    columns = tables.posts.c
    kept_ones = sa.and_(
        columns.gone.is_(None), columns.network.in_(NETWORKS), columns.body.not_like('%"visibility":"private"%')
    )
    buried = sa.exists().where(tables.tombstones.c.key.in_([columns.key, columns.author]))
    asked = sa.select(sa.func.count(), sa.func.sum(columns.likes), sa.func.sum(columns.shares)).where(
        kept_ones, ~buried
    )
    with store.engine.connect() as connection:
        ours = tuple(connection.execute(asked).one())
    files = f"{shelf}/posts/*/*/*.parquet"
    theirs = (
        duckdb.connect().execute("SELECT count(*), sum(likes), sum(shares) FROM read_parquet(?)", [files]).fetchone()
    )
    print(f"  store {ours}, DuckDB {theirs}")
    return theirs == ours


if __name__ == "__main__":
    sys.exit(main())
