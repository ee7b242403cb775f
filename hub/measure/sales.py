"""Sales figures as formulas: what a CRM says of leads and opportunities goes in, sums come out.

Nothing is read here. The leads that the hub made are counted in `flow`; what is asked of opportunities waits for a CRM
that tells of them, and is computed by these functions then.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import mean, median
from typing import Literal

from hub.domain import Model, Moment
from hub.measure.counted import Counted, count, ratio

LEAD_AGES = (30, 90)  # days after which a cohort of leads is judged
Attribution = Literal["first", "last", "even", "primary"]


class Opportunity(Model):
    """A deal, as the CRM tells of it."""

    opened_at: Moment
    closed_at: Moment | None = None
    won: bool | None = None  # None: open
    amount: float = 0.0
    kind: Literal["new", "renewal", "upsell"] = "new"
    touched: bool = True  # whether somebody there was heard of by the hub before it was opened


def lead_conversion(created: int, converted: int) -> Counted:
    """The share of a cohort that was won, in percent."""
    return ratio(converted, created, times=100, missing="No lead was begun.")


def win_rate(deals: Iterable[Opportunity]) -> Counted:
    """Won, of those that were decided, in percent; by when they were closed."""
    decided = [one.won for one in deals if one.won is not None]
    return ratio(sum(decided), len(decided), times=100, missing="No deal was decided.")


def cycle_days(deals: Iterable[Opportunity]) -> tuple[float, float] | None:
    """Days from opening to winning: the mean and the median; None where nothing was won."""
    took = [(one.closed_at - one.opened_at) / timedelta(days=1) for one in deals if one.won and one.closed_at]
    return (mean(took), median(took)) if took else None


def deal_size(deals: Iterable[Opportunity]) -> Counted:
    """The mean amount of new business that was won."""
    won = [one.amount for one in deals if one.won and one.kind == "new"]
    return ratio(sum(won), len(won), missing="No new business was won.")


def renewal_rate(due: int, renewed: int) -> Counted:
    """Contracts renewed, of those that were due, in percent."""
    return ratio(renewed, due, times=100, missing="No contract was due.")


def upsell(deals: Iterable[Opportunity]) -> Counted:
    """The amount that was won with customers who were customers before."""
    return count(sum(one.amount for one in deals if one.won and one.kind == "upsell"))


def presale_interactions(contacts: Iterable[datetime], opened_at: datetime) -> Counted:
    """Words in both directions with one person before the opportunity was opened."""
    return count(sum(at < opened_at for at in contacts))


def contact_time(first_outbound: datetime | None, qualified: datetime | None) -> timedelta | None:
    """From our first word to one lead until it was qualified; None before that."""
    return qualified - first_outbound if first_outbound and qualified and qualified >= first_outbound else None


def attributed(
    amount: float, touches: Sequence[str], model: Attribution, primary: str | None = None
) -> dict[str, float]:
    """An amount, shared among the campaigns that touched it, in their order, as the model has it."""
    if not touches:
        return {}
    if model == "even":
        shares: dict[str, float] = {}
        for touch in touches:
            shares[touch] = shares.get(touch, 0.0) + amount / len(touches)
        return shares
    chosen = {"first": touches[0], "last": touches[-1], "primary": primary or touches[0]}[model]
    return {chosen: amount}


def attributable_roi(value: float, cost: float) -> Counted:
    """What was earned beyond the cost, in percent of it."""
    return ratio(value - cost, cost, times=100, missing="Nothing was spent.")
