"""A trained model as plain numbers: what n-grams and facts weigh, for one or more questions, and how sure that makes.

It is kept in one `.npz` file (a zip of arrays, and of JSON for the words) and read without unpickling anything, so a
model from elsewhere can be wrong but cannot run code. Prediction is a sparse dot product.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from hub.classify.grams import BITS, Grams, Numbers
from hub.errors import SetupError

Floats: TypeAlias = NDArray[np.float32]

FORMAT = 1
FACTS = "model.json"
LIMIT_BYTES = 64_000_000  # unpacked; a model of ours has a tenth of it


class Block(NamedTuple):
    """One kind of n-gram: the slots that are known, in order, and how telling each is by itself."""

    slots: Numbers
    idf: Floats


class Head(msgspec.Struct, frozen=True):
    """One question and its answers. Lists run over `labels`; a yes/no question has no and yes, in this order."""

    field: str
    labels: list[str]
    bias: list[float]
    slope: list[float]  # with `offset`, what makes a probability of a margin
    offset: list[float]
    learned_from: dict[str, int]  # how many examples of each label
    measured: dict[str, float] = {}  # on rows that were held out


class About(msgspec.Struct, frozen=True):
    """What the file says in words."""

    format: int
    version: str
    made_at: str
    found_by: str  # the engine whose facts are used
    facts: list[str]
    fact_weight: float
    rules: list[str]
    heads: list[Head]
    words: dict[str, str]  # slot: the word, for evidence
    embedding: str = ""  # what read the meaning, if anything did
    meaning: int = 0  # numbers of a meaning
    meaning_weight: float = 0.0


class Weights(NamedTuple):
    """The features of some texts as one sparse matrix: rows are texts, columns the model's features."""

    texts: int
    columns: int
    text_of: Numbers
    column: Numbers
    value: Floats


