"""How long it takes from a post to its work: each part of the way by itself, and all of them together the whole.

    published ─▶ collected ─▶ decided ─▶ handed over ─▶ acknowledged by a person

What was published before anybody looked for it, and what came out of an archive, was late before we began: it does not
count. Half of all times are below p50, 95 of 100 below p95; both are off by five percent at most, since times are
counted in buckets (`hub/store/latencies.py`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from hub.measure.counted import Cell, Counted, Kpi
from hub.store.latencies import Lag, Segment, bucket_of, seconds_of

NONE_YET = "Nothing went this part of the way in this time."
QUANTILES = {"p50": 0.5, "p95": 0.95}
LAGS: dict[str, Segment] = {"detection_lag": "collected", "decision_lag": "decided", "handover_lag": "handed_over"}


def way(since: datetime, moments: Iterable[tuple[str, datetime | None]]) -> list[tuple[str, timedelta]]:
    """How long each part took, by the moments at which they ended, in their order; the parts add up to the whole.

    A part that has not ended, or that nobody can date, is left out, and the next one counts from the one before.
    """
    steps, before = [], since
    for name, moment in moments:
        if moment is not None:
            steps.append((name, moment - before))
            before = moment
    return steps


def quantile(buckets: Mapping[int, int], share: float) -> float | None:
    """The seconds below which this share of the times lies; None where there is none."""
    rank, met = share * sum(buckets.values()), 0
    for bucket in sorted(buckets):
        met += buckets[bucket]
        if met >= rank and buckets[bucket]:
            return seconds_of(bucket)
    return None


def _lag(segment: Segment, share: float) -> Kpi:
    def lag(cell: Cell) -> Counted:
        return _told(_buckets(cell, segment), share)

    return lag


def _acknowledgement(share: float) -> Kpi:
    def lag(cell: Cell) -> Counted:
        view = cell.question.view
        read = cell.question.for_all(
            ("acknowledged", cell.since, cell.until), lambda: view.latencies.acknowledged(cell.since, cell.until)
        )
        took = (one.acknowledged_at - one.told_at for one in read if cell.only("network") in (None, one.network))
        return _told(Counter(bucket_of(each.total_seconds()) for each in took), share)

    return lag


def _buckets(cell: Cell, segment: Segment) -> Counter[int]:
    view, network = cell.question.view, cell.only("network")
    read: list[Lag] = cell.question.for_all(
        ("latencies", segment, cell.since, cell.until),
        lambda: view.latencies.histogram(cell.since, cell.until, segment=segment),
    )
    found: Counter[int] = Counter()
    for one in read:
        if one.segment == segment and network in (None, one.network):
            found[one.bucket] += one.count
    return found


def _told(buckets: Mapping[int, int], share: float) -> Counted:
    """The quantile, of so many."""
    value, whole = quantile(buckets, share), sum(buckets.values())
    return Counted(value=value, denominator=whole, missing=NONE_YET if value is None else None)


_PARTS: dict[str, Callable[[float], Kpi]] = {
    **{name: partial(_lag, segment) for name, segment in LAGS.items()},
    "acknowledgement_time": _acknowledgement,
}
KPIS: dict[str, Kpi] = {
    f"{name}_{word}": made(share) for name, made in _PARTS.items() for word, share in QUANTILES.items()
}
