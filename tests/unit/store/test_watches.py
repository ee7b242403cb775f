"""Watches and batches: cursors, leases and the manifest."""

from datetime import timedelta

import pytest

from hub.domain import Cursor
from hub.errors import ContractBroken, SetupError
from hub.store import StaleClaim
from tests.unit.store.builders import START, WATCH, land, make_batch, make_post


def test_a_watch_that_is_registered_again_keeps_the_day_it_was_first_seen(store, clock):
    with store.begin() as tx:
        tx.watches.register(WATCH)
    clock.forward(days=3)
    with store.begin() as tx:
        again = tx.watches.register(WATCH.with_(team="sales"))

    assert (again.started_at, again.team, again.state) == (START, "sales", "new")


def test_a_watch_that_never_read_has_a_fresh_cursor(store):
    with store.begin() as tx:
        tx.watches.register(WATCH)

        assert tx.watches.cursor(WATCH.key).fresh
        assert tx.watches.cursor("never:heard:of").fresh


def test_failures_are_counted_in_a_row_and_forgotten_after_a_good_run(store):
    with store.begin() as tx:
        tx.watches.register(WATCH)
        assert [tx.watches.failed(WATCH.key, "Unavailable", "No answer.") for _ in range(3)] == [1, 2, 3]
        assert tx.watches.get(WATCH.key).state == "failing"
        tx.watches.polled(WATCH.key)
        healthy = tx.watches.get(WATCH.key)

    assert (healthy.failures, healthy.problem, healthy.state) == (0, None, "fresh")


def test_a_pause_ends_by_itself(store, clock):
    with store.begin() as tx:
        tx.watches.register(WATCH)
        tx.watches.pause(WATCH.key, START + timedelta(hours=1), "All 200 records were bad.")
        assert tx.watches.get(WATCH.key).state == "paused"
    clock.forward(hours=2)

    with store.read() as view:
        assert [watch.state for watch in view.watches.listing()] == ["new"]


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor(position="2999-12-31T00:00:00Z"),
        Cursor(state={"since": "2999-12-31"}),
        Cursor(state={"feeds": [{"modified": "2025-03-05 00:00:00"}]}),
    ],
)
def test_a_cursor_from_the_far_future_is_refused_and_the_old_one_stays(store, cursor):
    with store.begin() as tx:
        tx.watches.register(WATCH)
        tx.watches.advance(WATCH.key, Cursor(position="2025-02-28T10:00:00Z"))
    with pytest.raises(ContractBroken, match="future"), store.begin() as tx:
        tx.batches.land(make_batch(), cursor)

    with store.read() as view:
        assert view.watches.cursor(WATCH.key).position == "2025-02-28T10:00:00Z"
        assert view.batches.pending() == 0


def test_a_cursor_that_was_edited_into_the_future_is_a_set_up_error(store):
    with store.begin() as tx:
        tx.watches.register(WATCH)
        tx.watches.rewind(WATCH.key, Cursor(position="2999-12-31"))

        with pytest.raises(SetupError, match="2999-12-31"):
            tx.watches.cursor(WATCH.key)


@pytest.mark.parametrize(
    "position", ["114084229939200000", "2025-03-01T12:09:00Z", "9999-99-99", "a2999-12-31b", "00002999-1231"]
)
def test_ids_and_times_of_a_clock_that_is_minutes_ahead_are_no_future(store, position):
    with store.begin() as tx:
        tx.watches.register(WATCH)
        tx.watches.advance(WATCH.key, Cursor(position=position))

        assert tx.watches.cursor(WATCH.key).position == position


def test_a_batch_and_its_cursor_come_together(store):
    batch = land(store, 7)

    with store.read() as view:
        assert view.batches.get(batch.name).batch == batch
        assert view.watches.cursor(WATCH.key).position == "7"


def test_landing_the_same_bytes_again_moves_the_cursor_and_nothing_else(store):
    land(store, 1)
    with store.begin() as tx:
        assert not tx.batches.land(make_batch(1, name="other", run="collect-2"), Cursor(position="2"))

    with store.read() as view:
        assert [state.batch.name for state in view.batches.recent()] == ["batch-1"]
        assert view.watches.cursor(WATCH.key).position == "2"
        second = view.ledger.balance(run="collect-2")
        assert (second.fetched, second.known, second.new) == (3, 3, 0)


def test_a_batch_remembers_where_to_read_it_again(store):
    land(store, 1)
    land(store, 2)

    with store.read() as view:
        assert view.batches.get("batch-2").cursor_before.position == "1"


def test_a_claimed_batch_is_nobody_elses_until_the_lease_runs_out(store, clock):
    land(store)
    with store.begin() as tx:
        [first] = tx.batches.claim("one", lease_seconds=60)
        assert tx.batches.claim("two") == []
    clock.forward(seconds=61)
    with store.begin() as tx:
        [second] = tx.batches.claim("two")

    assert (first.fence, second.fence) == (1, 2)


