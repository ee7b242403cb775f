"""Acquaint: the accounts that were seen lately are compared with those that bear their names, and ranked.

Only accounts that share a name are compared: the core of a handle, or first and last name run together. What the
matcher holds for one person is merged where it may be, or suggested; people decide the rest. How loud an account is,
and what it is to us, is worked out anew from what is held.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.domain import Author
from hub.domain.config import Config
from hub.measure.reach import MEDIANS
from hub.people import Account, Influence, Known, Matcher, audience_of, influence_of
from hub.people.likeness import SHORTEST_CORE, core, words_of
from hub.store import StandingOf, Store, Transaction

LAST_RUN = "acquaint:last"
AT_ONCE = 500

Ranked = dict[str, dict[str, float]]
"""The influence of accounts, by network."""


@dataclass
class Acquainted:
    """What one run did."""

    seen: int = 0
    compared: int = 0
    merged: int = 0
    suggested: int = 0


def run(config: Config, *, store: Store, matcher: Matcher | None = None) -> Acquainted:
    """Everybody who was seen since the last run."""
    matcher, done = matcher or Matcher(), Acquainted()
    with store.read() as view:
        now, last = view.now, view.memory.get(LAST_RUN)
        since = datetime.fromisoformat(last) if last else None
        seen = view.renown.seen(since)
    ranked: Ranked = {}
    for start in range(0, len(seen), AT_ONCE):
        with store.begin() as tx:
            some = list(tx.authors.many(seen[start : start + AT_ONCE]).values())
            tx.people.name((name, author.key) for author in some for name in names_of(author))
            _compare(tx, some, matcher, done)
            tx.people.stand(_standings(tx, some, config, ranked))
        done.seen += len(some)
    with store.begin() as tx:
        tx.memory.set(LAST_RUN, now.isoformat())
        tx.memory.set(MEDIANS, tx.renown.median_followers())
    return done


def names_of(author: Author) -> set[str]:
    """The names by which others of the same person may be found."""
    words = words_of(author.display_name)
    handle = core(author.handle)
    names = {handle} if len(handle) > SHORTEST_CORE else set()
    return names | {words[0] + words[-1]} if len(words) > 1 else names


def _compare(tx: Transaction, authors: Sequence[Author], matcher: Matcher, done: Acquainted) -> None:
    namesakes = tx.people.namesakes({name for author in authors for name in names_of(author)})
    pairs = {
        (author.key, other)
        for author in authors
        for name in names_of(author)
        for other in namesakes.get(name, ())
        if _network(other) != _network(author.key)
    }
    known = tx.authors.many({key for pair in pairs for key in pair})
    for one, other in sorted({tuple(sorted(pair)) for pair in pairs}):
        if one not in known or other not in known:
            continue
        found = matcher.match(_account(known[one]), _account(known[other]))
        done.compared += 1
        if found.verdict == "apart":
            continue
        tie = tx.people.tie(
            one,
            other,
            state="merged" if found.verdict == "merge" else "suggested",
            confidence=found.score,
            evidence=found.evidence,
            found_by=found.found_by,
        )
        done.merged += tie.state == "merged"
        done.suggested += tie.state == "suggested"


def _account(author: Author) -> Account:
    return Account(network=_network(author.key), handle=author.handle, name=author.display_name)


def _network(key: str) -> str:
    return key.partition(":")[0]


def _standings(tx: Transaction, authors: Sequence[Author], config: Config, ranked: Ranked) -> Iterable[StandingOf]:
    keys = [author.key for author in authors]
    heard, cases, praises = tx.renown.reactions(keys), tx.renown.cases(keys), _praises(tx, keys, config)
    loud: dict[str, Influence] = {
        author.key: influence_of({"followers": author.followers, **heard.get(author.key, {})}) for author in authors
    }
    ranks = {network: _ranks(tx, network, loud, ranked) for network in {_network(key) for key in keys}}
    for author in authors:
        mine = loud[author.key]
        known = Known(
            influence=mine.score, percentile=_percentile(ranks[_network(author.key)], mine.score),
            praises=praises[author.key], cases=cases[author.key],
        )  # fmt: skip
        yield StandingOf(
            author=author.key, network=_network(author.key), influence=mine.score, parts=mine.parts, as_of=tx.now,
            audience=audience_of(author, known, media=config.audience.media, analysts=config.audience.analysts),
        )  # fmt: skip


def _praises(tx: Transaction, keys: Sequence[str], config: Config) -> Counter[str]:
    """Friendly posts about what is ours, by author."""
    ours = {subject.name for subject in config.subjects if subject.kind != "competitor"}
    friendly = tx.renown.friendly(keys)
    signals = tx.signals.of([post for _, post in friendly])
    return Counter(author for author, post in friendly if ours & set(signals[post].subjects))


def _ranks(tx: Transaction, network: str, fresh: Mapping[str, Influence], ranked: Ranked) -> list[float]:
    """The influences of all accounts of a network in order; what the store knows is read once in a run."""
    if network not in ranked:
        ranked[network] = tx.renown.influences(network)
    ranked[network].update((key, one.score) for key, one in fresh.items() if _network(key) == network)
    return sorted(ranked[network].values())


def _percentile(ordered: Sequence[float], score: float) -> float:
    return bisect_right(ordered, score) / len(ordered) if len(ordered) > 1 else 0.0
