"""History: a new case is handed over with what is known of whoever wrote it.

All of it was known before the posts that are being decided on: the words of the case itself stand in the case. Who is
one person with them is told and changes nothing: a help desk that merges two accounts cannot undo it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from hub.domain import Author, Handoff, History, OtherAccount
from hub.measure.trend import sentiment_trend
from hub.store import View


def with_histories(view: View, handoffs: Sequence[Handoff]) -> list[Handoff]:
    """The same work, every case that begins with its author's history."""
    begins = {handoff.author.key for handoff in handoffs if handoff.kind == "Case" and handoff.first}
    known = histories_of(view, begins) if begins else {}
    return [
        handoff.with_(history=known[handoff.author.key]) if handoff.kind == "Case" and handoff.first else handoff
        for handoff in handoffs
    ]


def histories_of(view: View, authors: Collection[str]) -> dict[str, History]:
    """What is known of each of these accounts, be it nothing."""
    seen, moods, work = view.histories.seen(authors), view.histories.moods(authors), view.histories.work(authors)
    standings, accounts = view.people.standings(authors), _accounts(view, authors)
    found: dict[str, History] = {}
    for key in authors:
        trend, standing, done = sentiment_trend(moods.get(key, ())), standings.get(key), work.get(key)
        found[key] = History(
            posts=seen[key].posts if key in seen else 0, first_seen=seen[key].first_at if key in seen else None,
            cases=done.cases if done else 0, leads=done.leads if done else 0, earlier=done.earlier if done else (),
            trend=trend.word, mood=trend.recent, mood_before=trend.before,
            audience=standing.audience if standing else None, influence=standing.influence if standing else None,
            accounts=accounts.get(key, ()),
        )  # fmt: skip
    return found


def _accounts(view: View, authors: Collection[str]) -> dict[str, tuple[OtherAccount, ...]]:
    """The other accounts of each, the sure ones first."""
    sure = {author: [one for one in keys if one != author] for author, keys in view.people.persons(authors).items()}
    perhaps: dict[str, list[str]] = {}
    for tie in view.people.suggested(authors):
        for one, other in ((tie.one, tie.other), (tie.other, tie.one)):
            if one in sure and other not in sure[one]:
                perhaps.setdefault(one, []).append(other)
    known = view.authors.many({key for some in (*sure.values(), *perhaps.values()) for key in some})
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
