"""Forecasts: better than the same week once more, and judged by names that say by what."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.domain import Cursor, Scope
from hub.domain.config import Config, Organisation, Subject
from hub.measure.figures import Figures
from hub.measure.forecast import bias, forecast, seasonal_naive, wape
from hub.measure.load import whole_days
from hub.stages import forecast as stage
from hub.store import Store
from tests.unit.store.builders import START, WATCH, make_handoff, make_post, make_signal

BERLIN = Config(organisation=Organisation(name="Acme", timezone="Europe/Berlin"), subjects=(Subject(name="Acme"),))
DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 30, 0, tzinfo=ZoneInfo("Europe/Berlin"))  # the day after the clocks changed


def test_twelve_hundred_forecast_and_1440_come_is_another_figure_by_each_base():
    assert wape([(1200, 1440)]).value == pytest.approx(16.7, abs=0.05)
    assert wape([(1200, 1440)], base="forecast").value == pytest.approx(20)
    assert bias([(1200, 1440)]).value == pytest.approx(-16.7, abs=0.05)


def test_what_is_too_much_here_makes_up_for_nothing_there():
    pairs = [(10, 20), (30, 20)]
    assert (wape(pairs).value, bias(pairs).value) == (50, 0)
    assert wape([(5, 0)]).value is None


def test_a_season_is_found_again():
    counts = [10 + 5 * (hour % 24) for hour in range(28 * 24)]
    assert [round(one.value) for one in forecast(counts, 24, per_day=24)] == counts[:24]


def test_weekends_are_quiet_again():
    counts = [5.0 if day % 7 >= 5 else 50.0 for day in range(28)]
    made = [one.value for one in forecast(counts, 7, per_day=1)]
    assert max(made[5:]) < 0.7 * min(made[:5])


def test_one_evening_of_outrage_is_not_expected_again():
    counts = [100.0] * 28
    counts[25] = 10_000.0
    assert max(one.value for one in forecast(counts, 7, per_day=1)) < 0.25 * sum(counts[14:]) / 14


def test_seldom_counts_are_not_forecast_as_none():
    counts = [1.0 if day % 5 == 0 else 0.0 for day in range(30)]
    assert 0.08 < sum(one.value for one in forecast(counts, 10, per_day=1)) / 10 < 0.3
    assert {one.value for one in forecast([0.0] * 30, 10, per_day=1)} == {0.0}


def test_what_nobody_observed_is_no_silence():
    known, gap = [50.0] * 21, [50.0] * 14 + [None] * 5 + [50.0] * 2
    assert forecast(gap, 3, per_day=1)[0].value == pytest.approx(forecast(known, 3, per_day=1)[0].value)


def test_of_two_days_nothing_is_forecast():
    assert forecast([1.0, 2.0], 7, per_day=1) == []


def test_the_interval_holds_what_is_usual():
    counts = [20 + 10 * math.sin(day) for day in range(60)]
    for one in forecast(counts, 7, per_day=1):
        assert 0 < one.low < one.value < one.high < 60


def test_on_mention_counts_it_beats_the_last_day_and_the_last_week(shared):
    from benchmarks.forecasting import DATA, HORIZONS, compared

    if not DATA.is_dir():
        pytest.skip(f"needs {DATA}")
    for steps in HORIZONS.values():
        for path in sorted(DATA.glob("*.csv.gz")):
            found = compared(path, steps)
            assert found["ours"][0] < min(found["last day"][0], found["last week"][0]), path.name
            assert abs(found["ours"][1]) < abs(found["last week"][1]), path.name


def test_what_has_grown_lately_is_expected_to_stay():
    assert sum(one.value for one in forecast([100.0] * 28 + [200.0] * 2, 7, per_day=1)) / 7 == pytest.approx(
        200, rel=0.1
    )


def test_the_last_season_comes_once_more():
    assert seasonal_naive([1, 2, 3, 4, 5], 5, season=3) == [3, 4, 5, 3, 4]


def test_days_are_whole_where_the_organisation_is():
    days = whole_days(MONDAY - DAY - timedelta(hours=1), MONDAY + DAY, BERLIN)
    assert [str(end - start) for start, end in days] == ["23:00:00", "1 day, 0:00:00"]
    assert days[1] == (MONDAY.astimezone(UTC), (MONDAY + DAY).astimezone(UTC))


class Clock:
    now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def talked(clock):
    """Four weeks with two conversations and one mention each day, seen without a gap; on Sundays none."""
    with Store.open("sqlite://", clock=clock) as store:
        clock.now = MONDAY.astimezone(UTC) - 35 * DAY
        with store.begin() as tx:
            tx.watches.register(WATCH)
        for number in range(-35, 7):
            clock.now = (MONDAY + number * DAY + timedelta(hours=12)).astimezone(UTC)
            work(store, number, 0 if number % 7 == 6 else 2)
            with store.begin() as tx:
                tx.watches.polled(WATCH.key)
            if number == -2:
                stage.keep(BERLIN, store)
        yield store


def work(store, number, count):
    for one in range(count):
        post = make_post(100 * number + one + 10_000, published_at=store.now(), collected_at=store.now())
        with store.begin() as tx:
            tx.posts.save([post])
            tx.signals.save([(post, make_signal(post))])
            tx.handoffs.save([make_handoff(post, key=f"case:{number}:{one}")])


def test_a_week_is_held_against_what_was_said_before_it(talked, clock):
    clock.now = (MONDAY + 8 * DAY).astimezone(UTC)
    week = Scope(since=MONDAY, until=MONDAY + 7 * DAY)
    with talked.read() as view:
        figures = Figures(view, BERLIN)
        off, lean, planned = (figures.figure(f"contact_load_{each}", week) for each in ("wape", "bias", "forecast"))
        talk = figures.figure("mentions_wape", week)
        other = figures.figure("contact_load_wape", week.with_(network="x"))
        days = [one.numerator for one in figures.series("contact_load_wape", week, "day")]

    assert off.denominator == 12
    assert 0 < off.value < 25
    assert lean.numerator == pytest.approx(planned.value - 12)
    assert talk.denominator == 12
    assert other.missing
    assert sum(days) == pytest.approx(off.numerator)


def test_a_forecast_of_the_night_before_flatters_nobody(talked, clock):
    clock.now = (MONDAY + 3 * DAY + timedelta(hours=1)).astimezone(UTC)
    stage.keep(BERLIN, talked)
    clock.now = (MONDAY + 8 * DAY).astimezone(UTC)
    with talked.read() as view:
        friday = Scope(since=MONDAY + 4 * DAY, until=MONDAY + 5 * DAY)
        planned = view.forecasts.planned("contact_load", MONDAY, MONDAY + 7 * DAY)
        assert Figures(view, BERLIN).figure("contact_load_forecast", friday).value == planned[4].expected
        assert view.forecasts.latest("contact_load")[0].made_at > planned[0].made_at


def test_days_that_nobody_forecast_are_told_as_such(talked):
    with talked.read() as view:
        early = Scope(since=MONDAY - 21 * DAY, until=MONDAY - 14 * DAY)
        assert "No forecast was made" in Figures(view, BERLIN).figure("contact_load_wape", early).missing


def test_a_plan_that_is_partly_unknown_is_of_what_was_observed(clock):
    with Store.open("sqlite://", clock=clock) as store:
        with store.begin() as tx:
            tx.watches.register(WATCH)
            tx.watches.advance(WATCH.key, Cursor(position="1"))
        assert stage.keep(BERLIN, store) == []
