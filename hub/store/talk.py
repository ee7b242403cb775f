"""Talk: the sums that figures about talk are read from, kept up with every write.

Each post about ours stands in exactly one row for its hour and one for its day, under all the subjects that it names:
so whatever is asked (one subject, any of our products, all of them), a post that names two of them counts once.
Reshares are only counted; spam, and what was found to be about something else, does not come in.

Sums of a post whose content is let go of stay: they tell nobody's words or name. Should it be read again,
only what changes from then on moves them.

A stretch of time is made of the hours that begin in it. What lies in whole days in UTC is read from the rows of days,
so that ninety days cost no more than their edges, wherever days begin.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

from hub.domain import Model, Post, Signal
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository, insert_into

DAY_HOURS = 24
PUBLIC = "public"  # what an account is to us of which nothing else is known
RECENT = timedelta(days=90)  # how far back a new class of an account changes what is counted
AT_A_TIME = 2_000
HOUR = timedelta(hours=1)

_KEY = ("hours", "at", "network", "subjects", "audience")
_THEME_KEY = ("hours", "at", "network", "subjects", "dimension", "theme")
_PLACE = sa.select(tables.posts.c.id, tables.posts.c.published_at).where(tables.posts.c.key == sa.bindparam("key"))
_encode = msgspec.json.Encoder().encode
_decode_post = msgspec.json.Decoder(Post).decode
_decode_signal = msgspec.json.Decoder(Signal).decode
_names = msgspec.json.Decoder(tuple[str, ...]).decode


class Sums(Model, omit_defaults=False):
    """What posts come to; `counted`, `viewed` and `followed` are posts of which the numbers behind them are known."""

    posts: int = 0
    reshares: int = 0
    positive: int = 0
    negative: int = 0
    counted: int = 0
    likes: int = 0
    shares: int = 0
    replies: int = 0
    quotes: int = 0
    viewed: int = 0
    views: int = 0
    viewed_engagement: int = 0
    viewed_shares: int = 0
    followed: int = 0
    followers: int = 0
    followed_engagement: int = 0
    followed_shares: int = 0

    @property
    def engagement(self) -> int:
        """Reactions, answers, and how often the words were passed on, alike in weight."""
        return self.likes + self.shares + self.replies + self.quotes

    @property
    def passed_on(self) -> int:
        """Shares, with words of one's own or without."""
        return self.shares + self.quotes

    @classmethod
    def of(cls, some: Iterable["Sums"]) -> "Sums":
        """All of these together."""
        rows = [msgspec.structs.astuple(one) for one in some]
        return cls(**dict(zip(_SUMS, map(sum, zip(*rows, strict=True)), strict=True))) if rows else cls()


_SUMS: tuple[str, ...] = Sums.__struct_fields__
_THEME_SUMS = ("posts", "positive", "negative")


class Spoken(NamedTuple):
    """What was said in one step on one network of one set of subjects; by one audience, if that was asked for."""

    step: int
    network: str
    subjects: frozenset[str]
    audience: str | None
    sums: Sums


class Themed(NamedTuple):
    """What was said in one step on one network of one set of subjects with one intent, or about one topic."""

    step: int
    network: str
    subjects: frozenset[str]
    theme: str
    sums: Sums  # posts, positive and negative ones; the others are not kept by theme


class Counts(NamedTuple):
    """A post as it is counted."""

    post: Post
    signal: Signal
    audience: str


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

    def means(self, post: Post, signal: Signal) -> bool:
        """Whether this post about ours is meant, network, audience and time apart."""
        return (
            self.names(signal.subjects)
            and (not self.sentiments or signal.sentiment in self.sentiments)
            and self.intent in (None, signal.intent)
            and (self.topic is None or self.topic in signal.topics)
            and (self.known is None or _numbers(post)[_KNOWN[self.known]] > 0)
        )


_KNOWN = {"reactions": 0, "views": 5, "followers": 9}


class Judged(Model):
    """A post with what was found in it."""

    post: Post
    signal: Signal


