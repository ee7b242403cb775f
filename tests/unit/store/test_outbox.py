"""The outbox: intent, claim, receipt (`delivery.md` 3.1)."""

from datetime import timedelta

import pytest

from hub.domain import Receipt, external_id
from hub.store import Intended, StaleClaim
from tests.unit.store.builders import START, created, make_draft


def intend(store, *drafts):
    with store.begin() as tx:
        return tx.outbox.intend(drafts)


def claim(store, destination="salesforce", **options):
    with store.begin() as tx:
        return tx.outbox.claim(destination, "worker", **options)


def recover(store, **options):
    with store.begin() as tx:
        return tx.outbox.recover("salesforce", "rescuer", **options)


def settle(store, *deliveries, outcome="created", **words):
    with store.begin() as tx:
        for delivery in deliveries:
            receipt = (
                created(delivery) if outcome == "created" else Receipt(delivery=delivery.id, outcome=outcome, **words)
            )
            tx.outbox.settle(delivery, receipt)


def row(store, delivery):
    with store.read() as view:
        return view.outbox.get(delivery.id)


# --- intents


def test_the_same_body_again_is_no_new_version_whatever_the_order_of_its_fields(store):
    first = make_draft(body={"a": 1, "b": [2, {"c": 3, "d": None}]})
    assert intend(store, first) == Intended(new=1)
    assert intend(store, first.with_(body={"b": [2, {"d": None, "c": 3}], "a": 1})) == Intended(unchanged=1)


def test_nothing_is_new_after_delivery_when_the_body_is_the_same(store):
    intend(store, make_draft())
    settle(store, *claim(store))

    assert intend(store, make_draft()) == Intended(unchanged=1)
    assert claim(store) == []


def test_a_version_that_was_never_tried_gives_way_to_a_newer_one(store):
    intend(store, make_draft())
    assert intend(store, make_draft(body={"LastName": "New"})) == Intended(new=1, superseded=1)

    [delivery] = claim(store)

    assert (delivery.version, delivery.body) == (2, {"LastName": "New"})


def test_several_versions_in_one_call_leave_the_last(store):
    drafts = [make_draft(body={"LastName": str(number)}) for number in range(4)]
    assert intend(store, *drafts, drafts[-1]) == Intended(new=4, unchanged=1, superseded=3)

    assert [delivery.body["LastName"] for delivery in claim(store)] == ["3"]


def test_a_version_that_was_tried_is_kept_and_the_newer_one_waits_for_it(store, clock):
    intend(store, make_draft())
    [first] = claim(store)
    assert intend(store, make_draft(body={"LastName": "New"})) == Intended(new=1)
    assert claim(store) == []
    settle(store, first)

    [second] = claim(store)

    assert (second.version, second.object_id) == (2, f"00Q{first.id}")


def test_versions_of_one_object_go_in_turn_whatever_their_lanes(store):
    intend(store, make_draft(lane=""))
    [first] = claim(store)
    intend(store, make_draft(body={"LastName": "New"}, lane="ana"))
    assert claim(store) == []
    settle(store, first)

    assert [delivery.version for delivery in claim(store)] == [2]


def test_a_version_that_was_put_off_is_not_skipped(store, clock):
    intend(store, make_draft())
    settle(store, *claim(store), outcome="deferred", retry_after=5)
    assert intend(store, make_draft(body={"LastName": "New"})) == Intended(new=1)
    clock.forward(seconds=5)

    assert [delivery.version for delivery in claim(store)] == [1]


def test_one_external_id_at_two_destinations_is_two_things(store):
    assert intend(store, make_draft(), make_draft(destination="zendesk", object="ticket")).new == 2
    assert [delivery.object for delivery in claim(store, "zendesk")] == ["ticket"]


# --- claims


def test_a_claim_carries_all_that_the_sender_needs(store):
    body = {"LastName": "Ärger", "nested": {"list": [1, 2.5, None, True]}}
    intend(store, make_draft(body=body, authority={"Company": "fill_blank"}, lane="ana", parent=None))

    [delivery] = claim(store)

    assert delivery.body == body
    assert list(delivery.body) == ["LastName", "nested"]
    assert (delivery.attempt, delivery.fence, delivery.claimed_at, delivery.authority) == (
        1,
        1,
        START,
        {"Company": "fill_blank"},
    )


