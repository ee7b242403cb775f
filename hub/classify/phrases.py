"""The little language in which rules are written, and its compiler.

    which {,espresso,coffee} machine should i {buy,get}

A phrase is words in order. `{a,b c}` is a choice, `{,a}` may be absent, `buy{,s,ing}` spells three words, and
`..` lets up to four other words pass. That is all: no repetition without a bound can be written, so no text can
make a phrase slow. A phrase is tried only where one of its signs stands in the text: two of its words side by side
where no gap parts them, else its rarest word together with the next rarest. Most posts hold few such signs.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise, product
from math import prod

from hub.classify.text import Reading, fold, tokens_of
from hub.errors import SetupError

GAP, BLANK = "..", " "
SPELLINGS_AT_MOST = 500
GAP_PATTERN = r"(?:\S+ ){0,4}?"
PAIRS_AT_MOST = 1_000  # of one phrase; one that has more is found by its words
GAPS_AT_MOST = 2  # each one multiplies the places where a phrase may end by five
CHOICE = re.compile(r"\{([^{}]*)\}")
FREQUENT = frozenset(
    """
    all am any can't could day don't get go going good got help hours just know like love more need new now one out
    please see service still thanks time us want would
    """.split()  # noqa: SIM905
)
WORD = re.compile(r"(?:\{[^{}]*\}|[^\s{}])+")  # of a phrase; blanks inside a choice do not part
COMMON = frozenset(
    """
    a an and are as at be been but can do does for from had has have how i i'm if in is it it's me my no not of
    on or so than that the their them they this to up was we what when which who why will with you your yours
    der die das ein eine einen ich ist mir mein meine nicht und wie zu es auf mit bei von
    el la los las un una mi me se no que de en y es lo su con por para
    le les un une des mon ma mes je ne pas que qui de du la et est il elle on ce sur pour avec
    """.split()  # noqa: SIM905  (a list of a hundred quoted words reads worse)
)


Sign = str | tuple[str, str]
"""Something cheap to look for, without which a phrase cannot stand: a word of the text, or neighbours in its line."""


class Phrase:
    """A phrase ready to be looked for: tried where one of its signs stands. Its pattern is compiled on first use.

    With each of its `signs` comes a part of the line that proves it, or nothing where only the pattern tells. Where
    there are `seconds`, one of them must be among the words of the text as well.
    """

    __slots__ = ("_pattern", "seconds", "signs", "stands_in")

    def __init__(self, signs: Iterable[tuple[Sign, str]], pattern: str, seconds: frozenset[str] = frozenset()) -> None:
        self.signs, self.seconds = frozenset(signs), seconds
        self._pattern = pattern
        self.stands_in: Callable[[str], object] = self._first
        """Something true if the phrase stands in this line."""

    def _first(self, line: str) -> object:
        """From the second time on, the pattern is asked without a detour."""
        self.stands_in = re.compile(self._pattern).search
        return self.stands_in(line)


def compile_phrase(phrase: str) -> Phrase:
    """Compile one phrase; a SetupError names the phrase that cannot be one."""
    parts = [_tokens(choices(part)) for part in WORD.findall(phrase)]
    if sum(part is None for part in parts) > GAPS_AT_MOST:
        raise SetupError(f"The phrase {phrase!r} has more than {GAPS_AT_MOST} gaps; make it shorter.")
    required = [part for part in parts if part and all(part)]
    if not required:
        raise SetupError(f"The phrase {phrase!r} has no word that must be there; add one.")
    pattern = " " + "".join(map(_pattern, parts))
    if len(parts) == 1:
        return Phrase(_alone(required[0]), pattern)
    if joints := list(_joints(parts)):
        return Phrase(min(joints, key=_rate), pattern)
    rarest, *others = sorted(required, key=lambda part: _rate(_unproved(part)))
    found = (frozenset(map(_rarest, part)) for part in others)
    seconds = next((words for words in found if all(map(_is_word, words))), frozenset())
    return Phrase(_unproved(rarest), pattern, seconds)


def _alone(part: Sequence[str]) -> Iterator[tuple[Sign, str]]:
    """The signs of a phrase of one part. Where it is made of words only, one in a name counts too."""
    only_words = not any(" " in spelling for spelling in part)
    return ((_sign(spelling), BLANK if only_words else f" {spelling} ") for spelling in part)


def _joints(parts: Sequence[tuple[str, ...] | None]) -> Iterator[set[tuple[Sign, str]]]:
    """For each part that must be there, the pairs of tokens of which one must stand where it meets what follows."""
    for place, part in enumerate(parts):
        following = _following(parts[place + 1 :]) if part and all(part) else []
        if part and following and len(part) * len(following) <= PAIRS_AT_MOST:
            pairs = (f"{before} {after}" for before, after in product(part, following))
            yield {(_sign(pair), f" {pair} " if len(parts) == 2 else "") for pair in pairs}


def _following(parts: Sequence[tuple[str, ...] | None]) -> list[str]:
    """All spellings that may come next; none where anything may, or nothing need."""
    spellings: list[str] = []
    for part in parts:
        if part is None:
            return []
        spellings += filter(None, part)
        if all(part):
            return spellings
    return []


def _unproved(part: Sequence[str]) -> list[tuple[Sign, str]]:
    return [(_sign(spelling), "") for spelling in part]


def _sign(spelling: str) -> Sign:
    """By what tokens in a row are found: the rarest two that are neighbours, or the only one."""
    tokens = spelling.split()
    return min(pairwise(tokens), key=_share) if len(tokens) > 1 else tokens[0]


def _share(sign: Sign) -> float:
    """A guess at how many posts hold a sign."""
    return _frequency(sign) if isinstance(sign, str) else prod(map(_frequency, sign))


def _rate(signs: Iterable[tuple[Sign, str]]) -> float:
    """A guess at how often one of these is found."""
    return sum(_share(sign) for sign, _ in signs)


def _rarest(spelling: str) -> str:
    """The word by which a spelling is found fastest."""
    return min(spelling.split(), key=_frequency)


def choices(part: str) -> tuple[str, ...] | None:
    """All spellings of one word of a phrase, or None for a gap."""
    if part == GAP:
        return None
    found = CHOICE.search(part)
    if found is None:
        return (fold(part),)
    before, after = part[: found.start()], part[found.end() :]
    spelled = (f"{before}{choice.strip()}{after}" for choice in found[1].split(","))
    return tuple(word for text in spelled for word in choices(text) or ())


def spellings_of(phrase: str) -> tuple[str, ...]:
    """Every text that a phrase without gaps stands for, as a line has it; a SetupError where there are too many."""
    parts = [_tokens(choices(part)) for part in WORD.findall(phrase)]
    wanted = [part for part in parts if part is not None]
    if len(wanted) < len(parts) or prod(map(len, wanted)) > SPELLINGS_AT_MOST:
        raise SetupError(
            f"The phrase {phrase!r} has a gap or more than {SPELLINGS_AT_MOST} spellings; write it as two."
        )
    spelled = (" ".join(filter(None, words)) for words in product(*wanted))
    if not (found := tuple(dict.fromkeys(filter(None, spelled)))):
        raise SetupError(f"The phrase {phrase!r} has no word that must be there; add one.")
    return found


def _tokens(part: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The same choices, cut as a reading is: `puis-je` is two tokens there."""
    return None if part is None else tuple(dict.fromkeys(" ".join(tokens_of(word)) for word in part))


