"""Grouping: which incident an alert belongs to, and whether people want to hear of it now (`product.md` lesson 23)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from hub.domain import Handoff, Signal
from hub.domain.config import Route, Triage
from hub.store import Transaction

SPIKE = "spike"  # in place of a rule's name


class Grouping:
    """The incidents at hand, by rule and subject, as seen by one transaction."""

    def __init__(self, tx: Transaction, incidents: Mapping[str, str], muted: Collection[str] = ()) -> None:
        self._tx = tx
        self._incidents = dict(incidents)  # rule and subject: key of the incident
        self._muted = frozenset(muted)  # rules and subjects about which people want to hear nothing now
        self._alerted = set(incidents.values())
        spikes = {key for key in self._alerted if group_in(key).startswith(f"{SPIKE}:")}
        if spikes:  # one of which no post could be shown has no message yet
            self._alerted -= spikes - tx.handoffs.existing("Alert", spikes)

    def place(self, route: Route, signal: Signal) -> tuple[str, bool]:
        """The key of the incident, and whether this is its first alert."""
        groups = groups_of(route, signal)
        key = self._known(groups) or "\x1f".join(("incident", groups[0], self._tx.now.isoformat()))
        for group in groups:
            self._incidents.setdefault(group, key)
        return key, key not in self._alerted

    def is_muted(self, route: Route, signal: Signal) -> bool:
        """Whether people want to hear nothing of this alert now; its incident grows all the same."""
        groups = groups_of(route, signal)
        key = self._known(groups) or ""
        if self._muted.isdisjoint({*groups, group_in(key)}):
            return False
        incident = self._tx.incidents.get(key)
        if incident and incident.resolved_at is None:
            self._tx.incidents.report(incident.key, title=incident.title, severity=incident.severity)
        return True

    def took(self, alert: Handoff) -> None:
        """Remember an alert that was made, so that the next one joins it."""
        self._alerted.add(alert.key)
        self._tx.incidents.report(
            alert.key, title=alert.title, severity=alert.severity, subjects=alert.signal.subjects
        )  # fmt: skip

    def _known(self, groups: Sequence[str]) -> str | None:
        """The incident that is at hand: what stands out already, or was told of one of these subjects, is the same."""
        for group in groups:
            spike = f"{SPIKE}:{group.partition(':')[2]}"
            if found := self._incidents.get(group) or self._incidents.get(spike):
                return found
        return None


def at_hand(tx: Transaction, triage: Triage) -> Grouping:
    """The incidents that go on when they are heard of: open ones, and for a while those that are over."""
    tx.incidents.end_quiet(timedelta(hours=triage.incident_quiet_hours))
    known = tx.incidents.at_hand(tx.now - timedelta(hours=triage.incident_reopen_hours))
    incidents = {group: each.key for each in reversed(known) for group in each.groups}
    return Grouping(tx, incidents, tx.incidents.muted())


def groups_of(route: Route, signal: Signal) -> list[str]:
    """Which incidents an alert of this rule could belong to, by rule and subject."""
    return [f"{route.name}:{subject}" for subject in signal.subjects or ("everything",)]


def group_in(key: str) -> str:
    """The rule and first subject of an incident's key."""
    return "".join(key.split("\x1f")[1:2])
