"""Likeness: how much two accounts look as if one person had named them both, in numbers between 0 and 1.

A handle is compared as it is, by its core (without digits at its end and words such as `official` or `rep`), and with
the name that the other account shows: people make handles of their names in a few ways, and what is left of a handle
when the name is taken out of it says most.
"""

import re
import unicodedata
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel, JaroWinkler, LCSseq, Prefix

from hub.domain import Model

NOT_A_LETTER = re.compile(r"[^a-z0-9]+")
DIGITS_AT_THE_END = re.compile(r"\d+$")
FILLING = re.compile(
    r"^(?:the|real|official|mr|ms|dr|rep|sen|senator|congressman|congresswoman|us|team|iam|its|im)+"
    r"|(?:official|hq|tv|usa|dev|real|blog|page)+$"
)
SITE = re.compile(r"^(?:https?://)?(?:www\.)?([^/:?#]+)")
LONGEST_PIECE, SHORTEST_PIECE, SHORTEST_CORE = 6, 3, 3

FEATURES = (
    "same_handle", "same_core", "handle_jaro", "core_jaro", "core_indel", "core_partial", "name_jaro", "name_partial",
    "made_of_name", "last_in_handle", "first_in_handle", "core_subsequence", "lengths", "site_jaro", "both_in_handle",
    "length_of_same", "left_of_handle", "left_of_own", "core_inside", "ends_with_last", "initial_and_last",
    "first_and_last", "common_start", "length", "starts_with_initials", "first_jaro", "last_jaro",
)  # fmt: skip


class Account(Model):
    """What can be compared of one account."""

    network: str
    handle: str
    name: str = ""
    website: str = ""


def features_of(one: Account, other: Account) -> list[float]:
    """The likeness of two accounts, one number for each of FEATURES; it is `one` whose name is asked."""
    own, theirs = core(one.handle), core(other.handle)
    words = words_of(one.name)
    first, last, joined = (words[0], words[-1], "".join(words)) if words else ("", "", "")
    initials = "".join(word[0] for word in words)
    site = _site(one.website)
    short, long = sorted((own, theirs), key=len)
    plain_own, plain_theirs = plain(one.handle), plain(other.handle)
    has_first, has_last = len(first) > 2 and first in theirs, len(last) > 2 and last in theirs
    longest = max(len(long), 1)
    return [
        float(plain_own == plain_theirs), float(own == theirs), JaroWinkler.similarity(plain_own, plain_theirs),
        JaroWinkler.similarity(own, theirs), Indel.normalized_similarity(own, theirs),
        fuzz.partial_ratio(own, theirs) / 100, JaroWinkler.similarity(joined, theirs) if joined else 0.0,
        fuzz.partial_ratio(joined, theirs) / 100 if joined else 0.0, _made_of(words, theirs), float(has_last),
        float(has_first), LCSseq.normalized_similarity(own, theirs), len(short) / longest,
        JaroWinkler.similarity(site, theirs) if site else 0.0, float(has_first and has_last),
        len(theirs) / 10 if own == theirs else 0.0, _left_over(theirs, words), _left_over(own, words),
        len(short) / longest if len(short) > SHORTEST_CORE and short in long else 0.0,
        float(bool(last) and theirs.endswith(last)), float(bool(last) and theirs == first[:1] + last),
        float(bool(last) and theirs == first + last), Prefix.similarity(own, theirs) / longest,
        len(theirs) / 20, float(len(initials) > 1 and theirs.startswith(initials)),
        JaroWinkler.similarity(first, theirs[: len(first)]) if first else 0.0,
        JaroWinkler.similarity(last, theirs[-len(last) :]) if last else 0.0,
    ]  # fmt: skip


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """Lower case, without accents; of an address on a server, the part before it."""
    text = text.lower().removeprefix("@").partition("@")[0]
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


@lru_cache(maxsize=65_536)
def core(handle: str) -> str:
    """What is left of a handle without signs, digits at its end and filling words."""
    letters = NOT_A_LETTER.sub("", plain(handle))
    named = DIGITS_AT_THE_END.sub("", letters)
    bare = FILLING.sub("", named)
    return bare if len(bare) >= SHORTEST_CORE else named or letters


@lru_cache(maxsize=65_536)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in letters that a handle can have."""
    folded = unicodedata.normalize("NFKD", name.lower())
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    return tuple(word for word in NOT_A_LETTER.split(letters) if word)


def _site(website: str) -> str:
    """The name of a web site's host, without its ending."""
    found = SITE.match(plain_site) if (plain_site := website.lower().strip()) else None
    return NOT_A_LETTER.sub("", found[1].rpartition(".")[0]) if found else ""


def _made_of(words: tuple[str, ...], handle: str) -> float:
    """How near the handle is to one that people commonly make of such a name."""
    if len(words) < 2:
        return 0.0
    first, last = words[0], words[-1]
    usual = (first + last, first[0] + last, first + last[0], last + first, last + first[0])
    return max(JaroWinkler.similarity(each, handle) for each in usual)


def _left_over(handle: str, words: tuple[str, ...]) -> float:
    """What share of a handle is left when the words of a name, else their beginnings, are taken out of it."""
    if not words:
        return 1.0
    rest = handle
    for word in sorted(words, key=len, reverse=True):
        sizes = [len(word), *range(min(len(word), LONGEST_PIECE), SHORTEST_PIECE - 1, -1)]
        piece = next((word[:size] for size in sizes if size >= SHORTEST_PIECE and word[:size] in rest), None)
        if piece:
            rest = rest.replace(piece, "|", 1)
        elif rest[:1] == word[:1]:
            rest = "|" + rest[1:]
    return len(rest.replace("|", "")) / max(len(handle), 1)
