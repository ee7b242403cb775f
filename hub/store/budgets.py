"""Budgets: calls per window, shared by every process that talks to one system."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from hub.domain import Allowance, Budget, Model
from hub.domain.manifest import MICRO
from hub.store import tables
from hub.store.memory import Lookups
from hub.store.repository import Repository

MONEY = re.compile(r"[A-Z]{3}")  # what a budget of money is called, behind its network: buckets are written small
FEW = 1_000  # calls in a window: of a larger budget, those of a short time are one row, and there are never many more
SHARE = 100  # of what is free, one process takes at most such a part in advance

_columns, _memory = tables.budget_uses.c, tables.memory.c
_mine = _columns.name == sa.bindparam("of")
# Uses from the future were written by a clock that has been put back since: they would block for long.
_GONE = sa.delete(tables.budget_uses).where(
    _mine, sa.or_(_columns.at <= sa.bindparam("start"), _columns.at > sa.bindparam("end"))
)
_SPENT = sa.select(
    sa.func.sum(_columns.cost).label("spent"),
    sa.func.min(_columns.at).label("first"),
    sa.func.max(_columns.at).label("last"),
    sa.select(_memory.value)
    .where(
        _memory.key == sa.bindparam("pace"), _memory.kept_until.is_(None) | (_memory.kept_until > sa.bindparam("now"))
    )
    .scalar_subquery()
    .label("kept"),
).where(_mine)  # both in one: it is asked before every call
_USES = sa.select(_columns.at, _columns.cost).where(_mine).order_by(_columns.at)
_ADD = sa.insert(tables.budget_uses)
_ADD_TO = sa.update(tables.budget_uses).where(_mine, _columns.at == sa.bindparam("when"))
_ADD_TO = _ADD_TO.values(cost=_columns.cost + sa.bindparam("more"))


class Taken(NamedTuple):
    """What came of asking for calls: none and how long to wait, or all of them and perhaps some `more`."""

    wait: float
    at: datetime | None = None  # when they count as used, where that is later than now
    more: int = 0


class Cost(Model):
    """Money that reading one network has cost."""

    network: str
    currency: str
    amount: float


class BudgetUses(Repository):
    """A sliding window for each name: in no stretch of the window's length are more calls made than allowed."""

    def acquire(self, name: str, budget: Budget, *, cost: int = 1) -> float:
        """Take `cost` calls and return 0, or take none and return the seconds until there may be room.

        A cost above the whole budget is taken as the whole budget: else it could never be had. A negative one gives
        back what was taken and not used.
        """
        return self.take(name, budget, cost=cost, more=0).wait

    def take(self, name: str, budget: Budget, *, cost: int, more: int) -> Taken:
        """The same, and of a large budget up to `more` calls besides, at most a hundredth of what is free then."""
        self._hold(f"budget:{name}")
        window = timedelta(minutes=budget.per_minutes)
        spent, kept = self._spent(name, window)
        if cost > 0 and (wait := self._pace(kept)):
            return Taken(wait)
        over = spent + min(cost, budget.requests) - budget.requests
        if over <= 0 or cost <= 0:
            one_by_one = budget.requests <= FEW or kept is not None
            more = 0 if one_by_one else max(min(more, -over // SHARE), 0)
            at = self._use(name, budget, cost, more)
            if cost > 0:
                self._step(name, kept, cost)
            return Taken(0.0, at, more)
        for row in self._rows(_USES, of=name):
            over -= row.cost
            if over <= 0:
                return Taken(float(max((row.at + window - self.now).total_seconds(), 0.001)))
        return Taken(window.total_seconds())

    def give_back(self, name: str, at: datetime, calls: int) -> None:
        """Calls that were taken besides and not made: as if they had never been taken."""
        self._hold(f"budget:{name}")
        self._write(_ADD_TO, of=name, when=at, more=-calls)

    def told(self, name: str, allowance: Allowance) -> None:
        """Keep what the other side said is left: with little of it, calls keep a distance that makes it last."""
        self._hold(f"budget:{name}")
        until = self.now + timedelta(seconds=allowance.seconds)
        self._keep_pace(name, allowance.gap, until=until, first=self.now + timedelta(seconds=allowance.gap))

    def spent(self, name: str, budget: Budget) -> int:
        """How much of this budget is taken in the window that ends now."""
        start = self.now - timedelta(minutes=budget.per_minutes)
        uses = sa.select(sa.func.sum(_columns.cost).label("spent")).where(
            _columns.name == name, _columns.at > start, _columns.at <= self.now + timedelta(minutes=budget.per_minutes)
        )
        row = self._one(uses)
        return int(row.spent or 0) if row else 0

    def costs(self, since: datetime, until: datetime) -> list[Cost]:
        """What reading has cost in this time, of the last thirty days: what is older is forgotten."""
        asked = (
            sa.select(_columns.name, sa.func.sum(_columns.cost).label("cost"))
            .where(_columns.at >= since, _columns.at < until)
            .group_by(_columns.name)
            .order_by(_columns.name)
        )
        named = ((row.name.partition(":"), row.cost) for row in self._rows(asked))
        return [
            Cost(network=network, currency=currency, amount=int(cost) / MICRO)
            for (network, _, currency), cost in named
            if MONEY.fullmatch(currency)
        ]

    def is_paced(self, name: str) -> bool:
        """Whether calls keep a distance now."""
        return self._kept(name) is not None

    def _spent(self, name: str, window: timedelta) -> tuple[int, dict[str, Any] | None]:
        """What was taken in the window that ends now, and the distance that calls keep; all else is forgotten."""
        start, end = self.now - window, self.now + window
        [uses] = self._rows(_SPENT, of=name, pace=_pace_of(name), now=self.now)
        if uses.first is not None and not start < uses.first <= uses.last <= end:
            self._write(_GONE, of=name, start=start, end=end)
            [uses] = self._rows(_SPENT, of=name, pace=_pace_of(name), now=self.now)
        return int(uses.spent or 0), uses.kept

    def _use(self, name: str, budget: Budget, cost: int, more: int) -> datetime | None:
        """Write down what was taken, and say when it counts as used, where that is later than now.

        Rounded up, its time counts for longer than it must, never for less.
        """
        if budget.requests <= FEW:  # none of these is ever taken besides
            self._write_rows(_ADD, [{"name": name, "at": self.now, "cost": cost}])
            return None
        step = max(60 * budget.per_minutes // FEW, 1)
        at = datetime.fromtimestamp(int(self.now.timestamp()) // step * step + step, UTC)
        if not self._write(_ADD_TO, of=name, when=at, more=cost + more):
            self._write_rows(_ADD, [{"name": name, "at": at, "cost": cost + more}])
        return at

    def _pace(self, kept: dict[str, Any] | None) -> float:
        """Seconds until the next call keeps its distance from the last one."""
        soonest = self.now if kept is None else datetime.fromisoformat(kept["next"])
        return max((soonest - self.now).total_seconds(), 0.0)

    def _step(self, name: str, kept: dict[str, Any] | None, cost: int) -> None:
        if kept is not None:
            after = self.now + timedelta(seconds=kept["gap"] * cost)
            self._keep_pace(name, kept["gap"], until=datetime.fromisoformat(kept["until"]), first=after)

    def _kept(self, name: str) -> dict[str, Any] | None:
        return Lookups(self._connection, now=self.now, writing=self._writing).get(_pace_of(name))

    def _keep_pace(self, name: str, gap: float, *, until: datetime, first: datetime) -> None:
        soonest = min(first, until)  # when the limit is renewed, nothing of it is spent
        value = {"gap": gap, "next": soonest.isoformat(), "until": until.isoformat()}
        left = (until - self.now).total_seconds() if gap else 0.0
        Lookups(self._connection, now=self.now, writing=self._writing).set(_pace_of(name), value, keep_seconds=left)


def _pace_of(name: str) -> str:
    """Where memory holds the distance that calls of this budget keep."""
    return f"pace:{name}"
