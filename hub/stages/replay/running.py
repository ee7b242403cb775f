"""The way back: each item to the stage it left, in a transaction of its own. Of a preview, which is the same, nothing
stays."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, get_args

from hub.domain import Handoff, HandoffKind, kind_of
from hub.errors import RecordError
from hub.stages.admit import (
    CANNOT_DECIDE,
    Admitted,
    Found,
    Rulebook,
    admit,
    consider,
    desk_of,
    router_of,
    standing_of,
    unfinished_of,
)  # fmt: skip
from hub.stages.history import with_histories
from hub.stages.incidents import as_it_stands
from hub.stages.latecomers import read_before
from hub.stages.opened import held
from hub.stages.posts import PostMaker
from hub.stages.render import Rendered, render
from hub.stages.replay.fates import Fate, Planned, Replayed
from hub.stages.route import Routed
from hub.stages.triage import bury
from hub.stages.validate import BadRecord, Flaw, Sorted, bad_of, flaws_of, sort_records, sound
from hub.store import Draft, HandedOff, Item, OutboxRow, Standing, Store, Transaction

KINDS: frozenset[HandoffKind] = frozenset(get_args(HandoffKind))
AT_A_TIME = 2_000  # records that meet the batch gate together; so many items are held in memory
REPAIRED = "repaired"  # the flag of a post whose record a person changed
Told = Callable[[Fate], None]


def run(
    book: Rulebook,
    ids: Sequence[int],
    *,
    store: Store,
    run: str,
    dry_run: bool = False,
    told: Told = lambda fate: None,
) -> Replayed:
    """Send these open items back; with `dry_run` nothing stays of it. `told` hears what came of each."""
    done = Replayed()

    def tell(fate: Fate) -> None:
        done.count(fate)
        told(fate)

    replay = _Replay(book, store, run, tell, dry_run=dry_run)
    for some in _by(AT_A_TIME, ids):
        with store.read() as view:
            items = [item for item in view.quarantine.get(some) if item.state == "open"]
        done.items += len(items)
        replay.all(items)
    return done


def foresee(book: Rulebook, item: Item, *, store: Store, run: str = "preview") -> Fate:
    """What would come of this item now, as it is handed in: nothing is written, here or anywhere."""
    fates: list[Fate] = []
    _Replay(book, store, run, fates.append, dry_run=True).all([item])
    return fates[0]


class _Replay:
    """One run over open items."""

    def __init__(self, book: Rulebook, store: Store, run: str, tell: Told, *, dry_run: bool) -> None:
        self._book, self._store, self._run, self._tell = book, store, run, tell
        self._begin = store.rehearse if dry_run else store.begin

    def all(self, items: Sequence[Item]) -> None:
        """Records first: they meet the batch gate together. Then the rest, in the order in which it came."""
        self._records([item for item in items if item.kind == "record"])
        for item in items:
            if item.kind != "record":
                with self._begin() as tx:
                    if tx.quarantine.release([item.id]):  # unless another replay was quicker
                        fate = self._post(tx, item) if item.kind == "post" else self._delivery(tx, item)
                    else:
                        fate = _another_was_quicker(item)
                self._tell(fate)

    def _records(self, items: Sequence[Item]) -> None:
        mapped = []
        for item in items:
            found = _mapped(self._book, item)
            if isinstance(found, Fate):
                self._tell(found)
            else:
                mapped.append((item, found))
        verdict = self._book.gate([post for _, found in mapped for post, _ in found.posts], self._store.now())
        if verdict.state == "held":
            raise held(verdict)
        flaws = flaws_of(verdict)
        for item, found in mapped:
            self._tell(self._record(item, found, flaws))

    def _record(self, item: Item, found: Sorted, flaws: Mapping[str, Flaw]) -> Fate:
        """The record's post takes the way of all posts, under the batch it came with."""
        place = _found(item, self._store)
        posts = sound(found, flaws)
        if item.repaired is not None:
            posts = [post.with_(flags=(*post.flags, REPAIRED)) for post in posts]
        considered = consider(posts, place, self._book, self._store)
        bad = bad_of(found, {**flaws, **considered.flaws}, partial(_records, item))
        with self._begin() as tx:
            if not tx.quarantine.release([item.id]):
                return _another_was_quicker(item)
            if bad:
                return self._back(tx, item, bad[0])
            bury(tx, found.gone)
            admitted = admit(tx, considered, place, self._book, run=self._run)
            tx.quarantine.resolve([item.id], "valid" if admitted.routed else "known" if admitted.known else "skipped")
            rows = tx.outbox.of([handoff.id for handoff in admitted.handoffs])
            signals = tuple(considered.signals.values())
            return _admitted(item, admitted).with_(
                signal=signals[0] if signals else None,
                deliveries=tuple(Planned.of(row, tx) for row in rows if row.state == "pending"),
            )

    def _post(self, tx: Transaction, item: Item) -> Fate:
        """What was decided of a post stays so; what of its work was never made or sent is, by today's rules."""
        if item.post is None or tx.posts.gone([item.post]):
            tx.posts.mark({item.post: Standing("set_aside", "gone")} if item.post else {})
            return _resolved(tx, item, "gone", "The post is gone, at its origin or by retention: nothing is sent.")
        routed, joining = self._decided_anew(tx, item, item.post) if item.stage == "route" else (None, ())
        tx.handoffs.save(with_histories(tx, routed.handoffs) if routed else ())
        handed = tx.handoffs.recent(limit=1_000, post=item.post)
        drafts, problems = self._missing(tx, handed)
        problems += [RecordError(why, reason=CANNOT_DECIDE) for why in (routed.undecided.values() if routed else ())]
        tx.outbox.intend(drafts)
        made = _waiting(tx, drafts) + self._join(tx, item, joining)
        facts = {"post": tx.posts.get(item.post), "handoffs": tuple(one.handoff for one in handed)}
        if problems:
            return self._back(tx, item, problems[0]).with_(deliveries=made, **facts)
        set_aside = routed.set_aside if routed and not handed else None
        tx.posts.mark({item.post: Standing("set_aside", set_aside) if set_aside else Standing("handed_off")})
        fate = _resolved(tx, item, "set_aside" if set_aside else "sent")
        return fate.with_(reason=set_aside or "", deliveries=made, **facts)

    def _join(self, tx: Transaction, item: Item, joining: Sequence[Routed]) -> tuple[Planned, ...]:
        """What was read before its conversation began is part of the case now; what cannot be said of it waits."""
        rendered = [(handoff, self._said(tx, handoff)) for one in joining for handoff in one.handoffs]
        tx.handoffs.save([handoff for handoff, _ in rendered])
        drafts = [draft for _, made in rendered for draft in made.drafts]
        tx.outbox.intend(drafts)
        unfinished = unfinished_of(joining, rendered, Found(item.batch or "", "", item.since), self._run)
        tx.quarantine.add_all(list(unfinished.values()))
        tx.posts.mark({one.post.key: standing_of(one, unfinished) for one in joining})
        return _waiting(tx, drafts)

    def _decided_anew(self, tx: Transaction, item: Item, key: str) -> tuple[Routed | None, Sequence[Routed]]:
        """What the rules say now on the kinds of work that they could not decide on; None where none is left to ask.

        With what joins a conversation that begins so.
        """
        post, signal = tx.posts.get(key), tx.signals.of([key]).get(key)
        if post is None or signal is None:
            return None, ()
        if tx.tombstones.dead([post.key, post.author.key]):
            return Routed(post, set_aside="gone"), ()
        already = KINDS.difference((item.record or {}).get("undecided", KINDS)) | {
            one.handoff.kind for one in tx.handoffs.recent(post=key)
        }
        batch = tx.batches.get(item.batch) if item.batch else None
        watch = tx.watches.get(batch.batch.watch) if batch else None
        started_at = watch.started_at if watch else item.since
        router = router_of(self._book, self._run)
        desk = desk_of(tx, [post], {key: signal}, self._book, router, watch_started=started_at)
        routed = router.route(post, signal, watch_started=started_at, desk=desk, already=already)
        return routed, read_before(tx, [routed], router, desk)

    def _missing(self, tx: Transaction, handed: Sequence[HandedOff]) -> tuple[list[Draft], list[RecordError]]:
        """What was never sent of the work that a post became, and what of it still cannot be said."""
        drafts: list[Draft] = []
        problems: list[RecordError] = []
        for one in handed:
            there = {(row.destination, row.object, row.external_id) for row in one.deliveries}
            rendered = self._said(tx, one.handoff)
            new = [draft for draft in rendered.drafts if draft.identity not in there]
            drafts += [draft for draft in new if not _outdated(tx, draft, one.handoff)]
            problems += rendered.problems
        return drafts, problems

    def _said(self, tx: Transaction, handoff: Handoff) -> Rendered:
        """What today's mappings make of it; an incident's message tells how the incident stands now."""
        return render(handoff, self._book.outlets, self._book.config, incident=as_it_stands(tx, handoff))

    def _delivery(self, tx: Transaction, item: Item) -> Fate:
        """A delivery goes as a new version if today's mapping says it otherwise, else once more as it is."""
        row = tx.outbox.get(item.delivery) if item.delivery is not None else None
        if row is None or row.state != "dead":
            return _resolved(tx, item, "gone", "Its post is gone, or it was settled meanwhile: nothing is sent.")
        handoff = tx.handoffs.get(row.handoff)
        rendered = self._said(tx, handoff) if handoff else Rendered()
        again = [draft for draft in rendered.drafts if draft.identity == (row.destination, row.object, row.external_id)]
        if handoff and any(_outdated(tx, draft, handoff) for draft in again):
            return _resolved(tx, item, "outdated", "Newer words of the same author have taken its place.")
        facts = {"post": handoff.post, "handoffs": (handoff,)} if handoff else {}
        if rendered.problems and not again:
            return self._back(tx, item, rendered.problems[0]).with_(**facts)
        if tx.outbox.intend(again).new:
            made = _waiting(tx, again)
        else:
            tx.outbox.revive([row.id])
            made = (Planned.of(row, tx, again=True),)
        return _resolved(tx, item, "sent").with_(deliveries=made, **facts)

    def _back(self, tx: Transaction, item: Item, bad: BadRecord | RecordError) -> Fate:
        """A released item returns to quarantine, one try older, with today's reason."""
        detail = bad.detail if isinstance(bad, BadRecord) else str(bad)
        tx.quarantine.add(
            stage=item.stage, reason=bad.reason, detail=detail, record=item.record, network=item.network,
            watch=item.watch, batch=item.batch, run=self._run, post=item.post, delivery=item.delivery,
        )  # fmt: skip
        return Fate(item=item.id, end="stays", reason=bad.reason, detail=detail)


