"""Rollups: how many posts in each hour, by subject and by topic; alarms are raised by them, all writes keep them up."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.lengths import first_hour, hour_of, moment_of
from hub.store.repository import Repository
from hub.store.tally import Groups

WHOLE = ""  # in the place of a topic: whatever was said
_COLUMNS = tables.rollups.c
_KEY, _SUMS = ("at", "network", "subject", "topic"), ("posts", "negative", "crisis")
_THERE = sa.select(tables.rollups).where(_COLUMNS.posts > 0).order_by(_COLUMNS.at)


class Hour(Model, omit_defaults=False):
    """What was said of one subject on one network in one hour."""

    hour: Moment
    network: str
    subject: str
    posts: int
    negative: int
    crisis: int
    topic: str = WHOLE


class Rollups(Repository):
    """Counts by hour of publication, spam apart; reshares count, and so does what is hardly about ours.

    A post on two subjects counts for both, one on two topics for each of them, and each post for its whole subject.
    """

    def hourly(
        self, start: datetime, end: datetime, *, subject: str | None = None, network: str | None = None
    ) -> list[Hour]:  # fmt: skip
        """Hour by hour, what was said of each subject on each network, or of these, from `start` up to `end`."""
        asked = _THERE.where(*_between(start, end), _COLUMNS.topic == WHOLE)
        narrowed = {"subject": subject, "network": network}
        asked = asked.where(*(_COLUMNS[name] == value for name, value in narrowed.items() if value is not None))
        return self._hours(asked)

    def by_topic(self, start: datetime, end: datetime, *, least: int, since: datetime) -> list[Hour]:
        """The same by topic, of those topics only that had `least` posts in some hour after `since`."""
        alike = (_COLUMNS.network, _COLUMNS.subject, _COLUMNS.topic)
        fresh = (_COLUMNS.at > hour_of(since), _COLUMNS.at < first_hour(end), _COLUMNS.posts >= least)
        loud = sa.select(*alike).where(*fresh, _COLUMNS.topic != WHOLE).distinct().subquery()
        same = sa.and_(*(column == loud.c[column.name] for column in alike))
        return self._hours(_THERE.join(loud, same).where(*_between(start, end)))

    def topics_met(self, start: datetime) -> dict[str, datetime]:
        """In which hour each topic was first met since `start`, whatever it was about and wherever."""
        first = sa.func.min(_COLUMNS.at).label("first")
        met = (_COLUMNS.at >= first_hour(start), _COLUMNS.posts > 0, _COLUMNS.topic != WHOLE)
        asked = sa.select(_COLUMNS.topic, first).where(*met).group_by(_COLUMNS.topic)
        return {row.topic: moment_of(row.first) for row in self._rows(asked)}

    def move(self, *, come: Groups, gone: Groups) -> None:
        """Count these posts, and count those no longer."""
        sums: dict[tuple[int, str, str, str], list[int]] = {}
        _count(come, 1, sums)
        _count(gone, -1, sums)
        rows = sorted((*key, *each) for key, each in sums.items() if any(each))  # in one order, for other writers' sake
        columns = [list(each) for each in zip(*rows, strict=True)]
        if columns:
            self._write_columns(self._adding(tables.rollups, *_SUMS), dict(zip((*_KEY, *_SUMS), columns, strict=True)))

    def _hours(self, asked: sa.Select[Any]) -> list[Hour]:
        rows = [row._asdict() for row in self._rows(asked)]
        return [Hour(hour=moment_of(row.pop("at")), **row) for row in rows]


def _count(some: Groups, sign: int, sums: dict[tuple[int, str, str, str], list[int]]) -> None:
    """Count these, or with a sign of -1 count them no longer."""
    for kind, posts in some.items():
        hour, network, _, _, intent, sentiment, _, subjects, topics = kind
        if intent == "spam":
            continue
        number = sign * len(posts)
        negative, crisis = number * (sentiment == "negative"), number * (intent == "crisis")
        for subject in set(subjects):
            for topic in {WHOLE, *topics}:
                held = sums.setdefault((hour, network, subject, topic), [0, 0, 0])
                held[0] += number
                held[1] += negative
                held[2] += crisis


def _between(start: datetime, end: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Hours that begin in this time."""
    return _COLUMNS.at >= first_hour(start), _COLUMNS.at < first_hour(end)
