"""Unusual talk becomes one alert with its numbers; what is usual, meant or told already becomes none."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest

from hub.domain.config import Campaign, Detection
from hub.stages import detect
from hub.stages.detect import Detected, findings_in, uplift
from hub.store import Hour
from tests.unit.stages.world import ALARMS, NOW, WANTS_TO_BUY, Clock, Town, acme, outlet, tweet

HOUR = timedelta(hours=1)
THIS_HOUR = NOW.replace(minute=0)
CONFIG = acme().with_(campaigns=(), detection=Detection(team="communications"))


def past(hours: int = 24 * 20, *, mean: float = 12, network: str = "x", negative: float = 0.2) -> Iterator[Hour]:
    """Ordinary weeks that end before this hour."""
    chance = Random(1)
    for back in range(hours, 0, -1):
        posts = max(0, round(chance.gauss(mean, mean**0.5)))
        yield Hour(
            hour=THIS_HOUR - HOUR * back, network=network, subject="Acme", posts=posts,
            negative=round(posts * negative), crisis=0,
        )  # fmt: skip


def now_said(posts: int, *, negative: int = 0, crisis: int = 0, network: str = "x") -> Hour:
    return Hour(hour=THIS_HOUR, network=network, subject="Acme", posts=posts, negative=negative, crisis=crisis)


def found(*hours: Hour, config=CONFIG):
    return list(findings_in([*past(), *hours], config, NOW + timedelta(minutes=20)))


def test_an_ordinary_hour_is_no_news() -> None:
    assert found(now_said(15, negative=3)) == []


def test_far_more_than_usual_is_a_spike_already_while_the_hour_runs() -> None:
    (finding,) = found(now_said(90, negative=18))

    assert (finding.subject, finding.network, finding.crisis) == ("Acme", "x", False)
    assert finding.reading.value == 90
    assert 8 < finding.reading.expected < 16
    assert 1 <= finding.severity <= 10


@pytest.mark.parametrize("facts", [{"negative": 60}, {"negative": 18, "crisis": 4}])
def test_a_spike_that_is_worse_than_usual_is_a_crisis(facts: dict[str, int]) -> None:
    (calm,), (crisis,) = found(now_said(90, negative=18)), found(now_said(90, **facts))

    assert crisis.crisis
    assert crisis.severity == min(calm.severity + 2, 10)


def test_what_a_campaign_brings_is_expected() -> None:
    campaign = Campaign(name="sale", since=THIS_HOUR - HOUR, until=THIS_HOUR + HOUR, uplift=10)

    assert found(now_said(90), config=CONFIG.with_(campaigns=(campaign,))) == []
    assert found(now_said(90), config=CONFIG.with_(campaigns=(campaign.with_(subject="Kaffa"),))) != []
    assert uplift(CONFIG.with_(campaigns=(campaign, campaign.with_(uplift=2))), "Acme", THIS_HOUR) == 10
    assert uplift(CONFIG.with_(campaigns=(campaign,)), "Acme", THIS_HOUR + HOUR) == 1


def test_few_posts_are_no_spike_however_quiet_it_was() -> None:
    quiet = [one.with_(posts=0, negative=0) for one in past()]

    assert list(findings_in([*quiet, now_said(9)], CONFIG, NOW)) == []
    assert list(findings_in([*quiet, now_said(40)], CONFIG, NOW)) != []


def test_subjects_that_are_ours_no_more_are_not_judged() -> None:
    assert found(now_said(90).with_(subject="Forgotten")) == []


def crowd(town: Town, *, first: int = 1000, posts: int = 60) -> None:
    town.hear(*(tweet(first + n, ALARMS, author=f"p{n}", minutes_ago=n % 25) for n in range(posts)))


def detect_in(town: Town, config=CONFIG) -> Detected:
    outlets = [outlet("slack")]
    return detect.run(config, outlets, store=town.store, run="triage-1", link_base="http://hub.test")


def ordinary_weeks(town: Town, clock: Clock) -> None:
    """Twelve days of two posts an hour, written as the store would hold them."""
    with town.store.begin() as tx:
        from hub.store import tables

        rows = [
            {"hour": THIS_HOUR - HOUR * back, "network": "x", "subject": "Acme", "intent": "none",
             "sentiment": "neutral", "relevant": True, "posts": 2 + back % 2}
            for back in range(2, 24 * 12)
        ]  # fmt: skip
        tx.connection.execute(tables.rollups.insert(), rows)


def test_a_crisis_is_one_incident_and_is_told_once(town: Town, clock: Clock) -> None:
    ordinary_weeks(town, clock)
    crowd(town)
    before = len(town.outbox("slack"))

    first = detect_in(town)
    clock.forward(minutes=6)
    again = detect_in(town)

    (finding,) = [each for each in first.findings if each.subject == "Acme"]
    assert finding.crisis
    assert again.findings == ()
    with town.look() as view:
        alarms = [each for each in view.alarms.recent() if each.subject == "Acme"]
        assert len(alarms) == 1
        assert alarms[0].incident in {one.key for one in view.incidents.open()}
        named = [one for one in view.incidents.open() if one.key.split("\x1f")[1].endswith(":Acme")]
        assert len(named) == 1
        (handoff,) = [one.handoff for one in view.handoffs.recent(kind="Alert")
                      if one.handoff.provenance.route == "spikes@1" and "Acme" in one.handoff.title]  # fmt: skip
    assert "expected" in handoff.title
    assert handoff.provenance.link.startswith("http://hub.test/command-centre/handoffs/")
    assert len(town.outbox("slack")) > before


def test_soon_after_a_run_nothing_is_judged_again(town: Town, clock: Clock) -> None:
    ordinary_weeks(town, clock)
    detect_in(town)
    crowd(town)

    assert detect_in(town).findings == ()
    clock.forward(minutes=5)
    assert detect_in(town).findings != ()


def test_detection_can_be_switched_off(town: Town, clock: Clock) -> None:
    ordinary_weeks(town, clock)
    crowd(town)

    assert detect_in(town, CONFIG.with_(detection=Detection(enabled=False))).findings == ()


def test_purchases_alone_do_not_make_a_crisis(town: Town, clock: Clock) -> None:
    ordinary_weeks(town, clock)
    town.hear(*(tweet(2000 + n, f"{WANTS_TO_BUY} {n}", author=f"b{n}", minutes_ago=n % 25) for n in range(60)))

    assert [each.crisis for each in detect_in(town).findings if each.subject == "Acme"] == [False]


def test_people_grade_the_detectors(town: Town, clock: Clock) -> None:
    ordinary_weeks(town, clock)
    crowd(town)
    detect_in(town)
    with town.look() as view:
        (alarm,) = [each for each in view.alarms.recent() if each.subject == "Acme"]
        (grade,) = view.alarms.grades()
    assert (grade.precision, grade.recall) == (None, None)

    with town.store.begin() as tx:
        tx.alarms.decide(alarm.id, "true", "ana")
        assert tx.alarms.missed("Kaffa", NOW - timedelta(days=3), "ana")
        assert not tx.alarms.missed("Kaffa", NOW - timedelta(days=3), "ben")
        tx.alarms.missed("Acme", NOW - timedelta(hours=2), "ana")  # the same event: it was noticed

    with town.look() as view:
        (grade,) = view.alarms.grades()
        decided = view.alarms.get(alarm.id)
    assert (grade.true, grade.missed, grade.precision, grade.recall) == (1, 1, 1.0, 0.5)
    assert decided.decided_by == "ana"
    assert grade.lead_minutes == decided.lead_minutes


def test_an_unknown_alarm_is_named(town: Town) -> None:
    with town.store.begin() as tx, pytest.raises(Exception, match="no alarm 77"):
        tx.alarms.decide(77, "true", "ana")
