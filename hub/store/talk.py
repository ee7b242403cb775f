"""Talk: the sums that figures about talk are read from, kept up with every write.

Each post about ours stands in three kinds of rows, in each of them for its hour, its day and its week:

    WHATEVER   one row, whatever posts name
    EACH       one row for each subject that it names, with all others that name it: who names two is in both
    TOGETHER   one row for all that it names, if that is more than one subject

So what asks for no subjects, or for one, reads the few rows of that. And whatever is asked (any of our products, all
that name two of them), a post that names two counts once: what names just one subject is what names it, less what
names others with it.

Reshares are only counted; spam, and what was found to be about something else, does not come in. Sums of a post whose
content is let go of stay: they tell nobody's words or name. Should it be read again, only what changes from then on
moves them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from operator import add
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.domain import Post, Signal
from hub.store import tables
from hub.store.lengths import DAY, HOUR, WEEK, begin_of, ranges, ranges_of
from hub.store.listed import among, listed
from hub.store.repository import Repository
from hub.store.spoken import Named, Row, Spoken, just, public, subjects_of
from hub.store.tally import COUNTS, EVERYBODY, PUBLIC, SUMS, THEME_SUMS, Groups, Rows, facts_of, grouped, tally

WHATEVER, EACH, TOGETHER = 0, 1, 2
RECENT = timedelta(days=90)  # how far back a new class of an account changes what is counted
AT_A_TIME = 2_000  # accounts

AUDIENCES = ("advocate", "analyst", "customer", "influencer", "media")  # that have sums of their own
_KEY = ("hours", "named", "at", "network", "subjects", "audience")
_THEME_KEY = ("hours", "named", "at", "network", "subjects", "dimension", "theme")
_encode = msgspec.json.Encoder().encode
_decode_post = msgspec.json.Decoder(Post).decode
_decode_signal = msgspec.json.Decoder(Signal).decode


_Where = tuple[Any, ...]  # the key of a row


class TalkSums(Repository):
    """Sums by time, network, subjects and audience."""

    def said(
        self, edges: Sequence[datetime], *, network: str | None = None, subject: str | None = None,
        by_subjects: bool = False, by_subject: bool = False, by_audience: bool = False, by_network: bool = True,
        only_counts: bool = False,
    ) -> list[Spoken]:  # fmt: skip
        """What was said from each edge up to the next one, in one statement; how it was reacted to as well.

        By subjects, each post counts once, for all that it names; by subject, for each of these.
        """
        rows = self._summed(
            tables.talk, COUNTS if only_counts else SUMS, edges, [EVERYBODY, *(AUDIENCES if by_audience else ())],
            network=network, subject=subject,
            named=_named(by_subjects=by_subjects, by_subject=by_subject or subject is not None),
            alike=_alike(network=by_network, subjects=by_subjects or by_subject, audience=by_audience),
        )  # fmt: skip
        found = [
            Spoken(step, where, subjects, part or EVERYBODY, None, numbers)
            for step, where, subjects, part, numbers in rows
        ]
        return [*found, *public(found)] if by_audience else found

    def named(
        self, edges: Sequence[datetime], *, network: str | None = None, by_network: bool = False
    ) -> list[Named]:  # fmt: skip
        """How many posts of each step named which subjects together."""
        rows = self._summed(
            tables.talk, ("posts",), edges, [EVERYBODY], network=network,
            named=_named(by_subjects=True), alike=_alike(network=by_network, subjects=True),
        )  # fmt: skip
        return [
            Named(step, where if by_network else network, subjects or frozenset(), *numbers)
            for step, where, subjects, _, numbers in rows
        ]

    def themed(
        self, dimension: str, edges: Sequence[datetime], *, network: str | None = None, subject: str | None = None,
        by_subjects: bool = False, by_subject: bool = False, by_network: bool = True,
    ) -> list[Spoken]:  # fmt: skip
        """The same as `said`, by "intent" or by "topic"."""
        rows = self._summed(
            tables.themes, THEME_SUMS, edges, [dimension], network=network, subject=subject,
            named=_named(by_subjects=by_subjects, by_subject=by_subject or subject is not None),
            alike=_alike(network=by_network, subjects=by_subjects or by_subject, theme=True),
        )  # fmt: skip
        return [
            Spoken(step, where, subjects, EVERYBODY, theme, (posts, 0, positive, negative))
            for step, where, subjects, theme, (posts, positive, negative) in rows
        ]

    def move(self, *, come: Groups, gone: Groups) -> None:
        """Count these, and count those no longer."""
        said: Rows = defaultdict(list)
        themes: Rows = defaultdict(list)
        tally(come, 1, said, themes)
        tally(gone, -1, said, themes)
        self._add(tables.talk, _KEY, SUMS, said)
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
        self, table: sa.Table, sums: Sequence[str], edges: Sequence[datetime], only: Sequence[str], *,
        named: tuple[int, ...], alike: tuple[str | None, ...], network: str | None = None, subject: str | None = None,
    ) -> list[Row]:  # fmt: skip
        """The sums of each step, of each network, subjects and what else is `alike`, as far as that is asked."""
        asked = _asked(table, tuple(sums), named, alike, network is not None, subject is not None, self._sqlite)
        given: dict[str, Any] = {"ranges": _encode(ranges_of(edges)).decode(), "only": only, "network": network}
        if subject is not None:
            given |= dict(zip(("subject", "first", "later"), _forms(subject), strict=True))
        given = {name: value for name, value in given.items() if value is not None}
        rows: list[tuple[Any, ...]] = [tuple(row) for row in self._rows(asked, **given)]
        found = [
            (row[0], row[1], None if row[2] is None else subjects_of(row[2]), row[3], tuple(map(int, row[4:])))
            for row in rows
            if any(row[4:])  # what was counted elsewhere later left zeros
        ]
        return just(found) if TOGETHER in named else found

    def _add(self, table: sa.Table, key: tuple[str, ...], names: tuple[str, ...], hourly: Rows) -> None:
        summed = ((where, list(map(sum, zip(*rows, strict=True)))) for where, rows in hourly.items())
        of_hours = _together(
            ((named, hour, network, part, *alike), sums)
            for (hour, network, subjects, *alike), sums in summed
            if any(sums)
            for named, part in _rows_of(subjects)
        )
        of_days = _longer(DAY, of_hours)
        lengths = {HOUR: of_hours, DAY: of_days, WEEK: _longer(WEEK, of_days)}
        rows = {(length, *where): sums for length, some in lengths.items() for where, sums in some.items()}
        ordered = sorted(rows)  # in one order everywhere, so that two writers never wait for each other
        columns = [list(each) for each in zip(*((*one, *rows[one]) for one in ordered), strict=True)]
        if columns:
            self._write_columns(self._adding(table, *names), dict(zip((*key, *names), columns, strict=True)))


def _named(*, by_subjects: bool = False, by_subject: bool = False) -> tuple[int, ...]:
    """Which kinds of rows are read."""
    return (EACH, TOGETHER) if by_subjects else (EACH,) if by_subject else (WHATEVER,)


def _alike(
    *, network: bool, subjects: bool, audience: bool = False, theme: bool = False
) -> tuple[str | None, ...]:  # fmt: skip
    """By which columns sums are told apart: network, subjects, and a third one; None in the place of what is not."""
    return (
        "network" if network else None, "subjects" if subjects else None,
        "audience" if audience else "theme" if theme else None,
    )  # fmt: skip


@lru_cache  # SQLAlchemy takes longer to write it than the database to answer it
def _asked(
    table: sa.Table, sums: tuple[str, ...], named: tuple[int, ...], alike: tuple[str | None, ...], of_network: bool,
    of_subject: bool, sqlite: bool,
) -> sa.Select[Any]:  # fmt: skip
    """The statement: sums of the rows in `:ranges` whose audience, or dimension, is one of `:only`."""
    columns, of = table.c, ranges(sqlite=sqlite)
    within = sa.and_(
        columns.hours == of.c.hours, columns.named.in_(named), columns.at >= of.c.since, columns.at < of.c.until
    )
    places = [sa.null().label(f"no_{number}") if name is None else columns[name] for number, name in enumerate(alike)]
    told_apart = columns.audience if "audience" in columns else columns.dimension
    asked = (
        sa.select(of.c.step, *places, *(sa.func.sum(of.c.sign * columns[name]).label(name) for name in sums))
        .select_from(of.join(table, within))
        .where(told_apart.in_(sa.bindparam("only", expanding=True)))
        .group_by(of.c.step, *(columns[name] for name in alike if name is not None))
    )
    if of_network:
        asked = asked.where(columns.network == sa.bindparam("network"))
    if of_subject and TOGETHER in named:
        asked = asked.where(naming(columns.subjects))
    elif of_subject:
        asked = asked.where(columns.subjects == sa.bindparam("subject"))
    return asked


def _together(some: Iterable[tuple[_Where, list[int]]]) -> dict[_Where, list[int]]:
    """What belongs to the same row, added up."""
    found: dict[_Where, list[int]] = {}
    for where, sums in some:
        held = found.get(where)
        found[where] = sums if held is None else list(map(add, held, sums))
    return found


def _longer(length: int, shorter: Mapping[_Where, list[int]]) -> dict[_Where, list[int]]:
    """The rows of this length that these shorter ones are in."""
    return _together(((named, begin_of(length, at), *alike), sums) for (named, at, *alike), sums in shorter.items())


@lru_cache
def _rows_of(subjects: str) -> tuple[tuple[int, str], ...]:
    """The rows that a post which names these stands in."""
    names = sorted(subjects_of(subjects))
    each = tuple((EACH, _encode([name]).decode()) for name in names)
    return ((WHATEVER, "[]"), *each, *(((TOGETHER, subjects),) if len(names) > 1 else ()))


def _forms(subject: str) -> tuple[str, str, str]:
    """A subject as the only one of a JSON array, and how an array begins, or goes on, that names it."""
    name = _encode(subject).decode()
    return f"[{name}]", f"[{name}", f",{name}"


def naming(subjects: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether this JSON array names the subject of these `_forms`.

    Inside another name, the quotation mark would have a backslash before it. Not by LIKE: SQLite's knows no capitals.
    """
    return sa.or_(
        *(sa.func.replace(subjects, sa.bindparam(form, type_=sa.Text), "") != subjects for form in ("first", "later"))
    )
