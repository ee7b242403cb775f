"""Detect: unusual talk about a subject becomes one alert, with the numbers that made it one (`product.md` lesson 22).

Every subject has a series of hourly counts on each network, read from the rollups. The detector walks through the last
weeks of each and judges the hours that are new, the running one as well: what is too much already need not end first.
A spike is a crisis when more of it is negative than usual, or posts of crisis come with it. All networks of one subject
are one incident, and an hour is told once. What a campaign was meant to bring is expected.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.domain import Handoff, Post, Provenance, Signal
from hub.domain.config import Config, Detection
from hub.measure.spikes import WORST, Reading, Sensitivity, SpikeDetector
from hub.stages.render import Outlet, render
from hub.store import Hour, Rejected, Store, Transaction

DETECTOR = "spikes@1"
HISTORY = timedelta(days=29)
FRESH = timedelta(hours=2)  # hours that are judged anew in each run
EVERY = timedelta(minutes=5)
LAST_RUN = "detect:last"
HOUR = timedelta(hours=1)
CRISIS_ADDS = 2  # to the severity
LEAST_CRISIS = 3  # posts of crisis within the hour
SHOWN = 200  # posts among which the one that is shown is chosen


@dataclass(frozen=True)
class Finding:
    """An hour of one series that stands out."""

    subject: str
    network: str
    reading: Reading
    negative: int
    usual_negative: float  # share
    crisis: bool

    @property
    def severity(self) -> int:
        """That of the spike, more where it is a crisis."""
        return min(self.reading.severity + (CRISIS_ADDS if self.crisis else 0), WORST)


@dataclass(frozen=True)
class Detected:
    """What one run found; only what nobody had been told before."""

    findings: tuple[Finding, ...] = ()


def run(config: Config, outlets: Sequence[Outlet], *, store: Store, run: str, link_base: str) -> Detected:
    """Judge what is new; does nothing when it has just been done, or is switched off."""
    if not config.detection.enabled or not config.subjects:
        return Detected()
    with store.read() as view:
        now = view.now
        last = view.memory.get(LAST_RUN)
        if last is not None and now - datetime.fromisoformat(last) < EVERY:
            return Detected()
        hours = view.rollups.hourly(now - HISTORY, now)
    findings = list(findings_in(hours, config, now))
    with store.begin() as tx:
        tx.memory.set(LAST_RUN, now.isoformat())
        told = [each for each in findings if _tell(tx, each, config, outlets, run, link_base)]
    return Detected(tuple(told))


def findings_in(hours: Sequence[Hour], config: Config, now: datetime) -> Iterator[Finding]:
    """The fresh hours of all series that stand out."""
    series: dict[tuple[str, str], dict[datetime, Hour]] = defaultdict(dict)
    for one in hours:
        series[one.subject, one.network][one.hour] = one
    known = {subject.name for subject in config.subjects}
    for (subject, network), counts in sorted(series.items()):
        if subject in known:
            yield from _judged(subject, network, counts, config, now)


def _judged(
    subject: str, network: str, counts: Mapping[datetime, Hour], config: Config, now: datetime
) -> Iterator[Finding]:
    detector = SpikeDetector(_sensitivity(config.detection))
    hour, before, negative_before = min(counts), 0, 0
    while hour <= now:
        one = counts.get(hour)
        posts = one.posts if one else 0
        reading = detector.read(hour, posts, uplift=uplift(config, subject, hour))
        if one and reading.spike and hour > now - FRESH - HOUR:
            usual = negative_before / before if before else 0.0
            worse = one.negative / posts - usual >= config.detection.worse_share
            crisis = worse or one.crisis >= LEAST_CRISIS
            yield Finding(subject, network, reading, one.negative, usual, crisis)
        if one:
            before, negative_before = before + posts, negative_before + one.negative
        hour += HOUR


def uplift(config: Config, subject: str, at: datetime) -> float:
    """How many times as much as usual the campaigns of this hour let expect; the largest counts."""
    here = [
        campaign.uplift
        for campaign in config.campaigns
        if campaign.since <= at < campaign.until and campaign.subject in (None, subject)
    ]
    return max(here, default=1.0)


def _sensitivity(how: Detection) -> Sensitivity:
    return Sensitivity(least_count=how.least_posts, persists=how.persists_hours, rest=timedelta(hours=how.rest_hours))


def _tell(
    tx: Transaction, finding: Finding, config: Config, outlets: Sequence[Outlet], run: str, link_base: str
) -> bool:
    """Raise the alarm, open or join the incident, and hand an alert over; False when this hour was told before."""
    reading = finding.reading
    incident = _incident(tx, finding.subject)
    new = tx.alarms.raise_(
        detector=DETECTOR, subject=finding.subject, network=finding.network, at=reading.at, value=reading.value,
        expected=reading.expected, severity=finding.severity, crisis=finding.crisis, incident=incident,
    )  # fmt: skip
    if not new:
        return False
    opened = tx.incidents.report(incident, title=_title(finding), severity=finding.severity).opened
    example = _example(tx, finding)
    if example is not None:
        handoff = _alert(finding, *example, key=incident, first=opened, config=config, run=run, link_base=link_base)
        rendered = render(handoff, outlets, config)
        tx.handoffs.save([handoff])
        tx.outbox.intend(rendered.drafts)
        refused = [
            Rejected(stage="render", reason=problem.reason, detail=str(problem), network=finding.network, run=run)
            for problem in rendered.problems
        ]
        tx.quarantine.add_all(refused)
    return True


def _incident(tx: Transaction, subject: str) -> str:
    """The open incident of this subject, whatever opened it; else one of its own."""
    for incident in tx.incidents.open():
        parts = incident.key.split("\x1f")
        if len(parts) > 1 and parts[1].rpartition(":")[2] == subject:
            return incident.key
    return "\x1f".join(("incident", f"spike:{subject}", tx.now.isoformat()))


def _title(finding: Finding) -> str:
    reading = finding.reading
    what = "Crisis" if finding.crisis else "Spike"
    return (
        f"{what}: {reading.value:.0f} posts on {finding.subject} in an hour, "
        f"{reading.expected:.0f} expected, {finding.negative} negative"
    )


def _example(tx: Transaction, finding: Finding) -> tuple[Post, Signal] | None:
    """The post that is shown: of this hour and subject the worst in a crisis, else the one that most reacted to."""
    end = finding.reading.at + HOUR
    posts = [post for post in tx.posts.recent(SHOWN, network=finding.network, before=end) if post.kind != "share"]
    signals = tx.signals.of([post.key for post in posts])
    there = [
        (post, signals[post.key])
        for post in posts
        if post.key in signals and post.published_at >= finding.reading.at
        and finding.subject in signals[post.key].subjects
    ]  # fmt: skip
    if not there:
        return None
    return max(there, key=lambda pair: _weight(pair, finding.crisis))


def _weight(pair: tuple[Post, Signal], crisis: bool) -> tuple[float, int, str]:
    post, signal = pair
    counts = post.engagement
    reactions = sum(each or 0 for each in (counts.likes, counts.shares, counts.replies))
    badness = max(signal.scores.get("crisis", 0.0), -signal.sentiment_score) if crisis else 0.0
    return badness, reactions, post.key


def _alert(
    finding: Finding, post: Post, signal: Signal, *, key: str, first: bool, config: Config, run: str, link_base: str
) -> Handoff:
    made = Handoff(
        key=key, kind="Alert", post=post, author=post.author, signal=signal, team=config.detection.team, first=first,
        severity=finding.severity, title=_title(finding), priority="urgent" if finding.crisis else "high",
        provenance=Provenance(
            post=post.key, route=DETECTOR, classifier=signal.found_by, confidence=signal.confidence, run=run
        ),
    )  # fmt: skip
    link = f"{link_base}/command-centre/handoffs/{made.id}"
    return made.with_(provenance=made.provenance.with_(link=link))