def _pattern(part: tuple[str, ...] | None) -> str:
    if part is None:
        return GAP_PATTERN
    words = [re.escape(word) for word in part if word]
    group = words[0] if len(words) == 1 else f"(?:{'|'.join(words)})"
    return f"(?:{group} )?" if "" in part else f"{group} "


def _frequency(word: str) -> float:
    """A guess at how many posts hold a word: few hold long ones. A placeholder, in no post, is not to be chosen."""
    if not _is_word(word):
        return 100.0
    return 1.0 if word in COMMON else 0.25 if word in FREQUENT else 1 / len(word) ** 2


def _is_word(word: str) -> bool:
    """Whether it stands in a text, and not, as `us_` does, for a name and in a line only."""
    return not word.endswith("_")


class PhraseBook:
    """Many phrases, each standing for a number; `find` gives the numbers whose phrases are in a text."""

    def __init__(self, phrases: Iterable[tuple[int, str]]) -> None:
        index: dict[Sign, list[tuple[int, str, Phrase]]] = defaultdict(list)
        for number, written in phrases:
            phrase = compile_phrase(written)
            for sign, proof in phrase.signs:
                index[sign].append((number, proof, phrase))
        self._index = dict(index)
        self._words = frozenset(sign for sign in index if isinstance(sign, str))
        self._pairs = frozenset(sign for sign in index if isinstance(sign, tuple))

    def find(self, reading: Reading, line: str) -> set[int]:
        """The numbers of all phrases that stand in this text; `line` is its line with names replaced."""
        found: set[int] = set()
        words = reading.words
        said = reading.said if line is reading.line else line.split()
        signs: Iterable[Sign] = chain(words & self._words, self._pairs.intersection(pairwise(said)))
        for sign in signs:
            for number, proof, phrase in self._index[sign]:
                if number in found:
                    continue
                if proof:
                    if proof in line:
                        found.add(number)
                elif not (phrase.seconds and words.isdisjoint(phrase.seconds)) and phrase.stands_in(line):
                    found.add(number)
        return found
