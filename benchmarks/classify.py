"""How good and how fast the default engine is, on other people's labelled posts.

    python -m benchmarks.classify [--part dev] [SET...]

Reads the shared sets (`HUB_SHARED`, or `shared` beside the checkout) and skips, by name, what is absent. The
figures are those of design's floor table: a stand-in of VADER, word lists and py3langid. They are of the part that
is named, not of the test parts, which are nobody's business here.
"""

import argparse
import gzip
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from hub.classify import Item, default_engine
from hub.domain import Signal

SHARED = Path(os.environ.get("HUB_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
SENTIMENTS = ("negative", "neutral", "positive")
MUST_MICROSECONDS = 60.0
Row = dict[str, Any]


def read(name: str, part: str) -> list[Row]:
    """The rows of one part of a set; none where the set is absent."""
    path = SHARED / name / f"{part}.jsonl.gz"
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def signals(rows: Sequence[Row]) -> list[Signal]:
    """What the default engine finds; the sets' own `lang` is not shown to it."""
    items = [Item(key=row["id"], text=row["text"], network=row.get("network", "")) for row in rows]
    return default_engine().classify(items)


def f1(truth: Sequence[object], found: Sequence[object], label: object) -> float:
    """F1 of one label."""
    both = sum(one == other == label for one, other in zip(truth, found, strict=True))
    either = sum(one == label for one in truth) + sum(one == label for one in found)
    return 2 * both / either if either else 0.0


def macro_f1(truth: Sequence[object], found: Sequence[object], labels: Iterable[object]) -> float:
    """The mean of the labels' F1."""
    figures = [f1(truth, found, label) for label in labels]
    return sum(figures) / len(figures)


def macro_recall(truth: Sequence[object], found: Sequence[object], labels: Sequence[object]) -> float:
    """The mean share of each label's rows that was found."""
    figures = []
    for label in labels:
        there = [other for one, other in zip(truth, found, strict=True) if one == label]
        figures.append(there.count(label) / max(1, len(there)))
    return sum(figures) / len(figures)


def sentiment(rows: list[Row]) -> dict[str, float]:
    """Macro-F1 and macro-recall of three classes."""
    rows = [row for row in rows if row["labels"].get("sentiment") in SENTIMENTS]
    truth = [row["labels"]["sentiment"] for row in rows]
    found = [signal.sentiment for signal in signals(rows)]
    return {"macro_f1": macro_f1(truth, found, SENTIMENTS), "macro_recall": macro_recall(truth, found, SENTIMENTS)}


def by_language(rows: list[Row]) -> dict[str, float]:
    """Language accuracy, and the mean of sentiment macro-F1 over languages."""
    rows = [row for row in rows if row["labels"].get("lang") not in (None, "hi")]
    found = signals(rows)
    languages = sorted({row["labels"]["lang"] for row in rows})
    right = sum(signal.lang == row["labels"]["lang"] for row, signal in zip(rows, found, strict=True))
    figures = {"lang_accuracy": right / len(rows)}
    for language in languages:
        mine = [(row, signal) for row, signal in zip(rows, found, strict=True) if row["labels"]["lang"] == language]
        truth = [row["labels"]["sentiment"] for row, _ in mine]
        figures[f"sentiment_{language}"] = macro_f1(truth, [signal.sentiment for _, signal in mine], SENTIMENTS)
    figures["mean_language_macro_f1"] = sum(figures[f"sentiment_{one}"] for one in languages) / len(languages)
    return figures


def english(rows: list[Row]) -> dict[str, float]:
    """English or not."""
    truth = [row["labels"]["is_english"] == "en" for row in rows]
    found = [signal.lang == "en" for signal in signals(rows)]
    return {"macro_f1": macro_f1(truth, found, (True, False))}


def intent(task: str, yes: str = "yes") -> Callable[[list[Row]], dict[str, float]]:
    """A yes/no task, answered by the score of one intent at 0.5."""

    def measure(rows: list[Row]) -> dict[str, float]:
        truth = [row["labels"][task] == yes for row in rows]
        found = [signal.scores.get(task, 0.0) >= 0.5 for signal in signals(rows)]
        return {"macro_f1": macro_f1(truth, found, (True, False)), "f1_yes": f1(truth, found, True)}

    return measure


TASKS: dict[str, tuple[Callable[[list[Row]], dict[str, float]], dict[str, float]]] = {
    "airline": (sentiment, {"macro_f1": 0.442}),
    "tweeteval_sentiment": (sentiment, {"macro_recall": 0.570}),
    "sanders": (sentiment, {"macro_f1": 0.511}),
    "brand_emotions": (sentiment, {"macro_f1": 0.466}),
    "apple_dfe": (sentiment, {"macro_f1": 0.462}),
    "goemotions": (sentiment, {"macro_f1": 0.625}),
    "umsab": (by_language, {"lang_accuracy": 0.966, "mean_language_macro_f1": 0.399}),
    "langid_english": (english, {"macro_f1": 0.869}),
    "complaints": (intent("complaint"), {"macro_f1": 0.648}),
    "youtube_spam": (intent("spam"), {"f1_yes": 0.896}),
    "disaster": (intent("crisis"), {"f1_yes": 0.538}),
    "crisislex": (intent("crisis"), {"f1_yes": 0.896}),
    "tweeteval_offensive": (intent("offensive", "offensive"), {"macro_f1": 0.660}),
}


def speed(rows: list[Row]) -> float:
    """CPU microseconds for a post, the best of five rounds, with everything loaded."""
    items = [Item(key=row["id"], text=row["text"], network="x") for row in rows]
    engine = default_engine()
    engine.classify(items[:200])
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        engine.classify(items)
        best = min(best, (time.process_time() - start) / len(items) * 1e6)
    return best


def main(arguments: list[str] | None = None) -> int:
    """Measure the named sets, or all; print one line of JSON for each."""
    parser = argparse.ArgumentParser(description="Figures of the default engine on the shared sets")
    parser.add_argument("sets", nargs="*", default=list(TASKS))
    parser.add_argument("--part", default="dev")
    given = parser.parse_args(arguments)
    for name in given.sets:
        rows = read(name, given.part)
        if not rows:
            print(json.dumps({"set": name, "skipped": f"no {given.part} part below {SHARED.name}/data"}))
            continue
        measure, floor = TASKS[name]
        figures = {key: round(value, 3) for key, value in measure(rows).items()}
        print(json.dumps({"set": name, "part": given.part, "rows": len(rows), **figures, "floor": floor}))
    posts = read("airline", given.part)
    if not posts:
        return 0
    microseconds = speed(posts)
    print(json.dumps({"speed": "airline", "microseconds_a_post": round(microseconds, 1), "must": MUST_MICROSECONDS}))
    return 0 if microseconds <= MUST_MICROSECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
