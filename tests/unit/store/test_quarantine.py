"""Quarantine and the ledger: nothing is lost, and the sums say so."""

import pytest
import sqlalchemy as sa

from hub.store import Rejected, Standing, tables
from tests.unit.store.builders import land, make_post


def rejected(number: int = 1, **changes: object) -> Rejected:
    fields = {
        "stage": "validate", "reason": "no_time", "network": "mastodon", "record": {"id": number, "b": 1, "a": 2},
        "batch": "batch-1", "run": "triage-1", "detail": "The record has no time.",
    }  # fmt: skip
    return Rejected(**{**fields, **changes})


def test_one_record_is_one_item_however_often_it_comes(store):
    with store.begin() as tx:
        assert tx.quarantine.add_all([rejected(1), rejected(2), rejected(1)]) == 2
        again = rejected(1, record={"a": 2, "b": 1, "id": 1}, batch="batch-2")  # the same, in another order
        assert tx.quarantine.add_all([again]) == 0

        assert [(item.record["id"], item.tries) for item in tx.quarantine.listing()] == [(1, 1), (2, 1)]


def test_the_same_record_at_another_stage_is_another_item(store):
    with store.begin() as tx:
        assert tx.quarantine.add_all([rejected(), rejected(stage="classify")]) == 2


@pytest.mark.parametrize("odd", ["a\ud800b", "\x00", 2**70 + 1, {"\udfff": None}])
def test_odd_records_are_kept_as_they_came(store, odd):
    with store.begin() as tx:
        assert tx.quarantine.add_all([rejected(1), rejected(2, record={"id": odd, "other": 1})]) == 2
        assert tx.quarantine.add_all([rejected(2, record={"other": 1, "id": odd})]) == 0

        assert tx.quarantine.listing()[1].record == {"id": odd, "other": 1}


def test_one_item_by_its_words(store):
    with store.begin() as tx:
        new = tx.quarantine.add(stage="classify", reason="timed_out", network="x", post="x:tweet:1", detail=None)
        [item] = tx.quarantine.listing()

    assert new
    assert (item.kind, item.post, item.state) == ("post", "x:tweet:1", "open")


def test_a_released_item_that_fails_again_is_open_again_with_one_more_try(store, clock):
    with store.begin() as tx:
        tx.quarantine.add_all([rejected()])
        [item] = tx.quarantine.listing()
        [released] = tx.quarantine.release([item.id])
        assert tx.quarantine.release([item.id]) == []  # by nobody else meanwhile
    clock.forward(minutes=1)
    with store.begin() as tx:
        assert not tx.quarantine.add(**rejected(reason="no_author").plain())
        [again] = tx.quarantine.listing()

    assert released.state == "released"
    assert (again.id, again.tries, again.reason, again.state) == (item.id, 2, "no_author", "open")
    assert again.since < again.changed_at


def test_filters_and_counts(store):
    with store.begin() as tx:
        tx.quarantine.add_all([rejected(1), rejected(2), rejected(3, reason="no_id"), rejected(4, network="x")])

        assert len(tx.quarantine.listing(reason="no_time", network="mastodon")) == 2
        assert tx.quarantine.listing(state="dismissed") == []
        assert [(one.network, one.reason, one.items) for one in tx.quarantine.counts()] == [
            ("mastodon", "no_time", 2),
            ("mastodon", "no_id", 1),
            ("x", "no_time", 1),
        ]


def test_a_history_is_made_of_the_newest_items_whatever_became_of_them(store, clock):
    with store.begin() as tx:
        tx.quarantine.add_all([rejected(1), rejected(2)])
    first = clock.now
    clock.forward(hours=1)
    with store.begin() as tx:
        tx.quarantine.add_all([rejected(3, reason="no_id", network="x")])
        tx.quarantine.dismiss([1], "spoilt")

    with store.read() as view:
        newest, *others = view.quarantine.fates()
        assert len(view.quarantine.fates(2)) == 2
    assert (newest.since, newest.reason, newest.network, newest.state) == (clock.now, "no_id", "x", "open")
    assert [(one.since, one.state) for one in others] == [(first, "open"), (first, "dismissed")]


def triaged(store):
    """A batch of ten: 2 known, 1 skipped, 3 handed off, 2 set aside, 1 undecided, 1 quarantined."""
    land(store, records=10)
    states = ["handed_off"] * 3 + ["set_aside"] * 2 + ["pending"]
    posts = [make_post(number) for number in range(6)]
    standings = {
        post.key: Standing(state, "reshare" if state == "set_aside" else None)
        for post, state in zip(posts, states, strict=True)
    }
    with store.begin() as tx:
        [claim] = tx.batches.claim("worker")
        tx.posts.save(posts, batch="batch-1", standings=standings)
        tx.quarantine.add_all([rejected()])
        tx.batches.done(claim, known=2, skipped=1, run="triage-1")


