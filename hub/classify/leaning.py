"""How words lean, as people used them in labelled posts: a small linear model that the default engine ships with.

`weights/sentiment_en.json` is made by `python -m hub.classify.shipping` from data that may be shipped; its licence and
attribution stand beside it. A lexicon knows what a word means. These weights know how it is used: that "seriously" is
mostly said in anger and "finally" in relief. Pairs of words were tried too: they cost twice as much and made nothing
better.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import repeat
from math import exp
from pathlib import Path
from typing import NamedTuple

import msgspec

WEIGHTS = Path(__file__).parent / "weights" / "sentiment_en.json"
LANGUAGE = "en"


class Lean(NamedTuple):
    """How likely a post sounds negative and positive; the rest is neutral."""

    negative: float
    positive: float


class Weights(msgspec.Struct, frozen=True):
    """The file: words, with what each adds to negative and to positive, in hundredths."""

    made_from: str
    networks: tuple[str, ...]  # where the labelled posts stood; there words are believed before the lexicon
    bias: tuple[int, int]
    words: Mapping[str, tuple[int, int]]


class Leaning:
    """The weights, ready to be added up: both sides of a word are one whole number, so that one sum does for both."""

    def __init__(self, weights: Weights) -> None:
        self.networks = frozenset(weights.networks)
        self._bias = _both(*weights.bias)
        self._weight = {word: _both(*sides) for word, sides in weights.words.items()}.get

    def of(self, words: AbstractSet[str]) -> Lean:
        """How a post of these words leans."""
        total = sum(map(self._weight, words, NOTHING), self._bias)
        negative = (total + HALF) // WHOLE
        down, up = exp(min(negative / 100, MOST)), exp(min((total - negative * WHOLE) / 100, MOST))
        whole = 1 + down + up
        return Lean(down / whole, up / whole)


def _both(negative: int, positive: int) -> int:
    """Two numbers as one. Sums of such are sums of both: texts are far too short for one to reach into the other."""
    return negative * WHOLE + positive


WHOLE, HALF = 1 << 32, 1 << 31
MOST = 20.0  # beyond this a probability is one or nothing anyway
NOTHING = repeat(0)


@cache
def leaning() -> Leaning:
    """The weights, read when a feeling is first asked for."""
    return Leaning(msgspec.json.decode(WEIGHTS.read_bytes(), type=Weights))
