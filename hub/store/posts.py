"""Posts: each one once, by its key, with where it stands and what it used to say.

Standing is what the ledger counts. A post is `pending` while a person decides, then `handed_off` or `set_aside`
(with a reason); `quarantined` while something about it must be mended.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from hub.domain import Engagement, Model, Moment, Post
from hub.store import tables
from hub.store.authors import Authors
from hub.store.export_marks import ExportMarks
from hub.store.listed import among, listed, looked_up
from hub.store.repository import Repository
from hub.store.revisions import Revisions
from hub.store.sums import Sums
from hub.store.talk import TalkSums
from hub.store.watches import Watches

PostState = Literal["pending", "handed_off", "set_aside", "quarantined"]

_decode = msgspec.json.Decoder(Post).decode
_encode = msgspec.json.Encoder().encode


def _asked(*names: str) -> sa.Select[Any]:
    """These columns of the posts that are listed."""
    return sa.select(*(tables.posts.c[name] for name in names)).where(among(tables.posts.c.key))


_INSERT = sa.insert(tables.posts)
_KNOWN = looked_up(tables.posts.c.key, tables.posts.c.key)
_BODIES, _THREADS = _asked("key", "body"), _asked("key", "thread")
_STANDINGS = _asked("key", "state", "reason")
_SAID_IN = (
    sa.select(tables.posts.c.body)
    .where(
        among(tables.posts.c.thread), tables.posts.c.state == "set_aside", tables.posts.c.gone.is_(None),
        sa.func.coalesce(tables.posts.c.reason, "").in_(sa.bindparam("reasons", expanding=True)),  # else all are read
    )
    .order_by(tables.posts.c.published_at)
)  # fmt: skip
_BROUGHT = (  # locked, where several write: of two that move one post the later must know where the first left it
    _STANDINGS.add_columns(tables.batches.c.network)
    .join(tables.batches, tables.batches.c.id == tables.posts.c.batch)
    .with_for_update(of=tables.posts)
)


class Standing(msgspec.Struct, frozen=True):
    """Where a post stands: `Standing("set_aside", "reshare")`."""

    state: PostState
    reason: str | None = None


class Saved(Model):
    """What `save` found: keys that were new, known, and known but changed; and keys given twice in one call."""

    new: frozenset[str]
    known: frozenset[str]
    changed: frozenset[str]
    repeats: int


class Edit(Model):
    """What a post said until it was edited."""

    text: str
    replaced_at: Moment
    title: str | None = None


class Posts(Repository):
    """All posts we hold."""

    def save(
        self, posts: Sequence[Post], *, batch: str | None = None, standings: Mapping[str, Standing] | None = None,
        known: Collection[str] | None = None,
    ) -> Saved:  # fmt: skip
        """Write what is new, with its standing (`pending` unless said), and what has changed of the known.

        Known posts keep their standing. Text that was edited and counts that moved are kept beside the new ones.
        `known` is what `known()` has said of these keys in this transaction, if it was asked: it is not asked again.
        """
        self._hold("posts")
        given = {post.key: post for post in posts}
        held = self._held(given if known is None else known)
        fresh = [post for key, post in given.items() if key not in held]
        changed = self._revise([(held[key], post) for key, post in given.items() if key in held])
        Authors(self._connection, now=self.now, writing=self._writing).save(given.values())
        if fresh:
            self._add(fresh, batch, standings or {})
        return Saved(
            new=frozenset(post.key for post in fresh), known=frozenset(held),
            changed=frozenset(post.key for post in changed), repeats=len(posts) - len(given),
        )  # fmt: skip

    def mark(self, standings: Mapping[str, Standing]) -> int:
        """Move these posts to other standings; returns how many there were."""
        moved = 0
        if not standings:
            return moved
        self._left(standings)
        for standing in set(standings.values()):
            keys = sorted(key for key, one in standings.items() if one == standing)
            values = {"state": standing.state, "reason": standing.reason}
            update = sa.update(tables.posts).where(among(tables.posts.c.key)).values(values)
            moved += self._write(update, listed=listed(keys))
        return moved

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of these keys that we hold. In a writing transaction nobody adds one before it ends."""
        self._hold("posts")
        return {key for (key,) in self._rows(_KNOWN, listed=listed(keys))}

    def get(self, key: str) -> Post | None:
        """The post of this key."""
        return self._held([key]).get(key)

    def gone(self, keys: Iterable[str]) -> dict[str, str]:
        """Those of these posts whose content is not kept any more, each with why."""
        columns = tables.posts.c
        emptied = sa.select(columns.key, columns.gone).where(among(columns.key), columns.gone.is_not(None))
        return {row.key: row.gone for row in self._rows(emptied, listed=listed(keys))}

    def many(self, keys: Iterable[str]) -> dict[str, Post]:
        """Those of these posts that we hold, by key."""
        return self._held(keys)

    def standings(self, keys: Iterable[str]) -> dict[str, Standing]:
        """Where these posts stand."""
        return {row.key: Standing(row.state, row.reason) for row in self._rows(_STANDINGS, listed=listed(keys))}

    def threads_of(self, keys: Iterable[str]) -> dict[str, str]:
        """The threads that these posts belong to, of those that we hold."""
        return {row.key: row.thread for row in self._rows(_THREADS, listed=listed(keys)) if row.thread}

    def recent(
        self, limit: int = 50, *, network: str | None = None, author: str | None = None, state: PostState | None = None,
        thread: str | None = None, before: datetime | None = None,
    ) -> list[Post]:  # fmt: skip
        """The last published, newest first; every filter narrows."""
        columns = tables.posts.c
        asked = {"network": network, "author": author, "state": state, "thread": thread}
        statement = sa.select(columns.body).order_by(columns.published_at.desc(), columns.id.desc()).limit(limit)
        statement = statement.where(*(columns[name] == value for name, value in asked.items() if value is not None))
        if before is not None:
            statement = statement.where(columns.published_at < before)
        return [_decode(row.body) for row in self._rows(statement)]

    def at(self, url: str) -> list[Post]:
        """The posts at this address. Looks through all posts: for a person's question, not for a run."""
        said = _encode(url).decode()
        found = self._rows(sa.select(tables.posts.c.body).where(tables.posts.c.body.contains(said, autoescape=True)))
        return [post for row in found if (post := _decode(row.body)).url == url]

    def set_aside(self, limit: int = 50, *, reason: str, before: datetime | None = None) -> list[Post]:
        """The last posts that became nobody's work for this reason, newest first."""
        columns = tables.posts.c
        asked = sa.select(columns.body).where(columns.state == "set_aside", columns.reason == reason)
        if before is not None:
            asked = asked.where(columns.published_at < before)
        asked = asked.order_by(columns.published_at.desc(), columns.id.desc()).limit(limit)
        return [_decode(row.body) for row in self._rows(asked)]

    def said_in(self, threads: Iterable[str], *, reasons: Collection[str]) -> list[Post]:
        """What was said in these threads and became nobody's work for one of these reasons, oldest first."""
        rows = self._rows(_SAID_IN, listed=listed(threads), reasons=sorted(reasons))
        return [_decode(row.body) for row in rows]

    def history(self, key: str) -> list[Engagement]:
        """All counts of this post, oldest first, the latest at the end."""
        post = self.get(key)
        return [] if post is None else [*self._revisions.counts(key), post.engagement]

    def edits(self, key: str) -> list[Edit]:
        """What this post used to say, oldest first."""
        return [Edit(text=row.text, title=row.title, replaced_at=row.replaced_at) for row in self._revisions.texts(key)]

    @property
    def _revisions(self) -> Revisions:
        return Revisions(self._connection, now=self.now, writing=self._writing)

    def _held(self, keys: Iterable[str]) -> dict[str, Post]:
        asked = list(keys)
        return {row.key: _decode(row.body) for row in self._rows(_BODIES, listed=listed(asked))} if asked else {}

    def _add(self, posts: Sequence[Post], batch: str | None, standings: Mapping[str, Standing]) -> None:
        brought = self._batch(batch)
        number = brought.id if brought else None
        self._write_columns(_INSERT, _columns(posts, standings), batch=number)
        ExportMarks(self._connection, now=self.now, writing=self._writing).said(posts)
        if brought:
            self._count(brought.network, Counter(standings.get(post.key, PENDING) for post in posts))
            watches = Watches(self._connection, now=self.now, writing=True)
            watches.posted(brought.watch, max(post.published_at for post in posts))

    def _batch(self, name: str | None) -> sa.Row[Any] | None:
        columns = tables.batches.c
        asked = sa.select(columns.id, columns.watch, columns.network).where(columns.name == name)
        return self._one(asked) if name else None

    def _left(self, standings: Mapping[str, Standing]) -> None:
        """Count these posts where they are going to stand, and no longer where they stood."""
        for row in self._rows(_BROUGHT, listed=listed(standings)):
            stood, stands = Standing(row.state, row.reason), standings[row.key]
            if stood != stands:
                self._count(row.network, {stood: -1, stands: 1})

    def _count(self, network: str, standings: Mapping[Standing, int]) -> None:
        sums = Sums(self._connection, now=self.now, writing=self._writing)
        for standing, number in standings.items():
            sums.add(network, "posts", standing.state, number, reason=standing.reason)

    def _revise(self, pairs: Sequence[tuple[Post, Post]]) -> list[Post]:
        """Write what differs between the post held and the one just read; returns those that changed."""
        merged = [(old, _merged(old, new)) for old, new in pairs]
        changed = [(old, new) for old, new in merged if old != new]
        if not changed:
            return []
        self._revisions.keep(changed)
        self._recount(changed)
        rows = [{"the_key": new.key, **_changing(new)} for _, new in sorted(changed, key=lambda pair: pair[1].key)]
        update = sa.update(tables.posts).where(tables.posts.c.key == sa.bindparam("the_key"))
        self._write_rows(update.values({name: sa.bindparam(name) for name in _changing(changed[0][1])}), rows)
        return [new for _, new in changed]

    def _recount(self, changed: Sequence[tuple[Post, Post]]) -> None:
        """Counts move with their post; what was let go of and comes back was counted all the time."""
        back = self.gone([old.key for old, _ in changed if not old.text])
        talk = TalkSums(self._connection, now=self.now, writing=self._writing)
        talk.recount([pair for pair in changed if pair[0].key not in back])