def test_every_fetched_record_is_accounted_for(store):
    triaged(store)

    with store.read() as view:
        sums = view.ledger.balance()
        assert view.ledger.unbalanced() == []

    assert sums.balanced
    assert (sums.fetched, sums.new, sums.known, sums.skipped) == (10, 7, 2, 1)
    assert (sums.valid, sums.quarantined, sums.pending) == (5, 1, 1)
    assert (sums.handed_off, sums.set_aside) == (3, {"reshare": 2})


def test_the_sums_of_a_run_are_those_of_the_batches_it_landed_or_triaged(store):
    triaged(store)
    land(store, 2, records=4, run="collect-2")

    with store.read() as view:
        assert view.ledger.balance(run="collect-1").fetched == view.ledger.balance(run="triage-1").fetched == 10
        waiting = view.ledger.balance(run="collect-2")
        assert (waiting.fetched, waiting.pending, waiting.balanced) == (4, 4, True)
        assert view.ledger.balance(network="mastodon").fetched == 14
        assert view.ledger.balance(network="x").fetched == 0


def test_all_posts_are_counted_without_being_sorted_first(lite):
    """SQLite sorts in memory, as much as a connection may cache: a million posts would need it all once more."""
    triaged(lite)
    asked: list[tuple[str, object]] = []
    sa.event.listen(lite.engine, "before_cursor_execute", lambda _, __, text, given, *rest: asked.append((text, given)))
    with lite.read() as view:
        view.ledger.balance()
        over_posts = [one for one in asked if "FROM posts" in one[0]]
        plans = [view.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given) for text, given in over_posts]
        steps = [row.detail for plan in plans for row in plan]

    assert any("COVERING INDEX" in step for step in steps)
    assert not [step for step in steps if "TEMP B-TREE" in step]


def test_a_record_that_went_missing_shows_as_a_difference(store):
    triaged(store)
    with store.begin() as tx:
        tx.connection.execute(sa.delete(tables.posts).where(tables.posts.c.key == make_post(1).key))

        assert tx.ledger.balance().differences == {"fetched = new + known + skipped": 1}
        [wrong] = tx.ledger.unbalanced()
        assert (wrong.batch, wrong.records, wrong.accounted) == ("batch-1", 10, 9)


def test_a_post_in_no_known_state_shows_as_a_difference(store):
    triaged(store)
    with store.begin() as tx:
        lost = sa.update(tables.posts).where(tables.posts.c.key == make_post(1).key).values(state="routed")
        tx.connection.execute(lost)

        assert tx.ledger.balance().differences == {"new = valid + quarantined + pending": 1}


@pytest.mark.parametrize("outcome", ["known", "skipped", "valid"])
def test_a_replayed_item_moves_in_the_sums_and_they_still_balance(store, outcome):
    triaged(store)
    with store.begin() as tx:
        [item] = tx.quarantine.listing()
        tx.quarantine.release([item.id])
        assert tx.ledger.balance().pending == 2
        if outcome == "valid":
            tx.posts.save([make_post(99)], batch=item.batch, standings={make_post(99).key: Standing("handed_off")})
        tx.quarantine.resolve([item.id], outcome)
        after = tx.ledger.balance()

        assert after.balanced
        assert tx.ledger.unbalanced() == []
    assert after.quarantined == 0
    assert (after.known, after.skipped, after.handed_off) == (
        2 + (outcome == "known"),
        1 + (outcome == "skipped"),
        3 + (outcome == "valid"),
    )


def test_a_mended_record_that_comes_once_more_is_known_and_stays_resolved(store):
    triaged(store)
    with store.begin() as tx:
        [item] = tx.quarantine.listing()
        tx.quarantine.release([item.id])
        tx.posts.save([make_post(99)], batch=item.batch)
        tx.quarantine.resolve([item.id], "valid")
        assert tx.quarantine.add_all([rejected()]) == 0

        assert tx.quarantine.listing() == []
        assert tx.ledger.balance().balanced


def test_what_a_person_gave_up_stays_in_the_sums(store):
    triaged(store)
    with store.begin() as tx:
        [item] = tx.quarantine.listing()
        tx.quarantine.dismiss([item.id], "test data")

        assert tx.quarantine.listing() == []
        assert (tx.ledger.balance().quarantined, tx.ledger.balance().balanced) == (1, True)


def test_a_refused_delivery_is_in_quarantine_and_not_in_the_sums_of_posts(store):
    triaged(store)
    with store.begin() as tx:
        tx.quarantine.add(stage="deliver", reason="STRING_TOO_LONG", network="salesforce", delivery=4)

        assert tx.ledger.balance().quarantined == 1
        assert tx.ledger.balance().balanced
