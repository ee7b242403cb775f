"""Identity and influence on other people's labels: figures, each beside its baseline, and the weights that ship.

    python benchmarks/people.py [--write]

Identity is measured on people left out: five parts, no person in two of them. `--write` makes hub/people/likeness.json
from all pairs (legislators CC0, conference speakers MIT) with the merge threshold of the left-out people. Influence is
only measured: its labels may not be learned from. Without the data beside the project nothing is done.
"""

import argparse
import gzip
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rapidfuzz.distance import JaroWinkler
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve, roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from hub.people import FEATURES, Account, features_of, influence_of
from hub.people.matching import WEIGHTS, Weights

SHARED = Path(os.environ.get("HUB_SHARED") or Path(__file__).resolve().parents[2] / "shared") / "data"
AUC, RECALL, INFLUENCE = 0.955, 0.82, 0.86
PRECISION = 0.99


def rows(name: str) -> list[dict[str, Any]]:
    """The labelled rows of one set."""
    with gzip.open(SHARED / name / "train.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def fitted(features: np.ndarray, labels: np.ndarray) -> tuple[StandardScaler, LogisticRegression]:
    """A logistic model over likeness."""
    scaler = StandardScaler().fit(features)
    return scaler, LogisticRegression(C=1.0, max_iter=2000).fit(scaler.transform(features), labels)


def recall_at(labels: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Recall at 99 % precision, and the score from which on it is reached."""
    precision, recall, scale = precision_recall_curve(labels, scores)
    good = [place for place in range(len(scale)) if precision[place] >= PRECISION]
    best = max(good, key=lambda place: recall[place])
    return float(recall[best]), float(scale[best])


def identity(*, write: bool) -> bool:
    """Print how well accounts of one person are told; returns whether the budgets hold."""
    pairs = rows("identity")
    accounts = [(account(pair["a"]), account(pair["b"])) for pair in pairs]
    began = time.process_time()
    features = np.array([features_of(one, other) for one, other in accounts])
    speed = len(pairs) / (time.process_time() - began)
    labels = np.array([pair["labels"]["same"] for pair in pairs])
    people = [pair["a"].get("name") or pair["a"]["handle"] for pair in pairs]
    scores = np.zeros(len(pairs))
    for known, left_out in GroupKFold(5).split(features, labels, people):
        scaler, model = fitted(features[known], labels[known])
        scores[left_out] = model.predict_proba(scaler.transform(features[left_out]))[:, 1]
    simple = np.array([JaroWinkler.similarity(one.handle.lower(), other.handle.lower()) for one, other in accounts])
    auc, (recall, merge_from) = roc_auc_score(labels, scores), recall_at(labels, scores)
    print(f"identity   AUC {auc:.3f} (at least {AUC}; Jaro-Winkler of handles {roc_auc_score(labels, simple):.3f})")
    print(f"           recall at 99 % precision {recall:.3f} (at least {RECALL}; {recall_at(labels, simple)[0]:.3f})")
    print(f"           {speed:.0f} pairs per CPU second")
    if write:
        scaler, model = fitted(features, labels)
        made = Weights(
            version="1", features=FEATURES, mean=rounded(scaler.mean_), spread=rounded(scaler.scale_),
            weight=rounded(model.coef_[0]), bias=round(float(model.intercept_[0]), 6), merge_from=round(merge_from, 4),
        )  # fmt: skip
        WEIGHTS.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n")
        print(f"           wrote {WEIGHTS.name}: merge from {merge_from:.4f}")
    return auc >= AUC and recall >= RECALL


def influence() -> bool:
    """Print how often the more influential of two is told; returns whether the budget holds."""
    pairs = rows("influencers")
    labels = [pair["labels"]["a_more_influential"] for pair in pairs]

    def auc(measure: Any) -> float:
        return float(roc_auc_score(labels, [measure(pair["a"]) - measure(pair["b"]) for pair in pairs]))

    found = auc(lambda one: influence_of(one).score)
    followers = auc(lambda one: np.log1p(one["follower_count"]))
    print(f"influence  AUC {found:.3f} (aim {INFLUENCE}; followers alone {followers:.3f}); learned from no label")
    return found >= INFLUENCE - 0.005


def account(facts: dict[str, Any]) -> Account:
    """An account as the data tells it."""
    names = ("network", "handle", "name", "website")
    return Account(**{name: facts[name] for name in names if facts.get(name)})


def rounded(values: Any) -> tuple[float, ...]:
    """Six places are enough."""
    return tuple(round(float(value), 6) for value in values)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether the budgets hold."""
    parser = argparse.ArgumentParser(description="Identity and influence")
    parser.add_argument("--write", action="store_true", help="make the weights that ship")
    parser.add_argument("--quick", action="store_true", help="the same: it takes seconds")
    chosen = parser.parse_args(arguments)
    if not SHARED.is_dir():
        print(f"skipped: no {SHARED}")
        return 0
    held = identity(write=chosen.write)
    return 0 if influence() and held else 1


if __name__ == "__main__":
    sys.exit(main())
