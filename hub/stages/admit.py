"""Admit: valid posts of one batch are classified, routed and written, in one transaction of the caller.

Shared by triage (a batch that landed) and replay (a record that was mended), so that both end in the same rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property

from hub.classify import Engine, Item, item_of
from hub.domain import CONTEXT_KINDS, Handoff, Manifest, Post, Signal
from hub.domain.config import Config
from hub.mapping import Mapping as RecordMapping
from hub.people.leads import counting
from hub.stages.classify import classify
from hub.stages.desk import Desk, fold_alerts, open_desk
from hub.stages.history import with_histories
from hub.stages.incidents import situation
from hub.stages.latecomers import read_before
from hub.stages.pasts import Pasts
from hub.stages.render import Outlet, Rendered, render
from hub.stages.route import Routed, Router, unwanted
from hub.stages.rules import Rule
from hub.stages.score import scores_of
from hub.stages.threads import with_threads
from hub.stages.validate import Flaw, Gate
from hub.stages.versions import SHORT, Versions, digest_of_config, digest_of_routes
from hub.store import Rejected, Standing, Store, Transaction, View

AS_CONTEXT = Standing("set_aside", "context")
CANNOT_DECIDE = "route_cannot_decide"
ADDRESSED = ("mention", "profile")  # kinds of watch that find what is said to us, named or not


@dataclass(frozen=True)
class Reading:
    """A network as triage sees it: its facts and its mapping, no connection."""

    manifest: Manifest
    mapping: RecordMapping


@dataclass(frozen=True)
class Rulebook:
    """Everything a run decides by; read once, the same for all its batches."""

    config: Config
    networks: Mapping[str, Reading]
    outlets: Sequence[Outlet]
    rules: Sequence[Rule]
    routes_version: str
    engine: Engine
    gate: Gate
    link_base: str
    text_seconds: float = 10.0  # the longest that the engine may take over one text

    @cached_property
    def versions(self) -> Versions:
        """By what is decided, as digests."""
        mappings = {reading.mapping.name: reading.mapping.source_digest for reading in self.networks.values()}
        mappings |= {one.manifest.name: one.mappings[0].source_digest for one in self.outlets if one.mappings}
        return Versions(
            config=digest_of_config(self.config),
            routes=digest_of_routes(self.routes_version, [rule.route for rule in self.rules]),
            mappings={name: digest[:SHORT] for name, digest in sorted(mappings.items())},
            classifier=self.engine.found_by,
        )


@dataclass(frozen=True)
class Found:
    """Where posts were found: the batch they landed in, and what its watch asks."""

    batch: str
    kind: str  # of the watch
    started_at: datetime  # of the watch: older posts are history

    @property
    def as_context(self) -> bool:
        """Whether the hub itself asked for them: then they are nobody's work."""
        return self.kind in CONTEXT_KINDS


@dataclass(frozen=True)
class Considered:
    """Posts in the order they were written, and what was found in those that seem new."""

    posts: tuple[Post, ...]
    signals: dict[str, Signal]
    flaws: dict[str, Flaw]  # of posts that are not among them, by key: nobody knows what they say


@dataclass(frozen=True)
class Admitted:
    """What was written."""

    routed: tuple[Routed, ...]
    handoffs: tuple[Handoff, ...]
    quarantined: frozenset[str]  # keys of posts of which a rule or a mapping could not make what they should become
    known: int
    promoted: int  # known as context until a watch found them; among the routed
    dead: int  # dropped, since they or their authors were erased


def consider(posts: Sequence[Post], found: Found, book: Rulebook, store: Store) -> Considered:
    """The slow part, outside any transaction: threads, and the classifier over what is not known yet."""
    ordered = sorted(posts, key=lambda post: post.published_at)
    with store.read() as view:
        ordered = with_threads(ordered, view)
        fresh = unknown(ordered, settled(view, view.posts.known([post.key for post in ordered]), found))
        parents = view.posts.many({post.in_reply_to for post in fresh if post.in_reply_to})
    items = items_of(fresh, parents, book.config, said_to_us=lambda post: found.kind in ADDRESSED)
    told = classify(book.engine, items, seconds=book.text_seconds)
    return Considered(tuple(post for post in ordered if post.key not in told.flaws), told.signals, told.flaws)


def items_of(
    posts: Sequence[Post], parents: Mapping[str, Post], config: Config, *, said_to_us: Callable[[Post], bool]
) -> list[Item]:
    """What the classifier is given of posts; `parents` are those that we hold and that are not among them."""
    texts = {post.key: post.text for post in (*parents.values(), *posts)}
    own = {name.lower().removeprefix("@") for names in config.own_accounts.values() for name in names}
    return [
        item_of(
            post,
            parent=texts.get(post.in_reply_to or ""),
            addressed=said_to_us(post)
            or (bool(own) and any(name.lower().removeprefix("@") in own for name in post.mentions)),
        )
        for post in posts
    ]


