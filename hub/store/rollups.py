"""Rollups: how many posts in each hour, kept up with every write, since pages read them all day long."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.domain import Model, Moment, Post, Signal
from hub.store import tables
from hub.store.repository import Repository

_encode = msgspec.json.Encoder().encode

_Key = tuple[bytes, str, str, str, str, bool]
_KEY = ("hour", "network", "subject", "intent", "sentiment", "relevant")


class Rollup(Model, omit_defaults=False):
    """Posts that were published in one hour and are alike in all of this."""

    hour: Moment
    network: str
    subject: str  # "" for posts that speak of none of ours
    intent: str
    sentiment: str
    relevant: bool
    posts: int


class Hour(Model, omit_defaults=False):
    """What was said of one subject on one network in one hour."""

    hour: Moment
    network: str
    subject: str
    posts: int
    negative: int
    crisis: int


class Rollups(Repository):
    """Counts by hour of publication, network, subject and signal; a post on two subjects counts for both."""

    def between(
        self, start: datetime, end: datetime, *, network: str | None = None, subject: str | None = None
    ) -> list[Rollup]:
        """The counts of all hours from `start` up to, but without, `end`."""
        columns = tables.rollups.c
        statement = sa.select(tables.rollups).where(columns.hour >= start, columns.hour < end, columns.posts > 0)
        if network is not None:
            statement = statement.where(columns.network == network)
        if subject is not None:
            statement = statement.where(columns.subject == subject)
        return [Rollup(**row._mapping) for row in self._rows(statement.order_by(*(columns[name] for name in _KEY)))]

    def hourly(self, start: datetime, end: datetime) -> list[Hour]:
        """Hour by hour, what was said of each subject on each network, spam apart, from `start` up to `end`."""
        columns = tables.rollups.c
        posts = columns.posts

        def sum_where(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
            return sa.func.sum(sa.case((condition, posts), else_=0))

        asked = (
            sa.select(
                columns.hour, columns.network, columns.subject, sa.func.sum(posts).label("posts"),
                sum_where(columns.sentiment == "negative").label("negative"),
                sum_where(columns.intent == "crisis").label("crisis"),
            )
            .where(columns.hour >= start, columns.hour < end, columns.subject != "", columns.intent != "spam")
            .group_by(columns.hour, columns.network, columns.subject)
            .order_by(columns.hour)
        )  # fmt: skip
        return [Hour(**row._mapping) for row in self._rows(asked)]

    def move(self, *, come: Iterable[tuple[Post, Signal]], gone: Iterable[tuple[Post, Signal]]) -> None:
        """Count these signals, and count those no longer."""
        counts = Counter(_counted(come))
        counts.subtract(Counter(_counted(gone)))
        rows = [_row(key, number) for key, number in sorted(counts.items()) if number]
        insert = self._insert(tables.rollups)
        added = {"posts": tables.rollups.c.posts + insert.excluded.posts}
        self._write_rows(insert.on_conflict_do_update(index_elements=_KEY, set_=added), rows)


def _counted(pairs: Iterable[tuple[Post, Signal]]) -> Iterator[_Key]:
    for post, signal in pairs:
        published = post.published_at if post.published_at.tzinfo is UTC else post.published_at.astimezone(UTC)
        hour = _encode(published)[1:14]  # "2026-11-23T10
        for subject in signal.subjects or ("",):
            yield hour, post.network, subject, signal.intent, signal.sentiment, signal.relevant


def _row(key: _Key, number: int) -> dict[str, Any]:
    hour, *alike = key
    began = datetime.fromisoformat(f"{hour.decode()}:00Z")
    return dict(zip(_KEY, (began, *alike), strict=True)) | {"posts": number}
