"""The default engine: language, sentiment, intents, urgency and subjects by rules that anyone can read.

It needs no training and no network, and says for every score which rules made it. Reading a post takes some tens
of microseconds: texts are cut into tokens once, and a rule is tried only where its rarest word stands.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from string import ascii_uppercase, digits
from typing import NamedTuple

from msgspec.structs import replace

from hub.classify import sentiment
from hub.classify.choosing import THRESHOLD, TROUBLE, choose, damp, thresholds_with, worth_of
from hub.classify.engine import InBatches, Item
from hub.classify.language import borne_out, detect
from hub.classify.leaning import LANGUAGE as LEARNED
from hub.classify.leaning import leaning
from hub.classify.phrases import PhraseBook
from hub.classify.rules import BIT, LANGUAGES, REMEMBERED, TOPICS, URGENT, Fired, load_rules
from hub.classify.subjects import Meant, Named, SubjectFinder
from hub.classify.text import Reading
from hub.domain import Intent, Sentiment, Signal
from hub.domain.config import Subject, Topic

OF_OTHERS = 0.4  # what trouble with a competitor's product counts
MANY_TAGS, MANY_HANDLES, SHORT, BARE, EXCLAIMS, SHOUTS = 6, 6, 6, 3, 2, 2
LONG_NUMBER = re.compile(r"\d{5}")  # of a telephone, or one that messages are sent to
LOUD_OR_LONG = "".join("0" if one in ascii_uppercase + digits else " " for one in map(chr, range(256))).encode(
    "latin-1"
)
FOUR = b"0000"  # stands, once text is put through `LOUD_OR_LONG`, for every shout and every long number in ASCII
MANY_FOLLOWERS = 50_000
LONGEST_KEPT = 500  # characters; longer texts are seldom said twice, and `REMEMBERED` of them are much to keep
VERY_NEGATIVE = -0.55
MONEY = frozenset("$€£")
OTHERS = {"competitor"}


class Asked(NamedTuple):
    """All that a judgement depends on."""

    text: str
    title: str | None
    lang: str | None
    network: str
    parent: str | None
    addressed: bool
    loud: bool


class Outcome(NamedTuple):
    """What rules make of a post, how it feels apart. Never changed: posts that are alike share it."""

    intent: Intent
    confidence: float
    scores: dict[str, float]
    urgency: float
    worth: float
    relevant: bool
    topics: tuple[str, ...]
    evidence: tuple[str, ...]


class RulesEngine(InBatches):
    """Rules and lexicons; see `hub/classify/lexicon/`."""

    name = "rules"
    version = "3"

    def __init__(
        self,
        subjects: Sequence[Subject] = (),
        *,
        topics: Sequence[Topic] = (),
        thresholds: Mapping[Intent, float] | None = None,
    ) -> None:
        self.subjects = SubjectFinder(subjects)
        self.topics = frozenset(topic.name for topic in topics)
        self._topic_names = [topic.name for topic in topics]
        self._topic_book = PhraseBook((n, phrase) for n, topic in enumerate(topics) for phrase in topic.phrases)
        self.thresholds = thresholds_with(thresholds)
        self._judged: dict[Asked, Signal] = {}
        self._outcome = lru_cache(REMEMBERED)(self._follows)  # most posts are alike in all that it asks for

    def judge(self, items: Sequence[Item]) -> list[Signal]:
        """The signals of one batch. What was shared, sent to many or copied is judged once, as long as it is kept."""
        asked = list(map(_asked, items))
        new = {one: item for one, item in zip(asked, items, strict=True) if one not in self._judged}
        found = dict(zip(new, self._judge(list(new.values())), strict=True)) if new else {}
        signals = [found.get(one) or self._judged[one] for one in asked]
        kept = {one: signal for one, signal in found.items() if len(one.text) <= LONGEST_KEPT}
        if len(self._judged) + len(kept) > REMEMBERED:
            self._judged.clear()
        self._judged |= kept
        return [replace(signal, post=item.key) for signal, item in zip(signals, items, strict=True)]

    def _judge(self, items: Sequence[Item]) -> list[Signal]:
        """The signals of some: each step for all of them, then the next, since steps share no cache well."""
        readings = list(map(_read, items))
        languages = list(map(_language, items, readings))
        spoken = [one if one in LANGUAGES else "en" if one is None else None for one in languages]
        feelings = list(map(sentiment.score, readings, spoken))
        named = list(map(self.subjects.find, readings, [item.parent for item in items]))
        meant = list(map(self._meant, items, named))
        facts = list(map(self._facts, items, readings, feelings, meant))
        lines = [one.line for one in named]
        fired = list(map(load_rules().fired, readings, lines, spoken, facts))
        sides = list(map(_feeling, items, readings, spoken, feelings, fired))
        return list(map(self._signal, items, readings, languages, spoken, meant, fired, feelings, sides))

    def _signal(
        self,
        item: Item,
        reading: Reading,
        language: str | None,
        spoken: str | None,
        meant: Meant,
        fired: Fired,
        feeling: float,
        felt: tuple[Sentiment, float],
    ) -> Signal:
        found = self._outcome(fired, meant.kinds, item.addressed, _loud(item))
        evidence, topics = found.evidence, found.topics
        if self.topics:
            topics = self._topics(reading, topics)
        side, sounds = felt
        if side != "neutral" and feeling:
            evidence += tuple(sentiment.told(reading.words, spoken, side))
        return Signal(
            post=item.key, found_by=self.found_by, lang=language, sentiment=side, sentiment_score=round(sounds, 3),
            intent=found.intent, confidence=found.confidence, scores=found.scores, urgency=found.urgency,
            worth=found.worth, relevant=found.relevant, subjects=meant.names, topics=topics, evidence=evidence,
        )  # fmt: skip

    def _meant(self, item: Item, named: Named) -> Meant:
        """What a post speaks of; an answer that names nothing itself speaks of what its parent does."""
        if item.parent and not named.meant.subjects:
            return self.subjects.find(Reading(item.parent)).meant
        return named.meant

    def _facts(self, item: Item, reading: Reading, feeling: float, meant: Meant) -> int:
        facts = _facts(item, reading, feeling, meant.kinds)
        return facts | self._parent_facts(item) if item.parent else facts

    def _follows(self, fired: Fired, kinds: frozenset[str], addressed: bool, loud: bool) -> "Outcome":
        """What follows from these rules, for a post that speaks of such subjects."""
        evidence, scores = fired.evidence, dict(fired.scores)
        said = scores.pop(URGENT, 0.0)
        topics = fired.topics if scores.pop(TOPICS, 0.0) else ()
        intent: Intent = "none"  # as most posts
        confidence = 1.0
        if scores:
            if kinds == OTHERS and not addressed and damp(scores, TROUBLE, OF_OTHERS):
                evidence += ("subject.competitor_only",)
            mine = fired.in_trouble and (addressed or bool(kinds - OTHERS))
            intent, confidence = choose(scores, self.thresholds, mine=mine)
        relevant = intent != "spam" and bool(kinds or addressed or not self.subjects.subjects)
        return Outcome(
            intent=intent, confidence=confidence, evidence=evidence, topics=topics,
            scores={name: value for name, value in scores.items() if value > 0},
            urgency=_urgency(said, scores, loud=loud) if scores else said,
            worth=worth_of(scores, relevant=relevant) if scores else 0.0, relevant=relevant,
        )  # fmt: skip

    def _topics(self, reading: Reading, shipped: tuple[str, ...]) -> tuple[str, ...]:
        """What a post is about: the organisation's own topics, and the shipped ones that it has not made its own."""
        names = [name for name in shipped if name not in self.topics]
        names += [self._topic_names[number] for number in sorted(self._topic_book.find(reading, reading.line))]
        return tuple(dict.fromkeys(names))

    def _parent_facts(self, item: Item) -> int:
        """Whether the parent is in trouble: then "same here" is a complaint too."""
        parent = self.classify([Item(key=item.key, text=item.parent or "", network=item.network)])[0]
        return BIT["parent_in_trouble"] if any(parent.scores.get(name, 0) >= THRESHOLD for name in TROUBLE) else 0


