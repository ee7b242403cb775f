"""Renown: what the store holds of accounts besides their names, summed up for whoever ranks them."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository

RECENT = timedelta(days=90)
_POSTS = tables.posts.c
_HANDED = sa.select(tables.handoffs.c.author, tables.handoffs.c.kind).where(among(tables.handoffs.c.author))


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
        rows = self._rows(_HANDED, listed=listed(authors))
        return Counter(row.author for row in rows if row.kind == "Case")  # asked for it, SQLite walks through all cases

    def influences(self, network: str) -> dict[str, float]:
        """The influence of every account of a network that was ranked before."""
        columns = tables.standings.c
        asked = sa.select(columns.author, columns.influence).where(columns.network == network)
        return {row.author: row.influence for row in self._rows(asked)}

    def _recent(self) -> sa.ColumnElement[bool]:
        return _POSTS.published_at >= self.now - RECENT
