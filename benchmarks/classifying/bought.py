"""Purchase intent on our own posts: the part that nobody looked at while rules were written."""

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.classifying.baseline import named
from hub.classify import Item, default_engine
from hub.classify.report import f1, macro_f1

POSTS = Path(__file__).resolve().parents[2] / "hub" / "classify" / "labelled" / "purchase.jsonl"


def measure() -> Iterator[dict[str, object]]:
    """One line for all of the test part, and one for each language."""
    rows = [json.loads(line) for line in POSTS.read_text(encoding="utf-8").splitlines()]
    test = [row for row in rows if row["part"] == "test"]
    for language in ("", *sorted({row["lang"] for row in test})):
        mine = [row for row in test if language in ("", row["lang"])]
        truth = [row["purchase"] for row in mine]
        signals = default_engine().classify([Item(key=row["id"], text=row["text"]) for row in mine])
        found = ["yes" if signal.scores.get("purchase", 0.0) >= 0.5 else "no" for signal in signals]
        words = ["yes" if hit else "no" for hit in named("purchase", [row["text"] for row in mine])]
        right = sum(one == other == "yes" for one, other in zip(truth, found, strict=True))
        yield {
            "set": "purchase", "lang": language or "all", "rows": len(mine),
            "f1_yes": round(f1(truth, found, "yes"), 3),
            "precision": round(right / max(1, found.count("yes")), 3),
            "recall": round(right / truth.count("yes"), 3),
            "macro_f1": round(macro_f1(truth, found), 3), "baseline_f1_yes": round(f1(truth, words, "yes"), 3),
        }  # fmt: skip
