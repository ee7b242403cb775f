"""What the function of a KPI gives, and what it is given."""

from collections.abc import Callable

from hub.domain import Model, Scope
from hub.domain.config import Config
from hub.store import View


class Counted(Model):
    """Sums, and what they come to. No denominator: the numerator alone is the figure."""

    numerator: float | None = None
    denominator: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    missing: str | None = None  # why there is no value


Kpi = Callable[[View, Config, Scope], Counted]


def count(number: float) -> Counted:
    """A figure that is a count."""
    return Counted(numerator=number, value=number)


def ratio(numerator: float, denominator: float, *, times: float = 1.0, missing: str) -> Counted:
    """A ratio of sums; nothing to divide by is no value, never zero."""
    if not denominator:
        return Counted(numerator=numerator, denominator=denominator, missing=missing)
    return Counted(numerator=numerator, denominator=denominator, value=times * numerator / denominator)
