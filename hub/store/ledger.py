"""The ledger: the sums of posts that must balance (decision 23).

    fetched = new + known + skipped      new = valid + quarantined + pending      valid = handed off + set aside

Fetched records stand in the manifest; posts and quarantined records leave rows. Only known and skipped records leave
none: each batch counts them, in the transaction that wrote its rows. A record that left without a row and without
being counted therefore shows as a difference.

Rows grow to millions, and pages ask for all of it: for them the sums are kept with every write (`sums.py`). The rows
have the last word: every run counts them, and every night the kept sums are held against them.
"""

from collections import Counter

import sqlalchemy as sa

from hub.domain import Model
from hub.store import tables
from hub.store.quarantine import counts_as
from hub.store.repository import Repository
from hub.store.sums import Key, Sums


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
        """Add up all rows; look at `differences` for what does not."""
        return _balance(self._counted(run, network))

    def kept(self, *, network: str | None = None) -> Balance:
        """The same by the sums that are kept, at once however many rows there are: for pages."""
        return _balance(self._sums.read(network))

    def put_right(self) -> dict[str, int]:
        """Count all rows and keep what they say; returns by how much each sum that was kept was too small.

        None ever is, unless somebody changes rows by other ways than ours.
        """
        kept, counted = self._sums.read(), self._counted(None, None)
        wrong = {":".join(key): counted[key] - kept[key] for key in sorted({*kept, *counted})}
        wrong = {name: by for name, by in wrong.items() if by}
        if wrong:
            self._sums.replace(counted)
        return wrong

    def unbalanced(self, limit: int = 100, *, last: int | None = None) -> list[BatchSum]:
        """Finished batches of which some record is not accounted for, or is so twice; of the `last` so many, or all."""
        batches = tables.batches.c
        of_posts = sa.select(sa.func.count()).where(tables.posts.c.batch == batches.id).scalar_subquery()
        held = sa.select(sa.func.count()).where(
            tables.quarantine.c.batch == batches.name, tables.quarantine.c.kind == "record", _counts_by_itself()
        )
        accounted = of_posts + held.scalar_subquery() + batches.known + batches.skipped
        sums = sa.select(batches.name.label("batch"), batches.records, accounted.label("accounted"))
        wrong = sums.where(batches.state == "done", accounted != batches.records).order_by(batches.id).limit(limit)
        if last is not None:
            newest = tables.batches.alias().c
            wrong = wrong.where(batches.id > sa.select(sa.func.max(newest.id)).scalar_subquery() - last)
        return [BatchSum(**row._mapping) for row in self._rows(wrong)]

    @property
    def _sums(self) -> Sums:
        return Sums(self._connection, now=self.now, writing=self._writing)

    def _counted(self, run: str | None, network: str | None) -> Counter[Key]:
        """All sums by the rows."""
        these = _these(run, network)
        counted: Counter[Key] = Counter()
        for parts in (self._landed(these), self._repeated(run, network), self._standings(these), self._held(these)):
            counted.update(parts)
        return Counter({key: number for key, number in counted.items() if number})

    def _landed(self, these: sa.ColumnElement[bool]) -> Counter[Key]:
        columns = tables.batches.c
        names = ("records", "known", "skipped")
        sums = [sa.func.sum(columns[name]).label(name) for name in names]
        asked = sa.select(columns.network, columns.state, *sums).where(these).group_by(columns.network, columns.state)
        found: Counter[Key] = Counter()
        for row in self._rows(asked):
            found[row.network, "records", row.state, ""] += int(row.records)
            found[row.network, "known", "", ""] += int(row.known)
            found[row.network, "skipped", "", ""] += int(row.skipped)
        return found

    def _repeated(self, run: str | None, network: str | None) -> Counter[Key]:
        """Batches that came again unchanged: fetched, and known."""
        columns = tables.repeats.c
        statement = sa.select(columns.network, sa.func.sum(columns.records).label("records")).group_by(columns.network)
        if run is not None:
            statement = statement.where(columns.run == run)
        if network is not None:
            statement = statement.where(columns.network == network)
        return Counter({(row.network, "repeated", "", ""): int(row.records) for row in self._rows(statement)})

    def _standings(self, these: sa.ColumnElement[bool]) -> Counter[Key]:
        """Counted batch by batch, as an index lists them; by standing alone, all posts would be sorted first."""
        columns, batches = tables.posts.c, tables.batches.c
        networks = {row.id: row.network for row in self._rows(sa.select(batches.id, batches.network).where(these))}
        statement = sa.select(columns.batch, columns.state, columns.reason, sa.func.count().label("posts"))
        statement = statement.where(columns.batch.in_(sa.select(batches.id).where(these)))
        found: Counter[Key] = Counter()
        for row in self._rows(statement.group_by(columns.batch, columns.state, columns.reason)):
            found[networks[row.batch], "posts", row.state, row.reason or ""] += row.posts
        return found

    def _held(self, these: sa.ColumnElement[bool]) -> Counter[Key]:
        """Records in quarantine by what they count as; posts count by their standing, deliveries not at all."""
        columns, batches = tables.quarantine.c, tables.batches.c
        statement = (
            sa.select(batches.network, columns.state, columns.outcome, sa.func.count().label("records"))
            .join(tables.batches, batches.name == columns.batch)
            .where(columns.kind == "record", these)
            .group_by(batches.network, columns.state, columns.outcome)
        )
        found: Counter[Key] = Counter()
        for row in self._rows(statement):
            found[row.network, "held", counts_as(row.state, row.outcome), ""] += row.records
        return found


def _balance(sums: Counter[Key]) -> Balance:
    """What these sums come to, whatever networks they are of."""
    by: Counter[tuple[str, str]] = Counter()
    set_aside: Counter[str] = Counter()
    for (_, thing, state, reason), number in sums.items():
        by[thing, state] += number
        if (thing, state) == ("posts", "set_aside"):
            set_aside[reason] += number
    fetched = sum(number for (thing, _), number in by.items() if thing in ("records", "repeated"))
    known = by["known", ""] + by["repeated", ""] + by["held", "known"]
    skipped = by["skipped", ""] + by["held", "skipped"]
    waiting, damaged = by["records", "landed"], by["records", "quarantined"]
    quarantined = by["posts", "quarantined"] + by["held", "held"] + damaged
    pending = by["posts", "pending"] + waiting + by["held", "released"]
    handed_off = by["posts", "handed_off"]
    valid = handed_off + set_aside.total()
    posts = sum(number for (thing, _), number in by.items() if thing == "posts")
    new = posts + by["held", "held"] + by["held", "released"] + damaged + waiting
    differences = {
        "fetched = new + known + skipped": fetched - new - known - skipped,
        "new = valid + quarantined + pending": new - valid - quarantined - pending,
    }
    return Balance(
        fetched=fetched, new=new, known=known, skipped=skipped, valid=valid, quarantined=quarantined, pending=pending,
        handed_off=handed_off, set_aside={reason: number for reason, number in sorted(set_aside.items()) if number},
        differences={equation: by for equation, by in differences.items() if by},
    )  # fmt: skip


def _these(run: str | None, network: str | None) -> sa.ColumnElement[bool]:
    columns = tables.batches.c
    where: sa.ColumnElement[bool] = sa.true()
    if run is not None:
        where = sa.and_(where, sa.or_(columns.run == run, columns.triage_run == run))
    if network is not None:
        where = sa.and_(where, columns.network == network)
    return where


def _counts_by_itself() -> sa.ColumnElement[bool]:
    columns = tables.quarantine.c
    return sa.or_(columns.state != "resolved", columns.outcome != "valid")
