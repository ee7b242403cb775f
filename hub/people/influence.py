"""Influence: how many listen to an account, as a sum whose parts are kept.

Followers are bought, and say least. That others keep an account in a list says most; that they speak of it and pass
its words on stands between. Each count goes in by its logarithm: ten times as many is one step, for everybody. The
weights are a judgement and were learned from nobody's labels.
"""

from collections.abc import Mapping
from math import log1p

from hub.domain import Model

WEIGHTS = {"followers": 1.0, "listed": 3.0, "mentioned": 1.0, "shared": 1.0}
SPELLINGS = {
    "followers": ("followers", "follower_count"),
    "listed": ("listed", "listed_count"),
    "mentioned": ("mentioned", "mentions_received"),
    "shared": ("shared", "retweets_received"),
}
HEARD_EVERYWHERE = {"followers": 1e7, "listed": 1e5, "mentioned": 1e4, "shared": 1e4}
WHOLE = sum(weight * log1p(HEARD_EVERYWHERE[name]) for name, weight in WEIGHTS.items())


class Influence(Model, omit_defaults=False):
    """0 to 100, and what each part brought to it."""

    score: float
    parts: dict[str, float]


def influence_of(counts: Mapping[str, float | int | None]) -> Influence:
    """The influence of an account with these counts; what is not known brings nothing."""
    parts = {}
    for name, weight in WEIGHTS.items():
        known = next((counts[each] for each in SPELLINGS[name] if counts.get(each) is not None), 0)
        parts[name] = round(100 * weight * log1p(max(float(known or 0), 0.0)) / WHOLE, 4)
    return Influence(score=round(min(sum(parts.values()), 100.0), 4), parts=parts)
