"""Live: what the hub is set up for and has done in the last thirty days, read once and kept while somebody asks."""

from collections import Counter
from datetime import datetime, timedelta
from functools import cached_property

from hub.domain.config import Config
from hub.store import Grade, Incident, Reached, View, WatchState, handoff_of
from hub.store.reports import Sent

PERIOD = timedelta(days=30)
READ_WITHIN = timedelta(days=1)
REPORTS = 500  # the newest that are looked at
CALIBRATION = "leads:calibration"  # where the memory holds what outcomes have taught


class Live:
    """Facts by name. Each is one bounded question to the store."""

    def __init__(self, view: View, config: Config) -> None:
        self.view = view
        self.config = config
        self.now = view.now
        self.since = view.now - PERIOD

    @cached_property
    def watches(self) -> list[WatchState]:
        """Every watch that was ever asked."""
        return self.view.watches.listing()

    @cached_property
    def networks(self) -> list[str]:
        """Networks that were read within the last day."""
        fresh = self.now - READ_WITHIN
        return sorted({one.network for one in self.watches if one.polled_at and one.polled_at >= fresh})

    @cached_property
    def coverage(self) -> float | None:
        """What share of the watches' time was seen, 0 to 1; None where nothing was to be seen."""
        return self.view.observed.share(self.since, self.now)

    @cached_property
    def heard(self) -> Counter[tuple[str, str]]:
        """Relevant posts by subject and intent; one on two subjects counts for both."""
        found: Counter[tuple[str, str]] = Counter()
        for one in self.view.talk.themed("intent", [self.since, self.now], by_subjects=True):
            found.update({(subject, str(one.theme)): int(one.numbers[0]) for subject in one.subjects or ()})
        return found

    @cached_property
    def reached(self) -> list[Reached]:
        """Work that is at its destination."""
        return self.view.tallies.reached(self.since, self.now + timedelta(seconds=1))

    @cached_property
    def teams_with_work(self) -> set[str]:
        """Teams that got any."""
        return {one.team for one in self.reached}

    @cached_property
    def incidents(self) -> list[Incident]:
        """Those that were opened, the newest two hundred."""
        return [one for one in self.view.incidents.recent(200) if one.opened_at >= self.since]

    @cached_property
    def grades(self) -> list[Grade]:
        """How good each detector is, by what people said."""
        return [one for one in self.view.alarms.grades() if one.topic is None]

    @cached_property
    def corrections(self) -> int:
        """How often people said that a post was something else."""
        return self.view.corrections.since(self.since)

    @cached_property
    def model(self) -> str | None:
        """The trained model that runs."""
        return self.view.models.running()

    @cached_property
    def calibrated(self) -> bool:
        """Whether ends of leads have taught the chances of others."""
        return self.view.memory.get(CALIBRATION) is not None

    @cached_property
    def ends(self) -> Counter[bool]:
        """Leads that are known to have been won, and lost."""
        return self.view.tallies.ends()

    @cached_property
    def reports(self) -> dict[str, datetime]:
        """For each department, when the last of its reports that has reached somebody was made."""
        made = [one for one in self.view.reports.recent(REPORTS) if one.made_at >= self.since]
        names = {handoff_of(one.name, one.since, one.until): one for one in made}
        there = {name for name, some in self.view.reports.sent(list(names)).items() if any(_there(one) for one in some)}
        last: dict[str, datetime] = {}
        for name in there:
            report = names[name]
            last[report.department] = max(report.made_at, last.get(report.department, report.made_at))
        return last

    def said(self, *intents: str) -> int:
        """Posts with one of these intents, of whatever subject; without any, all."""
        return sum(posts for (_, intent), posts in self.heard.items() if not intents or intent in intents)

    def said_of(self, kind: str) -> int:
        """Posts about subjects of this kind."""
        names = {one.name for one in self.config.subjects if one.kind == kind}
        return sum(posts for (subject, _), posts in self.heard.items() if subject in names)

    def work(self, kind: str) -> int:
        """Pieces of work of this kind that are at their destinations; one at two of them counts for each."""
        return sum(one.handoffs for one in self.reached if one.kind == kind)


def _there(one: Sent) -> bool:
    return one.state == "done"
