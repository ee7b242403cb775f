"""Spikes: what a series' own past does not explain, and nothing else."""

import statistics
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.measure.spikes import Reading, Sensitivity, SpikeDetector, _middle_distance, severity_of

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)


def heard(counts: list[float], *, how: Sensitivity | None = None, step: timedelta = HOUR) -> list[Reading]:
    detector = SpikeDetector(how or Sensitivity())
    return [detector.read(START + step * place, count) for place, count in enumerate(counts)]


def ordinary(hours: int, *, mean: float = 20, seed: int = 1) -> list[float]:
    chance = Random(seed)
    return [float(max(0, round(chance.gauss(mean, mean**0.5)))) for _ in range(hours)]


def test_an_ordinary_month_is_quiet_and_a_crisis_in_it_is_told_once() -> None:
    counts = ordinary(24 * 28)
    for place in range(600, 606):
        counts[place] = 200

    spikes = [place for place, reading in enumerate(heard(counts)) if reading.spike]

    assert [place for place in spikes if place >= 600] == [600]
    assert len([place for place in spikes if place < 600]) <= 1


def test_nothing_is_told_before_anything_is_known() -> None:
    assert not any(reading.spike for reading in heard([5, 5, 900, 5, 800] * 9))


def test_the_worse_it_is_the_more_severe() -> None:
    quiet = ordinary(24 * 10)

    severities = [heard([*quiet, size])[-1].severity for size in (80, 160, 400, 50_000)]

    assert severities == sorted(severities)
    assert severities[0] >= 1
    assert severities[-1] == 10
    assert [severity_of(z) for z in (4, 1e9)] == [1, 10]


def test_what_happens_every_week_at_this_hour_is_no_news() -> None:
    counts = ordinary(24 * 7 * 6)
    for week in range(6):
        counts[week * 168 + 9] = 150  # every Monday at nine

    seasonal = [place // 168 for place, one in enumerate(heard(counts)) if one.spike and place % 168 == 9]
    plain = Sensitivity(seasonal=False, memory=timedelta(days=6))
    forgetful = [place // 168 for place, one in enumerate(heard(counts, how=plain)) if one.spike and place % 168 == 9]

    assert seasonal == [1] or seasonal == [1, 2]
    assert forgetful == [1, 2, 3, 4, 5]


def test_few_are_never_a_spike_where_a_floor_says_so() -> None:
    counts = [*([0.0] * 24 * 5), 9.0]

    assert heard(counts)[-1].spike
    assert not heard(counts, how=Sensitivity(least_count=10))[-1].spike


def test_one_count_alone_is_not_enough_where_it_must_persist() -> None:
    quiet = ordinary(24 * 10)
    how = Sensitivity(persists=2)

    assert not heard([*quiet, 300], how=how)[-1].spike
    assert heard([*quiet, 300, 900], how=how)[-1].spike


def test_a_campaign_explains_what_it_was_meant_to_bring() -> None:
    detector, plain = SpikeDetector(), SpikeDetector()
    for place, count in enumerate(ordinary(24 * 10)):
        detector.read(START + HOUR * place, count)
        plain.read(START + HOUR * place, count)
    at = START + timedelta(days=10)

    assert plain.read(at, 100).spike
    assert not detector.read(at, 100, uplift=5).spike


@given(st.lists(st.floats(0, 50), min_size=1, max_size=40), st.floats(0, 50))
@settings(max_examples=300, deadline=None)
def test_the_median_distance_is_the_median_distance(values: list[float], centre: float) -> None:
    ordered = sorted(values)

    assert _middle_distance(ordered, centre) == pytest.approx(statistics.median(abs(each - centre) for each in ordered))


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=200))
@settings(max_examples=100, deadline=None)
def test_every_count_gets_a_score_and_only_the_past_decides_it(counts: list[int]) -> None:
    whole = heard([float(each) for each in counts], step=timedelta(hours=3))
    part = heard([float(each) for each in counts[: len(counts) // 2]], step=timedelta(hours=3))

    assert all(0 <= reading.score <= 1 and (reading.severity > 0) == reading.spike for reading in whole)
    assert whole[: len(part)] == part