def test_what_is_claimed_is_claimed_once(store):
    intend(store, *(make_draft(number) for number in range(5)))

    assert len(claim(store, limit=3)) == 3
    assert len(claim(store, limit=3)) == 2
    assert claim(store) == []


def test_one_call_gets_one_object(store):
    intend(store, make_draft(1), make_draft(2, object="Contact"), make_draft(3))

    assert [delivery.object for delivery in claim(store)] == ["Lead", "Lead"]
    assert [delivery.object for delivery in claim(store)] == ["Contact"]


def test_a_lane_keeps_its_order_and_lanes_do_not_wait_for_each_other(store):
    intend(
        store, make_draft(1, lane="ana"), make_draft(2, lane="ana"), make_draft(3, lane="bob"), make_draft(4, lane="")
    )

    first = claim(store)
    assert [delivery.handoff for delivery in first] == ["handoff-1", "handoff-3", "handoff-4"]
    assert claim(store) == []
    settle(store, first[0])
    assert [delivery.handoff for delivery in claim(store)] == ["handoff-2"]


def test_a_lane_waits_for_what_was_put_off(store, clock):
    intend(store, make_draft(1, lane="ana"), make_draft(2, lane="ana"))
    settle(store, *claim(store), outcome="deferred", retry_after=30)

    assert claim(store) == []
    clock.forward(seconds=30)
    assert [(delivery.handoff, delivery.attempt) for delivery in claim(store)] == [("handoff-1", 2)]


TICKET, COMMENT = external_id("ticket"), external_id("comment")


def ticket(**changes):
    return make_draft(external_id=TICKET, object="ticket", lane="ana", **changes)


def comment(**changes):
    return make_draft(external_id=COMMENT, object="comment", lane="ana", parent=TICKET, **changes)


def test_a_child_waits_for_its_parent_even_if_it_came_first(store):
    intend(store, comment(), ticket())

    [parent] = claim(store)
    assert parent.object == "ticket"
    assert claim(store) == []
    settle(store, parent)
    [child] = claim(store)

    assert child.parent_object_id == f"00Q{parent.id}"


def test_a_child_and_a_newer_version_of_its_parent_do_not_wait_for_each_other(store):
    intend(store, ticket())
    settle(store, *claim(store))
    intend(store, comment())
    intend(store, ticket(body={"status": "urgent"}))

    assert [delivery.object for delivery in claim(store)] == ["comment"]
    with store.begin() as tx:
        assert tx.outbox.next_due("salesforce") is not None  # of the claimed comment: its lease


def test_a_superseded_parent_does_not_block_the_lane(store):
    intend(store, ticket())
    intend(store, comment())
    intend(store, make_draft(9, object="ticket", lane="ana"))
    intend(store, ticket(body={"status": "urgent"}))
    sent = []
    while deliveries := claim(store):
        settle(store, *deliveries)
        sent += [(delivery.object, delivery.version) for delivery in deliveries]

    assert sorted(sent) == [("comment", 1), ("ticket", 1), ("ticket", 2)]
    assert sent[-1] == ("comment", 1)


def test_a_child_whose_parent_is_dead_is_sent_without_one(store):
    intend(store, ticket(), comment())
    settle(store, *claim(store), outcome="refused", reason="suspended")

    [child] = claim(store)

    assert (child.object, child.parent_object_id) == ("comment", None)


def test_what_a_tombstone_forbids_is_cancelled_when_it_is_claimed(store):
    intend(
        store,
        make_draft(1, post="p1"),
        make_draft(2, author="a1"),
        make_draft(3, post="p2", author="a2"),
        make_draft(4),
    )
    with store.begin() as tx:
        tx.tombstones.add(["p1", "a1"], "erasure")

    assert [delivery.handoff for delivery in claim(store)] == ["handoff-3", "handoff-4"]
    with store.read() as view:
        assert view.outbox.counts("salesforce") == {"cancelled": 2, "in_doubt": 2}


def test_a_page_full_of_the_dead_does_not_hide_the_living(store):
    intend(store, *(make_draft(number, post="gone") for number in range(5)), make_draft(9))
    with store.begin() as tx:
        tx.tombstones.add(["gone"], "deleted")

    assert [delivery.handoff for delivery in claim(store, limit=2)] == ["handoff-9"]


# --- doubt


