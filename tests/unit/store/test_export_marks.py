"""Marks: every change that an export would show is marked, whoever makes it, and none that it would not."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub.domain import Engagement, Measurement
from hub.store import Standing, tables
from tests.unit.store.builders import START, WATCH, created, make_draft, make_handoff, make_post, make_signal

POST = make_post(1)  # published on 2025-03-01
TODAY = "2025-03-01"


@pytest.fixture
def full(store):
    """A store with something of everything, in which nothing is marked."""
    with store.begin() as tx:
        tx.watches.register(WATCH)
        tx.posts.save([POST, make_post(2)])
        tx.signals.save([(POST, make_signal(POST))])
        ids = tx.handoffs.save([make_handoff(POST)])
        tx.outbox.intend([make_draft(handoff=ids[0])])
        tx.incidents.report("crisis", title="t", severity=3)
        tx.observed.saw(WATCH.key, "mastodon", since=START - timedelta(days=9), until=START)
    clean(store)
    return store


def clean(store):
    with store.begin() as tx:
        tx.export_marks.take()
    with store.begin() as tx:
        tx.export_marks.clear(tx.export_marks.taken())


def marked(store):
    with store.begin() as tx:
        tx.export_marks.take()
    with store.read() as view:
        return {(one.area, one.network, one.day) for one in view.export_marks.taken().values()}


def settle(tx):
    (delivery,) = tx.outbox.claim("salesforce", "worker")
    tx.outbox.settle(delivery, created(delivery))


CHANGES = {
    "a new post": (lambda tx: tx.posts.save([make_post(3)]), {("talk", "mastodon", TODAY)}),
    "a late post": (
        lambda tx: tx.posts.save([make_post(3, published_at=START - timedelta(days=40))]),
        {("talk", "mastodon", "2025-01-20")},
    ),
    "an edit": (lambda tx: tx.posts.save([POST.with_(text="Mended")]), {("talk", "mastodon", TODAY)}),
    "a counter": (
        lambda tx: tx.posts.save([POST.with_(engagement=Engagement(likes=9))]), {("talk", "mastodon", TODAY)},
    ),
    "a standing": (lambda tx: tx.posts.mark({POST.key: Standing("set_aside", "spam")}), {("talk", "mastodon", TODAY)}),
    "a correction": (
        lambda tx: tx.signals.save([(POST, make_signal(POST, found_by="people"))]), {("talk", "mastodon", TODAY)},
    ),
    "a first signal": (
        lambda tx: tx.signals.save([(make_post(2), make_signal(make_post(2)))]), {("talk", "mastodon", TODAY)},
    ),
    "a deletion": (
        lambda tx: tx.keeping.empty([POST.key], "gone"), {("talk", "mastodon", TODAY), ("work", "mastodon", TODAY)},
    ),
    "a buried post": (
        lambda tx: tx.tombstones.add([POST.key], "gone"), {("talk", "mastodon", TODAY), ("work", "mastodon", TODAY)},
    ),
    "a buried author": (
        lambda tx: tx.tombstones.add([POST.author.key], "erased"),
        {("talk", "mastodon", TODAY), ("work", "mastodon", TODAY)},
    ),
    "a handoff": (lambda tx: tx.handoffs.save([make_handoff(make_post(2))]), {("work", "mastodon", TODAY)}),
    "work of another network": (
        lambda tx: tx.handoffs.save([make_handoff(make_post(2, network="x", key="x:post:2"))]), {("work", "x", TODAY)},
    ),
    "a handoff once more": (lambda tx: tx.handoffs.save([make_handoff(POST)]), set()),
    "a delivery": (
        lambda tx: tx.outbox.intend([make_draft(2, handoff=make_handoff(POST).id)]),
        {("work", "mastodon", TODAY)},
    ),
    "a delivery that says nothing new": (
        lambda tx: tx.outbox.intend([make_draft(handoff=make_handoff(POST).id)]), set(),
    ),
    "a delivery of no work": (lambda tx: tx.outbox.intend([make_draft(handoff="none", external_id="z")]), set()),
    "a revision": (lambda tx: tx.handoffs.revise([make_handoff(POST, team="sales")]), {("work", "mastodon", TODAY)}),
    "a receipt": (settle, {("work", "mastodon", TODAY)}),
    "an incident": (lambda tx: tx.incidents.report("crisis", title="t", severity=9), {("event", "", TODAY)}),
    "an alarm": (
        lambda tx: tx.alarms.raise_(
            detector="d@1", subject="Acme", network="", at=START, value=9, expected=1, severity=3, crisis=False
        ),
        {("event", "", TODAY)},
    ),
    "observed time": (
        lambda tx: tx.observed.saw(WATCH.key, "mastodon", since=START, until=START + timedelta(days=1)),
        {("seen", "mastodon", TODAY), ("seen", "mastodon", "2025-03-02")},
    ),
    "a number of an account": (
        lambda tx: tx.measurements.save([
            Measurement(network="mastodon", account="7", name="followers", at=START, value=12)
        ]),
        {("event", "", TODAY)},
    ),
    "the same once more": (lambda tx: tx.posts.save([POST]), set()),
    "a look at a post": (lambda tx: tx.keeping.checked([POST.key]), set()),
    "a claim": (lambda tx: tx.watches.register(WATCH), set()),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_marks_its_day_and_nothing_else(full, change):
    make, expected = CHANGES[change]
    with full.begin() as tx:
        make(tx)

    assert marked(full) == expected


@pytest.mark.parametrize("change", [name for name, (_, expected) in CHANGES.items() if expected])
def test_a_day_that_is_marked_already_hinders_no_change(full, change):
    make, expected = CHANGES[change]
    marks = [{"area": area, "network": network, "day": day, "epoch": 0} for area, network, day in expected]
    with full.begin() as tx:
        tx.connection.execute(sa.insert(tables.export_marks), marks)
    with full.begin() as tx:
        make(tx)

    assert marked(full) == expected


def test_a_change_while_an_export_goes_on_is_kept_for_the_next(full):
    with full.begin() as tx:
        tx.posts.save([POST.with_(text="Once")])
    with full.begin() as tx:
        tx.export_marks.take()
    with full.read() as view:
        taken = view.export_marks.taken()
        with full.begin() as tx:
            tx.posts.save([POST.with_(text="Twice")])
    with full.begin() as tx:
        tx.export_marks.clear(taken)

    assert len(taken) == 1
    assert marked(full) == {("talk", "mastodon", TODAY)}


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
@pytest.mark.postgres
def test_what_was_not_yet_committed_when_marks_were_taken_is_marked_by_itself(full):
    with full.begin() as first:
        first.signals.save([(POST, make_signal(POST, found_by="a@1"))])
    other = make_post(2)
    with full.begin() as late:
        late.signals.save([(other, make_signal(other))])
        with full.begin() as tx:
            tx.export_marks.take()
        with full.read() as view:
            taken = view.export_marks.taken()
    with full.begin() as tx:
        tx.export_marks.clear(taken)

    assert len(taken) == 1
    assert marked(full) == {("talk", "mastodon", TODAY)}


def test_a_day_that_is_marked_already_stands_in_nobodys_way(full):
    """The outbox is claimed by UPDATE OR FAIL, and a trigger of SQLite has the rule of the statement that fires it."""
    with full.begin() as tx:
        tx.handoffs.save([make_handoff(make_post(2), key="another")])  # marks the day of the first one's delivery, too
        [delivery] = tx.outbox.claim("salesforce", "w")
    with full.begin() as tx:
        tx.outbox.settle(delivery, created(delivery))

    assert marked(full)
