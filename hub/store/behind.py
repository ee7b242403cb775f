"""Behind: the posts that a figure about talk was made of, the newest first, read without looking through all posts."""

from collections.abc import Container, Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from hub.domain import Model, Post, Signal
from hub.store import tables
from hub.store.lengths import DAY, HOUR, begin_of, first_hour, hour_of, moment_of
from hub.store.repository import Repository
from hub.store.spoken import subjects_of
from hub.store.talk import AUDIENCES, EACH, WHATEVER
from hub.store.tally import EVERYBODY, numbers_of

AT_A_TIME = 500  # posts of an hour
_PLACE = sa.select(tables.posts.c.id, tables.posts.c.published_at).where(tables.posts.c.key == sa.bindparam("key"))
_decode_post = msgspec.json.Decoder(Post).decode
_decode_signal = msgspec.json.Decoder(Signal).decode


class Wanted(Model):
    """Which posts about ours are meant."""

    network: str | None = None
    subjects: frozenset[str] | None = None  # those that name one of these; None: whatever of ours they name
    reshares: bool = False  # these and nothing else
    sentiments: tuple[str, ...] = ()  # one of these; none: however it is meant
    intent: str | None = None
    topic: str | None = None
    audience: str | None = None
    known: Literal["reactions", "views", "followers"] | None = None  # only posts of which these numbers are known

    def names(self, subjects: Container[str]) -> bool:
        """Whether something that names these is meant."""
        return self.subjects is None or any(one in subjects for one in self.subjects)

    @property
    def counted_as(self) -> str:
        """The sum in which such posts are counted; with a theme, only sentiment has one of its own."""
        if self.reshares:
            return "reshares"
        if len(self.sentiments) == 1 and self.sentiments[0] != "neutral":
            return self.sentiments[0]
        return "posts" if self.known is None or self.topic or self.intent else _SUM[self.known]

    def means(self, post: Post, signal: Signal) -> bool:
        """Whether this post about ours is meant, network, audience and time apart."""
        return (
            self.names(signal.subjects)
            and (not self.sentiments or signal.sentiment in self.sentiments)
            and self.intent in (None, signal.intent)
            and (self.topic is None or self.topic in signal.topics)
            and (self.known is None or numbers_of(post)[_KNOWN[self.known]] > 0)
        )


_KNOWN = {"reactions": 0, "views": 5, "followers": 9}  # places in what `numbers_of` gives
_SUM = {"reactions": "counted", "views": "viewed", "followers": "followed"}


class Judged(Model):
    """A post with what was found in it."""

    post: Post
    signal: Signal


class Behind(Repository):
    """Posts about ours, by the sums that they are in."""

    def posts(
        self, since: datetime, until: datetime, wanted: Wanted, *, limit: int = 50, before: str | None = None
    ) -> list[Judged]:
        """The newest of the posts that the sums of this time are made of; `before`: older than the post of this key.

        The sums say which hours have any, and only these hours are read.
        """
        last = self._one(_PLACE, key=before) if before else None
        found: list[Judged] = []
        for hour in self._hours(first_hour(since), first_hour(until), wanted):
            if last is not None and hour > hour_of(last.published_at):
                continue
            for row in self._of_hour(hour, wanted):
                if last is not None and (row.published_at, row.id) >= (last.published_at, last.id):
                    continue
                signal = _decode_signal(row.found)
                if wanted.names(signal.subjects) and wanted.means(post := _decode_post(row.body), signal):
                    found.append(Judged(post=post, signal=signal))
                    if len(found) == limit:
                        return found
        return found

    def _hours(self, start: int, end: int, wanted: Wanted) -> Iterator[int]:
        """The hours of this time in which such posts may be, the newest first; found day by day."""
        for day in self._with_any(DAY, begin_of(DAY, start), end, wanted):
            yield from self._with_any(HOUR, max(day, start), min(day + DAY, end), wanted)

    def _with_any(self, hours: int, start: int, end: int, wanted: Wanted) -> list[int]:
        theme = ("topic", wanted.topic) if wanted.topic else ("intent", wanted.intent)
        columns = (tables.themes if theme[1] else tables.talk).c
        named = WHATEVER if wanted.subjects is None else EACH
        asked = sa.select(columns.at, columns.subjects).where(
            columns.hours == hours, columns.named == named, columns.at >= start, columns.at < end,
            columns[wanted.counted_as] > 0,
        )  # fmt: skip
        if wanted.network is not None:
            asked = asked.where(columns.network == wanted.network)
        if theme[1]:
            asked = asked.where(columns.dimension == theme[0], columns.theme == theme[1])
        else:  # the public has no rows of its own
            asked = asked.where(columns.audience == (wanted.audience if wanted.audience in AUDIENCES else EVERYBODY))
        rows = self._rows(asked.distinct().order_by(columns.at.desc()))
        return list(dict.fromkeys(row.at for row in rows if wanted.names(subjects_of(row.subjects))))

    def _of_hour(self, hour: int, wanted: Wanted) -> Iterator[sa.Row[Any]]:
        posts, signals = tables.posts.c, tables.signals.c
        asked = (
            sa.select(posts.id, posts.published_at, posts.body, signals.body.label("found"))
            .join_from(tables.posts, tables.signals, signals.post == posts.key)
            .where(posts.published_at >= moment_of(hour), posts.published_at < moment_of(hour + 1))
            .where(signals.relevant, signals.intent != "spam")
            .where(posts.kind == "share" if wanted.reshares else posts.kind != "share")
            .order_by(posts.published_at.desc(), posts.id.desc())
        )
        same = (
            (posts.network, wanted.network), (signals.intent, wanted.intent), (signals.audience, wanted.audience),
        )  # fmt: skip
        asked = asked.where(*(column == value for column, value in same if value is not None)).limit(AT_A_TIME)
        if wanted.sentiments:
            asked = asked.where(signals.sentiment.in_(wanted.sentiments))
        place = 0
        while rows := self._rows(asked.offset(place)):
            yield from rows
            place += len(rows)
