"""Learning from labelled posts: n-grams and what the rules found, weighed by linear support vector machines.

How strongly weights are held back and how far the rules are believed is chosen on rows that were held out, and so are
all figures and probabilities: a model is never asked about a row it has learned from. Of texts that occur twice, both
are held out together.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from hub.classify.embedding import Embedding, load_embedding
from hub.classify.engine import Engine
from hub.classify.examples import Example
from hub.classify.facts import NAMES
from hub.classify.grams import Numbers
from hub.classify.linear import FORMAT, About, Floats, Head, LinearModel, calibrated
from hub.classify.reading import Read, common_words, features, known_blocks, read
from hub.classify.table import Table, sparse
from hub.errors import SetupError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

RARE, RARE_OF_MANY = 2, 3  # texts that an n-gram must stand in
MANY_EXAMPLES = 20_000
NAMED = 5  # texts that a word must stand in to be named in evidence: what few have written might tell who did
FOLDS = 3
STRENGTHS = (0.1, 0.2, 0.4)
BELIEFS = (1.0, 0.5, 1.5)  # shares of the weight that what the rules found has at first
STRETCHED, SMOOTHED = 0.1, 0.1  # strength of the second machine, and what is added to its counts
STRENGTHS_OF_MANY = (0.5, 1.0, 2.0)  # for questions with many answers, each with few examples
MANY_ANSWERS = 12
ENOUGH_TO_CHOOSE = 12_000  # examples; more do not change which strength is best
FACT_WEIGHT = 0.3  # beside n-grams, whose squares add up to one for each block
MEANING_WEIGHT = 1.0  # beside the same
FEW = 3_000  # below this many examples what the rules know is worth more
AT_LEAST = 2  # examples of a label; a single one cannot be both learned from and held out
SMALLEST_SLOPE = 1e-3
SEED = 20_311


class Sees(StrEnum):
    """What a model sees of a post, besides what the rules found in it."""

    WORDS = "words"  # and pairs of them, and runs of characters
    MEANING = "meaning"  # by an embedding, which is an extra: it holds for what nobody has labelled yet, too
    BOTH = "both"


class Answered(NamedTuple):
    """The examples of one field, with the answers given to them while they were held out."""

    field: str
    examples: list[Example]
    truth: list[str]
    found: list[str]
    probability: list[float]  # of what was found
    dropped: dict[str, int]  # labels with too few examples


class Trained(NamedTuple):
    """A model and how it did."""

    model: LinearModel
    answered: list[Answered]


def train(
    examples: Sequence[Example],
    *,
    base: Engine,
    now: datetime,
    validation: Sequence[Example] = (),
    sees: Sees = Sees.WORDS,
) -> Trained:
    """Learn every field that the examples answer. `validation` decides the strength, and is then learned from too."""
    embedding = None if sees is Sees.WORDS else load_embedding()
    everything = [*examples, *validation]
    items = [example.item for example in everything]
    seen = read(items, base.classify(items), embedding)
    rare = RARE if len(everything) < MANY_EXAMPLES else RARE_OF_MANY
    blocks = {} if sees is Sees.MEANING else known_blocks(seen, rare=rare)
    about = _about(seen, base, now, common_words(items, texts=NAMED), embedding)
    unlearned = LinearModel(about, blocks, ())
    grams = sum(len(block.slots) for block in blocks.values())
    table = Table(sparse(features(unlearned, seen)), grams, unlearned.columns - about.meaning)
    heads, coefficients, answered = [], [], []
    for field in sorted({name for example in everything for name in example.labels}):
        head, weights, answers = _learn(field, everything, len(examples), table)
        heads.append(head)
        coefficients.append(weights)
        answered.append(answers)
    about = msgspec.structs.replace(about, heads=heads)
    version = sha256(LinearModel(about, blocks, coefficients).save()).hexdigest()[:8]
    return Trained(LinearModel(msgspec.structs.replace(about, version=version), blocks, coefficients), answered)


def _about(seen: Read, base: Engine, now: datetime, words: dict[int, str], embedding: Embedding | None) -> About:
    """What can be said of a model before it has learned anything."""
    fired = Counter(name for names in seen.rules for name in names)
    few = float(np.clip(np.sqrt(FEW / max(1, len(seen.rules))), 1.0, 2.0))
    return About(
        format=FORMAT, version="", made_at=now.isoformat(), found_by=base.found_by, facts=list(NAMES),
        fact_weight=round(FACT_WEIGHT * few, 3), rules=sorted(name for name, times in fired.items() if times >= RARE),
        heads=[], words={str(slot): word for slot, word in words.items()},
        embedding=embedding.name if embedding else "", meaning=seen.meaning.vectors.shape[1],
        meaning_weight=MEANING_WEIGHT if embedding else 0.0,
    )  # fmt: skip


def _learn(
    field: str, everything: Sequence[Example], validation_from: int, table: Table
) -> tuple[Head, Floats, Answered]:
    """One question: how strongly to hold back, how sure the answers are, and the weights."""
    counted = Counter(example.labels[field] for example in everything if field in example.labels)
    labels = sorted(label for label, times in counted.items() if times >= AT_LEAST)
    if len(labels) < 2:
        raise SetupError(
            f"The field {field!r} has {len(labels)} labels with {AT_LEAST} examples or more; give examples of two."
        )
    number = {label: place for place, label in enumerate(labels)}
    rows = np.array([row for row, one in enumerate(everything) if one.labels.get(field) in number], np.int64)
    mine = [everything[row] for row in rows]
    truth = np.array([number[example.labels[field]] for example in mine], np.int64)
    folds = folds_of(mine, truth)
    strength, share = _settings(table.of(rows), truth, rows >= validation_from, folds)
    asked = table.of(rows).believing(share)
    margins = _held_out_margins(asked, truth, folds, strength)
    slope, offset = _calibration(margins, truth)
    weights, bias = _fit(asked, truth, len(labels), strength)
    weights *= asked.shares(share)[:, None]  # so that what is asked need not be changed
    found = margins.argmax(axis=1)
    chances = calibrated(margins, slope, offset)
    head = Head(
        field=field, labels=labels, bias=bias.tolist(), slope=slope.tolist(), offset=offset.tolist(),
        learned_from={label: counted[label] for label in labels},
        measured={"accuracy": round(float((found == truth).mean()), 4), "macro_f1": round(macro_f1(truth, found), 4)},
    )  # fmt: skip
    answers = Answered(
        field, mine, [labels[place] for place in truth], [labels[place] for place in found],
        chances[np.arange(len(found)), found].tolist(), {one: counted[one] for one in counted if one not in number},
    )  # fmt: skip
    return head, weights.astype(np.float32), answers


def folds_of(examples: Sequence[Example], truth: Numbers) -> Numbers:
    """Which fold each example is held out with: labels spread evenly, equal texts together."""
    text_of = np.unique([example.text for example in examples], return_inverse=True)[1]
    first = np.unique(text_of, return_index=True)[1]
    shuffled = np.random.default_rng(SEED).permutation(len(first))
    order = shuffled[np.argsort(truth[first][shuffled], kind="stable")]
    fold = np.empty(len(first), np.int64)
    fold[order] = np.arange(len(first)) % FOLDS
    return fold[text_of]


def _settings(table: Table, truth: Numbers, validation: NDArray[np.bool_], folds: Numbers) -> tuple[float, float]:
    """How strongly to hold back, and how much to believe the rules: what has the best macro-F1 on rows held out.

    Of equals the one that holds back most. Of few examples all are held out in turn, since a third tells little.
    """
    many = len(np.unique(truth)) > MANY_ANSWERS
    grid = [(strength, 1.0) for strength in STRENGTHS_OF_MANY] if many else list(product(STRENGTHS, BELIEFS))
    turns = [validation] if validation.any() else [folds == fold for fold in range(FOLDS if len(truth) < FEW else 1)]
    if len(truth) < FOLDS * AT_LEAST or any(len(np.unique(truth[~held])) < 2 for held in turns):
        return grid[0]
    return max(grid, key=lambda one: _figure(table.believing(one[1]).features, truth, turns, one[0]))


def _figure(features: "csr_matrix", truth: Numbers, turns: Sequence[NDArray[np.bool_]], strength: float) -> float:
    """The macro-F1 on the rows of all turns, each answered by a machine that has not seen them."""
    found, asked = [], []
    for held in turns:
        learning = np.random.default_rng(SEED).permutation(np.flatnonzero(~held))[:ENOUGH_TO_CHOOSE]
        weights, bias = _machine(features[learning], truth[learning], int(truth.max()) + 1, strength)
        found.append((features[held] @ weights + bias).argmax(axis=1))
        asked.append(truth[held])
    return macro_f1(np.concatenate(asked), np.concatenate(found))


def _held_out_margins(table: Table, truth: Numbers, folds: Numbers, strength: float) -> Floats:
    """What models that have not seen a row say of it."""
    margins = np.zeros((len(truth), int(truth.max()) + 1), np.float32)
    for fold in np.unique(folds):
        held = folds == fold
        weights, bias = _fit(table.of(~held), truth[~held], margins.shape[1], strength)
        margins[held] = table.features[held] @ weights + bias
    return margins


def _fit(table: Table, truth: Numbers, answers: int, strength: float) -> tuple[Floats, Floats]:
    """Weights and bias, a column for each answer; one that no row gives is never found.

    Two machines add up: one sees the features as they are, one sees each stretched by how differently an answer's
    rows use it (Wang & Manning 2012). They err on different rows, and the sum costs no more to ask than one.
    """
    features = table.features
    weights, bias = _machine(features, truth, answers, strength)
    if len(np.unique(truth)) == 1 or answers > MANY_ANSWERS or len(truth) > MANY_EXAMPLES:
        return weights, bias  # with so many the second machine takes long and adds little
    for answer in range(answers):
        mine = truth == answer
        if not mine.any():
            continue
        ratio = _ratio(features[mine], features[~mine])
        ratio[table.counting :] = 1.0  # what is no count has no ratio
        stretched = features.copy()
        stretched.data *= ratio[stretched.indices]
        found, level = _machine(stretched, mine.astype(np.int64), 2, STRETCHED)
        weights[:, answer] += found[:, 1] * ratio
        bias[answer] += level[1]
    return weights, bias


def _ratio(mine: "csr_matrix", others: "csr_matrix") -> Floats:
    """For each feature how differently two groups of rows use it: the size of the logarithm of the ratio."""
    one = np.maximum(np.asarray(mine.sum(axis=0)).ravel(), 0) + SMOOTHED
    other = np.maximum(np.asarray(others.sum(axis=0)).ravel(), 0) + SMOOTHED
    sizes: Floats = np.abs(np.log(one / one.sum() * other.sum() / other)).astype(np.float32)
    return sizes


def _machine(features: "csr_matrix", truth: Numbers, answers: int, strength: float) -> tuple[Floats, Floats]:
    from sklearn.svm import LinearSVC

    weights = np.zeros((features.shape[1], answers), np.float32)
    bias = np.full(answers, -9.0, np.float32)
    given = np.unique(truth)
    if len(given) == 1:
        bias[given] = 0.0
        return weights, bias
    machine: Any = LinearSVC(C=strength, class_weight="balanced", random_state=SEED)
    machine.fit(features, truth)
    found, level = machine.coef_.T, machine.intercept_
    if len(given) == 2:  # one line parts two answers
        found, level = np.hstack((-found, found)), np.concatenate((-level, level))
    weights[:, given] = found
    bias[given] = level
    return weights, bias


def _calibration(margins: Floats, truth: Numbers) -> tuple[Floats, Floats]:
    """For each answer the slope and offset that make a probability of its margin (Platt)."""
    from sklearn.linear_model import LogisticRegression

    slope = np.ones(margins.shape[1], np.float32)
    offset = np.zeros(margins.shape[1], np.float32)
    for answer in np.unique(truth):
        curve: Any = LogisticRegression(C=10.0)
        curve.fit(margins[:, [answer]], truth == answer)
        slope[answer], offset[answer] = max(float(curve.coef_[0, 0]), SMALLEST_SLOPE), float(curve.intercept_[0])
    return slope, offset


def macro_f1(truth: Numbers, found: Numbers) -> float:
    """The mean of the answers' F1, over those that were given."""
    figures = []
    for answer in np.unique(truth):
        both = int(((truth == answer) & (found == answer)).sum())
        figures.append(2 * both / (int((truth == answer).sum()) + int((found == answer).sum())))
    return float(np.mean(figures))
