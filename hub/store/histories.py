"""Histories: what the store holds about accounts, for whoever has to answer one of them."""

from collections.abc import Collection
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from hub.domain import Earlier
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository

MOST_MOODS = 25  # the newest of one account; what is older says nothing of how somebody thinks now
MOST_EARLIER = 5  # things of one account that are told one by one


class Mood(NamedTuple):
    """How one post of an account sounds, from -1 to 1."""

    post: str
    at: datetime
    score: float


class OwnWords(NamedTuple):
    """What we hold of an account's own words, reshares aside; spam says nothing of a mood."""

    posts: int
    first_at: datetime
    last_at: datetime
    moods: tuple[Mood, ...]  # of the newest posts, newest first


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


_told = msgspec.json.Decoder(_Told).decode
_posts, _signals, _handoffs, _outbox = tables.posts.c, tables.signals.c, tables.handoffs.c, tables.outbox.c
_COUNTED = (
    sa.select(
        _posts.author, sa.func.count().label("posts"), sa.func.min(_posts.published_at).label("first_at"),
        sa.func.max(_posts.published_at).label("last_at"),
    )
    .where(among(_posts.author), _posts.kind != "share")
    .group_by(_posts.author)
)  # fmt: skip
_PLACED = (
    sa.select(
        _posts.author, _posts.key, _posts.published_at, _signals.sentiment_score,
        sa.func.row_number()
        .over(partition_by=_posts.author, order_by=(_posts.published_at.desc(), _posts.id.desc()))
        .label("place"),
    )
    .join(tables.signals, _signals.post == _posts.key)
    .where(among(_posts.author), _posts.kind != "share", _signals.intent != "spam")
    .subquery()
    .c
)  # fmt: skip
_MOODS = (
    sa.select(_PLACED.author, _PLACED.key, _PLACED.published_at, _PLACED.sentiment_score)
    .where(_PLACED.place <= MOST_MOODS)
    .order_by(_PLACED.author, _PLACED.place)
)
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
_EARLIER = sa.select(_handoffs.id, _handoffs.kind, _handoffs.body, _handoffs.created_at).where(among(_handoffs.id))
_URLS = (
    sa.select(_outbox.handoff, _outbox.url)
    .where(among(_outbox.handoff), _outbox.url.is_not(None))
    .order_by(_outbox.id.desc())
)


class Histories(Repository):
    """By author, each question for many of them at once."""

    def own_words(self, authors: Collection[str]) -> dict[str, OwnWords]:
        """What each of these has said themselves, of those who have."""
        asked = listed(authors)
        rows = groupby(self._rows(_MOODS, listed=asked), lambda row: row.author)
        moods = {
            author: tuple(Mood(row.key, row.published_at, row.sentiment_score) for row in some) for author, some in rows
        }
        return {
            row.author: OwnWords(row.posts, row.first_at, row.last_at, moods.get(row.author, ()))
            for row in self._rows(_COUNTED, listed=asked)
        }

    def work(self, authors: Collection[str]) -> dict[str, Work]:
        """The cases and leads that people had about them, each thing once, however many posts it is of."""
        rows = self._rows(_THINGS, listed=listed(authors))
        by_author = {author: list(some) for author, some in groupby(rows, lambda row: row.author)}
        told = self._told({row.id for some in by_author.values() for row in some[:MOST_EARLIER]})
        return {
            author: Work(
                cases=sum(row.kind == "Case" for row in some), leads=sum(row.kind == "Lead" for row in some),
                earlier=tuple(told[row.id] for row in some[:MOST_EARLIER]),
            )
            for author, some in by_author.items()
        }  # fmt: skip

    def _told(self, ids: Collection[str]) -> dict[str, Earlier]:
        """These handoffs in a line each, with where they are worked on: at the address that was delivered first."""
        if not ids:
            return {}
        asked = listed(ids)
        urls = {row.handoff: row.url for row in self._rows(_URLS, listed=asked)}
        found: dict[str, Earlier] = {}
        for row in self._rows(_EARLIER, listed=asked):
            told = _told(row.body)
            found[row.id] = Earlier(
                kind=row.kind, at=row.created_at, title=told.title, team=told.team, url=urls.get(row.id),
                link=told.provenance.link,
            )  # fmt: skip
        return found
