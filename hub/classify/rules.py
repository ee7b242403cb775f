"""The rules: read from `lexicon/`, compiled once, and what they make of one reading.

A rule speaks for one intent. It fires when one of its phrases stands in the text or one of its `tags` is part of a
hashtag (`flood` of `#riverflood`), or, having neither, whenever the facts it asks for hold. Rules of one intent
support each other: the score is one less the chance that all of them are wrong. A rule of negative weight ("no problem
at all") takes away.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from hub.classify.choosing import TROUBLE
from hub.classify.phrases import PhraseBook
from hub.classify.text import Reading
from hub.domain import INTENTS
from hub.errors import SetupError

LEXICONS = Path(__file__).parent / "lexicon"
LANGUAGES = ("en", "de", "es", "fr")
TAG = re.compile(r"#\w+")
REMEMBERED = 10_000
STRONG = 0.6  # the weight of a rule that needs no other
URGENT = "urgent"  # not an intent: its rules make the urgency
TOPICS = "topics"  # nor this: its rules say what a post is about
FILES = (*(intent for intent in INTENTS if intent != "none"), URGENT, TOPICS)
FACTS = (
    "negative", "very_negative", "positive", "question", "link", "links", "exclaims", "shouts", "short", "money",
    "many_tags", "handle", "many_handles", "bare_link", "long_number",
    "subject", "ours", "competitor", "addressed", "parent_in_trouble",
)  # fmt: skip
BIT = {fact: 1 << place for place, fact in enumerate(FACTS)}
KEYS = {"name", "weight", "when", "unless", "tags", "any", *LANGUAGES}


class Rule(NamedTuple):
    """One reason to believe in an intent, named `intent.name` in evidence."""

    intent: str
    name: str
    weight: float
    when: int  # facts that must hold
    unless: int  # facts that must not
    worded: bool  # has phrases or tags of its own, and does not fire on facts alone
    evidence: str  # how it is named on a signal


@dataclass(frozen=True, eq=False, slots=True)
class Fired:
    """The rules that hold for a text, in the order of their files, and what they say together.

    For the same rules it is the same object, so that what follows from it can be kept with it.
    """

    rules: tuple[Rule, ...] = ()
    evidence: tuple[str, ...] = ()  # of what they say of an intent; topics are no evidence
    scores: Mapping[str, float] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    in_trouble: bool = False  # whether one that has words speaks of trouble
    really_bad: bool = False  # whether a strong one does: "thanks for the dead machine" thanks nobody


class Rules:
    """All rules; each language's book of phrases is made when it is first needed."""

    def __init__(
        self, rules: Sequence[Rule], phrases: Mapping[str, Sequence[tuple[int, str]]], tags: Mapping[str, int]
    ) -> None:
        self.rules = tuple(rules)
        self._phrases = phrases
        self._tags = tags
        self._tagged = re.compile(rf"#\w*?({'|'.join(map(re.escape, sorted(tags, key=len, reverse=True)))})")
        self._by_tag = lru_cache(REMEMBERED)(self._of_tag)  # the same few tags, and facts, come again and again
        self._by_facts = lru_cache(REMEMBERED)(self._of_facts)
        self._together = lru_cache(REMEMBERED)(self._holding)
        self._factual = tuple(number for number, rule in enumerate(rules) if not rule.worded)
        self._books: dict[str | None, PhraseBook] = {}

    def fired(self, reading: Reading, line: str, language: str | None, facts: int) -> Fired:
        """The rules that hold for this text."""
        numbers = self.book(language).find(reading, line)
        if "#" in reading.folded:
            numbers.update(*map(self._by_tag, TAG.findall(reading.folded)))
        return self._together(frozenset(numbers), facts)

    def _holding(self, numbers: frozenset[int], facts: int) -> Fired:
        """Of the rules whose phrases or tags stand in a text those that hold, with those that need no words."""
        holding = {number for number in numbers if self._holds(number, facts)}.union(self._by_facts(facts))
        if not holding:
            return NOTHING
        rules = tuple(self.rules[number] for number in sorted(holding))
        trouble = [rule for rule in rules if rule.intent in TROUBLE]
        return Fired(
            rules=rules,
            evidence=tuple(rule.evidence for rule in rules if rule.intent != TOPICS),
            scores=scores_of(rules),
            topics=tuple(dict.fromkeys(rule.name for rule in rules if rule.intent == TOPICS)),
            in_trouble=any(rule.worded for rule in trouble),
            really_bad=any(rule.intent != "support" and rule.weight >= STRONG for rule in trouble),
        )

    def _of_tag(self, tag: str) -> tuple[int, ...]:
        """The rule of the first part of a hashtag that tells anything."""
        return tuple(self._tags[part] for part in self._tagged.findall(tag))

    def _of_facts(self, facts: int) -> tuple[int, ...]:
        """The rules without words that hold."""
        return tuple(number for number in self._factual if self._holds(number, facts))

    def _holds(self, number: int, facts: int) -> bool:
        rule = self.rules[number]
        return rule.when & facts == rule.when and not rule.unless & facts

    def book(self, language: str | None) -> PhraseBook:
        """The phrases of one language, and those of all; for a language we have none of, the latter alone."""
        book = self._books.get(language)
        if book is None:
            lines = [*self._phrases["any"], *self._phrases.get(language or "any", ())]
            book = self._books[language] = PhraseBook(lines)
        return book


