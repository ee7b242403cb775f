"""The default engine: language, sentiment, intents, urgency and subjects by rules that anyone can read.

It needs no training and no network, and says for every score which rules made it. Reading a post takes some tens
of microseconds: texts are cut into tokens once, and a rule is tried only where its rarest word stands.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import compress
from typing import NamedTuple

from hub.classify import sentiment
from hub.classify.choosing import THRESHOLD, TROUBLE, choose, damp, thresholds_with, worth_of
from hub.classify.engine import InBatches, Item
from hub.classify.language import borne_out, detect
from hub.classify.leaning import LANGUAGE as LEARNED
from hub.classify.leaning import leaning
from hub.classify.phrases import PhraseBook
from hub.classify.rules import BIT, FACTS, LANGUAGES, REMEMBERED, TOPICS, URGENT, Fired, load_rules
from hub.classify.subjects import Meant, SubjectFinder
from hub.classify.text import Reading
from hub.domain import Intent, Sentiment, Signal
from hub.domain.config import Subject, Topic

OF_OTHERS = 0.4  # what trouble with a competitor's product counts
MANY_TAGS, MANY_HANDLES, SHORT, BARE = 6, 6, 6, 3
LONG_NUMBER = re.compile(r"\d{5}")  # of a telephone, or one that messages are sent to
LOUD_OR_LONG = re.compile("[A-Z0-9]{4}")  # true of every shout and of every long number, in ASCII: both in one look
MANY_FOLLOWERS = 50_000
VERY_NEGATIVE = -0.55
MONEY = frozenset("$€£")
OTHERS = {"competitor"}
BITS = tuple(map(BIT.__getitem__, FACTS))


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
        self._outcome = lru_cache(REMEMBERED)(self._follows)  # most posts are alike in all that it asks for

    def judge(self, items: Sequence[Item]) -> list[Signal]:
        """The signals of one batch."""
        readings = [_read(item) for item in items]
        languages = [
            borne_out(item.lang, reading.words) or detect(reading.plain, item.lang)
            for reading, item in zip(readings, items, strict=True)
        ]
        return list(map(self._signal, items, readings, languages))

    def _signal(self, item: Item, reading: Reading, language: str | None) -> Signal:
        spoken = language if language in LANGUAGES else "en" if language is None else None
        feeling = sentiment.score(reading.tokens, spoken, exclamations=reading.text.count("!"))
        named = self.subjects.find(reading, item.parent)
        meant, answers = named.meant, bool(item.parent)
        if answers and not meant.subjects:
            meant = self._meant_by_parent(item)
        kinds = meant.kinds
        facts = _facts(item, reading, feeling, kinds)
        if answers:
            facts |= self._parent_facts(item)
        fired = load_rules().fired(reading, named.line, spoken, facts)
        loud = (item.followers or 0) >= MANY_FOLLOWERS
        found = self._outcome(fired, kinds, item.addressed, loud)
        evidence, topics = found.evidence, found.topics
        if self.topics:
            topics = self._topics(reading, topics)
        side, sounds = _feeling(item, reading, spoken, feeling, fired)
        if side != "neutral" and feeling:
            evidence += tuple(sentiment.told(reading.words, spoken, side))
        return Signal(
            post=item.key, found_by=self.found_by, lang=language, sentiment=side, sentiment_score=round(sounds, 3),
            intent=found.intent, confidence=found.confidence, scores=found.scores, urgency=found.urgency,
            worth=found.worth, relevant=found.relevant, subjects=meant.names, topics=topics, evidence=evidence,
        )  # fmt: skip

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

    def _meant_by_parent(self, item: Item) -> Meant:
        """What an answer speaks of when it names nothing itself: what its parent speaks of."""
        return self.subjects.find(Reading(item.parent or "")).meant

    def _parent_facts(self, item: Item) -> int:
        """Whether the parent is in trouble: then "same here" is a complaint too."""
        parent = self.classify([Item(key=item.key, text=item.parent or "", network=item.network)])[0]
        return BIT["parent_in_trouble"] if any(parent.scores.get(name, 0) >= THRESHOLD for name in TROUBLE) else 0


def _read(item: Item) -> Reading:
    return Reading(f"{item.title}\n{item.text}" if item.title else item.text)


def _facts(item: Item, reading: Reading, feeling: float, kinds: AbstractSet[str]) -> int:
    """What holds of a post besides its phrases, as bits."""
    text, links, length = reading.text, reading.links, len(reading.tokens)
    handles = text.count("@")
    ours = bool(kinds) and kinds != OTHERS
    striking = LOUD_OR_LONG.search(text) is not None or not text.isascii()
    holds = (  # in the order of `FACTS`
        feeling <= sentiment.NEGATIVE,
        feeling <= VERY_NEGATIVE,
        feeling >= sentiment.POSITIVE,
        "?" in text,
        links > 0,
        links > 1,
        "!" in text and text.count("!") > 2,
        striking and reading.shouts > 2,
        length <= SHORT,
        not MONEY.isdisjoint(reading.words),
        text.count("#") >= MANY_TAGS,
        handles > 0,
        handles >= MANY_HANDLES,
        links > 0 and length <= BARE,
        striking and LONG_NUMBER.search(text) is not None,
        bool(kinds),
        ours,
        "competitor" in kinds,
        item.addressed or (ours and handles > 0),
    )
    return sum(compress(BITS, holds))


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