class LinearModel:
    """What was learned, ready to be asked."""

    def __init__(self, about: About, blocks: Mapping[str, Block], coefficients: Sequence[Floats]) -> None:
        self.about = about
        self.blocks = dict(blocks)
        self.coefficients = list(coefficients)
        self._columns = {name: _columns(block.slots) for name, block in self.blocks.items()}
        self._rules = {name: place for place, name in enumerate(about.rules)}
        self.words = {int(slot): word for slot, word in about.words.items()}

    def head(self, field: str) -> int | None:
        """The place of a question, or None where nobody asked it."""
        return next((place for place, head in enumerate(self.about.heads) if head.field == field), None)

    def features(
        self, grams: Mapping[str, Grams], facts: Floats, rules: Sequence[Sequence[str]], meaning: Floats
    ) -> Weights:
        """The sparse matrix of some texts: their n-grams, their facts, the rules that fired, what they mean."""
        first = 0
        parts: list[tuple[Numbers, Numbers, Floats]] = []
        for name, block in self.blocks.items():
            parts.append(_weighed(grams[name], self._columns[name], block, first))
            first += len(block.slots)
        parts.append(dense(facts * self.about.fact_weight, first))
        parts.append(self._fired(rules, first + len(self.about.facts)))
        if self.about.meaning:
            parts.append(dense(meaning * self.about.meaning_weight, self.columns - self.about.meaning))
        text_of, column, value = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.argsort(text_of, kind="stable")
        return Weights(len(facts), self.columns, text_of[order], column[order], value[order])

    @property
    def columns(self) -> int:
        """How many features the model knows."""
        return columns_of(self.about, self.blocks)

    def margins(self, features: Weights, place: int) -> Floats:
        """How far each text lies on the side of each label."""
        found = features.value[:, None] * self.coefficients[place][features.column]
        return summed(found, features.text_of, features.texts) + np.array(self.about.heads[place].bias, np.float32)

    def probabilities(self, margins: Floats, place: int) -> Floats:
        """How likely each label is, as measured on rows that were held out."""
        head = self.about.heads[place]
        return calibrated(margins, np.array(head.slope, np.float32), np.array(head.offset, np.float32))

    def _fired(self, rules: Sequence[Sequence[str]], first: int) -> tuple[Numbers, Numbers, Floats]:
        known = self._rules
        pairs = [(row, first + known[name]) for row, names in enumerate(rules) for name in names if name in known]
        places = np.array(pairs, np.int64).reshape(len(pairs), 2)
        return places[:, 0], places[:, 1], np.full(len(pairs), self.about.fact_weight, np.float32)

    def save(self) -> bytes:
        """The file's bytes. The same model gives the same bytes."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            _put(archive, FACTS, msgspec.json.encode(self.about))
            for name, block in self.blocks.items():
                _put(archive, f"{name}.slots.npy", _array(block.slots.astype(np.uint32)))
                _put(archive, f"{name}.idf.npy", _array(block.idf.astype(np.float16)))
            for place, coefficients in enumerate(self.coefficients):
                _put(archive, f"head{place}.npy", _array(coefficients.astype(np.float16)))
        return file.getvalue()

    @classmethod
    def load(cls, source: Path | bytes) -> "LinearModel":
        """Read what `save` wrote; anything else is a SetupError."""
        name = "The model" if isinstance(source, bytes) else str(source)
        try:
            with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > LIMIT_BYTES:
                    raise SetupError(f"{name} unpacks to more than {LIMIT_BYTES // 1_000_000} MB; train a new one.")
                about = msgspec.json.decode(archive.read(FACTS), type=About)
                if about.format != FORMAT:
                    raise SetupError(f"{name} has the format {about.format}, not {FORMAT}; train a new one.")
                names = [entry.removesuffix(".slots.npy") for entry in archive.namelist() if ".slots." in entry]
                blocks = {one: _block(archive, one) for one in names}
                heads = [_floats(archive, f"head{place}.npy") for place in range(len(about.heads))]
        except (OSError, KeyError, ValueError, zipfile.BadZipFile, msgspec.MsgspecError) as problem:
            raise SetupError(f"{name} is no model that `hub train` wrote ({problem}); train a new one.") from problem
        _check(name, about, blocks, heads)
        return cls(about, blocks, heads)


def columns_of(about: About, blocks: Mapping[str, Block]) -> int:
    """How many features a model of these parts knows."""
    grams = sum(len(block.slots) for block in blocks.values())
    return grams + len(about.facts) + len(about.rules) + about.meaning


def calibrated(margins: Floats, slope: Floats, offset: Floats) -> Floats:
    """Probabilities of labels, which add up to one, from margins."""
    raw = 1 / (1 + np.exp(-np.clip(margins * slope + offset, -30, 30)))
    shares: Floats = raw / raw.sum(axis=1, keepdims=True)
    return shares


def summed(values: Floats, text_of: Numbers, texts: int) -> Floats:
    """Rows added up by text; `text_of` is in order. A text without any row gets zeros."""
    total = np.zeros((texts, values.shape[1]), np.float32)
    if len(values):
        starts = np.flatnonzero(np.concatenate(([True], np.diff(text_of) > 0)))
        total[text_of[starts]] = np.add.reduceat(values, starts, axis=0)
    return total


def dense(facts: Floats, first: int) -> tuple[Numbers, Numbers, Floats]:
    """What is not zero in a table, as a sparse matrix whose columns begin at `first`."""
    row, column = np.nonzero(facts)
    return row, column + first, facts[row, column]


def _weighed(grams: Grams, columns: NDArray[np.int32], block: Block, first: int) -> tuple[Numbers, Numbers, Floats]:
    """TF-IDF of the n-grams that are known, each text's of length one."""
    column = columns[grams.slot]
    known = column >= 0
    text_of, place = grams.text_of[known], column[known].astype(np.int64)
    value = ((1 + np.log(grams.times[known])) * block.idf[place]).astype(np.float32)
    lengths = np.sqrt(np.bincount(text_of, value * value, minlength=grams.texts)).astype(np.float32)
    return text_of, place + first, value / lengths[text_of]


def _columns(slots: Numbers) -> NDArray[np.int32]:
    """For each slot its column, or -1: a table is looked up ten times as fast as a sorted list."""
    table = np.full(1 << BITS, -1, np.int32)
    table[slots] = np.arange(len(slots), dtype=np.int32)
    return table


def _block(archive: zipfile.ZipFile, name: str) -> Block:
    slots = np.load(io.BytesIO(archive.read(f"{name}.slots.npy")), allow_pickle=False).astype(np.int64)
    return Block(slots, _floats(archive, f"{name}.idf.npy"))


def _floats(archive: zipfile.ZipFile, name: str) -> Floats:
    loaded: Any = np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
    return np.asarray(loaded, np.float32)


def _array(values: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)  # without a time of its own


def _check(name: str, about: About, blocks: Mapping[str, Block], heads: Sequence[Floats]) -> None:
    """A file whose parts do not fit together must not fail in the middle of a run."""
    known = [block for block in blocks.values() if len(block.slots)]
    columns = columns_of(about, blocks)
    fits = [len(block.slots) == len(block.idf) and block.slots.max() < 1 << BITS for block in known]
    for weights, head in zip(heads, about.heads, strict=True):
        lengths = {len(head.labels), len(head.bias), len(head.slope), len(head.offset)}
        fits.append(lengths == {len(head.labels)} and weights.shape == (columns, len(head.labels)))
    if not all(fits):
        raise SetupError(f"The parts of {name} do not fit together; train a new one.")
