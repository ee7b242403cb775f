"""Coverage: how much of what we meant to watch was really seen, what a quota kept late, and what it cost.

A watch counts from when it was first registered; one that hub.yaml no longer names, until it last saw anything. What
is still to come is nobody's gap.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from hub.domain import Dimension
from hub.measure.counted import Cell, Counted, Kpi, Question, count, ratio
from hub.store.coverage import Seen, Stretch

HOUR = timedelta(hours=1)
NOTHING = timedelta()
REMEMBERED = timedelta(days=30)  # what was spent
Due = dict[str, tuple[datetime, datetime]]  # by watch
NOBODY = "No watch was to see any of this time."


def coverage(cell: Cell) -> Counted:
    """Hours that watches have seen, of the hours that they were to see, in percent."""
    return _share(_due(cell), _stretches(cell.question))


def quota_stopped(cell: Cell) -> Counted:
    """Hours in which watches were behind for a quota, of the hours that they were to see, in percent."""
    asked = cell.question
    time = asked.scope.since, asked.scope.until
    stops = asked.for_all(("quota stops", *time), lambda: asked.view.observed.stops(*time))
    return _share(_due(cell), _by_watch(stops))


def source_cost(cell: Cell) -> Counted:
    """Money, where all of it is of one currency."""
    asked = cell.question
    read = asked.for_all(("costs", cell.since, cell.until), lambda: asked.view.budgets.costs(cell.since, cell.until))
    costs = [one for one in read if cell.only("network") in (None, one.network)]
    if len({one.currency for one in costs}) > 1:
        return Counted(missing="These costs are in several currencies: ask for one network.")
    return count(sum(one.amount for one in costs)).with_(partial=cell.since < asked.now - REMEMBERED)


def _due(cell: Cell) -> Due:
    """From when until when each watch was to see something of this cell."""
    asked = cell.question
    until, named = min(cell.until, asked.now), {watch.key for watch in asked.config.watches}
    stretches = _stretches(asked)
    found: Due = {}
    for watch, (network, began) in seen(asked).began.items():
        if cell.only("network") in (None, network) and cell.only("watch") in (None, watch):
            last = until if watch in named else max((one.until for one in stretches.get(watch, ())), default=began)
            found[watch] = max(began, cell.since), min(until, last)
    return {watch: span for watch, span in found.items() if span[0] < span[1]}


def _share(due: Due, stretches: Mapping[str, Sequence[Stretch]]) -> Counted:
    """The part of that time that lies in these stretches."""
    whole = sum((end - start for start, end in due.values()), NOTHING)
    parts = (
        max(min(one.until, end) - max(one.since, start), NOTHING)
        for watch, (start, end) in due.items()
        for one in stretches.get(watch, ())
    )
    return ratio(sum(parts, NOTHING) / HOUR, whole / HOUR, times=100, missing=NOBODY)


def _by_watch(stretches: Iterable[Stretch]) -> dict[str, list[Stretch]]:
    found: dict[str, list[Stretch]] = defaultdict(list)
    for one in stretches:
        found[one.watch].append(one)
    return found


def seen(asked: Question) -> Seen:
    """What watches have seen of the whole time that is asked about."""
    time = asked.scope.since, asked.scope.until
    return asked.for_all(("seen", *time), lambda: asked.view.observed.seen(*time))


def _stretches(asked: Question) -> dict[str, list[Stretch]]:
    time = asked.scope.since, asked.scope.until
    return asked.for_all(("seen by watch", *time), lambda: _by_watch(seen(asked).stretches))


def _watches(asked: Question) -> Sequence[str]:
    return sorted(seen(asked).began)


PARTS: dict[Dimension, Callable[[Question], Sequence[str]]] = {"watch": _watches}
KPIS: dict[str, Kpi] = {"coverage": coverage, "quota_stopped": quota_stopped, "source_cost": source_cost}
