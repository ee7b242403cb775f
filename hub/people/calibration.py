"""Calibration: the chance that a lead is won, learned from what became of leads like it.

A logistic model over both sums and over which reasons there were: rules guess that a purchase is worth twice a
partnership, outcomes say. It is a few numbers in plain data. Whether it says more than the share of leads that are won
anyway is measured on leads left out; what does not is not believed, and until there is one the chance is not known.
"""

from collections import Counter
from collections.abc import Sequence
from math import exp

from hub.domain import LeadScore, Model
from hub.errors import SetupError
from hub.people.logistic import auc, fitted, held_out

LEAST = 40  # leads of which somebody knows the end
LEAST_OF_EACH = 10  # won, and lost
OFTEN = 10  # leads that must share a reason
SCALE = 50.0  # points
TOTALS = ("fit", "behaviour")


class Calibration(Model, omit_defaults=False):
    """Weights, and how good they are on leads left out; Brier scores are mean squared errors of the chance."""

    version: str
    features: tuple[str, ...]
    weights: tuple[float, ...]
    bias: float
    leads: int
    won: int
    auc: float
    brier: float
    brier_of_share: float  # of saying every time what share is won

    @property
    def believed(self) -> bool:
        """Whether it says more than the share alone."""
        return self.brier < self.brier_of_share and self.auc > 0.5

    def judged(self, score: LeadScore) -> LeadScore:
        """The score with its chance."""
        total = self.bias + sum(
            value * weight for value, weight in zip(_line(score, self.features), self.weights, strict=True)
        )
        chance = 1 / (1 + exp(-max(min(total, 60.0), -60.0)))
        return score.with_(chance=round(chance, 4), found_by=f"{score.found_by} {self.version}")


def calibrate(scores: Sequence[LeadScore], won: Sequence[bool], *, version: str) -> Calibration:
    """Learn from leads as they were scored when they were handed over; too few outcomes are a SetupError."""
    import numpy as np

    wins = sum(won)
    if len(scores) < LEAST or min(wins, len(won) - wins) < LEAST_OF_EACH:
        raise SetupError(
            f"{len(scores)} outcomes of scored leads are known, {wins} of them won; it takes {LEAST}, and "
            f"{LEAST_OF_EACH} of either kind. Add more with `hub lead-outcomes FILE`."
        )
    met = Counter(f"{one.part}:{one.name}" for score in scores for one in score.reasons)
    features = (*TOTALS, *sorted(name for name, times in met.items() if times >= OFTEN))
    table, labels = np.array([_line(score, features) for score in scores]), np.asarray(won, dtype=int)
    chances = held_out(table, labels)
    model = fitted(table, labels)
    return Calibration(
        version=version, features=features, weights=tuple(round(float(each), 6) for each in model.coef_[0]),
        bias=round(float(model.intercept_[0]), 6), leads=len(scores), won=wins, auc=auc(labels, chances),
        brier=round(float(np.mean((chances - labels) ** 2)), 4),
        brier_of_share=round(float(np.var(labels)), 4),
    )  # fmt: skip


def _line(score: LeadScore, features: Sequence[str]) -> list[float]:
    shown = {f"{one.part}:{one.name}": 1.0 for one in score.reasons}
    shown |= {"fit": score.fit / SCALE, "behaviour": score.behaviour / SCALE}
    return [shown.get(name, 0.0) for name in features]
