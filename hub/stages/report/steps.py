"""What to do next: short, each with the page where it is done, the gravest first."""

from collections.abc import Iterator, Sequence

from hub.domain import Figure, Scope
from hub.domain.reports import Advice
from hub.stages.report import words
from hub.store import View

ENOUGH = 0.95  # of the sources' hours
MOST_ALARMS = 200


def advice(view: View, scope: Scope, asked: Sequence[Figure]) -> Iterator[Advice]:
    """What somebody should look at, as the store is now."""
    ailing = [watch for watch in view.watches.listing() if watch.failures]
    if ailing:
        networks = ", ".join(sorted({watch.network for watch in ailing}))
        what = _said(len(ailing), "watch", "watches")
        yield Advice(text=f"{what} cannot be read ({networks}): see why on the page of the sources.", path="sources")
    coverages = [figure.coverage for figure in asked if figure.coverage is not None]
    if coverages and min(coverages) < ENOUGH:
        yield Advice(
            text=f"Only {words.share(min(coverages))} of the sources' hours were observed, so some figures are too "
            "small: see which sources on the page of the sources.", path="sources",
        )  # fmt: skip
    raised = [alarm for alarm in view.alarms.recent(MOST_ALARMS, since=scope.since) if alarm.at < scope.until]
    if unjudged := sum(alarm.verdict is None for alarm in raised):
        yield Advice(
            text=f"Of {_said(len(raised), 'alarm', 'alarms')} of this time, {unjudged} not judged: say true, false or "
            "campaign, so that the detectors are graded.", path="crises",
        )  # fmt: skip
    waiting = sum(each.items for each in view.quarantine.counts())
    if waiting:
        yield Advice(
            text=f"In quarantine: {_said(waiting, 'item', 'items')}, to be repaired, replayed or discarded.",
            path="quarantine",
        )


def _said(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"
