"""What the hub made of what it heard: leads, cases, alerts, and the conversations that people were given.

A thing counts once and when it was begun, however many posts add to it later. It is of the subject that its first post
names first, so that subjects add up to the whole.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar, get_args

from hub.domain import Dimension, HandoffKind
from hub.measure.counted import Behind, Cell, Counted, Kpi, Question, count
from hub.measure.sales import LEAD_AGES, lead_conversion
from hub.store import Begun, Ended
from hub.store.behind import Judged
from hub.store.handoffs import ALIKE

T = TypeVar("T", Begun, Ended)

KINDS: tuple[HandoffKind, ...] = get_args(HandoffKind)


def leads(cell: Cell) -> Counted:
    """Distinct leads."""
    return count(_begun(cell, "Lead"))


def cases(cell: Cell) -> Counted:
    """Distinct cases."""
    return count(_begun(cell, "Case"))


def alerts(cell: Cell) -> Counted:
    """Incidents that people were told of."""
    return count(_begun(cell, "Alert"))


def leads_won(cell: Cell) -> Counted:
    """Of these leads, those that somebody has won by now."""
    return count(sum(one.won for one in _ended(cell)))


def leads_lost(cell: Cell) -> Counted:
    """Of these leads, those that nobody will win."""
    return count(sum(not one.won for one in _ended(cell)))


def conversion(days: int) -> Kpi:
    """The share of a cohort of leads that was won within this age; partial while some of it is younger."""

    def rate(cell: Cell) -> Counted:
        won = sum(one.won and one.age <= timedelta(days=days) for one in _ended(cell))
        return lead_conversion(_begun(cell, "Lead"), won).with_(
            partial=cell.until + timedelta(days=days) > cell.question.now
        )

    return rate


def channel_of(one: Begun | Ended) -> str:
    """Where a conversation is held, and who can read it there: `mastodon public`."""
    return f"{one.network} {one.visibility}"


def _begun(cell: Cell, kind: HandoffKind) -> int:
    return sum(one.count for one in _of(cell, _rows(cell.question, cell.step, kind)))


def _rows(asked: Question, step: int, kind: HandoffKind) -> list[Begun]:
    since, until = asked.edges[step], asked.edges[step + 1]
    alike = _told_apart(asked)
    return asked.for_all(
        ("begun", kind, since, until, alike), lambda: asked.view.handoffs.begun(kind, since, until, alike=alike)
    )


def _told_apart(asked: Question) -> tuple[str, ...]:
    """All that a split asks for, so that all splits read it once; else what the question is narrowed to."""
    if asked.by is not None:
        return ALIKE
    return tuple(name for name in ALIKE if getattr(asked.scope, name, None) is not None)


def _ended(cell: Cell) -> Sequence[Ended]:
    asked = cell.question
    rows = asked.for_all(("ended", cell.since, cell.until), lambda: asked.view.handoffs.ended(cell.since, cell.until))
    return _of(cell, rows)


def _of(cell: Cell, rows: Sequence[T]) -> Sequence[T]:
    """Those rows that the cell is narrowed to."""
    for dimension, of in _OF.items():
        only = cell.only(dimension)
        if only is not None:
            rows = [one for one in rows if of(one) == only]
    return rows


_OF: Mapping[Dimension, Callable[[Begun | Ended], str]] = {
    "subject": lambda one: one.subject,
    "network": lambda one: one.network,
    "team": lambda one: one.team,
    "route": lambda one: one.route,
    "channel": channel_of,
}


def _met(dimension: Dimension) -> Callable[[Question], Sequence[str]]:
    """The parts that work was begun of in the whole time that is asked about."""

    def parts(asked: Question) -> Sequence[str]:
        steps = range(len(asked.edges) - 1)
        return sorted({_OF[dimension](one) for kind in KINDS for step in steps for one in _rows(asked, step, kind)})

    return parts


def _posts_of(kind: HandoffKind) -> Behind:
    """The posts that began the things which are counted."""

    def posts(cell: Cell, limit: int, before: str | None) -> list[Judged]:
        network, visibility = (cell.only("channel") or " ").split(" ", 1)
        if network and cell.only("network") not in (None, network):
            return []
        found = cell.question.view.handoffs.beginnings(
            kind, cell.since, cell.until, limit=limit, before=before, network=network or cell.only("network"),
            visibility=visibility or None, team=cell.only("team"), subject=cell.only("subject"),
            route=cell.only("route"),
        )  # fmt: skip
        return [Judged(post=one.post, signal=one.signal) for one in found]

    return posts


PARTS: dict[Dimension, Callable[[Question], Sequence[str]]] = {
    name: _met(name) for name in ("team", "route", "channel")
}
KPIS: dict[str, Kpi] = {
    "leads": leads, "leads_won": leads_won, "leads_lost": leads_lost, "cases": cases, "contact_volume": cases,
    "alerts": alerts, **{f"lead_conversion_{days}d": conversion(days) for days in LEAD_AGES},
}  # fmt: skip
BEHIND: dict[str, Behind] = {
    "leads": _posts_of("Lead"), "cases": _posts_of("Case"), "contact_volume": _posts_of("Case"),
    "alerts": _posts_of("Alert"), **{f"lead_conversion_{days}d": _posts_of("Lead") for days in LEAD_AGES},
}  # fmt: skip
