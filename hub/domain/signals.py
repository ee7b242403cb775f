"""What was found in a post, by whom, how sure, and why."""

from typing import Any, Literal, get_args

import msgspec

from hub.domain.model import Model

Intent = Literal[
    "purchase", "support", "complaint", "churn", "praise", "question",
    "feature", "crisis", "partner", "spam", "offensive", "none",
]  # fmt: skip
INTENTS: tuple[str, ...] = get_args(Intent)
Sentiment = Literal["positive", "neutral", "negative"]


class Signal(Model, omit_defaults=False):
    """What one engine found in one post. All scores are 0 to 1, `sentiment_score` -1 to 1."""

    post: str
    found_by: str  # engine@version
    lang: str | None = None
    sentiment: Sentiment = "neutral"
    sentiment_score: float = 0.0
    intent: Intent = "none"
    confidence: float = 0.0  # of `intent`; of "none", how sure that nothing is there
    scores: dict[str, float] = {}  # every intent above zero, each by itself
    urgency: float = 0.0
    worth: float = 0.0  # a person's time: how likely somebody should look at it, whatever for
    relevant: bool = True
    subjects: tuple[str, ...] = ()  # names of our subjects that the post speaks of
    topics: tuple[str, ...] = ()  # what it is about: price, delivery, and what the organisation added
    evidence: tuple[str, ...] = ()  # rules and lexicon entries that fired, never free text of the post

    def plain(self) -> dict[str, Any]:
        """As of any noun, but without the way through JSON: every post has a signal."""
        data = msgspec.structs.asdict(self)
        data["scores"] = self.scores.copy()
        data["subjects"], data["topics"], data["evidence"] = list(self.subjects), list(self.topics), list(self.evidence)
        return data
