"""Trained: `hub train` on a set's train part, asked about its dev part, with the figures it is to reach.

The plain machine beside it (scikit-learn's own vectorisers, words 1-2 and characters 2-5, one linear machine) is what
the goals were measured with, on parts of the same sets that are not here. What it reaches on the part that is asked
tells how hard that part is.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks.classifying.sets import (
    Row,
    accuracy,
    f1,
    macro_f1,
    macro_recall,
    mean_language_macro_f1,
    rows_of,
)
from hub.classify.task import Task
from hub.classify.training import Sees
from hub.errors import SetupError
from hub.store import utc_now


class Goal(NamedTuple):
    """One task, and what it is to reach; `anchor` is what others published."""

    set: str
    field: str
    metric: str
    figure: Callable[[Sequence[Row], Sequence[str], Sequence[str]], float]
    goal: float | None
    anchor: float | None
    sees: Sees = Sees.WORDS


def _recall(rows: Sequence[Row], truth: Sequence[str], found: Sequence[str]) -> float:
    return macro_recall(truth, found)


def _macro_f1(rows: Sequence[Row], truth: Sequence[str], found: Sequence[str]) -> float:
    return macro_f1(truth, found)


def _f1_yes(rows: Sequence[Row], truth: Sequence[str], found: Sequence[str]) -> float:
    return f1(truth, found, "yes")


def _accuracy(rows: Sequence[Row], truth: Sequence[str], found: Sequence[str]) -> float:
    return accuracy(truth, found)


GOALS = (
    Goal("tweeteval_sentiment", "sentiment", "macro_recall", _recall, 0.64, 0.737),
    Goal("airline", "sentiment", "macro_f1", _macro_f1, 0.77, 0.82),
    Goal("complaints", "complaint", "macro_f1", _macro_f1, 0.81, 0.87),
    Goal("youtube_spam", "spam", "f1_yes", _f1_yes, 0.945, 0.953),
    Goal("disaster", "crisis", "f1_yes", _f1_yes, 0.74, 0.848),
    Goal("umsab", "sentiment", "mean_language_macro_f1", mean_language_macro_f1, 0.555, 0.694),
    Goal("banking77", "intent", "accuracy", _accuracy, 0.91, 0.949),
)
WITH_MEANING = (
    Goal("complaints", "complaint", "macro_f1", _macro_f1, 0.855, 0.87, Sees.BOTH),
    Goal("disaster", "crisis", "f1_yes", _f1_yes, 0.77, 0.848, Sees.BOTH),
    Goal("airline", "sentiment", "macro_f1", _macro_f1, 0.78, 0.82, Sees.BOTH),
    Goal("crisislex", "crisis", "f1_yes", _f1_yes, None, None, Sees.WORDS),  # another event than was learned from
    Goal("crisislex", "crisis", "f1_yes", _f1_yes, None, None, Sees.BOTH),
    Goal("crisislex", "crisis", "f1_yes", _f1_yes, 0.88, None, Sees.MEANING),
)


def measure(part: str, sets: Sequence[str], goals: Sequence[Goal] = GOALS) -> Iterator[dict[str, object]]:
    """One line for each task. Only the train part is learned from, and settings are chosen within it."""
    for goal in goals:
        if sets and goal.set not in sets:
            continue
        train, asked = rows_of(goal.set, "train", goal.field), rows_of(goal.set, part, goal.field)
        if not train or not asked:
            yield {"set": goal.set, "skipped": f"no train or {part} part of {goal.set} in the shared folder"}
            continue
        try:
            yield _measured(goal, train, asked)
        except SetupError as missing:
            yield {"set": goal.set, "sees": goal.sees, "skipped": str(missing)}


def _measured(goal: Goal, train: list[Row], asked: list[Row]) -> dict[str, object]:
    with TemporaryDirectory() as folder:
        learn, ask = (
            _written(Path(folder) / "train.jsonl", train, goal),
            _written(Path(folder) / "ask.jsonl", asked, goal),
        )
        start = time.process_time()
        task = Task(learn, None, now=utc_now(), sees=goal.sees)
        learned = time.process_time()
        found = [answer["label"] for answer in task.answers(ask)]
        answered = time.process_time()
    truth = [str(row["labels"][goal.field]) for row in asked]
    (head,) = task.trained.model.about.heads
    reached = goal.figure(asked, truth, found)
    plain = goal.figure(asked, truth, _plain_machine(train, asked, goal.field))
    return {
        "set": goal.set, "field": goal.field, "sees": goal.sees, "metric": goal.metric, "learned_from": len(train),
        "rows": len(asked), "ours": round(reached, 3), "plain_machine": round(plain, 3), "goal": goal.goal,
        "anchor": goal.anchor, "holds": None if goal.goal is None else round(reached, 3) >= goal.goal,
        "held_out_macro_f1": head.measured["macro_f1"], "train_cpu_seconds": round(learned - start, 1),
        "posts_a_cpu_second": round(len(asked) / (answered - learned)),
        "model_megabytes": round(len(task.trained.model.save()) / 1e6, 2),
    }  # fmt: skip


def _plain_machine(train: list[Row], asked: list[Row], field: str) -> list[str]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
    machine: Any = make_pipeline(make_union(words, characters), LinearSVC(C=0.3, class_weight="balanced"))
    machine.fit([row["text"] for row in train], [str(row["labels"][field]) for row in train])
    return [str(label) for label in machine.predict([row["text"] for row in asked])]


def _written(path: Path, rows: list[Row], goal: Goal) -> Path:
    lines = (json.dumps({"id": row["id"], "text": row["text"], "label": row["labels"][goal.field]}) for row in rows)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
