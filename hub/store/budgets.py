"""Budgets: calls per window, shared by every process that talks to one system."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from hub.domain import Allowance, Budget
from hub.store import tables
from hub.store.memory import Lookups
from hub.store.repository import Repository


class BudgetUses(Repository):
    """A sliding window for each name: in no stretch of the window's length are more calls made than allowed."""

    def acquire(self, name: str, budget: Budget, *, cost: int = 1) -> float:
        """Take `cost` calls and return 0, or take none and return the seconds until there may be room.

        A cost above the whole budget is taken as the whole budget: else it could never be had. A negative one gives
        back what was taken and not used.
        """
        self._hold(f"budget:{name}")
        if wait := self._pace(name):
            return wait
        window = timedelta(minutes=budget.per_minutes)
        columns = tables.budget_uses.c
        # Uses from the future were written by a clock that has been put back since: they would block for long.
        gone = sa.or_(columns.at <= self.now - window, columns.at > self.now + window)
        self._write(sa.delete(tables.budget_uses).where(columns.name == name, gone))
        spent = self._one(sa.select(sa.func.sum(columns.cost)).where(columns.name == name))  # one number, not all uses
        over = int(spent[0] or 0 if spent else 0) + min(cost, budget.requests) - budget.requests
        if over <= 0 or cost <= 0:
            self._write_rows(sa.insert(tables.budget_uses), [{"name": name, "at": self.now, "cost": cost}])
            self._step(name, cost)
            return 0.0
        uses = sa.select(columns.at, columns.cost).where(columns.name == name).order_by(columns.at)
        for row in self._rows(uses):
            over -= row.cost
            if over <= 0:
                return float(max((row.at + window - self.now).total_seconds(), 0.001))
        return window.total_seconds()

    def told(self, name: str, allowance: Allowance) -> None:
        """Keep what the other side said is left: with little of it, calls keep a distance that makes it last."""
        self._hold(f"budget:{name}")
        until = self.now + timedelta(seconds=allowance.seconds)
        self._keep_pace(name, allowance.gap, until=until, first=self.now + timedelta(seconds=allowance.gap))

    def is_paced(self, name: str) -> bool:
        """Whether calls keep a distance now."""
        return self._kept(name) is not None

    def _pace(self, name: str) -> float:
        """Seconds until the next call keeps its distance from the last one."""
        kept = self._kept(name)
        soonest = self.now if kept is None else datetime.fromisoformat(kept["next"])
        return max((soonest - self.now).total_seconds(), 0.0)

    def _step(self, name: str, cost: int) -> None:
        kept = self._kept(name)
        if kept is not None:
            after = self.now + timedelta(seconds=kept["gap"] * cost)
            self._keep_pace(name, kept["gap"], until=datetime.fromisoformat(kept["until"]), first=after)

    def _kept(self, name: str) -> dict[str, Any] | None:
        return Lookups(self._connection, now=self.now, writing=self._writing).get(f"pace:{name}")

    def _keep_pace(self, name: str, gap: float, *, until: datetime, first: datetime) -> None:
        soonest = min(first, until)  # when the limit is renewed, nothing of it is spent
        value = {"gap": gap, "next": soonest.isoformat(), "until": until.isoformat()}
        left = (until - self.now).total_seconds() if gap else 0.0
        Lookups(self._connection, now=self.now, writing=self._writing).set(f"pace:{name}", value, keep_seconds=left)
