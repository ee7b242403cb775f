"""Service figures as formulas: what happened in a case goes in, times and rates come out.

Nothing is read here. What people answer happens in the helpdesk; once it is told, these functions compute it. Times
start when the words were written on the network, not when a ticket was made of them; automatic answers do not count.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from hub.domain import Model, Moment
from hub.domain.config import BusinessHours
from hub.measure.counted import Counted, ratio

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
RECONTACT = timedelta(days=7)
NOTHING = timedelta()
Happening = Literal["inbound", "reply", "automatic", "open", "pending", "resolved", "reopened"]
WAITING = ("inbound", "open", "reopened")  # after these, the customer waits for us


class Event(Model):
    """One thing that happened in a case: words of theirs, a public reply of a person or of a machine, a new state."""

    at: Moment
    what: Happening


class Answered(Model):
    """How long the first words of a case waited for a person, once more after each reopening."""

    waited_from: Moment
    replied_at: Moment | None = None  # None: nobody has yet

    def calendar(self, now: datetime) -> timedelta:
        """By the clock; up to now while nobody has replied."""
        return (self.replied_at or now) - self.waited_from


def first_responses(events: Iterable[Event]) -> list[Answered]:
    """The first response to a case, and to it again each time that it was reopened.

    A case that a machine has resolved begins anew when it is reopened: the time in between nobody waited.
    """
    found: list[Answered] = []
    waits_from: datetime | None = None
    for event in events:
        if event.what in ("inbound", "reopened") and waits_from is None and (not found or event.what == "reopened"):
            waits_from = event.at
        elif event.what == "reply" and waits_from is not None:
            found.append(Answered(waited_from=waits_from, replied_at=event.at))
            waits_from = None
        elif event.what == "resolved":
            waits_from = None
    if waits_from is not None:
        found.append(Answered(waited_from=waits_from))
    return found


def turns(events: Iterable[Event]) -> list[timedelta]:
    """Of each turn of theirs, how long the first words that nobody had answered waited for a person's reply."""
    waited: list[timedelta] = []
    since: datetime | None = None
    for event in events:
        if event.what == "inbound":
            since = since or event.at
        elif event.what == "reply" and since is not None:
            waited.append(event.at - since)
            since = None
    return waited


def conversation_response(conversations: Iterable[Sequence[Event]]) -> timedelta | None:
    """The mean of each conversation, and of these the mean; None where nobody was answered."""
    means = [sum(waited, NOTHING) / len(waited) for events in conversations if (waited := turns(events))]
    return sum(means, NOTHING) / len(means) if means else None


def handle_time(events: Sequence[Event]) -> timedelta | None:
    """From each opening by a person until it is pending or resolved, added up; None without a reply."""
    if not any(event.what == "reply" for event in events):
        return None
    total, opened = NOTHING, None
    for event in events:
        if event.what == "open":
            opened = opened or event.at
        elif event.what in ("pending", "resolved") and opened is not None:
            total += event.at - opened
            opened = None
    return total


def resolution_times(events: Sequence[Event]) -> tuple[timedelta, timedelta] | None:
    """From the beginning to the first time that it was solved, and to the last; None while it never was."""
    solved = [event.at for event in events if event.what == "resolved"]
    return (solved[0] - events[0].at, solved[-1] - events[0].at) if solved else None


def requester_wait(events: Sequence[Event], now: datetime) -> timedelta:
    """How long it was the customer who waited: all that is neither pending nor resolved."""
    states = [event for event in events if event.what in (*WAITING, "pending", "resolved")]
    waited, waiting = NOTHING, False
    for event, after in pairwise([*states, Event(at=now, what="open")] if states else []):
        waiting = event.what in WAITING
        waited += after.at - event.at if waiting else NOTHING
    return waited


def cases_handled(cases: Iterable[Sequence[Event]], since: datetime, until: datetime) -> int:
    """Cases with a person's public reply, or solved, in this time."""
    return sum(any(since <= one.at < until and one.what in ("reply", "resolved") for one in events) for events in cases)


def recontact_rate(
    resolved: Sequence[tuple[str, str, datetime]], inbound: Iterable[tuple[str, str, datetime]]
) -> Counted:
    """Of the cases solved, those whose person wrote again on the topic within seven days, in percent.

    A case or a word is a person, a topic and a time. The last seven days are provisional: call the figure partial.
    """
    words: dict[tuple[str, str], list[datetime]] = {}
    for person, topic, at in inbound:
        words.setdefault((person, topic), []).append(at)
    again = sum(
        any(NOTHING < at - solved <= RECONTACT for at in words.get((person, topic), ()))
        for person, topic, solved in resolved
    )
    return ratio(again, len(resolved), times=100, missing="No case was solved.")


def csat(satisfied: int, answered: int) -> Counted:
    """Satisfied, of those who answered, in percent; what share answered stands beside it."""
    return ratio(satisfied, answered, times=100, missing="Nobody has answered.")


def nps(scores: Sequence[int]) -> Counted:
    """Those who gave 9 or 10, less those who gave 0 to 6, of all who answered, in points."""
    promoters, detractors = sum(score >= 9 for score in scores), sum(score <= 6 for score in scores)
    return ratio(promoters - detractors, len(scores), times=100, missing="Nobody has answered.")


def business_time(since: datetime, until: datetime, hours: BusinessHours, zone: ZoneInfo) -> timedelta:
    """The time between two moments in which people are there to answer."""
    return sum((min(end, until) - max(start, since) for start, end in _open(since, until, hours, zone)), NOTHING)


def business_deadline(since: datetime, target: timedelta, hours: BusinessHours, zone: ZoneInfo) -> datetime:
    """When so much of the time has passed in which people are there; a minute later the target is missed."""
    left = target
    for start, end in _open(since, since + timedelta(days=366), hours, zone):
        begins = max(start, since)
        if end - begins >= left:
            return begins + left
        left -= end - begins
    raise ValueError("Nobody is there in a whole year; correct `business_hours` in hub.yaml.")


def breached(since: datetime, until: datetime, target: timedelta, hours: BusinessHours, zone: ZoneInfo) -> bool:
    """Whether more of people's time than the target had passed until then, by whole minutes as clocks show them."""
    minute = timedelta(minutes=1)
    return business_time(since, until, hours, zone) // minute > target // minute


def _open(
    since: datetime, until: datetime, hours: BusinessHours, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of time from one to the other in which people are there, in UTC."""
    utc = ZoneInfo("UTC")
    day = since.astimezone(zone).date()
    opens, closes = (_clock(each) for each in (hours.opens, hours.closes))
    while (midnight := datetime(day.year, day.month, day.day, tzinfo=zone)) < until:
        start, end = (midnight.replace(hour=at[0], minute=at[1]).astimezone(utc) for at in (opens, closes))
        if WEEKDAYS[day.weekday()] in hours.days and end > since and start < until and end > start:
            yield start, end
        day += timedelta(days=1)


def _clock(written: str) -> tuple[int, int]:
    hour, _, minute = written.partition(":")
    return int(hour), int(minute)
