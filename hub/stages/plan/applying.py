"""Applying: exactly what a plan said, in one writing transaction, or nothing.

The plan is worked out again and must come out the same, digest for digest; what it was made against is looked at once
more in the transaction that writes. Sending is the outbox's business, as it always is: so it happens once.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import msgspec

from hub.errors import SetupError
from hub.stages.admit import Rulebook
from hub.stages.plan.changes import Counts, Plan, Tally, Work
from hub.stages.plan.judging import Judge
from hub.stages.plan.rereading import Rereader
from hub.stages.reasons import one_line
from hub.store import Landing, Standing, Store, Transaction, faultpoint

GOOD_FOR = timedelta(hours=24)  # an older plan would make work of what nobody waits for any more
AT_A_TIME = 500
AGAIN = "run `hub plan` again and look at what it says now."
HANDED_OFF = Standing("handed_off")
_encode = msgspec.json.Encoder().encode
_work = msgspec.json.Decoder(Work).decode


def apply(
    plan: Plan, book: Rulebook, *, store: Store, landing: Landing, folder: Path, who: str, why: str = ""
) -> dict[str, int]:
    """Do what the plan says; returns counts. A plan that is not true any more is a SetupError, and nothing is done."""
    check(plan, book, store)
    said_why = one_line(why)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder) as spool:  # has no name: what people wrote in it is gone with the process
        with store.read() as view:
            rereader = Rereader(plan.scope.remap, book.networks, view, landing) if plan.scope.remap else None
            judge = Judge(book, plan.scope, view, rereader=rereader)
            for _, work in judge.found():
                if work is not None:
                    spool.write(_encode(work) + b"\n")
        if judge.tally.digest != plan.digest:
            raise SetupError(f"Posts, work or corrections have changed since this plan was made: {AGAIN}")
        faultpoint("apply.decided")
        with store.begin() as tx:
            return _write(tx, spool, plan, judge.tally, who, said_why)


def check(plan: Plan, book: Rulebook, store: Store) -> None:
    """Refuse a plan that is too old, was applied already, or was made by other rules than those in force."""
    if changed := plan.versions.differences(book.versions):
        raise SetupError(
            f"The plan was made with other rules than those in force ({', '.join(changed)}): put the planned ones in "
            f"place, or {AGAIN}"
        )
    if store.now() - plan.scope.as_of > GOOD_FOR:
        raise SetupError(f"The plan is older than {GOOD_FOR.days * 24} hours: {AGAIN}")
    with store.read() as view:
        run = view.runs.get(plan.scope.run)
    if run is not None:
        raise SetupError(f"This plan was applied on {run.started_at:%Y-%m-%d %H:%M} UTC; {AGAIN}")


def _write(tx: Transaction, spool: IO[bytes], plan: Plan, tally: Tally, who: str, why: str) -> dict[str, int]:
    for some in _read(spool):
        _check_still(tx, some)
    done = {"handoffs": 0, "changed": 0, "deliveries": 0, "posts": 0}
    tx.runs.start("apply", plan.scope.run)
    for some in _read(spool):
        done["posts"] += _posts(tx, some, plan.scope.run)
        new = [work.handoff for work in some if work.new]
        tx.handoffs.save(new)
        changed = tx.handoffs.revise([work.handoff for work in some if not work.new])
        intended = tx.outbox.intend([draft for work in some for draft in work.drafts])
        done["handoffs"] += len(new)
        done["changed"] += changed
        done["deliveries"] += intended.new - intended.superseded
    tx.runs.finish(plan.scope.run, "done", {**done, **_counts(tally)})
    tx.audit.append(
        actor=who, action="plan applied", object=f"run:{plan.scope.run}", reason=why, before=None, after=plan.digest
    )
    return done


def _posts(tx: Transaction, some: Sequence[Work], run: str) -> int:
    """What is found in these posts now, where they stand, and the incidents that they are part of."""
    posts = {post.key: post for work in some for post in work.posts}
    remapped = [post for work in some for post in work.remapped]
    if remapped:
        tx.posts.save(remapped)
        posts |= tx.posts.many([post.key for post in remapped])
    tx.signals.save([(posts[signal.post], signal) for work in some for signal in work.signals])
    moved = {post.key: HANDED_OFF for work in some if work.new for post in work.posts}
    for work in some:
        if work.new and work.handoff.kind == "Alert":
            one = work.handoff
            tx.incidents.report(
                one.key, title=one.title, severity=one.severity, count=len(work.posts), subjects=one.signal.subjects
            )
    return tx.posts.mark(moved)


def _check_still(tx: Transaction, some: Sequence[Work]) -> None:
    """Refuse where somebody was quicker: between the plan's last look and this transaction."""
    keys = {post.key for work in some for post in work.posts}
    authors = {post.author.key for work in some for post in work.posts}
    standings = tx.posts.standings(keys)
    newest = tx.archive.newest({draft.identity for work in some for draft in work.drafts})
    for work in some:
        stood = [standings.get(post.key) for post in work.posts] == list(work.standings)
        versions = [newest[one.identity].version if one.identity in newest else 0 for one in work.drafts]
        if not stood or versions != list(work.versions):
            raise SetupError(f"Work was made or sent while this plan was being applied; nothing was done: {AGAIN}")
    if tx.tombstones.dead(keys | authors) or tx.posts.gone(keys):
        raise SetupError(f"A post was erased while this plan was being applied; nothing was done: {AGAIN}")


def _read(spool: IO[bytes]) -> Iterator[list[Work]]:
    spool.seek(0)
    lines = iter(spool)
    while some := [_work(line) for line in islice(lines, AT_A_TIME)]:
        yield some


def _counts(tally: Tally) -> dict[str, int]:
    def all_of(what: str) -> int:
        return sum(getattr(counts, what) for counts in tally.kinds.values())

    return {f"planned {what}": all_of(what) for what in Counts.__dataclass_fields__}
