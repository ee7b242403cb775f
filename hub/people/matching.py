"""Matching: how sure we are that two accounts are one person's, and what that allows.

    merge       above the threshold with 99 % precision on people we never saw, and the handles themselves alike
    suggest     a person should look
    apart       nothing speaks for it

Two accounts on one network are never merged, and no name alone merges anything: a handle that looks like a name is a
suggestion. The weights are a plain file; benchmarks/people.py makes them, and measures them on people left out.
"""

from functools import lru_cache
from math import exp
from pathlib import Path
from typing import Literal

import msgspec
from rapidfuzz.distance import JaroWinkler

from hub.domain import Model
from hub.people.likeness import FEATURES, Account, core, features_of

WEIGHTS = Path(__file__).with_name("likeness.json")
ALIKE = 0.9  # Jaro-Winkler of two cores that are one name written twice
SUGGEST = 0.5
SHORTEST = 5  # letters of a core that is nobody's by chance
SHOWN = 4  # pieces of evidence


class Weights(Model):
    """A logistic model over likeness, and the score from which on 99 of 100 are right."""

    version: str
    features: tuple[str, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    weight: tuple[float, ...]
    bias: float
    merge_from: float


class Match(Model, omit_defaults=False):
    """What speaks for one person behind two accounts."""

    score: float
    verdict: Literal["merge", "suggest", "apart"]
    evidence: tuple[str, ...]  # features that spoke for it, strongest first
    found_by: str


@lru_cache(maxsize=1)
def _shipped() -> Weights:
    return msgspec.json.decode(WEIGHTS.read_bytes(), type=Weights)


class Matcher:
    """Compares accounts."""

    def __init__(self, weights: Weights | None = None) -> None:
        self.weights = weights or _shipped()
        if self.weights.features != FEATURES:
            raise ValueError("These weights are for other features; make them anew with benchmarks/people.py.")

    def match(self, one: Account, other: Account) -> Match:
        """Both ways where both show a name: a likeness that only one of them bears out counts as that one says."""
        ways = [self._judged(one, other)]
        if other.name:
            ways.append(self._judged(other, one))
        score, evidence = max(ways)
        return Match(
            score=round(score, 4), verdict=self._verdict(one, other, score), evidence=evidence,
            found_by=f"likeness@{self.weights.version}",
        )  # fmt: skip

    def _judged(self, one: Account, other: Account) -> tuple[float, tuple[str, ...]]:
        weights, total, spoke = self.weights, self.weights.bias, []
        for name, value, mean, spread, weight in zip(
            FEATURES, features_of(one, other), weights.mean, weights.spread, weights.weight, strict=True
        ):
            share = (value - mean) / spread * weight
            total += share
            if share > 0 and value > 0:
                spoke.append((share, name))
        best = tuple(name for _, name in sorted(spoke, reverse=True)[:SHOWN])
        return 1 / (1 + exp(-max(min(total, 60.0), -60.0))), best

    def _verdict(self, one: Account, other: Account, score: float) -> Literal["merge", "suggest", "apart"]:
        if score < SUGGEST or one.network == other.network:
            return "suggest" if score >= SUGGEST else "apart"
        return "merge" if score >= self.weights.merge_from and _same_name_twice(one, other) else "suggest"


def _same_name_twice(one: Account, other: Account) -> bool:
    """Whether the handles themselves are alike, and not only one of them like a name."""
    own, theirs = core(one.handle), core(other.handle)
    return min(len(own), len(theirs)) >= SHORTEST and JaroWinkler.similarity(own, theirs) >= ALIKE
