"""Talk: the sums that figures about talk are read from, kept up with every write.

Each post about ours stands in exactly one row for its hour and one for its day, under all the subjects that it names:
so whatever is asked (one subject, any of our products, all of them), a post that names two of them counts once.
Reshares are only counted; spam, and what was found to be about something else, does not come in.

Sums of a post whose content is let go of stay: they tell nobody's words or name. Should it be read again,
only what changes from then on moves them.

A stretch of time is made of the hours that begin in it. What lies in whole days in UTC is read from the rows of days,
so that ninety days cost no more than their edges, wherever days begin.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from hub.domain import Post, Signal
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository
from hub.store.tally import COUNTS, EVERYBODY, PUBLIC, SUMS, THEME_SUMS, Groups, facts_of, first_hour, grouped, tally

DAY_HOURS = 24
RECENT = timedelta(days=90)  # how far back a new class of an account changes what is counted
AT_A_TIME = 2_000  # accounts

AUDIENCES = ("advocate", "analyst", "customer", "influencer", "media")  # that have sums of their own
_KEY = ("hours", "at", "network", "subjects", "audience")
_THEME_KEY = ("hours", "at", "network", "subjects", "dimension", "theme")
_encode = msgspec.json.Encoder().encode
_decode_post = msgspec.json.Decoder(Post).decode
_decode_signal = msgspec.json.Decoder(Signal).decode
_names = msgspec.json.Decoder(tuple[str, ...]).decode


class Spoken(NamedTuple):
    """What was said in one step on one network, of one set of subjects or by one audience, where that was asked."""

    step: int
    network: str
    subjects: frozenset[str] | None  # None: of whatever
    audience: str  # "": by whomever
    theme: str | None  # an intent or a topic; None: whatever
    numbers: tuple[int, ...]  # in the order of `Sums`; with a theme, or by sentiment, only the first four


class Named(NamedTuple):
    """How many posts named just these subjects together in one step; on one network, where that was asked."""

    step: int
    network: str | None
    subjects: frozenset[str]
    posts: int


class TalkSums(Repository):
    """Sums by time, network, set of subjects and audience."""

    def said(
        self, edges: Sequence[datetime], *, network: str | None = None, subject: str | None = None,
        by_subjects: bool = False, by_audience: bool = False, only_counts: bool = False,
    ) -> list[Spoken]:  # fmt: skip
        """What was said from each edge up to the next one, in one statement; how it was reacted to as well."""
        columns = tables.talk.c
        alike = ["network", *(["subjects"] if by_subjects else []), *(["audience"] if by_audience else [])]
        narrowed = [columns.audience.in_([EVERYBODY, *AUDIENCES]) if by_audience else columns.audience == EVERYBODY]
        rows = self._summed(tables.talk, COUNTS if only_counts else SUMS, alike, edges, narrowed, network, subject)
        found = [
            Spoken(
                row.step, row.network, subjects_of(row.subjects) if by_subjects else None,
                row.audience if by_audience else EVERYBODY, None, row[1 + len(alike) :],
            )
            for row in rows
        ]  # fmt: skip
        return [*found, *_public(found)] if by_audience else found

    def named(
        self, edges: Sequence[datetime], *, network: str | None = None, by_network: bool = False
    ) -> list[Named]:  # fmt: skip
        """How many posts of each step named which subjects together."""
        narrowed = [tables.talk.c.audience == EVERYBODY]
        alike = ["subjects", *(["network"] if by_network else [])]
        rows = self._summed(tables.talk, ("posts",), alike, edges, narrowed, network, None)
        return [
            Named(row.step, row.network if by_network else network, subjects_of(row.subjects), int(row.posts))
            for row in rows
        ]

    def themed(
        self, dimension: str, edges: Sequence[datetime], *, network: str | None = None, subject: str | None = None,
        by_subjects: bool = False,
    ) -> list[Spoken]:  # fmt: skip
        """The same by "intent" or by "topic"."""
        narrowed = [tables.themes.c.dimension == dimension]
        alike = ["network", "theme", *(["subjects"] if by_subjects else [])]
        rows = self._summed(tables.themes, THEME_SUMS, alike, edges, narrowed, network, subject)
        return [
            Spoken(
                row.step, row.network, subjects_of(row.subjects) if by_subjects else None, EVERYBODY, row.theme,
                (row.posts, 0, row.positive, row.negative),
            )
            for row in rows
        ]  # fmt: skip

    def move(self, *, come: Groups, gone: Groups) -> None:
        """Count these, and count those no longer."""
        sums: dict[tuple[Any, ...], list[int]] = {}
        themes: dict[tuple[Any, ...], list[int]] = {}
        tally(come, 1, sums, themes)
        tally(gone, -1, sums, themes)
        self._add(tables.talk, _KEY, SUMS, sums)
        self._add(tables.themes, _THEME_KEY, THEME_SUMS, themes)

    def recount(self, pairs: Sequence[tuple[Post, Post]]) -> None:
        """These posts, as they were and as they are now, are counted otherwise, as far as they are counted."""
        differ = {new.key: (old, new) for old, new in pairs if facts_of(old) != facts_of(new)}
        if not differ:
            return
        signals = tables.signals.c
        asked = sa.select(signals.post, signals.body, signals.audience).where(among(signals.post))
        held = [(differ[row.post], _decode_signal(row.body), row.audience)
                for row in self._rows(asked, listed=listed(differ))]  # fmt: skip
        self.move(
            come=grouped((new, signal, audience) for (_, new), signal, audience in held),
            gone=grouped((old, signal, audience) for (old, _), signal, audience in held),
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
                come=grouped((post, signal, new) for _, new, post, signal in moved),
                gone=grouped((post, signal, old) for old, _, post, signal in moved),
            )
            values = [{"the_post": post.key, "audience": new} for _, new, post, _ in moved]
            self._write_rows(update.values(audience=sa.bindparam("audience")), values)

    def _summed(
        self, table: sa.Table, sums: Sequence[str], alike: Sequence[str], edges: Sequence[datetime],
        narrowed: Sequence[sa.ColumnElement[bool]], network: str | None, subject: str | None,
    ) -> Sequence[sa.Row[Any]]:  # fmt: skip
        columns, ranges = table.c, _RANGES[self._sqlite]
        alike_columns = [ranges.c.step, *(columns[name] for name in alike)]
        within = sa.and_(columns.hours == ranges.c.hours, columns.at >= ranges.c.since, columns.at < ranges.c.until)
        asked = (
            sa.select(*alike_columns, *(sa.func.sum(ranges.c.sign * columns[name]).label(name) for name in sums))
            .select_from(ranges.join(table, within))
            .where(*narrowed)
            .group_by(*alike_columns)
        )
        if network is not None:
            asked = asked.where(columns.network == network)
        if subject is not None:
            asked = asked.where(naming(columns.subjects, subject))
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
            self._write_columns(self._adding(table, *names), dict(zip((*key, *names), columns, strict=True)))


def ranges_of(edges: Sequence[datetime]) -> list[tuple[int, int, int, int, int]]:
    """What rows make up each step: their length, from which hour, up to which, the step's number, and 1 or -1.

    Days in UTC that are nearest to the step, and the hours that these lack or, with -1, have too many.
    """
    found = []
    for step, (since, until) in enumerate(pairwise(edges)):
        start, end = first_hour(since), first_hour(until)
        first, last = (hour + DAY_HOURS // 2 - (hour + DAY_HOURS // 2) % DAY_HOURS for hour in (start, end))
        if first >= last:
            found.append((1, start, end, step, 1))
            continue
        found += [
            (DAY_HOURS, first, last, step, 1), (1, start, first, step, 1), (1, first, start, step, -1),
            (1, last, end, step, 1), (1, end, last, step, -1),
        ]  # fmt: skip
    return [one for one in found if one[1] < one[2]]


def naming(subjects: sa.ColumnElement[str], subject: str) -> sa.ColumnElement[bool]:
    """Whether this JSON array names this subject.

    Inside another name, the quotation mark would have a backslash before it. Not by LIKE: SQLite's knows no capitals.
    """
    name = _encode(subject).decode()
    return sa.or_(*(sa.func.replace(subjects, f"{before}{name}", "") != subjects for before in "[,"))


def _public(found: Sequence[Spoken]) -> list[Spoken]:
    """What everybody said, less what those said who are something to us."""
    rest: dict[tuple[Any, ...], list[int]] = {}
    for row in found:
        mine = rest.setdefault((row.step, row.network, row.subjects), [0] * len(row.numbers))
        sign = 1 if row.audience == EVERYBODY else -1
        mine[:] = [one + sign * other for one, other in zip(mine, row.numbers, strict=True)]
    return [
        Spoken(step, network, subjects, PUBLIC, None, tuple(numbers))
        for (step, network, subjects), numbers in rest.items()
        if any(numbers)
    ]


def _ranges(text: str) -> sa.Subquery:
    names = ("hours", "since", "until", "step", "sign")
    return sa.text(text).columns(*(sa.column(name, sa.Integer) for name in names)).subquery("ranges")


_RANGES = {
    True: _ranges(
        "SELECT json_extract(value, '$[0]') AS hours, json_extract(value, '$[1]') AS since, "
        "json_extract(value, '$[2]') AS until, json_extract(value, '$[3]') AS step, "
        "json_extract(value, '$[4]') AS sign FROM json_each(:ranges)"
    ),
    False: _ranges(
        "SELECT CAST(one ->> 0 AS INTEGER) AS hours, CAST(one ->> 1 AS INTEGER) AS since, "
        "CAST(one ->> 2 AS INTEGER) AS until, CAST(one ->> 3 AS INTEGER) AS step, CAST(one ->> 4 AS INTEGER) AS sign "
        "FROM json_array_elements(CAST(:ranges AS JSON)) AS each(one)"
    ),
}


@lru_cache
def subjects_of(subjects: str) -> frozenset[str]:
    """The subjects that a row is about."""
    return frozenset(_names(subjects))
