"""Whether somebody speaks better or worse of us of late."""

from collections.abc import Iterator

import pytest

from hub.domain import Signal
from hub.measure.trend import EARLIER, NEWEST, Trend, sentiment_trend


def said(*scores: float) -> list[Signal]:
    """Signals with these sentiments, newest first."""
    return [
        Signal(post=f"x:post:{number}", found_by="t@1", sentiment_score=score) for number, score in enumerate(scores)
    ]


def test_nothing_said_is_no_trend_and_no_mean():
    assert sentiment_trend([]) == Trend(word="too few posts", recent=None, before=None, recent_count=0, before_count=0)


@pytest.mark.parametrize("scores", [(0.9,), (0.9, -0.9), (-0.9, 0.9, 0.9)])
def test_a_few_posts_show_a_mood_and_no_trend(scores):
    trend = sentiment_trend(said(*scores))

    assert trend.word == "too few posts"
    assert trend.recent is not None
    assert trend.recent_count + trend.before_count == len(scores)


def test_the_newest_are_held_against_those_before():
    trend = sentiment_trend(said(-0.8, -0.6, 0.2, 0.4))

    assert (trend.word, trend.recent_count, trend.before_count) == ("worsening", 2, 2)
    assert trend.recent == pytest.approx(-0.7)
    assert trend.before == pytest.approx(0.3)


def test_a_better_mood_is_an_improving_one():
    assert sentiment_trend(said(0.5, 0.5, -0.5, -0.5)).word == "improving"


@pytest.mark.parametrize(("change", "word"), [(0.24, "steady"), (0.25, "improving"), (-0.25, "worsening")])
def test_a_small_difference_is_how_people_write(change, word):
    assert sentiment_trend(said(0.1 + change, 0.1 + change, 0.1, 0.1)).word == word


def test_of_many_posts_only_the_latest_count():
    trend = sentiment_trend(said(*[1.0] * NEWEST, *[0.0] * EARLIER, *[-1.0] * 100))

    assert (trend.recent_count, trend.before_count) == (NEWEST, EARLIER)
    assert (trend.recent, trend.before) == (1.0, 0.0)


def test_a_long_history_is_not_read_to_its_end():
    read = 0

    def history() -> Iterator[Signal]:
        nonlocal read
        for signal in said(*[0.0] * 500):
            read += 1
            yield signal

    sentiment_trend(history())

    assert read <= NEWEST + EARLIER + 1