def test_a_claim_whose_lease_ran_out_is_looked_up_not_sent(store, clock):
    intend(store, make_draft())
    [sent] = claim(store, lease_seconds=60)
    assert recover(store) == []
    clock.forward(seconds=61)
    assert claim(store) == []

    [doubtful] = recover(store)

    assert (doubtful.fence, doubtful.attempt, doubtful.claimed_at) == (2, 1, START)
    assert doubtful.body == sent.body
    assert recover(store) == []


def test_the_one_who_slept_is_refused_and_the_one_who_woke_it_decides(store, clock):
    intend(store, make_draft())
    [slept] = claim(store, lease_seconds=60)
    clock.forward(seconds=61)
    [doubtful] = recover(store)

    with pytest.raises(StaleClaim):
        settle(store, slept)
    settle(store, doubtful, outcome="unchanged", object_id="00Q7")

    assert (row(store, slept).state, row(store, slept).object_id) == ("done", "00Q7")
    clock.forward(seconds=1)
    with pytest.raises(StaleClaim):
        settle(store, doubtful)  # an answer counts once


def test_stale_answers_do_not_hold_up_the_good_ones(store, clock):
    intend(store, make_draft(1), make_draft(2))
    both = claim(store, lease_seconds=60)
    clock.forward(seconds=61)
    recover(store, limit=1)
    with store.begin() as tx:
        stale = tx.outbox.settle_all([(delivery, created(delivery)) for delivery in both])

    assert stale == [both[0]]
    assert row(store, both[1]).state == "done"


def test_an_unknown_outcome_stays_in_doubt_until_its_time_has_come(store, clock):
    intend(store, make_draft())
    [sent] = claim(store)
    settle(store, sent, outcome="unknown", reason="Unavailable", retry_after=20)
    assert (recover(store), claim(store)) == ([], [])
    with store.read() as view:
        assert view.outbox.next_due("salesforce") == START + timedelta(seconds=20)
        assert view.outbox.due("salesforce") == 0
    clock.forward(seconds=20)

    assert [delivery.id for delivery in recover(store)] == [sent.id]


def test_what_is_surely_not_there_is_sent_again_and_counted(store, clock):
    intend(store, make_draft())
    claim(store, lease_seconds=10)
    clock.forward(seconds=11)
    doubtful = recover(store)
    with store.begin() as tx:
        [again] = tx.outbox.resend(doubtful)

    assert (again.attempt, again.claimed_at, again.fence) == (2, clock.now, 2)
    settle(store, again)


def test_only_the_holder_of_a_claim_may_send_again(store, clock):
    intend(store, make_draft())
    slept = claim(store, lease_seconds=10)
    clock.forward(seconds=11)
    recover(store)

    with store.begin() as tx:
        assert tx.outbox.resend(slept) == []


def test_what_died_while_in_doubt_is_not_sent_again(store, clock):
    intend(store, make_draft(post="p1"))
    claim(store, lease_seconds=10)
    clock.forward(seconds=11)
    with store.begin() as tx:
        tx.tombstones.add(["p1"], "deleted")
    doubtful = recover(store)  # still looked up: it may be there, and must then be deleted there

    assert len(doubtful) == 1
    with store.begin() as tx:
        assert tx.outbox.resend(doubtful) == []
    assert row(store, doubtful[0]).state == "cancelled"


# --- settlements


def test_waits_grow_when_the_other_side_does_not_say_how_long(store, clock):
    intend(store, make_draft())
    waits = []
    for _ in range(10):
        [delivery] = claim(store)
        settle(store, delivery, outcome="deferred")
        waits.append((row(store, delivery).not_before - clock.now).total_seconds())
        clock.now = row(store, delivery).not_before

    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_a_refused_delivery_is_dead_and_in_quarantine_once(store):
    intend(store, make_draft(post="p1"))
    [delivery] = claim(store)
    settle(store, delivery, outcome="refused", reason="STRING_TOO_LONG", detail="Company is too long.")

    with store.read() as view:
        [item] = view.quarantine.listing()
    assert (item.delivery, item.stage, item.reason, item.post) == (delivery.id, "deliver", "STRING_TOO_LONG", "p1")
    assert row(store, delivery).state == "dead"


