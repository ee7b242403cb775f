"""Many at once, and processes that end in the middle (`delivery.md` F07, F14, F19, F60, F63, F67)."""

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from hub.domain import Budget
from hub.store import Landing, Store
from tests import forked
from tests.forked import Forked
from tests.unit.store import worker
from tests.unit.store.builders import WATCH, land, make_draft, make_post

REPO = Path(__file__).resolve().parents[3]


def test_eight_processes_claim_a_thousand_rows_each_once(url):
    with Store.open(url) as store:
        for at in range(0, 1_000, 100):
            with store.begin() as tx:
                tx.outbox.intend([make_draft(number, lane=f"author-{number % 400}") for number in range(at, at + 100)])
        with ExitStack() as running:
            workers = [running.enter_context(Forked(worker.main, url, f"w{number}")) for number in range(8)]
            done = [worker.over() for worker in workers]
        claimed = [line for one in done for line in one.stdout.splitlines()]
        assert [one.returncode for one in done] == [0] * 8

        # Whoever saw nothing to claim, since every lane was taken, went home early: the last ones are done here.
        while True:
            with store.begin() as tx:
                rest = tx.outbox.claim("salesforce", "last")
            if not rest:
                break
            claimed += [f"{one.id} {one.fence}" for one in rest]
            with store.begin() as tx:
                tx.outbox.settle_all([(one, _created(one)) for one in rest])
        with store.read() as view:
            assert view.outbox.counts() == {"done": 1_000}
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 1_000
    assert {line.split()[1] for line in claimed} == {"1"}


def _created(delivery):
    from hub.domain import Receipt

    return Receipt(delivery=delivery.id, outcome="created", object_id=str(delivery.id))


def test_two_triages_of_the_same_post_find_it_new_once(store):
    posts = [make_post(number) for number in range(50)]

    def triage(_: int) -> int:
        with store.begin() as tx:
            fresh = [post for post in posts if post.key not in tx.posts.known(post.key for post in posts)]
            return len(tx.posts.save(fresh).new)

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(triage, range(6))) == [0, 0, 0, 0, 0, 50]


def test_two_intents_of_one_object_at_once_are_two_versions(store):
    def intend(number: int) -> int:
        with store.begin() as tx:
            return tx.outbox.intend([make_draft(1, body={"LastName": str(number)})]).new

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(intend, range(6))) == 6
    with store.read() as view:
        assert sorted(row.version for row in view.outbox.recent()) == [1, 2, 3, 4, 5, 6]


def test_a_shared_budget_is_never_overdrawn(store):
    budget = Budget(requests=20, per_minutes=1)

    def take(_: int) -> bool:
        with store.begin() as tx:
            return tx.budgets.acquire("x", budget) == 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(50))) == 20


def test_an_audit_chain_that_many_write_holds(store):
    def act(number: int) -> int:
        with store.begin() as tx:
            return tx.audit.append(actor=f"w{number}", action="release", object=f"item:{number}")

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(act, range(40))) == list(range(1, 41))
    with store.read() as view:
        assert view.audit.verify() is None


COLLECT = """
    from hub.domain import Cursor
    from hub.store import Landing, Store
    from tests.unit.store.builders import START, WATCH, make_batch
    with Store.open({url!r}) as store:
        with store.begin() as tx:
            tx.watches.register(WATCH)
        landed = Landing({landing!r}).write([{{"id": n}} for n in range(500)], network="mastodon", at=START)
        batch = make_batch(1, records=500, path=landed.path, digest=landed.digest)
        with store.begin() as tx:
            tx.batches.land(batch, Cursor(position="500"))
"""


@pytest.mark.parametrize(("point", "files"), [("store.half_written", 0), ("store.written", 0), ("store.listed", 1)])
def test_a_kill_while_landing_leaves_the_cursor_behind_and_the_next_run_lands_it_once(tmp_path, url, point, files):
    landing = tmp_path / "landing"
    script = COLLECT.format(url=url, landing=str(landing))
    assert _run(script, point) == -signal.SIGKILL
    with Store.open(url) as store, store.read() as view:
        assert view.watches.cursor(WATCH.key).fresh
        assert view.batches.pending() == 0
    assert len(list(landing.rglob("*.zst"))) == files

    assert _run(script) == 0
    with Store.open(url) as store, store.read() as view:
        [state] = view.batches.recent()
        assert view.watches.cursor(WATCH.key).position == "500"
        assert len(list(Landing(landing).read(state.batch.path, state.batch.digest))) == 500
    assert Landing(landing).sweep(older_than_seconds=0) == (files == 0)
    assert len(list(landing.rglob("*"))) == 3  # network, day, file


TRIAGE = """
    from hub.store import Rejected, Store, faultpoint
    from tests.unit.store.builders import make_post
    with Store.open({url!r}) as store:
        with store.begin() as tx:
            claims = tx.batches.claim("worker", lease_seconds=0)
        for claim in claims:
            with store.begin() as tx:
                tx.posts.save([make_post(1), make_post(2)], batch=claim.batch.name)
                tx.quarantine.add_all([Rejected(stage="validate", reason="no_id", network="mastodon", record={{"n": 3}},
                                                batch=claim.batch.name)])
                faultpoint("test.quarantined")
                tx.batches.done(claim, known=0, skipped=0, run="triage-1")
"""


def test_a_kill_between_quarantine_and_mark_leaves_the_row_there_once(url):
    with Store.open(url) as store:
        land(store, records=3)
    script = TRIAGE.format(url=url)
    assert _run(script, "test.quarantined") == -signal.SIGKILL
    with Store.open(url) as store, store.read() as view:
        assert view.quarantine.listing() == []

    assert _run(script) == _run(script) == 0
    with Store.open(url) as store, store.read() as view:
        assert len(view.quarantine.listing()) == 1
        assert view.ledger.balance().balanced
        assert view.batches.pending() == 0


def test_a_worker_stopped_past_its_lease_is_refused_when_it_goes_on(url, tmp_path):
    """Stopped by a signal, as a suspended machine would be; by the time it goes on, somebody else has the batch."""
    with Store.open(url) as store:
        land(store, records=1)
    go_on = tmp_path / "go-on"
    script = f"""
        import time
        from pathlib import Path
        from hub.store import StaleClaim, Store
        with Store.open({url!r}) as store:
            with store.begin() as tx:
                [claim] = tx.batches.claim("slow", lease_seconds=0.2)
            print("claimed", flush=True)
            while not Path({str(go_on)!r}).exists():
                time.sleep(0.01)
            try:
                with store.begin() as tx:
                    tx.batches.done(claim, known=1, skipped=0, run="slow")
            except StaleClaim:
                print("refused", flush=True)
    """
    slow = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=REPO, stdout=subprocess.PIPE, text=True
    )
    assert slow.stdout.readline().strip() == "claimed"
    os.kill(slow.pid, signal.SIGSTOP)
    with Store.open(url) as store:
        claims = []
        while not claims:
            with store.begin() as tx:
                claims = tx.batches.claim("quick")
        go_on.touch()
        os.kill(slow.pid, signal.SIGCONT)
        assert slow.communicate(timeout=60)[0].strip() == "refused"
        with store.begin() as tx:
            tx.batches.done(claims[0], known=1, skipped=0, run="quick")


def _run(script: str, point: str | None = None) -> int:
    return forked.python(script, **({"HUB_FAULTPOINT": f"{point}:kill"} if point else {})).returncode
