"""Conversations: which posts are one case, and when what is said next is another one.

What somebody says in one thread is one case until they have been silent for its lifespan (`product.md` lesson 6), by
the times of the posts and not of the runs. A post that comes late joins the case that is there.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from hub.domain import Handoff, Post
from hub.domain.config import Conversations
from hub.store import Talk

AS_SHIPPED = Conversations()
PARTS = 5  # of a conversation's key: what it is, network, visibility, author, thread


def conversation_key(post: Post) -> str:
    """Network, visibility, author and thread: what makes posts one case (docs/decisions/0013: not our account).

    A conversation that begins after this one is over bears the key of its first post behind this key.
    """
    return f"case\x1f{post.network}\x1f{post.visibility}\x1f{post.author.key}\x1f{post.thread or post.key}"


class Place(NamedTuple):
    """Where a post belongs on people's desks."""

    key: str  # of the thing it belongs to
    first: bool  # whether it is the first to make it
    follows: str | None = None  # the conversation before, which is over


class Talks:
    """The latest conversation of each thread that people have a case for."""

    def __init__(self, talks: Sequence[Talk], lifespans: Conversations) -> None:
        """`talks` in the order in which they began."""
        self._latest = {_thread_in(talk.key): talk for talk in talks}
        self._lifespans = {
            "public": timedelta(days=lifespans.public_days), "private": timedelta(days=lifespans.private_days),
        }  # fmt: skip

    def of(self, post: Post) -> Talk | None:
        """The conversation that this post goes on with, if people have a case for it and it is not over."""
        talk = self._latest.get(_thread_in(conversation_key(post))) if self._latest else None
        over = talk is not None and post.published_at - talk.last_at > self._lifespans[post.visibility]
        return None if over else talk

    def place(self, post: Post) -> Place:
        """The conversation that this post goes on with, or begins."""
        if talk := self.of(post):
            return Place(talk.key, first=False)
        key = conversation_key(post)
        ended = self._latest.get(_thread_in(key))
        return Place(f"{key}\x1f{post.key}", first=True, follows=ended.key) if ended else Place(key, first=True)

    def stands(self, talk: Talk) -> None:
        """A conversation that people have a case for, unless a later one of its thread is known."""
        before = self._latest.get(_thread_in(talk.key))
        if before is None or before.last_at < talk.last_at:
            self._latest[_thread_in(talk.key)] = talk

    def took(self, case: Handoff) -> None:
        """Remember a case, so that what is said next joins it."""
        thread, said_at = _thread_in(case.key), case.post.published_at
        talk = self._latest.get(thread)
        if talk is None or talk.key != case.key:
            self._latest[thread] = Talk(key=case.key, team=case.team, last_at=said_at)
        elif said_at > talk.last_at:
            self._latest[thread] = talk.with_(last_at=said_at)


def _thread_in(key: str) -> str:
    """The conversation's key without the post that began it anew."""
    return key if key.count("\x1f") < PARTS else "\x1f".join(key.split("\x1f")[:PARTS])