def test_a_revived_delivery_goes_out_with_the_same_body_and_may_come_back(store):
    intend(store, make_draft())
    [first] = claim(store)
    settle(store, first, outcome="refused", reason="no_such_field")
    with store.begin() as tx:
        [item] = tx.quarantine.listing()
        assert tx.outbox.revive([item.delivery]) == 1
        tx.quarantine.release([item.id])
        tx.quarantine.resolve([item.id], "valid")
    [second] = claim(store)
    assert (second.body, second.version, second.attempt) == (first.body, 1, 2)
    settle(store, second, outcome="refused", reason="no_such_field")

    with store.read() as view:
        assert [(one.id, one.tries) for one in view.quarantine.listing()] == [(item.id, 2)]


def test_an_old_version_is_not_revived_over_a_newer_one(store):
    intend(store, make_draft())
    [old] = claim(store)
    settle(store, old, outcome="refused", reason="bad")
    intend(store, make_draft(body={"LastName": "Mended"}))

    with store.begin() as tx:
        assert tx.outbox.revive([old.id]) == 0


def test_a_parent_that_stays_away_is_waited_for_five_times(store, clock):
    intend(store, make_draft())
    for _ in range(3):  # other waits do not count
        settle(store, *claim(store), outcome="deferred", retry_after=1)
        clock.forward(seconds=1)
    for _ in range(4):
        settle(store, *claim(store), outcome="parent_missing", retry_after=1)
        clock.forward(seconds=1)
    [last] = claim(store)
    assert last.attempt == 8
    settle(store, last, outcome="parent_missing")

    assert row(store, last).state == "dead"
    with store.read() as view:
        assert [item.reason for item in view.quarantine.listing()] == ["parent_missing"]


def test_many_deferrals_never_lose_a_delivery(store, clock):
    intend(store, make_draft())
    for _ in range(50):
        settle(store, *claim(store), outcome="deferred", retry_after=1)
        clock.forward(seconds=1)

    assert len(claim(store)) == 1


# --- questions


def test_what_waits_is_told_by_destination(store, clock):
    intend(store, make_draft(1), make_draft(2), make_draft(3, destination="slack", object="message"))
    with store.read() as view:
        assert view.outbox.destinations() == ["salesforce", "slack"]
        assert view.outbox.due("salesforce") == 2
        assert view.outbox.next_due("salesforce") == START
        assert view.outbox.next_due("zendesk") is None
    settle(store, *claim(store))
    claim(store, "slack", lease_seconds=5)
    clock.forward(seconds=6)

    with store.read() as view:
        assert view.outbox.destinations() == ["slack"]
        assert view.outbox.counts() == {"done": 2, "in_doubt": 1}
        assert view.outbox.stale() == 1
        assert [one.handoff for one in view.outbox.of(["handoff-1"])] == ["handoff-1"]
        assert [one.destination for one in view.outbox.recent(limit=1)] == ["slack"]
        assert view.outbox.body(view.outbox.recent(limit=1)[0].id) == {"LastName": "Person 3"}


def test_a_blocked_lane_is_due_when_the_one_before_it_is(store, clock):
    intend(store, make_draft(1, lane="ana"), make_draft(2, lane="ana"))
    settle(store, *claim(store), outcome="deferred", retry_after=40)

    with store.read() as view:
        assert view.outbox.next_due("salesforce") == START + timedelta(seconds=40)


def test_a_version_that_gave_way_to_an_erased_one_goes_after_all(store):
    intend(store, make_draft(post="x:post:1"))
    intend(store, make_draft(post="x:post:2", body={"LastName": "Second"}))
    intend(store, make_draft(post="x:post:3", body={"LastName": "Third"}))
    with store.begin() as tx:
        tx.tombstones.add(["x:post:3"], reason="deleted")

    [delivery] = claim(store)

    assert (delivery.version, delivery.body) == (2, {"LastName": "Second"})


def test_where_a_later_version_still_goes_nothing_is_brought_back(store):
    intend(store, make_draft(post="x:post:1"))
    intend(store, make_draft(post="x:post:2", body={"LastName": "Second"}))
    [second] = claim(store)
    intend(store, make_draft(post="x:post:3", body={"LastName": "Third"}))
    settle(store, second)
    with store.begin() as tx:
        tx.tombstones.add(["x:post:3"], reason="deleted")

    assert claim(store) == claim(store) == []


def test_what_an_erased_version_said_may_be_said_again(store):
    intend(store, make_draft(post="x:post:1"))
    with store.begin() as tx:
        tx.tombstones.add(["x:post:1"], reason="deleted")
    claim(store)

    assert intend(store, make_draft(post="x:post:2")) == Intended(new=1)
    assert len(claim(store)) == 1
