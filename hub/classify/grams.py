"""Texts as hashed n-grams, many at once: words and pairs of words with negation marked, and two to five characters.

Everything is done on one array of code points, so that a post costs some tens of microseconds and no Python object is
made for an n-gram. A substring's hash comes from two prefix sums (a polynomial modulo 2^64, whose odd base has an
inverse). Links, handles and digits are each put as one sign: a model shall learn how people write, not who they are.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hub.classify.text import TEXT_LIMIT

Hashes: TypeAlias = NDArray[np.uint64]
Numbers: TypeAlias = NDArray[np.int64]

BITS = 22  # slots that n-grams are hashed to: two of a model's share one in twenty at most
LONGEST, SHORTEST = 5, 2  # characters of an n-gram inside a word and the blanks beside it
LINK = re.compile(r"https?://\S*|www\.\S+|\bhttp\b")
HANDLE = re.compile(r"@[\w.]+")
BASE = 0x9E3779B97F4A7C15
INVERSE = pow(BASE, -1, 2**64)
NEGATED = np.uint64(0xD6E8FEB86659FD93)
SECOND = np.uint64(0xC2B2AE3D27D4EB4F)
REACH = 4  # words after a negator that it turns, up to the next stop
BLANK, WORD, SIGN = 0, 1, 2
END, SPACE, ZERO, NINE, PRIME = 10, 32, 48, 57, 0x2019
STOPS = np.array([ord(char) for char in ".,;:!?"], np.uint64)
NEGATORS = """
not no never none nobody nothing nowhere neither nor without hardly cannot cant can't dont don't doesnt doesn't
didnt didn't isnt isn't wasnt wasn't arent aren't werent weren't wont won't wouldnt wouldn't couldnt couldn't
shouldnt shouldn't havent haven't hasnt hasn't hadnt hadn't ain't aint nicht kein keine keinen keiner nie niemals
nichts ohne nunca nada nadie ni sin jamás ne pas jamais rien personne sans aucun aucune plus non mai niente senza
não nem
"""


class Cut(NamedTuple):
    """Texts as code points, lower case, blanks single, each text ended by a line end."""

    points: Hashes
    text_of: Numbers  # the text that each code point belongs to
    prefix: Hashes  # of the polynomial


class Grams(NamedTuple):
    """How often each n-gram's slot was met in each text, sorted by text and slot."""

    texts: int
    text_of: Numbers
    slot: Numbers
    times: NDArray[np.float32]


def word_grams(cut: Cut, texts: int) -> Grams:
    """Single words and signs, and pairs of them, those after a negator marked."""
    text_of, hashes = words_of(cut)
    paired = text_of[1:] == text_of[:-1]
    pairs = mixed(hashes[:-1][paired] * np.uint64(31) + hashes[1:][paired] * SECOND)
    return _counted(np.concatenate((text_of, text_of[1:][paired])), np.concatenate((hashes, pairs)), texts)


def char_grams(cut: Cut, texts: int) -> Grams:
    """Runs of characters that cross no blank, but for one at either end."""
    points = cut.points
    blank = (points == SPACE) | (points == END)
    blanks_before = np.concatenate(([0], np.cumsum(blank)))
    parts, hashes = [], []
    for length in range(SHORTEST, LONGEST + 1):
        start = np.arange(len(points) - length + 1)
        whole = blanks_before[start + length - 1] == blanks_before[start + 1]
        whole &= ~(blank[start] & blank[start + length - 1])
        start = start[whole & (points[start] != END) & (points[start + length - 1] != END)]
        parts.append(cut.text_of[start])
        hashes.append(mixed(_substrings(cut, start, start + length) + np.uint64(length)))
    return _counted(np.concatenate(parts), np.concatenate(hashes), texts)


def words_of(cut: Cut) -> tuple[Numbers, Hashes]:
    """The text and the hash of each word or run of signs, in order."""
    starts, ends, kinds = _runs(cut)
    text_of = cut.text_of[starts]
    hashes = mixed(_substrings(cut, starts, ends))
    stops = (kinds == SIGN) & np.isin(cut.points[starts], STOPS)
    turned = _turned(np.isin(hashes, negators()), stops, text_of) & (kinds == WORD)
    return text_of, np.where(turned, mixed(hashes * NEGATED), hashes)