PENDING = Standing("pending")


def _merged(old: Post, new: Post) -> Post:
    """The post as it is now; what the store alone knows of it stays, and so do its times.

    The hourly sums stand on when it was published, which for an undated entry is only what a reading took it for.
    """
    seen_by = tuple(dict.fromkeys((*old.seen_by, *new.seen_by)))
    counts = new.engagement
    if counts.with_(counted_at=None) in (old.engagement.with_(counted_at=None), Engagement()):
        counts = old.engagement  # nothing new was counted
    elif counts.counted_at is None:
        counts = counts.with_(counted_at=new.collected_at)
    thread = old.thread or new.thread  # a thread never moves: work hangs below it
    same = old.author.key == new.author.key or new.anonymous  # one watch may show less than another
    author = old.author if same else new.author  # followers change with every read
    return new.with_(
        published_at=old.published_at, collected_at=old.collected_at, seen_by=seen_by, engagement=counts,
        thread=thread, author=author,
    )  # fmt: skip


def _changing(post: Post) -> dict[str, Any]:
    counts = post.engagement
    return {
        "author": post.author.key, "lang": post.lang, "likes": counts.likes, "shares": counts.shares,
        "replies": counts.replies, "views": counts.views, "body": _encode(post).decode(), "gone": None,
    }  # fmt: skip


def _columns(posts: Sequence[Post], standings: Mapping[str, Standing]) -> dict[str, list[Any]]:
    """New posts as rows, column by column."""
    counts = [post.engagement for post in posts]
    stands = [standings.get(post.key, PENDING) for post in posts]
    return {
        "key": [post.key for post in posts],
        "network": [post.network for post in posts],
        "author": [post.author.key for post in posts],
        "kind": [post.kind for post in posts],
        "lang": [post.lang for post in posts],
        "published_at": [post.published_at for post in posts],
        "collected_at": [post.collected_at for post in posts],
        "thread": [post.thread for post in posts],
        "likes": [each.likes for each in counts],
        "shares": [each.shares for each in counts],
        "replies": [each.replies for each in counts],
        "views": [each.views for each in counts],
        "state": [each.state for each in stands],
        "reason": [each.reason for each in stands],
        "body": [_encode(post).decode() for post in posts],
    }
