"""Unusual talk becomes one alert with its numbers; what is usual, meant or told already becomes none."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest

from hub.domain.config import Campaign, Detection
from hub.stages import detect
from hub.stages.detect import Detected, findings_in
from hub.store import Hour
from hub.store.lengths import hour_of
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
    weaker = campaign.with_(uplift=1.5)
    assert found(now_said(90), config=CONFIG.with_(campaigns=(weaker, campaign))) == []
    assert found(now_said(90), config=CONFIG.with_(campaigns=(campaign.with_(until=THIS_HOUR),))) != []


def test_what_exceeds_even_a_campaign_is_told_with_its_name() -> None:
    campaign = Campaign(name="sale", since=THIS_HOUR, until=THIS_HOUR + HOUR, uplift=2)
    (finding,) = found(now_said(300), config=CONFIG.with_(campaigns=(campaign,)))

    assert finding.campaigns == ("sale",)
    assert 20 < finding.reading.expected < 32


def test_a_campaign_about_a_topic_explains_the_topic_and_the_whole_and_no_other() -> None:
    campaign = Campaign(name="sale", since=THIS_HOUR, until=THIS_HOUR + HOUR, topic="price", subject="Acme")
    config = CONFIG.with_(campaigns=(campaign,))

    planned = {topic: config.planned("Acme", topic, THIS_HOUR) for topic in ("", "price", "safety")}
    assert planned == {"": [campaign], "price": [campaign], "safety": []}
    assert config.planned("Kaffa", "price", THIS_HOUR) == []
    assert config.planned("Acme", "price", THIS_HOUR + HOUR) == []


def test_few_posts_are_no_spike_however_quiet_it_was() -> None:
    quiet = [one.with_(posts=0, negative=0) for one in past()]

    assert list(findings_in([*quiet, now_said(9)], CONFIG, NOW)) == []
    assert list(findings_in([*quiet, now_said(40)], CONFIG, NOW)) != []


def test_subjects_that_are_ours_no_more_are_not_judged() -> None:
    assert found(now_said(90).with_(subject="Forgotten")) == []


def on(topic: str, *hours: Hour) -> list[Hour]:
    return [one.with_(topic=topic) for one in hours]


def test_a_topic_stands_out_where_the_whole_does_not() -> None:
    busy = [*past(mean=100), now_said(110)]
    quiet = on("safety", *past(mean=1), now_said(24))
    (finding,) = findings_in([*busy, *quiet], CONFIG, NOW + timedelta(minutes=20))

    assert (finding.topic, finding.topics, finding.detector) == ("safety", ("safety",), "topic-spikes@1")
    assert finding.reading.value == 24


def test_a_topic_that_nobody_spoke_of_stands_out_once_it_is_known_to_be_looked_for() -> None:
    hours = [*past(mean=100), now_said(110), *on("safety", now_said(24))]
    weeks_ago = {"safety": NOW - timedelta(days=15)}

    (finding,) = findings_in(hours, CONFIG, NOW, first_met=weeks_ago)
    assert finding.topic == "safety"
    assert list(findings_in(hours, CONFIG, NOW, first_met={"safety": THIS_HOUR})) == []
    assert list(findings_in(hours, CONFIG, NOW)) == []


def test_a_topic_within_a_spike_is_told_with_it_and_may_make_it_a_crisis() -> None:
    whole = [*past(), now_said(90, negative=18)]
    loud = on("safety", *past(mean=1, negative=0), now_said(40, negative=30))
    other = on("price", *past(mean=1), now_said(20))
    (finding,) = findings_in([*other, *whole, *loud], CONFIG, NOW + timedelta(minutes=20))

    assert (finding.topic, finding.detector) == ("", "spikes@1")
    assert finding.topics == ("safety", "price")
    assert finding.crisis


def test_posts_of_crisis_that_are_usual_make_no_crisis() -> None:
    always = [one.with_(crisis=one.posts // 4) for one in past()]

    (usual,) = findings_in([*always, now_said(90, crisis=24)], CONFIG, NOW)
    (worse,) = findings_in([*always, now_said(90, crisis=60)], CONFIG, NOW)
    assert (usual.crisis, worse.crisis) == (False, True)


def crowd(town: Town, *, first: int = 1000, posts: int = 60) -> None:
    town.hear(*(tweet(first + n, ALARMS, author=f"p{n}", minutes_ago=n % 25) for n in range(posts)))


def detect_in(town: Town, config=CONFIG) -> Detected:
    outlets = [outlet("slack")]
    return detect.run(config, outlets, store=town.store, run="triage-1", link_base="http://hub.test")


def ordinary_weeks(town: Town, clock: Clock) -> None:
    """Twelve days of two posts an hour, written as the store would hold them; a few are about price or safety."""
    with town.store.begin() as tx:
        from hub.store import tables

        said = [("Acme", "", back, 2 + back % 2) for back in range(2, 24 * 12)]
        said += [("Kaffa", topic, 24 * 11, 1) for topic in ("price", "safety")]
        rows = [
            {"at": hour_of(THIS_HOUR) - back, "network": "x", "subject": subject, "topic": topic, "posts": posts,
             "negative": 0, "crisis": 0}
            for subject, topic, back, posts in said
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
        alarms = [each for each in view.alarms.recent() if each.subject == "Acme" and not each.topic]
        assert len(alarms) == 1
        assert alarms[0].incident in {one.key for one in view.incidents.open()}
        named = [one for one in view.incidents.open() if any(group.endswith(":Acme") for group in one.groups)]
        assert len(named) == 1  # whatever was named first
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
        (alarm,) = [each for each in view.alarms.recent() if each.subject == "Acme" and not each.topic]
        grade, *_ = view.alarms.grades()
    assert (grade.precision, grade.recall) == (None, None)

    with town.store.begin() as tx:
        tx.alarms.decide(alarm.id, "true", "ana")
        assert tx.alarms.missed("Kaffa", NOW - timedelta(days=3), "ana")
        assert not tx.alarms.missed("Kaffa", NOW - timedelta(days=3), "ben")
        tx.alarms.missed("Acme", NOW - timedelta(hours=2), "ana")  # the same event: it was noticed

    with town.look() as view:
        (grade,) = [one for one in view.alarms.grades() if one.detector == "spikes@1"]
        decided = view.alarms.get(alarm.id)
    assert (grade.true, grade.missed, grade.precision, grade.recall) == (1, 1, 1.0, 0.5)
    assert decided.decided_by == "ana"
    assert grade.lead_minutes == decided.lead_minutes


def test_an_unknown_alarm_is_named(town: Town) -> None:
    with town.store.begin() as tx, pytest.raises(Exception, match="no alarm 77"):
        tx.alarms.decide(77, "true", "ana")


def test_topics_of_one_spike_are_one_incident_one_alert_and_one_verdict(town: Town, clock: Clock) -> None:
    ordinary_weeks(town, clock)
    crowd(town)
    detect_in(town)

    with town.look() as view:
        alarms = [each for each in view.alarms.recent() if each.subject == "Acme"]
        told = [one.handoff for one in view.handoffs.recent(kind="Alert")
                if one.handoff.provenance.route.endswith("spikes@1") and " Acme " in one.handoff.title]  # fmt: skip
    assert {each.topic for each in alarms} == {"", "safety"}
    assert len({each.incident for each in alarms}) == 1
    assert len(told) == 1
    assert "57 posts on Acme about safety in an hour" in told[0].title

    def judge(topic: str, verdict: str) -> dict[str, str | None]:
        with town.store.begin() as tx:
            tx.alarms.decide(next(each.id for each in alarms if each.topic == topic), verdict, "ana")
        with town.look() as view:
            return {each.topic: each.verdict for each in view.alarms.recent() if each.subject == "Acme"}

    assert judge("", "false") == {"": "false", "safety": "false"}
    assert judge("safety", "true") == {"": "false", "safety": "true"}


def test_each_topic_is_graded_for_itself(town: Town) -> None:
    def alarm(topic: str, day: int, verdict: str) -> None:
        with town.store.begin() as tx:
            at = THIS_HOUR - timedelta(days=day)
            tx.alarms.raise_(
                detector="topic-spikes@1", subject="Acme", network="x", topic=topic, at=at, value=40, expected=2,
                severity=5, crisis=False, incident=f"i{topic}{day}",
            )  # fmt: skip
            number = next(one.id for one in tx.alarms.recent() if one.topic == topic and one.at == at)
            tx.alarms.decide(number, verdict, "ana")

    alarm("safety", 1, "true")
    alarm("price", 5, "true")
    alarm("price", 9, "campaign")
    with town.store.begin() as tx:
        tx.alarms.missed("Acme", THIS_HOUR - timedelta(days=14), "ana", topic="price")
        tx.alarms.missed("Acme", THIS_HOUR - timedelta(days=20), "ana")  # nobody says what about

    with town.look() as view:
        grades = {one.topic: (one.precision, one.recall, one.missed) for one in view.alarms.grades()}
    assert grades == {
        None: (pytest.approx(2 / 3), pytest.approx(2 / 3), 1), "price": (0.5, 0.5, 1), "safety": (1.0, 1.0, 0),
    }  # fmt: skip


def test_the_sums_by_topic_follow_what_is_found(town: Town, clock: Clock) -> None:
    town.hear(*(tweet(n, ALARMS, author=f"p{n}") for n in range(3)))

    def safety() -> list[tuple[int, int]]:
        with town.look() as view:
            hours = view.rollups.by_topic(NOW - HOUR * 3, NOW, least=1, since=NOW - HOUR * 3)
            return [(one.posts, one.crisis) for one in hours if one.topic == "safety" and one.subject == "Acme"]

    assert [posts for posts, _ in safety()] == [3]
    with town.store.begin() as tx:
        key = "x:post:1"
        post, signal = tx.posts.get(key), tx.signals.of([key])[key]
        tx.signals.save([(post, signal.with_(topics=(), intent="none"))])
    assert [posts for posts, _ in safety()] == [2]
    with town.store.begin() as tx:
        tx.signals.save([(post, signal.with_(intent="spam"))])
    assert [posts for posts, _ in safety()] == [2]


def test_a_topic_that_follows_within_the_rest_only_makes_the_incident_grow(town: Town, clock: Clock) -> None:
    ordinary_weeks(town, clock)
    crowd(town)
    detect_in(town)
    with town.look() as view:
        before = len(view.handoffs.recent(kind="Alert"))
    clock.forward(hours=1)
    crowd_about(town, "the price is way too expensive @acme", first=5000)
    later = detect_in(town)

    assert [each.topic for each in later.findings if each.subject == "Acme"] == []
    with town.look() as view:
        assert "price" in {each.topic for each in view.alarms.recent() if each.subject == "Acme"}
        spikes = [one for one in view.handoffs.recent(kind="Alert", limit=200)
                  if one.handoff.provenance.route == "topic-spikes@1"]  # fmt: skip
        assert spikes == []
        assert len(view.handoffs.recent(kind="Alert")) == before


def crowd_about(town: Town, text: str, *, first: int, posts: int = 60) -> None:
    town.hear(*(tweet(first + n, f"{text} {n}", author=f"q{n}", minutes_ago=n % 25 - 60) for n in range(posts)))


def test_a_subject_whose_name_has_a_colon_has_one_incident(town: Town) -> None:
    from hub.stages.detect import _incident

    with town.store.begin() as tx:
        (first, _), day = _incident(tx, "Star Brew: Origins", HOUR), HOUR * 24
        tx.incidents.report(first, title="t", severity=3)
        assert _incident(tx, "Star Brew: Origins", day)[0] == first
        assert _incident(tx, " Origins", day)[0] != first
