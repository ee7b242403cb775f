"""Threads: which posts answer each other, where the network does not say so itself.

X names the conversation on every post. Mastodon and others name only the parent; the thread is then the
parent's, and a post that answers nothing begins its own.
"""

from collections.abc import Sequence

from hub.domain import Post
from hub.store import View


def with_threads(posts: Sequence[Post], view: View) -> list[Post]:
    """The same posts, in the order they were written, each with a thread."""
    unnamed = [post for post in posts if post.thread is None]
    if not unnamed:
        return list(posts)
    threads = view.posts.threads_of({post.in_reply_to for post in unnamed if post.in_reply_to})
    named = []
    for post in posts:
        if post.thread is None:
            post = post.with_(thread=threads.get(post.in_reply_to or "") or post.in_reply_to or post.key)
        threads[post.key] = post.thread or post.key
        named.append(post)
    return named
