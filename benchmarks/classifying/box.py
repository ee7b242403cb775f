"""Out of the box: the default engine beside VADER and word lists, on the same posts in the same run."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.classifying.baseline import feelings, named
from benchmarks.classifying.sets import (
    NO_LANGUAGE,
    Row,
    accuracy,
    f1,
    macro_f1,
    macro_recall,
    mean_language_macro_f1,
    rows_of,
)
from hub.classify import Item, default_engine
from hub.domain import Signal

Figure = Callable[[Sequence[Row], Sequence[str], Sequence[str]], float]
YES, NO = "yes", "no"


class Question(NamedTuple):
    """One question to one set."""

    set: str
    field: str
    metric: str
    figure: Figure
    floor: float | None  # what a stand-in of VADER, word lists and py3langid reached on the set's test part
    intent: str = ""  # the score that answers a yes/no question
    yes: str = YES


def _plain(figure: Callable[[Sequence[str], Sequence[str]], float]) -> Figure:
    return lambda rows, truth, found: figure(truth, found)


def _f1_yes(rows: Sequence[Row], truth: Sequence[str], found: Sequence[str]) -> float:
    return f1(truth, found, YES)


QUESTIONS = (
    Question("airline", "sentiment", "macro_f1", _plain(macro_f1), 0.442),
    Question("tweeteval_sentiment", "sentiment", "macro_recall", _plain(macro_recall), 0.570),
    Question("sanders", "sentiment", "macro_f1", _plain(macro_f1), 0.511),
    Question("brand_emotions", "sentiment", "macro_f1", _plain(macro_f1), 0.466),
    Question("apple_dfe", "sentiment", "macro_f1", _plain(macro_f1), 0.462),
    Question("goemotions", "sentiment", "macro_f1", _plain(macro_f1), 0.625),
    Question("umsab", "sentiment", "mean_language_macro_f1", mean_language_macro_f1, 0.399),
    Question("umsab", "lang", "accuracy", _plain(accuracy), 0.966),
    Question("langid_english", "is_english", "macro_f1", _plain(macro_f1), 0.869),
    Question("complaints", "complaint", "macro_f1", _plain(macro_f1), 0.648, "complaint"),
    Question("youtube_spam", "spam", "f1_yes", _f1_yes, 0.896, "spam"),
    Question("sms_spam", "spam", "f1_yes", _f1_yes, None, "spam"),
    Question("disaster", "crisis", "f1_yes", _f1_yes, 0.538, "crisis"),
    Question("crisislex", "crisis", "f1_yes", _f1_yes, 0.896, "crisis"),
    Question("tweeteval_offensive", "offensive", "macro_f1", _plain(macro_f1), 0.660, "offensive", "offensive"),
)


def measure(part: str, sets: Sequence[str]) -> Iterator[dict[str, object]]:
    """One line for each question: ours, the baseline, the floor, and whether ours is at least as good as both."""
    for question in QUESTIONS:
        if sets and question.set not in sets:
            continue
        rows = _rows(question, part)
        if not rows:
            yield {"set": question.set, "skipped": f"no {part} part of {question.set} in the shared folder"}
            continue
        truth = [_truth(question, row) for row in rows]
        ours = question.figure(rows, truth, [_said(question, signal) for signal in _signals(rows)])
        theirs = _baseline(question, rows)
        other = question.figure(rows, truth, theirs) if theirs else None
        least = max(value for value in (other, question.floor) if value is not None)
        yield {
            "set": question.set, "field": question.field, "metric": question.metric, "rows": len(rows),
            "ours": round(ours, 3), "baseline": None if other is None else round(other, 3), "floor": question.floor,
            "holds": round(ours, 3) >= round(least, 3),
        }  # fmt: skip


def _rows(question: Question, part: str) -> list[Row]:
    without = {"lang": (NO_LANGUAGE,), "is_english": ("ambiguous",)}.get(question.field, ())
    rows = rows_of(question.set, part, question.field, without=without)
    if question.set == "umsab":
        rows = [row for row in rows if row["labels"]["lang"] != NO_LANGUAGE]
    return rows


def _signals(rows: Sequence[Row]) -> list[Signal]:
    """What the default engine finds; the language that a set names is not shown to it."""
    items = [Item(key=row["id"], text=row["text"], network=row.get("network", "")) for row in rows]
    return default_engine().classify(items)


def _truth(question: Question, row: Row) -> str:
    label = str(row["labels"][question.field])
    return (YES if label == question.yes else NO) if question.intent else label


def _said(question: Question, signal: Signal) -> str:
    if question.intent:
        return YES if signal.scores.get(question.intent, 0.0) >= 0.5 else NO
    if question.field == "lang":
        return signal.lang or ""
    if question.field == "is_english":
        return "en" if signal.lang == "en" else "not_en"
    return signal.sentiment


def _baseline(question: Question, rows: Sequence[Row]) -> list[str]:
    texts = [row["text"] for row in rows]
    if question.intent:
        return [YES if found else NO for found in named(question.intent, texts)]
    return feelings(texts) if question.field == "sentiment" else []
