"""Latecomers: what was read before the conversation that it belongs to had begun, and joins it now."""

from collections.abc import Sequence

from hub.stages.desk import Desk
from hub.stages.route import BY_ITSELF, Routed, Router
from hub.store import Transaction


def read_before(tx: Transaction, routed: Sequence[Routed], router: Router, desk: Desk) -> list[Routed]:
    """What was said further on in conversations that begin now, by those who began them, but read before their start.

    Two watches of one thread bring its posts in any order; each by itself would make an answer nobody's work.
    """
    begun = {
        (case.author.key, case.post.thread): case.post.published_at
        for one in routed
        for case in one.handoffs
        if case.kind == "Case" and case.first and case.post.thread
    }
    if not begun:
        return []
    said = tx.posts.said_in({thread for _, thread in begun}, reasons=BY_ITSELF)
    later = [
        post for post in said if post.published_at > begun.get((post.author.key, post.thread or ""), post.published_at)
    ]
    signals = tx.signals.of([post.key for post in later])
    joining = ((post, desk.talks.of(post)) for post in later)
    return [
        Routed(post, (router.follow_up(post, signals[post.key], talk),))
        for post, talk in joining
        if talk and post.key in signals
    ]
