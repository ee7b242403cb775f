"""Replay: quarantined items go back to the stage they left, with today's mappings and rules.

A record is mapped and checked again; a delivery is rendered again and sent as a new version if its body
changed, or tried again as it is. What still cannot go on returns to quarantine with one more try
counted. Replaying everything when nothing has changed writes nothing at any destination.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.domain import Post
from hub.stages import triage
from hub.stages.admit import Found, Rulebook, admit, consider
from hub.stages.posts import PostMaker
from hub.stages.render import drafts
from hub.stages.validate import BadRecord, sort_records
from hub.store import Item, Store


@dataclass
class Replayed:
    """What came of the items."""

    items: int = 0
    released: int = 0
    still: int = 0
    deliveries: int = 0


def choose(store: Store, *, ids: Sequence[int] = (), stage: str | None = None, reason: str | None = None) -> list[Item]:
    """The open items that these filters name; all of them without any."""
    with store.read() as view:
        if ids:
            return [item for item in view.quarantine.get(list(ids)) if item.state == "open"]
        return list(view.quarantine.listing(limit=10_000, stage=stage, reason=reason, state="open"))


def run(book: Rulebook, items: Sequence[Item], *, store: Store, run: str, dry_run: bool = False) -> Replayed:
    """Send these items back; with `dry_run` only say what would come of them."""
    done = Replayed(items=len(items))
    for item in items:
        if item.kind == "delivery":
            _redeliver(book, item, store, done, dry_run=dry_run)
        else:
            _remap(book, item, store, run, done, dry_run=dry_run)
    return done


def _remap(book: Rulebook, item: Item, store: Store, run: str, done: Replayed, *, dry_run: bool) -> None:
    reading = book.networks.get(item.network)
    if reading is None or item.record is None:
        done.still += 1
        return
    maker = PostMaker(
        network=item.network,
        record_type=reading.mapping.reads,
        watch=item.watch or "",
        collected_at=item.since,
    )
    found = sort_records([item.record], reading.mapping, maker)
    good, bad = triage.apart(found, book.gate([post for post, _ in found.posts], store.now()))
    if bad:
        done.still += 1
    else:
        done.released += 1
    if not dry_run:
        _return(item, bad[0], store, run) if bad else _readmit(item, [post for post, _ in good], book, store, run)


def _readmit(item: Item, posts: Sequence[Post], book: Rulebook, store: Store, run: str) -> None:
    """The record's post takes the way of all posts, under the batch it came with."""
    with store.read() as view:
        watch = view.watches.get(item.watch) if item.watch else None
    found = Found(item.batch or "", watch.kind if watch else "", watch.started_at if watch else item.since)
    considered = consider(posts, found, book, store)
    with store.begin() as tx:
        admitted = admit(tx, considered, found, book, run=run)
        tx.quarantine.release([item.id])
        tx.quarantine.resolve([item.id], "valid" if admitted.routed else "known" if admitted.known else "skipped")


def _return(item: Item, bad: BadRecord, store: Store, run: str) -> None:
    """Back into quarantine, one try older, with today's reason."""
    with store.begin() as tx:
        tx.quarantine.release([item.id])
        tx.quarantine.add(
            stage=item.stage, reason=bad.reason, detail=bad.detail, record=item.record,
            network=item.network, watch=item.watch, batch=item.batch, run=run,
        )  # fmt: skip


def _redeliver(book: Rulebook, item: Item, store: Store, done: Replayed, *, dry_run: bool) -> None:
    with store.read() as view:
        row = view.outbox.get(item.delivery) if item.delivery is not None else None
        handoff = view.handoffs.get(row.handoff) if row else None
    if row is None:
        done.still += 1
        return
    done.released += 1
    done.deliveries += 1
    if dry_run:
        return
    same = (row.destination, row.object, row.external_id)
    again = [
        draft
        for draft in (drafts(handoff, book.outlets, book.config) if handoff else ())
        if (draft.destination, draft.object, draft.external_id) == same
    ]
    with store.begin() as tx:
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
