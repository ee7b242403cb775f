"""Leads, cases, alerts: counted once, of whatever they are asked about, and followed to their end."""

from datetime import timedelta

import pytest

from hub.domain import Provenance, Scope
from hub.domain.config import Config, Organisation, Subject
from hub.measure.figures import Figures
from hub.store import Store
from tests.unit.store.builders import START, WATCH, make_handoff, make_post, make_signal

ACME = Config(organisation=Organisation(name="Acme"), subjects=(Subject(name="Acme"), Subject(name="Kaffa")))
DAY = timedelta(days=1)
TODAY = Scope(since=START - DAY, until=START + DAY)


class Clock:
    now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    with Store.open("sqlite://", clock=clock) as store:
        yield store


def handed(number, kind, *, key, route="help@1", team="support", network="mastodon", subjects=("Acme",), **post):
    """One piece of work."""
    posted = make_post(number, key=f"{network}:status:{number}", network=network, **post)
    why = Provenance(post=posted.key, route=route, classifier="rules@1", confidence=0.9, run="triage-1")
    signal = make_signal(posted, subjects=subjects, confidence=0.9)
    return make_handoff(posted, kind=kind, key=key, team=team, provenance=why, signal=signal)


def save(store, *handoffs):
    with store.begin() as tx:
        tx.handoffs.save(list(handoffs))


def asked(store, name, scope=TODAY):
    with store.read() as view:
        return Figures(view, ACME).figure(name, scope)


def by(store, name, dimension, scope=TODAY):
    with store.read() as view:
        parts = Figures(view, ACME).split(name, scope, by=dimension)
    return {part.name: part.figure.value for part in parts if part.figure.value}


def test_work_is_counted_once_and_narrowed_to_what_is_asked(store):
    save(
        store,
        handed(1, "Lead", key="mastodon:account:1", route="purchase-lead@2", team="sales"),
        handed(2, "Lead", key="mastodon:account:1", route="partner-lead@2", team="sales"),
        handed(3, "Lead", key="x:account:1", route="partner-lead@2", team="sales", network="x", subjects=("Kaffa",)),
        handed(4, "Case", key="case:4", visibility="private"),
        handed(5, "Case", key="case:5"),
        handed(6, "Alert", key="incident:1", team="pr", subjects=()),
    )

    assert [asked(store, name).value for name in ("leads", "cases", "contact_volume", "alerts")] == [2, 2, 2, 1]
    assert by(store, "leads", "route") == {"purchase-lead": 1, "partner-lead": 1}
    assert by(store, "leads", "network") == {}  # no watch, no part
    assert by(store, "leads", "subject") == {"Acme": 1, "Kaffa": 1}
    assert by(store, "leads", "team") == {"sales": 2}
    assert by(store, "contact_volume", "channel") == {"mastodon private": 1, "mastodon public": 1}
    assert asked(store, "leads", TODAY.with_(network="x", team="sales")).value == 1
    assert asked(store, "leads", TODAY.with_(network="x", subject="Acme")).value == 0


def test_days_add_up_to_the_whole(store, clock):
    for day, number in enumerate((1, 2, 2)):
        clock.now = START + day * DAY
        save(store, *(handed(10 * day + one, "Case", key=f"case:{day}:{one}") for one in range(number)))

    with store.read() as view:
        scope = Scope(since=START, until=START + 3 * DAY)
        values = [figure.value for figure in Figures(view, ACME).series("cases", scope, "day")]
    assert sum(value or 0 for value in values) == 5  # the last day is still to come
    assert len(values) == 4


def test_a_cohort_is_partial_until_its_youngest_lead_is_old_enough(store, clock):
    save(store, *(handed(number, "Lead", key=f"mastodon:account:{number}") for number in range(1, 5)))
    cohort = Scope(since=START, until=START + DAY)
    with store.begin() as tx:  # all of the cohort's time was seen
        tx.watches.register(WATCH)
        tx.observed.saw(WATCH.key, WATCH.network, since=START, until=START + DAY)
    clock.now = START + 10 * DAY
    with store.begin() as tx:
        tx.leads.ended({"mastodon:account:1": True, "mastodon:account:2": False}, who="crm")
    early = asked(store, "lead_conversion_30d", cohort)
    clock.now = START + 60 * DAY
    with store.begin() as tx:
        tx.leads.ended({"mastodon:account:3": True}, who="crm")
    later = {name: asked(store, name, cohort) for name in ("lead_conversion_30d", "lead_conversion_90d")}

    assert (early.value, early.partial) == (25, True)
    assert [(one.value, one.partial) for one in later.values()] == [(25, False), (50, True)]
    assert [asked(store, name, cohort).value for name in ("leads_won", "leads_lost")] == [2, 1]
    assert by(store, "leads_won", "route", cohort) == {"help": 2}
    assert asked(store, "lead_conversion_30d", Scope(since=START + DAY, until=START + 2 * DAY)).value is None


def test_what_waits_for_the_helpdesk_says_so(store):
    assert asked(store, "first_response_time").missing == (
        "No data yet: this needs the replies that people give in the helpdesk."
    )


def behind(store, name, scope=TODAY, **more):
    with store.read() as view:
        return [one.post.native_id for one in Figures(view, ACME).behind(name, scope, **more)]


def test_behind_a_figure_are_the_posts_that_began_the_work_newest_first(store, clock):
    for number in (1, 2, 3):
        clock.now = START + timedelta(minutes=number)
        save(store, handed(number, "Case", key=f"case:{number}", team="support" if number < 3 else "sales"))
    save(store, handed(4, "Case", key="case:1").with_(first=False), handed(5, "Lead", key="lead:1", network="x"))

    assert behind(store, "cases") == ["3", "2", "1"]
    assert behind(store, "leads") == ["5"]
    assert behind(store, "cases", TODAY.with_(team="support")) == ["2", "1"]
    assert behind(store, "cases", limit=1, before="mastodon:status:3") == ["2"]
    assert behind(store, "cases", before="mastodon:status:unknown") == []


def test_behind_each_part_are_as_many_posts_as_it_counts(store):
    with store.begin() as tx:
        for network in ("mastodon", "x"):
            tx.watches.register(WATCH.with_(network=network))
    save(
        store, handed(1, "Case", key="case:1"), handed(2, "Case", key="case:2", route="help_me@1"),
        handed(3, "Case", key="case:3", route="help@2"), handed(4, "Case", key="case:4", network="x"),
        handed(5, "Case", key="case:5", subjects=("Kaffa",)),
    )  # fmt: skip

    for name, dimensions in (("cases", ("subject", "network", "team", "route")), ("contact_volume", ("channel",))):
        for dimension in dimensions:
            counted = by(store, name, dimension)
            assert counted
            assert counted == {part: len(behind(store, name, part=(dimension, part))) for part in counted}, dimension
