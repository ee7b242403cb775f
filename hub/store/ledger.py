"""The ledger: the sums of posts that must balance (decision 23).

    fetched = new + known + skipped      new = valid + quarantined + pending      valid = handed off + set aside

Fetched records stand in the manifest; posts and quarantined records are counted row by row, so these sums cannot
drift from what is there. Only known and skipped records leave no rows: each batch counts them, in the transaction
that wrote its rows. A record that left without a row and without being counted therefore shows as a difference.
"""

from collections import Counter
from typing import Any

import sqlalchemy as sa

from hub.domain import Model
from hub.store import tables
from hub.store.repository import Repository

_LANDED_SUMS = ("fetched", "known", "skipped", "waiting", "damaged")


class Balance(Model, omit_defaults=False):
    """The sums of one run, one network, or of all."""

    fetched: int
    new: int
    known: int
    skipped: int
    valid: int
    quarantined: int
    pending: int
    handed_off: int
    set_aside: dict[str, int]
    differences: dict[str, int]  # by equation; empty when all hold

    @property
    def balanced(self) -> bool:
        """Whether every post is accounted for."""
        return not self.differences


class BatchSum(Model):
    """One batch whose records are not all accounted for."""

    batch: str
    records: int
    accounted: int


class Ledger(Repository):
    """Sums over batches: all, or those that one run landed or triaged, or those of one network."""

    def balance(self, *, run: str | None = None, network: str | None = None) -> Balance:
        """Add up; look at `differences` for what does not."""
        these = _these(run, network)
        landed = self._landed(these) + self._repeated(run, network)
        standings = self._standings(these)
        held = self._quarantined(these)
        set_aside = {reason or "": number for (state, reason), number in standings.items() if state == "set_aside"}
        by_state: Counter[str] = Counter()
        for (state, _), number in standings.items():
            by_state[state] += number
        known, skipped = landed["known"] + held["known"], landed["skipped"] + held["skipped"]
        quarantined = by_state["quarantined"] + held["held"] + landed["damaged"]
        pending = by_state["pending"] + landed["waiting"] + held["released"]
        handed_off = by_state["handed_off"]
        valid = handed_off + sum(set_aside.values())
        new = by_state.total() + held["held"] + held["released"] + landed["damaged"] + landed["waiting"]
        differences = {
            "fetched = new + known + skipped": landed["fetched"] - new - known - skipped,
            "new = valid + quarantined + pending": new - valid - quarantined - pending,
        }
        return Balance(
            fetched=landed["fetched"], new=new, known=known, skipped=skipped, valid=valid, quarantined=quarantined,
            pending=pending, handed_off=handed_off, set_aside=dict(sorted(set_aside.items())),
            differences={equation: by for equation, by in differences.items() if by},
        )  # fmt: skip

    def unbalanced(self, limit: int = 100) -> list[BatchSum]:
        """Finished batches of which some record is not accounted for, or is so twice."""
        batches = tables.batches.c
        of_posts = sa.select(sa.func.count()).where(tables.posts.c.batch == batches.id).scalar_subquery()
        held = sa.select(sa.func.count()).where(
            tables.quarantine.c.batch == batches.name, tables.quarantine.c.kind == "record", _counts_by_itself()
        )
        accounted = of_posts + held.scalar_subquery() + batches.known + batches.skipped
        sums = sa.select(batches.name.label("batch"), batches.records, accounted.label("accounted"))
        wrong = sums.where(batches.state == "done", accounted != batches.records).order_by(batches.id).limit(limit)
        return [BatchSum(**row._mapping) for row in self._rows(wrong)]

    def _landed(self, these: sa.ColumnElement[bool]) -> Counter[str]:
        columns = tables.batches.c
        sums = sa.select(
            sa.func.sum(columns.records),
            sa.func.sum(columns.known),
            sa.func.sum(columns.skipped),
            sa.func.sum(sa.case((columns.state == "landed", columns.records), else_=0)),
            sa.func.sum(sa.case((columns.state == "quarantined", columns.records), else_=0)),
        ).where(these)
        row = self._one(sums)
        return Counter({name: int(value or 0) for name, value in zip(_LANDED_SUMS, row or (), strict=True)})

    def _repeated(self, run: str | None, network: str | None) -> Counter[str]:
        """Batches that came again unchanged: fetched, and known."""
        columns = tables.repeats.c
        statement = sa.select(sa.func.sum(columns.records))
        if run is not None:
            statement = statement.where(columns.run == run)
        if network is not None:
            statement = statement.where(columns.network == network)
        row = self._one(statement)
        records = int(row[0] or 0) if row else 0
        return Counter({"fetched": records, "known": records})

    def _standings(self, these: sa.ColumnElement[bool]) -> Counter[tuple[str, str | None]]:
        """Counted batch by batch, as an index lists them; by standing alone, all posts would be sorted first."""
        columns = tables.posts.c
        batches = sa.select(tables.batches.c.id).where(these)
        statement = sa.select(columns.state, columns.reason, sa.func.count().label("posts"))
        statement = statement.where(columns.batch.in_(batches))
        found: Counter[tuple[str, str | None]] = Counter()
        for row in self._rows(statement.group_by(columns.batch, columns.state, columns.reason)):
            found[row.state, row.reason] += row.posts
        return found

    def _quarantined(self, these: sa.ColumnElement[bool]) -> Counter[str]:
        """Records in quarantine by what they count as; posts count by their standing, deliveries not at all."""
        columns = tables.quarantine.c
        batches = sa.select(tables.batches.c.name).where(these)
        statement = sa.select(columns.state, columns.outcome, sa.func.count().label("records"))
        statement = statement.where(columns.kind == "record", columns.batch.in_(batches))
        found: Counter[str] = Counter()
        for row in self._rows(statement.group_by(columns.state, columns.outcome)):
            found[_counts_as(row)] += row.records
        return found


def _these(run: str | None, network: str | None) -> sa.ColumnElement[bool]:
    columns = tables.batches.c
    where: sa.ColumnElement[bool] = sa.true()
    if run is not None:
        where = sa.and_(where, sa.or_(columns.run == run, columns.triage_run == run))
    if network is not None:
        where = sa.and_(where, columns.network == network)
    return where


def _counts_as(row: sa.Row[Any]) -> str:
    """`valid` ones have a post of their own by now, and are counted there."""
    match row.state:
        case "released":
            return "released"
        case "resolved":
            return str(row.outcome)
        case _:
            return "held"


def _counts_by_itself() -> sa.ColumnElement[bool]:
    columns = tables.quarantine.c
    return sa.or_(columns.state != "resolved", columns.outcome != "valid")
