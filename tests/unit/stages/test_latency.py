"""How long it takes: counted as it happens, part by part, and the same as every post's own page says."""

from datetime import timedelta

import pytest

from hub.domain import Receipt, Scope
from hub.measure.figures import Figures
from hub.measure.latency import quantile, way
from hub.stages import why
from hub.store.latencies import RATIO, bucket_of, seconds_of
from tests.unit.stages.world import ALARMS, CHATS, COMPLAINS, HASHTAG, NOW, Town, X, acme, status, tweet

PARTS = ("detection_lag", "decision_lag", "handover_lag", "acknowledgement_time")


@pytest.fixture
def open_town(town: Town) -> Town:
    """A hub whose watches have been there for hours: what is heard now is live."""
    town.clock.moment = NOW - timedelta(hours=3)
    with town.store.begin() as tx:
        tx.watches.register(X)
        tx.watches.register(HASHTAG)
    town.clock.moment = NOW
    return town


def figures(town: Town, **narrowed: str) -> dict[str, float | None]:
    with town.look() as view:
        asked = Figures(view, acme())
        scope = Scope(since=NOW - timedelta(hours=12), until=NOW + timedelta(hours=12), **narrowed)
        return {name: asked.figure(f"{name}_p50", scope).value for name in PARTS}


def send(town: Town, destination: str) -> None:
    with town.store.begin() as tx:
        for one in tx.outbox.claim(destination, "w"):
            tx.outbox.settle(one, Receipt(delivery=one.id, outcome="created", object_id=f"id-{one.id}"))


def test_each_part_is_counted_and_is_what_the_posts_page_says(open_town: Town) -> None:
    town = open_town
    town.land(tweet(1, ALARMS, minutes_ago=20))
    town.clock.forward(seconds=90)
    town.triage()
    town.clock.forward(seconds=45)
    send(town, "slack")
    [incident] = [row.external_id for row in town.outbox("slack") if row.version == 1]
    town.clock.forward(minutes=7)
    with town.store.begin() as tx:
        [alert] = tx.handoffs.recent(kind="Alert")
        assert tx.incidents.acknowledge(alert.handoff.key, "ana")

    with town.look() as view:
        story = why.story(view, "x:post:1", alert.id)
        assert story is not None
        steps = story.steps(story.handoffs[0])
        kept = view.incidents.get(alert.handoff.key)
    assert incident
    assert [step.total_seconds() for _, step in steps] == [1200, 90, 45, 420]
    assert sum((step for _, step in steps), timedelta()) == kept.acknowledged_at - story.post.published_at
    for found, (_, step) in zip(figures(town).values(), steps, strict=True):
        assert found == pytest.approx(step.total_seconds(), rel=RATIO**0.5 - 1 + 1e-9)


def test_networks_are_told_apart(open_town: Town) -> None:
    open_town.hear(tweet(1, CHATS, minutes_ago=100), tweet(2, CHATS, minutes_ago=100))
    open_town.hear(status(3, CHATS, minutes_ago=1), watch=HASHTAG)

    assert figures(open_town, network="mastodon")["detection_lag"] == pytest.approx(60, rel=0.05)
    assert figures(open_town, network="x")["detection_lag"] == pytest.approx(6000, rel=0.05)
    assert figures(open_town)["handover_lag"] is None


def test_what_was_there_before_anybody_looked_is_no_lag_and_is_an_arrival(town: Town) -> None:
    town.hear(tweet(1, COMPLAINS, minutes_ago=600), tweet(2, CHATS, minutes_ago=601))

    assert figures(town)["detection_lag"] is None
    with town.look() as view:
        arrived = view.arrivals.between(NOW - timedelta(days=1), NOW)
    assert [(one.watch, one.posts) for one in arrived] == [(X.key, 1), (X.key, 1)]


def test_a_post_is_counted_once_whoever_brings_it_again(open_town: Town) -> None:
    open_town.hear(tweet(1, CHATS))
    open_town.hear(tweet(1, CHATS), tweet(2, CHATS))

    with open_town.look() as view:
        assert sum(one.posts for one in view.arrivals.between(NOW - timedelta(days=1), NOW)) == 2
        lags = view.latencies.histogram(NOW, NOW + timedelta(hours=1))
    assert sum(one.count for one in lags if one.segment == "collected") == 2


def test_a_later_version_of_an_object_is_no_hand_over(open_town: Town) -> None:
    open_town.hear(tweet(1, ALARMS))
    send(open_town, "slack")
    open_town.hear(tweet(2, ALARMS, author="zoe"))
    send(open_town, "slack")
    written = [row for row in open_town.outbox("slack") if row.state == "done"]

    with open_town.look() as view:
        lags = view.latencies.histogram(NOW, NOW + timedelta(hours=1))
    counted = sum(one.count for one in lags if one.segment == "handed_over")
    assert counted == sum(row.version == 1 for row in written)


@pytest.mark.parametrize("seconds", [0, 0.4, 1, 1.05, 59, 60, 3600, 86_400, 3e6])
def test_a_bucket_is_off_by_five_percent_at_most(seconds: float) -> None:
    found = seconds_of(bucket_of(seconds))
    assert found == pytest.approx(seconds, rel=0.05) if seconds >= 1 else found == 0.5


def test_a_clock_that_is_ahead_counts_as_right_now() -> None:
    assert bucket_of(-30) == 0


def test_quantiles_are_those_of_the_times_themselves() -> None:
    times = [float(second) for second in range(1, 1001)]
    buckets: dict[int, int] = {}
    for each in times:
        buckets[bucket_of(each)] = buckets.get(bucket_of(each), 0) + 1
    assert quantile(buckets, 0.5) == pytest.approx(500, rel=0.05)
    assert quantile(buckets, 0.95) == pytest.approx(950, rel=0.05)
    assert quantile({}, 0.5) is None


def test_a_part_that_nobody_can_date_is_left_out() -> None:
    moments = [("one", None), ("two", NOW + timedelta(minutes=2)), ("three", None)]
    assert way(NOW, moments) == [("two", timedelta(minutes=2))]
