"""Incidents: what is known of each event, told in one message that is edited as it grows, and marked when it is over.

An incident's message is that of its first alert. Whatever becomes of the incident is a new version of this one object,
written with the change itself in one transaction and sent through the outbox: so it is there once, and right in
the end, whatever crashes. What people say is shown at once; mere growth every few minutes.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from hub.domain import Author, Handoff, Post
from hub.domain.config import Config
from hub.domain.presses import Situation
from hub.stages.render import Outlet, render, subject_of
from hub.store import Draft, Incident, Store, Transaction, View

TOP = 3  # posts that are shown
LONGEST = 90  # characters of a shown post
OVER = "over"  # the event that its thread is told of


def tend(config: Config, outlets: Callable[[], Sequence[Outlet]], *, store: Store) -> int:
    """Close what has become quiet, and bring every incident's message up to date; returns how many were written.

    Costs a look into the store where nothing is to be told.
    """
    quiet = timedelta(hours=config.triage.incident_quiet_hours)
    every = timedelta(minutes=config.triage.incident_edit_minutes)
    with store.read() as view:
        silent = any(each.last_at < view.now - quiet for each in view.incidents.open())
        if not silent and not view.incidents.untold(every):
            return 0
    there = outlets()
    with store.begin() as tx:
        tx.incidents.end_quiet(quiet)
        return sum(tell(tx, incident, config, there) for incident in tx.incidents.untold(every))


def tell(tx: Transaction, incident: Incident, config: Config, outlets: Sequence[Outlet]) -> bool:
    """Write an incident's message anew; once it is over, its thread says so too."""
    alerts = tx.handoffs.of_thing("Alert", incident.key)
    head = _head(alerts)
    tx.incidents.told(incident)
    if head is None:
        return False
    known = situation_of(tx, incident, head, alerts)
    drafts = _drafts(head, config, outlets, known, None)
    if incident.resolved_at is not None:
        drafts += _drafts(head, config, outlets, known, OVER)
    tx.outbox.intend(drafts)
    return bool(drafts)


def situation(tx: Transaction, handoff: Handoff, fresh: Sequence[Handoff]) -> Situation | None:
    """What an alert's message tells of its incident as it begins; `fresh` are handoffs that are not kept yet."""
    if handoff.kind != "Alert" or not handoff.first:
        return None
    incident = tx.incidents.get(handoff.key)
    alerts = [one for one in fresh if one.kind == "Alert" and one.key == handoff.key]
    return situation_of(tx, incident, handoff, alerts) if incident else None


def as_it_stands(tx: Transaction, handoff: Handoff) -> Situation | None:
    """What an alert's message tells of its incident now, by all alerts that are kept."""
    return situation(tx, handoff, tx.handoffs.of_thing("Alert", handoff.key) if handoff.kind == "Alert" else ())


def _head(alerts: Sequence[Handoff]) -> Handoff | None:
    return next((each for each in alerts if each.first), None)


def _drafts(
    head: Handoff, config: Config, outlets: Sequence[Outlet], known: Situation, event: str | None
) -> list[Draft]:
    return render(head, outlets, config, incident=known, event=event).drafts


def situation_of(view: View, incident: Incident, head: Handoff, alerts: Sequence[Handoff]) -> Situation:
    """What an incident's message tells of it, by its alerts; `head` is the one whose message it is."""
    posts = {post.key: post for alert in alerts for post in (alert.post, *alert.others)}
    alarms = view.alarms.of(incident.key)
    counted: dict[tuple[str, str, Any], float] = {}
    for alarm in alarms:  # of one hour on one network, the whole counts, not its topics besides
        spot = alarm.subject, alarm.network, alarm.at
        counted[spot] = max(counted.get(spot, 0.0), alarm.value)
    reach: dict[str, int] = {}
    for post in posts.values():
        reach[post.author.key] = max(reach.get(post.author.key, 0), post.author.followers or 0)
    topics = {topic for alert in alerts for topic in alert.signal.topics} | {alarm.topic for alarm in alarms}
    muted = incident.muted_until is not None and incident.muted_until > view.now
    return Situation(
        ref=head.id,
        subjects=incident.subjects or tuple(filter(None, [subject_of(incident.key)])),
        topics=tuple(sorted(filter(None, topics))),
        networks=tuple(sorted({post.network for post in posts.values()} | {alarm.network for alarm in alarms})),
        posts=max(incident.count, len(posts), round(sum(counted.values()))),
        reach=sum(reach.values()),
        severity=incident.severity,
        since=incident.opened_at,
        last_at=incident.last_at,
        top=tuple(_shown(post) for post in _most_heard(view, posts.values())),
        acknowledged_at=incident.acknowledged_at, acknowledged_by=incident.acknowledged_by,
        verdict=incident.verdict, verdict_by=incident.verdict_by,
        muted_until=incident.muted_until if muted else None, muted_by=incident.muted_by if muted else None,
        over_at=incident.resolved_at, over_by=incident.resolved_by, reopened_at=incident.reopened_at,
    )  # fmt: skip


def _most_heard(view: View, posts: Any) -> list[Post]:
    """Those that most reacted to, as they stand in the store now; of one that is gone nothing is shown."""
    given = {post.key: post for post in posts}
    current = view.posts.many(given)
    alive = [current.get(key, post) for key, post in given.items()]
    heard = sorted((post for post in alive if post.text), key=lambda post: (-_reactions(post), post.key))
    return heard[:TOP]


def _reactions(post: Post) -> int:
    counts = post.engagement
    return sum(each or 0 for each in (counts.likes, counts.shares, counts.replies))


def _shown(post: Post) -> dict[str, str | int | None]:
    author: Author = post.author
    return {
        "network": post.network, "text": post.text[:LONGEST], "url": post.url, "reactions": _reactions(post),
        "author": author.display_name or author.handle,
    }  # fmt: skip
