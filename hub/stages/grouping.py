"""Grouping: which incident an alert belongs to, and whether people want to hear of it now (`product.md` lesson 23).

What burns is a product, and nearly everybody who says so names its maker too. So a post belongs to an event by the
products and people it names, where it names any; by a brand only where it names nothing else, or where the event was so
far told by the brand's name alone. Two products in trouble on one day are two incidents.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from hub.domain import Handoff, Signal
from hub.domain.config import Route, Subject, Triage
from hub.store import Transaction

SPIKE = "spike"  # in place of a rule's name
PARTICULAR = ("product", "employee")  # kinds of subjects that tell one event from another


class Groups(ABC):
    """Which incident an alert belongs to, by the rule and the subjects that it is about: whoever knows of incidents."""

    def __init__(self, incidents: Mapping[str, str], subjects: Sequence[Subject]) -> None:
        """`incidents`: by rule and subject, the key of the incident that is known."""
        self._particular = particulars_of(subjects)
        self._of_particulars = {key for group, key in incidents.items() if subject_in(group) in self._particular}

    @abstractmethod
    def place(self, route: Route, signal: Signal) -> tuple[str, bool]:
        """The key of the incident, and whether this is its first alert."""

    @abstractmethod
    def is_muted(self, route: Route, signal: Signal) -> bool:
        """Whether people want to hear nothing of this alert."""

    @abstractmethod
    def took(self, alert: Handoff) -> None:
        """Remember an alert that was made, so that the next one joins it."""

    @abstractmethod
    def _at_hand(self, group: str) -> str | None:
        """The incident of this rule and subject that goes on."""

    def _known(self, particular: Sequence[str], general: Sequence[str]) -> str | None:
        """The incident that is at hand: what stands out already, or was told of one of these subjects, is the same."""
        if not particular:
            return next(filter(None, map(self._at_hand, general)), None)
        of_brands = (key for key in map(self._at_hand, general) if key not in self._of_particulars)
        return next(filter(None, (*map(self._at_hand, particular), *of_brands)), None)

    def _new(self, particular: Sequence[str], general: Sequence[str], at: datetime) -> str:
        return "\x1f".join(("incident", (particular or general)[0], at.isoformat()))

    def _groups(self, route: Route, signal: Signal) -> tuple[list[str], list[str]]:
        """Which incidents an alert of this rule could belong to: by what it says in particular, and by the rest."""
        groups = [f"{route.name}:{subject}" for subject in signal.subjects or ("everything",)]
        particular = [group for group in groups if subject_in(group) in self._particular]
        return particular, [group for group in groups if group not in particular]


class Grouping(Groups):
    """The incidents at hand, by rule and subject, as seen by one transaction."""

    def __init__(
        self, tx: Transaction, incidents: Mapping[str, str], muted: Collection[str] = (),
        subjects: Sequence[Subject] = (),
    ) -> None:  # fmt: skip
        super().__init__(incidents, subjects)
        self._tx = tx
        self._incidents = dict(incidents)  # rule and subject: key of the incident
        self._newly_so: set[str] = set()  # of a particular since this transaction
        self._muted = frozenset(muted)  # rules and subjects about which people want to hear nothing now
        self._alerted = set(incidents.values())
        spikes = {key for key in self._alerted if group_in(key).startswith(f"{SPIKE}:")}
        if spikes:  # one of which no post could be shown has no message yet
            self._alerted -= spikes - tx.handoffs.existing("Alert", spikes)

    def place(self, route: Route, signal: Signal) -> tuple[str, bool]:
        """The key of the incident, and whether this is its first alert."""
        particular, general = self._groups(route, signal)
        key = self._known(particular, general) or self._new(particular, general, self._tx.now)
        for group in (*particular, *general):
            self._incidents.setdefault(group, key)
        if particular and key not in self._of_particulars:
            self._of_particulars.add(key)
            self._newly_so.add(key)
        return key, key not in self._alerted

    def is_muted(self, route: Route, signal: Signal) -> bool:
        """Whether people want to hear nothing of this alert now; its incident grows all the same."""
        particular, general = self._groups(route, signal)
        key = self._known(particular, general) or ""
        if self._muted.isdisjoint({*(particular or general), group_in(key)}):
            return False
        incident = self._tx.incidents.get(key)
        if incident and incident.resolved_at is None:
            self._tx.incidents.report(incident.key, title=incident.title, severity=incident.severity)
        return True

    def took(self, alert: Handoff) -> None:
        """Remember an alert that was made, so that the next one joins it."""
        self._alerted.add(alert.key)
        about = alert.signal.subjects if alert.first or alert.key in self._newly_so else ()
        self._newly_so.discard(alert.key)
        self._tx.incidents.report(alert.key, title=alert.title, severity=alert.severity, subjects=about)

    def _at_hand(self, group: str) -> str | None:
        return self._incidents.get(group) or self._incidents.get(f"{SPIKE}:{subject_in(group)}")


def at_hand(tx: Transaction, triage: Triage, subjects: Sequence[Subject] = ()) -> Grouping:
    """The incidents that go on when they are heard of: open ones, and for a while those that are over."""
    tx.incidents.end_quiet(timedelta(hours=triage.incident_quiet_hours))
    known = tx.incidents.at_hand(tx.now - timedelta(hours=triage.incident_reopen_hours))
    incidents = {group: each.key for each in reversed(known) for group in each.groups}
    return Grouping(tx, incidents, tx.incidents.muted(), subjects)


def particulars_of(subjects: Sequence[Subject]) -> frozenset[str]:
    """The names of those that tell one event from another."""
    return frozenset(subject.name for subject in subjects if subject.kind in PARTICULAR)


def group_in(key: str) -> str:
    """The rule and first subject of an incident's key."""
    return "".join(key.split("\x1f")[1:2])


def subject_in(group: str) -> str:
    """What a group is about."""
    return group.partition(":")[2]
