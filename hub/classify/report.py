"""How a trained model did on posts it had not learned from, beside the engine that runs now.

For each field: who was taken for what, by network and by language; whether the probabilities mean what they say; and
what would change if the model took the running engine's place, for better and for worse.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from hub.classify.engine import Engine
from hub.classify.examples import NO, YES, YES_NO
from hub.classify.training import Answered
from hub.domain import Signal
from hub.domain.model import Model

BINS = 10
FEW = 20  # posts; a table of fewer says nothing
MOST_TABLES = 12  # networks or languages with a table of their own; the largest
EVERYTHING = "all"


class Confusion(Model, omit_defaults=False):
    """Who was taken for what, in one network or language."""

    group: str  # all, network:x, lang:de
    posts: int
    accuracy: float
    macro_f1: float
    table: dict[str, dict[str, int]]  # what it is: what it was taken for: posts


class Bin(Model, omit_defaults=False):
    """Answers given with about the same probability: that, and how many were right."""

    posts: int
    said: float
    right: float


class SideBySide(Model, omit_defaults=False):
    """The model against the running engine, on the same posts."""

    running: str
    accuracy_now: float
    macro_f1_now: float
    agreed: int
    mended: int  # wrong now, right with the model
    broken: int
    changes: dict[str, int]  # "complaint → praise": posts that would change so; the most frequent


class FieldReport(Model, omit_defaults=False):
    """One field."""

    field: str
    posts: int
    labels: dict[str, int]
    dropped: dict[str, int]
    confusion: tuple[Confusion, ...]
    calibration: tuple[Bin, ...]
    calibration_error: float
    against: SideBySide | None


class Report(Model, omit_defaults=False):
    """All fields of one model."""

    version: str
    fields: tuple[FieldReport, ...]


def report(version: str, answered: Sequence[Answered], running: Engine) -> Report:
    """Everything that is known of a model before it runs."""
    return Report(version=version, fields=tuple(_field(one, running) for one in answered))


def _field(answered: Answered, running: Engine) -> FieldReport:
    bins = _calibration(answered)
    return FieldReport(
        field=answered.field,
        posts=len(answered.truth),
        labels=dict(Counter(answered.truth).most_common()),
        dropped=answered.dropped,
        confusion=tuple(_confusions(answered)),
        calibration=bins,
        calibration_error=round(sum(one.posts * abs(one.said - one.right) for one in bins) / len(answered.truth), 4),
        against=_against(answered, running),
    )


def _confusions(answered: Answered) -> list[Confusion]:
    rows: dict[str, list[int]] = {EVERYTHING: list(range(len(answered.truth)))}
    for row, example in enumerate(answered.examples):
        for kind, value in (("network", example.network), ("lang", example.lang)):
            if value:
                rows.setdefault(f"{kind}:{value}", []).append(row)
    largest = sorted(rows, key=lambda group: (group != EVERYTHING, -len(rows[group]), group))
    wanted = [group for group in largest if len(rows[group]) >= FEW or group == EVERYTHING][:MOST_TABLES]
    return [_confusion(group, answered, rows[group]) for group in wanted]


def _confusion(group: str, answered: Answered, rows: Sequence[int]) -> Confusion:
    truth = [answered.truth[row] for row in rows]
    found = [answered.found[row] for row in rows]
    table: dict[str, dict[str, int]] = {}
    for (is_, taken_for), posts in sorted(Counter(zip(truth, found, strict=True)).items()):
        table.setdefault(is_, {})[taken_for] = posts
    return Confusion(
        group=group, posts=len(rows), accuracy=round(accuracy(truth, found), 4),
        macro_f1=round(macro_f1(truth, found), 4), table=table,
    )  # fmt: skip


def _calibration(answered: Answered) -> tuple[Bin, ...]:
    """Answers in ten bins by their probability."""
    bins: list[list[int]] = [[] for _ in range(BINS)]
    for row, chance in enumerate(answered.probability):
        bins[min(int(chance * BINS), BINS - 1)].append(row)
    return tuple(
        Bin(
            posts=len(rows),
            said=round(sum(answered.probability[row] for row in rows) / len(rows), 3),
            right=round(sum(answered.truth[row] == answered.found[row] for row in rows) / len(rows), 3),
        )
        for rows in bins
        if rows
    )


def _against(answered: Answered, running: Engine) -> SideBySide | None:
    """None where the running engine does not answer this question."""
    ask = _question(answered.field)
    if ask is None:
        return None
    now = [ask(signal) for signal in running.classify([example.item for example in answered.examples])]
    triples = list(zip(answered.truth, now, answered.found, strict=True))
    changes = Counter(f"{old} → {new}" for _, old, new in triples if old != new)
    return SideBySide(
        running=running.found_by,
        accuracy_now=round(accuracy(answered.truth, now), 4),
        macro_f1_now=round(macro_f1(answered.truth, now), 4),
        agreed=sum(old == new for _, old, new in triples),
        mended=sum(old != truth == new for truth, old, new in triples),
        broken=sum(old == truth != new for truth, old, new in triples),
        changes=dict(changes.most_common(MOST_TABLES)),
    )


def _question(field: str) -> Callable[[Signal], str] | None:
    """How a signal answers this field."""
    if field == "sentiment":
        return lambda signal: signal.sentiment
    if field == "intent":
        return lambda signal: signal.intent
    if field == "relevant":
        return lambda signal: YES if signal.relevant else NO
    if field in YES_NO:
        return lambda signal: YES if signal.scores.get(field, 0.0) >= 0.5 else NO
    return None


def accuracy(truth: Sequence[str], found: Sequence[str]) -> float:
    """The share of posts that were answered rightly."""
    return sum(one == other for one, other in zip(truth, found, strict=True)) / max(1, len(truth))


def macro_f1(truth: Sequence[str], found: Sequence[str]) -> float:
    """The mean F1 of the labels that occur."""
    labels = sorted(set(truth))
    return sum(f1(truth, found, label) for label in labels) / max(1, len(labels))


def f1(truth: Sequence[str], found: Sequence[str], label: str) -> float:
    """The F1 of one label."""
    both = sum(one == other == label for one, other in zip(truth, found, strict=True))
    either = sum(one == label for one in truth) + sum(one == label for one in found)
    return 2 * both / either if either else 0.0
