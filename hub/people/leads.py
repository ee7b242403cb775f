"""Lead score: who they are (fit) and what they did (behaviour), apart; each with the reasons that made it.

Fit does not age: a firm stays a firm. What somebody wrote loses half its weight every two weeks, so that a question of
last spring warms nobody. Both are 0 to 100, and stay two numbers: a good fit that has done nothing is no hot lead, and
neither is a student who asks ten times. Once outcomes are known, `OutcomeModel` learns what these rules guess.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from hub.domain import Author, Model, Moment, Post, Signal

HALF_LIFE = timedelta(days=14)
WEIGHTS = {"purchase": 60.0, "partner": 30.0, "question": 15.0, "feature": 12.0, "churn": 10.0, "praise": 8.0}
"""What an intent is worth on the day it is written; churn counts where it is a competitor's."""
LOUD, KNOWN = 10_000, 1_000  # followers
MOST = 100.0


class LeadScore(Model, omit_defaults=False):
    """Two scores, 0 to 100, and why; `reasons` are codes with what each brought."""

    fit: float
    behaviour: float
    reasons: dict[str, float]
    as_of: Moment

    @property
    def grade(self) -> str:
        """A letter for the fit and a number for the behaviour: `A1` is called today, `D4` is left alone."""
        return f"{'ABCD'[_quarter(self.fit)]}{_quarter(self.behaviour) + 1}"


def score_lead(author: Author, said: Iterable[tuple[Post, Signal]], *, now: datetime) -> LeadScore:
    """The score of one author by what they are and by all that they have said to us or of us."""
    fit = dict(_fit(author))
    done: dict[str, float] = {}
    for post, signal in said:
        weight = WEIGHTS.get(signal.intent, 0.0) * signal.confidence
        if weight > 0:
            age = max(now - post.published_at, timedelta())
            done[signal.intent] = done.get(signal.intent, 0.0) + weight * 0.5 ** (age / HALF_LIFE)
    reasons = {f"fit:{name}": value for name, value in fit.items()} | {
        f"did:{name}": round(value, 1) for name, value in sorted(done.items())
    }
    return LeadScore(
        fit=min(sum(fit.values()), MOST), behaviour=round(min(sum(done.values()), MOST), 1), reasons=reasons, as_of=now
    )


def _fit(author: Author) -> Iterable[tuple[str, float]]:
    """What an account shows of whom we would be dealing with; a machine is nobody."""
    if author.automated:
        return
    followers = author.followers or 0
    if followers >= LOUD:
        yield "many followers", 30.0
    elif followers >= KNOWN:
        yield "some followers", 20.0
    if author.verified:
        yield "verified", 25.0
    if len(author.display_name.split()) > 1:
        yield "full name", 20.0
    if author.url:
        yield "has a page", 10.0


def _quarter(score: float) -> int:
    return 3 - min(int(score // 25), 3)
