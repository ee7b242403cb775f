"""Revisions: what posts used to say, and how they used to be counted. Rows are only ever added."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hub.domain import Engagement, Post
from hub.store import tables
from hub.store.repository import Repository

_COUNTS = ("counted_at", "likes", "shares", "replies", "quotes", "views")


class Revisions(Repository):
    """Earlier texts and counts; the latest ones stand in the post itself."""

    def keep(self, pairs: Sequence[tuple[Post, Post]]) -> None:
        """Of each post as it was and as it is now, keep what the new one has taken the place of."""
        texts = [_text(old) for old, new in pairs if (old.text, old.title) != (new.text, new.title)]
        counts = [_counted(old) for old, new in pairs if old.engagement not in (new.engagement, Engagement())]
        self._write_rows(sa.insert(tables.edits), [{**row, "replaced_at": self.now} for row in texts])
        self._write_rows(sa.insert(tables.engagement), counts)

    def texts(self, post: str) -> Sequence[sa.Row[Any]]:
        """Earlier texts of this post, oldest first."""
        columns = tables.edits.c
        return self._rows(sa.select(tables.edits).where(columns.post == post).order_by(columns.id))

    def counts(self, post: str) -> list[Engagement]:
        """Earlier counts of this post, oldest first."""
        columns = tables.engagement.c
        statement = sa.select(*(columns[name] for name in _COUNTS)).where(columns.post == post).order_by(columns.id)
        return [Engagement(**row._mapping) for row in self._rows(statement)]


def _text(post: Post) -> dict[str, Any]:
    return {"post": post.key, "title": post.title, "text": post.text}


def _counted(post: Post) -> dict[str, Any]:
    counts = {name: getattr(post.engagement, name) for name in _COUNTS}
    return {"post": post.key, **counts, "counted_at": counts["counted_at"] or post.collected_at}
