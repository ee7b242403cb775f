"""Sentiment trend: whether somebody speaks better or worse of us of late than before.

What they said last is held against what they said before, by the mean of each side; no fitted line, since few people
say more than a handful of things, and a line through four points tells a reader nothing that two means do not.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from hub.domain import Model, Signal

NEWEST = 5  # signals that count as what was said last; of fewer than ten, half
EARLIER = 20  # before those; what is older says nothing of how somebody thinks now
ENOUGH = 4  # signals, two on each side; fewer show a mood and no trend
NOTABLE = 0.25  # of the scale from -1 to 1: a smaller difference is how people write, not how they feel

Direction = Literal["improving", "steady", "worsening", "too few posts"]


class Trend(Model, omit_defaults=False):
    """The mean sentiment of the last posts and of those before, -1 to 1, and what that is called."""

    word: Direction
    recent: float | None  # None where nothing was said
    before: float | None  # None where nothing was said before that
    recent_count: int
    before_count: int


def sentiment_trend(signals: Iterable[Signal]) -> Trend:
    """The trend of one person's signals, newest first; the caller leaves out reshares and spam."""
    return trend_of([signal.sentiment_score for signal, _ in zip(signals, range(NEWEST + EARLIER), strict=False)])


def trend_of(scores: Sequence[float]) -> Trend:
    """The same of their sentiment scores."""
    scores = scores[: NEWEST + EARLIER]
    split = min(NEWEST, (len(scores) + 1) // 2)
    recent, before = scores[:split], scores[split:]
    return Trend(
        word=_word(recent, before), recent=_mean(recent), before=_mean(before), recent_count=len(recent),
        before_count=len(before),
    )  # fmt: skip


def _word(recent: Sequence[float], before: Sequence[float]) -> Direction:
    if len(recent) + len(before) < ENOUGH:
        return "too few posts"
    change = round(sum(recent) / len(recent) - sum(before) / len(before), 6)
    if abs(change) < NOTABLE:
        return "steady"
    return "improving" if change > 0 else "worsening"


def _mean(scores: Sequence[float]) -> float | None:
    return sum(scores) / len(scores) if scores else None