def admit(tx: Transaction, considered: Considered, found: Found, book: Rulebook, *, run: str) -> Admitted:
    """Write posts, signals, handoffs and delivery intents; only posts that are new become work."""
    posts, signals = considered.posts, considered.signals
    dead = tx.tombstones.dead({post.key for post in posts} | {post.author.key for post in posts})
    alive = [post for post in posts if post.key not in dead and post.author.key not in dead] if dead else list(posts)
    known = tx.posts.known([post.key for post in alive])
    fresh = [post for post in unknown(alive, settled(tx, known, found)) if post.key in signals]
    pasts = Pasts(tx, book.config.lead_scoring)
    routed = _route(tx, fresh, signals, found, book, run, pasts)
    folded = fold_alerts([handoff for one in routed for handoff in one.handoffs])
    handoffs = with_histories(tx, folded, fresh, signals, pasts=pasts)
    rendered = [
        (handoff, render(handoff, book.outlets, book.config, incident=situation(tx, handoff, handoffs)))
        for handoff in handoffs
    ]
    unfinished = unfinished_of(routed, rendered, found, run)
    quarantined = frozenset(unfinished)
    standings = {one.post.key: standing_of(one, unfinished) for one in routed}
    saved = tx.posts.save(alive, batch=found.batch, standings=standings, known=known)
    promoted = {key: standing for key, standing in standings.items() if key in saved.known or key not in signals}
    tx.posts.mark(promoted)
    held = tx.posts.many([post.key for post in fresh if post.key in saved.known])
    tx.signals.save([(held.get(post.key, post), signals[post.key]) for post in fresh], new=saved.new)
    tx.handoffs.save(handoffs)
    tx.outbox.intend([draft for _, made in rendered for draft in made.drafts])
    tx.quarantine.add_all(list(unfinished.values()))
    dropped, repeated = len(posts) - len(alive), len(saved.known) + saved.repeats
    return Admitted(tuple(routed), tuple(handoffs), quarantined, repeated, len(promoted), dropped)


def unfinished_of(
    routed: Sequence[Routed], rendered: Sequence[tuple[Handoff, Rendered]], found: Found, run: str
) -> dict[str, Rejected]:
    """The posts, by key, whose work waits until a rule or a mapping is mended; what could be made of them is sent.

    One that lacks both waits at the earlier stage: from there on it goes through all of them.
    """
    unfinished = {}
    for handoff, made in rendered:
        if made.problems:
            problem = made.problems[0]
            unfinished[handoff.post.key] = _rejected("render", problem.reason, str(problem), handoff.post, found, run)
    for one in routed:
        if one.undecided:
            why = next(iter(one.undecided.values()))
            rejected = _rejected("route", CANNOT_DECIDE, why, one.post, found, run)
            unfinished[one.post.key] = rejected.with_(record={"undecided": sorted(one.undecided)})
    return unfinished


def _rejected(stage: str, reason: str, detail: str, post: Post, found: Found, run: str) -> Rejected:
    return Rejected(
        stage=stage, reason=reason, detail=detail, network=post.network, post=post.key, batch=found.batch or None,
        run=run,
    )  # fmt: skip


def settled(view: View, known: set[str], found: Found) -> set[str]:
    """Keys of those known posts that stay what they are.

    A post that was fetched only because others answer it is work like any other once a watch finds it.
    """
    if not known or found.as_context:
        return known
    standings = view.posts.standings(known)
    return {key for key in known if standings[key] != AS_CONTEXT}


def unknown(posts: Sequence[Post], known: set[str]) -> list[Post]:
    """The first of each key that is not known."""
    first: dict[str, Post] = {}
    for post in posts:
        if post.key not in known:
            first.setdefault(post.key, post)
    return list(first.values())


def router_of(book: Rulebook, run: str) -> Router:
    """What decides, by the rules of this run."""
    return Router(
        book.config,
        book.rules,
        version=book.routes_version,
        purposes={name: reading.manifest.policy.purposes for name, reading in book.networks.items()},
        run=run,
        link_base=book.link_base,
        readings={name: reading.mapping.label for name, reading in book.networks.items()},
        decides_by=book.versions.rules,
        taken_somewhere={kind for outlet in book.outlets for kind in outlet.manifest.handoffs},
    )


def _route(
    tx: Transaction,
    posts: Sequence[Post],
    signals: Mapping[str, Signal],
    found: Found,
    book: Rulebook,
    run: str,
    pasts: Pasts,
) -> list[Routed]:
    if not posts:
        return []
    if found.as_context:
        return [Routed(post, set_aside=AS_CONTEXT.reason) for post in posts]
    router = router_of(book, run)
    desk = desk_of(tx, posts, signals, book, router, watch_started=found.started_at, pasts=pasts)
    routed = [router.route(post, signals[post.key], watch_started=found.started_at, desk=desk) for post in posts]
    return routed + read_before(tx, routed, router, desk)


def desk_of(
    tx: Transaction, posts: Sequence[Post], signals: Mapping[str, Signal], book: Rulebook, router: Router, *,
    watch_started: datetime, pasts: Pasts | None = None,
) -> Desk:  # fmt: skip
    """What is on people's desks already, as far as it concerns these posts, and how likely their authors buy."""
    pasts = pasts or Pasts(tx, book.config.lead_scoring)
    pasts.cases({post.author.key for post in posts})  # of all at once: scores ask for some of them
    counts = counting(book.config.lead_scoring)
    asked = [
        (post, signal)
        for post in posts
        if (signal := signals[post.key]).intent in counts
        and not unwanted(signal)
        and not router.suppression(post, watch_started=watch_started)
    ]
    return open_desk(
        tx, posts, triage=book.config.triage, leads=scores_of(tx, asked, book.config, pasts=pasts),
        lifespans=book.config.conversations, subjects=book.config.subjects, pasts=pasts,
    )  # fmt: skip


def standing_of(routed: Routed, unfinished: Mapping[str, Rejected]) -> Standing:
    """Where a post stands once it is routed, and what could be said of it is on its way."""
    if routed.post.key in unfinished:
        return Standing("quarantined", unfinished[routed.post.key].stage)
    return _standing("set_aside", routed.set_aside) if routed.set_aside else _standing("handed_off", None)


_standing = cache(Standing)  # there are a dozen reasons, and thousands of posts
