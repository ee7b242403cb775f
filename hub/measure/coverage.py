"""Coverage: how much of what we meant to watch was really seen.

A watch counts from when it was first registered; one that hub.yaml no longer names, until it last saw anything. What
is still to come is nobody's gap.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

from hub.domain import Dimension
from hub.measure.counted import Cell, Counted, Kpi, Question, ratio
from hub.store.coverage import Seen, Stretch

HOUR = timedelta(hours=1)
NOBODY = "No watch was to see any of this time."


def coverage(cell: Cell) -> Counted:
    """Hours that watches have seen, of the hours that they were to see, in percent."""
    asked = cell.question
    known, until = _seen(asked), min(cell.until, asked.now)
    named = {watch.key for watch in asked.config.watches}
    stretches: dict[str, list[Stretch]] = defaultdict(list)
    for one in known.stretches:
        stretches[one.watch].append(one)
    seen = due = timedelta()
    for watch, (network, began) in known.began.items():
        if cell.only("network") not in (None, network) or cell.only("watch") not in (None, watch):
            continue
        mine = stretches[watch]
        end = until if watch in named else min(until, max((one.until for one in mine), default=began))
        due += max(end - max(began, cell.since), timedelta())
        seen += sum(
            (max(min(one.until, end) - max(one.since, began, cell.since), timedelta()) for one in mine), timedelta()
        )
    return ratio(seen / HOUR, due / HOUR, times=100, missing=NOBODY)


def _seen(asked: Question) -> Seen:
    return asked.once("seen", lambda: asked.view.observed.seen(asked.scope.since, asked.scope.until))


def _watches(asked: Question) -> Sequence[str]:
    return sorted(_seen(asked).began)


PARTS: dict[Dimension, Callable[[Question], Sequence[str]]] = {"watch": _watches}
KPIS: dict[str, Kpi] = {"coverage": coverage}
