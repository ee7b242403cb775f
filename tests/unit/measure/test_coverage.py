"""Coverage: hours seen of hours meant, network by network and watch by watch."""

from datetime import timedelta

import pytest

from hub.domain import Budget, Scope, Watch
from hub.domain.config import Config, Organisation
from hub.measure.figures import Figures
from hub.store import Store
from tests.unit.store.builders import START, WATCH

HOUR = timedelta(hours=1)
X = Watch(network="x", kind="search", value="acme")
CONFIG = Config(organisation=Organisation(name="Acme"), watches=(WATCH, X))


class Clock:
    now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    """Two watches of ten hours: one was read at once and at the end, the other after four hours and never again."""
    with Store.open("sqlite://", clock=clock) as store:
        with store.begin() as tx:
            for watch in (WATCH, X):
                tx.watches.register(watch)
        clock.now = START + 4 * HOUR
        with store.begin() as tx:
            tx.watches.polled(X.key)
        clock.now = START + 10 * HOUR
        with store.begin() as tx:
            tx.watches.polled(WATCH.key)
        yield store


def hours(store, config=CONFIG, since=START, until=START + 10 * HOUR, **narrowed):
    with store.read() as view:
        found = Figures(view, config).figure("coverage", Scope(since=since, until=until, **narrowed))
    return found.numerator, found.denominator


def test_hours_are_added_up_over_watches(store):
    assert hours(store) == (14, 20)
    assert hours(store, network="x") == (4, 10)
    assert hours(store, since=START + 3 * HOUR, until=START + 5 * HOUR) == (3, 4)


def test_what_is_still_to_come_is_no_gap(store):
    assert hours(store, until=START + 100 * HOUR) == (14, 20)


def test_a_watch_that_was_given_up_was_to_see_nothing_more(store):
    assert hours(store, CONFIG.with_(watches=(WATCH,))) == (14, 14)


def test_each_watch_has_its_own(store):
    with store.read() as view:
        scope = Scope(since=START, until=START + 10 * HOUR)
        parts = Figures(view, CONFIG).split("coverage", scope, by="watch")
        before = Figures(view, CONFIG).figure("coverage", scope.with_(since=START - 9 * HOUR, until=START))
    assert [(part.name, part.figure.value) for part in parts] == [(WATCH.key, 100), (X.key, 40)]
    assert before.value is None


def told(store, name, **narrowed):
    with store.read() as view:
        scope = Scope(since=START, until=START + 20 * HOUR, **narrowed)
        return Figures(view, CONFIG).figure(name, scope)


def test_a_spent_quota_counts_from_the_last_good_read_to_the_next(store, clock):
    for hour, end in ((11, False), (12, False), (13, True), (15, True)):
        clock.now = START + hour * HOUR
        with store.begin() as tx:
            if end:
                tx.watches.polled(WATCH.key)
            else:
                tx.watches.failed(WATCH.key, "RateLimited", "The budget is spent.")
    with store.begin() as tx:
        tx.watches.failed(X.key, "Unavailable", "X is down.")

    found = told(store, "quota_stopped")
    assert (found.numerator, found.denominator) == (3, 30)
    assert told(store, "quota_stopped", network="x").numerator == 0
    assert told(store, "coverage", network="mastodon").value == 100


def test_a_watch_that_is_stopped_still_counts_up_to_its_last_try(store, clock):
    clock.now = START + 6 * HOUR + 4 * HOUR
    with store.begin() as tx:
        tx.watches.failed(X.key, "RateLimited", "The budget is spent.")

    assert told(store, "quota_stopped", network="x").numerator == 6


def test_money_is_told_in_its_currency(store, clock):
    dollars, euros, calls = (Budget(requests=200_000_000, per_minutes=43_200) for _ in range(3))
    with store.begin() as tx:
        tx.budgets.acquire("x:USD", dollars, cost=5_000_000)
        tx.budgets.acquire("x:USD", dollars, cost=-2_500_000)
        tx.budgets.acquire("x:search", calls, cost=7)
        tx.budgets.acquire("x", calls, cost=7)
    clock.now += 2 * HOUR

    assert told(store, "source_cost").value == 2.5
    assert told(store, "source_cost", network="mastodon").value == 0
    with store.begin() as tx:
        tx.budgets.acquire("blogs:EUR", euros, cost=1_000_000)
    assert "several currencies" in told(store, "source_cost").missing
    assert told(store, "source_cost", network="x").value == 2.5
