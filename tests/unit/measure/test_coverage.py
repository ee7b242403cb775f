"""Coverage: hours seen of hours meant, network by network and watch by watch."""

from datetime import timedelta

import pytest

from hub.domain import Scope, Watch
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
