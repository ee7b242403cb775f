"""Histories: what the store holds about accounts, for whoever has to answer one of them."""

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from hub.domain import Earlier, Handoff, Signal
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.outbox_rows import OutboxReader
from hub.store.repository import Repository

_signal = msgspec.json.Decoder(Signal).decode
_handoff = msgspec.json.Decoder(Handoff).decode
MOST_SIGNALS = 25  # the newest of one account; what is older says nothing of how somebody thinks now
MOST_EARLIER = 5  # things of one account that are told one by one


class Seen(NamedTuple):
    """How much of an account we have, and since when."""

    posts: int
    first_at: datetime


class Work(NamedTuple):
    """What people had to do with an account: how often, and the newest of it."""

    cases: int
    leads: int
    earlier: tuple[Earlier, ...]


class Histories(Repository):
    """By author, each question for many of them at once."""

    def seen(self, authors: Collection[str]) -> dict[str, Seen]:
        """Their posts, reshares aside."""
        posts = tables.posts.c
        asked = (
            sa.select(posts.author, sa.func.count().label("posts"), sa.func.min(posts.published_at).label("first_at"))
            .where(among(posts.author), posts.kind != "share")
            .group_by(posts.author)
        )
        return {row.author: Seen(row.posts, row.first_at) for row in self._rows(asked, listed=listed(authors))}

    def moods(self, authors: Collection[str]) -> dict[str, list[Signal]]:
        """What was found in their newest posts, newest first; reshares and spam say nothing of a mood."""
        posts, signals = tables.posts.c, tables.signals.c
        newest = (posts.published_at.desc(), posts.id.desc())
        ranked = (
            sa.select(
                posts.author, signals.body,
                sa.func.row_number().over(partition_by=posts.author, order_by=newest).label("place"),
            )
            .join(tables.signals, signals.post == posts.key)
            .where(among(posts.author), posts.kind != "share", signals.intent != "spam")
            .subquery()
        )  # fmt: skip
        asked = (
            sa.select(ranked.c.author, ranked.c.body)
            .where(ranked.c.place <= MOST_SIGNALS)
            .order_by(ranked.c.author, ranked.c.place)
        )
        rows = self._rows(asked, listed=listed(authors))
        return {author: [_signal(row.body) for row in some] for author, some in groupby(rows, lambda row: row.author)}

    def work(self, authors: Collection[str]) -> dict[str, Work]:
        """The cases and leads that people had about them, each thing once, however many posts it is of."""
        columns = tables.handoffs.c
        thing = (columns.author, columns.kind, columns.key)
        first = sa.func.row_number().over(partition_by=thing, order_by=(columns.created_at, columns.id))
        ranked = (
            sa.select(columns.id, columns.author, columns.kind, columns.created_at, first.label("place"))
            .where(among(columns.author), columns.kind.in_(("Case", "Lead")))
            .subquery()
        )
        newest = (ranked.c.author, ranked.c.created_at.desc(), ranked.c.id)
        rows = self._rows(
            sa.select(ranked.c.id, ranked.c.author, ranked.c.kind).where(ranked.c.place == 1).order_by(*newest),
            listed=listed(authors),
        )
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
        """These handoffs in a line each, with where they are worked on."""
        return dict(self._earlier(ids)) if ids else {}

    def _earlier(self, ids: Collection[str]) -> Iterator[tuple[str, Earlier]]:
        columns = tables.handoffs.c
        sent = OutboxReader(self._connection, now=self.now, writing=self._writing).of(ids)
        urls = {row.handoff: row.url for row in reversed(sent) if row.url}
        asked = sa.select(columns.id, columns.body, columns.created_at).where(among(columns.id))
        for row in self._rows(asked, listed=listed(ids)):
            handoff = _handoff(row.body)
            yield row.id, Earlier(
                kind=handoff.kind, at=row.created_at, title=handoff.title, team=handoff.team, url=urls.get(row.id),
                link=handoff.provenance.link,
            )  # fmt: skip
