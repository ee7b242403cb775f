"""Judging: each archived post once more, by today's rules, beside what was really handed off of it.

Each is judged as the live flow would have done it then: suppression by the times at which it was written and collected,
scores as of the moment at which its batch was decided, conversations and incidents in the order in which people wrote.
What was handed over stands as it was handed over: its words, its score, its run. So a plan with nothing changed finds
nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.classify import Item
from hub.domain import CONTEXT_KINDS, Handoff, HandoffKind, LeadScore, Post, Signal, kind_of
from hub.people.leads import counting, version_of
from hub.stages.admit import ADDRESSED, AS_CONTEXT, Rulebook, items_of, router_of
from hub.stages.classify import classify
from hub.stages.correct import BY_A_PERSON
from hub.stages.detect import BY_TOPIC, DETECTOR
from hub.stages.plan.bench import Bench, Events
from hub.stages.plan.changes import Change, Scope, Tally, Work
from hub.stages.plan.comparing import Comparer
from hub.stages.plan.objects import says_the_same
from hub.stages.plan.rereading import Rereader, Unread
from hub.stages.route import Routed, unwanted
from hub.stages.score import scores_of
from hub.store import Kept, Said, Talk, View
from hub.store.past import Anew, Past, SaidAnew

Found = tuple[Change, Work | None]
DETECTORS = (DETECTOR, BY_TOPIC)  # what these raise is no rule's


@dataclass
class Judged:
    """One post, as it is judged today."""

    kept: Kept
    post: Post  # as today's mapping reads it
    signal: Signal
    started_at: datetime  # of the watch that found it
    old: dict[HandoffKind, Handoff]
    routed: Routed | None = None
    leads: Mapping[str, LeadScore] = field(default_factory=dict)

    @property
    def anew(self) -> bool:
        """Whether something else is found in it than before."""
        return self.signal != self.kept.signal

    @property
    def remapped(self) -> bool:
        """Whether it says something else than before."""
        return self.post is not self.kept.post

    @property
    def new(self) -> dict[HandoffKind, Handoff]:
        """What today's rules make of it."""
        return {one.kind: one for one in self.routed.handoffs} if self.routed else {}

    @property
    def undecided(self) -> set[HandoffKind]:
        """Kinds of work that a rule cannot decide on."""
        return set(self.routed.undecided) if self.routed else set()


