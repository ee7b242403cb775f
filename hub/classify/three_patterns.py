"""Three patterns and nothing else: purchase, support, complaint, in English.

The cheapest engine there is, for measuring what everything around it costs and for floods that must only be sorted
roughly. A pattern is tried only where one of its words stands, since looking for a word is ten times as fast.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from hub.classify.engine import InBatches, Item
from hub.classify.text import TEXT_LIMIT
from hub.domain import Intent, Signal
from hub.domain.config import Subject


class Pattern(NamedTuple):
    """An intent, the words without which its pattern cannot match, and the pattern."""

    intent: Intent
    words: tuple[str, ...]
    pattern: re.Pattern[str]


PATTERNS = (
    Pattern(
        "complaint",
        ("broke", "terribl", "worst", "refund", "disappoint", "unaccept", "awful"),
        re.compile(r"\b(?:broken?|broke down|terribl[ey]|worst|refund|disappoint(?:ed|ing)|unacceptable|awful)\b"),
    ),
    Pattern(
        "purchase",
        ("buy", "price", "order", "recommend", "cost", "discount"),
        re.compile(
            r"\b(?:where (?:can|do) i buy|(?:want|going|looking|thinking of|need) (?:to )?(?:buy|order)(?:ing)?"
            r"|what(?:'s| is) the price|how much does|recommend me|any discount)\b"
        ),
    ),
    Pattern(
        "support",
        ("help", "how do", "how to", "work", "error", "support", "can't", "cannot"),
        re.compile(
            r"\b(?:help me|need help|please help|how (?:do|to|can) i?|(?:not|n't) work(?:ing)?|error|support"
            r"|can(?:'t|not) (?:log|connect|open|get))\b"
        ),
    ),
)
SURE = 0.8


class ThreePatternsEngine(InBatches):
    """Knows three intents, no language, no sentiment and no subject."""

    name = "three_patterns"
    version = "1"

    def __init__(self, subjects: Sequence[Subject] = ()) -> None:
        del subjects  # it cannot tell subjects apart: everything is relevant

    def judge(self, items: Sequence[Item]) -> list[Signal]:
        """The signals of one batch."""
        found_by = self.found_by
        signals = []
        for item in items:
            intent = _first(item.text[:TEXT_LIMIT].lower())
            if intent is None:
                signals.append(Signal(post=item.key, found_by=found_by, lang=item.lang, confidence=SURE))
            else:
                signals.append(
                    Signal(
                        post=item.key, found_by=found_by, lang=item.lang, intent=intent, confidence=SURE,
                        scores={intent: SURE}, evidence=(f"{intent}.pattern",),
                    )
                )  # fmt: skip
        return signals


def _first(text: str) -> Intent | None:
    """The first intent whose pattern stands in a lower-case text."""
    for intent, words, pattern in PATTERNS:
        for word in words:
            if word in text:
                if pattern.search(text):
                    return intent
                break
    return None
