"""Histories: what the store holds about accounts, for whoever has to answer one of them."""

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from hub.domain import Earlier
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository

MOST_MOODS = 25  # the newest of one account; what is older says nothing of how somebody thinks now
MOST_SAID = 50  # posts of one account that a score is made of; more change none
MOST_EARLIER = 5  # things of one account that are told one by one
AT_A_TIME = 1_000  # rows that are held at once, however much an account has said


class Mood(NamedTuple):
    """How one post of an account sounds, from -1 to 1."""

    post: str
    at: datetime
    score: float


class Said(NamedTuple):
    """One post of an account, by what was found in it."""

    post: str
    at: datetime
    intent: str
    confidence: float
    subjects: frozenset[str]


class OwnWords(NamedTuple):
    """What we hold of an account's own words, reshares aside; spam says nothing of a mood."""

    posts: int
    first_at: datetime
    last_at: datetime
    moods: tuple[Mood, ...]  # of the newest posts, newest first
    said: tuple[Said, ...]  # the newest of those that were asked for, newest first


class Work(NamedTuple):
    """What people had to do with an account: how often, and the newest of it."""

    cases: int
    leads: int
    earlier: tuple[Earlier, ...]


class _Why(msgspec.Struct, frozen=True, gc=False):
    link: str | None = None


class _Told(msgspec.Struct, frozen=True, gc=False):
    """Of a handoff, what is told of it later: the rest is passed over."""

    title: str = ""
    team: str = ""
    provenance: _Why = _Why()


class _Signal(msgspec.Struct, frozen=True, gc=False):
    """Of a signal, what stands in no column."""

    subjects: frozenset[str] = frozenset()


_signal = msgspec.json.Decoder(_Signal).decode
_told = msgspec.json.Decoder(_Told).decode
_posts, _signals, _handoffs, _outbox = tables.posts.c, tables.signals.c, tables.handoffs.c, tables.outbox.c
_ASKED_FOR = sa.and_(
    _signals.relevant, _signals.intent.in_(sa.bindparam("intents", expanding=True)),
    _posts.published_at >= sa.bindparam("since"),
)  # fmt: skip
_OWN_WORDS = (  # found and ordered by the index alone; then one look for each post and its signal
    sa.select(
        _posts.author, _posts.key, _posts.published_at, _signals.intent, _signals.sentiment_score, _signals.confidence,
        sa.case((_ASKED_FOR, _signals.body)),
    )
    .outerjoin_from(tables.posts, tables.signals, _signals.post == _posts.key)
    .where(among(_posts.author), _posts.kind != "share")
    .order_by(_posts.author.desc(), _posts.published_at.desc(), _posts.id.desc())
)  # fmt: skip
_RANKED = (
    sa.select(
        _handoffs.id, _handoffs.author, _handoffs.kind, _handoffs.created_at,
        sa.func.row_number()
        .over(
            partition_by=(_handoffs.author, _handoffs.kind, _handoffs.key),
            order_by=(_handoffs.created_at, _handoffs.id),
        )
        .label("place"),
    )
    .where(among(_handoffs.author), sa.func.coalesce(_handoffs.kind, "").in_(("Case", "Lead")))  # else all are read
    .subquery()
    .c
)  # fmt: skip
_THINGS = (
    sa.select(_RANKED.id, _RANKED.author, _RANKED.kind)
    .where(_RANKED.place == 1)
    .order_by(_RANKED.author, _RANKED.created_at.desc(), _RANKED.id)
)
_FIRST_URL = (
    sa.select(_outbox.url)
    .where(_outbox.handoff == _handoffs.id, _outbox.url.is_not(None))
    .order_by(_outbox.id)
    .limit(1)
    .scalar_subquery()
)
_EARLIER = sa.select(_handoffs.id, _handoffs.kind, _handoffs.created_at, _handoffs.body, _FIRST_URL).where(
    among(_handoffs.id)
)


class Histories(Repository):
    """By author, each question for many of them at once."""

    def own_words(
        self, authors: Collection[str], *, intents: Collection[str] = (), since: datetime | None = None
    ) -> dict[str, OwnWords]:
        """What each of these has said themselves, of those who have.

        What they said with one of these intents that concerns us, since then, is told one by one.
        """
        given = {"listed": listed(authors), "intents": sorted(intents), "since": since or self.now}
        rows = chain.from_iterable(self._connection.execute(_OWN_WORDS, given).partitions(AT_A_TIME))
        return {author: _own_words(some) for author, some in groupby(rows, itemgetter(0))}

    def work(self, authors: Collection[str]) -> dict[str, Work]:
        """The cases and leads that people had about them, each thing once, however many posts it is of."""
        rows: Iterable[Any] = self._rows(_THINGS, listed=listed(authors))
        by_author = {
            author: [(id, kind) for id, _, kind in some] for author, some in groupby(rows, itemgetter(1))
        }  # fmt: skip
        told = self._told({id for some in by_author.values() for id, _ in some[:MOST_EARLIER]})
        return {
            author: Work(
                cases=sum(kind == "Case" for _, kind in some), leads=sum(kind == "Lead" for _, kind in some),
                earlier=tuple(told[id] for id, _ in some[:MOST_EARLIER]),
            )
            for author, some in by_author.items()
        }  # fmt: skip

    def _told(self, ids: Collection[str]) -> dict[str, Earlier]:
        """These handoffs in a line each, with where they are worked on: at the address that was delivered first."""
        if not ids:
            return {}
        rows: Iterable[Any] = self._rows(_EARLIER, listed=listed(ids))
        found: dict[str, Earlier] = {}
        for id, kind, at, body, url in rows:
            told = _told(body)
            found[id] = Earlier(
                kind=kind, at=at, title=told.title, team=told.team, url=url, link=told.provenance.link
            )  # fmt: skip
        return found


def _own_words(rows: Iterable[Any]) -> OwnWords:
    """What one account has said, newest first."""
    posts = 0
    moods: list[Mood] = []
    said: list[Said] = []
    for _, key, at, intent, score, confidence, asked_for in rows:
        posts += 1
        if posts == 1:
            last_at = at
        if len(moods) < MOST_MOODS and intent not in (None, "spam"):
            moods.append(Mood(key, at, score))
        if asked_for is not None and len(said) < MOST_SAID:
            said.append(Said(key, at, intent, confidence, _signal(asked_for).subjects))
    return OwnWords(posts, at, last_at, tuple(moods), tuple(said))
