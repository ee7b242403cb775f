"""One logistic model for all that is learned from ends: fitted, asked about rows left out, and graded on them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np  # 15 MB, which whoever only asks for a chance does without

PARTS = 5


def fitted(table: "np.ndarray", labels: "np.ndarray", *, strength: float = 1.0) -> Any:
    """A logistic model of these rows; the smaller `strength`, the more the weights are held back."""
    from sklearn.linear_model import LogisticRegression  # takes a second to import

    return LogisticRegression(C=strength, max_iter=2000).fit(table, labels)


def held_out(table: "np.ndarray", labels: "np.ndarray") -> "np.ndarray":
    """The chance of each row, by a model that has not seen it."""
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    chances = np.zeros(len(labels))
    for known, left_out in StratifiedKFold(PARTS, shuffle=True, random_state=0).split(table, labels):
        chances[left_out] = fitted(table[known], labels[known]).predict_proba(table[left_out])[:, 1]
    return chances


def auc(labels: Any, chances: Any) -> float:
    """How often one that ended well is given more than one that did not; a half by chance alone."""
    from sklearn.metrics import roc_auc_score

    return round(float(roc_auc_score(labels, chances)), 4)
