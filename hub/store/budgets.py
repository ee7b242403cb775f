"""Budgets: calls per window, shared by every process that talks to one system."""

from datetime import timedelta

import sqlalchemy as sa

from hub.domain import Budget
from hub.store import tables
from hub.store.repository import Repository


class BudgetUses(Repository):
    """A sliding window for each name: in no stretch of the window's length are more calls made than allowed."""

    def acquire(self, name: str, budget: Budget, *, cost: int = 1) -> float:
        """Take `cost` calls and return 0, or take none and return the seconds until there may be room.

        A cost above the whole budget is taken as the whole budget: else it could never be had.
        """
        self._hold(f"budget:{name}")
        window = timedelta(minutes=budget.per_minutes)
        columns = tables.budget_uses.c
        # Uses from the future were written by a clock that has been put back since: they would block for long.
        gone = sa.or_(columns.at <= self.now - window, columns.at > self.now + window)
        self._write(sa.delete(tables.budget_uses).where(columns.name == name, gone))
        spent = self._one(sa.select(sa.func.sum(columns.cost)).where(columns.name == name))  # one number, not all uses
        over = int(spent[0] or 0 if spent else 0) + min(cost, budget.requests) - budget.requests
        if over <= 0:
            self._write_rows(sa.insert(tables.budget_uses), [{"name": name, "at": self.now, "cost": cost}])
            return 0.0
        uses = sa.select(columns.at, columns.cost).where(columns.name == name).order_by(columns.at)
        for row in self._rows(uses):
            over -= row.cost
            if over <= 0:
                return float(max((row.at + window - self.now).total_seconds(), 0.001))
        return window.total_seconds()
