"""Tallies: work counted by the rule that made it and by what became of it, for pages that compare rules.

Every question is bounded, however large the store is: it walks along the index of when work was made, newest first,
and looks at no more than `MOST` pieces of it. Whoever shows a tally says so where that many were found.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.outbox_rows import OPEN
from hub.store.repository import Repository

MOST = 10_000  # pieces of work that a tally looks at
SEARCHED = 2_000  # of them, for the newest of a kind


class Course(Model, omit_defaults=False):
    """What became of the work that one rule made for one team of posts on one network."""

    kind: str
    route: str  # name@version
    team: str
    network: str
    handoffs: int
    begun: int  # leads, conversations, incidents that were begun by it: several posts may be about one
    delivered: int  # each of its deliveries is where it should be
    waiting: int  # some delivery is not settled
    refused: int  # some delivery was refused for good
    corrected: int  # people said that the post was something else
    won: int
    lost: int


class Reached(Model):
    """Work of one kind that one team got at one destination."""

    destination: str
    kind: str
    team: str
    handoffs: int


class Told(Model):
    """Alerts of one incident, by network and team."""

    incident: str
    network: str
    team: str
    alerts: int


class Queue(Model):
    """Deliveries of one kind of object that wait at one destination."""

    destination: str
    object: str
    state: str  # pending, in_doubt
    deliveries: int
    since: Moment  # of the oldest


_H, _O, _E = tables.handoffs.c, tables.outbox.c, tables.lead_outcomes.c


class Tallies(Repository):
    """Counts over the newest work of a time."""

    def by_route(
        self, since: datetime, until: datetime, *, network: str | None = None, team: str | None = None,
        subject: str | None = None,
    ) -> list[Course]:  # fmt: skip
        """Each rule's work made from `since` up to `until`, the most first."""
        chosen = self._chosen(since, until, network=network, team=team, subject=subject)
        became = self._became(chosen).subquery()
        columns = became.c

        def sum_of(flag: str) -> sa.Label[Any]:
            return sa.func.sum(columns[flag]).label(flag)

        alike = (columns.kind, columns.route, columns.team, columns.network)
        begun = sa.func.sum(sa.case((columns.begins, 1), else_=0)).label("begun")
        asked = sa.select(
            *alike, sa.func.count().label("handoffs"), begun,
            *(sum_of(flag) for flag in ("delivered", "waiting", "refused", "corrected", "won", "lost")),
        ).group_by(*alike)  # fmt: skip
        rows = [Course(**row._mapping) for row in self._rows(asked)]
        return sorted(rows, key=lambda one: (-one.handoffs, one.kind, one.route, one.team, one.network))

    def reached(self, since: datetime, until: datetime) -> list[Reached]:
        """Where the work of this time is by now: destination, kind and team."""
        chosen = self._chosen(since, until)
        alike = (_O.destination, chosen.c.kind, chosen.c.team)
        asked = (
            sa.select(*alike, sa.func.count(chosen.c.id.distinct()).label("handoffs"))
            .join(tables.outbox, sa.and_(_O.handoff == chosen.c.id, _O.state == "done"))
            .group_by(*alike)
        )
        return sorted(
            (Reached(**row._mapping) for row in self._rows(asked)),
            key=lambda one: (one.destination, one.kind, one.team),
        )

    def newest(
        self, since: datetime, until: datetime, limit: int = 25, *, kinds: Sequence[str], network: str | None = None,
        team: str | None = None, subject: str | None = None,
    ) -> list[str]:  # fmt: skip
        """Ids of the newest work of these kinds; looks at the newest two thousand pieces of all kinds."""
        chosen = self._chosen(since, until, network=network, team=team, subject=subject, most=SEARCHED)
        rows = self._rows(sa.select(chosen.c.id, chosen.c.kind).order_by(chosen.c.created_at.desc()))
        return [row.id for row in rows if row.kind in kinds][:limit]

    def told(self, incidents: Sequence[str]) -> list[Told]:
        """What alerts these incidents have."""
        alike = (_H.key.label("incident"), _H.network, _H.team)
        asked = sa.select(*alike, sa.func.count().label("alerts")).where(_H.kind == "Alert", among(_H.key))
        rows = self._rows(asked.group_by(*alike).order_by(*alike), listed=listed(incidents))
        return [Told(**row._mapping) for row in rows]

    def queues(self) -> list[Queue]:
        """What waits at each destination, the longest waiting first."""
        alike = (_O.destination, _O.object, _O.state)
        oldest = sa.func.min(_O.created_at, type_=_O.created_at.type).label("since")
        asked = (
            sa.select(*alike, sa.func.count().label("deliveries"), oldest).where(_O.state.in_(OPEN)).group_by(*alike)
        )
        return [Queue(**row._mapping) for row in self._rows(asked.order_by(oldest))]

    def ends(self) -> Counter[bool]:
        """How many leads are known to have been won, and how many lost."""
        asked = sa.select(_E.won, sa.func.count().label("leads")).group_by(_E.won)
        return Counter({bool(row.won): row.leads for row in self._rows(asked)})

    def things(self, authors: Collection[str]) -> Counter[str]:
        """How many leads, cases and incidents posts of these accounts belong to, by kind."""
        asked = sa.select(_H.kind, _H.key).where(among(_H.author)).distinct()
        return Counter(row.kind for row in self._rows(asked, listed=listed(authors)))

    def _chosen(
        self, since: datetime, until: datetime, *, network: str | None = None, team: str | None = None,
        subject: str | None = None, most: int = MOST,
    ) -> sa.Subquery:  # fmt: skip
        """The newest work that these filters leave."""
        columns = (_H.id, _H.kind, _H.network, _H.post, _H.team, _H.route, _H.begins, _H.created_at)
        asked = sa.select(*columns).where(_H.created_at >= since, _H.created_at < until)
        narrowed = {"network": network, "team": team, "subject": subject}
        asked = asked.where(*(_H[name] == value for name, value in narrowed.items() if value is not None))
        return asked.order_by(_H.created_at.desc()).limit(most).subquery("chosen")

    def _became(self, chosen: sa.Subquery) -> sa.Select[Any]:
        """Each piece of this work once, with a flag for each thing that became of it."""

        def any_of(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
            return sa.func.coalesce(sa.func.max(sa.case((condition, 1), else_=0)), 0)

        is_lead = chosen.c.kind == "Lead"
        alike = tuple(chosen.c[name] for name in ("kind", "network", "team", "route", "begins"))
        waiting, refused = any_of(_O.state.in_(OPEN)), any_of(_O.state == "dead")
        there = any_of(_O.state.in_(("done", "superseded")))
        corrected = sa.exists().where(tables.corrections.c.post == chosen.c.post)
        return (
            sa.select(
                *alike,
                sa.case((sa.and_(there == 1, waiting == 0, refused == 0), 1), else_=0).label("delivered"),
                waiting.label("waiting"), refused.label("refused"),
                sa.case((corrected, 1), else_=0).label("corrected"),
                any_of(sa.and_(is_lead, _E.won)).label("won"),
                any_of(sa.and_(is_lead, sa.not_(_E.won))).label("lost"),
            )
            .select_from(chosen)
            .outerjoin(tables.outbox, _O.handoff == chosen.c.id)
            .outerjoin(tables.lead_outcomes, sa.and_(is_lead, _E.lead == _O.external_id))
            .group_by(chosen.c.id, chosen.c.post, *alike)
        )  # fmt: skip