class TalkSums(Repository):
    """Sums by time, network, set of subjects and audience."""

    def said(
        self, edges: Sequence[datetime], *, network: str | None = None, by_audience: bool = False
    ) -> list[Spoken]:  # fmt: skip
        """What was said from each edge up to the next one, in one statement."""
        columns = tables.talk.c
        alike = ["network", "subjects", *(["audience"] if by_audience else [])]
        rows = self._summed(tables.talk, _SUMS, alike, edges, [] if network is None else [columns.network == network])
        return [
            Spoken(
                row.step, row.network, _set(row.subjects), row.audience if by_audience else None,
                Sums(**{name: int(row._mapping[name]) for name in _SUMS}),
            )
            for row in rows
        ]  # fmt: skip

    def themed(self, dimension: str, edges: Sequence[datetime], *, network: str | None = None) -> list[Themed]:
        """The same by "intent" or by "topic"."""
        columns = tables.themes.c
        narrowed = [columns.dimension == dimension] + ([] if network is None else [columns.network == network])
        alike = ["network", "subjects", "theme"]
        return [
            Themed(
                row.step, row.network, _set(row.subjects), row.theme,
                Sums(posts=int(row.posts), positive=int(row.positive), negative=int(row.negative)),
            )
            for row in self._summed(tables.themes, _THEME_SUMS, alike, edges, narrowed)
        ]  # fmt: skip

    def behind(
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
        for day in self._with_any(DAY_HOURS, start - start % DAY_HOURS, end, wanted):
            yield from self._with_any(1, max(day, start), min(day + DAY_HOURS, end), wanted)

    def _with_any(self, hours: int, start: int, end: int, wanted: Wanted) -> list[int]:
        columns = tables.talk.c
        counted = columns.reshares if wanted.reshares else columns.posts
        asked = sa.select(columns.at, columns.subjects).where(
            columns.hours == hours, columns.at >= start, columns.at < end, counted > 0
        )
        if wanted.network is not None:
            asked = asked.where(columns.network == wanted.network)
        if wanted.audience is not None:
            asked = asked.where(columns.audience == wanted.audience)
        rows = self._rows(asked.distinct().order_by(columns.at.desc()))
        return list(dict.fromkeys(row.at for row in rows if wanted.names(_set(row.subjects))))

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
        place = 0
        while rows := self._rows(asked.offset(place)):
            yield from rows
            place += len(rows)

    def move(self, *, come: Iterable[Counts], gone: Iterable[Counts]) -> None:
        """Count these, and count those no longer."""
        sums: dict[tuple[Any, ...], list[int]] = {}
        themes: dict[tuple[Any, ...], list[int]] = {}
        for some, sign in ((come, 1), (gone, -1)):
            for one in some:
                _tally(one, sign, sums, themes)
        self._add(tables.talk, _KEY, _SUMS, sums)
        self._add(tables.themes, _THEME_KEY, _THEME_SUMS, themes)

    def recount(self, pairs: Sequence[tuple[Post, Post]]) -> None:
        """These posts, as they were and as they are now, are counted otherwise, as far as they are counted."""
        differ = {new.key: (old, new) for old, new in pairs if _facts(old) != _facts(new)}
        if not differ:
            return
        signals = tables.signals.c
        asked = sa.select(signals.post, signals.body, signals.audience).where(among(signals.post))
        held = [(differ[row.post], _decode_signal(row.body), row.audience)
                for row in self._rows(asked, listed=listed(differ))]  # fmt: skip
        self.move(
            come=[Counts(new, signal, audience) for (_, new), signal, audience in held],
            gone=[Counts(old, signal, audience) for (old, _), signal, audience in held],
        )

    def classes(self, authors: Iterable[str]) -> dict[str, str]:
        """What these accounts are to us, those that are more than the public."""
        columns = tables.standings.c
        asked = sa.select(columns.author, columns.audience).where(among(columns.author), columns.audience != PUBLIC)
        return {row.author: row.audience for row in self._rows(asked, listed=listed(sorted(set(authors))))}

    def reclass(self, classes: Mapping[str, str]) -> None:
        """From now on these accounts are something else to us, and so they were in the last ninety days."""
        self._hold("posts")
        authors = sorted(classes)
        posts, signals = tables.posts.c, tables.signals.c
        asked = (
            sa.select(posts.body, posts.author, signals.body.label("found"), signals.audience)
            .join_from(tables.posts, tables.signals, signals.post == posts.key)
            .where(among(posts.author), posts.published_at >= self.now - RECENT)
        )
        update = sa.update(tables.signals).where(signals.post == sa.bindparam("the_post"))
        for first in range(0, len(authors), AT_A_TIME):
            rows = self._rows(asked, listed=listed(authors[first : first + AT_A_TIME]))
            moved = [
                (row.audience, classes[row.author], _decode_post(row.body), _decode_signal(row.found))
                for row in rows
                if row.audience != classes[row.author]
            ]
            self.move(
                come=[Counts(post, signal, new) for _, new, post, signal in moved],
                gone=[Counts(post, signal, old) for old, _, post, signal in moved],
            )
            values = [{"the_post": post.key, "audience": new} for _, new, post, _ in moved]
            self._write_rows(update.values(audience=sa.bindparam("audience")), values)

    def _summed(
        self, table: sa.Table, sums: Sequence[str], alike: Sequence[str], edges: Sequence[datetime],
        narrowed: Sequence[sa.ColumnElement[bool]],
    ) -> Sequence[sa.Row[Any]]:  # fmt: skip
        columns, ranges = table.c, _RANGES[self._sqlite]
        alike_columns = [ranges.c.step, *(columns[name] for name in alike)]
        within = sa.and_(columns.hours == ranges.c.hours, columns.at >= ranges.c.since, columns.at < ranges.c.until)
        asked = (
            sa.select(*alike_columns, *(sa.func.sum(columns[name]).label(name) for name in sums))
            .select_from(ranges.join(table, within))
            .where(*narrowed)
            .group_by(*alike_columns)
        )
        rows = self._rows(asked, ranges=_encode(ranges_of(edges)).decode())
        return [row for row in rows if any(row[len(alike_columns) :])]  # what was counted elsewhere later left zeros

    def _add(
        self, table: sa.Table, key: tuple[str, ...], names: tuple[str, ...], hourly: dict[tuple[Any, ...], list[int]]
    ) -> None:
        rows: dict[tuple[Any, ...], list[int]] = {}
        for (hour, *alike), sums in hourly.items():
            if not any(sums):
                continue
            rows[(1, hour, *alike)] = sums
            of_day = rows.setdefault((DAY_HOURS, hour - hour % DAY_HOURS, *alike), [0] * len(names))
            of_day[:] = [one + other for one, other in zip(of_day, sums, strict=True)]
        ordered = sorted(rows)  # in one order everywhere, so that two writers never wait for each other
        columns = [list(each) for each in zip(*((*one, *rows[one]) for one in ordered), strict=True)]
        if columns:
            self._write_columns(_adding(table, key, self._sqlite), dict(zip((*key, *names), columns, strict=True)))


def hour_of(moment: datetime) -> int:
    """The number of the hour that this moment lies in."""
    return int(moment.timestamp() // 3600)


def first_hour(moment: datetime) -> int:
    """The number of the first hour that begins then or later."""
    return -int(-moment.timestamp() // 3600)


def moment_of(hour: int) -> datetime:
    """When the hour of this number begins."""
    return datetime.fromtimestamp(hour * 3600, UTC)


def ranges_of(edges: Sequence[datetime]) -> list[tuple[int, int, int, int]]:
    """What rows make up each step: their length, from which hour, up to which, and the number of the step."""
    found = []
    for step, (since, until) in enumerate(pairwise(edges)):
        start, end = first_hour(since), first_hour(until)
        first, last = -(-start // DAY_HOURS) * DAY_HOURS, end - end % DAY_HOURS
        if first >= last:
            found.append((1, start, end, step))
            continue
        found += [(1, start, first, step), (DAY_HOURS, first, last, step), (1, last, end, step)]
    return [one for one in found if one[1] < one[2]]


def _ranges(text: str) -> sa.Subquery:
    names = ("hours", "since", "until", "step")
    return sa.text(text).columns(*(sa.column(name, sa.Integer) for name in names)).subquery("ranges")


_RANGES = {
    True: _ranges(
        "SELECT json_extract(value, '$[0]') AS hours, json_extract(value, '$[1]') AS since, "
        "json_extract(value, '$[2]') AS until, json_extract(value, '$[3]') AS step FROM json_each(:ranges)"
    ),
    False: _ranges(
        "SELECT CAST(one ->> 0 AS INTEGER) AS hours, CAST(one ->> 1 AS INTEGER) AS since, "
        "CAST(one ->> 2 AS INTEGER) AS until, CAST(one ->> 3 AS INTEGER) AS step "
        "FROM json_array_elements(CAST(:ranges AS JSON)) AS each(one)"
    ),
}


@lru_cache
def _adding(table: sa.Table, key: tuple[str, ...], sqlite: bool) -> sa.Insert:
    """An INSERT that adds to the sums of a row which is there already."""
    insert = insert_into(table, sqlite=sqlite)
    sums = [column.name for column in table.columns if column.name not in key]
    added = {name: table.c[name] + insert.excluded[name] for name in sums}
    return insert.on_conflict_do_update(index_elements=key, set_=added)


@lru_cache
def _named(subjects: tuple[str, ...]) -> str:
    return _encode(sorted(set(subjects))).decode()


@lru_cache
def _set(subjects: str) -> frozenset[str]:
    return frozenset(_names(subjects))


def is_counted(signal: Signal) -> bool:
    """Whether a post in which this was found is talk about ours."""
    return bool(signal.relevant and signal.subjects and signal.intent != "spam")


def _tally(
    one: Counts, sign: int, sums: dict[tuple[Any, ...], list[int]], themes: dict[tuple[Any, ...], list[int]]
) -> None:
    post, signal = one.post, one.signal
    if not is_counted(signal):
        return
    where = hour_of(post.published_at), post.network, _named(signal.subjects)
    mine = sums.setdefault((*where, one.audience), [0] * len(_SUMS))
    if post.kind == "share":
        mine[1] += sign
        return
    good, bad = sign * (signal.sentiment == "positive"), sign * (signal.sentiment == "negative")
    mine[0] += sign
    mine[2] += good
    mine[3] += bad
    numbers = _numbers(post)
    for place, number in enumerate(numbers, start=4):
        mine[place] += sign * number
    for theme in (("intent", signal.intent), *(("topic", topic) for topic in set(signal.topics))):
        about = themes.setdefault((*where, *theme), [0] * len(_THEME_SUMS))
        about[0] += sign
        about[1] += good
        about[2] += bad


NOTHING = (0,) * 13


def _numbers(post: Post) -> tuple[int, ...]:
    """The sums of one post from `counted` on."""
    counts, followers = post.engagement, post.author.followers
    likes, shares, replies, quotes, views = counts.likes, counts.shares, counts.replies, counts.quotes, counts.views
    if likes is shares is replies is quotes is views is followers is None:
        return NOTHING
    counted = not (likes is shares is replies is quotes is None)
    likes, shares, replies, quotes = likes or 0, shares or 0, replies or 0, quotes or 0
    whole, passed_on = likes + shares + replies + quotes, shares + quotes
    seen = (0, 0, 0, 0) if views is None else (1, views, whole, passed_on)
    known = (0, 0, 0, 0) if followers is None else (1, followers, whole, passed_on)
    return (int(counted), likes, shares, replies, quotes, *seen, *known)


def _facts(post: Post) -> tuple[object, ...]:
    return post.published_at, post.network, post.kind, _numbers(post)
