"""Replay: quarantined items go back to the stage they left, with today's mappings and rules.

A record is mapped, checked and classified again. A post on which a rule could not decide is routed again, one
whose work a mapping could not say is rendered again, and what was missing is sent. A delivery is rendered again
and sent as a new version if its body changed, or tried again as it is. What still cannot go on stays in
quarantine with one more try counted. Replaying everything when nothing has changed writes nothing at any
destination.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from hub.domain import HandoffKind, kind_of
from hub.errors import RecordError, SetupError
from hub.stages.admit import CANNOT_DECIDE, Admitted, Found, Rulebook, admit, consider, desk_of, router_of
from hub.stages.opened import held
from hub.stages.posts import PostMaker
from hub.stages.render import Rendered, render
from hub.stages.route import Routed
from hub.stages.validate import BadRecord, Sorted, bad_of, flaws_of, sort_records, sound
from hub.store import Draft, Item, Standing, Store, Transaction

KINDS: frozenset[HandoffKind] = frozenset(get_args(HandoffKind))
AT_A_TIME = 2_000  # records that meet the batch gate together


@dataclass
class Replayed:
    """What came of the items."""

    items: int = 0
    released: int = 0
    still: int = 0
    deliveries: int = 0

    def count(self, *, released: bool, deliveries: int = 0) -> None:
        """Count one item."""
        self.released += released
        self.still += not released
        self.deliveries += deliveries


def choose(store: Store, *, ids: Sequence[int] = (), stage: str | None = None, reason: str | None = None) -> list[Item]:
    """The open items that these filters name; all of them without any. A number that is not open is a SetupError."""
    with store.read() as view:
        if not ids:
            return list(view.quarantine.listing(limit=10_000, stage=stage, reason=reason, state="open"))
        items = [item for item in view.quarantine.get(list(ids)) if item.state == "open"]
    if missing := sorted({*ids} - {item.id for item in items}):
        numbers = ", ".join(map(str, missing))
        raise SetupError(f"The quarantine has no open item {numbers}; `hub quarantine` lists those there are.")
    return items


def run(book: Rulebook, items: Sequence[Item], *, store: Store, run: str, dry_run: bool = False) -> Replayed:
    """Send these items back; with `dry_run` only say what would come of them."""
    done = Replayed(items=len(items))
    records = [item for item in items if item.kind == "record"]
    for start in range(0, len(records), AT_A_TIME):
        _remap(book, records[start : start + AT_A_TIME], store, run, done, dry_run=dry_run)
    for item in items:
        if item.kind == "post":
            _rework(book, item, store, run, done, dry_run=dry_run)
        elif item.kind == "delivery":
            _redeliver(book, item, store, run, done, dry_run=dry_run)
    return done


def _remap(book: Rulebook, items: Sequence[Item], store: Store, run: str, done: Replayed, *, dry_run: bool) -> None:
    """Records meet both gates anew, the second one together; each is then written by itself."""
    mapped = [(item, found) for item in items if (found := _mapped(book, item))]
    done.still += len(items) - len(mapped)
    verdict = book.gate([post for _, found in mapped for post, _ in found.posts], store.now())
    if verdict.state == "held":
        raise held(verdict)
    for item, found in mapped:
        flaws = flaws_of(verdict)
        where = _found(item, store)
        considered = consider(sound(found, flaws), where, book, store)
        bad = bad_of(found, flaws | considered.flaws, partial(_records, item))
        done.count(released=not bad)
        if dry_run:
            continue
        with store.begin() as tx:
            if bad:
                _return(tx, item, bad[0], run)
            else:
                _readmit(tx, item, admit(tx, considered, where, book, run=run))


def _records(item: Item) -> list[dict[str, Any]]:
    return [] if item.record is None else [item.record]


def _mapped(book: Rulebook, item: Item) -> Sorted | None:
    """The record with today's mapping; None where its network has no connector any more."""
    reading = book.networks.get(item.network)
    if reading is None or item.record is None:
        return None
    maker = PostMaker(
        network=item.network, record_type=reading.mapping.reads, watch=item.watch or "", collected_at=item.since
    )
    return sort_records([item.record], reading.mapping, maker)


def _found(item: Item, store: Store) -> Found:
    """The batch that the record came with, and what its watch asks."""
    with store.read() as view:
        watch = view.watches.get(item.watch) if item.watch else None
    kind = kind_of(item.watch) if item.watch else ""
    return Found(item.batch or "", kind, watch.started_at if watch else item.since)


def _readmit(tx: Transaction, item: Item, admitted: Admitted) -> None:
    """The record's post has taken the way of all posts, under the batch it came with."""
    tx.quarantine.release([item.id])
    tx.quarantine.resolve([item.id], "valid" if admitted.routed else "known" if admitted.known else "skipped")


