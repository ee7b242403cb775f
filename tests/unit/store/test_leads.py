"""Leads and talk by topic, as each database keeps them."""

from datetime import timedelta

import pytest

from hub.domain import LeadScore, Reason, external_id
from hub.store import Store
from tests.unit.store.builders import START, make_handoff, make_post, make_signal
from tests.unit.store.conftest import Clock

HOUR = timedelta(hours=1)


def scored(behaviour: float, *, chance: float | None = None) -> LeadScore:
    reason = Reason(part="behaviour", name="purchase", points=behaviour)
    return LeadScore(
        fit=20, behaviour=behaviour, grade="D2", reasons=(reason,), found_by="lead-rules@1", as_of=START, chance=chance
    )


def test_the_last_score_of_each_account_is_kept(store: Store) -> None:
    with store.begin() as tx:
        tx.leads.keep({"x:account:1": scored(10), "x:account:2": scored(50)})
        tx.leads.keep({"x:account:1": scored(30), "mastodon:account:3": scored(5, chance=0.4)})

    with store.read() as view:
        assert view.leads.score("x:account:1") == scored(30)
        assert view.leads.score("x:account:9") is None
        assert [one.author for one in view.leads.best()] == ["mastodon:account:3", "x:account:2", "x:account:1"]
        assert [one.author for one in view.leads.best(1, network="x")] == ["x:account:2"]
        assert view.leads.best(since=START + HOUR) == []


def test_lessons_are_first_scores_of_leads_that_ended(store: Store, clock: Clock) -> None:
    first, second, other = make_post(1), make_post(2), make_post(3)
    handed = [
        make_handoff(first, kind="Lead", key="x:account:1", lead=scored(10)),
        make_handoff(other, kind="Lead", key="x:account:2", lead=None),
    ]
    with store.begin() as tx:
        tx.handoffs.save(handed)
    clock.forward(hours=1)
    with store.begin() as tx:
        tx.handoffs.save([make_handoff(second, kind="Lead", key="x:account:1", lead=scored(60))])
        kept = tx.leads.ended({"x:account:1": False, external_id("x:account:2"): True, "x:account:3": True}, who="ana")
        tx.leads.ended({external_id("x:account:1").upper(): True}, who="ben")

    assert kept == 2
    with store.read() as view:
        assert view.leads.lessons() == [(scored(10), True)]


def test_sums_by_topic_are_those_of_loud_topics(store: Store) -> None:
    posts = [make_post(number, published_at=START + HOUR * (number // 3)) for number in range(1, 7)]
    found = [
        make_signal(post, subjects=("Acme",), topics=("price", "safety") if number == 0 else ("price",),
                    sentiment="negative" if number else "neutral", intent="crisis" if number == 1 else "none")
        for number, post in enumerate(posts)
    ]  # fmt: skip
    with store.begin() as tx:
        tx.posts.save(posts)
        tx.signals.save(list(zip(posts, found, strict=True)))

    with store.read() as view:
        end = START + HOUR * 9
        loud = view.rollups.by_topic(START, end, least=3, since=START)
        assert [(one.hour, one.topic, one.posts, one.negative, one.crisis) for one in loud] == [
            (START, "price", 2, 1, 1), (START + HOUR, "price", 3, 3, 0), (START + HOUR * 2, "price", 1, 1, 0),
        ]  # fmt: skip
        assert view.rollups.by_topic(START, end, least=4, since=START) == []
        assert view.rollups.topics_met(START) == {"price": START, "safety": START}
        assert view.rollups.topics_met(START + HOUR) == {"price": START + HOUR}


@pytest.mark.parametrize("asked", ["a", "b", "c"])
def test_persons_are_all_that_ties_connect(store: Store, asked: str) -> None:
    with store.begin() as tx:
        for one, other in (("x:a", "y:b"), ("y:b", "z:c"), ("x:d", "y:e")):
            tx.people.tie(one, other, state="merged", confidence=1.0, evidence=(), found_by="t@1")
        tx.people.tie("x:a", "w:f", state="suggested", confidence=0.6, evidence=(), found_by="t@1")

    key = {"a": "x:a", "b": "y:b", "c": "z:c"}[asked]
    with store.read() as view:
        persons = view.people.persons([key, "x:d", "q:alone"])
    assert persons == {key: ["x:a", "y:b", "z:c"], "x:d": ["x:d", "y:e"], "q:alone": ["q:alone"]}


def test_an_hour_may_have_an_alarm_for_each_topic(store: Store) -> None:
    facts = {"detector": "topic-spikes@1", "subject": "Acme", "network": "x", "at": START, "value": 9, "expected": 1,
             "severity": 3, "crisis": False}  # fmt: skip
    with store.begin() as tx:
        assert tx.alarms.raise_(topic="price", **facts)
        assert tx.alarms.raise_(topic="safety", **facts)
        assert not tx.alarms.raise_(topic="price", **facts)
        assert tx.alarms.missed("Acme", START, "ana", topic="price")
        assert not tx.alarms.missed("Acme", START, "ana", topic="price")

    with store.read() as view:
        assert {one.topic for one in view.alarms.recent()} == {"price", "safety"}
