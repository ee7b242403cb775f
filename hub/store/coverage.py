"""Coverage: which stretches of time each watch has really seen.

A poll that ended well has seen everything since the last one, as far back as its network reaches. What was never
reached by such a poll stays a gap, and every number over that time must say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.repository import Repository

_COLUMNS = tables.observed.c


class Stretch(Model):
    """A time that one watch has seen without a gap."""

    watch: str
    network: str
    since: Moment
    until: Moment


_EPOCH, _TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class _Due(NamedTuple):
    """What the watches of one network, or of all, were to see, and what they saw; in whole microseconds."""

    began: list[int]  # one for each watch
    stretches: list[tuple[int, int, int]]  # when the watch began, and from when until when it has seen


@dataclass(frozen=True)
class Seen:
    """What was seen of a time, to be asked about many parts of it."""

    began: Mapping[str, tuple[str, datetime]]  # of each watch that was to see some of it: its network, and since when
    stretches: Sequence[Stretch]

    def share(self, since: datetime, until: datetime, *, network: str | None = None) -> float | None:
        """What part of the watches' time was seen, 0 to 1; None where no watch was to see any of it.

        A watch counts from when it was first registered; one that was since given up counts until it last was read.
        """
        start, end = _ticks(since), _ticks(until)
        due = self._due.get(network, _Due([], []))
        whole = sum(end - max(began, start) for began in due.began if began < end)
        if not whole:
            return None
        parts = (min(last, end) - max(first, start) for began, first, last in due.stretches if began < end)
        return min(sum(part for part in parts if part > 0) / whole, 1.0)

    def began_within(self, since: datetime, until: datetime, *, network: str | None = None) -> bool:
        """Whether something was watched that was not watched from the beginning on."""
        start, end = _ticks(since), _ticks(until)
        return network in self._due and any(start < began < end for began in self._due[network].began)

    @cached_property
    def _due(self) -> dict[str | None, _Due]:
        """By network; None: all of them."""
        found: dict[str | None, _Due] = {}
        for where, began in self.began.values():
            for network in (None, where):
                found.setdefault(network, _Due([], [])).began.append(_ticks(began))
        for one in self.stretches:
            if one.watch in self.began:
                where, began = self.began[one.watch]
                for network in (None, where):
                    found[network].stretches.append((_ticks(began), _ticks(one.since), _ticks(one.until)))
        return found


def _ticks(moment: datetime) -> int:
    return (moment - _EPOCH) // _TICK


class Observed(Repository):
    """Stretches of observed time, the fewest that say it."""

    def saw(self, watch: str, network: str, *, since: datetime, until: datetime) -> None:
        """A watch has seen this time; joined to what it had seen before."""
        if until <= since:
            return
        touching = sa.select(_COLUMNS.id, _COLUMNS.since, _COLUMNS.until).where(
            _COLUMNS.watch == watch, _COLUMNS.until >= since, _COLUMNS.since <= until
        )
        rows = self._rows(touching)
        if not rows:
            row = {"watch": watch, "network": network, "since": since, "until": until}
            self._write_rows(sa.insert(tables.observed), [row])
            return
        first, *others = rows
        joined = {"since": min(since, *(row.since for row in rows)), "until": max(until, *(row.until for row in rows))}
        self._write(sa.update(tables.observed).where(_COLUMNS.id == first.id).values(joined))
        if others:
            self._write(sa.delete(tables.observed).where(_COLUMNS.id.in_([row.id for row in others])))

    def stopped(self, watch: str, network: str, *, since: datetime) -> None:
        """Since its last good read, this watch is behind, and it is a quota that keeps it so."""
        row = {"watch": watch, "network": network, "since": since, "until": self.now}
        self._write_rows(self._upsert(tables.quota_stops, ("watch", "since"), ("until",)), [row])

    def stops(self, since: datetime, until: datetime) -> list[Stretch]:
        """When watches were behind for a quota, cut to this time."""
        columns = tables.quota_stops.c
        asked = sa.select(tables.quota_stops).where(columns.until > since, columns.since < until)
        return [
            Stretch(watch=row.watch, network=row.network, since=max(row.since, since), until=min(row.until, until))
            for row in self._rows(asked.order_by(columns.watch, columns.since))
        ]

    def stretches(
        self, since: datetime, until: datetime, *, network: str | None = None, watch: str | None = None
    ) -> list[Stretch]:
        """What was seen of this time, cut to it, in order of watch and time."""
        asked = sa.select(tables.observed).where(_COLUMNS.until > since, _COLUMNS.since < until)
        if network is not None:
            asked = asked.where(_COLUMNS.network == network)
        if watch is not None:
            asked = asked.where(_COLUMNS.watch == watch)
        return [
            Stretch(watch=row.watch, network=row.network, since=max(row.since, since), until=min(row.until, until))
            for row in self._rows(asked.order_by(_COLUMNS.watch, _COLUMNS.since))
        ]

    def share_of(self, watch: str, since: datetime, until: datetime) -> float | None:
        """What part of this time one watch has seen since it began, 0 to 1; None where it was to see none of it."""
        columns = tables.watches.c
        row = self._one(sa.select(columns.started_at).where(columns.key == watch))
        if row is None or row.started_at >= until:
            return None
        whole = until - max(row.started_at, since)
        seen = (one.until - one.since for one in self.stretches(since, until, watch=watch))
        return min(float(sum(seen, timedelta()) / whole), 1.0)

    def share(self, since: datetime, until: datetime, *, network: str | None = None) -> float | None:
        """What part of the watches' time was seen, as `Seen` says it."""
        return self.seen(since, until, network=network).share(since, until, network=network)

    def seen(self, since: datetime, until: datetime, *, network: str | None = None) -> Seen:
        """All that is known of this time, for questions about parts of it."""
        columns = tables.watches.c
        asked = sa.select(columns.key, columns.network, columns.started_at).where(columns.started_at < until)
        if network is not None:
            asked = asked.where(columns.network == network)
        began = {row.key: (row.network, row.started_at) for row in self._rows(asked)}
        return Seen(began, self.stretches(since, until, network=network))