def _return(tx: Transaction, item: Item, bad: BadRecord | RecordError, run: str) -> None:
    """Back into quarantine, one try older, with today's reason."""
    tx.quarantine.release([item.id])
    tx.quarantine.add(
        stage=item.stage, reason=bad.reason, detail=bad.detail if isinstance(bad, BadRecord) else str(bad),
        record=item.record, network=item.network, watch=item.watch, batch=item.batch, run=run,
        post=item.post, delivery=item.delivery,
    )  # fmt: skip


class _Rehearsed(Exception):
    """Takes back what a dry run has written."""


def _rework(book: Rulebook, item: Item, store: Store, run: str, done: Replayed, *, dry_run: bool) -> None:
    """What was decided of a post stays so; what of its work was never made or sent is, by today's rules."""
    if item.post is None:
        return
    with suppress(_Rehearsed), store.begin() as tx:
        routed = _decided_anew(tx, item, item.post, book, run) if item.stage == "route" else None
        tx.handoffs.save(routed.handoffs if routed else ())
        drafts, problems = _missing(tx, item.post, book)
        problems += [RecordError(why, reason=CANNOT_DECIDE) for why in (routed.undecided.values() if routed else ())]
        done.count(released=not problems, deliveries=len(drafts))
        if dry_run:
            raise _Rehearsed
        tx.outbox.intend(drafts)
        if problems:
            _return(tx, item, problems[0], run)
            return
        set_aside = routed.set_aside if routed and not tx.handoffs.recent(1, post=item.post) else None
        tx.posts.mark({item.post: Standing("set_aside", set_aside) if set_aside else Standing("handed_off")})
        tx.quarantine.release([item.id])
        tx.quarantine.resolve([item.id], "valid")


def _decided_anew(tx: Transaction, item: Item, key: str, book: Rulebook, run: str) -> Routed | None:
    """What the rules say now on the kinds of work that they could not decide on; None where nothing is left to ask."""
    post, signal = tx.posts.get(key), tx.signals.of([key]).get(key)
    if post is None or signal is None:
        return None
    if tx.tombstones.dead([post.key, post.author.key]):
        return Routed(post, set_aside="gone")
    already = KINDS.difference((item.record or {}).get("undecided", KINDS)) | {
        one.handoff.kind for one in tx.handoffs.recent(post=key)
    }
    batch = tx.batches.get(item.batch) if item.batch else None
    watch = tx.watches.get(batch.batch.watch) if batch else None
    started_at = watch.started_at if watch else item.since
    router = router_of(book, run)
    desk = desk_of(tx, [post], {key: signal}, book, router, watch_started=started_at)
    return router.route(post, signal, watch_started=started_at, desk=desk, already=already)


def _missing(tx: Transaction, key: str, book: Rulebook) -> tuple[list[Draft], list[RecordError]]:
    """What was never sent of the work that a post became, and what of it still cannot be said."""
    drafts, problems = [], []
    for one in tx.handoffs.recent(post=key):
        there = {(row.destination, row.object, row.external_id) for row in one.deliveries}
        rendered = render(one.handoff, book.outlets, book.config)
        drafts += [draft for draft in rendered.drafts if draft.identity not in there]
        problems += rendered.problems
    return drafts, problems


def _redeliver(book: Rulebook, item: Item, store: Store, run: str, done: Replayed, *, dry_run: bool) -> None:
    """A delivery goes as a new version if today's mapping says it otherwise, else once more as it is."""
    with store.read() as view:
        row = view.outbox.get(item.delivery) if item.delivery is not None else None
        handoff = view.handoffs.get(row.handoff) if row else None
    if row is None:
        done.count(released=False)
        return
    rendered = render(handoff, book.outlets, book.config) if handoff else Rendered()
    same = (row.destination, row.object, row.external_id)
    again = [draft for draft in rendered.drafts if draft.identity == same]
    lost = rendered.problems[0] if rendered.problems and not again else None
    done.count(released=lost is None, deliveries=lost is None)
    if dry_run:
        return
    with store.begin() as tx:
        if lost:
            _return(tx, item, lost, run)
            return
        if tx.outbox.intend(again).new == 0:
            tx.outbox.revive([row.id])
        tx.quarantine.release([item.id])
        tx.quarantine.resolve([item.id], "valid")


def summary(done: Replayed) -> dict[str, int]:
    """The counts, for people and programs."""
    return {
        "items": done.items,
        "released": done.released,
        "still quarantined": done.still,
        "deliveries": done.deliveries,
    }
