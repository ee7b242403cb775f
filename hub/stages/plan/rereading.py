"""Rereading: landed records once more, with today's mapping of their network, where they are still there.

What the store alone knows of a post stays: when it was collected, its thread, its latest counts. A post that was edited
since its record landed is not read again: the record is not its newest word.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from hub.domain import Post
from hub.errors import ContractBroken
from hub.stages.admit import Reading
from hub.stages.posts import PostMaker
from hub.stages.validate import sort_records
from hub.store import Kept, Landing, View

FILES_KEPT = 8  # read files; posts of one time are mostly of a few files


class Unread(NamedTuple):
    """Why a post's record cannot be read again."""

    reason: str


class Rereader:
    """Reads the records behind posts of these networks."""

    def __init__(self, networks: Sequence[str], readings: Mapping[str, Reading], view: View, landing: Landing) -> None:
        self._networks = frozenset(networks)
        self._readings, self._view, self._landing = readings, view, landing
        self._files: dict[str, dict[str, Post] | Unread] = {}

    def read(self, posts: Sequence[Kept]) -> dict[str, Post | Unread]:
        """Of these posts, those that today's mapping reads otherwise, and those that cannot be read again."""
        mine = [kept for kept in posts if kept.post.network in self._networks]
        edited = self._view.archive.edited({kept.post.key for kept in mine})
        return dict(self._each(mine, edited))

    def _each(self, posts: Sequence[Kept], edited: set[str]) -> Iterator[tuple[str, Post | Unread]]:
        by_batch: dict[str | None, list[Post]] = defaultdict(list)
        for kept in posts:
            if kept.post.key in edited:
                yield kept.post.key, Unread("edited_since")
            else:
                by_batch[kept.batch].append(kept.post)
        for batch, held in by_batch.items():
            found = self._file(batch) if batch else Unread("record_gone")
            for post in held:
                now = found if isinstance(found, Unread) else found.get(post.key, Unread("unmappable"))
                if isinstance(now, Unread):
                    yield post.key, now
                elif (merged := _merged(post, now)) != post:
                    yield post.key, merged

    def _file(self, name: str) -> dict[str, Post] | Unread:
        if name not in self._files:
            if len(self._files) >= FILES_KEPT:
                self._files.pop(next(iter(self._files)))
            self._files[name] = self._posts(name)
        return self._files[name]

    def _posts(self, name: str) -> dict[str, Post] | Unread:
        state = self._view.batches.get(name)
        reading = self._readings.get(state.batch.network) if state else None
        if state is None or reading is None:
            return Unread("record_gone")
        batch = state.batch
        maker = PostMaker(
            network=batch.network, record_type=reading.mapping.reads, watch=batch.watch, collected_at=batch.landed_at
        )
        try:
            found = sort_records(self._landing.read(batch.path, batch.digest), reading.mapping, maker)
        except ContractBroken:
            return Unread("record_gone")
        return {post.key: post for post, _ in found.posts}


def _merged(old: Post, now: Post) -> Post:
    """The post as it would be read today; what came later than its record stays."""
    author = now.author.with_(followers=old.author.followers) if now.author.key == old.author.key else now.author
    return now.with_(
        published_at=old.published_at, collected_at=old.collected_at, seen_by=old.seen_by, engagement=old.engagement,
        thread=old.thread, author=author, flags=tuple(dict.fromkeys((*now.flags, *_ours(old)))),
    )  # fmt: skip


def _ours(post: Post) -> tuple[str, ...]:
    """Flags that no mapping sets."""
    return tuple(flag for flag in post.flags if flag == "repaired")
