"""Posts as connectors and mappings hand them on, and the signals that an engine finds in them."""

from collections import deque
from datetime import datetime, timedelta
from random import Random

import msgspec

from benchmarks.inventing.cast import SERVERS, Cast
from benchmarks.inventing.plan import RECORD_TYPES, Crisis
from benchmarks.inventing.words import Words
from hub.domain import Author, Engagement, Post, Signal, Watch, make_key

FOUND_BY = "rules@3"
RECENT = 3000  # of a network: what is answered, shared and read again
KINDS, KIND_SUMS = ("post", "reply", "share", "quote", "review"), (60, 81, 95, 98.5, 100)
LOUDEST = 400_000  # reactions


class Utterance(msgspec.Struct, frozen=True, gc=False):
    """One post, what is in it, and the watch that sees it."""

    post: Post
    signal: Signal
    watch: Watch


class Talk:
    """Makes one utterance after the other."""

    def __init__(self, cast: Cast, words: Words, chance: Random) -> None:
        self._cast, self._words, self._chance = cast, words, chance
        self._number = 0
        self._recent: dict[str, deque[Utterance]] = {network: deque(maxlen=RECENT) for network in RECORD_TYPES}

    def utter(
        self, network: str, watch: Watch, at: datetime, collected_by: datetime, crisis: Crisis | None
    ) -> Utterance:
        """The next post on this network, collected some minutes after it was published."""
        chance, self._number = self._chance, self._number + 1
        said = self._words.some(crisis)
        kind = chance.choices(KINDS, cum_weights=KIND_SUMS)[0]
        parent = self._parent(network, kind)
        author = self._author(network, kind, parent)
        native_id = str(10_000_000 + self._number)
        scope = SERVERS.get(network, "").removesuffix("/") or None
        key = make_key(network, RECORD_TYPES[network], native_id, scope)
        is_share = kind == "share" and parent is not None
        kind = "post" if parent is None and kind != "review" else kind
        lag = timedelta(seconds=int(chance.lognormvariate(5.6, 0.9)))
        thread = parent.post.thread if parent and kind == "reply" else key
        post = Post(
            key=key, network=network, native_id=native_id, text=parent.post.text if is_share and parent else said.text,
            published_at=at, collected_at=min(at + lag, collected_by), author=author, kind=kind,
            url=f"https://{network}.test/p/{native_id}", lang=said.lang, thread=thread,
            title=said.text.partition(". ")[0] if network in ("blogs", "reddit") and kind == "post" else None,
            in_reply_to=parent.post.key if parent and kind == "reply" else None,
            shared=parent.post.key if parent and kind in ("share", "quote") else None,
            rating=chance.randint(1, 5) / 5 if kind == "review" else None,
            engagement=self._engagement(author, at), seen_by=(watch.key,),
        )  # fmt: skip
        confidence = round(chance.uniform(0.55, 0.99), 3)
        found = parent.signal if is_share and parent else Signal(
            post=key, found_by=FOUND_BY, lang=said.lang, sentiment=said.sentiment, sentiment_score=said.score,
            intent=said.intent, confidence=confidence,
            scores={} if said.intent == "none" else {said.intent: confidence},
            urgency=round(chance.random() ** 3, 3), worth=round(chance.random(), 3), relevant=said.relevant,
            subjects=said.subjects, topics=said.topics, evidence=(f"{said.intent}.en.1",),
        )  # fmt: skip
        utterance = Utterance(post, found if found.post == key else found.with_(post=key), watch)
        if kind != "share":
            self._recent[network].append(utterance)
        return utterance

    def read_again(self, count: int, now: datetime) -> list[Utterance]:
        """Posts of the last hours as they are now: more people have reacted, and a few say something else."""
        chance, found = self._chance, {}
        for _ in range(count):
            recent = self._recent[chance.choice(("x", "x", "mastodon", "reddit", "facebook", "instagram", "youtube"))]
            if recent:
                place = chance.randrange(len(recent))
                one = recent[place]
                recent[place] = found[one.post.key] = Utterance(self._later(one.post, now), one.signal, one.watch)
        return list(found.values())

    def own(self, network: str) -> Author:
        """Our account there."""
        return self._cast.own[network]

    def _parent(self, network: str, kind: str) -> Utterance | None:
        recent = self._recent[network]
        if kind in ("post", "review") or not recent:
            return None
        return recent[len(recent) - 1 - int(len(recent) * self._chance.random() ** 3)]

    def _author(self, network: str, kind: str, parent: Utterance | None) -> Author:
        luck = self._chance.random()
        if kind == "reply" and parent and luck < 0.3:
            return parent.post.author
        return self._cast.own[network] if luck > 0.993 else self._cast.somebody(network)

    def _engagement(self, author: Author, at: datetime) -> Engagement:
        heard = self._chance.lognormvariate(0, 1.3)
        likes = min(int(heard * (2 + (author.followers or 0) / 400)), LOUDEST)
        return Engagement(
            likes=likes, shares=likes // 7, replies=likes // 11, quotes=likes // 60,
            views=likes * 30 + int(heard * 10), counted_at=at,
        )  # fmt: skip

    def _later(self, post: Post, now: datetime) -> Post:
        counts, more = post.engagement, 1 + self._chance.random()
        grown = Engagement(
            likes=int((counts.likes or 0) * more) + 1, shares=int((counts.shares or 0) * more),
            replies=int((counts.replies or 0) * more), quotes=counts.quotes,
            views=int((counts.views or 0) * more) + 9, counted_at=now,
        )  # fmt: skip
        edited = self._chance.random() < 0.05
        return post.with_(
            collected_at=now, engagement=grown, text=f"{post.text} (edited)" if edited else post.text,
            edited_at=now if edited else post.edited_at,
        )  # fmt: skip
