"""Signals: what was found in each post. A newer judgement takes the older one's place; the older one is kept."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.domain import Post, Signal
from hub.store import tables
from hub.store.export_marks import ExportMarks
from hub.store.listed import among, listed
from hub.store.repository import Repository
from hub.store.rollups import Rollups
from hub.store.talk import TalkSums
from hub.store.tally import PUBLIC, grouped

_decode = msgspec.json.Decoder(Signal).decode
_decode_post = msgspec.json.Decoder(Post).decode
_encode = msgspec.json.Encoder().encode
_BODIES = sa.select(tables.signals.c.post, tables.signals.c.body).where(among(tables.signals.c.post))
_HELD = sa.select(tables.signals.c.post, tables.signals.c.audience, tables.signals.c.body).where(
    among(tables.signals.c.post)
)
_STORED = sa.select(tables.posts.c.key, tables.posts.c.body).where(among(tables.posts.c.key))
_CHANGING = ("found_by", "intent", "sentiment", "sentiment_score", "confidence", "urgency", "relevant", "body")


class Signals(Repository):
    """One current signal for each post."""

    def save(self, judged: Sequence[tuple[Post, Signal]], *, new: Collection[str] = ()) -> None:
        """Keep these signals and bring the sums up to date; the same signal again changes nothing.

        A post that was never judged must be given as it is held. `new` are posts that came in this transaction: nobody
        has judged them before.
        """
        self._hold("posts")  # whose counts may not move meanwhile
        fresh = {signal.post: (post, signal) for post, signal in judged}
        older = [key for key in fresh if key not in new]
        rows = {row.post: row for row in self._rows(_HELD, listed=listed(older))} if older else {}
        held = {key: _decode(row.body) for key, row in rows.items()}
        if held:
            fresh = {key: pair for key, pair in fresh.items() if held.get(key) != pair[1]}
        if not fresh:
            return
        gone = [old for key, old in held.items() if key in fresh]
        self._write_rows(sa.insert(tables.replaced_signals), [self._replaced(old) for old in gone])
        classes = {key: row.audience for key, row in rows.items()} | self._classes(fresh, rows)
        columns = _columns([fresh[key][1] for key in sorted(fresh)], classes)
        self._write_columns(self._upsert(tables.signals, ("post",), _CHANGING), columns)
        marks = ExportMarks(self._connection, now=self.now, writing=self._writing)
        marks.said(post for key, (post, _) in fresh.items() if key not in new)  # whose days are marked already
        posts = {key: post for key, (post, _) in fresh.items()} | self._stored([old.post for old in gone])
        come = grouped((posts[key], signal, classes[key]) for key, (_, signal) in fresh.items())
        went = grouped((posts[old.post], old, classes[old.post]) for old in gone)
        self._talk.move(come=come, gone=went)
        Rollups(self._connection, now=self.now, writing=self._writing).move(come=come, gone=went)

    def of(self, keys: Iterable[str]) -> dict[str, Signal]:
        """The current signals of these posts, by post."""
        asked = list(keys)
        return {row.post: _decode(row.body) for row in self._rows(_BODIES, listed=listed(asked))} if asked else {}

    def between(self, start: datetime, end: datetime, *, networks: Sequence[str]) -> list[tuple[Post, Signal]]:
        """Posts of these networks that were published from `start` up to `end`, with what was found in them.

        Oldest first; without spam, and without what concerns none of our subjects.
        """
        posts, signals = tables.posts.c, tables.signals.c
        asked = (
            sa.select(posts.body, signals.body.label("found"))
            .join(tables.signals, signals.post == posts.key)
            .where(posts.published_at >= start, posts.published_at < end, posts.network.in_(networks))
            .where(signals.relevant, signals.intent != "spam")
            .order_by(posts.published_at, posts.id)
        )
        judged = [(_decode_post(row.body), _decode(row.found)) for row in self._rows(asked)]
        return [(post, signal) for post, signal in judged if signal.subjects]

    def earlier(self, key: str) -> list[Signal]:
        """What was once found in this post and has been judged anew, oldest first."""
        columns = tables.replaced_signals.c
        statement = sa.select(columns.body).where(columns.post == key).order_by(columns.id)
        return [_decode(row.body) for row in self._rows(statement)]

    def _classes(self, fresh: Mapping[str, tuple[Post, Signal]], held: Container[str]) -> dict[str, str]:
        """What the authors of posts that were never judged are to us; what was judged keeps what it had."""
        authors = {key: post.author.key for key, (post, _) in fresh.items() if key not in held}
        known = self._talk.classes(authors.values()) if authors else {}
        return {key: known.get(author, PUBLIC) for key, author in authors.items()}

    def _stored(self, keys: Sequence[str]) -> dict[str, Post]:
        """These posts as they are held, by which they are counted."""
        return {row.key: _decode_post(row.body) for row in self._rows(_STORED, listed=listed(keys))} if keys else {}

    @property
    def _talk(self) -> TalkSums:
        return TalkSums(self._connection, now=self.now, writing=self._writing)

    def _replaced(self, old: Signal) -> dict[str, Any]:
        return {"post": old.post, "found_by": old.found_by, "body": _encode(old).decode(), "replaced_at": self.now}


def _columns(signals: Sequence[Signal], classes: Mapping[str, str]) -> dict[str, list[Any]]:
    return {
        "post": [signal.post for signal in signals],
        "found_by": [signal.found_by for signal in signals],
        "intent": [signal.intent for signal in signals],
        "sentiment": [signal.sentiment for signal in signals],
        "sentiment_score": [signal.sentiment_score for signal in signals],
        "confidence": [signal.confidence for signal in signals],
        "urgency": [signal.urgency for signal in signals],
        "relevant": [signal.relevant for signal in signals],
        "body": [_encode(signal).decode() for signal in signals],
        "audience": [classes[signal.post] for signal in signals],
    }
