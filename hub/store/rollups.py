"""Rollups: how many posts in each hour, kept up with every write, since pages read them all day long."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import product
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.domain import Model, Moment, Post, Signal
from hub.store import tables
from hub.store.repository import Repository

_encode = msgspec.json.Encoder().encode

_Key = tuple[bytes, str, str, str, str, bool]
_KEY = ("hour", "network", "subject", "intent", "sentiment", "relevant")
_TopicKey = tuple[bytes, str, str, str]
_TOPIC_KEY = ("hour", "network", "subject", "topic")
_SUMS = ("posts", "negative", "crisis")
NO_SUBJECT = ("",)


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
    topic: str = ""  # "": whatever it was about


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

    def course(self, subject: str, start: datetime, end: datetime, *, network: str | None = None) -> list[Hour]:
        """Hour by hour and network by network, what was said of one subject, spam apart, as alarms are raised by."""
        columns = tables.rollups.c
        negative = sa.case((columns.sentiment == "negative", columns.posts), else_=0)
        crisis = sa.case((columns.intent == "crisis", columns.posts), else_=0)
        asked = (
            sa.select(
                columns.hour, columns.network, columns.subject, sa.func.sum(columns.posts).label("posts"),
                sa.func.sum(negative).label("negative"), sa.func.sum(crisis).label("crisis"),
            )
            .where(columns.hour >= start, columns.hour < end, columns.subject == subject, columns.intent != "spam")
            .group_by(columns.hour, columns.network, columns.subject)
            .order_by(columns.hour)
        )  # fmt: skip
        if network is not None:
            asked = asked.where(columns.network == network)
        return [Hour(**row._mapping) for row in self._rows(asked)]

    def by_topic(self, start: datetime, end: datetime, *, least: int, since: datetime) -> list[Hour]:
        """The same by topic, of those topics only that had `least` posts in some hour after `since`."""
        columns = tables.topic_rollups.c
        alike = (columns.network, columns.subject, columns.topic)
        loud = sa.select(*alike).where(columns.hour > since, columns.hour < end, columns.posts >= least).distinct()
        loud_ones = loud.subquery()
        asked = (
            sa.select(tables.topic_rollups)
            .join(loud_ones, sa.and_(*(column == loud_ones.c[column.name] for column in alike)))
            .where(columns.hour >= start, columns.hour < end, columns.posts > 0)
            .order_by(columns.hour)
        )
        return [Hour(**row._mapping) for row in self._rows(asked)]

    def topics_met(self, start: datetime) -> dict[str, datetime]:
        """In which hour each topic was first met since `start`, whatever it was about and wherever."""
        columns = tables.topic_rollups.c
        first = sa.func.min(columns.hour, type_=columns.hour.type).label("first")
        asked = sa.select(columns.topic, first).where(columns.hour >= start, columns.posts > 0).group_by(columns.topic)
        return {row.topic: row.first for row in self._rows(asked)}

    def move(self, *, come: Iterable[tuple[Post, Signal]], gone: Iterable[tuple[Post, Signal]]) -> None:
        """Count these signals, and count those no longer."""
        alike: Counter[_Key] = Counter()
        topics: dict[_TopicKey, list[int]] = {}
        for pairs, sign in ((come, 1), (gone, -1)):
            for post, signal in pairs:
                _count(post, signal, sign, alike, topics)
        rows = [_row(_KEY, key, {"posts": each}) for key, each in sorted(alike.items()) if each]
        self._write_rows(self._adding(tables.rollups, "posts"), rows)
        by_topic = [
            _row(_TOPIC_KEY, key, dict(zip(_SUMS, each, strict=True)))
            for key, each in sorted(topics.items())
            if any(each)
        ]
        self._write_rows(self._adding(tables.topic_rollups, *_SUMS), by_topic)


def _count(
    post: Post, signal: Signal, sign: int, alike: Counter[_Key], topics: dict[_TopicKey, list[int]]
) -> None:  # fmt: skip
    """Count one post, or with a sign of -1 count it no longer; by topic unless it is spam."""
    hour, network, subjects = _hour_of(post), post.network, signal.subjects
    intent, sentiment, relevant = signal.intent, signal.sentiment, signal.relevant
    for subject in subjects or NO_SUBJECT:
        alike[hour, network, subject, intent, sentiment, relevant] += sign
    if signal.topics and intent != "spam":
        for key in product((hour,), (network,), subjects, signal.topics):
            sums = topics.setdefault(key, [0] * len(_SUMS))
            sums[0] += sign
            sums[1] += sign * (sentiment == "negative")
            sums[2] += sign * (intent == "crisis")


def _hour_of(post: Post) -> bytes:
    published = post.published_at if post.published_at.tzinfo is UTC else post.published_at.astimezone(UTC)
    return _encode(published)[1:14]  # "2026-11-23T10


def _row(names: tuple[str, ...], key: tuple[Any, ...], sums: dict[str, int]) -> dict[str, Any]:
    hour, *alike = key
    began = datetime.fromisoformat(f"{hour.decode()}:00Z")
    return dict(zip(names, (began, *alike), strict=True)) | sums
