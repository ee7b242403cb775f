"""Extract: what is exported, day by day in UTC, streamed so that memory stays level; nothing is written here.

Whatever was erased is left out here and nowhere else: posts that are gone, and posts of authors who are buried.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from hub.store import tables
from hub.store.repository import Repository

AT_A_TIME = 5000
_POSTS, _SIGNALS, _HANDOFFS, _OUTBOX = tables.posts.c, tables.signals.c, tables.handoffs.c, tables.outbox.c
_COUNTS = tables.engagement.c
_DEAD = tables.tombstones.c.key
DAY = timedelta(days=1)
Rows = Iterator[Sequence[sa.Row[Any]]]


def _buried(key: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.exists().where(key == _DEAD)


_KEPT = sa.and_(_POSTS.gone.is_(None), ~_buried(_POSTS.author), ~_buried(_POSTS.key))


class Extract(Repository):
    """Everything that analysts may read, by day."""

    def days_of_talk(self) -> Iterator[date]:
        """The days on which something was published, first to last; looks once for each."""
        yield from self._days(_POSTS.published_at)

    def days_of_work(self) -> Iterator[date]:
        """The days on which work was handed off."""
        yield from self._days(_HANDOFFS.created_at)

    def talk(self, day: date, networks: Collection[str]) -> Rows:
        """What was published that day: network, state, reason, the post's body and its signal's (`found`)."""
        asked = (
            sa.select(_POSTS.network, _POSTS.state, _POSTS.reason, _POSTS.body, _SIGNALS.body.label("found"))
            .outerjoin(tables.signals, _SIGNALS.post == _POSTS.key)
            .where(_within(_POSTS.published_at, day), _POSTS.network.in_(sorted(networks)), _KEPT)
            .order_by(_POSTS.published_at, _POSTS.id)
        )
        return self._pages(asked)

    def earlier_counts(self, day: date, networks: Collection[str]) -> Rows:
        """How posts of that day were counted before they were counted last."""
        asked = (
            sa.select(
                _POSTS.network, _POSTS.published_at, _COUNTS.post, _COUNTS.counted_at, _COUNTS.likes, _COUNTS.shares,
                _COUNTS.replies, _COUNTS.quotes, _COUNTS.views,
                sa.case((_POSTS.body.contains('"visibility":"private"'), 1), else_=0).label("private"),
            )
            .join(tables.engagement, _COUNTS.post == _POSTS.key)
            .where(_within(_POSTS.published_at, day), _POSTS.network.in_(sorted(networks)), _KEPT)
            .order_by(_POSTS.published_at, _COUNTS.id)
        )  # fmt: skip
        return self._pages(asked)

    def work(self, day: date) -> Rows:
        """What was handed off that day; `erased` where its post is gone, or its author buried."""
        asked = (
            sa.select(*tables.handoffs.c, _erased().label("erased"))
            .outerjoin(tables.posts, _POSTS.key == _HANDOFFS.post)
            .where(_within(_HANDOFFS.created_at, day))
            .order_by(_HANDOFFS.created_at, _HANDOFFS.id)
        )
        return self._pages(asked)

    def deliveries(self, day: date) -> Rows:
        """What was sent of the work of that day, without what was said."""
        names = (
            "id", "destination", "object", "external_id", "version", "mapping", "state", "attempt", "created_at",
            "claimed_at", "settled_at", "outcome", "object_id", "url", "reason",
        )  # fmt: skip
        asked = (
            sa.select(
                _HANDOFFS.id.label("handoff"), _HANDOFFS.kind, _HANDOFFS.post, _HANDOFFS.body,
                *(_OUTBOX[name] for name in names), _erased().label("erased"),
            )
            .join(tables.outbox, _OUTBOX.handoff == _HANDOFFS.id)
            .outerjoin(tables.posts, _POSTS.key == _HANDOFFS.post)
            .where(_within(_HANDOFFS.created_at, day))
            .order_by(_HANDOFFS.created_at, _OUTBOX.id)
        )  # fmt: skip
        return self._pages(asked)

    def incidents(self) -> Rows:
        """All incidents."""
        return self._pages(sa.select(tables.incidents).order_by(tables.incidents.c.opened_at, tables.incidents.c.key))

    def alarms(self) -> Rows:
        """All alarms."""
        return self._pages(sa.select(tables.alarms).order_by(tables.alarms.c.id))

    def _pages(self, asked: sa.Select[Any]) -> Rows:
        options = {"yield_per": AT_A_TIME}
        return iter(self._connection.execute(asked, execution_options=options).partitions())

    def _days(self, moment: sa.ColumnElement[datetime]) -> Iterator[date]:
        first = sa.func.min(moment, type_=moment.type)
        asked: sa.Select[Any] = sa.select(first)
        while (row := self._one(asked)) is not None and row[0] is not None:
            day = row[0].astimezone(UTC).date()
            yield day
            asked = sa.select(first).where(moment >= _midnight(day + DAY))


def _erased() -> sa.ColumnElement[bool]:
    return sa.or_(_POSTS.gone.is_not(None), _buried(_HANDOFFS.author), _buried(_HANDOFFS.post))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _within(moment: sa.ColumnElement[datetime], day: date) -> sa.ColumnElement[bool]:
    return sa.and_(moment >= _midnight(day), moment < _midnight(day + DAY))
