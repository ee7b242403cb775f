"""The crises pages: what is going on, what was, how each was noticed, and how good the detectors are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Path, Query
from fastapi.responses import HTMLResponse, Response

from command_centre import figured, looking, pictures, words
from command_centre.figured import Chart
from command_centre.filters import Asked
from command_centre.looking import Look
from command_centre.pages import facts_of, page
from hub.domain import Scope
from hub.measure.baseline import Counted, course
from hub.pictures import Line, line_chart
from hub.store import Alarm, Grade, HandedOff, Incident, OutboxRow, Told, View

router = APIRouter()

Key = Annotated[str, Path(max_length=2000)]
About = Annotated[str | None, Query(max_length=200)]

MOST = 200  # past incidents that are looked at
ALERTS = 25  # of one incident that are shown
BEFORE, AFTER = timedelta(hours=24), timedelta(hours=12)  # around an incident that a timeline shows
LONGEST = timedelta(days=14)  # of a timeline


@dataclass(frozen=True)
class Event:
    """One incident in a list, and whom it concerns."""

    incident: Incident
    told: tuple[Told, ...]
    now: datetime

    @property
    def subjects(self) -> tuple[str, ...]:
        """What it is about."""
        return tuple(dict.fromkeys(group.partition(":")[2] for group in self.incident.groups))

    @property
    def networks(self) -> list[str]:
        """Where it was said."""
        return sorted({one.network for one in self.told})

    @property
    def teams(self) -> list[str]:
        """Who was told."""
        return sorted({one.team for one in self.told})

    @property
    def lasted(self) -> timedelta:
        """From when it was opened until it was over, or until now."""
        return (self.incident.resolved_at or self.now) - self.incident.opened_at

    def within(self, scope: Scope) -> bool:
        """Whether the filters leave it; time is asked of those that are over."""
        there = self.incident.resolved_at is None or (
            self.incident.resolved_at >= scope.since and self.incident.opened_at < scope.until
        )
        asked = ((scope.subject, self.subjects), (scope.network, self.networks), (scope.team, self.teams))
        return there and all(wanted is None or wanted in have for wanted, have in asked)


@dataclass(frozen=True)
class Crises:
    """Open and past incidents, and the detectors."""

    now: datetime
    open: list[Event]
    past: list[Event]
    grades: list[Grade]


def crises(view: View, scope: Scope) -> Crises:
    """What the filters leave; detectors are graded by all that people ever said."""
    opened, recent = view.incidents.open(), view.incidents.recent(MOST)
    incidents = {one.key: one for one in (*opened, *recent)}
    told: dict[str, list[Told]] = {}
    for one in view.tallies.told(list(incidents)):
        told.setdefault(one.incident, []).append(one)
    events = [Event(one, tuple(told.get(key, ())), view.now) for key, one in incidents.items()]
    left = [one for one in events if one.within(scope)]
    return Crises(
        now=view.now,
        open=[one for one in left if one.incident.resolved_at is None],
        past=[one for one in left if one.incident.resolved_at is not None],
        grades=view.alarms.grades(),
    )


@dataclass(frozen=True)
class Crisis:
    """One incident, from the first post to what people said of it."""

    now: datetime
    event: Event
    subject: str
    hours: list[Counted]
    chart: Chart
    alarms: list[Alarm]
    alerts: list[HandedOff]
    grades: list[Grade]  # of the detectors that told of it

    @property
    def incident(self) -> Incident:
        """The incident itself."""
        return self.event.incident

    @property
    def thread(self) -> OutboxRow | None:
        """The message that people talk below."""
        sent = [row for made in self.alerts for row in made.deliveries if row.object_id]
        return min(sent, key=lambda row: row.id, default=None)

    @property
    def last_word(self) -> Alarm | None:
        """The alarm that people judged last."""
        judged = [alarm for alarm in self.alarms if alarm.verdict]
        return max(judged, key=lambda alarm: alarm.decided_at or self.now, default=None)

    @property
    def verdict(self) -> str | None:
        """What people say it was: of it all, else of its alarms."""
        return self.incident.verdict or (self.last_word and self.last_word.verdict)

    @property
    def verdict_by(self) -> str | None:
        """Who said so."""
        return self.incident.verdict_by if self.incident.verdict else self.last_word and self.last_word.decided_by

    @property
    def noticed_at(self) -> datetime:
        """When the hub first knew of it: by an alarm, or by a post that a rule took for one."""
        return min([self.incident.opened_at, *(alarm.raised_at for alarm in self.alarms)])

    @property
    def peak(self) -> Counted | None:
        """The hour with the most posts."""
        return max(self.hours, key=lambda one: (one.posts, one.hour), default=None)

    @property
    def lead(self) -> timedelta | None:
        """From when it was noticed to the end of the hour with the most posts; negative when that had passed."""
        return self.peak.hour + timedelta(hours=1) - self.noticed_at if self.peak and self.peak.posts else None

    @property
    def first_said_at(self) -> datetime | None:
        """When the oldest of the posts that are shown was published."""
        return min((made.handoff.post.published_at for made in self.alerts), default=None)

    @property
    def steps(self) -> list[tuple[datetime, str, str]]:
        """What happened, in order: when, what, and by whom, which is "" where nobody did it."""
        it, peak = self.incident, self.peak
        known: list[tuple[datetime | None, str, str]] = [
            (self.first_said_at, "The first of these posts was published", ""),
            (self.noticed_at, "The hub noticed", ", ".join(sorted({one.detector for one in self.alarms})) or "a rule"),
            (peak.hour if peak and peak.posts else None, f"The hour with the most posts: {peak and peak.posts}", ""),
            (it.acknowledged_at, "Somebody took it up", it.acknowledged_by or ""),
            (it.reopened_at, "It was heard of again", ""),
            (it.muted_until, "Kept silent about until then", it.muted_by or ""),
            (it.resolved_at, "It was over", it.resolved_by or ""),
        ]
        return sorted((when, what, who) for when, what, who in known if when is not None)


def crisis(look: Look, key: str, subject: str | None = None) -> Crisis:
    """The incident with this key, and the hours of its first subject, or of this one; 404 where there is none."""
    view = look.view
    incident = view.incidents.get(key)
    if incident is None:
        raise HTTPException(404, "There is no such incident.")
    event = Event(incident, tuple(view.tallies.told([key])), look.now)
    alarms = view.alarms.of(key)
    detectors = {alarm.detector for alarm in alarms}
    about = subject if subject in event.subjects else event.subjects[0]
    hours = _hours(look, incident, about)
    return Crisis(
        now=look.now, event=event, subject=about, hours=hours, chart=_chart(look, key, about, hours), alarms=alarms,
        alerts=view.handoffs.recent(ALERTS, kind="Alert", key=key),
        grades=[one for one in view.alarms.grades() if one.detector in detectors and one.topic is None],
    )  # fmt: skip


@router.get("/crises", response_class=HTMLResponse)
def page_of_crises(given: Asked) -> HTMLResponse:
    """Open and past incidents, and how good the detectors are."""
    with looking.look(given) as look:
        return page("crises.html", here="crises", **look.facts | facts_of(crises(look.view, look.filters.scope)))


@router.get("/timelines/{incident:path}.csv")
def hours(given: Asked, incident: Key, about: About = None) -> Response:
    """The hours around an incident as a table."""
    with looking.look(given) as look:
        drawing = crisis(look, incident, about).chart.drawing
    return pictures.as_csv("hours", drawing.columns, drawing.rows)


@router.get("/crises/{incident:path}", response_class=HTMLResponse)
def page_of_crisis(given: Asked, incident: Key, about: About = None) -> HTMLResponse:
    """One incident: its hours, who noticed and who took it up, its alarms, alerts and posts."""
    with looking.look(given) as look:
        return page("crisis.html", here="crises", **look.facts | facts_of(crisis(look, incident, about)))


def _hours(look: Look, incident: Incident, subject: str) -> list[Counted]:
    """A day before it was opened to half a day after it was over; of one that lasts long the first fortnight."""
    since = incident.opened_at - BEFORE
    until = min((incident.resolved_at or look.now) + AFTER, look.now, since + LONGEST)
    return course(look.view, look.config, subject, since, until)


def _chart(look: Look, key: str, subject: str, hours: list[Counted]) -> Chart:
    posts = Line(
        name="posts", points=tuple((one.hour, float(one.posts)) for one in hours),
        expected=tuple(one.expected for one in hours),
    )  # fmt: skip
    negative = Line(name="negative", points=tuple((one.hour, float(one.negative)) for one in hours))
    running = {one.hour for one in hours if one.hour + timedelta(hours=1) > look.now}
    drawing = line_chart(f"{subject}, hour by hour", [posts, negative], unit="count", zone=look.zone, partial=running)
    data = f"/timelines/{words.segment(key)}.csv?{urlencode({'about': subject})}"
    return figured.kept(drawing, None, data, look)
