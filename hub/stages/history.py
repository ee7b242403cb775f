"""History: work is handed over with what is known of whoever wrote the post.

A case that begins is told with everything that an agent should know before they answer: all of it was known before the
posts that are being decided on, since the words of the case itself stand in the case. A lead is told with a profile of
its account, the posts that are being decided on included. Both stand on the same look into the store, at all authors
together. Who is one person with them is told and changes nothing: a help desk that merges two accounts cannot undo it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from hub.domain import Author, Handoff, History, OtherAccount, Post, Profile, Signal, Trend
from hub.measure.trend import Direction, trend_of
from hub.stages.pasts import Pasts
from hub.store import View

WORDS: dict[Direction, Literal["rising", "falling", "steady", "unknown"]] = {
    "improving": "rising", "worsening": "falling", "steady": "steady", "too few posts": "unknown",
}  # fmt: skip
"""A direction as those who work with people elsewhere read it: as one of a few words that never change."""

NOTHING_FOUND: Mapping[str, Signal] = {}


def with_histories(
    view: View, handoffs: Sequence[Handoff], heard: Iterable[Post] = (), signals: Mapping[str, Signal] = NOTHING_FOUND,
    *, pasts: Pasts | None = None,
) -> list[Handoff]:  # fmt: skip
    """The same work, every case that begins with its author's history and every lead with their profile.

    `heard` are posts that the store does not hold yet, and `signals` what was found in them. What is said after the
    post of a lead does not count, so that the same lead says the same whenever it is made.
    """
    cases = {handoff.author.key for handoff in handoffs if _begins(handoff)}
    leads = {handoff.author.key for handoff in handoffs if handoff.kind == "Lead"}
    if not cases and not leads:
        return list(handoffs)
    known = _Known(view, cases | leads, pasts or Pasts(view))
    histories = known.histories(cases)
    said = _said(heard, signals, leads)
    return [
        handoff.with_(history=histories[handoff.author.key]) if _begins(handoff)
        else handoff.with_(profile=known.profile(handoff, said.get(handoff.author.key, ()))) if handoff.kind == "Lead"
        else handoff
        for handoff in handoffs
    ]  # fmt: skip


def histories_of(view: View, authors: Collection[str]) -> dict[str, History]:
    """What is known of each of these accounts, be it nothing."""
    return _Known(view, authors, Pasts(view)).histories(authors)


def _begins(handoff: Handoff) -> bool:
    return handoff.kind == "Case" and handoff.first


def _said(
    heard: Iterable[Post], signals: Mapping[str, Signal], authors: Collection[str]
) -> Mapping[str, list[tuple[Post, Signal]]]:
    """What these authors have just said themselves."""
    said: dict[str, list[tuple[Post, Signal]]] = {}
    own = [post for post in heard if post.author.key in authors and post.kind != "share"] if authors else ()
    for post in own:
        said.setdefault(post.author.key, []).append((post, signals[post.key]))
    return said


class _Known:
    """What the store holds of some accounts."""

    def __init__(self, view: View, authors: Collection[str], pasts: Pasts) -> None:
        self._view = view
        self._held = pasts.words(authors)
        self._persons = view.people.persons(authors)
        self._standings = view.people.standings(authors)

    def histories(self, authors: Collection[str]) -> dict[str, History]:
        """What an agent is told of each of these accounts, be it nothing."""
        if not authors:
            return {}
        work, accounts = self._view.histories.work(authors), self._accounts(authors)
        found: dict[str, History] = {}
        for key in authors:
            held, done, standing = self._held.get(key), work.get(key), self._standings.get(key)
            trend = trend_of([mood.score for mood in held.moods] if held else [])
            found[key] = History(
                posts=held.posts if held else 0, first_seen=held.first_at if held else None,
                cases=done.cases if done else 0, leads=done.leads if done else 0, earlier=done.earlier if done else (),
                trend=trend.word, mood=trend.recent, mood_before=trend.before,
                audience=standing.audience if standing else None, influence=standing.influence if standing else None,
                accounts=accounts.get(key, ()),
            )  # fmt: skip
        return found

    def profile(self, handoff: Handoff, heard: Iterable[tuple[Post, Signal]]) -> Profile:
        """What sales are told of the account behind a lead, as it was known when that post was written."""
        author, until = handoff.author.key, handoff.post.published_at
        held, standing = self._held.get(author), self._standings.get(author)
        kept = {mood.post for mood in held.moods} if held else ()
        fresh = [(post, signal) for post, signal in heard if post.published_at <= until and post.key not in kept]
        moments = [post.published_at for post, _ in fresh] + ([held.first_at, held.last_at] if held else [])
        moods = [(post.published_at, one.sentiment_score) for post, one in fresh if one.intent != "spam"]
        moods += [(mood.at, mood.score) for mood in (held.moods if held else ()) if mood.at <= until]
        trend = trend_of([score for _, score in sorted(moods, reverse=True)])
        return Profile(
            posts_seen=len(fresh) + (held.posts if held else 0) or 1,
            first_seen_at=min(moments, default=until),
            last_seen_at=max(moments, default=until),
            last_post_url=handoff.post.url,
            trend=Trend(
                word=WORDS[trend.word], now=trend.recent or 0.0, of=trend.recent_count, before=trend.before,
                of_before=trend.before_count,
            ),
            audience=standing.audience if standing else None,
            influence=standing.influence if standing else None,
            accounts=tuple(key for key in self._persons.get(author, ()) if key != author),
        )  # fmt: skip

    def _accounts(self, authors: Collection[str]) -> dict[str, tuple[OtherAccount, ...]]:
        """The other accounts of each, the sure ones first."""
        sure = {author: [one for one in self._persons[author] if one != author] for author in authors}
        perhaps: dict[str, list[str]] = {}
        for tie in self._view.people.suggested(authors):
            for one, other in ((tie.one, tie.other), (tie.other, tie.one)):
                if one in sure and other not in sure[one]:
                    perhaps.setdefault(one, []).append(other)
        named = {key for some in (*sure.values(), *perhaps.values()) for key in some}
        known = self._view.authors.many(named) if named else {}
        return {
            author: (*_told(sure[author], known, sure=True), *_told(perhaps.get(author, ()), known, sure=False))
            for author in sure
        }


def _told(keys: Iterable[str], known: Mapping[str, Author], *, sure: bool) -> Iterable[OtherAccount]:
    """Those that we hold: one that was erased is told no more."""
    return (
        OtherAccount(network=key.partition(":")[0], handle=known[key].handle, url=known[key].url, sure=sure)
        for key in keys
        if key in known and known[key].handle
    )
