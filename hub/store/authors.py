"""Authors: one row for each account, as it looked when last seen."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.domain import Author, Post
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository

_decode = msgspec.json.Decoder(Author).decode
_encode = msgspec.json.Encoder().encode
_CHANGING = ("handle", "followers", "body")
_BODIES = sa.select(tables.authors.c.key, tables.authors.c.body).where(among(tables.authors.c.key))


class Authors(Repository):
    """The accounts behind the posts."""

    def get(self, key: str) -> Author | None:
        """The author of this key."""
        return self.many([key]).get(key)

    def many(self, keys: Iterable[str]) -> dict[str, Author]:
        """Those of these authors that we hold, by key."""
        return {key: _decode(body) for key, body in self._bodies(keys).items()}

    def save(self, posts: Iterable[Post]) -> None:
        """Keep the authors of these posts; of one who is there several times, as seen in the last."""
        seen = {post.author.key: post for post in posts}
        held = self._bodies(seen)
        bodies = {key: _encode(post.author).decode() for key, post in seen.items()}
        changed = sorted(key for key, body in bodies.items() if held.get(key) != body)
        rows = [
            _row(seen[key], bodies[key]) for key in changed
        ]  # in one order, so that no two writers wait in a circle
        self._write_rows(self._upsert(tables.authors, ("key",), _CHANGING), rows)

    def _bodies(self, keys: Iterable[str]) -> Mapping[str, str]:
        return {row[0]: row[1] for row in self._rows(_BODIES, listed=listed(keys))}


def _row(post: Post, body: str) -> dict[str, Any]:
    author = post.author
    return {
        "key": author.key, "network": post.network, "native_id": author.native_id, "handle": author.handle,
        "followers": author.followers, "body": body, "seen_at": post.collected_at,
    }  # fmt: skip
