"""What the rules make of a post, as numbers that a trained model may weigh: so it starts from what is known already."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hub.classify import sentiment
from hub.classify.engine import Item
from hub.classify.text import SHOUT
from hub.domain import INTENTS, Signal

SCORES = tuple(intent for intent in INTENTS if intent != "none")
NAMES = (
    "glad", "sad", "sounds_positive", "sounds_negative", "sounds_neutral",
    "exclaims", "asks", "shouts", "links", "tags", "handles", "length",
    *(f"score.{name}" for name in SCORES), "urgency",
)  # fmt: skip
ENOUGH = 4  # of a sign; more says no more
LONG = 200


def facts_of(items: Sequence[Item], signals: Sequence[Signal]) -> NDArray[np.float32]:
    """One row of numbers between 0 and 1 for each item, in the order of `NAMES`."""
    rows = [_row(item.text, signal) for item, signal in zip(items, signals, strict=True)]
    return np.array(rows, np.float32).reshape(len(rows), len(NAMES))


def _row(text: str, signal: Signal) -> list[float]:
    feeling, scores = signal.sentiment_score, signal.scores
    return [
        max(feeling, 0.0),
        max(-feeling, 0.0),
        float(feeling >= sentiment.POSITIVE),
        float(feeling <= sentiment.NEGATIVE),
        float(feeling == 0),
        _some(text.count("!")),
        float("?" in text),
        _some(len(SHOUT.findall(text))),
        float("http" in text or "www." in text),
        _some(text.count("#")),
        _some(text.count("@")),
        min(len(text), LONG) / LONG,
        *(scores.get(name, 0.0) for name in SCORES),
        signal.urgency,
    ]


def _some(number: int) -> float:
    return min(number, ENOUGH) / ENOUGH
