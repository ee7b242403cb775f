"""Measurements are series; what was observed is stretches of time, and the gaps between them are told."""

from datetime import timedelta

import pytest

from hub.domain import Measurement, Watch
from hub.store import Store
from tests.unit.store.builders import START
from tests.unit.store.conftest import Clock

WATCH = Watch(network="town", kind="hashtag", value="#acme")
HOUR = timedelta(hours=1)


def counted(value: float | None, **facts: object) -> Measurement:
    return Measurement(**{"network": "town", "account": "7", "name": "followers", "at": START, "value": value, **facts})


def test_a_number_is_kept_once_for_each_moment(store: Store) -> None:
    with store.begin() as tx:
        assert tx.measurements.save([counted(1), counted(2, at=START + HOUR), counted(1)]) == 2
        tx.measurements.save([counted(3, at=START + HOUR), counted(5, account="8"), counted(9, post="p1")])

    with store.read() as view:
        assert [one.value for one in view.measurements.series("town", "followers", account="7")] == [1, 3]
        assert [one.value for one in view.measurements.series("town", "followers", since=START + HOUR)] == [3]
        assert [one.value for one in view.measurements.series("town", "followers", post="p1")] == [9]
        assert [(one.account, one.value) for one in view.measurements.latest()] == [("7", 3), ("8", 5)]


def test_what_a_network_does_not_say_is_no_zero(store: Store) -> None:
    with store.begin() as tx:
        tx.measurements.save([counted(None, name="impressions")])

    with store.read() as view:
        (one,) = view.measurements.series("town", "impressions")
    assert one.value is None


def poll(store: Store, clock: Clock, *hours: float, reach: timedelta | None = None) -> None:
    for each in hours:
        clock.forward(hours=each)
        with store.begin() as tx:
            tx.watches.polled(WATCH.key, **({"reach": reach} if reach else {}))


def test_a_network_that_reaches_back_leaves_no_gap(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        tx.watches.register(WATCH)
    poll(store, clock, 1, 1, 10)

    with store.read() as view:
        (stretch,) = view.observed.stretches(START, clock.now)
        assert (stretch.since, stretch.until) == (START, START + 12 * HOUR)
        assert view.observed.share(START, clock.now) == 1
        assert view.observed.share(START, START + 24 * HOUR) == pytest.approx(0.5)


def test_an_outage_longer_than_the_reach_stays_a_gap(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        tx.watches.register(WATCH)
    poll(store, clock, 1, 1, 8, 1, reach=2 * HOUR)

    with store.read() as view:
        first, second = view.observed.stretches(START, clock.now)
        assert (first.until, second.since) == (START + 2 * HOUR, START + 8 * HOUR)
        assert view.observed.share(START, clock.now) == pytest.approx(5 / 11)
        assert view.observed.share(START, clock.now, network="elsewhere") is None
        assert view.observed.share_of(WATCH.key, START, clock.now) == pytest.approx(5 / 11)
        assert view.observed.share_of("nobody", START, clock.now) is None


def test_time_seen_twice_counts_once(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        tx.watches.register(WATCH)
        for start, end in ((0, 2), (5, 7), (1, 6), (6, 6)):
            tx.observed.saw(WATCH.key, "town", since=START + start * HOUR, until=START + end * HOUR)

    with store.read() as view:
        (stretch,) = view.observed.stretches(START, START + 24 * HOUR)
    assert stretch.until - stretch.since == 7 * HOUR


def test_a_watch_counts_from_when_it_began(store: Store, clock: Clock) -> None:
    clock.forward(hours=6)
    with store.begin() as tx:
        tx.watches.register(WATCH)
    poll(store, clock, 6)

    with store.read() as view:
        assert view.observed.share(START, START + 12 * HOUR) == 1
        assert view.observed.share(START, START + 5 * HOUR) is None
