"""Quarantine: what cannot go on, why, and what became of it.

    open ──release──▶ released ──resolve──▶ resolved (valid, known or skipped)
     ▲ │                  │
     │ └──dismiss──▶ dismissed (a person gave it up; it stays counted) ──reopen──▶ open
     └────add again───────┘        one more try

An item is known by its stage and its content: the same bad record, fetched a second time, is not a second item. A
person may repair a record: what they made of it is kept beside the record as it came, which stays what it was.
"""

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Any, Literal

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.records import decode, encode_sorted
from hub.store.repository import Repository
from hub.store.sums import Sums

Kind = Literal["record", "post", "delivery"]
State = Literal["open", "released", "resolved", "dismissed"]


class Rejected(Model):
    """Something that cannot go on: a record that became no post, a post, or a delivery."""

    stage: str
    reason: str  # a code in snake_case
    network: str
    detail: str | None = None  # one sentence for a person; never a post's text
    record: dict[str, Any] | None = None
    watch: str | None = None
    batch: str | None = None
    run: str | None = None
    post: str | None = None
    delivery: int | None = None

    @property
    def kind(self) -> Kind:
        """What it is; only records are counted here by the ledger, posts are counted by their standing."""
        if self.delivery is not None:
            return "delivery"
        return "record" if self.post is None else "post"

    @property
    def content(self) -> bytes:
        """What makes two of them the same."""
        match self.kind:
            case "record":
                return b"record:" + encode_sorted([self.network, self.record])
            case kind:
                return f"{kind}:{self.delivery or self.post}".encode("utf-8", "surrogatepass")


class Item(Model):
    """One thing in quarantine."""

    id: int
    kind: Kind
    stage: str
    reason: str
    network: str
    tries: int
    state: State
    since: Moment
    changed_at: Moment
    detail: str | None = None
    record: dict[str, Any] | None = None
    watch: str | None = None
    batch: str | None = None
    run: str | None = None
    post: str | None = None
    delivery: int | None = None
    outcome: str | None = None
    repaired: dict[str, Any] | None = None
    repaired_by: str | None = None
    repaired_at: Moment | None = None

    @property
    def latest(self) -> dict[str, Any] | None:
        """The record as a person repaired it, else as it came."""
        return self.record if self.repaired is None else self.repaired


class Counted(Model):
    """How many open items share stage, network and reason."""

    stage: str
    network: str
    reason: str
    items: int
    since: Moment  # of the oldest
    tries: int  # of the one that was tried most often


class Fate(Model):
    """When one item came, why, and where it is by now."""

    since: Moment
    changed_at: Moment
    network: str
    reason: str
    state: State