def _mapped(book: Rulebook, item: Item) -> Sorted | Fate:
    """The record with today's mapping, or why there is nothing to map."""
    reading, record = book.networks.get(item.network), item.latest
    if reading is None or record is None:
        why = f"There is no connector {item.network!r} now; put it back." if record else "There is no record to map."
        return Fate(item=item.id, end="stays", reason=item.reason, detail=why)
    maker = PostMaker(
        network=item.network, record_type=reading.mapping.reads, watch=item.watch or "", collected_at=item.since
    )
    return sort_records([record], reading.mapping, maker)


def _found(item: Item, store: Store) -> Found:
    """The batch that the record came with, and what its watch asks."""
    with store.read() as view:
        watch = view.watches.get(item.watch) if item.watch else None
    kind = kind_of(item.watch) if item.watch else ""
    return Found(item.batch or "", kind, watch.started_at if watch else item.since)


def _admitted(item: Item, admitted: Admitted) -> Fate:
    if not admitted.routed:
        return Fate(item=item.id, end="known" if admitted.known else "skipped")
    one, *_ = admitted.routed  # what was read before its conversation began comes after it
    if one.post.key in admitted.quarantined:
        why = "Its post goes to quarantine: a rule or a destination's mapping cannot make all of it."
        return Fate(item=item.id, end="unsayable", detail=why, post=one.post, handoffs=admitted.handoffs)
    end, reason = ("set_aside", one.set_aside) if one.set_aside else ("handed_off", "")
    return Fate(item=item.id, end=end, reason=reason, post=one.post, handoffs=admitted.handoffs)  # type: ignore[arg-type]


