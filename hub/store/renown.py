"""Renown: what the store holds of accounts besides their names, summed up for whoever ranks them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository

RECENT = timedelta(days=90)


class _Reply(msgspec.Struct):
    """Of a post, what it answers."""

    in_reply_to: str | None = None


OWN = "own_post"  # why a post of our own accounts became nobody's work
ANSWERED_FOR = timedelta(days=30)  # how long people answer a post of ours
_POSTS = tables.posts.c
_SAID = sa.select(_POSTS.key, _POSTS.published_at, _POSTS.network, _POSTS.thread, _POSTS.body)
_reply = msgspec.json.Decoder(_Reply).decode
_HANDED = tables.handoffs.c
_CASES = (
    sa.select(_HANDED.author, sa.func.count())
    .where(among(_HANDED.author), sa.func.coalesce(_HANDED.kind, "") == "Case")  # by kind, SQLite would read all cases
    .group_by(_HANDED.author)
)


class Renown(Repository):
    """Counts by author."""

    def seen(self, since: datetime | None = None) -> list[str]:
        """Accounts with a handle that were seen since then, in order of their keys."""
        columns = tables.authors.c
        asked = sa.select(columns.key).where(columns.handle != "").order_by(columns.key)
        if since is not None:
            asked = asked.where(columns.seen_at > since)
        return [row.key for row in self._rows(asked)]

    def reactions(self, authors: Collection[str]) -> Mapping[str, dict[str, float]]:
        """How often each was answered and passed on, for each post of the last ninety days."""
        mentioned = sa.func.avg(sa.func.coalesce(_POSTS.replies, 0)).label("mentioned")
        shared = sa.func.avg(sa.func.coalesce(_POSTS.shares, 0)).label("shared")
        asked = sa.select(_POSTS.author, mentioned, shared).where(among(_POSTS.author), self._recent())
        rows = self._rows(asked.group_by(_POSTS.author), listed=listed(authors))
        return {row.author: {"mentioned": float(row.mentioned), "shared": float(row.shared)} for row in rows}

    def friendly(self, authors: Collection[str]) -> list[tuple[str, str]]:
        """Author and post key of the friendly posts of the last ninety days."""
        signals = tables.signals.c
        asked = sa.select(_POSTS.author, _POSTS.key).join(tables.signals, signals.post == _POSTS.key)
        asked = asked.where(among(_POSTS.author), self._recent(), signals.sentiment == "positive")
        return [(row.author, row.key) for row in self._rows(asked, listed=listed(authors))]

    def cases(self, authors: Collection[str]) -> Counter[str]:
        """How often people here helped each."""
        rows: Iterable[Any] = self._rows(_CASES, listed=listed(authors))
        return Counter(dict(rows))

    def influences(self, network: str) -> dict[str, float]:
        """The influence of every account of a network that was ranked before."""
        columns = tables.standings.c
        asked = sa.select(columns.author, columns.influence).where(columns.network == network)
        return {row.author: row.influence for row in self._rows(asked)}

    def median_followers(self) -> dict[str, float]:
        """Of each network, how many follow an account in the middle of all of those that were seen there."""
        columns = tables.authors.c
        asked = sa.select(columns.network, columns.followers).where(columns.followers.is_not(None))
        found: dict[str, list[int]] = {}
        for row in self._connection.execute(asked):
            found.setdefault(row.network, []).append(row.followers)
        return {network: float(median(all_of)) for network, all_of in sorted(found.items())}

    def exchanges(self, since: datetime, until: datetime, *, audience: str) -> list[tuple[datetime, str]]:
        """When and where an account of this class answered us, or we answered it, by what both sides posted."""
        ours = self._own(since - ANSWERED_FOR, until)
        theirs = self._answers_in(sorted({row.thread for row in ours if row.thread}), since, until, audience)
        keys = {row.key for row in ours}
        answered = [(row.published_at, row.network) for row in theirs if _reply(row.body).in_reply_to in keys]
        parents = {
            row.key: parent for row in ours if row.published_at >= since and (parent := _reply(row.body).in_reply_to)
        }
        standings = tables.standings.c
        of_class = (
            sa.select(_POSTS.key)
            .join_from(tables.posts, tables.standings, standings.author == _POSTS.author)
            .where(among(_POSTS.key), _is(audience))
        )
        met = {row.key for row in self._rows(of_class, listed=listed(sorted(set(parents.values()))))}
        return answered + [(row.published_at, row.network) for row in ours if parents.get(row.key) in met]

    def _own(self, since: datetime, until: datetime) -> Sequence[sa.Row[Any]]:
        """Posts of our own accounts, of which there is an index."""
        return self._rows(_SAID.where(_POSTS.reason == OWN, _POSTS.published_at >= since, _POSTS.published_at < until))

    def _answers_in(
        self, threads: Sequence[str], since: datetime, until: datetime, audience: str
    ) -> Sequence[sa.Row[Any]]:  # fmt: skip
        standings = tables.standings.c
        asked = _SAID.join(tables.standings, standings.author == _POSTS.author).where(
            among(_POSTS.thread), _is(audience), _POSTS.published_at >= since,
            _POSTS.published_at < until,
        )  # fmt: skip
        return self._rows(asked, listed=listed(threads))

    def _recent(self) -> sa.ColumnElement[bool]:
        return _POSTS.published_at >= self.now - RECENT


def _is(audience: str) -> sa.ColumnElement[bool]:
    """Of this class, looked up by account: there are too many of a class to begin with them."""
    return sa.func.coalesce(tables.standings.c.audience, "") == audience
