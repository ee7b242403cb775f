"""What was made of it, as datasets: handoffs and what became of each at its destination, incidents, alarms.

Of work whose post was erased, or may not be seen, the row stays, since it was done; whom it was about does not.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from hub.stages.export.columns import LIST, MOMENT, NUMBER, REAL, TEXT, YES_NO, Column, Dataset, Rules
from hub.stages.export.talk import Parts


class _Post(msgspec.Struct):
    published_at: datetime
    collected_at: datetime
    visibility: str = "public"


class _Signal(msgspec.Struct):
    intent: str = "none"
    sentiment: str = "neutral"
    subjects: list[str] = []


class _Work(msgspec.Struct):
    """Of a kept handoff, what is exported."""

    post: _Post
    signal: _Signal
    first: bool = True
    priority: str = "normal"
    severity: int = 0
    follows: str | None = None
    others: list[msgspec.Raw] = []


class Done(NamedTuple):
    """A handoff or a delivery: its row, and the handoff's body."""

    row: Any
    work: _Work
    hidden: bool  # whom it is about may not be told


_work = msgspec.json.Decoder(_Work).decode
HIDDEN = "empty where its post was erased or is private"


def _shown(name: str) -> Any:
    return lambda done: None if done.hidden else getattr(done.row, name)


HANDOFFS = Dataset(
    "handoffs", "One piece of work for people, made of one post.", "table `handoffs`",
    day="Day of `created_at`, in UTC.", columns=(
        Column("handoff", TEXT, "Id of the handoff.", "row.id"),
        Column("kind", TEXT, "Lead, Case or Alert.", "row.kind"),
        Column("thing", TEXT, f"Key of what people work on: author, conversation, incident; {HIDDEN}.", _shown("key")),
        Column("post", TEXT, f"Key of the post; {HIDDEN}.", _shown("post")),
        Column("author", TEXT, f"Key of the account; {HIDDEN}.", _shown("author")),
        Column("team", TEXT, "Who got it.", "row.team"),
        Column("route", TEXT, "By which rule, as name@version.", "row.route"),
        Column("classifier", TEXT, "Who found the signal, as name@version.", "row.classifier"),
        Column("confidence", REAL, "How sure the signal was.", "row.confidence", "0 to 1"),
        Column("intent", TEXT, "What the post was held to be for.", "work.signal.intent"),
        Column("sentiment", TEXT, "positive, neutral or negative.", "work.signal.sentiment"),
        Column("subjects", LIST, "Names of our subjects that the post speaks of.", "work.signal.subjects"),
        Column("first", YES_NO, "Whether it began a thing; else it was added to one.", "work.first"),
        Column("priority", TEXT, "low, normal, high or urgent.", "work.priority"),
        Column("severity", NUMBER, "Of alerts.", "work.severity", "1 to 10; 0: not an alert"),
        Column("folded", NUMBER, "Further posts that are told with it.", lambda done: len(done.work.others), "count"),
        Column("published_at", MOMENT, "When the post was published.", "work.post.published_at", "UTC"),
        Column("collected_at", MOMENT, "When the hub read the post.", "work.post.collected_at", "UTC"),
        Column("created_at", MOMENT, "When it was handed off.", "row.created_at", "UTC"),
        Column("run", TEXT, "The run that made it.", "row.run"),
    ),
)  # fmt: skip

