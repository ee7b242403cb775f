"""Latencies: how long each part of the way takes, as a histogram for each hour; and when posts arrive, by watch.

Quantiles are asked for over any stretch of time, and a million posts cannot be sorted for that. So times are counted in
buckets, each a tenth longer than the one before: a quantile is off by five percent at most. Sums are kept up with the
writes, as those of talk are.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import log
from typing import Any, Literal

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.lengths import hour_of, moment_of
from hub.store.repository import Repository

Segment = Literal["collected", "decided", "handed_over"]
"""Of the way of a post: until we had it, until it was decided on, until its object was at its destination."""
RATIO = 1.1
_PER_STEP = 1 / log(RATIO)
_A = tables.arrivals.c


class Lag(Model):
    """So many times of one kind on one network lay in this bucket."""

    network: str
    segment: Segment
    bucket: int
    count: int


class Acknowledged(Model):
    """An incident that somebody has taken on: when people could see it, and when they did."""

    network: str
    told_at: Moment
    acknowledged_at: Moment


class Arrived(Model):
    """Posts that one watch brought first, by the hour in which they were published."""

    hour: Moment
    watch: str
    network: str
    posts: int


def bucket_of(seconds: float) -> int:
    """0 for less than a second, then one for each tenth more; a clock that is ahead of ours is right now."""
    return 1 + int(log(seconds) * _PER_STEP) if seconds >= 1 else 0


def seconds_of(bucket: int) -> float:
    """The middle of a bucket, as ratios go."""
    return float(RATIO ** (bucket - 0.5)) if bucket else 0.5


class Latencies(Repository):
    """Counted in the hour in which a part of the way ended, which is now."""

    def add(self, network: str, segment: Segment, seconds: Iterable[float]) -> None:
        """Count these times."""
        self._add({(network, segment, bucket): count for bucket, count in Counter(map(bucket_of, seconds)).items()})

    def handed_over(self, times: Iterable[tuple[str, float]]) -> None:
        """Count how long objects took to their destination, each with the network that its post is from."""
        self._add(Counter((network, "handed_over", bucket_of(seconds)) for network, seconds in times))

    def histogram(self, since: datetime, until: datetime, *, segment: Segment | None = None) -> list[Lag]:
        """What ended in the hours that began in this time; of one part of the way, or of all.

        Read from the days that are nearest to it, with the hours that these lack, and without those that they have too
        many.
        """
        first, last = _nearest_day(since), _nearest_day(until)
        if last <= first:
            parts = [_counts(tables.latencies, since, until)]
        else:
            parts = [_counts(tables.latency_days, first, last)]
            parts += [
                _counts(tables.latencies, *ends, sign) for ends, sign in _corrected((since, first), (last, until))
            ]
        summed = sa.union_all(*parts).subquery().c
        alike, count = (summed.network, summed.segment, summed.bucket), sa.func.sum(summed["count"])
        asked = sa.select(*alike, count.label("count")).group_by(*alike).having(count > 0).order_by(*alike)
        if segment is not None:
            asked = asked.where(summed.segment == segment)
        return [Lag(**row._mapping) for row in self._rows(asked)]

    def acknowledged(self, since: datetime, until: datetime) -> list[Acknowledged]:
        """Incidents that somebody took on in this time, of those that were told."""
        incidents, handoffs, outbox = tables.incidents.c, tables.handoffs.c, tables.outbox.c
        told_at = sa.func.min(outbox.settled_at, type_=outbox.settled_at.type).label("told_at")
        asked = (
            sa.select(handoffs.network, told_at, incidents.acknowledged_at)
            .join_from(
                tables.incidents, tables.handoffs, sa.and_(handoffs.kind == "Alert", handoffs.key == incidents.key)
            )
            .join(tables.outbox, outbox.handoff == handoffs.id)
            .where(incidents.acknowledged_at >= since, incidents.acknowledged_at < until)
            .where(handoffs.begins, outbox.state == "done")
            .group_by(incidents.key, handoffs.network, incidents.acknowledged_at)
            .order_by(incidents.acknowledged_at, incidents.key)
        )
        return [Acknowledged(**row._mapping) for row in self._rows(asked)]

    def _add(self, counted: Mapping[tuple[str, Segment, int], int]) -> None:
        hour = self.now.replace(minute=0, second=0, microsecond=0)
        rows = [
            {"network": network, "segment": segment, "bucket": bucket, "count": count}
            for (network, segment, bucket), count in sorted(counted.items())
        ]
        for table, at in ((tables.latencies, {"hour": hour}), (tables.latency_days, {"day": hour.replace(hour=0)})):
            self._write_rows(self._adding(table, "count"), [at | row for row in rows])


class Arrivals(Repository):
    """Counted once, for the watch that brought a post first."""

    def add(self, watch: str, network: str, published: Iterable[datetime]) -> None:
        """Count posts that were published then."""
        rows = [
            {"hour": moment_of(hour), "watch": watch, "network": network, "posts": posts}
            for hour, posts in sorted(Counter(map(hour_of, published)).items())
        ]
        self._write_rows(self._adding(tables.arrivals, "posts"), rows)

    def read(self, since: datetime, until: datetime, *, network: str | None = None) -> int:
        """How many posts that were published from the hour `since` up to `until` came in, each once."""
        asked = sa.select(sa.func.sum(_A.posts).label("posts")).where(_A.hour >= since, _A.hour < until)
        row = self._one(asked if network is None else asked.where(_A.network == network))
        return int(row.posts or 0) if row else 0

    def between(self, since: datetime, until: datetime) -> list[Arrived]:
        """What was published from the hour `since` up to `until`."""
        asked = sa.select(tables.arrivals).where(_A.hour >= since, _A.hour < until).order_by(_A.hour, _A.watch)
        return [Arrived(**row._mapping) for row in self._rows(asked)]


def _nearest_day(at: datetime) -> datetime:
    return (at.astimezone(UTC) + timedelta(hours=12)).replace(hour=0, minute=0, second=0, microsecond=0)


def _corrected(*ends: tuple[datetime, datetime]) -> list[tuple[tuple[datetime, datetime], int]]:
    """What is missing at each end, to be added; where it runs backwards there is too much, to be taken off."""
    return [((one, other), 1) if one < other else ((other, one), -1) for one, other in ends if one != other]


def _counts(table: sa.Table, since: datetime, until: datetime, sign: int = 1) -> sa.Select[Any]:
    start, columns = next(iter(table.columns)), table.c
    count = (columns["count"] * sign).label("count")
    return sa.select(columns.network, columns.segment, columns.bucket, count).where(start >= since, start < until)