def _resolved(tx: Transaction, item: Item, end: Any, detail: str = "") -> Fate:
    tx.quarantine.resolve([item.id], "valid")
    return Fate(item=item.id, end=end, detail=detail)


def _another_was_quicker(item: Item) -> Fate:
    return Fate(item=item.id, end="outdated", detail="It is not open any more: somebody else took care of it.")


def _outdated(tx: Transaction, draft: Draft, handoff: Handoff) -> bool:
    """Whether a later post has made a version of this object since, which older words must not replace."""
    for row in tx.outbox.recent(50, destination=draft.destination, external_id=draft.external_id):
        if row.object != draft.object or row.state in ("cancelled", "superseded"):
            continue
        later = tx.handoffs.get(row.handoff) if row.handoff != draft.handoff else None
        return later is not None and later.post.published_at > handoff.post.published_at
    return False


def _waiting(tx: Transaction, drafts: Sequence[Draft]) -> tuple[Planned, ...]:
    """What these drafts became, where they said something new."""
    made: list[OutboxRow] = []
    for draft in drafts:
        rows = tx.outbox.recent(50, destination=draft.destination, state="pending", external_id=draft.external_id)
        made += [row for row in rows if row.object == draft.object and row.digest == draft.digest][:1]
    return tuple(Planned.of(row, tx) for row in made)


def _records(item: Item) -> list[dict[str, Any]]:
    return [] if item.latest is None else [item.latest]


def _by(size: int, ids: Iterable[int]) -> Iterator[list[int]]:
    left = iter(ids)
    while some := list(islice(left, size)):
        yield some
