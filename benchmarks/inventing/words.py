"""What is said: the sandbox's own sentences about our subjects, and what an engine would find in them."""

from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple

from benchmarks.inventing.plan import SUBJECTS, Crisis
from hub.domain.signals import INTENTS, Intent, Sentiment
from sandbox.scenario import texts
from sandbox.writer import PLACES, WORDS

LANGS, LANG_SHARES = ("en", "de", "es", "fr", "it"), (66, 15, 9, 7, 3)
INTENT_SHARES: dict[Intent, float] = {
    "purchase": 6, "support": 10, "complaint": 13, "churn": 3, "praise": 16, "question": 12, "feature": 3,
    "crisis": 0.4, "partner": 1, "spam": 4, "offensive": 1, "none": 30.6,
}  # fmt: skip
TEXTS_OF: dict[Intent, Sequence[str]] = {"none": ("news", "joke", "competitor", "advice"), "crisis": ("crisis",)}
"""Whose sentences an intent borrows where the sandbox has none by its name."""
INTENT_SUMS = tuple(accumulate(INTENT_SHARES[one] for one in INTENTS))
TOPICS = (
    "price", "delivery", "quality", "service", "app", "billing", "returns", "availability", "safety", "privacy",
    "environment", "jobs", "crema",
)  # fmt: skip
TOPIC_SHARES = (14, 12, 16, 14, 8, 5, 5, 6, 2, 1, 2, 1, 3)
SUBJECT_SHARES = (26, 6, 22, 14, 9, 12, 8, 3)  # in the order of SUBJECTS
MOODS: dict[str, tuple[int, int, int]] = {
    "complaint": (2, 12, 86), "churn": (1, 14, 85), "crisis": (1, 9, 90), "offensive": (0, 5, 95),
    "praise": (92, 7, 1), "support": (5, 60, 35), "spam": (30, 70, 0),
}  # fmt: skip
MOODS_ELSE = (22, 66, 12)
SENTIMENTS: tuple[Sentiment, ...] = ("positive", "neutral", "negative")
SCORES = {"positive": (0.35, 0.95), "neutral": (-0.2, 0.2), "negative": (-0.95, -0.35)}
NAMES = tuple(subject.name for subject in SUBJECTS)
RIVALS = tuple(subject.name for subject in SUBJECTS if subject.kind == "competitor")


class Said(NamedTuple):
    """One utterance and what is in it."""

    text: str
    lang: str
    intent: Intent
    sentiment: Sentiment
    score: float
    subjects: tuple[str, ...]
    topics: tuple[str, ...]
    relevant: bool


class Words:
    """An endless supply of things to say."""

    def __init__(self, chance: Random) -> None:
        self._chance, self._sentences = chance, texts()

    def some(self, crisis: Crisis | None) -> Said:
        """What the next one says; while there is a crisis, every third speaks of it."""
        chance = self._chance
        upset = crisis is not None and chance.random() < 0.35
        intent: Intent = "crisis" if upset else chance.choices(INTENTS, cum_weights=INTENT_SUMS)[0]
        lang = chance.choices(LANGS, LANG_SHARES)[0]
        subjects, topics = self._about(crisis if upset else None)
        sentiment = chance.choices(SENTIMENTS, MOODS.get(intent, MOODS_ELSE))[0]
        return Said(
            self._text(intent, lang, subjects), lang, intent, sentiment, round(chance.uniform(*SCORES[sentiment]), 3),
            subjects, topics, bool(subjects) and (upset or chance.random() < 0.95),
        )  # fmt: skip

    def _about(self, crisis: Crisis | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        chance = self._chance
        if crisis is not None:
            return (crisis.subject,), (crisis.topic,)
        luck = chance.random()
        count = 0 if luck < 0.12 else 2 if luck > 0.94 else 1
        subjects = tuple(dict.fromkeys(chance.choices(NAMES, SUBJECT_SHARES, k=count)))
        topics = chance.choices(TOPICS, TOPIC_SHARES, k=1 if chance.random() < 0.55 else 0)
        return subjects, tuple(topics)

    def _text(self, intent: Intent, lang: str, subjects: Sequence[str]) -> str:
        chance = self._chance
        kind = chance.choice(TEXTS_OF.get(intent, (intent,)))
        sentences = self._sentences[kind].get(lang) or self._sentences[kind]["en"]
        text = chance.choice(sentences).format(
            product=subjects[0] if subjects else "coffee machine", rival=chance.choice(RIVALS),
            place=chance.choice(PLACES), days=chance.randint(2, 19), word=chance.choice(WORDS),
        )  # fmt: skip
        return f"{text} #{subjects[1].replace(' ', '')}" if len(subjects) > 1 else text