DELIVERIES = Dataset(
    "deliveries", "One version of one object on its way to one destination, with the receipt it got.", "table `outbox`",
    day="Day on which the handoff was made, in UTC.", columns=(
        Column("handoff", TEXT, "Id of the handoff that it says.", "row.handoff"),
        Column("kind", TEXT, "Lead, Case or Alert.", "row.kind"),
        Column("delivery", NUMBER, "Number of the delivery.", "row.id"),
        Column("destination", TEXT, "The system it goes to.", "row.destination"),
        Column("object", TEXT, "What it is there: Lead, ticket, message, ...", "row.object"),
        Column("external_id", TEXT, f"Our id of the object there; {HIDDEN}.", _shown("external_id")),
        Column("version", NUMBER, "Which version of the object.", "row.version", "counted from 1"),
        Column("mapping", TEXT, "By which mapping it was rendered, as name@version.", "row.mapping"),
        Column("state", TEXT, "pending, in_doubt, done, dead, superseded or cancelled.", "row.state"),
        Column("outcome", TEXT, "The receipt: created, updated, unchanged, refused, ...", "row.outcome"),
        Column("reason", TEXT, "Why it was refused or put off, as a code.", "row.reason"),
        Column("attempts", NUMBER, "How often it was sent.", "row.attempt", "count"),
        Column("created_at", MOMENT, "When it was decided.", "row.created_at", "UTC"),
        Column("sent_at", MOMENT, "When it was taken up last.", "row.claimed_at", "UTC"),
        Column("settled_at", MOMENT, "When the receipt came.", "row.settled_at", "UTC"),
        Column("object_id", TEXT, f"The destination's id of the object; {HIDDEN}.", _shown("object_id")),
        Column("url", TEXT, f"The object's address there; {HIDDEN}.", _shown("url")),
    ),
)  # fmt: skip

INCIDENTS = Dataset(
    "incidents", "Alerts that are one event.", "table `incidents`", parts=(), columns=(
        Column("incident", TEXT, "Key of the incident: `thing` of its alerts in handoffs.", "key"),
        Column("severity", NUMBER, "The worst that was reported.", "severity", "1 to 10"),
        Column("alerts", NUMBER, "How many posts have a part in it.", "count", "count"),
        Column("subjects", LIST, "Names of our subjects that it is about.", lambda row: row.subjects or []),
        Column("opened_at", MOMENT, "When it began.", "opened_at", "UTC"),
        Column("last_at", MOMENT, "When it was heard of last.", "last_at", "UTC"),
        Column("acknowledged_at", MOMENT, "When somebody said that they look after it.", "acknowledged_at",
               "UTC"),
        Column("resolved_at", MOMENT, "When it was over.", "resolved_at", "UTC"),
        Column("reopened_at", MOMENT, "When it was heard of again.", "reopened_at", "UTC"),
        Column("verdict", TEXT, "What people say it was: true, false or campaign.", "verdict"),
    ),
)  # fmt: skip

ALARMS = Dataset(
    "alarms", "One hour of one series that stood out.", "table `alarms`", parts=(), columns=(
        Column("alarm", NUMBER, "Number of the alarm.", "id"),
        Column("detector", TEXT, "Who raised it, as name@version; people: nobody but people noticed.",
               "detector"),
        Column("subject", TEXT, "Name of the subject.", "subject"),
        Column("network", TEXT, "Where; empty: on all networks together.", lambda row: row.network or None),
        Column("topic", TEXT, "About what; empty: about anything.", lambda row: row.topic or None),
        Column("hour", MOMENT, "The hour that stood out.", "at", "UTC"),
        Column("raised_at", MOMENT, "When it was raised.", "raised_at", "UTC"),
        Column("posts", REAL, "What was counted in that hour.", "value", "count"),
        Column("expected", REAL, "What the past led to expect.", "expected", "count"),
        Column("severity", NUMBER, "How bad.", "severity", "1 to 10"),
        Column("crisis", YES_NO, "Whether it was bad and not only much.", "crisis"),
        Column("incident", TEXT, "Key of the incident that it became.", "incident"),
        Column("verdict", TEXT, "What people say it was: true, false or campaign.", "verdict"),
        Column("lead_minutes", REAL, "From the alarm to the hour with the most posts.", "lead_minutes",
               "minutes"),
    ),
)  # fmt: skip

WORK = (HANDOFFS, DELIVERIES)
EVENTS = (INCIDENTS, ALARMS)


def done(pages: Iterable[Sequence[Any]], dataset: Dataset, networks: Collection[str], rules: Rules) -> Iterator[Parts]:
    """Handoffs or deliveries, of these networks."""
    wanted = set(networks) & set(rules.networks)
    for page in pages:
        parts: Parts = {}
        for row in page:
            network = row.post.partition(":")[0]
            if network in wanted:
                work = _work(row.body)
                hidden = bool(row.erased) or (work.post.visibility == "private" and not rules.private)
                parts.setdefault(network, {dataset: []})[dataset].append(Done(row, work, hidden))
        yield parts
