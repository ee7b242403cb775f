"""Which days an export writes: all of them, those from a day on, or those that are marked as changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta

from hub.domain.config import Config
from hub.measure.figures import Figures
from hub.stages.export.kpis import days_touched
from hub.store import Mark, View

RECENT_DAYS = 7  # of KPIs: what comes late, such as receipts and observed time, moves them without any post
DAY = timedelta(days=1)
Days = dict[date, frozenset[str] | None]
"""Days of UTC, each with the networks that changed; None: whichever there are."""


@dataclass
class Changed:
    """What is to be written."""

    talk: Days = field(default_factory=dict)
    work: Days = field(default_factory=dict)
    spans: list[tuple[date, date]] = field(default_factory=list)  # days of UTC whose KPIs may have moved

    @classmethod
    def everything(cls, view: View) -> "Changed":
        """Whatever is there."""
        talk: Days = dict.fromkeys(view.extract.days_of_talk())
        work: Days = dict.fromkeys(view.extract.days_of_work())
        return cls(talk, work, [(day, day) for day in {*talk, *work}])

    @classmethod
    def marked(cls, marks: Iterable[Mark]) -> "Changed":
        """What has changed since the last export."""
        found, days = cls(), dict[str, list[date]]()
        for mark in marks:
            day = date.fromisoformat(mark.day)
            match mark.area:
                case "talk":
                    found.talk[day] = (found.talk.get(day) or frozenset()) | {mark.network}
                case "work":
                    found.work[day] = (found.work.get(day) or frozenset()) | {mark.network}
                case "seen":
                    days.setdefault(mark.network, []).append(day)
            if mark.area != "seen":
                found.spans.append((day, day))
        found.spans += [(min(some), max(some)) for some in days.values()]  # a gap between them may have been closed
        return found

    def since(self, view: View, day: date, networks: frozenset[str]) -> "Changed":
        """This, and all from that day on."""
        every = Changed.everything(view)
        talk: Days = {each: networks for each in every.talk if each >= day}
        work: Days = {each: networks for each in every.work if each >= day}
        today = view.now.astimezone(UTC).date()
        return Changed(self.talk | talk, self.work | work, [*self.spans, (day, today)])

    def days_of_kpis(self, view: View, config: Config, *, every: bool) -> list[date]:
        """The organisation's days whose figures are told anew; `every` of those since the first watch began, too."""
        figures, today = Figures(view, config), view.now.astimezone(UTC).date()
        began = min((watch.started_at.astimezone(UTC).date() for watch in view.watches.listing()), default=None)
        whole = Changed.everything(view) if every else None
        spans = list(whole.spans if whole else self.spans)
        if began is not None:
            spans.append((began if every else max(began, today - RECENT_DAYS * DAY), today))
        days = set(_every(figures, spans))
        first = next(days_touched(figures, began, today)) if began is not None else today
        if whole is None and any(day < first for day in days):  # of those, days on which nothing is there have no file
            there = set(_every(figures, Changed.everything(view).spans))
            days = {day for day in days if day >= first or day in there}
        return sorted(days)


def _every(figures: Figures, spans: Iterable[tuple[date, date]]) -> Iterator[date]:
    for begin, end in spans:
        yield from days_touched(figures, begin, end)
