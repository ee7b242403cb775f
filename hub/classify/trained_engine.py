"""The engine that has learned: what the rules find, corrected by a model that was trained on labelled posts.

A model answers only the questions it was asked in training. Everything else stays as the rules have it: the language,
the subjects, the intents of which nobody has labelled any post.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from hub.classify.choosing import TROUBLE, choose, thresholds_with, worth_of
from hub.classify.embedding import Meaning, embedding_of
from hub.classify.engine import Engine, InBatches, Item, in_batches
from hub.classify.examples import LEARNABLE, NO, YES, YES_NO
from hub.classify.linear import Floats, Head, LinearModel, Weights
from hub.classify.reading import features, read
from hub.classify.rules_engine import RulesEngine
from hub.domain import Intent, Sentiment, Signal
from hub.domain.config import Subject, Topic
from hub.errors import SetupError

WORDS = 3  # that are named as evidence of one answer
UNREMARKABLE = ("none", "neutral", NO)  # answers that need no evidence
SIDE = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
assert set(SIDE) == set(get_args(Sentiment))


class Answers(NamedTuple):
    """What a model says to one question, for some posts."""

    place: int
    head: Head
    best: NDArray[np.int64]
    chances: Floats

    def label(self, row: int) -> str:
        """The answer for one post."""
        return self.head.labels[int(self.best[row])]

    def chance(self, row: int, label: str) -> float:
        """How likely an answer is."""
        return float(self.chances[row, self.head.labels.index(label)]) if label in self.head.labels else 0.0


class Seen(NamedTuple):
    """Some posts as a model sees them, and what they mean where it asks for that."""

    features: Weights
    meaning: Meaning


class TrainedEngine(InBatches):
    """Rules and a trained model."""

    name = "trained"
    at_a_time = 1_000  # numpy has a price for each call

    def __init__(self, model: LinearModel, subjects: Sequence[Subject] = (), *, base: Engine | None = None) -> None:
        self.model = model
        self.version = model.about.version
        self.base = base or RulesEngine(subjects)
        self._fields = [field for field in LEARNABLE if model.head(field) is not None]
        columns = enumerate(model.blocks["words"].slots.tolist()) if "words" in model.blocks else ()
        self._thresholds = _thresholds(model)
        self._embedding = embedding_of(model.about.embedding) if model.about.embedding else None
        self._known = frozenset(model.words.values())
        self._named = {column: model.words[slot] for column, slot in columns if slot in model.words}

    @classmethod
    def load(
        cls, source: Path | bytes, subjects: Sequence[Subject] = (), topics: Sequence[Topic] = ()
    ) -> "TrainedEngine":
        """An engine from the file, or its bytes, that `hub train` wrote."""
        return cls(LinearModel.load(source), base=RulesEngine(subjects, topics=topics))

    def judge(self, items: Sequence[Item]) -> list[Signal]:
        """The signals of one batch."""
        base = self.base.classify(items)
        seen = self._seen(items, base)
        answers = {field: self._answers(field, seen.features) for field in self._fields}
        return [self._signal(signal, row, answers, seen) for row, signal in enumerate(base)]

    def _seen(self, items: Sequence[Item], base: Sequence[Signal]) -> Seen:
        told = read(items, base, self._embedding, told=not self.model.blocks)
        return Seen(features(self.model, told), told.meaning)

    def answer(self, items: Sequence[Item], field: str) -> list[tuple[str, float]]:
        """The answer to one question and how likely it is, for each item; any field that was learned may be asked."""
        found: list[tuple[str, float]] = []
        for some in in_batches(items, self.at_a_time):
            answers = self._answers(field, self._seen(some, self.base.classify(some)).features)
            labels = [answers.label(row) for row in range(len(some))]
            found += [(label, answers.chance(row, label)) for row, label in enumerate(labels)]
        return found

    def _answers(self, field: str, seen: Weights) -> Answers:
        place = self.model.head(field)
        if place is None:
            known = ", ".join(head.field for head in self.model.about.heads)
            raise SetupError(f"The model has not learned {field!r}; ask for {known}, or train it with such labels.")
        margins = self.model.margins(seen, place)
        chances = self.model.probabilities(margins, place)
        return Answers(place, self.model.about.heads[place], margins.argmax(axis=1), chances)

    def _signal(self, signal: Signal, row: int, answers: Mapping[str, Answers], seen: Seen) -> Signal:
        """What the rules said, with the model's answers in place of theirs."""
        scores = dict(signal.scores)
        changes: dict[str, Any] = {"found_by": self.found_by, "relevant": signal.relevant}
        evidence = list(signal.evidence)
        for field, answer in answers.items():
            label = answer.label(row)
            if label not in UNREMARKABLE:
                evidence += [f"{field}:{word}" for word in self._words(seen, row, answer)]
            if field == "sentiment":
                changes |= {"sentiment": label, "sentiment_score": round(_lean(answer, row), 3)}
            elif field == "relevant":
                changes["relevant"] = label == YES
            elif field == "intent":
                scores |= {name: answer.chance(row, name) for name in answer.head.labels if name != "none"}
            else:
                scores[field] = answer.chance(row, YES)
        scores = {name: round(score, 3) for name, score in scores.items() if round(score, 3) > 0}
        changes |= self._chosen(signal, row, answers, scores)
        relevant = bool(changes["relevant"]) and changes["intent"] != "spam"
        changes |= {"relevant": relevant, "worth": worth_of(scores, relevant=relevant)}
        return signal.with_(**changes, scores=scores, evidence=tuple(dict.fromkeys(evidence)))

    def _chosen(
        self, signal: Signal, row: int, answers: Mapping[str, Answers], scores: dict[str, float]
    ) -> dict[str, Any]:
        """The intent: the model's own answer where it has learned to choose, else the surest above its threshold."""
        if "intent" in answers:
            label = answers["intent"].label(row)
            return {"intent": label, "confidence": round(answers["intent"].chance(row, label), 3)}
        mine = bool(signal.subjects) and any(name in scores for name in TROUBLE)
        intent, confidence = choose(scores, self._thresholds, mine=mine)
        return {"intent": intent, "confidence": confidence}

    def _words(self, seen: Seen, row: int, answer: Answers) -> list[str]:
        """The words of the post that spoke loudest for an answer; only words that many have written are known."""
        weights = self.model.coefficients[answer.place][:, answer.best[row]]
        return (self._of_grams if self.model.blocks else self._of_meaning)(seen, row, weights)[:WORDS]

    def _of_meaning(self, seen: Seen, row: int, weights: Floats) -> list[str]:
        words = seen.meaning.words[row]
        told = seen.meaning.parts[row] @ weights[-self.model.about.meaning :]
        loudest = [words[place] for place in np.argsort(-told) if told[place] > 0]
        return [word for word in dict.fromkeys(loudest) if word in self._known]

    def _of_grams(self, seen: Seen, row: int, weights: Floats) -> list[str]:
        features = seen.features
        first, last = np.searchsorted(features.text_of, [row, row + 1])
        columns = features.column[first:last]
        told = features.value[first:last] * weights[columns]
        loudest = [int(columns[place]) for place in np.argsort(-told) if told[place] > 0]
        return [self._named[column] for column in loudest if column in self._named]


def _lean(answer: Answers, row: int) -> float:
    """How far a post leans to either side, from -1 to 1."""
    return sum(SIDE[label] * answer.chance(row, label) for label in answer.head.labels if label in SIDE)


def _thresholds(model: LinearModel) -> dict[Intent, float]:
    """A learned intent is chosen where the model answers yes, however rare the intent is."""
    own: dict[Any, float] = {}
    for place, head in enumerate(model.about.heads):
        if head.field in YES_NO and YES in head.labels:
            even = np.zeros((1, len(head.labels)), np.float32)
            own[head.field] = float(model.probabilities(even, place)[0, head.labels.index(YES)])
    return thresholds_with(own)
