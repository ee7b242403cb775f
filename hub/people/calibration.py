"""Calibration: the chance that a lead is won, learned from what became of leads like it.

A logistic model over both sums and over which reasons there were: rules guess that a purchase is worth twice a
partnership, outcomes say. It is a few numbers in plain data. Whether it says more than the share of leads that are won
anyway is measured on leads left out; what does not is not believed, and until there is one the chance is not known.
"""

from collections import Counter
from collections.abc import Sequence
from math import exp
from typing import TYPE_CHECKING

from hub.domain import LeadScore, Model
from hub.errors import SetupError

if TYPE_CHECKING:
    import numpy as np  # 15 MB, which whoever only asks for a chance does without

LEAST = 40  # leads of which somebody knows the end
LEAST_OF_EACH = 10  # won, and lost
OFTEN = 10  # leads that must share a reason
PARTS = 5
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
    held_out = _held_out(table, labels)
    model = _fitted(table, labels)
    return Calibration(
        version=version, features=features, weights=tuple(round(float(each), 6) for each in model.coef_[0]),
        bias=round(float(model.intercept_[0]), 6), leads=len(scores), won=wins, auc=_auc(labels, held_out),
        brier=round(float(np.mean((held_out - labels) ** 2)), 4),
        brier_of_share=round(float(np.var(labels)), 4),
    )  # fmt: skip


def _held_out(table: "np.ndarray", labels: "np.ndarray") -> "np.ndarray":
    """The chance of each lead, by a model that has not seen it."""
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    chances = np.zeros(len(labels))
    for known, left_out in StratifiedKFold(PARTS, shuffle=True, random_state=0).split(table, labels):
        chances[left_out] = _fitted(table[known], labels[known]).predict_proba(table[left_out])[:, 1]
    return chances


def _fitted(table: "np.ndarray", labels: "np.ndarray"):  # type: ignore[no-untyped-def]
    from sklearn.linear_model import LogisticRegression  # takes a second to import

    return LogisticRegression(C=1.0, max_iter=2000).fit(table, labels)


def _auc(labels: "np.ndarray", chances: "np.ndarray") -> float:
    from sklearn.metrics import roc_auc_score

    return round(float(roc_auc_score(labels, chances)), 4)


def _line(score: LeadScore, features: Sequence[str]) -> list[float]:
    shown = {f"{one.part}:{one.name}": 1.0 for one in score.reasons}
    shown |= {"fit": score.fit / SCALE, "behaviour": score.behaviour / SCALE}
    return [shown.get(name, 0.0) for name in features]
