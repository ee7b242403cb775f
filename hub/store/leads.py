"""Leads: the last score of whoever spoke of buying, and what became of those handed over."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
import sqlalchemy as sa

from hub.domain import Handoff, LeadScore, Model, external_id
from hub.store import tables
from hub.store.repository import Repository

_score = msgspec.json.Decoder(LeadScore).decode
_handoff = msgspec.json.Decoder(Handoff).decode
_encode = msgspec.json.Encoder().encode
_CHANGING = ("network", "fit", "behaviour", "chance", "found_by", "as_of", "body")


class Scored(Model):
    """The last score of one account."""

    author: str
    score: LeadScore


class Leads(Repository):
    """Scores by account, outcomes by lead."""

    def keep(self, scores: Mapping[str, LeadScore]) -> None:
        """Keep these scores, by account; each takes the place of the one before."""
        rows = [
            {
                "author": author, "network": author.partition(":")[0], "fit": score.fit, "behaviour": score.behaviour,
                "chance": score.chance, "found_by": score.found_by, "as_of": score.as_of,
                "body": _encode(score).decode(),
            }
            for author, score in sorted(scores.items())
        ]  # fmt: skip
        self._write_rows(self._upsert(tables.lead_scores, ("author",), _CHANGING), rows)

    def score(self, author: str) -> LeadScore | None:
        """The last score of an account, if it was ever scored."""
        columns = tables.lead_scores.c
        row = self._one(sa.select(columns.body).where(columns.author == author))
        return None if row is None else _score(row.body)

    def best(self, limit: int = 50, *, network: str | None = None, since: datetime | None = None) -> list[Scored]:
        """The likeliest buyers: by their chance where it is known, then by what they did and who they are."""
        columns = tables.lead_scores.c
        order = (sa.func.coalesce(columns.chance, -1).desc(), columns.behaviour.desc(), columns.fit.desc())
        asked = sa.select(columns.author, columns.body).order_by(*order, columns.author).limit(limit)
        if network is not None:
            asked = asked.where(columns.network == network)
        if since is not None:
            asked = asked.where(columns.as_of >= since)
        return [Scored(author=row.author, score=_score(row.body)) for row in self._rows(asked)]

    def ended(self, outcomes: Mapping[str, bool], *, who: str) -> int:
        """Keep what became of leads, by author key or by the external id that they have at the destination.

        Returns how many of them the hub had handed over; the others are kept nowhere.
        """
        known = {external_id(key): key for key in self._handed()}
        rows = [
            {"lead": lead, "won": won, "who": who, "at": self.now}
            for lead, won in sorted((_lead_of(name), won) for name, won in outcomes.items())
            if lead in known
        ]
        self._write_rows(self._upsert(tables.lead_outcomes, ("lead",), ("won", "who", "at")), rows)
        return len(rows)

    def without_end(self, since: datetime) -> list[str]:
        """External ids of the leads handed over since then of which nobody has said what became."""
        handoffs = tables.handoffs.c
        asked = sa.select(handoffs.key).where(handoffs.kind == "Lead", handoffs.created_at >= since).distinct()
        ended = {row.lead for row in self._rows(sa.select(tables.lead_outcomes.c.lead))}
        return sorted({external_id(row.key) for row in self._rows(asked)} - ended)

    def lessons(self) -> list[tuple[LeadScore, bool]]:
        """Leads with a score and a known end: as each was scored when it was handed over first, and whether won."""
        columns, handoffs = tables.lead_outcomes.c, tables.handoffs.c
        ends = {row.lead: row.won for row in self._rows(sa.select(columns.lead, columns.won))}
        asked = sa.select(handoffs.body).where(handoffs.kind == "Lead").order_by(handoffs.created_at, handoffs.id)
        first: dict[str, LeadScore] = {}
        for row in self._rows(asked) if ends else ():
            handoff = _handoff(row.body)
            lead = external_id(handoff.key)
            if handoff.lead is not None and lead in ends:
                first.setdefault(lead, handoff.lead)
        return [(score, ends[lead]) for lead, score in sorted(first.items())]

    def _handed(self) -> Iterable[str]:
        handoffs = tables.handoffs.c
        return [row.key for row in self._rows(sa.select(handoffs.key).where(handoffs.kind == "Lead").distinct())]


def _lead_of(name: str) -> str:
    """The external id of a lead that is named by its author's key, or by that id."""
    return external_id(name) if ":" in name else name.lower()
