"""The plan of an invented hub: how much of everything, where it is listened to, and when people talk."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from hub.domain import Watch
from hub.domain.config import BusinessHours, Config, Detection, Organisation, Subject, Team, Topic

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LEAST_AT_ONCE = 900  # posts of one step: fewer, and the steps cost more than the posts
STEPS = (1, 2, 3, 4, 6, 8, 12, 24)  # hours

RECORD_TYPES = {
    "x": "post", "mastodon": "status", "bluesky": "post", "reddit": "post", "facebook": "post", "instagram": "media",
    "linkedin": "post", "youtube": "comment", "discourse": "post", "stackexchange": "question", "hackernews": "item",
    "blogs": "entry",
}  # fmt: skip
SHARES = (34, 10, 7, 13, 11, 8, 3, 6, 3, 2, 2, 1)  # of all posts, network by network
WATCHES = (
    ("x", "keyword", 'acme OR "brew one" OR "brew pro"', None), ("x", "mention", "@acme", "Acme"),
    ("x", "keyword", "brewster OR kaffa", None), ("mastodon", "hashtag", "#acme", "Acme"),
    ("mastodon", "mention", "@acme@mastodon.test", "Acme"), ("bluesky", "keyword", "acme", "Acme"),
    ("reddit", "community", "r/espresso", None), ("reddit", "keyword", "acme", "Acme"),
    ("facebook", "profile", "acme", "Acme"), ("facebook", "mention", "acme", "Acme"),
    ("instagram", "hashtag", "#acme", "Acme"), ("instagram", "mention", "@acme", "Acme"),
    ("linkedin", "profile", "acme", "Acme"), ("youtube", "keyword", "acme", "Acme"),
    ("discourse", "community", "forum.acme.test", "Acme"), ("stackexchange", "keyword", "stackoverflow:acme", "Acme"),
    ("hackernews", "keyword", "acme", "Acme"), ("blogs", "feed", "https://coffeelovers.test/feed.xml", None),
)  # fmt: skip
SUBJECTS = (
    Subject(name="Acme", kind="brand", aliases=("@acme", "#acme")), Subject(name="Acme Home", kind="brand"),
    Subject(name="Brew One", kind="product"), Subject(name="Brew Pro", kind="product"),
    Subject(name="Brew Mini", kind="product"), Subject(name="Brewster", kind="competitor"),
    Subject(name="Kaffa", kind="competitor"), Subject(name="Dana Eklund", kind="employee"),
)  # fmt: skip
TEAMS = ("communications", "support", "sales", "retention", "operations")
A_DAY = (3, 2, 1, 1, 1, 2, 5, 9, 12, 13, 12, 12, 14, 13, 12, 12, 12, 14, 16, 18, 17, 14, 9, 5)  # by the hour, UTC
A_WEEK = (1.05, 1.1, 1.1, 1.05, 1.0, 0.8, 0.75)  # from Monday


@dataclass(frozen=True)
class Size:
    """How much of everything. The same size makes the same store, whenever and wherever it is made."""

    posts: int
    until: datetime  # the whole hour at which it ends
    days: int = 90
    seed: int = 7

    @property
    def authors(self) -> int:
        """Accounts that said something."""
        return self.posts * 3 // 10

    @property
    def handoffs(self) -> int:
        """Pieces of work that posts became."""
        return self.posts * 6 // 100

    @property
    def since(self) -> datetime:
        """When it begins."""
        return self.until - self.days * DAY


@dataclass(frozen=True)
class Crisis:
    """Some hours in which many are upset about one subject."""

    key: str
    subject: str
    topic: str
    since: datetime
    until: datetime


@dataclass
class Step:
    """A stretch of time that is collected and triaged at once."""

    since: datetime
    until: datetime
    posts: list[datetime] = field(default_factory=list)  # when each is published


class Plan:
    """What happens when."""

    def __init__(self, size: Size) -> None:
        if size.until.tzinfo is not UTC or size.until != size.until.replace(minute=0, second=0, microsecond=0):
            raise ValueError("An invented store ends at a whole hour, in UTC.")
        self.size = size
        self.chance = Random(f"plan:{size.seed}")
        self.watches = tuple(
            Watch(network=network, kind=kind, value=value, subject=subject) for network, kind, value, subject in WATCHES
        )
        self.crises = tuple(self._crises())
        self.gaps = {watch.key: tuple(self._gaps()) for watch in self.watches}

    def config(self) -> Config:
        """The organisation whose hub this is."""
        return Config(
            organisation=Organisation(name="Acme", timezone="Europe/Berlin"), subjects=SUBJECTS,
            topics=(Topic(name="crema", phrases=("{crema,foam}",)),), watches=self.watches,
            teams=tuple(Team(name=name, slack_channel="#social") for name in TEAMS),
            detection=Detection(team="communications"), business_hours=BusinessHours(),
            own_accounts=dict.fromkeys(RECORD_TYPES, ("acme",)),
        )  # fmt: skip

    def steps(self) -> Iterator[Step]:
        """All of the time, oldest first, with the moments at which posts are published."""
        size = self.size
        hours = next((each for each in STEPS if size.posts * each / (size.days * 24) >= LEAST_AT_ONCE), STEPS[-1])
        weights = [self._weight(size.since + n * HOUR) for n in range(size.days * 24)]
        total, sums = sum(weights), [0.0, *accumulate(weights)]
        edges = [round(size.posts * each / total) for each in sums]
        for first in range(0, len(weights), hours):
            step = Step(size.since + first * HOUR, min(size.since + (first + hours) * HOUR, size.until))
            for hour in range(first, min(first + hours, len(weights))):
                began = size.since + hour * HOUR
                seconds = sorted(self.chance.random() * 3599 for _ in range(edges[hour + 1] - edges[hour]))
                step.posts += [began + timedelta(seconds=round(each, 3)) for each in seconds]
            yield step

    def crisis_at(self, at: datetime) -> Crisis | None:
        """What many are upset about now."""
        return next((each for each in self.crises if each.since <= at < each.until), None)

    def watching(self, at: datetime) -> dict[str, list[Watch]]:
        """The watches that see something now, by network."""
        seeing: dict[str, list[Watch]] = {}
        for watch in self.watches:
            if not any(since <= at < until for since, until in self.gaps[watch.key]):
                seeing.setdefault(watch.network, []).append(watch)
        return seeing

    def _weight(self, at: datetime) -> float:
        rhythm = A_DAY[at.hour] * A_WEEK[at.weekday()] * (1 + 0.2 * (at - self.size.since) / (self.size.days * DAY))
        loud = 2.0 if self.crisis_at(at) else 1.0
        return rhythm * loud * math.exp(self.chance.gauss(0, 0.12))

    def _crises(self) -> Iterator[Crisis]:
        own = [subject.name for subject in SUBJECTS if subject.kind in ("brand", "product")]
        for number in range(max(self.size.days // 8, 1)):
            since = self.size.since + (number * 8 + 3) * DAY + self.chance.randint(6, 20) * HOUR
            until = since + self.chance.randint(5, 16) * HOUR
            if until < self.size.until:
                subject, topic = self.chance.choice(own), self.chance.choice(("safety", "privacy", "service"))
                key = "\x1f".join(("incident", f"crisis-alert:{subject}", since.isoformat()))
                yield Crisis(key, subject, topic, since, until)

    def _gaps(self) -> Iterator[tuple[datetime, datetime]]:
        """When a watch sees nothing: some hours in every few weeks."""
        at = self.size.since + self.chance.randint(2, 25) * DAY
        while at < self.size.until - 2 * DAY:
            end = at + self.chance.randint(1, 18) * HOUR
            yield at, end
            at = end + self.chance.randint(8, 40) * DAY
