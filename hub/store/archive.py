"""The archive: posts of a period with all that was decided and sent of them, page by page; nothing is written here.

What a plan reads: each post once, in the order in which people wrote, so that memory stays level however long the
period is.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from hub.domain import Handoff, HandoffKind, Model, Moment, Post, Signal
from hub.store import tables
from hub.store.handoffs import Talk
from hub.store.intents import Identity, is_outdated
from hub.store.listed import among, listed
from hub.store.outbox_rows import State
from hub.store.posts import Standing
from hub.store.repository import Repository

_post = msgspec.json.Decoder(Post).decode
_signal = msgspec.json.Decoder(Signal).decode
_handoff = msgspec.json.Decoder(Handoff).decode
_body = msgspec.json.Decoder(dict[str, Any]).decode
_POSTS, _SIGNALS, _BATCHES = tables.posts.c, tables.signals.c, tables.batches.c
_HANDOFFS, _OUTBOX = tables.handoffs.c, tables.outbox.c
AT_A_TIME = 500


class Kept(NamedTuple):
    """One post with what is known of it."""

    post: Post
    signal: Signal | None
    standing: Standing
    gone: str | None
    batch: str | None  # that brought it first
    decided_at: datetime | None  # when that batch was triaged


class Version(Model):
    """The version of an object that counts: nothing newer of it is wanted."""

    destination: str
    object: str
    external_id: str
    version: int
    state: State
    digest: str
    mapping: str
    handoff: str
    body: dict[str, Any] = {}
    url: str | None = None
    object_id: str | None = None
    said_at: Moment | None = None  # when the post was published that it was made of

    @property
    def identity(self) -> Identity:
        """Which object it is a version of."""
        return self.destination, self.object, self.external_id


class _Key(msgspec.Struct):
    key: str


class _Digest(msgspec.Struct):
    """Of an alert, the posts that were folded into it."""

    others: tuple[_Key, ...] = ()


_digest = msgspec.json.Decoder(_Digest).decode
_HANDED = sa.select(_HANDOFFS.post, _HANDOFFS.body).where(among(_HANDOFFS.post)).order_by(_HANDOFFS.created_at)
_FACTS = tuple(name for name in Version.__struct_fields__ if name not in ("body", "said_at"))
_COUNTS = sa.select(*(_OUTBOX[name] for name in _FACTS)).where(~is_outdated())


class Archive(Repository):
    """Posts that are decided, and what came of them."""

    def last(self) -> int:
        """The number of the newest post; those that come later have higher ones."""
        row = self._one(sa.select(sa.func.max(_POSTS.id)))
        return int(row[0] or 0) if row else 0

    def pages(
        self, since: datetime, until: datetime, *, last: int, networks: Collection[str] = (), size: int = AT_A_TIME
    ) -> Iterator[list[Kept]]:
        """Posts that were published from `since` up to `until`, oldest first; none that is newer here than `last`."""
        asked = (
            sa.select(
                _POSTS.id, _POSTS.published_at, _POSTS.body, _POSTS.state, _POSTS.reason, _POSTS.gone,
                _BATCHES.name, _BATCHES.done_at, _SIGNALS.body.label("found"),
            )
            .outerjoin(tables.signals, _SIGNALS.post == _POSTS.key)
            .outerjoin(tables.batches, _BATCHES.id == _POSTS.batch)
            .where(_POSTS.published_at >= since, _POSTS.published_at < until, _POSTS.id <= last)
            .order_by(_POSTS.published_at, _POSTS.id)
            .limit(size)
        )  # fmt: skip
        if networks:
            asked = asked.where(_POSTS.network.in_(sorted(networks)))
        rows = self._rows(asked)
        while rows:
            yield [_kept(row) for row in rows]
            at, number = rows[-1].published_at, rows[-1].id
            later = sa.or_(_POSTS.published_at > at, sa.and_(_POSTS.published_at == at, _POSTS.id > number))
            rows = self._rows(asked.where(_POSTS.published_at >= at, later)) if len(rows) == size else ()

    def edited(self, posts: Collection[str]) -> set[str]:
        """Those of these posts that said something else once."""
        column = tables.edits.c.post
        return {row.post for row in self._rows(sa.select(column).where(among(column)), listed=listed(posts))}

    def handed(self, posts: Collection[str]) -> dict[str, list[Handoff]]:
        """What each of these posts became, oldest first."""
        found: dict[str, list[Handoff]] = {}
        for row in self._rows(_HANDED, listed=listed(posts)):
            found.setdefault(row.post, []).append(_handoff(row.body))
        return found

    def folded(self, since: datetime) -> dict[str, str]:
        """Posts that are part of another one's alert, each with what that alert is about; of alerts made since."""
        asked = sa.select(_HANDOFFS.key, _HANDOFFS.body).where(
            _HANDOFFS.kind == "Alert", _HANDOFFS.created_at >= since, _HANDOFFS.body.contains('"others":[{')
        )
        rows = self._connection.execution_options(yield_per=100).execute(asked)
        return {one.key: row.key for row in rows for one in _digest(row.body).others}

    def talks_before(self, moment: datetime, authors: Collection[str]) -> list[Talk]:
        """The conversations that these accounts had cases for, by posts from before, as they began."""
        said_at = sa.func.coalesce(_POSTS.published_at, _HANDOFFS.created_at)
        asked = (
            sa.select(_HANDOFFS.key, _HANDOFFS.team, said_at.label("last_at"))
            .outerjoin(tables.posts, _POSTS.key == _HANDOFFS.post)
            .where(among(_HANDOFFS.author), _HANDOFFS.kind == "Case", said_at < moment)
            .order_by(_HANDOFFS.created_at, _HANDOFFS.id)
        )
        talks: dict[str, Talk] = {}
        for row in self._rows(asked, listed=listed(authors)):
            before = talks.get(row.key)
            talks[row.key] = before.with_(last_at=max(before.last_at, row.last_at)) if before else Talk(**row._mapping)
        return list(talks.values())

    def parts(self, kind: HandoffKind, keys: Iterable[str]) -> Counter[str]:
        """How many posts have a part in each of these things."""
        asked = sa.select(_HANDOFFS.key, sa.func.count().label("parts"))
        asked = asked.where(_HANDOFFS.kind == kind, among(_HANDOFFS.key)).group_by(_HANDOFFS.key)
        return Counter({row.key: row.parts for row in self._rows(asked, listed=listed(keys))})

    def versions(self, handoffs: Collection[str]) -> dict[str, list[Version]]:
        """The objects that still say what these handoffs made them say, with their bodies."""
        asked = _COUNTS.add_columns(_OUTBOX.body).where(among(_OUTBOX.handoff)).order_by(_OUTBOX.id)
        found: dict[str, list[Version]] = {}
        for row in self._rows(asked, listed=listed(handoffs)):
            facts = {name: row._mapping[name] for name in _FACTS}
            found.setdefault(row.handoff, []).append(Version(**facts, body=_body(row.body)))
        return found

    def newest(self, identities: Collection[Identity]) -> dict[Identity, Version]:
        """The version that counts of each of these objects, without its body."""
        asked = (
            _COUNTS.add_columns(_POSTS.published_at.label("said_at"))
            .outerjoin(tables.handoffs, _HANDOFFS.id == _OUTBOX.handoff)
            .outerjoin(tables.posts, _POSTS.key == _HANDOFFS.post)
        )
        found: dict[Identity, Version] = {}
        for destination in sorted({one[0] for one in identities}):
            ids = listed({one[2] for one in identities if one[0] == destination})
            of_it = asked.where(_OUTBOX.destination == destination, among(_OUTBOX.external_id))
            for row in self._rows(of_it, listed=ids):
                version = Version(**{name: row._mapping[name] for name in (*_FACTS, "said_at")})
                found[version.identity] = version
        return found

    def sent_to(self, destination: str) -> bool:
        """Whether this destination was ever handed anything."""
        return self._one(sa.select(_OUTBOX.id).where(_OUTBOX.destination == destination).limit(1)) is not None


def _kept(row: Any) -> Kept:
    return Kept(
        post=_post(row.body), signal=_signal(row.found) if row.found else None,
        standing=Standing(row.state, row.reason), gone=row.gone, batch=row.name, decided_at=row.done_at,
    )  # fmt: skip
