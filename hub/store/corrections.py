"""Corrections: what people said of posts that an engine had judged otherwise. Later ones count; none is ever removed.

They hold keys and labels and no text. So what is learned from them is learned from posts that we still hold, and a
post that was erased teaches nothing more.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository


class Correction(Model, omit_defaults=False):
    """One answer of a person to one question about a post. `old` is what the engine `found_by` had said."""

    post: str
    field: str
    old: str
    new: str
    found_by: str
    who: str
    source: str  # command, file, slack, page
    at: Moment


_ALL = sa.select(tables.corrections)
_OF = _ALL.where(among(tables.corrections.c.post))


class Corrections(Repository):
    """All corrections, oldest first."""

    def hold(self) -> None:
        """Be the only one who corrects until the transaction ends: an answer changes what the one before left."""
        self._hold("corrections")

    def add(self, corrections: Sequence[Correction]) -> None:
        """Keep these."""
        rows = [{name: getattr(one, name) for name in Correction.__struct_fields__} for one in corrections]
        self._write_rows(sa.insert(tables.corrections), rows)

    def since(self, moment: datetime | None) -> int:
        """How many were made after this moment; None: ever."""
        counted = sa.select(sa.func.count().label("times")).select_from(tables.corrections)
        if moment is not None:
            counted = counted.where(tables.corrections.c.at > moment)
        row = self._one(counted)
        return row.times if row else 0

    def of(self, posts: Iterable[str]) -> list[Correction]:
        """Everything that was ever said of these posts."""
        return self._made(_OF.order_by(tables.corrections.c.id), listed=listed(posts))

    def standing(self) -> dict[str, dict[str, str]]:
        """What counts now: for each post its fields and labels."""
        answers: dict[str, dict[str, str]] = {}
        for one in self._made(_ALL.order_by(tables.corrections.c.id)):
            answers.setdefault(one.post, {})[one.field] = one.new
        return answers

    def taken_for(
        self, since: datetime, until: datetime, *, network: str | None = None
    ) -> Counter[tuple[str, str, str]]:
        """How often people said that a post was something else: field, what it was taken for, what it is.

        The last word on each post counts, once.
        """
        asked = _ALL.where(tables.corrections.c.at >= since, tables.corrections.c.at < until)
        last: dict[tuple[str, str], Correction] = {}
        for one in self._made(asked.order_by(tables.corrections.c.id)):
            if network is None or one.post.partition(":")[0] == network:
                first = last.get((one.post, one.field), one)
                last[one.post, one.field] = one.with_(old=first.old)
        return Counter((one.field, one.old, one.new) for one in last.values() if one.old != one.new)

    def _made(self, statement: sa.Executable, **given: object) -> list[Correction]:
        rows = self._rows(statement, **given)
        return [Correction(**{name: getattr(row, name) for name in Correction.__struct_fields__}) for row in rows]
