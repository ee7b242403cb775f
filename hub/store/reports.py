"""Reports that were made: of each name and time one, which stays as it was first made."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository

_COLUMNS = tables.reports.c
_KEY = ("name", "since", "until")
_OUTBOX = tables.outbox.c


class Made(Model):
    """One report that was made; the file of this digest holds it."""

    name: str
    since: Moment
    until: Moment
    title: str
    department: str
    period: str
    digest: str
    partial: bool
    made_at: Moment


class Sent(Model):
    """What became of one report at one addressee."""

    destination: str
    state: str
    outcome: str | None = None
    reason: str | None = None
    url: str | None = None


class Loud(Model):
    """A post, and how often it was reacted to."""

    key: str
    network: str
    reactions: int


class Reports(Repository):
    """All of them, and what they quote."""

    def freeze(self, made: Made) -> Made:
        """Keep a report, unless one of this name and time is kept; returns the one that is."""
        row = {name: getattr(made, name) for name in Made.__struct_fields__}
        self._write(self._insert(tables.reports).values(row).on_conflict_do_nothing(index_elements=list(_KEY)))
        kept = self.get(made.name, made.since, made.until)
        return kept or made

    def get(self, name: str, since: datetime, until: datetime) -> Made | None:
        """The report of this name and time."""
        mine = (_COLUMNS.name == name, _COLUMNS.since == since, _COLUMNS.until == until)
        row = self._one(sa.select(tables.reports).where(*mine))
        return None if row is None else Made(**row._mapping)

    def of(self, digest: str) -> Made | None:
        """The report that this file holds."""
        row = self._one(sa.select(tables.reports).where(_COLUMNS.digest == digest).limit(1))
        return None if row is None else Made(**row._mapping)

    def recent(self, limit: int = 50) -> list[Made]:
        """The last ones, newest first."""
        newest = sa.select(tables.reports).order_by(_COLUMNS.until.desc(), _COLUMNS.name).limit(limit)
        return [Made(**row._mapping) for row in self._rows(newest)]

    def sent(self, handoffs: Collection[str]) -> dict[str, list[Sent]]:
        """By the outbox's name of a report, where it went and what became of it there."""
        asked = sa.select(
            _OUTBOX.handoff, _OUTBOX.destination, _OUTBOX.state, _OUTBOX.outcome, _OUTBOX.reason, _OUTBOX.url
        ).where(among(_OUTBOX.handoff), _OUTBOX.state != "superseded").order_by(_OUTBOX.id)  # fmt: skip
        found: dict[str, list[Sent]] = {}
        for row in self._rows(asked, listed=listed(handoffs)):
            facts = dict(row._mapping)
            found.setdefault(facts.pop("handoff"), []).append(Sent(**facts))
        return found

    def loudest(self, since: datetime, until: datetime, *, limit: int) -> list[Loud]:
        """The posts about us of this time that were reacted to most; reshares and spam apart."""
        posts, signals = tables.posts.c, tables.signals.c
        zero = sa.literal(0)
        reactions = sum(
            (sa.func.coalesce(posts[name], zero) for name in ("likes", "shares", "replies")), start=zero
        ).label("reactions")
        asked = (
            sa.select(posts.key, posts.network, reactions)
            .join(tables.signals, signals.post == posts.key)
            .where(
                posts.published_at >= since, posts.published_at < until, posts.gone.is_(None), posts.kind != "share",
                signals.relevant.is_(True), signals.intent != "spam",
            )
            .order_by(sa.desc("reactions"), posts.key)
            .limit(limit)
        )  # fmt: skip
        return [Loud(**row._mapping) for row in self._rows(asked)]


def handoff_of(name: str, since: datetime, until: datetime) -> str:
    """What the outbox calls the deliveries of a report."""
    return f"report:{name}:{since:%Y-%m-%dT%H%M}:{until:%Y-%m-%dT%H%M}"
