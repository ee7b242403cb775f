"""Profile: a handoff that sales get says what is known of whoever wrote the post, as it is known when it is made."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from hub.domain import Handoff, Post, Profile, Signal, Trend
from hub.measure.trend import EARLIER, NEWEST, Direction, sentiment_trend
from hub.store import View

WORDS: dict[Direction, Literal["rising", "falling", "steady", "unknown"]] = {
    "improving": "rising", "worsening": "falling", "steady": "steady", "too few posts": "unknown",
}  # fmt: skip
"""A direction as those who work with people elsewhere read it: as one of a few words that never change."""


def trend_of(scores: Sequence[float]) -> Trend:
    """The trend of an account's sentiment scores, the newest first."""
    told = sentiment_trend(Signal(post="", found_by="", sentiment_score=score) for score in scores)
    return Trend(
        word=WORDS[told.word], now=told.recent or 0.0, of=told.recent_count, before=told.before,
        of_before=told.before_count,
    )  # fmt: skip


def profiled(view: View, handoffs: Sequence[Handoff], heard: Iterable[tuple[Post, Signal]]) -> list[Handoff]:
    """These handoffs, each lead with the profile of its author; `heard` are posts that the store does not hold yet.

    What is said after the post of a handoff does not count, so that the same handoff says the same whenever it is made.
    """
    authors = {handoff.author.key for handoff in handoffs if handoff.kind == "Lead"}
    if not authors:
        return list(handoffs)
    said: dict[str, dict[str, tuple[Post, float]]] = {}
    for post, signal in heard:
        if post.author.key in authors:
            said.setdefault(post.author.key, {})[post.key] = post, signal.sentiment_score
    known = _Known(view, authors, said)
    return [
        handoff.with_(profile=known.profile(handoff)) if handoff.kind == "Lead" else handoff for handoff in handoffs
    ]


class _Known:
    """What the store holds of some accounts, and what was heard just now."""

    def __init__(self, view: View, authors: set[str], heard: Mapping[str, Mapping[str, tuple[Post, float]]]) -> None:
        self._heard = heard
        self._held = view.renown.histories(authors, newest=NEWEST + EARLIER)
        self._persons = view.people.persons(authors)
        self._standings = view.people.standings(authors)

    def profile(self, handoff: Handoff) -> Profile:
        author, until = handoff.author.key, handoff.post.published_at
        held = self._held.get(author)
        fresh = [
            (post, score)
            for key, (post, score) in self._heard.get(author, {}).items()
            if post.published_at <= until and not (held and key in held.keys)
        ]
        moments = [post.published_at for post, _ in fresh] + ([held.first_at, held.last_at] if held else [])
        scores = [(post.published_at, score) for post, score in fresh] + (
            [(at, score) for at, score in held.scores if at <= until] if held else []
        )
        standing = self._standings.get(author)
        return Profile(
            posts_seen=len(fresh) + (held.posts if held else 0) or 1,
            first_seen_at=min(moments, default=until),
            last_seen_at=max(moments, default=until),
            last_post_url=handoff.post.url,
            trend=trend_of([score for _, score in sorted(scores, reverse=True)]),
            audience=standing.audience if standing else None,
            influence=standing.influence if standing else None,
            accounts=tuple(key for key in self._persons.get(author, ()) if key != author),
        )
