"""The bench: people's desks as they would look had today's rules been in force all along, one post after the other."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from hub.domain import Handoff, HandoffKind, Post, Signal
from hub.domain.config import Conversations, Route, Subject
from hub.stages.conversations import Place
from hub.stages.desk import Desk
from hub.stages.grouping import SPIKE, Groups, subject_in
from hub.store import Incident, Talk


class Events(Groups):
    """Incidents in the order of posts, with nothing written.

    An incident is one as long as it is never quiet for longer than a quiet time, by when its posts were published.
    """

    def __init__(self, *, quiet: timedelta, incidents: Iterable[Incident], subjects: Sequence[Subject]) -> None:
        self.at: datetime | None = None  # when the post at hand was published
        self.really: str | None = None  # the incident that it is part of
        self.silent = False  # it was kept from people then, as they had asked
        self._quiet = quiet
        self._last: dict[str, tuple[str, datetime]] = {}  # rule and subject: the incident, and its last post
        self._going_on = {group: one for one in incidents for group in one.groups}
        super().__init__({group: one.key for group, one in self._going_on.items()}, subjects)
        self._raised: set[str] = set()

    def place(self, route: Route, signal: Signal) -> tuple[str, bool]:
        """The key of the incident, and whether this is its first alert."""
        assert self.at is not None
        particular, general = self._groups(route, signal)
        key = self.really or self._known(particular, general) or self._new(particular, general, self.at)
        self._last |= dict.fromkeys((*particular, *general), (key, self.at))
        if particular:
            self._of_particulars.add(key)
        return key, key not in self._raised

    def is_muted(self, route: Route, signal: Signal) -> bool:
        """Whether people wanted to hear nothing of this alert when it came."""
        return self.silent

    def took(self, alert: Handoff) -> None:
        """Remember an alert that was made, so that the next one joins it."""
        self._raised.add(alert.key)

    def _at_hand(self, group: str) -> str | None:
        assert self.at is not None
        before = self._last.get(group)
        if before is not None and self.at - before[1] <= self._quiet:
            return before[0]
        for name in (f"{SPIKE}:{subject_in(group)}", group):
            incident = self._going_on.get(name)
            if incident is not None and incident.opened_at - self._quiet <= self.at <= incident.last_at + self._quiet:
                return incident.key
        return None


class Bench(Desk):
    """What the router asks of a desk. What a post really became part of, it stays part of."""

    def __init__(self, events: Events, *, lifespans: Conversations) -> None:
        super().__init__(talks=(), alerts=events, leads={}, lifespans=lifespans)
        self.events = events
        self.really: Mapping[HandoffKind, Handoff] = {}  # what the post at hand was made into

    def place(self, route: Route, post: Post, signal: Signal) -> Place:
        """The thing that this post belongs to."""
        if route.makes == "Case" and (case := self.really.get("Case")):
            return Place(case.key, case.first, case.follows)
        return super().place(route, post, signal)

    def took(self, handoff: Handoff) -> None:
        """Remember what was made, so that the next post joins it."""
        super().took(self.really.get("Case", handoff) if handoff.kind == "Case" else handoff)

    def stands(self, talk: Talk) -> None:
        """A conversation that people work on, whatever today's rules say: it began before, or cannot be judged."""
        self.talks.stands(talk)
