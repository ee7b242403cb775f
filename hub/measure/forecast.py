"""Forecasts of counts: how much is to be expected, and how far off it was when the time had come.

    usual    = half of what this time of day brought on the last 14 days
             + half of what this hour of the week brought in the last 3 weeks
    expected = usual + by how much the last 2 days were above or below what was usual for them, where counts are many

The one is the mean of square roots, squared again, the other their median: one evening of outrage lifts a mean of
counts for weeks, and a mean of square roots little. What that takes off is put on again by as much as counts scatter by
chance (a quarter at most), so that seldom counts are forecast as seldom, not as none. By the second line errors of one
day are put right on the next ones: what is usual, alone, would be too little for weeks after talk has grown. The
settings are the middle of a plateau on the earlier half of the data that `benchmarks/forecasting.py` judges it by; it
is judged on the later half.
"""

from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import fmean, median
from typing import Literal

from hub.domain import Model
from hub.measure.counted import Counted, ratio

METHOD = "seasonal-roots@2"
DAYS, WEEKS = 14, 3  # looked back
LATELY = 2  # days whose errors are put right
BELIEVED = 10.0  # counts a day from which on an error is put right by half of it; of fewer it mostly is chance
ANSCOMBE = 0.375  # added before the square root, so that small counts scatter alike
BY_CHANCE = 0.25  # the variance of the square roots of counts that come by chance
LEAST_SPREAD = sqrt(BY_CHANCE)
IN_95_OF_100 = 1.96
WEEK = 7  # days
ENOUGH = 3  # counts, of one time of day; of fewer nothing is known

Base = Literal["actual", "forecast"]


class Expected(Model, omit_defaults=False):
    """What one step is to bring, and between what it will be in 95 of 100 cases."""

    value: float
    low: float
    high: float


def forecast(counts: Sequence[float | None], steps: int, *, per_day: int) -> list[Expected]:
    """What the next `steps` bring after these, of which `per_day` are a day (1 or 24); None is a step nobody observed.

    Empty where too little is known yet.
    """
    days = -(-steps // per_day)
    usual = _usual(counts, days * per_day, per_day)
    if not usual:
        return []
    beyond = _beyond(counts, per_day)
    moved = [_moved(usual[day * per_day : (day + 1) * per_day], beyond) for day in range(days)]
    return [one for day in moved for one in day][:steps]


def seasonal_naive(counts: Sequence[float], steps: int, *, season: int) -> list[float]:
    """The last season once more, and again: what a forecast has to be better than."""
    start = len(counts) - season
    return [counts[start + ahead % season] for ahead in range(steps)]


def wape(pairs: Iterable[tuple[float, float]], *, base: Base = "actual") -> Counted:
    """How far forecasts were off, in percent of what came; pairs of forecast and actual.

    Of the forecast only where it is asked so: 1,200 forecast and 1,440 come are 16.7 % of the one, 20 % of the other.
    """
    known = list(pairs)
    off = sum(abs(actual - made) for made, actual in known)
    whole = sum(actual if base == "actual" else made for made, actual in known)
    return ratio(off, whole, times=100, missing="Nothing came that could have been forecast.")


def bias(pairs: Iterable[tuple[float, float]]) -> Counted:
    """How much too much was forecast, in percent of what came; below zero it was too little."""
    known = list(pairs)
    off = sum(made - actual for made, actual in known)
    whole = sum(actual for _, actual in known)
    return ratio(off, whole, times=100, missing="Nothing came that could have been forecast.")


def _usual(counts: Sequence[float | None], steps: int, per_day: int) -> list[Expected]:
    """What is usual for the next steps; empty where too little is known."""
    made = [_expected(counts, len(counts) + ahead, per_day) for ahead in range(steps)]
    return [one for one in made if one is not None] if all(made) else []


def _beyond(counts: Sequence[float | None], per_day: int) -> float:
    """How much more than usual a day has brought lately, as was known when each began; days with gaps say nothing."""
    found = []
    for day in range(1, LATELY + 1):
        began = len(counts) - day * per_day
        came = [count for count in counts[max(began, 0) : began + per_day] if count is not None]
        usual = _usual(counts[: max(began, 0)], per_day, per_day) if len(came) == per_day else []
        if usual:
            found.append(sum(came) - sum(one.value for one in usual))
    return fmean(found) if found else 0.0


def _moved(day: Sequence[Expected], beyond: float) -> list[Expected]:
    """A day's steps with so much more or less in all, each in proportion."""
    whole = sum(one.value for one in day)
    if not whole:
        return list(day)
    times = max(whole + beyond * whole / (whole + BELIEVED), 0.0) / whole
    return [Expected(value=one.value * times, low=one.low * times, high=one.high * max(times, 1.0)) for one in day]


def _expected(counts: Sequence[float | None], at: int, per_day: int) -> Expected | None:
    daily = _roots(counts, at, per_day, DAYS)
    weekly = _roots(counts, at, per_day * WEEK, WEEKS)
    if len(daily) < ENOUGH:
        return None
    values = [_count(fmean(daily), daily)]
    if len(weekly) == WEEKS:
        values.append(_count(median(weekly), weekly))
    value = fmean(values)
    root = sqrt(value + ANSCOMBE)
    off = IN_95_OF_100 * max(sqrt(_variance(daily)), LEAST_SPREAD) * sqrt(1 + 1 / len(daily))
    return Expected(value=value, low=max(root - off, 0.0) ** 2, high=(root + off) ** 2)


def _roots(counts: Sequence[float | None], at: int, season: int, most: int) -> list[float]:
    """Square roots of the last `most` counts that lie whole seasons before a step, as far as they are known."""
    last = at - season * -(-(at - len(counts) + 1) // season)
    known = (counts[place] for place in range(last, -1, -season))
    return [sqrt(max(count, 0.0) + ANSCOMBE) for count, _ in zip(known, range(most), strict=False) if count is not None]


def _count(root: float, roots: Sequence[float]) -> float:
    """The count that such a square root stands for, where these scatter about it."""
    return max(root * root - ANSCOMBE + min(_variance(roots), BY_CHANCE), 0.0)


def _variance(roots: Sequence[float]) -> float:
    """That of `statistics`, which takes twenty times as long, since it adds up fractions."""
    centre = fmean(roots)
    return fmean([(root - centre) ** 2 for root in roots])