def _asked(item: Item) -> Asked:
    return Asked(item.text, item.title, item.lang, item.network, item.parent, item.addressed, _loud(item))


def _loud(item: Item) -> bool:
    return (item.followers or 0) >= MANY_FOLLOWERS


def _read(item: Item) -> Reading:
    return Reading(f"{item.title}\n{item.text}" if item.title else item.text)


def _language(item: Item, reading: Reading) -> str | None:
    return borne_out(item.lang, reading.words) or detect(reading.plain, item.lang)


def _facts(item: Item, reading: Reading, feeling: float, kinds: frozenset[str]) -> int:
    """What holds of a post besides its phrases, as bits. Most holds of few posts, and costs the others one look."""
    text, links, length = reading.text, reading.links, len(reading.tokens)
    facts = _facts_of_kinds(kinds)
    if feeling:
        facts |= _facts_of_feeling(feeling)
    if links:
        facts |= BIT["link"] | (links > 1 and BIT["links"]) | (length <= BARE and BIT["bare_link"])
    if length <= SHORT:
        facts |= BIT["short"]
    if "?" in text:
        facts |= BIT["question"]
    if "!" in text and text.count("!") > EXCLAIMS:
        facts |= BIT["exclaims"]
    if "#" in text and text.count("#") >= MANY_TAGS:
        facts |= BIT["many_tags"]
    if item.addressed:
        facts |= BIT["addressed"]
    if "@" in text:
        facts |= BIT["handle"] | (text.count("@") >= MANY_HANDLES and BIT["many_handles"])
        facts |= facts & BIT["ours"] and BIT["addressed"]
    if not MONEY.isdisjoint(reading.words):
        facts |= BIT["money"]
    if not text.isascii() or FOUR in text.encode().translate(LOUD_OR_LONG):
        facts |= reading.shouts > SHOUTS and BIT["shouts"]
        facts |= bool(LONG_NUMBER.search(text)) and BIT["long_number"]
    return facts