NOTHING = Fired()


def scores_of(fired: Iterable[Rule]) -> dict[str, float]:
    """How sure the fired rules are together, for each intent that any of them speaks for."""
    wrong: dict[str, float] = {}
    kept: dict[str, float] = {}
    for rule in fired:
        if rule.weight >= 0:
            wrong[rule.intent] = wrong.get(rule.intent, 1.0) * (1 - rule.weight)
        else:
            kept[rule.intent] = kept.get(rule.intent, 1.0) * (1 + rule.weight)
    return {intent: round((1 - chance) * kept.get(intent, 1.0), 3) for intent, chance in wrong.items()}


def facts_named(names: list[str], *, where: str) -> int:
    """The bits of these facts; a SetupError names the one that does not exist."""
    unknown = [name for name in names if name not in BIT]
    if unknown:
        raise SetupError(f"{where} asks for the fact {unknown[0]!r}; there are {', '.join(FACTS)}.")
    return sum(BIT[name] for name in set(names))


@cache
def load_rules() -> Rules:
    """Every rule in `lexicon/`; read once for a process."""
    rules: list[Rule] = []
    phrases: dict[str, list[tuple[int, str]]] = {language: [] for language in ("any", *LANGUAGES)}
    tags: dict[str, int] = {}
    for intent in FILES:
        for rule, written in _read(intent):
            tags |= dict.fromkeys(written.pop("tags", ()), len(rules))
            for language, lines in written.items():
                phrases[language] += [(len(rules), line) for line in lines]
            rules.append(rule)
    return Rules(rules, phrases, tags)


def _read(intent: str) -> Iterator[tuple[Rule, dict[str, list[str]]]]:
    data = tomllib.loads((LEXICONS / f"{intent}.toml").read_text("utf-8"))
    for entry in data["rule"]:
        where = f"lexicon/{intent}.toml, rule {entry.get('name')}"
        if unknown := set(entry) - KEYS:
            raise SetupError(f"{where} has the unknown key {sorted(unknown)[0]!r}; remove it.")
        written = {one: entry[one] for one in ("tags", "any", *LANGUAGES) if one in entry}
        yield _rule(intent, entry, where, worded=bool(written)), written


def _rule(intent: str, entry: dict[str, Any], where: str, *, worded: bool) -> Rule:
    if not -1 < entry["weight"] < 1:
        raise SetupError(f"{where} has the weight {entry['weight']}; give one between -1 and 1.")
    when = facts_named(entry.get("when", []), where=where)
    unless = facts_named(entry.get("unless", []), where=where)
    return Rule(intent, entry["name"], entry["weight"], when, unless, worded, f"{intent}.{entry['name']}")
