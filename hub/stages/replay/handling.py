"""What a person does about items: chooses, repairs, gives up, thinks better of it. All but choosing is audited.

The audit log keeps who, when, why, and digests of a record before and after; the record as it came is never changed.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any

from hub.errors import ContractBroken, SetupError
from hub.kit import SPOILT, read_json
from hub.stages.reasons import one_line
from hub.stages.replay.fates import Replayed, summary
from hub.stages.replay.whence import unhidden
from hub.store import Item, Store, Transaction, View
from hub.store.records import encode_sorted

LARGEST = 1_000_000  # bytes of a repaired record
DEEPEST = 64


def choose(
    store: Store, *, ids: Sequence[int] = (), stage: str | None = None, reason: str | None = None,
    network: str | None = None,
) -> list[int]:  # fmt: skip
    """The numbers of the open items that these filters leave, oldest first; one that is not open is a SetupError."""
    with store.read() as view:
        if not ids:
            return view.quarantine.ids(stage=stage, reason=reason, network=network)
        found = [item.id for item in view.quarantine.get(list(ids)) if item.state == "open"]
    if missing := sorted({*ids} - {*found}):
        numbers = ", ".join(map(str, missing))
        raise SetupError(f"The quarantine has no open item {numbers}; `hub quarantine` lists those there are.")
    return found


def repaired(item: Item, text: str) -> dict[str, Any]:
    """The record that a person wrote, checked; what they could not see of the item's own stands in it again."""
    if item.kind != "record" or item.latest is None:
        raise SetupError(f"Item {item.id} is a {item.kind} and no record; mend the mapping, or discard it.")
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        raise SetupError(f"The record is larger than {LARGEST:,} bytes; repair the connector in place of the record.")
    try:
        json.loads(text)  # for the place of a mistake
        record = read_json(text.encode(), source="The record", max_depth=DEEPEST)
    except json.JSONDecodeError as wrong:
        raise SetupError(f"This is no JSON: {wrong.msg} in line {wrong.lineno}, column {wrong.colno}.") from None
    except (ContractBroken, UnicodeEncodeError, RecursionError, ValueError) as wrong:
        why = str(wrong) if isinstance(wrong, ContractBroken) else "The record cannot be read."
        raise SetupError(f"{why} Correct it and try again.") from None
    if not isinstance(record, dict):
        raise SetupError("A record is one JSON object, in curly brackets.")
    record.pop(SPOILT, None)  # a person has looked at it
    seen: dict[str, Any] = unhidden(record, item.latest)
    return seen


def repair(store: Store, item: Item, text: str, *, who: str, why: str) -> Item:
    """Keep what a person made of a record; it goes the way of all records at the next replay."""
    record, why = repaired(item, text), _said(why)
    if encode_sorted(record) == encode_sorted(item.latest):
        raise SetupError("The record says what it said before; nothing was kept.")
    with store.begin() as tx:
        if not tx.quarantine.repair(item.id, record, who):
            raise SetupError(f"Item {item.id} is not open any more; `hub quarantine` lists those that are.")
        _note(tx, "record repaired", item.id, who, why, before=_digest(item.latest), after=_digest(record))
        return tx.quarantine.get([item.id])[0]


def discard(store: Store, ids: Sequence[int], *, who: str, why: str) -> int:
    """Give these up; they stay in the sums as quarantined. Returns how many were open."""
    return _move(store, ids, who, _said(why), open_now=True)


def reopen(store: Store, ids: Sequence[int], *, who: str, why: str) -> int:
    """Take back that these were given up; returns how many were."""
    return _move(store, ids, who, _said(why), open_now=False)


def overdue(view: View, hours: float) -> str | None:
    """What operations must hear: that the oldest open item has waited for longer than so many hours, and for what."""
    groups = view.quarantine.counts()
    oldest = min(groups, key=lambda group: group.since, default=None)
    if oldest is None or view.now - oldest.since <= timedelta(hours=hours):
        return None
    items = sum(group.items for group in groups)
    return (
        f"{items} {'item waits' if items == 1 else 'items wait'} in quarantine, the oldest since "
        f"{oldest.since:%Y-%m-%d %H:%M} UTC ({oldest.reason}, {oldest.network}); "
        "`hub quarantine` says who must do what."
    )


def kept(store: Store, run: str, done: Replayed, *, who: str, filters: str = "") -> None:
    """Note in the audit log that a replay ended, and how."""
    told = ", ".join(f"{count} {name}" for name, count in summary(done).items())
    with store.begin() as tx:
        tx.audit.append(actor=who, action="replay", object=run, reason=f"{filters}: {told}" if filters else told)


def _move(store: Store, ids: Sequence[int], who: str, why: str, *, open_now: bool) -> int:
    moved = 0
    with store.begin() as tx:
        for id in ids:
            if tx.quarantine.dismiss([id], why) if open_now else tx.quarantine.reopen([id]):
                _note(tx, "item discarded" if open_now else "item reopened", id, who, why)
                moved += 1
    return moved


def _note(tx: Transaction, action: str, id: int, who: str, why: str, **digests: str) -> None:
    tx.audit.append(actor=who, action=action, object=f"quarantine:{id}", reason=why, **digests)


def _said(why: str) -> str:
    """A reason in one line of printable text; without one nothing is done."""
    if not (line := one_line(why)):
        raise SetupError("Say why in a few words: the audit log keeps it.")
    return line


def _digest(record: Any) -> str:
    return sha256(encode_sorted(record)).hexdigest()
