"""Labelled posts of others, read from the shared folder, and the figures that are taken of answers to them."""

import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from hub.classify.report import f1

SHARED = Path(os.environ.get("HUB_SHARED") or Path(__file__).resolve().parents[3] / "shared") / "data"
SENTIMENTS = ("negative", "neutral", "positive")
NO_LANGUAGE = "hi"  # romanised and mixed with English in the set that has it
Row = dict[str, Any]


def rows_of(name: str, part: str, field: str, *, without: Sequence[str] = ()) -> list[Row]:
    """The rows of one part of a set that answer a field; none where the set is absent."""
    path = SHARED / name / f"{part}.jsonl.gz"
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if row["labels"].get(field) not in (None, "", *without)]


def macro_f1(truth: Sequence[str], found: Sequence[str]) -> float:
    """The mean F1 of the labels that occur."""
    return fmean(f1(truth, found, label) for label in sorted(set(truth)))


def macro_recall(truth: Sequence[str], found: Sequence[str]) -> float:
    """The mean share of each label's rows that was found."""
    pairs = list(zip(truth, found, strict=True))
    return fmean(fmean(other == label for one, other in pairs if one == label) for label in sorted(set(truth)))


def accuracy(truth: Sequence[str], found: Sequence[str]) -> float:
    """The share of rows that were answered rightly."""
    return fmean(one == other for one, other in zip(truth, found, strict=True))


def mean_language_macro_f1(rows: Sequence[Row], truth: Sequence[str], found: Sequence[str]) -> float:
    """Macro-F1 of each language by itself, and the mean of those: a large language shall not hide a small one."""
    languages = sorted({row["labels"]["lang"] for row in rows})
    places = {one: [place for place, row in enumerate(rows) if row["labels"]["lang"] == one] for one in languages}
    return fmean(macro_f1([truth[n] for n in mine], [found[n] for n in mine]) for mine in places.values())
