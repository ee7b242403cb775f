"""Many texts read once for a model: their n-grams, what the rules found, and which words may be named."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hub.classify.embedding import NOTHING, Embedding, Meaning
from hub.classify.engine import Item, in_batches
from hub.classify.facts import facts_of
from hub.classify.grams import Cut, Grams, char_grams, cut_texts, slots_of, word_grams, words_of
from hub.classify.linear import Block, Floats, LinearModel, Weights
from hub.domain import Signal

AT_A_TIME = 2_000  # texts
BLOCKS = {"words": word_grams, "chars": char_grams}


class Read(NamedTuple):
    """Texts as a model is shown them."""

    grams: Mapping[str, Grams]
    facts: Floats
    rules: list[tuple[str, ...]]
    meaning: Meaning


def read(
    items: Sequence[Item], signals: Sequence[Signal], embedding: Embedding | None = None, *, told: bool = False
) -> Read:
    """What a model may look at; `signals` are what the rules said of the items. `told`: words are to be named."""
    texts = [_text(item) for item in items]
    parts = [_grams(some) for some in in_batches(texts, AT_A_TIME)]
    meaning = embedding.read(texts, parts=told) if embedding else NOTHING
    grams = {name: _joined([part[name] for part in parts], len(texts)) for name in BLOCKS}
    return Read(grams, facts_of(items, signals), [signal.evidence for signal in signals], meaning)


def features(model: LinearModel, seen: Read) -> Weights:
    """What a model makes of what was read."""
    return model.features(seen.grams, seen.facts, seen.rules, seen.meaning.vectors)


def known_blocks(seen: Read, *, rare: int) -> dict[str, Block]:
    """The n-grams that stand in at least `rare` texts."""
    blocks = {}
    for name, grams in seen.grams.items():
        slots, texts = np.unique(grams.slot, return_counts=True)
        kept = texts >= rare
        idf = np.log((1 + grams.texts) / (1 + texts[kept])) + 1
        blocks[name] = Block(slots[kept], idf.astype(np.float32))
    return blocks


def common_words(items: Sequence[Item], *, texts: int) -> dict[int, str]:
    """Slots of the words that stand in at least so many texts. No handle, link or number is a word here."""
    counted = Counter(word for item in items for word in set(_text(item).lower().split()) if word.isalpha())
    words = [word for word, times in counted.most_common() if times >= texts]
    if not words:
        return {}
    text_of, hashes = words_of(cut_texts(words))
    first = np.concatenate(([True], np.diff(text_of) > 0))
    return dict(zip(slots_of(hashes[first]).tolist(), words, strict=True))


def _text(item: Item) -> str:
    return f"{item.title}\n{item.text}" if item.title else item.text


def _grams(texts: Sequence[str]) -> dict[str, Grams]:
    cut: Cut = cut_texts(texts)
    return {name: make(cut, len(texts)) for name, make in BLOCKS.items()}


def _joined(parts: Sequence[Grams], texts: int) -> Grams:
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Grams(0, nothing, nothing, np.zeros(0, np.float32))
    text_of = [part.text_of + number * AT_A_TIME for number, part in enumerate(parts)]
    return Grams(
        texts,
        np.concatenate(text_of),
        np.concatenate([part.slot for part in parts]),
        np.concatenate([part.times for part in parts]),
    )
