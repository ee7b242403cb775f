"""Detect: unusual talk about a subject becomes one alert, with the numbers that made it one (`product.md` lesson 22).

Every subject has a series of hourly counts on each network, and one for each topic there, read from the rollups. The
detector walks through the last weeks of each and judges the hours that are new, the running one as well: what is too
much already need not end first. A spike is a crisis when more of it is negative than usual, or when it brings more
posts of crisis than usual. All networks and topics of one subject are one incident. What stands out in one hour on one
network is told once, with the topics that it is about; topics that follow within the rest of a spike only make it grow,
unless they are worse. What a campaign was meant to bring is expected; what exceeds even that is told with its name.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.domain import Handoff, Post, Provenance, Signal
from hub.domain.config import Config, Detection
from hub.measure.baseline import HISTORY, sensitivity
from hub.measure.spikes import WORST, Reading, SpikeDetector
from hub.stages.incidents import situation
from hub.stages.render import Outlet, render
from hub.store import Hour, Rejected, Store, Transaction

DETECTOR, BY_TOPIC = "spikes@1", "topic-spikes@1"
FRESH = timedelta(hours=2)  # hours that are judged anew in each run
EVERY = timedelta(minutes=5)
LAST_RUN = "detect:last"
HOUR = timedelta(hours=1)
CRISIS_ADDS = 2  # to the severity
LEAST_CRISIS = 3  # posts of crisis within the hour
WORSE_CRISIS = 2  # times what is usual for so many posts
SHOWN = 200  # posts among which the one that is shown is chosen


@dataclass(frozen=True)
class Finding:
    """An hour of one series that stands out, and the topics that stand out within it."""

    subject: str
    network: str
    reading: Reading
    negative: int
    usual_negative: float  # share
    crisis: bool
    topic: str = ""  # "": of all that was said of the subject
    within: tuple["Finding", ...] = ()  # told with it
    campaigns: tuple[str, ...] = ()  # that were to bring some of it

    @property
    def severity(self) -> int:
        """That of the spike, more where it is a crisis."""
        return min(self.reading.severity + (CRISIS_ADDS if self.crisis else 0), WORST)

    @property
    def detector(self) -> str:
        """Who found it: the two kinds of series are graded apart."""
        return BY_TOPIC if self.topic else DETECTOR

    @property
    def topics(self) -> tuple[str, ...]:
        """What it is about, the worst first."""
        return tuple(one.topic for one in (self, *self.within) if one.topic)


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
        start, fresh = now - HISTORY, now - FRESH - HOUR
        hours = [
            *view.rollups.hourly(start, now),
            *view.rollups.by_topic(start, now, least=config.detection.least_posts, since=fresh),
        ]
        first_met = view.rollups.topics_met(start)
    findings = list(findings_in(hours, config, now, first_met=first_met))
    with store.begin() as tx:
        tx.memory.set(LAST_RUN, now.isoformat())
        told = [each for each in findings if _tell(tx, each, config, outlets, run, link_base)]
    return Detected(tuple(told))


def findings_in(
    hours: Sequence[Hour], config: Config, now: datetime, *, first_met: Mapping[str, datetime] | None = None
) -> Iterator[Finding]:
    """The fresh hours of all series that stand out; those of one subject, network and hour are one.

    Silence on a topic counts from when the subject was spoken of at all, and from when the topic was `first_met`
    anywhere: before that, nobody may have looked for it.
    """
    series: dict[tuple[str, str, str], dict[datetime, Hour]] = defaultdict(dict)
    for one in hours:
        series[one.subject, one.network, one.topic][one.hour] = one
    known = {subject.name for subject in config.subjects}
    events: dict[tuple[str, str, datetime], list[Finding]] = defaultdict(list)
    for (subject, network, topic), counts in sorted(series.items()):
        if subject in known and _may_stand_out(counts, config, now):
            began = min(counts)
            if topic and (whole := series.get((subject, network, ""))):
                began = min(began, max(min(whole), (first_met or {}).get(topic, began)))
            for found in _judged(subject, network, topic, counts, config, now, began=began):
                events[subject, network, found.reading.at].append(found)
    for _, found_there in sorted(events.items()):
        head, *within = sorted(found_there, key=lambda one: (bool(one.topic), -one.severity, -one.reading.z, one.topic))
        yield replace(head, within=tuple(within), crisis=any(one.crisis for one in found_there))


def _may_stand_out(counts: Mapping[datetime, Hour], config: Config, now: datetime) -> bool:
    """Whether a fresh hour has enough posts; else the weeks before it need not be walked through."""
    fresh = now - FRESH - HOUR
    return any(one.posts >= config.detection.least_posts for hour, one in counts.items() if hour > fresh)


def _judged(
    subject: str, network: str, topic: str, counts: Mapping[datetime, Hour], config: Config, now: datetime, *,
    began: datetime,
) -> Iterator[Finding]:  # fmt: skip
    detector = SpikeDetector(sensitivity(config.detection))
    hour, before = began, Counter[str]()
    while hour <= now:
        one = counts.get(hour)
        posts = one.posts if one else 0
        planned = config.planned(subject, topic, hour)
        reading = detector.read(hour, posts, uplift=max((each.uplift for each in planned), default=1.0))
        if one and reading.spike and hour > now - FRESH - HOUR:
            usual = {name: before[name] / max(before["posts"], 1) for name in ("negative", "crisis")}
            yield Finding(
                subject, network, reading, one.negative, usual["negative"], _is_crisis(one, usual, config.detection),
                topic=topic, campaigns=tuple(each.name for each in planned),
            )  # fmt: skip
        if one:
            before.update(posts=posts, negative=one.negative, crisis=one.crisis)
        hour += HOUR


def _is_crisis(one: Hour, usual: Mapping[str, float], how: Detection) -> bool:
    """Whether a spike is one: more of it negative than usual, or more of it posts of crisis."""
    worse = one.negative / one.posts - usual["negative"] >= how.worse_share
    return worse or one.crisis >= max(LEAST_CRISIS, WORSE_CRISIS * usual["crisis"] * one.posts)


def _tell(
    tx: Transaction, finding: Finding, config: Config, outlets: Sequence[Outlet], run: str, link_base: str
) -> bool:
    """Raise the alarms, open or join the incident, and hand one alert over; False when this hour was told before."""
    triage = config.triage
    tx.incidents.end_quiet(timedelta(hours=triage.incident_quiet_hours))
    incident, groups = _incident(tx, finding.subject, timedelta(hours=triage.incident_reopen_hours))
    new = _raise(tx, finding, incident)
    for one in finding.within:
        _raise(tx, one, incident)
    if not new:
        return False
    before = tx.incidents.get(incident)
    muted = not tx.incidents.muted().keys().isdisjoint(groups)
    if muted and (before is None or before.resolved_at is not None):
        return False
    part_of_it = bool(finding.topic) and _told_lately(tx, finding, incident, config.detection)
    example = None if part_of_it or muted else _example(tx, finding)
    spoken_of = (finding.subject, *(example[1].subjects if example else ()))
    tx.incidents.report(
        incident, title=_title(finding), severity=finding.severity, subjects=tuple(dict.fromkeys(spoken_of))
    )
    if example is not None:
        first = not tx.handoffs.existing("Alert", [incident])
        handoff = _alert(finding, *example, key=incident, first=first, config=config, run=run, link_base=link_base)
        rendered = render(handoff, outlets, config, incident=situation(tx, handoff, [handoff]))
        tx.handoffs.save([handoff])
        tx.outbox.intend(rendered.drafts)
        refused = [
            Rejected(stage="render", reason=problem.reason, detail=str(problem), network=finding.network, run=run)
            for problem in rendered.problems
        ]
        tx.quarantine.add_all(refused)
    return not part_of_it and not muted


def _told_lately(tx: Transaction, finding: Finding, incident: str, how: Detection) -> bool:
    """Whether people were told of this subject on this network within the rest of a spike, and of nothing milder."""
    before = tx.incidents.get(incident)
    rested = finding.reading.at - timedelta(hours=how.rest_hours)
    lately = tx.alarms.recent(subject=finding.subject, since=rested)
    return bool(before and before.severity >= finding.severity) and any(
        one.network == finding.network and one.at < finding.reading.at for one in lately
    )


def _raise(tx: Transaction, finding: Finding, incident: str) -> bool:
    reading = finding.reading
    return tx.alarms.raise_(
        detector=finding.detector, subject=finding.subject, network=finding.network, topic=finding.topic,
        at=reading.at, value=reading.value, expected=reading.expected, severity=finding.severity,
        crisis=finding.crisis, incident=incident,
    )  # fmt: skip


def _incident(tx: Transaction, subject: str, reopen: timedelta) -> tuple[str, tuple[str, ...]]:
    """The incident of this subject that is at hand, whatever opened it, else one of its own; and its groups."""
    for incident in tx.incidents.at_hand(tx.now - reopen):
        if any(group.partition(":")[2] == subject for group in incident.groups):
            return incident.key, (*incident.groups, f"spike:{subject}")
    return "\x1f".join(("incident", f"spike:{subject}", tx.now.isoformat())), (f"spike:{subject}",)


def _title(finding: Finding) -> str:
    reading = finding.reading
    what = "Crisis" if finding.crisis else "Spike"
    about = f" about {_listed(finding.topics)}" if finding.topics else ""
    planned = f", during {_listed(finding.campaigns)}" if finding.campaigns else ""
    return (
        f"{what}: {reading.value:.0f} posts on {finding.subject}{about} in an hour, "
        f"{reading.expected:.0f} expected, {finding.negative} negative{planned}"
    )


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


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
        and (not finding.topic or finding.topic in signals[post.key].topics)
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
            post=post.key, route=finding.detector, classifier=signal.found_by, confidence=signal.confidence, run=run
        ),
    )  # fmt: skip
    link = f"{link_base}/command-centre/handoffs/{made.id}"
    return made.with_(provenance=made.provenance.with_(link=link))