def cut_texts(texts: Sequence[str]) -> Cut:
    """Put texts into one array of code points."""
    clean = (" ".join(without_people(text[:TEXT_LIMIT]).split()) for text in texts)
    joined = "".join(f" {text} \n" for text in clean).lower()
    points = np.frombuffer(joined.encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    ends = points == END
    text_of = np.cumsum(ends) - ends
    points[(points >= ZERO) & (points <= NINE)] = ZERO
    points[points == PRIME] = ord("'")
    drawl = np.zeros(len(points), bool)  # sooooo is sooo
    drawl[3:] = (points[3:] == points[2:-1]) & (points[2:-1] == points[1:-2]) & (points[1:-2] == points[:-3])
    points, text_of = points[~drawl], text_of[~drawl]
    prefix = np.zeros(len(points) + 1, np.uint64)
    np.cumsum(points * _powers(len(points), BASE)[: len(points)], out=prefix[1:])
    return Cut(points, text_of.astype(np.int64), prefix)


def word_hash(word: str) -> int:
    """The hash that `words_of` gives this word where nothing negates it."""
    return int(words_of(cut_texts([word]))[1][0])


def slots_of(hashes: Hashes) -> Numbers:
    """The slots of these hashes."""
    return (hashes >> np.uint64(64 - BITS)).astype(np.int64)


def mixed(hashes: Hashes) -> Hashes:
    """The same hashes with every bit depending on every other (splitmix64's last step)."""
    hashes = hashes ^ (hashes >> np.uint64(30))
    hashes = hashes * np.uint64(0xBF58476D1CE4E5B9)
    hashes = hashes ^ (hashes >> np.uint64(27))
    hashes = hashes * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))


@cache
def negators() -> Hashes:
    """The hashes of the words that turn what follows, in six languages; one with an apostrophe is one word here."""
    words = sorted(set(NEGATORS.split()))
    cut = cut_texts(words)
    starts, ends, _ = _runs(cut)
    return np.unique(mixed(_substrings(cut, starts, ends)))


def _runs(cut: Cut) -> tuple[Numbers, Numbers, NDArray[np.uint8]]:
    """Where words and runs of signs start and end, and which of the two each is."""
    kinds = _kinds()[np.minimum(cut.points, 0xFFFF)]
    kinds[cut.points > 0xFFFF] = SIGN
    changes = np.flatnonzero(np.diff(kinds)) + 1
    starts = np.concatenate(([0], changes))
    ends = np.concatenate((changes, [len(kinds)]))
    wanted = kinds[starts] != BLANK
    return starts[wanted], ends[wanted], kinds[starts[wanted]]


def _turned(negator: NDArray[np.bool_], stops: NDArray[np.bool_], text_of: Numbers) -> NDArray[np.bool_]:
    """Which words lie within the reach of a negator before them."""
    turned = np.zeros(len(negator), bool)
    reaching = negator
    for _ in range(REACH):
        further = np.zeros(len(negator), bool)
        further[1:] = reaching[:-1] & ~stops[1:] & (text_of[1:] == text_of[:-1])
        turned |= further
        reaching = further & ~negator
    return turned


def _substrings(cut: Cut, starts: Numbers, ends: Numbers) -> Hashes:
    return (cut.prefix[ends] - cut.prefix[starts]) * _powers(len(cut.points), INVERSE)[starts]


def _counted(text_of: Numbers, hashes: Hashes, texts: int) -> Grams:
    keys, counts = np.unique((text_of << BITS) | slots_of(hashes), return_counts=True)
    return Grams(texts, keys >> BITS, keys & ((1 << BITS) - 1), counts.astype(np.float32))


def without_people(text: str) -> str:
    """The text with each link and handle put as one sign."""
    if "http" in text or "www." in text:
        text = LINK.sub(" http ", text)
    return HANDLE.sub(" @ ", text) if "@" in text else text


def _powers(length: int, base: int) -> Hashes:
    return _power_table(1 << max(16, length.bit_length()), base)


@cache
def _power_table(length: int, base: int) -> Hashes:
    powers = np.full(length, base, np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


@cache
def _kinds() -> NDArray[np.uint8]:
    """What each code point of the basic plane is. Marks that belong to a letter are part of a word."""
    import unicodedata

    kinds = np.full(0x10000, SIGN, np.uint8)
    for point in range(0x10000):
        char = chr(point)
        if char.isalnum() or char in "_'" or unicodedata.category(char)[0] == "M":
            kinds[point] = WORD
        elif char.isspace() or point < SPACE:
            kinds[point] = BLANK
    return kinds
