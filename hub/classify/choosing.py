"""What a post is for, once every intent has its score: worth a person's time or not, then the one intent, or none.

The first of two stages asks whether anybody should look at a post at all. It is asked of the scores together, so that
a post which is a little of several things is looked at too, and of whom it concerns: what speaks of none of ours, or
of a competitor alone, is seldom work for us. The second stage chooses one intent, each having its own threshold.
"""

from collections.abc import Mapping, Sequence

from hub.domain import Intent

THRESHOLD = 0.5  # scores are made so that this is "more likely than not"; an organisation may ask for more
ASKS_FOR_MORE: Mapping[Intent, float] = {"crisis": 0.6}  # it wakes people, and any word of harm speaks for it a little
GRAVITY: tuple[Intent, ...] = (
    "spam", "crisis", "offensive", "churn", "complaint", "support",
    "purchase", "partner", "feature", "question", "praise",
)  # fmt: skip
"""Of two intents with the same score, the one that it would be worse to miss."""
COMES_FIRST: dict[Intent, tuple[Intent, ...]] = {
    "complaint": ("crisis", "churn"),
    "question": ("crisis", "churn", "complaint", "support", "purchase", "partner", "feature"),
    "praise": ("crisis", "churn", "complaint"),
}
"""What says more than a general intent: a question about a price is first of all about buying."""
TROUBLE = ("crisis", "churn", "complaint", "support")
SURELY_SPAM = 0.95  # below it spam hides no crisis: whoever asks for help or gifts posts links too
AT_SPAM = 0.3  # what anything else said by spam counts
CALLS_FOR_A_PERSON = {
    "purchase": 1.0, "support": 1.0, "complaint": 1.0, "churn": 1.0, "crisis": 1.0, "partner": 0.9,
    "question": 0.7, "feature": 0.7, "offensive": 0.3, "praise": 0.3,
}  # fmt: skip
"""How much of a score counts; praise and insults are counted by machines and answered by few."""
OF_NOBODY = 0.4  # what counts where the post speaks of none of ours


def thresholds_with(own: Mapping[Intent, float] | None = None) -> dict[Intent, float]:
    """Every intent's threshold, an organisation's own put in."""
    return dict.fromkeys(GRAVITY, THRESHOLD) | dict(ASKS_FOR_MORE) | dict(own or {})


def worth_of(scores: Mapping[str, float], *, relevant: bool) -> float:
    """How likely a person should look at it, from 0 to 1."""
    idle = 1.0
    for intent, score in scores.items():
        idle *= 1 - CALLS_FOR_A_PERSON.get(intent, 0.0) * score
    worth = (1 - idle) * (1 - scores.get("spam", 0.0))
    return round(worth if relevant else worth * OF_NOBODY, 3)


def choose(scores: dict[str, float], thresholds: Mapping[Intent, float], *, mine: bool) -> tuple[Intent, float]:
    """The surest intent above its own threshold, or none at all, which is an answer too. Spam damps all the others.

    Rude words cost nobody their case: trouble of our own customers (`mine`) comes before how it is said.
    """
    over = [name for name in GRAVITY if name in scores and scores[name] >= thresholds[name]]
    if len(over) > 1:
        over = [name for name in over if not any(other in over for other in COMES_FIRST.get(name, ()))]
    if mine and any(name in TROUBLE for name in over):
        over = [name for name in over if name != "offensive"]
    if "spam" in over and not ("crisis" in over and scores["spam"] < SURELY_SPAM):
        hidden = scores["spam"] >= SURELY_SPAM
        damp(scores, [name for name in scores if name != "spam" and (hidden or not _emergency(name, scores))], AT_SPAM)
        return "spam", scores["spam"]
    if not over:
        return "none", round(1 - max(scores.values(), default=0.0), 3)
    best = max((name for name in over if name != "spam"), key=lambda name: scores[name])
    return best, scores[best]


def _emergency(name: str, scores: Mapping[str, float]) -> bool:
    """Whether this is a crisis, though perhaps none to wake people for: advertising does not make it untrue."""
    return name == "crisis" and scores[name] >= THRESHOLD


def damp(scores: dict[str, float], names: Sequence[str], factor: float) -> bool:
    """Lower these scores in place; says whether there were any."""
    there = [name for name in names if name in scores]
    for name in there:
        scores[name] = round(scores[name] * factor, 3)
    return bool(there)
