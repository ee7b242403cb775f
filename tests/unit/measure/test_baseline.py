"""Baselines: hour by hour what was said, and what the past let expect."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.domain import Post, Signal
from hub.domain.config import Campaign, Config, Organisation, Subject
from hub.measure.baseline import course
from hub.store import Store
from tests.unit.store.builders import make_post, make_signal

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONFIG = Config(organisation=Organisation(name="Acme"), subjects=(Subject(name="Acme"),))


@pytest.fixture
def store():
    """Four posts in each hour of ten days on two networks, and forty in the last one on one of them."""
    with Store.open("sqlite://", clock=lambda: NOW) as opened:
        judged: list[tuple[Post, Signal]] = []
        for network in ("mastodon", "x"):
            for hour in range(240):
                at = NOW - (hour + 1) * HOUR
                many = 40 if network == "x" and hour == 0 else 4
                judged += [_said(network, f"{hour}-{number}", at) for number in range(many)]
        judged.append(_said("x", "spam", NOW - HOUR, intent="spam"))
        judged.append(_said("x", "other", NOW - HOUR, subjects=("Brewster",)))
        with opened.begin() as tx:
            tx.signals.save(judged)
        yield opened


def _said(network: str, number: str, at: datetime, **found) -> tuple[Post, Signal]:
    post = make_post(1, key=f"{network}:status:{number}", network=network, published_at=at)
    return post, make_signal(post, sentiment="negative", **found)


def test_each_hour_is_told_with_what_its_past_let_expect(store):
    with store.read() as view:
        hours = course(view, CONFIG, "Acme", NOW - 3 * HOUR, NOW)

    assert [(one.hour, one.posts, one.negative) for one in hours] == [
        (NOW - 3 * HOUR, 8, 8), (NOW - 2 * HOUR, 8, 8), (NOW - HOUR, 44, 44),
    ]  # fmt: skip
    assert [round(one.expected) for one in hours] == [8, 8, 8]  # four on each network


def test_of_one_network_only_that_is_told(store):
    with store.read() as view:
        hours = course(view, CONFIG, "Acme", NOW - 2 * HOUR, NOW, network="mastodon")

    assert [(one.posts, round(one.expected)) for one in hours] == [(4, 4), (4, 4)]


def test_what_a_campaign_is_to_bring_is_expected(store):
    spring = Campaign(name="Spring", since=NOW - HOUR, until=NOW, uplift=5)
    with store.read() as view:
        hours = course(view, CONFIG.with_(campaigns=(spring,)), "Acme", NOW - 2 * HOUR, NOW)

    assert [round(one.expected) for one in hours] == [8, 40]


def test_quiet_hours_are_hours(store):
    with store.read() as view:
        hours = course(view, CONFIG, "Nobody", NOW - 2 * HOUR + timedelta(minutes=5), NOW)

    assert [(one.posts, one.expected) for one in hours] == [(0, 0.0), (0, 0.0)]
