"""Filters: what an address may ask for, and which time that is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from command_centre.filters import PERIODS, BadFilter, Choices, checked

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 30, 10, 20, tzinfo=UTC)  # the day after the clocks went forward
HERE = Choices(subjects=["Acme", "A&B <i>"], networks=["x"], teams=["sales"])


def asked(**given):
    return checked(given, NOW, BERLIN, HERE)


@pytest.mark.parametrize(
    ("period", "since", "days", "step"),
    [
        ("today", "2026-03-30T00:00:00+02:00", 1, "hour"),
        ("24h", "2026-03-29T13:00:00+02:00", 1, "hour"),
        ("7d", "2026-03-24T00:00:00+01:00", 7, "day"),
        ("28d", "2026-03-03T00:00:00+01:00", 28, "day"),
        ("90d", "2025-12-31T00:00:00+01:00", 90, "day"),
    ],
)
def test_a_period_begins_where_a_day_or_an_hour_does_and_ends_now(period, since, days, step):
    filters = asked(period=period)

    assert filters.since == datetime.fromisoformat(since)
    assert filters.until == NOW
    assert (filters.step, filters.days) == (step, days if period != "24h" else filters.days)


def test_nothing_asked_is_the_last_seven_days_and_no_query():
    assert asked().query() == ""
    assert asked(period="7d").period == "7d"


def test_days_of_ones_own_are_whole_days_of_the_place():
    filters = asked(since="2026-03-28", until="2026-03-29")

    assert filters.period == "custom"
    assert filters.until.astimezone(UTC) - filters.since.astimezone(UTC) == timedelta(hours=47), (
        "one of these days has 23 hours"
    )
    assert filters.query() == "?period=custom&since=2026-03-28&until=2026-03-29"


def test_a_day_that_has_not_ended_ends_now():
    assert asked(since="2026-03-30", until="2026-03-31").until == NOW


def test_the_period_before_is_at_the_same_times_of_day():
    before = asked(period="7d").before

    assert before.since == datetime.fromisoformat("2026-03-17T00:00:00+01:00")
    assert before.until.astimezone(BERLIN).isoformat() == "2026-03-23T12:20:00+01:00"


def test_what_is_chosen_is_kept_in_links_and_nothing_else_is():
    filters = asked(period="28d", subject="A&B <i>", network="x", team="sales", since="2026-01-01")

    assert filters.query() == "?period=28d&subject=A%26B+%3Ci%3E&network=x&team=sales"
    assert filters.query(period=None, subject=None, by="topic") == "?network=x&team=sales&by=topic"
    assert filters.scope.subject == "A&B <i>"


@pytest.mark.parametrize(
    "given",
    [
        {"period": "week"}, {"period": "<script>"}, {"subject": "acme"}, {"network": "../x"}, {"team": "sales'--"},
        {"period": "custom"}, {"since": "2026-02-30", "until": "2026-03-01"}, {"since": "2026-03-02"},
        {"since": "2026-03-05", "until": "2026-03-01"}, {"since": "2024-01-01", "until": "2026-03-01"},
        {"since": "2026-04-01", "until": "2026-04-02"}, {"since": "0001-01-01", "until": "0001-01-02"},
        {"since": "9999-12-31", "until": "9999-12-31"}, {"since": "٢٠٢٦-٠٣-٠١", "until": "2026-03-01"},
    ],
    ids=str,
)  # fmt: skip
def test_what_there_is_not_is_one_sentence_that_repeats_nothing(given):
    with pytest.raises(BadFilter) as said:
        asked(**given)

    assert said.value.status_code == 422
    assert said.value.detail.count(".") <= 1 or "2026-11-30" in said.value.detail
    assert not [
        value for value in given.values() if len(value) > 6 and value in said.value.detail and value not in PERIODS
    ]
