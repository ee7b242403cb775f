"""Baselines: what was said of a subject hour by hour, and what its own past let expect, as the detector saw it then."""

from collections import defaultdict
from datetime import datetime, timedelta

from hub.domain import Model, Moment
from hub.domain.config import Config, Detection
from hub.measure.spikes import Sensitivity, SpikeDetector
from hub.store import Hour, View

HISTORY = timedelta(days=29)  # that a detector walks through before it judges
HOUR = timedelta(hours=1)


class Counted(Model, omit_defaults=False):
    """One hour of a subject, on one network or on several together."""

    hour: Moment
    posts: int
    negative: int
    expected: float


def sensitivity(how: Detection) -> Sensitivity:
    """How a detector judges, by what hub.yaml says."""
    return Sensitivity(least_count=how.least_posts, persists=how.persists_hours, rest=timedelta(hours=how.rest_hours))


def course(
    view: View, config: Config, subject: str, since: datetime, until: datetime, *, network: str | None = None
) -> list[Counted]:
    """Every hour from `since` up to `until`, quiet ones too; what each network let expect is added up."""
    first = since.replace(minute=0, second=0, microsecond=0)
    there: dict[str, dict[datetime, Hour]] = defaultdict(dict)
    for one in view.rollups.hourly(first - HISTORY, until, subject=subject, network=network):
        there[one.network][one.hour] = one
    expected: dict[datetime, float] = defaultdict(float)
    for counts in there.values():
        for hour, usual in _expected(counts, config, subject, until).items():
            expected[hour] += usual
    hours = [first + n * HOUR for n in range(-(-(until - first) // HOUR))]
    return [_together(hour, [counts[hour] for counts in there.values() if hour in counts], expected) for hour in hours]


def _expected(counts: dict[datetime, Hour], config: Config, subject: str, until: datetime) -> dict[datetime, float]:
    """What one series let expect, from its first hour on."""
    detector, hour, found = SpikeDetector(sensitivity(config.detection)), min(counts), {}
    while hour < until:
        posts = counts[hour].posts if hour in counts else 0
        uplift = max((each.uplift for each in config.planned(subject, "", hour)), default=1.0)
        found[hour] = detector.read(hour, posts, uplift=uplift).expected
        hour += HOUR
    return found


def _together(hour: datetime, networks: list[Hour], expected: dict[datetime, float]) -> Counted:
    return Counted(
        hour=hour, posts=sum(one.posts for one in networks), negative=sum(one.negative for one in networks),
        expected=expected.get(hour, 0.0),
    )  # fmt: skip
