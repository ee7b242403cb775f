"""Trained: `hub train` on a set's train part, asked about its dev part, with the figures it is to reach."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

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
from hub.store import utc_now


class Goal(NamedTuple):
    """One task, and what it is to reach; `anchor` is what others published."""

    set: str
    field: str
    metric: str
    figure: Callable[[Sequence[Row], Sequence[str], Sequence[str]], float]
    goal: float
    anchor: float | None


GOALS = (
    Goal("tweeteval_sentiment", "sentiment", "macro_recall", lambda rows, t, f: macro_recall(t, f), 0.64, 0.737),
    Goal("airline", "sentiment", "macro_f1", lambda rows, t, f: macro_f1(t, f), 0.77, 0.82),
    Goal("complaints", "complaint", "macro_f1", lambda rows, t, f: macro_f1(t, f), 0.81, 0.87),
    Goal("youtube_spam", "spam", "f1_yes", lambda rows, t, f: f1(t, f, "yes"), 0.945, 0.953),
    Goal("disaster", "crisis", "f1_yes", lambda rows, t, f: f1(t, f, "yes"), 0.74, 0.848),
    Goal("umsab", "sentiment", "mean_language_macro_f1", mean_language_macro_f1, 0.555, 0.694),
    Goal("banking77", "intent", "accuracy", lambda rows, t, f: accuracy(t, f), 0.91, 0.949),
)


def measure(part: str, sets: Sequence[str]) -> Iterator[dict[str, object]]:
    """One line for each task. Only the train part is learned from, and settings are chosen within it."""
    for goal in GOALS:
        if sets and goal.set not in sets:
            continue
        train, asked = rows_of(goal.set, "train", goal.field), rows_of(goal.set, part, goal.field)
        if not train or not asked:
            yield {"set": goal.set, "skipped": f"no train or {part} part of {goal.set} in the shared folder"}
            continue
        yield _measured(goal, train, asked)


def _measured(goal: Goal, train: list[Row], asked: list[Row]) -> dict[str, object]:
    with TemporaryDirectory() as folder:
        learn, ask = (
            _written(Path(folder) / "train.jsonl", train, goal),
            _written(Path(folder) / "ask.jsonl", asked, goal),
        )
        start = time.process_time()
        task = Task(learn, None, now=utc_now())
        seconds = time.process_time() - start
        found = [answer["label"] for answer in task.answers(ask)]
    truth = [str(row["labels"][goal.field]) for row in asked]
    (head,) = task.trained.model.about.heads
    reached = goal.figure(asked, truth, found)
    return {
        "set": goal.set, "field": goal.field, "metric": goal.metric, "learned_from": len(train), "rows": len(asked),
        "ours": round(reached, 3), "goal": goal.goal, "anchor": goal.anchor, "holds": round(reached, 3) >= goal.goal,
        "held_out_macro_f1": head.measured["macro_f1"], "train_cpu_seconds": round(seconds, 1),
        "model_megabytes": round(len(task.trained.model.save()) / 1e6, 2),
    }  # fmt: skip


def _written(path: Path, rows: list[Row], goal: Goal) -> Path:
    lines = (json.dumps({"id": row["id"], "text": row["text"], "label": row["labels"][goal.field]}) for row in rows)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
