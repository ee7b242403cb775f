"""The store as a decision of an earlier moment saw it, for decisions that are made again and written nowhere."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from hub.domain import LeadScore
from hub.store import tables
from hub.store.histories import Histories, OwnWords, Said
from hub.store.leads import Leads
from hub.store.listed import among, listed
from hub.store.renown import Renown
from hub.store.store import Transaction, View, kept


class Anew(NamedTuple):
    """A post that is judged anew."""

    said: Said
    known_at: datetime  # when it was collected
    counts: bool  # it is the author's own word, and concerns us


SaidAnew = dict[str, dict[str, Anew]]  # by author and post


class HistoriesThen(Histories):
    """What people had said by then."""

    anew: SaidAnew = {}

    def own_words(
        self, authors: Collection[str], *, intents: Collection[str] = (), since: datetime | None = None
    ) -> dict[str, OwnWords]:
        """What is told one by one is of posts that had been collected by then; what was judged anew, as it is now."""
        found = super().own_words(authors, intents=intents, since=since)
        unknown = self._late(authors, since or self.now)
        for author in authors:
            words = found.get(author) or OwnWords(0, self.now, self.now, (), ())
            said = {one.post: one for one in reversed(words.said) if one.post not in unknown}
            for post, one in self.anew.get(author, {}).items():
                said.pop(post, None)
                if (
                    one.counts
                    and one.known_at <= self.now
                    and (since or self.now) <= one.said.at
                    and one.said.intent in intents
                ):
                    said[post] = one.said
            found[author] = words._replace(said=tuple(sorted(said.values(), key=lambda one: one.at))[::-1])
        return found

    def _late(self, authors: Collection[str], since: datetime) -> set[str]:
        columns = tables.posts.c
        late = sa.select(columns.key).where(
            among(columns.author), columns.published_at >= since, columns.collected_at > self.now
        )
        return {row.key for row in self._rows(late, listed=listed(authors))}


class LeadsThen(Leads):
    """What is known of leads now."""

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
    histories = kept(HistoriesThen)
    leads = kept(LeadsThen)
    renown = kept(RenownThen)

    def __init__(self, view: View, then: datetime, anew: SaidAnew) -> None:
        super().__init__(view.connection, then)
        self.histories.anew = anew
