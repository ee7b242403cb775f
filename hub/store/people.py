"""People: ties between accounts, each with its evidence, and who is one person by them.

A tie is merged, suggested or parted, and never deleted: what a person has parted stays parted, whatever is found later.
A person is all accounts that merged ties connect; parting one tie gives both sides back what they were. Two
accounts of one network are never in one person: a tie that would bring them together stays a suggestion.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import sqlalchemy as sa

from hub.domain import Model, Moment
from hub.errors import SetupError
from hub.store import tables
from hub.store.listed import among, listed
from hub.store.repository import Repository
from hub.store.talk import TalkSums
from hub.store.tally import PUBLIC

State = Literal["merged", "suggested", "parted"]
_TIES = tables.ties.c
LOUDEST = 2000  # accounts of a network that are looked at by what they are to us
_OF_THESE = sa.or_(among(_TIES.one), among(_TIES.other))
_MERGED = sa.select(_TIES.one, _TIES.other).where(_TIES.state == "merged", _OF_THESE)
_SUGGESTED = (
    sa.select(tables.ties).where(_TIES.state == "suggested", _OF_THESE).order_by(_TIES.confidence.desc(), _TIES.id)
)
_STANDINGS = sa.select(tables.standings).where(among(tables.standings.c.author))
MOST = 1000  # accounts that share a name; a commoner name tells nobody apart


class Tie(Model):
    """What speaks for one person behind two accounts, and what became of it."""

    id: int
    one: str
    other: str
    state: State
    confidence: float
    evidence: tuple[str, ...]
    found_by: str
    made_at: Moment
    decided_by: str | None = None
    decided_at: Moment | None = None


class StandingOf(Model):
    """How loud an account is, by its parts, and what it is to us."""

    author: str
    network: str
    influence: float
    parts: dict[str, float]
    audience: str
    as_of: Moment


class Class(Model):
    """The accounts of one network that are the same to us."""

    audience: str
    network: str
    accounts: int
    influence: float  # of all of them together


class People(Repository):
    """Ties, and the persons that they make."""

    def name(self, names: Iterable[tuple[str, str]]) -> None:
        """Keep by which names an author can be found: pairs of name and author key."""
        rows = [{"name": name, "author": author} for name, author in sorted(set(names))]
        self._write_rows(self._upsert(tables.author_names, ("name", "author")), rows)

    def namesakes(self, names: Collection[str]) -> dict[str, list[str]]:
        """Authors by each of these names; names that too many share are left out."""
        columns = tables.author_names.c
        asked = (
            sa.select(columns.name, columns.author).where(among(columns.name)).order_by(columns.name, columns.author)
        )
        found: dict[str, list[str]] = {}
        for row in self._rows(asked, listed=listed(names)):
            found.setdefault(row.name, []).append(row.author)
        return {name: authors for name, authors in found.items() if len(authors) <= MOST}

    def tie(
        self, one: str, other: str, *, state: State, confidence: float, evidence: Sequence[str], found_by: str,
        by: str | None = None,
    ) -> Tie:  # fmt: skip
        """Tie two accounts, or change their tie. What a person decided, no finding changes.

        A merge that would bring two accounts of one network together becomes a suggestion; a person who asks for it
        is told so by a SetupError.
        """
        first, second = sorted((one, other))
        held = self._between(first, second)
        if held is not None and held.decided_by and by is None:
            return held
        if state == "merged" and (clash := self._clash(first, second)):
            if by is not None:
                raise SetupError(f"{clash[0]} and {clash[1]} are two accounts on one network; part them first.")
            state, evidence = "suggested", (*evidence, "two_on_one_network")
        row = {
            "one": first, "other": second, "state": state, "confidence": confidence, "evidence": list(evidence),
            "found_by": found_by, "made_at": held.made_at if held else self.now,
            "decided_by": by, "decided_at": self.now if by else None,
        }  # fmt: skip
        insert = self._insert(tables.ties).values(row)
        self._write(insert.on_conflict_do_update(index_elements=["one", "other"], set_=row))
        tied = self._between(first, second)
        assert tied is not None  # written one line above, in this transaction
        return tied

    def part(self, id: int, by: str) -> Tie:
        """Undo a tie: both sides are again what they were without it."""
        tie = self.get(id)
        if tie is None:
            raise SetupError(f"There is no tie {id}; `hub people` lists them.")
        values = {"state": "parted", "decided_by": by, "decided_at": self.now}
        self._write(sa.update(tables.ties).where(_TIES.id == id).values(values))
        return tie.with_(**values)

    def get(self, id: int) -> Tie | None:
        """The tie of this number."""
        row = self._one(sa.select(tables.ties).where(_TIES.id == id))
        return None if row is None else _tie(row)

    def ties_of(self, author: str) -> list[Tie]:
        """All ties of one account, the surest first."""
        asked = sa.select(tables.ties).where(sa.or_(_TIES.one == author, _TIES.other == author))
        return [_tie(row) for row in self._rows(asked.order_by(_TIES.confidence.desc(), _TIES.id))]

    def suggested(self, authors: Collection[str]) -> list[Tie]:
        """What nobody has confirmed yet of the ties of these accounts, the surest first."""
        return [_tie(row) for row in self._rows(_SUGGESTED, listed=listed(authors))]

    def listing(self, state: State, limit: int = 50) -> list[Tie]:
        """Ties in this state, the surest first."""
        asked = sa.select(tables.ties).where(_TIES.state == state)
        return [_tie(row) for row in self._rows(asked.order_by(_TIES.confidence.desc(), _TIES.id).limit(limit))]

    def person(self, author: str) -> list[str]:
        """All accounts of the person behind this one, itself included, in order."""
        return self.persons([author])[author]

    def persons(self, authors: Iterable[str]) -> dict[str, list[str]]:
        """For each of these accounts all accounts of the person behind it, itself included, in order."""
        asked_for = set(authors)
        near: dict[str, set[str]] = {}
        waiting = sorted(asked_for)
        while waiting:
            known = near | {author: near.get(author, set()) for author in waiting}
            for row in self._rows(_MERGED, listed=listed(waiting)):
                known.setdefault(row.one, set()).add(row.other)
                known.setdefault(row.other, set()).add(row.one)
            waiting, near = sorted(set(known) - set(near) - set(waiting)), known
        return {author: sorted(_connected(author, near)) for author in asked_for}

    def stand(self, standings: Iterable[StandingOf]) -> int:
        """Keep how accounts stand now, and count what they said by it; returns how many there were."""
        rows = sorted(({**one.plain(), "as_of": one.as_of} for one in standings), key=lambda row: str(row["author"]))
        changing = ("influence", "parts", "audience", "as_of")
        now = {str(row["author"]): str(row["audience"]) for row in rows}
        talk = TalkSums(self._connection, now=self.now, writing=self._writing)
        before = talk.classes(now)
        talk.reclass({author: one for author, one in now.items() if before.get(author, PUBLIC) != one})
        self._write_rows(self._upsert(tables.standings, ("author",), changing), rows)
        return len(rows)

    def standing(self, author: str) -> StandingOf | None:
        """How an account stands, if anybody has looked."""
        row = self._one(sa.select(tables.standings).where(tables.standings.c.author == author))
        return None if row is None else StandingOf(**row._mapping)

    def standings(self, authors: Collection[str]) -> dict[str, StandingOf]:
        """How these accounts stand, those at which somebody has looked."""
        return {row.author: StandingOf(**row._mapping) for row in self._rows(_STANDINGS, listed=listed(authors))}

    def classes(self, audiences: Sequence[str]) -> list["Class"]:
        """Of each network, the accounts of each of these classes, summed up."""
        columns = tables.standings.c
        alike = (columns.audience, columns.network)
        asked = sa.select(*alike, sa.func.count().label("accounts"), sa.func.sum(columns.influence).label("influence"))
        asked = asked.where(columns.audience.in_(audiences)).group_by(*alike).order_by(*alike)
        return [Class(**row._mapping) for row in self._rows(asked)]

    def followers(self, audience: str) -> dict[str, int]:
        """Of each network, how many follow the accounts of this class, as far as it is known."""
        columns, authors = tables.standings.c, tables.authors.c
        asked = (
            sa.select(columns.network, sa.func.coalesce(sa.func.sum(authors.followers), 0).label("followers"))
            .join_from(tables.standings, tables.authors, authors.key == columns.author)
            .where(columns.audience == audience)
            .group_by(columns.network)
        )
        return {row.network: int(row.followers) for row in self._rows(asked)}

    def loudest(self, limit: int = 20, *, network: str | None = None, audience: str | None = None) -> list[StandingOf]:
        """The accounts with the most influence."""
        columns = tables.standings.c
        asked = sa.select(tables.standings).order_by(columns.influence.desc(), columns.author).limit(limit)
        if network is not None:
            asked = asked.where(columns.network == network)
        if audience is not None:
            asked = asked.where(columns.audience == audience)
        return [StandingOf(**row._mapping) for row in self._rows(asked)]

    def heard(self, network: str, *, audience: str | None = None, limit: int = 50) -> list[StandingOf]:
        """The loudest accounts of one network; of one audience, those among its two thousand loudest."""
        loud = self._loud(network, LOUDEST if audience is not None else limit)
        asked = sa.select(loud).order_by(loud.c.influence.desc(), loud.c.author).limit(limit)
        if audience is not None:
            asked = asked.where(loud.c.audience == audience)
        return [StandingOf(**row._mapping) for row in self._rows(asked)]

    def audiences(self, network: str) -> Counter[str]:
        """What the two thousand loudest accounts of one network are to us."""
        loud = self._loud(network)
        asked = sa.select(loud.c.audience, sa.func.count().label("accounts")).group_by(loud.c.audience)
        return Counter({row.audience: row.accounts for row in self._rows(asked)})

    def _loud(self, network: str, most: int = LOUDEST) -> sa.Subquery:
        """Along the index of influence, so that it costs the same however many accounts there are."""
        columns = tables.standings.c
        asked = sa.select(tables.standings).where(columns.network == network)
        return asked.order_by(columns.influence.desc()).limit(most).subquery("loud")

    def _between(self, first: str, second: str) -> Tie | None:
        row = self._one(sa.select(tables.ties).where(_TIES.one == first, _TIES.other == second))
        return None if row is None else _tie(row)

    def _clash(self, first: str, second: str) -> tuple[str, str] | None:
        """Two accounts of one network that this merge would bring into one person."""
        ours, theirs = self.person(first), self.person(second)
        if second in ours:
            return None
        there = {key.partition(":")[0]: key for key in ours}
        return next(((there[place], key) for key in theirs if (place := key.partition(":")[0]) in there), None)


def _connected(author: str, near: dict[str, set[str]]) -> set[str]:
    """All that ties lead to from here."""
    found, waiting = {author}, [author]
    while waiting:
        fresh = near.get(waiting.pop(), set()) - found
        found |= fresh
        waiting += fresh
    return found


def _tie(row: sa.Row[tuple[object, ...]]) -> Tie:
    fields = dict(row._mapping)
    return Tie(**{**fields, "evidence": tuple(fields["evidence"])})
