"""The little language in which rules are written, and its compiler.

    which {,espresso,coffee} machine should i {buy,get}

A phrase is words in order. `{a,b c}` is a choice, `{,a}` may be absent, `buy{,s,ing}` spells three words, and
`..` lets up to four other words pass. That is all: no repetition without a bound can be written, so no text can
make a phrase slow. A phrase is tried only where its rarest word (its anchor) stands in the text, together with the
words that are spelled with it and the next rarest.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from math import prod

from hub.classify.text import Reading, fold, tokens_of
from hub.errors import SetupError

GAP = ".."
SPELLINGS_AT_MOST = 500
GAP_PATTERN = r"(?:\S+ ){0,4}?"
GAPS_AT_MOST = 2  # each one multiplies the places where a phrase may end by five
CHOICE = re.compile(r"\{([^{}]*)\}")
WORD = re.compile(r"(?:\{[^{}]*\}|[^\s{}])+")  # of a phrase; blanks inside a choice do not part
COMMON = frozenset(
    """
    a an and are as at be been but can do does for from had has have how i i'm if in is it it's me my no not of
    on or so than that the their them they this to up was we what when which who why will with you your yours
    all am any can't could day don't get go going good got help hours just know like love more need new now one out
    please see service still thanks time us want would
    der die das ein eine einen ich ist mir mein meine nicht und wie zu es auf mit bei von
    el la los las un una mi me se no que de en y es lo su con por para
    le les un une des mon ma mes je ne pas que qui de du la et est il elle on ce sur pour avec
    """.split()  # noqa: SIM905  (a list of a hundred quoted words reads worse)
)


class Phrase:
    """A phrase ready to be looked for: tried where one of its anchors stands. Its pattern is compiled on first use.

    With an anchor all words of its spelling must stand in the text (`keep` is that of `keep it up`), and one of
    `seconds`; where there are none, nothing is known of a second word.
    """

    __slots__ = ("_pattern", "seconds", "spellings", "stands_in")

    def __init__(
        self, spellings: Sequence[tuple[str, frozenset[str]]], seconds: frozenset[str], pattern: str | None
    ) -> None:
        self.spellings, self.seconds = spellings, seconds
        self._pattern = pattern
        self.stands_in: Callable[[str], object] = self._first
        """Something true if the phrase stands in a line that holds one of its anchors."""

    def _first(self, line: str) -> object:
        """From the second time on, the pattern is asked without a detour."""
        self.stands_in = re.compile(self._pattern).search if self._pattern else bool
        return self.stands_in(line)


def compile_phrase(phrase: str) -> Phrase:
    """Compile one phrase; a SetupError names the phrase that cannot be one."""
    parts = [_tokens(choices(part)) for part in WORD.findall(phrase)]
    if sum(part is None for part in parts) > GAPS_AT_MOST:
        raise SetupError(f"The phrase {phrase!r} has more than {GAPS_AT_MOST} gaps; make it shorter.")
    required = [part for part in parts if part and all(part)]
    if not required:
        raise SetupError(f"The phrase {phrase!r} has no word that must be there; add one.")
    rarest, *others = sorted(required, key=lambda part: sum(_frequency(_rarest(words)) for words in part))
    spellings = [(_rarest(words), frozenset(filter(_is_word, words.split()))) for words in rarest]
    if len(parts) == 1 and {anchor for anchor, _ in spellings} == set(rarest):
        return Phrase(spellings, frozenset(), None)
    found = (frozenset(map(_rarest, part)) for part in others)
    seconds = next((words for words in found if all(map(_is_word, words))), frozenset())
    return Phrase(spellings, seconds, " " + "".join(_pattern(part) for part in parts))


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
    """A guess at how many posts hold a word: few hold long ones. Placeholders, in no post, must anchor nothing."""
    return 100.0 if not _is_word(word) else 1.0 if word in COMMON else 1 / len(word) ** 2


def _is_word(word: str) -> bool:
    """Whether it stands in a text, and not, as `us_` does, for a name and in a line only."""
    return not word.endswith("_")


class PhraseBook:
    """Many phrases, each standing for a number; `find` gives the numbers whose phrases are in a text."""

    def __init__(self, phrases: Iterable[tuple[int, str]]) -> None:
        index: dict[str, list[_Candidate]] = defaultdict(list)
        for number, written in phrases:
            phrase = compile_phrase(written)
            for anchor, words in phrase.spellings:
                index[anchor].append((number, phrase, words - {anchor}, phrase.seconds))
        self._index = dict(index)
        self._anchors = frozenset(index)

    def find(self, reading: Reading, line: str) -> set[int]:
        """The numbers of all phrases that stand in this text; `line` is its line with names replaced."""
        found: set[int] = set()
        words = reading.words
        for anchor in words & self._anchors:
            for number, phrase, others, seconds in self._index[anchor]:
                if (others and not others <= words) or (seconds and words.isdisjoint(seconds)) or number in found:
                    continue
                if phrase.stands_in(line):
                    found.add(number)
        return found


_Candidate = tuple[int, Phrase, frozenset[str], frozenset[str]]
"""A phrase under one of its anchors: the other words of that spelling, and words one of which stands with it."""