def _facts_of_feeling(feeling: float) -> int:
    if feeling >= sentiment.POSITIVE:
        return BIT["positive"]
    if feeling > sentiment.NEGATIVE:
        return 0
    return BIT["negative"] | (feeling <= VERY_NEGATIVE and BIT["very_negative"])


@cache
def _facts_of_kinds(kinds: frozenset[str]) -> int:
    """What holds of every post that speaks of such subjects."""
    if not kinds:
        return 0
    return BIT["subject"] | (kinds != OTHERS and BIT["ours"]) | ("competitor" in kinds and BIT["competitor"])


def _feeling(item: Item, reading: Reading, spoken: str | None, lexical: float, fired: Fired) -> tuple[Sentiment, float]:
    """What a post sounds like: by the lexicon, by how words lean where that was learned, and by what it is about."""
    if spoken == LEARNED:
        known = leaning()
        lean = known.of(reading.words)
        side, sounds = sentiment.weighed(lexical, lean, at_home=item.network in known.networks)
    else:
        side, sounds = sentiment.named(lexical), lexical
    if side != "negative" and fired.really_bad:
        sounds = min(sounds, 0.0) - 0.3
        side = "negative"
    return side, sounds


def _urgency(said: float, scores: Mapping[str, float], *, loud: bool) -> float:
    """How soon somebody must look: what is said, what it is about, and whether many will read it."""
    trouble = max(0.9 * scores.get("crisis", 0.0), 0.6 * scores.get("churn", 0.0), 0.5 * scores.get("complaint", 0.0))
    heard = 0.3 if loud and trouble else 0.0
    return round(1 - (1 - said) * (1 - trouble) * (1 - heard), 3)
