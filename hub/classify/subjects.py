"""Which of our subjects a post speaks of: brands, products, employees, competitors, by name or alias.

A name may be a word like any other. What means something else (`apple pie`) is taken out of the text before names are
looked for; where that is not enough, a subject names the context that must be there (`iphone`, `mac`), in the post or
in the one it answers. A handle is never another word. And some posts speak of a subject by none of its names: those
its queries find.

Rules cannot know anybody's names. So that they can still say "switching to a rival", the names in a text are
put as `us_` and `rival_` into the line that phrases are looked for in.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from hub.classify.phrases import PhraseBook, spellings_of
from hub.classify.text import Reading, tokens_of
from hub.domain.config import Subject
from hub.errors import SetupError

US, RIVAL = "us_", "rival_"
US_TWICE = f"{US} {US}"
ELISIONS = ("l'", "d'", "qu'")  # French ties its articles to a name, and English its possessive
POSSESSIVE = "'s"
REMEMBERED = 1_000  # sets of words under which names are found
JOINED_FROM = 5  # letters; a shorter name without its blanks is some other word


class Meant(NamedTuple):
    """Some of our subjects, in the order in which they were configured."""

    subjects: tuple[Subject, ...] = ()
    names: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()


class Named(NamedTuple):
    """The subjects that a text names, and its line with placeholders in their places."""

    meant: Meant
    line: str

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Those that are meant."""
        return self.meant.subjects


NOBODY = Meant()


class SubjectFinder:
    """Finds subjects by whole words, ignoring case and accents; `acme` is also found in `#acme` and `@acme`."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.subjects = tuple(subjects)
        self._aliases = _index((number, alias) for number, subject in enumerate(subjects) for alias in _names(subject))
        self._anchors = frozenset(self._aliases)
        self._candidates = lru_cache(REMEMBERED)(self._behind)  # most posts name the same few
        self._ordered = lru_cache(REMEMBERED)(self._these)
        self._places = [f" {RIVAL if one.kind == 'competitor' else US} " for one in subjects]
        self._exclusions = [tuple(_bounded(one.exclusions)) for one in subjects]
        self._contexts = PhraseBook((number, text) for number, one in enumerate(subjects) for text in one.context)
        self._queries = PhraseBook((number, text) for number, one in enumerate(subjects) for text in one.queries)
        self._sure = {number for number, one in enumerate(subjects) if not one.exclusions and not one.context}
        self._all_sure = len(self._sure) == len(subjects)
        self._asks = any(one.queries for one in subjects)

    def find(self, reading: Reading, parent: str | None = None) -> Named:
        """What this text names, in the order in which it was configured; `parent` is what it answers."""
        line = reading.line
        anchors = reading.words & self._anchors
        asked = self._queries.find(reading, line) if self._asks else set()
        if not anchors:
            return Named(self._ordered(frozenset(asked)) if asked else NOBODY, line)
        found = [one for one in self._candidates(anchors) if one[1] in line]
        if not self._all_sure:
            found = [one for one in found if one[0] in self._sure or self._meant(one, reading, parent)]
        for number, alias in found:
            line = line.replace(alias, self._places[number])
            asked.add(number)
        while US_TWICE in line:
            line = line.replace(US_TWICE, US)
        return Named(self._ordered(frozenset(asked)), line)

    def _behind(self, anchors: frozenset[str]) -> tuple[tuple[int, str], ...]:
        """The names that may stand where these words do, the longest first: `acme home` before `acme`."""
        names = (one for anchor in anchors for one in self._aliases[anchor])
        return tuple(sorted(names, key=lambda one: (-len(one[1]), one)))

    def _these(self, numbers: frozenset[int]) -> Meant:
        found = tuple(self.subjects[number] for number in sorted(numbers))
        return Meant(found, tuple(one.name for one in found), frozenset(one.kind for one in found))

    def _meant(self, found: tuple[int, str], reading: Reading, parent: str | None) -> bool:
        """Whether a name that stands in a text means the subject."""
        number, alias = found
        if exclusions := self._exclusions[number]:
            line = reading.line
            for exclusion in exclusions:
                line = line.replace(exclusion, " ")
            if alias not in line:
                return False
        if not self.subjects[number].context or alias.startswith(" @"):
            return True
        if number in self._contexts.find(reading, reading.line):
            return True
        if not parent:
            return False
        before = Reading(parent)
        return number in self._contexts.find(before, before.line)


def _bounded(phrases: Sequence[str]) -> Iterator[str]:
    """Every spelling of these phrases between blanks, the longest first, so that none leaves half of another."""
    spelled = (f" {spelling} " for phrase in phrases for spelling in spellings_of(phrase))
    return iter(sorted(spelled, key=len, reverse=True))


def _names(subject: Subject) -> Iterator[str]:
    """Every spelling under which a subject is found."""
    for name in (subject.name, *subject.aliases):
        alias = " ".join(tokens_of(name))
        if not alias:
            raise SetupError(f"The subject {subject.name!r} has an alias without a letter or digit; remove it.")
        yield alias
        yield alias + POSSESSIVE
        if not alias.startswith("@"):
            yield from (elision + alias for elision in ELISIONS)
            if " " not in alias:
                yield f"@{alias}"
            elif len(joined := alias.replace(" ", "")) >= JOINED_FROM:  # as in a handle or a tag
                yield from (joined, f"@{joined}")


def _index(aliases: Iterator[tuple[int, str]]) -> dict[str, list[tuple[int, str]]]:
    """Aliases under the longest of their words, between blanks as a reading's line has them."""
    index: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, alias in dict.fromkeys(aliases):
        index[max(alias.split(), key=len)].append((number, f" {alias} "))
    return dict(index)
