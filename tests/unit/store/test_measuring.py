"""Latencies, arrivals and forecasts: counted where they end, and never changed."""

from datetime import timedelta

import sqlalchemy as sa

from hub.store import Forecast, Store, migrate, tables
from tests.unit.store.builders import START, WATCH, created, make_draft, make_handoff, make_post

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def test_times_of_an_hour_add_up_in_their_bucket(store, clock):
    for seconds in ([61.0, 62.0, 3600.0], [61.5]):
        with store.begin() as tx:
            tx.latencies.add("x", "collected", seconds)
    clock.forward(hours=1)
    with store.begin() as tx:
        tx.latencies.handed_over([("x", 60.0), ("mastodon", 1.0)])
        tx.latencies.add("x", "collected", [])

    with store.read() as view:
        counts = [one.count for one in view.latencies.histogram(START, START + HOUR)]
        later = view.latencies.histogram(START + HOUR, START + 2 * HOUR)
    assert counts == [3, 1]
    assert [(one.network, one.segment, one.count) for one in later] == [
        ("mastodon", "handed_over", 1), ("x", "handed_over", 1),
    ]  # fmt: skip


def test_posts_arrive_in_the_hour_in_which_they_were_published(store):
    with store.begin() as tx:
        tx.arrivals.add(WATCH.key, "mastodon", [START, START + timedelta(minutes=59), START + HOUR])
    with store.begin() as tx:
        tx.arrivals.add(WATCH.key, "mastodon", [START])

    with store.read() as view:
        assert [(one.hour, one.posts) for one in view.arrivals.between(START, START + 2 * HOUR)] == [
            (START, 3), (START + HOUR, 1),
        ]  # fmt: skip
        assert view.arrivals.between(START + HOUR, START + HOUR) == []
        assert view.arrivals.read(START, START + HOUR) == 3
        assert view.arrivals.read(START, START + 2 * HOUR, network="mastodon") == 4
        assert view.arrivals.read(START, START + 2 * HOUR, network="x") == 0
        assert view.arrivals.read(START + HOUR, START + HOUR) == 0


def test_an_incident_waits_from_the_moment_at_which_it_could_be_seen(store, clock):
    handoff = make_handoff(make_post(), kind="Alert", key="incident:1")
    with store.begin() as tx:
        tx.incidents.report("incident:1", title="Fire", severity=9)
        tx.handoffs.save([handoff])
        tx.outbox.intend([make_draft(handoff=handoff.id, post=handoff.post.key)])
    clock.forward(minutes=1)
    with store.begin() as tx:
        [claimed] = tx.outbox.claim("salesforce", "w")
    assert (claimed.network, claimed.decided_at) == ("mastodon", START)
    with store.begin() as tx:
        tx.outbox.settle(claimed, created(claimed))
    clock.forward(minutes=5)
    with store.begin() as tx:
        tx.incidents.acknowledge("incident:1", "ana")

    with store.read() as view:
        [one] = view.latencies.acknowledged(START, START + HOUR)
        [lag] = view.latencies.histogram(START, START + HOUR)
    assert (one.network, one.acknowledged_at - one.told_at) == ("mastodon", timedelta(minutes=5))
    assert (lag.segment, lag.count) == ("handed_over", 1)


def made(day, made_at, expected=1.0, **of):
    return Forecast(
        series="contact_load", day=day, made_at=made_at, method="test@1", expected=expected, low=0, high=9, **of
    )


def test_the_plan_of_a_week_is_the_last_one_that_was_made_before_it(store):
    with store.begin() as tx:
        tx.forecasts.save([made(START + number * DAY, START - 2 * DAY, 1, network="x") for number in range(14)])
        tx.forecasts.save([made(START + number * DAY, START - 1 * DAY, 2, network="x") for number in range(14)])
        tx.forecasts.save([made(START + number * DAY, START + 1 * DAY, 3, network="x") for number in range(14)])
        tx.forecasts.save([made(START, START - 1 * DAY, 99, network="x")])  # what was said stays said

    with store.read() as view:
        assert [one.expected for one in view.forecasts.planned("contact_load", START, START + 7 * DAY)] == [2] * 7
        assert view.forecasts.planned("contact_load", START + 8 * DAY, START + 11 * DAY)[0].expected == 3
        assert view.forecasts.planned("contact_load", START + 9 * DAY, START + 11 * DAY) == []
        assert view.forecasts.planned("contact_load", START - DAY, START) == []
        assert view.forecasts.planned("mentions", START, START + 7 * DAY) == []
        assert {one.expected for one in view.forecasts.latest("contact_load")} == {3}


def test_a_time_of_many_days_is_the_sum_of_its_hours(store, clock):
    for number in range(0, 24 * 4, 5):
        clock.now = START + number * HOUR
        with store.begin() as tx:
            tx.latencies.add("x", "collected", [float(number + 1)] * (number % 3 + 1))

    def counted(view, since, until):
        return sum(one.count for one in view.latencies.histogram(since, until))

    with store.read() as view:
        each = [counted(view, START + number * HOUR, START + (number + 1) * HOUR) for number in range(24 * 4)]
        for first in range(0, 24 * 4, 7):
            for last in range(first + 1, 24 * 4, 11):
                whole = counted(view, START + first * HOUR, START + last * HOUR)
                assert whole == sum(each[first:last]), (first, last)
        edges = (START + timedelta(minutes=30), START + timedelta(hours=60, minutes=10))
        assert counted(view, *edges) == sum(each[1:61])
        assert view.latencies.histogram(*edges, segment="decided") == []


def test_the_days_are_made_up_from_the_hours_that_are_there(url):
    from alembic import command
    from alembic.config import Config

    with Store.open(url) as store:
        with store.begin() as tx:
            tx.latencies.add("x", "collected", [5.0, 5.0, 900.0])

        def kept():
            with store.engine.connect() as connection:
                return sorted(map(tuple, connection.execute(sa.select(tables.latency_days))))

        before = kept()
        config = Config()
        config.set_main_option("script_location", str(migrate.MIGRATIONS))
        for step, revision in ((command.downgrade, "0022"), (command.upgrade, "head")):
            with store.engine.begin() as connection:
                config.attributes["connection"] = connection
                step(config, revision)

        assert [row[-1] for row in before] == [2, 1]
        assert kept() == before
