"""Spikes: when more is said than this series' own past explains.

    level = median of the square roots of the last three days; spread = their median absolute deviation
    z     = (square root of now - level) / spread
    spike = z above everything of the last two weeks, above a floor, and not just after another one

Square roots, since counts scatter by their own size. The series' own top is the threshold: a fixed one on any z-score
is unusable on mention counts, where one company's ordinary evening is another one's scandal. What is asked is only the
past, so the detector works while the counts come in. With some weeks of history the hour of the week counts as well:
what happens every Monday at nine is no news.
"""

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt

from hub.domain import Model, Moment

ANSCOMBE = 0.375  # added before the square root, so that small counts scatter alike
NORMAL = 1.4826  # the median absolute deviation of a normal distribution, as its standard deviation
HALF = 0.5  # the score from which on it is a spike
WORST = 10
DAY = timedelta(days=1)
WEEKS = 3  # as many as make a habit


class Sensitivity(Model):
    """How a detector judges. The defaults are the middle of a plateau, and fitted to no series."""

    baseline: timedelta = timedelta(days=3)
    memory: timedelta = timedelta(days=14)  # whose top a spike must exceed
    warm_up: timedelta = timedelta(days=2)  # before that, nothing is known
    least_z: float = 4.0  # in a quiet series its own top would be too low
    least_spread: float = 0.5  # of square roots: a series that hardly moves
    least_count: float = 0.0  # fewer are never a spike, whatever the past says
    persists: int = 1  # so many counts in a row must be above
    rest: timedelta = timedelta(hours=6)  # after a spike, it is the same one
    seasonal: bool = True  # after three weeks, what is usual at this hour of the week counts as well


class Reading(Model):
    """What one count meant when it came."""

    at: Moment
    value: float
    expected: float
    z: float
    score: float  # 0 to 1; from 0.5 on it is a spike
    severity: int = 0  # 1 to 10 where it is one

    @property
    def spike(self) -> bool:
        """Whether it is one, and not the same one still."""
        return self.score >= HALF


@dataclass
class SpikeDetector:
    """One series, count after count; times must not go back."""

    how: Sensitivity = field(default_factory=Sensitivity)
    _recent: deque[tuple[datetime, float]] = field(default_factory=deque)
    _sorted: list[float] = field(default_factory=list)
    _tops: deque[tuple[datetime, float]] = field(default_factory=deque)  # falling: the first is the highest
    _weekly: dict[int, deque[tuple[datetime, float]]] = field(default_factory=dict)
    _began: datetime | None = None
    _last: datetime | None = None
    _above: int = 0

    def read(self, at: datetime, value: float, *, uplift: float = 1.0) -> Reading:
        """Judge this count by all before it, and remember it; `uplift` is what a campaign multiplies the usual by."""
        self._began = self._began or at
        self._forget(at)
        root = sqrt(max(value, 0.0) + ANSCOMBE)
        level, spread = self._normal(at)
        expected = max((level * level - ANSCOMBE) * uplift, 0.0)
        known = at - self._began >= DAY  # how far the first counts stand out from nothing says nothing
        z = (root - sqrt(expected + ANSCOMBE)) / max(spread, self.how.least_spread) if known else 0.0
        reading = self._judged(at, value, expected, z)
        self._remember(at, root, z)
        return reading

    def _judged(self, at: datetime, value: float, expected: float, z: float) -> Reading:
        top = max(self._tops[0][1] if self._tops else 0.0, self.how.least_z)
        warm = at - (self._began or at) >= self.how.warm_up
        above = warm and z >= top and value >= self.how.least_count
        self._above = self._above + 1 if above else 0
        rested = self._last is None or at - self._last >= self.how.rest
        share = z / top
        if not above or self._above < self.how.persists or not rested:
            return Reading(at=at, value=value, expected=expected, z=z, score=min(max(share * 0.49, 0.0), 0.49))
        self._last = at
        score = min(HALF + (share - 1) / 4, 1.0)
        return Reading(at=at, value=value, expected=expected, z=z, score=score, severity=severity_of(z))

    def _normal(self, at: datetime) -> tuple[float, float]:
        """Level and spread of the last days; the level is that of this hour of the week where that is higher."""
        if not self._sorted:
            return 0.0, self.how.least_spread
        level = _middle(self._sorted)
        spread = NORMAL * _middle_distance(self._sorted, level)
        usual = self._usual(at) if self.how.seasonal else None
        return (level if usual is None else max(level, usual)), spread

    def _usual(self, at: datetime) -> float | None:
        """The median of this hour of the week in the weeks before, once there are three of them."""
        earlier = [(then, root) for then, root in self._weekly.get(_hour_of_week(at), ()) if at - then > DAY]
        if len({(at - then + DAY).days // 7 for then, _ in earlier}) < WEEKS:
            return None
        return _middle(sorted(root for _, root in earlier))

    def _remember(self, at: datetime, root: float, z: float) -> None:
        self._recent.append((at, root))
        insort(self._sorted, root)
        while self._tops and self._tops[-1][1] <= z:
            self._tops.pop()
        self._tops.append((at, z))
        if self.how.seasonal:
            self._weekly.setdefault(_hour_of_week(at), deque()).append((at, root))

    def _forget(self, at: datetime) -> None:
        while self._recent and self._recent[0][0] <= at - self.how.baseline:
            _, root = self._recent.popleft()
            del self._sorted[bisect_left(self._sorted, root)]
        while self._tops and self._tops[0][0] <= at - self.how.memory:
            self._tops.popleft()
        weekly = self._weekly.get(_hour_of_week(at))
        while weekly and weekly[0][0] <= at - timedelta(days=29):
            weekly.popleft()


def severity_of(z: float) -> int:
    """1 to 10: 1 at the least that can be a spike, one more for each doubling of how far it stands out."""
    steps = 1
    while steps < WORST and z >= 4 * 1.5**steps:
        steps += 1
    return steps


def _hour_of_week(at: datetime) -> int:
    return at.weekday() * 24 + at.hour


def _middle(ordered: list[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _middle_distance(ordered: list[float], centre: float) -> float:
    """The median distance of ordered values from a centre."""
    half = len(ordered) // 2
    if len(ordered) % 2:
        return _distance(ordered, centre, half)
    return (_distance(ordered, centre, half - 1) + _distance(ordered, centre, half)) / 2


def _distance(ordered: list[float], centre: float, rank: int) -> float:
    """The distance of this rank, 0 for the nearest: the values below the centre and above it are two ordered rows."""
    split = bisect_left(ordered, centre)
    below, above = split, len(ordered) - split
    low, high = max(0, rank + 1 - above), min(rank + 1, below)
    while low < high:  # how many of the rank + 1 nearest lie below
        taken = (low + high) // 2
        if centre - ordered[split - 1 - taken] < ordered[split + rank - taken] - centre:
            low = taken + 1
        else:
            high = taken
    furthest_below = centre - ordered[split - low] if low else 0.0
    furthest_above = ordered[split + rank - low] - centre if rank + 1 > low else 0.0
    return max(furthest_below, furthest_above)