@pytest.mark.parametrize(
    "late",
    [
        lambda tx, claim: tx.batches.done(claim, known=0, skipped=0, run="late"),
        lambda tx, claim: tx.batches.release(claim),
        lambda tx, claim: tx.batches.renew(claim),
        lambda tx, claim: tx.batches.quarantine(claim, "landed_file_damaged", "late"),
    ],
)
def test_a_worker_that_slept_through_its_lease_is_refused_and_nothing_of_it_stays(store, clock, late):
    land(store)
    with store.begin() as tx:
        [slept] = tx.batches.claim("one", lease_seconds=60)
    clock.forward(seconds=61)
    with store.begin() as tx:
        tx.batches.claim("two")

    def write_late():
        with store.begin() as tx:
            tx.posts.save([make_post()], batch="batch-1")
            late(tx, slept)

    with pytest.raises(StaleClaim):
        write_late()

    with store.read() as view:
        assert view.posts.known([make_post().key]) == set()


def test_a_renewed_claim_holds_on(store, clock):
    land(store)
    with store.begin() as tx:
        [claim] = tx.batches.claim("one", lease_seconds=60)
    clock.forward(seconds=50)
    with store.begin() as tx:
        claim = tx.batches.renew(claim, lease_seconds=60)
    clock.forward(seconds=50)
    with store.begin() as tx:
        assert tx.batches.claim("two") == []
        tx.batches.done(claim, known=3, skipped=0, run="triage-1")

    with store.read() as view:
        assert view.batches.pending() == 0


def test_a_released_batch_can_be_claimed_at_once_and_the_oldest_comes_first(store):
    land(store, 1)
    land(store, 2)
    with store.begin() as tx:
        for claim in tx.batches.claim("one"):
            tx.batches.release(claim)
        [again] = tx.batches.claim("two", limit=1)

    assert again.batch.name == "batch-1"


@pytest.mark.parametrize(("records", "claimed"), [(7, ["batch-1", "batch-2"]), (1, ["batch-1"]), (None, None)])
def test_as_many_batches_are_claimed_as_hold_so_many_records_and_at_least_one(store, records, claimed):
    for number in (1, 2, 3):  # of three records each
        land(store, number)
    with store.begin() as tx:
        claims = tx.batches.claim("one", records=records)

    assert [claim.batch.name for claim in claims] == (claimed or ["batch-1", "batch-2", "batch-3"])


def test_a_damaged_batch_is_taken_up_again_when_its_bytes_land_anew(store):
    land(store)
    with store.begin() as tx:
        [claim] = tx.batches.claim("one")
        tx.batches.quarantine(claim, "landed_file_damaged", "One bit differs.")
        assert tx.batches.claim("one") == []
        assert tx.ledger.balance().quarantined == 3
        tx.watches.rewind(WATCH.key, tx.batches.get("batch-1").cursor_before)
        assert tx.batches.land(make_batch(run="collect-2"), Cursor(position="1"))
        [again] = tx.batches.claim("one")

    assert again.fence == claim.fence + 1


def test_the_newest_post_that_a_watch_brought_is_remembered(store):
    land(store)
    with store.begin() as tx:
        tx.posts.save([make_post(5), make_post(2), make_post(9)], batch="batch-1")
        tx.posts.save([make_post(30)], batch="batch-1")

    with store.read() as view:
        assert view.watches.get(WATCH.key).posted_at == START - timedelta(minutes=2)


def test_a_watch_has_one_reader_at_a_time(store, clock):
    with store.begin() as tx:
        tx.watches.register(WATCH)
        first = tx.watches.take(WATCH.key, "run 1", lease_seconds=60)
        assert tx.watches.take(WATCH.key, "run 2", lease_seconds=60) is None
    clock.forward(seconds=50)
    with store.begin() as tx:
        first = tx.watches.hold(first, lease_seconds=60)
    clock.forward(seconds=50)
    with store.begin() as tx:
        assert tx.watches.take(WATCH.key, "run 2", lease_seconds=60) is None
        tx.watches.let_go(first)
        assert tx.watches.take(WATCH.key, "run 2", lease_seconds=60) is not None


def test_a_reader_that_slept_through_its_lease_is_refused(store, clock):
    with store.begin() as tx:
        tx.watches.register(WATCH)
        slept = tx.watches.take(WATCH.key, "run 1", lease_seconds=60)
    clock.forward(seconds=61)
    with store.begin() as tx:
        awake = tx.watches.take(WATCH.key, "run 2", lease_seconds=60)

    for use in ("hold", "let_go"):
        more = {"lease_seconds": 60} if use == "hold" else {}
        with pytest.raises(StaleClaim), store.begin() as tx:
            getattr(tx.watches, use)(slept, **more)
    with store.begin() as tx:
        tx.watches.let_go(awake)


def test_a_run_that_is_tried_again_takes_its_own_place(store):
    with store.begin() as tx:
        tx.watches.register(WATCH)
        first = tx.watches.take(WATCH.key, "run 1", lease_seconds=60)
        again = tx.watches.take(WATCH.key, "run 1", lease_seconds=60)

    assert again.fence > first.fence
    with pytest.raises(StaleClaim), store.begin() as tx:
        tx.watches.hold(first, lease_seconds=60)
