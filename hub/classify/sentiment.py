"""How a post feels, from lexicons: valued words, turned by negation, strengthened and weakened by their neighbours.

English values come from VADER's lexicon (Hutto & Gilbert 2014, MIT), read from the installed package; everything
else, and what customers write that VADER does not know, is our own and stands in `lexicon/`. The scorer is our own
too: it works on tokens that were cut already, at a tenth of VADER's time.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from importlib.util import find_spec
from math import sqrt
from pathlib import Path
from typing import Any

from hub.classify.leaning import Lean
from hub.classify.phrases import choices
from hub.classify.text import SENTENCE_ENDS, Reading, fold
from hub.domain import Sentiment

LEXICONS = Path(__file__).parent / "lexicon"
LANGUAGES = ("en", "de", "es", "fr")
NEGATIVE, POSITIVE = -0.15, 0.25  # measured on the shared sets: what is said to firms is neutral oftener than it sounds
LOOK_BACK = 3  # words before a valued one that may turn or strengthen it
TURNED = -0.7  # "not good" is bad, but less so than "bad"
LEANS = 0.8  # what the leaning of words counts beside the lexicon where they were not learned
HELP = 0.3  # what the lexicon counts where they were
BOTH = 0.45  # brings the sum back to the scale of NEGATIVE and POSITIVE
TOLD = 2  # words that are named as evidence
STEP = 0.3  # of its value, what one intensifier adds or takes
EXCLAMATION = 0.25
FLATTEN = 12.0  # how fast the sum nears one


class Lexicon:
    """The valued words of one language and the small words that change them."""

    def __init__(
        self,
        values: Mapping[str, float],
        negators: Iterable[str] = (),
        boosters: Iterable[str] = (),
        dampers: Iterable[str] = (),
        contrast: Iterable[str] = (),
    ) -> None:
        self.values, self.valued = values, frozenset(values)
        self.negators, self.boosters, self.dampers = frozenset(negators), frozenset(boosters), frozenset(dampers)
        self.contrast = frozenset(contrast)
        self.changing = self.negators | self.boosters | self.dampers


@cache
def lexicon(language: str | None) -> Lexicon:
    """The lexicon of a language; of an unknown one, only what is not made of words (emoticons, pictures)."""
    shared = _values(_read("sentiment_any"))
    if language not in LANGUAGES:
        return Lexicon(shared)
    data = _read(f"sentiment_{language}")
    values = (_vader() if language == "en" else {}) | shared | _values(data)
    small = (_words(data.get(kind, "")) for kind in ("negators", "boosters", "dampers", "contrast"))
    return Lexicon(values, *small)


def score(reading: Reading, language: str | None) -> float:
    """From -1 (all bad) to 1 (all good); 0 where no valued word stands."""
    known, words, tokens = lexicon(language), reading.words, reading.tokens
    valued = words & known.valued
    if not valued:
        return 0.0
    plain = known.changing.isdisjoint(words)
    turn = None if known.contrast.isdisjoint(words) else _turning_point(tokens, known.contrast)
    total = 0.0
    for place, token in enumerate(tokens):
        if token in valued:
            value = known.values[token] if plain else known.values[token] * _change(tokens, place, known)
            total += value if turn is None else value * (1.4 if place > turn else 0.5)
    if total and (exclamations := reading.text.count("!")):
        total += (EXCLAMATION if total > 0 else -EXCLAMATION) * min(exclamations, 4)
    return total / sqrt(total * total + FLATTEN)


def named(value: float) -> Sentiment:
    """The word for a score."""
    return "positive" if value >= POSITIVE else "negative" if value <= NEGATIVE else "neutral"


def told(words: AbstractSet[str], language: str | None, side: Sentiment) -> list[str]:
    """The valued words that speak loudest for a side, as evidence: `feels.awful`."""
    known, sign = lexicon(language), -1 if side == "negative" else 1
    values = ((-sign * known.values[word], word) for word in words & known.valued)
    spoken = sorted(one for one in values if one[0] < 0)
    return [f"feels.{word}" for _, word in spoken[:TOLD]]


def weighed(value: float, lean: Lean, *, at_home: bool) -> tuple[Sentiment, float]:
    """A lexicon's score and how words lean, together: what a post sounds like, and from -1 to 1 how much.

    `at_home` says that the words were learned where this post stands; then they come first and the lexicon helps.
    Elsewhere each has its say, and little of both is neutral.
    """
    if at_home:
        negative, positive = lean.negative + HELP * max(-value, 0.0), lean.positive + HELP * max(value, 0.0)
        neutral = 1 - lean.negative - lean.positive + (HELP / 2 if value == 0 else 0.0)
        side = max(negative, neutral, positive)
        both = positive - negative
        return ("neutral" if side == neutral else "negative" if side == negative else "positive"), both / (1 + HELP)
    both = BOTH * (value + LEANS * (lean.positive - lean.negative))
    return named(both), both


def _change(tokens: Sequence[str], place: int, words: Lexicon) -> float:
    """What the words just before do to a value."""
    factor = 1.0
    for distance, token in enumerate(reversed(tokens[max(0, place - LOOK_BACK) : place])):
        if token in SENTENCE_ENDS:
            break
        if token in words.negators:
            factor *= TURNED
        elif token in words.boosters:
            factor *= 1 + STEP * (1 - 0.2 * distance)
        elif token in words.dampers:
            factor *= 1 - STEP * (1 - 0.2 * distance)
    return factor


def _turning_point(tokens: Sequence[str], contrast: frozenset[str]) -> int:
    """Where the last "but" stands: what follows it is what is meant."""
    return max(place for place, token in enumerate(tokens) if token in contrast)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((LEXICONS / f"{name}.toml").read_text("utf-8"))


def _values(data: Mapping[str, Any]) -> dict[str, float]:
    """Words and their values; a group may give endings that every word of it takes."""
    return {
        fold(stem + ending): group["value"]
        for group in data["group"]
        for stem in _words(group["words"])
        for ending in choices(group.get("endings", "")) or ("",)
    }


def _words(text: str) -> list[str]:
    return [word for part in text.split() for word in choices(part) or ()]


def _vader() -> dict[str, float]:
    """VADER's words that are one token of ours, with their mean values (-4 to 4)."""
    package = find_spec("vaderSentiment")
    if package is None or package.origin is None:
        return {}
    lines = (Path(package.origin).parent / "vader_lexicon.txt").read_text("utf-8").splitlines()
    pairs = (line.split("\t", 2) for line in lines)
    return {word: float(value) for word, value, _ in pairs if word.isalpha() or "'" in word}
