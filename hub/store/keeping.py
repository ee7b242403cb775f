"""Keeping: which posts are due to be read again, which may not be kept any longer, and what is left of these.

Of a post whose content is gone the row stays: the ledger counts it, and its key keeps it from coming back as new. Its
text, its author's name and whatever was made of them here are emptied; work that still waits to be sent is
cancelled where the post was deleted, by its tombstone.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from hub.domain import Author, Engagement, Handoff, Post, Reference, scope_of
from hub.store import tables
from hub.store.incidents import Incidents
from hub.store.listed import among, listed
from hub.store.repository import Repository

_POSTS = tables.posts.c
_LOOKED_AT = sa.func.coalesce(_POSTS.checked_at, _POSTS.collected_at)
_post = msgspec.json.Decoder(Post).decode
_handoff = msgspec.json.Decoder(Handoff).decode
_encode = msgspec.json.Encoder().encode
CALM = ("done", "dead", "cancelled", "superseded")  # deliveries that will not be sent as they are
EMPTY = "{}"


class Keeping(Repository):
    """Posts by when they were last looked at."""

    def due(self, network: str, *, within: timedelta, every: timedelta, limit: int = 1000) -> list[Reference]:
        """Posts younger than `within` that nobody has looked at for `every`, those waiting longest first."""
        asked = sa.select(_POSTS.key, _POSTS.body, _POSTS.thread).where(
            _POSTS.network == network, _POSTS.published_at > self.now - within,
            self.now - every >= _LOOKED_AT, _POSTS.gone.is_(None), _POSTS.kind != "share",
        )  # fmt: skip
        return [_reference(row) for row in self._rows(asked.order_by(_LOOKED_AT, _POSTS.id).limit(limit))]

    def checked(self, keys: Collection[str]) -> None:
        """Somebody has just looked at these."""
        update = sa.update(tables.posts).where(among(_POSTS.key)).values(checked_at=self.now)
        self._write(update, listed=listed(keys))

    def expired(
        self, network: str, before: datetime, *, renewable: bool = True, limit: int = 1000
    ) -> list[str]:  # fmt: skip
        """Posts whose content is still here, though nobody has looked at them since.

        Not `renewable`: though they were collected before; looking at them again changes nothing.
        """
        asked = sa.select(_POSTS.key).where(
            _POSTS.network == network, _POSTS.collected_at <= before, _POSTS.gone.is_(None)
        )
        if renewable:
            asked = asked.where(before >= _LOOKED_AT)
        return [row.key for row in self._rows(asked.order_by(_POSTS.id).limit(limit))]

    def empty(self, keys: Collection[str], reason: str) -> int:
        """Keep nothing of these posts but their keys, times and standing; returns how many there were."""
        held = self._rows(sa.select(_POSTS.key, _POSTS.body).where(among(_POSTS.key)), listed=listed(keys))
        gone = {"gone": reason, "lang": None, "likes": None, "shares": None, "replies": None, "views": None}
        rows = [{"the_key": row.key, "body": _encode(emptied(_post(row.body))).decode(), **gone} for row in held]
        self._write_rows(_changing(_POSTS.key, "body", *gone), rows)
        there = [row["the_key"] for row in rows]
        for table in (tables.edits, tables.engagement):
            self._write(sa.delete(table).where(among(table.c.post)), listed=listed(there))
        self._empty_work(there)
        return len(there)

    def forget_authors(self, network: str, before: datetime) -> int:
        """Keep nothing but the ids of authors who were not seen since; returns how many there were."""
        columns = tables.authors.c
        asked = sa.select(columns.key, columns.native_id).where(
            columns.network == network, columns.seen_at <= before, columns.handle != ""
        )
        rows = [
            {
                "the_key": row.key, "handle": "", "followers": None,
                "body": _encode(Author(key=row.key, native_id=row.native_id)).decode(),
            }
            for row in self._rows(asked)
        ]  # fmt: skip
        self._write_rows(_changing(columns.key, "body", "handle", "followers"), rows)
        gone = listed([row["the_key"] for row in rows])
        for table in (tables.author_names, tables.standings, tables.lead_scores):
            self._write(sa.delete(table).where(among(table.c.author)), listed=gone)
        return len(rows)

    def landed_before(self, network: str, before: datetime, *, limit: int = 1000) -> list[str]:
        """Paths of files that landed before, are done with, and were not removed yet."""
        columns = tables.batches.c
        asked = sa.select(columns.path).where(
            columns.network == network, columns.landed_at <= before, columns.state == "done", columns.reason.is_(None)
        )
        return [row.path for row in self._rows(asked.order_by(columns.id).limit(limit))]

    def files_gone(self, paths: Collection[str], reason: str) -> None:
        """Note that these landed files are not there any more, and why."""
        columns = tables.batches.c
        update = sa.update(tables.batches).where(among(columns.path), columns.state == "done").values(reason=reason)
        self._write(update, listed=listed(paths))

    def _empty_work(self, keys: Sequence[str]) -> None:
        """Handoffs and deliveries hold the words of the post that they are about."""
        handoffs, outbox = tables.handoffs.c, tables.outbox.c
        held = self._rows(sa.select(handoffs.id, handoffs.body).where(among(handoffs.post)), listed=listed(keys))
        works = {row.id: _emptied_work(_handoff(row.body)) for row in held}
        works |= self._folded(set(keys))
        rows = [{"the_key": id, "body": _encode(work).decode()} for id, work in works.items()]
        self._write_rows(_changing(handoffs.id, "body"), rows)
        sent = sa.update(tables.outbox).where(among(outbox.post), outbox.state.in_(CALM)).values(body=EMPTY)
        self._write(sent, listed=listed(keys))
        self._empty_messages({work.key for work in works.values() if work.kind == "Alert"})
        dead = sa.update(tables.outbox).where(among(outbox.post), outbox.state == "dead")
        self._write(dead.values(state="cancelled", reason="gone", settled_at=self.now), listed=listed(keys))

    def _folded(self, keys: Collection[str]) -> dict[str, Handoff]:
        """Alerts of other posts, by id, into which one of these was folded; without it."""
        handoffs = tables.handoffs.c
        several = sa.and_(handoffs.kind == "Alert", handoffs.body.like('%"others":[{%'))
        found = {}
        for row in self._rows(sa.select(handoffs.id, handoffs.body).where(several)):
            work = _handoff(row.body)
            if any(post.key in keys for post in work.others):
                left = tuple(emptied(post) if post.key in keys else post for post in work.others)
                found[row.id] = work.with_(others=left)
        return found

    def _empty_messages(self, incidents: Collection[str]) -> None:
        """An incident's message holds words of several posts; what was sent is emptied, and it is written anew."""
        if not incidents:
            return
        handoffs, outbox = tables.handoffs.c, tables.outbox.c
        alerts = sa.select(handoffs.id).where(handoffs.kind == "Alert", among(handoffs.key))
        sent = sa.update(tables.outbox).where(
            outbox.handoff.in_(alerts), outbox.parent.is_(None), outbox.state.in_(CALM)
        )
        self._write(sent.values(body=EMPTY), listed=listed(incidents))
        Incidents(self._connection, now=self.now, writing=self._writing).touched(incidents)


def _changing(key: sa.Column[str], *names: str) -> sa.Update:
    """An update of one row by its key, to values that each row brings."""
    update = sa.update(key.table).where(key == sa.bindparam("the_key"))
    return update.values({name: sa.bindparam(name) for name in names})


def emptied(post: Post) -> Post:
    """The post without anything that somebody said or is called."""
    author = Author(key=post.author.key, native_id=post.author.native_id, automated=post.author.automated)
    return post.with_(
        text="", title=None, lang=None, url=None, author=author, tags=(), mentions=(), links=(), media=(),
        engagement=Engagement(), flags=(), rating=None, licence=None,
    )  # fmt: skip


def _emptied_work(handoff: Handoff) -> Handoff:
    author = Author(key=handoff.author.key, native_id=handoff.author.native_id)
    return handoff.with_(
        post=emptied(handoff.post),
        author=author,
        others=tuple(map(emptied, handoff.others)),
        title="",
        history=None,
    )


def _reference(row: sa.Row[tuple[object, ...]]) -> Reference:
    post = _post(row.body)
    return Reference(
        key=post.key,
        native_id=post.native_id,
        scope=scope_of(post.key, post.native_id),
        url=post.url,
        thread=row.thread,
    )
