"""What tests of plans share: a plan over all that a town holds, and what applying it leaves."""

from datetime import timedelta
from pathlib import Path

from hub.domain.config import Route
from hub.stages import plan as stage
from hub.stages.admit import Rulebook
from hub.stages.plan import Change, Plan, Scope, Work
from tests.unit.stages.world import Town, make_book

DAYS = 30.0


def scope_of(town: Town, **changes: object) -> Scope:
    """The last thirty days, as they are now."""
    now = town.clock.now()
    with town.store.read() as view:
        last = view.archive.last()
    fields = {"as_of": now, "since": now - timedelta(days=DAYS), "until": now, "last": last, "actionable_hours": 48.0}
    return Scope(**{**fields, **changes})


def planned(town: Town, book: Rulebook | None = None, **changes: object) -> tuple[Plan, list[Change]]:
    """A plan, and its differences."""
    return planned_with_work(town, book, **changes)[:2]


def planned_with_work(
    town: Town, book: Rulebook | None = None, **changes: object
) -> tuple[Plan, list[Change], list[Work]]:
    """A plan, its differences, and what applying it does."""
    book, scope = book or make_book(), scope_of(town, **changes)
    with town.store.read() as view:
        rereader = stage.Rereader(scope.remap, book.networks, view, town.landing) if scope.remap else None
        judge = stage.Judge(book, scope, view, rereader=rereader)
        found = list(judge.found())
    plan = stage.plan_of(scope, book.versions, judge.tally)
    return plan, [change for change, _ in found], [work for _, work in found if work]


def applied(town: Town, plan: Plan, book: Rulebook | None = None) -> dict[str, int]:
    """What applying it did."""
    folder = Path(town.landing.url).parent
    return stage.apply(plan, book or make_book(), store=town.store, landing=town.landing, folder=folder, who="ana")


def told(changes: list[Change]) -> list[tuple[str, str, str, str]]:
    """The differences in short: what, kind, team, post."""
    return [(one.what, one.kind, one.team, one.post) for one in changes]


def without(*names: str) -> Rulebook:
    """The book without these shipped routes."""
    return make_book(routes=tuple(Route(name=name, makes="Lead", when="`false`", enabled=False) for name in names))