class Quarantine(Repository):
    """All that was set apart; nothing in it is lost, and nothing is in it twice."""

    def add(self, **rejected: Any) -> bool:
        """Set one thing apart, in the words of `Rejected`; True when it was not here yet."""
        return self.add_all([Rejected(**rejected)]) == 1

    def add_all(self, rejected: Sequence[Rejected]) -> int:
        """Set these apart; returns how many were not here yet. A released one that comes back is open again."""
        if not rejected:
            return 0
        self._hold("quarantine")
        given = {(one.stage, sha256(one.content).hexdigest()): one for one in rejected}
        held = self._held(given)
        rows = [self._row(one, digest) for (stage, digest), one in given.items() if (stage, digest) not in held]
        self._write_rows(_INSERT, rows)
        self._came(rows)
        for key, row in held.items():
            if row.state == "released" or (row.state == "resolved" and row.kind == "delivery"):
                again = {
                    "reason": given[key].reason,
                    "detail": given[key].detail,
                    "tries": row.tries + 1,
                    "outcome": None,
                }
                self._move([row.id], "open", **again)
        return len(rows)

    def listing(
        self, limit: int = 100, *, network: str | None = None, stage: str | None = None, reason: str | None = None,
        state: State | None = "open", after: int = 0,
    ) -> list[Item]:  # fmt: skip
        """What these filters leave, oldest first; `after` the item with this number."""
        wanted = _matching(network=network, stage=stage, reason=reason, state=state)
        statement = sa.select(tables.quarantine).where(*wanted, tables.quarantine.c.id > after)
        return [_item(row) for row in self._rows(statement.order_by(tables.quarantine.c.id).limit(limit))]

    def ids(
        self, *, network: str | None = None, stage: str | None = None, reason: str | None = None,
        state: State | None = "open",
    ) -> list[int]:  # fmt: skip
        """The numbers of all that these filters leave, oldest first."""
        wanted = _matching(network=network, stage=stage, reason=reason, state=state)
        return [row.id for row in self._rows(sa.select(_ID).where(*wanted).order_by(_ID))]

    def get(self, ids: Collection[int]) -> list[Item]:
        """These items, oldest first."""
        columns = tables.quarantine.c
        statement = sa.select(tables.quarantine).where(among(columns.id)).order_by(columns.id)
        return [_item(row) for row in self._rows(statement, listed=listed(ids))]

    def counts(self) -> list[Counted]:
        """Open items by stage, network and reason, the most first."""
        columns = tables.quarantine.c
        alike = (columns.stage, columns.network, columns.reason)
        items = sa.func.count().label("items")
        since = sa.func.min(columns.since, type_=columns.since.type).label("since")
        tries = sa.func.max(columns.tries).label("tries")
        statement = sa.select(*alike, items, since, tries).where(columns.state == "open").group_by(*alike)
        return [Counted(**row._mapping) for row in self._rows(statement.order_by(items.desc(), *alike))]

    def fates(self, limit: int = 5000) -> list[Fate]:
        """The newest items, whatever became of them, newest first: what a history is drawn of."""
        columns = [tables.quarantine.c[name] for name in Fate.__struct_fields__]
        asked = sa.select(*columns).order_by(tables.quarantine.c.id.desc()).limit(limit)
        return [Fate(**row._mapping) for row in self._rows(asked)]

    def release(self, ids: Collection[int]) -> list[Item]:
        """Let these open items go back to the stage they left."""
        self._hold("quarantine")
        items = [item for item in self.get(ids) if item.state == "open"]
        self._move([item.id for item in items], "released")
        return [item.with_(state="released", changed_at=self.now) for item in items]

    def resolve(self, ids: Collection[int], outcome: Literal["valid", "known", "skipped"]) -> int:
        """These released items got through; the outcome says as what they count from now on.

        One that was resolved before keeps its outcome: of two replays of one item the first decides.
        """
        return self._move(ids, "resolved", left="released", outcome=outcome)

    def dismiss(self, ids: Collection[int], reason: str) -> int:
        """A person gave these open items up. They stay in the sums, as quarantined."""
        return self._move(ids, "dismissed", left="open", outcome=reason)

    def reopen(self, ids: Collection[int]) -> int:
        """Somebody thought better of giving these up."""
        return self._move(ids, "open", left="dismissed", outcome=None)

    def repair(self, id: int, record: dict[str, Any], by: str) -> bool:
        """Keep what a person made of an open item's record, beside the record as it came; False for other items."""
        columns = tables.quarantine.c
        open_record = sa.and_(columns.id == id, columns.state == "open", columns.kind == "record")
        values = {"repaired": encode_sorted(record).decode(), "repaired_by": by, "repaired_at": self.now}
        return self._write(sa.update(tables.quarantine).where(open_record).values(values)) == 1

    def _held(self, given: Collection[tuple[str, str]]) -> dict[tuple[str, str], sa.Row[Any]]:
        columns = tables.quarantine.c
        select = sa.select(columns.id, columns.stage, columns.digest, columns.kind, columns.state, columns.tries)
        found = self._rows(select.where(among(columns.digest)), listed=listed({digest for _, digest in given}))
        return {(row.stage, row.digest): row for row in found if (row.stage, row.digest) in given}

    def _move(self, ids: Collection[int], state: State, *, left: State | None = None, **values: Any) -> int:
        columns = tables.quarantine.c
        moved = {"state": state, "changed_at": self.now, **values}
        these = among(columns.id) if left is None else sa.and_(among(columns.id), columns.state == left)
        for row in self._rows(_COUNTED.where(these), listed=listed(ids)):
            self._sums.add(row.network, "held", counts_as(row.state, row.outcome), -1)
            self._sums.add(row.network, "held", counts_as(state, values.get("outcome", row.outcome)), 1)
        return self._write(sa.update(tables.quarantine).values(moved).where(these), listed=listed(ids))

    def _came(self, rows: Sequence[dict[str, Any]]) -> None:
        """Count new records, by the network of the batch that brought them."""
        brought = [row["batch"] for row in rows if row["kind"] == "record" and row["batch"]]
        if not brought:
            return
        asked = sa.select(tables.batches.c.name, tables.batches.c.network).where(among(tables.batches.c.name))
        networks = {row.name: row.network for row in self._rows(asked, listed=listed(set(brought)))}
        for batch in brought:
            if batch in networks:
                self._sums.add(networks[batch], "held", "held", 1)

    @property
    def _sums(self) -> Sums:
        return Sums(self._connection, now=self.now, writing=self._writing)

    def _row(self, one: Rejected, digest: str) -> dict[str, Any]:
        fields = {name: getattr(one, name) for name in Rejected.__struct_fields__}
        record = None if one.record is None else encode_sorted(one.record).decode()
        return {
            **fields, "record": record, "kind": one.kind, "digest": digest, "tries": 1, "state": "open",
            "outcome": None, "since": self.now, "changed_at": self.now,
        }  # fmt: skip


def counts_as(state: str, outcome: str | None) -> str:
    """As what the ledger counts a record: `valid` ones have a post of their own by now, and are counted there."""
    match state:
        case "released":
            return "released"
        case "resolved":
            return str(outcome)
        case _:
            return "held"


_INSERT = sa.insert(tables.quarantine)
_ID = tables.quarantine.c.id
_COUNTED = (
    sa.select(tables.batches.c.network, tables.quarantine.c.state, tables.quarantine.c.outcome)
    .join(tables.batches, tables.batches.c.name == tables.quarantine.c.batch)
    .where(tables.quarantine.c.kind == "record")
    .with_for_update(of=tables.quarantine)
)


def _matching(**asked: str | None) -> list[sa.ColumnElement[bool]]:
    return [tables.quarantine.c[name] == value for name, value in asked.items() if value is not None]


def _item(row: sa.Row[Any]) -> Item:
    fields = {name: row._mapping[name] for name in Item.__struct_fields__}
    records = {name: fields[name] and decode(fields[name].encode()) for name in ("record", "repaired")}
    return Item(**fields | records)
