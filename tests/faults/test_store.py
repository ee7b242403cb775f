"""F60 to F63 and F67: the store is held, lost, asked by many, and written to by those who woke too late."""

import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from hub.domain import Receipt
from hub.errors import Unavailable
from hub.store import StaleClaim, engine
from tests.faults.ground import LEASE_SECONDS, REPO, START, Ground, claimed
from tests.faults.town import read_all, settled

CLAIMER = """
import sys
from hub.domain import Receipt
from hub.store import Store
url, worker = sys.argv[1:]
with Store.open(url) as store:
    while True:
        with store.begin() as tx:
            mine = tx.outbox.claim("salesforce", worker, lease_seconds=60, limit=20)
        if not mine:
            break
        for one in mine:
            print(one.external_id)
        with store.begin() as tx:
            tx.outbox.settle_all([(one, Receipt(delivery=one.id, outcome="created", object_id="o")) for one in mine])
"""


@contextmanager
def held(ground: Ground, *, patience_ms: int = 50) -> Iterator[sqlite3.Connection]:
    """Another writer holds the store; ours wait for as long as this, in place of half a minute."""

    def hasty(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout={patience_ms}")

    ground.store.engine.dispose()
    event.listen(ground.store.engine, "connect", hasty)
    other = sqlite3.connect(path_of(ground), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        if other.in_transaction:
            other.execute("ROLLBACK")
        other.close()
        event.remove(ground.store.engine, "connect", hasty)
        ground.store.engine.dispose()


def everything(ground: Ground) -> bytes:
    """All that the store holds."""
    with closing(sqlite3.connect(path_of(ground))) as reader:
        return "\n".join(reader.iterdump()).encode()


@pytest.mark.parametrize("step", ["collect", "triage", "deliver"])
def test_f60_while_another_writer_holds_the_store_a_run_is_put_off_and_nothing_is_half_done(
    ground: Ground, step: str
) -> None:
    town = settled(ground)
    steps: dict[str, Callable[[], Any]] = {
        "collect": lambda: town._collect(0), "triage": lambda: town._triage(0), "deliver": lambda: ground.run(),
    }  # fmt: skip
    for earlier in list(steps)[: list(steps).index(step)]:
        steps[earlier]()
    assert step != "deliver" or ground.open()
    before, writes = everything(ground), len(ground.played.requests("salesforce"))

    with held(ground):
        with pytest.raises(Unavailable, match="held by another writer") as put_off:
            steps[step]()
        assert (everything(ground), put_off.value.sent) == (before, False)
    assert len(ground.played.requests("salesforce")) == writes
    assert engine.BUSY_SECONDS >= 30  # as long as the fault may last, a writer waits before it gives up

    read_all(town)


def test_f60_a_writer_that_lets_go_in_time_is_waited_for(ground: Ground) -> None:
    ground.hand_over("Lead", 1)
    with held(ground, patience_ms=30_000) as other, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(claimed, ground, "salesforce")
        assert not wait([waiting], timeout=0.2).done
        other.execute("ROLLBACK")

        assert [one.destination for one in waiting.result(timeout=30)] == ["salesforce"]
    ground.clock.forward(LEASE_SECONDS + 1)
    ground.quiet("salesforce")
    ground.assert_exactly_once()


def test_f61_a_store_from_yesterday_makes_nothing_twice(ground: Ground) -> None:
    for kind in ("Lead", "Case", "Alert"):
        ground.hand_over(kind, 1)
    yesterday = path_of(ground).with_suffix(".yesterday")
    copy(path_of(ground), yesterday)
    for kind in ("Lead", "Case", "Alert"):
        ground.hand_over(kind, 2)  # and these were made after the copy
    ground.run()
    ground.assert_exactly_once()

    ground.store.engine.dispose()
    copy(yesterday, path_of(ground))
    with ground.store.begin() as tx:
        tx.outbox.restored(START)
    ground.clock.forward(3 * 3600)  # longer than any key at a destination lives
    for kind in ("Lead", "Case", "Alert"):
        ground.hand_over(kind, 2)
    ground.run()
    ground.quiet()

    ground.assert_exactly_once()


def test_f63_eight_processes_claim_a_thousand_rows_each_once(ground: Ground) -> None:
    for number in range(1000):
        ground.hand_over("Lead", number)
    url = ground.store.engine.url.render_as_string()

    def work(number: int) -> list[str]:
        run = subprocess.run(
            [sys.executable, "-c", CLAIMER, url, f"worker {number}"],
            cwd=REPO, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        return run.stdout.split()

    with ThreadPoolExecutor(8) as pool:
        seen = Counter(key for keys in pool.map(work, range(8)) for key in keys)

    assert (len(seen), set(seen.values())) == (1000, {1})
    assert set(ground.states("salesforce")) == {"done"}


def test_f67_a_worker_that_wakes_after_its_lease_changes_nothing(ground: Ground) -> None:
    ground.hand_over("Lead", 1)
    [slept] = claimed(ground, "salesforce")
    ground.clock.forward(LEASE_SECONDS + 1)
    with ground.store.begin() as tx:
        [awake] = tx.outbox.recover("salesforce", "awake", lease_seconds=LEASE_SECONDS)

    with pytest.raises(StaleClaim), ground.store.begin() as tx:
        tx.outbox.settle(slept, Receipt(delivery=slept.id, outcome="refused", reason="late"))
    with ground.store.begin() as tx:
        tx.outbox.settle(awake, Receipt(delivery=awake.id, outcome="deferred", retry_after=1))
    ground.quiet("salesforce")

    ground.assert_exactly_once()
    assert ground.quarantined() == []


def copy(source: Path, target: Path) -> None:
    """As a backup is taken, and put back."""
    with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(target)) as here:
        there.backup(here)


def path_of(ground: Ground) -> Path:
    """The store's file."""
    return Path(str(ground.store.engine.url.database))
