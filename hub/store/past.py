"""The store as a decision of an earlier moment saw it, for decisions that are made again and written nowhere."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from hub.domain import LeadScore
from hub.store import tables
from hub.store.leads import Leads, Said
from hub.store.listed import among, listed
from hub.store.renown import Renown
from hub.store.store import Transaction, View, kept


class Anew(NamedTuple):
    """A post that is judged anew."""

    said: Said
    known_at: datetime  # when it was collected
    counts: bool  # it is the author's own word, and concerns us


SaidAnew = dict[str, dict[str, Anew]]  # by author and post


class LeadsThen(Leads):
    """What people had said by then. A score is kept nowhere."""

    anew: SaidAnew = {}

    def said(self, authors: Collection[str], intents: Collection[str], since: datetime) -> list[Said]:
        """Of posts that had been collected by then; what was judged anew, as it is judged now."""
        columns = tables.posts.c
        late = sa.select(columns.key).where(
            among(columns.author), columns.published_at >= since, columns.collected_at > self.now
        )
        unknown = {row.key for row in self._rows(late, listed=listed(authors))}
        earlier = [one for one in super().said(authors, intents, since) if one.signal.post not in unknown]
        found = {one.signal.post: one for one in earlier}
        for author in authors:
            for post, one in self.anew.get(author, {}).items():
                found.pop(post, None)
                if (
                    one.counts
                    and one.known_at <= self.now
                    and since <= one.said.at
                    and one.said.signal.intent in intents
                ):
                    found[post] = one.said
        return sorted(found.values(), key=lambda one: one.at)

    def keep(self, scores: Mapping[str, LeadScore]) -> None:
        """Nothing is kept."""


class RenownThen(Renown):
    """What accounts had done by then."""

    def cases(self, authors: Collection[str]) -> Counter[str]:
        """How often people here had helped each."""
        columns = tables.handoffs.c
        asked = sa.select(columns.author, sa.func.count().label("cases"))
        asked = asked.where(among(columns.author), columns.kind == "Case", columns.created_at < self.now)
        rows = self._rows(asked.group_by(columns.author), listed=listed(authors))
        return Counter({row.author: row.cases for row in rows})


class Past(Transaction):
    """A view of an earlier moment that passes for a transaction; what would be written in it is refused or dropped."""

    writing = False
    leads = kept(LeadsThen)
    renown = kept(RenownThen)

    def __init__(self, view: View, then: datetime, anew: SaidAnew) -> None:
        super().__init__(view.connection, then)
        self.leads.anew = anew
