"""Lists that begin with the newest: read back to what is known, page by page, and safe to stop after each.

What was read is complete only when the walk has come to what is known. Until then its mark keeps the old end, the
token to go on with, and the newest time seen, which becomes the next end. Times tie and lists lag behind, so what
lies within `overlap` before the end is looked at once more, and what was handed out of it is known by its id. A time
that is still to come, which an author may have made up, ends nothing: it would hide all that is written until then.

Below the items of such a list there may hang others: the comments of a post, the replies of a comment. They are read
again where their number has changed, since a list does not show in its order what grew old items.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.errors import ContractBroken
from hub.kit.http import Rejected
from hub.kit.network import Record

AHEAD = timedelta(minutes=5)  # how far a network's clock may be ahead of ours
Mark = dict[str, Any]
"""Where a walk stands, as plain data for a cursor; empty before the first."""
Ask = Callable[[str | None], tuple[list[Record], str | None]]
"""One page by its token, None for the newest, and the token of the page that follows, None at the end."""


@dataclass(frozen=True)
class Step:
    """One page of a walk."""

    new: list[Record]
    page: list[Record]  # all that is on it
    again: Mark  # kept while the page is worked on: it is asked for once more, and nothing of it is new
    done: Mark


@dataclass(frozen=True, kw_only=True)
class Backward:
    """How one kind of list is read."""

    title: str  # of the system, for errors
    at: Callable[[Record], datetime | None]
    id: Callable[[Record], str]
    overlap: timedelta = timedelta(minutes=10)

    def steps(
        self,
        ask: Ask,
        mark: Mark,
        *,
        now: datetime,
        since: datetime | None = None,
        reach: datetime | None = None,
    ) -> Iterator[Step]:
        """What is newer than the mark and than `since`; pages go on down to `reach`, if that is further back."""
        walk = _Walk(self, mark, now, since, reach)
        token, asked = mark.get("next"), set[str]()
        while True:
            try:
                page, following = ask(token)
            except Rejected:
                if token is None or asked:
                    raise
                token, walk.newest = None, None  # the kept token is no longer taken; keys drop what comes twice
                continue
            asked |= {token or ""}
            if following in asked:
                raise ContractBroken(f"{self.title} leads its pages in a circle.")
            step = walk.step(page, token, following)
            yield step
            if "next" not in step.done:
                return
            token = following

    def seconds(self, record: Record) -> int | None:
        """When it was, in whole seconds: what marks count in."""
        at = self.at(record)
        return None if at is None else int(at.timestamp())


class _Walk:
    """What one walk has seen so far."""

    def __init__(
        self, way: Backward, mark: Mark, now: datetime, since: datetime | None, reach: datetime | None
    ) -> None:
        self.way, self.latest = way, int((now + AHEAD).timestamp())
        self.end: int | None = mark.get("end")
        self.known: dict[str, int] = mark.get("known", {})
        self.newest: int | None = mark.get("newest")
        self.fresh: dict[str, int] = dict(mark.get("fresh", {}))
        self.overlap = int(way.overlap.total_seconds())
        floors = [int(since.timestamp())] if since else []
        floors += [] if self.end is None else [self.end - self.overlap]
        self.floor = max(floors, default=None)
        depths = [each for each in (self.floor, int(reach.timestamp()) if reach else None) if each is not None]
        self.depth = min(depths) if self.floor is not None else None

    def step(self, page: list[Record], token: str | None, following: str | None) -> Step:
        new = list({self.way.id(record): record for record in page if self._is_new(record)}.values())
        times = [at for record in page if (at := self.way.seconds(record)) is not None and at <= self.latest]
        self.newest = max([*times, *([] if self.newest is None else [self.newest])], default=None)
        for record in new:
            self.fresh[self.way.id(record)] = min(self.way.seconds(record) or self.newest or 0, self.latest)
        again = self._mark(token)
        border = (self.newest or 0) - self.overlap
        self.fresh = {id: at for id, at in self.fresh.items() if at >= border}
        over = following is None or bool(times and self.depth is not None and times[-1] < self.depth)
        return Step(new, page, again, self._finished() if over else self._mark(following))

    def _is_new(self, record: Record) -> bool:
        id, at = self.way.id(record), self.way.seconds(record)
        behind = at is not None and self.floor is not None and at < self.floor
        return not behind and id not in self.known and id not in self.fresh

    def _mark(self, token: str | None) -> Mark:
        """In the middle of a walk."""
        told = {"end": self.end, "known": self.known, "next": token, "newest": self.newest, "fresh": dict(self.fresh)}
        return {name: value for name, value in told.items() if value not in (None, {})}

    def _finished(self) -> Mark:
        ends = [each for each in (self.end, self.newest) if each is not None]
        if not ends:
            return {}
        end = max(ends)
        both = self.known | self.fresh
        return {"end": end, "known": {id: at for id, at in both.items() if at >= end - self.overlap}}


@dataclass(frozen=True, kw_only=True)
class Threads:
    """What hangs below the items of a list: read where its number is another than it was."""

    way: Backward  # how the items are read
    count: Callable[[Record], int]
    read: Callable[[Record, Mark], Iterator[tuple[list[Record], Mark]]]
    """What is new below one item, by the mark of the last time, page by page."""

    def pages(
        self, steps: Iterable[Step], kept: dict[str, Mark], *, oldest: datetime
    ) -> Iterator[tuple[list[Record], Mark, dict[str, Mark]]]:
        """New items and what is new below items, with the marks of the list and of its threads.

        Items from before `oldest` are left alone, and forgotten.
        """
        border = int(oldest.timestamp())
        kept = {id: mark for id, mark in kept.items() if mark["at"] >= border}
        for step in steps:
            grown = [item for item in step.page if self._has_grown(item, kept, border)]
            yield step.new, step.again if grown else step.done, kept
            for item in grown:
                id = self.way.id(item)
                place = {"at": self.way.seconds(item), "n": kept.get(id, {}).get("n", 0)}
                for records, mark in self.read(item, kept.get(id, {})):
                    kept = {**kept, id: mark | place}
                    yield records, step.again, kept
                kept = {**kept, id: kept.get(id, {}) | place | {"n": self.count(item)}}
            if grown:
                yield [], step.done, kept

    def _has_grown(self, item: Record, kept: dict[str, Mark], border: int) -> bool:
        at = self.way.seconds(item)
        return at is not None and at >= border and self.count(item) != kept.get(self.way.id(item), {}).get("n", 0)
