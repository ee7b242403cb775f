"""What anybody has in an afternoon: VADER's own scorer and one list of words for each intent.

It is measured in the same run as our engine, on the same posts, so that nobody has to believe a figure that was
taken elsewhere.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

POSITIVE, NEGATIVE = 0.05, -0.05  # VADER's authors' own thresholds
LISTS = {
    "crisis": """
        emergency disaster earthquake quake flood floods flooding flooded hurricane storm tornado cyclone
        wildfire fire fires explosion explosions exploded bomb bombing blast shooting attack attacks killed
        dead death deaths injured victims evacuate evacuated evacuation rescue crash collapsed tsunami
        landslide crisis recall lawsuit scandal breach boycott toxic poisoning outbreak damage destroyed
        terror terrorist hostage casualties survivors relief
    """,
    "spam": """
        subscribe channel check http https www click free win winner prize cash claim txt text follow
        followers giveaway money earn visit video videos vote please share
    """,
    "complaint": """
        refund broken broke terrible worst awful disappointed disappointing unacceptable complaint complain
        poor useless rude waiting delayed cancelled never still not working fail failed problem issue wrong
        help
    """,
    "offensive": """
        fuck fucking fucked shit bitch ass asshole bastard dick idiot idiots stupid moron cunt whore slut
        retard dumb crap hell damn pussy suck sucks loser
    """,
    "purchase": """
        buy buying purchase order price cost recommend looking want need where discount deal
    """,
}


@cache
def _scorer() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


@cache
def _pattern(intent: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(LISTS[intent].split())})\b", re.IGNORECASE)


def feelings(texts: Sequence[str]) -> list[str]:
    """VADER's compound score, cut where its authors cut it."""
    scores = (_scorer().polarity_scores(text)["compound"] for text in texts)
    return ["positive" if score >= POSITIVE else "negative" if score <= NEGATIVE else "neutral" for score in scores]


def named(intent: str, texts: Sequence[str]) -> list[bool]:
    """Whether any word of the list stands in each text."""
    return [_pattern(intent).search(text) is not None for text in texts]