class Judge:
    """One pass over the archive. What it finds passes by; it writes nothing, and holds little more than keys."""

    def __init__(self, book: Rulebook, scope: Scope, view: View, *, rereader: Rereader | None = None) -> None:
        self.book, self.scope, self.view = book, scope, view
        self.tally = Tally()
        self._router = router_of(book, scope.run)
        self._comparer = Comparer(book, scope, self.tally, view)
        self._rereader = rereader
        quiet = timedelta(hours=book.config.triage.incident_quiet_hours)
        events = Events(quiet=quiet, incidents=view.incidents.open(), subjects=book.config.subjects)
        self._bench = Bench(events, lifespans=book.config.conversations)
        self._watches = {state.key: state.started_at for state in view.watches.listing()}
        self._folded = view.archive.folded(scope.since)
        self._anew: SaidAnew = {}
        self._scoring = version_of(book.config.lead_scoring)

    def found(self) -> Iterator[Found]:
        """All differences, in the order of the posts; what would not be made any more, and alerts, at the end."""
        for change, work in self._found():
            self.tally.count(change)
            yield change, work

    def _found(self) -> Iterator[Found]:
        scope = self.scope
        for page in self.view.archive.pages(scope.since, scope.until, last=scope.last, networks=scope.networks):
            self.tally.posts += len(page)
            yield from self._page(page)
        yield from self._comparer.alerts()
        yield from self._comparer.not_today()

    def _page(self, page: Sequence[Kept]) -> Iterator[Found]:
        handed = self.view.archive.handed({kept.post.key for kept in page})
        judged = self._judged(page, handed)
        self._score(judged)
        self._open([kept.post for kept in page])
        waiting = {one.kept.post.key: one for one in judged}
        for kept in page:  # in order: what cannot be judged is part of a conversation all the same
            one = waiting.get(kept.post.key)
            if one is None:
                self._stand(handed.get(kept.post.key, ()))
            else:
                self._route(one)
        yield from self._comparer.compare(judged)

    def _judged(self, page: Sequence[Kept], handed: Mapping[str, Sequence[Handoff]]) -> list[Judged]:
        """Those posts of a page that can be judged, each with its signal."""
        dead = self.view.tombstones.dead(
            {kept.post.key for kept in page} | {kept.post.author.key for kept in page}
        )  # fmt: skip
        able = []
        for kept in page:
            if reason := _obstacle(kept, dead, anew=self.scope.reclassify):
                self.tally.unjudged[reason] += 1
            else:
                able.append(kept)
        posts = self._read(able)
        signals = self._signals([kept for kept in able if kept.post.key in posts], posts)
        return [
            Judged(
                kept, posts[kept.post.key], signals[kept.post.key], self._started_at(kept.post),
                {
                    one.kind: one
                    for one in handed.get(kept.post.key, ())
                    if one.provenance.route not in DETECTORS
                },
            )
            for kept in able
            if kept.post.key in signals
        ]  # fmt: skip

    def _read(self, able: Sequence[Kept]) -> dict[str, Post]:
        """The posts, as today's mappings read their landed records where that was asked for."""
        posts = {kept.post.key: kept.post for kept in able}
        if self._rereader is None:
            return posts
        for key, read in self._rereader.read(able).items():
            if isinstance(read, Unread):
                self.tally.unjudged[read.reason] += 1
                del posts[key]
            else:
                posts[key] = read
                self.tally.posts_changed += 1
        return posts

    def _signals(self, able: Sequence[Kept], posts: Mapping[str, Post]) -> dict[str, Signal]:
        """What is found in these posts: judged anew only where another classifier has judged, or is to."""
        signals = {kept.post.key: kept.signal for kept in able if kept.signal is not None}
        asked = [posts[kept.post.key] for kept in able if self._asks(kept, posts)]
        if asked:
            told = classify(self.book.engine, self._items(asked), seconds=self.book.text_seconds)
            for key, flaw in told.flaws.items():
                self.tally.unjudged[flaw.reason] += 1
                signals.pop(key, None)
            for post in asked:
                if post.key in told.signals:
                    signals[post.key] = self._said_anew(post, signals.get(post.key), told.signals[post.key])
        return signals

    def _asks(self, kept: Kept, posts: Mapping[str, Post]) -> bool:
        before = kept.signal
        if before is None:
            return True
        if before.found_by == BY_A_PERSON:  # what a person said stands
            return False
        other = before.found_by != self.book.engine.found_by
        return other or self.scope.reclassify or posts[kept.post.key] is not kept.post

    def _items(self, posts: Sequence[Post]) -> list[Item]:
        parents = self.view.posts.many({post.in_reply_to for post in posts if post.in_reply_to})
        return items_of(posts, parents, self.book.config, said_to_us=lambda post: _asked_by(post) in ADDRESSED)

    def _said_anew(self, post: Post, before: Signal | None, now: Signal) -> Signal:
        """The signal, kept in mind for its author's score; the old one where only the judge's name is another."""
        if before is not None and says_the_same(now, before):
            return before
        self.tally.signals_changed += 1
        said = Said(post.key, post.published_at, now.intent, now.confidence, frozenset(now.subjects))
        counts = now.relevant and post.kind != "share"
        self._anew.setdefault(post.author.key, {})[post.key] = Anew(said, post.collected_at, counts)
        return now

    def _score(self, judged: Sequence[Judged]) -> None:
        """How likely people bought, as of when each batch was decided, together with all of its posts."""
        counts = counting(self.book.config.lead_scoring)
        groups: dict[datetime, list[Judged]] = defaultdict(list)
        for one in judged:
            groups[one.kept.decided_at or one.post.collected_at].append(one)
        for then, together in groups.items():
            asked = [
                (one.post, one.signal)
                for one in together
                if one.signal.intent in counts
                and not unwanted(one.signal)
                and not self._router.suppression(one.post, watch_started=one.started_at)
            ]
            scores = scores_of(Past(self.view, then, self._anew), asked, self.book.config) if asked else {}
            for one in together:
                one.leads = scores | self._as_handed_over(one)

    def _as_handed_over(self, one: Judged) -> dict[str, LeadScore]:
        """The score that a lead was handed over with, while what it was made of stands."""
        old = one.old.get("Lead")
        if old is None or old.lead is None:
            return {}
        same = old.lead.found_by.split()[0] == self._scoring and says_the_same(one.signal, old.signal)
        return {one.post.author.key: old.lead} if same else {}

    def _open(self, posts: Sequence[Post]) -> None:
        """Conversations that began before the period stand, whatever today's rules say."""
        for talk in self.view.archive.talks_before(self.scope.since, {post.author.key for post in posts}):
            self._bench.stands(talk)

    def _stand(self, handoffs: Sequence[Handoff]) -> None:
        for one in handoffs:
            self._comparer.keep(one.kind, one.key)
            if one.kind == "Case":
                self._bench.stands(Talk(key=one.key, team=one.team, last_at=one.post.published_at))

    def _route(self, one: Judged) -> None:
        alert = one.old.get("Alert")
        self._bench.really = one.old
        events = self._bench.events
        events.really = alert.key if alert else self._folded.get(one.post.key)
        events.at, events.silent = one.post.published_at, one.kept.standing.reason == "muted"
        self._bench.leads = one.leads
        one.routed = self._router.route(one.post, one.signal, watch_started=one.started_at, desk=self._bench)
        for kind in one.undecided:
            self.tally.unjudged["route_cannot_decide"] += 1
            if kind in one.old:
                self._stand([one.old.pop(kind)])
        if events.really and "Alert" in one.new and alert is None:  # part of another post's alert, as it was
            self._comparer.keep("Alert", events.really)
            one.routed = _without_alert(one.routed)

    def _started_at(self, post: Post) -> datetime:
        return self._watches.get(_watch_of(post), post.collected_at)


def _without_alert(routed: Routed) -> Routed:
    handoffs = tuple(one for one in routed.handoffs if one.kind != "Alert")
    return Routed(routed.post, handoffs, set_aside=routed.set_aside, undecided=routed.undecided)


def _obstacle(kept: Kept, dead: set[str], *, anew: bool) -> str | None:
    """Why a post cannot be judged."""
    if kept.gone or kept.post.key in dead or kept.post.author.key in dead:
        return "gone"
    if kept.standing == AS_CONTEXT:
        return "context"
    if kept.standing.state in ("pending", "quarantined"):
        return str(kept.standing.state)
    return "no_signal" if kept.signal is None and not anew else None


def _watch_of(post: Post) -> str:
    """The watch under which it was decided: the first that was no question of the hub's own."""
    asked = [key for key in post.seen_by if kind_of(key) not in CONTEXT_KINDS]
    return asked[0] if asked else ""


def _asked_by(post: Post) -> str:
    watch = _watch_of(post)
    return kind_of(watch) if watch else ""
