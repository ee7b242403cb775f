"""Makes the weights that the default engine ships with, from data sets that allow it.

    HUB_SHARED=/path/to/shared python -m hub.classify.shipping

Which sets those are, and why others are not among them: docs/decisions/0040. The sets themselves are not shipped; the
same sets give the same file.
"""

import gzip
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hub.classify.leaning import WEIGHTS, Weights
from hub.classify.text import Reading
from hub.errors import SetupError

MADE_FROM = "GoEmotions (Demszky et al., ACL 2020; Google, Apache-2.0), train part, emotions folded into feelings"
NETWORKS = ("reddit",)
COMMON = 8  # posts that a word must stand in; a rarer one might tell who wrote it
STRENGTH = 0.05
SMALLEST = 5  # hundredths; less changes nothing
STOOD_FOR_A_NAME = re.compile(r"\[[A-Z]+\]")
SIDES = ("negative", "neutral", "positive")


def words_of(text: str) -> set[str]:
    """What a post is to the model: its words, each once; no handle and no number."""
    return {word for word in Reading(text).words if "@" not in word and not any(map(str.isdigit, word))}


def make(posts: Sequence[tuple[str, str]]) -> Weights:
    """Weights from posts and their feelings."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    read = [words_of(text) for text, _ in posts]
    counted = Counter(word for words in read for word in words)
    known = {word: place for place, word in enumerate(sorted(word for word in counted if counted[word] >= COMMON))}
    columns = [sorted(known[word] for word in words if word in known) for words in read]
    bounds = np.concatenate(([0], np.cumsum([len(row) for row in columns])))
    table = csr_matrix(
        (np.ones(bounds[-1]), np.concatenate(columns).astype(int), bounds), shape=(len(read), len(known))
    )
    machine: Any = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=500)
    machine.fit(table, [SIDES.index(side) for _, side in posts])
    relative = machine.coef_ - machine.coef_[1]  # to neutral
    bias = machine.intercept_ - machine.intercept_[1]
    weights = {
        word: (round(100 * relative[0, place]), round(100 * relative[2, place])) for word, place in known.items()
    }
    return Weights(
        made_from=MADE_FROM, networks=NETWORKS, bias=(round(100 * bias[0]), round(100 * bias[2])),
        words={word: pair for word, pair in weights.items() if max(map(abs, pair)) >= SMALLEST},
    )  # fmt: skip


def posts_of(folder: Path) -> list[tuple[str, str]]:
    """The posts of a set whose feeling was derived; its dev part is left for measuring."""
    try:
        with gzip.open(folder / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [msgspec.json.decode(line) for line in lines]
    except FileNotFoundError:
        raise SetupError(f"{folder} holds no train part; set HUB_SHARED to the folder with the data sets.") from None
    labelled = [(row["text"], row["labels"].get("sentiment")) for row in rows]
    return [(STOOD_FOR_A_NAME.sub(" ", text), side) for text, side in labelled if side]


def main() -> int:
    """Write the file; says how large it is."""
    shared = Path(os.environ.get("HUB_SHARED") or Path(__file__).resolve().parents[3] / "shared")
    made = make(posts_of(shared / "data" / "goemotions"))
    WEIGHTS.write_bytes(msgspec.json.format(msgspec.json.encode(made, order="sorted"), indent=0) + b"\n")
    print(f"{len(made.words)} words, {WEIGHTS.stat().st_size} bytes: {WEIGHTS.name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
