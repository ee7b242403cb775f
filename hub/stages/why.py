"""Why: from anything that people can point at, back to the post, the record as it came, and every version behind it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from hub.domain import Post, Signal, make_key
from hub.errors import ContractBroken, RecordError
from hub.mapping import Mapping as RecordMapping
from hub.measure.latency import way
from hub.stages.correct import audited
from hub.store import BatchState, Correction, HandedOff, Landing, Standing, View

DIGEST = re.compile(r"[0-9a-fA-F]{32}")
KEY = re.compile(r"[a-z][a-z0-9_]*:[A-Za-z0-9_]+:.+")
PAGE = re.compile(r"/command-centre/(handoffs|posts)/([^?#]+)")
GONE = "gone, by policy"
Names = Callable[[str], Sequence[str]]  # of one destination: the objects that are called so


@dataclass(frozen=True)
class Match:
    """One thing that was asked for: a post, and of its work the handoff that was meant, if one was."""

    post: str
    handoff: str | None
    what: str  # in a few words, for whoever must choose


@dataclass(frozen=True)
class Corrected:
    """One correction, and why, where somebody said so for this post alone."""

    kept: Correction
    why: str


@dataclass(frozen=True)
class Record:
    """The record that a post was made of; or why it is not there."""

    record: dict[str, Any] | None
    line: int | None = None  # of the landed file, counted from 1
    gone: str | None = None


@dataclass(frozen=True)
class Story:
    """One post and everything that led to it and came of it."""

    key: str
    post: Post | None
    standing: Standing
    gone: str | None  # why its words are not kept
    signal: Signal | None  # that counts today
    earlier: Sequence[Signal]  # judgements that newer ones took the place of, oldest first
    corrections: Sequence[Corrected]  # newest first
    handoffs: Sequence[HandedOff]  # what was made of it, with every delivery; the one that was asked for first
    batch: BatchState | None  # that brought it first
    acknowledged: Mapping[str, datetime] = field(default_factory=dict)  # when somebody took it on, by handoff

    def steps(self, handed: HandedOff) -> list[tuple[str, timedelta]]:
        """How long each part of the way took; the parts add up to the whole."""
        post = handed.handoff.post
        moments: list[tuple[str, datetime | None]] = [("until we read it", post.collected_at)]
        moments += [("until it was decided", handed.created_at)]
        moments += [(f"until {row.destination} had it", row.settled_at) for row in handed.deliveries[:1]]
        moments += [("until somebody took it on", self.acknowledged.get(handed.id))]
        return way(post.published_at, moments)


def matches(view: View, asked: str, names: Mapping[str, Names]) -> list[Match]:
    """What is called so, the likeliest first; nothing where nothing is. `names`: how each destination's objects are
    called."""
    text = asked.strip()
    if page := PAGE.search(text):
        text = unquote(page[2]).strip("/")
    if DIGEST.fullmatch(text):
        return _of_handoffs(view, [text.lower()]) or _of_external_id(view, text.lower(), names)
    if KEY.fullmatch(text) and view.posts.known([text]):
        return [Match(text, None, "post")]
    rows = [row for name, called in names.items() if (ids := called(text)) for row in view.outbox.called(name, ids)]
    if rows:
        newest = {(row.destination, row.object, row.external_id): row for row in reversed(rows)}
        meant = sorted(newest.values(), key=lambda row: (row.parent is not None, row.id))
        return _of_handoffs(view, [row.handoff for row in meant])
    if _is_address(text):
        return [Match(post.key, None, "post") for post in view.posts.at(text)]
    return []


def story(view: View, key: str, handoff: str | None = None) -> Story | None:
    """All about one post, and of its work this first; None where we do not know it."""
    standing = view.posts.standings([key]).get(key)
    if standing is None:
        return None
    handed = view.handoffs.recent(limit=100, post=key)
    if handoff is not None and handoff not in {one.id for one in handed}:
        handed = [*view.handoffs.told([handoff]), *handed]
    reasons = {(entry.at, entry.actor): entry.reason for entry in view.audit.recent(object=audited(key))}
    told = view.corrections.of([key])
    incidents = {one.id: view.incidents.get(one.handoff.key) for one in handed if one.handoff.kind == "Alert"}
    return Story(
        key=key, post=view.posts.get(key), standing=standing, gone=view.posts.gone([key]).get(key),
        signal=view.signals.of([key]).get(key), earlier=view.signals.earlier(key),
        corrections=[Corrected(one, reasons.get((one.at, one.who), one.source)) for one in reversed(told)],
        handoffs=sorted(handed, key=lambda one: one.id != handoff), batch=view.batches.of_post(key),
        acknowledged={
            id: one.acknowledged_at for id, one in incidents.items() if one is not None and one.acknowledged_at
        },
    )  # fmt: skip


def record_of(told: Story, landing: Landing, mapping: RecordMapping | None) -> Record:
    """The landed record that the post was made of, found by its key and by nothing that looks like it."""
    if told.gone:
        return Record(None, gone=f"{GONE}: {told.gone}.")
    if told.batch is None:
        return Record(None, gone="No batch is known for this post.")
    if told.batch.reason:
        return Record(None, gone=f"{GONE}: the landed file was removed ({told.batch.reason}).")
    if mapping is None:
        return Record(None, gone="There is no connector for its network now.")
    batch = told.batch.batch
    try:
        for line, record in enumerate(landing.read(batch.path, batch.digest), start=1):
            if _key_in(record, batch.network, mapping) == told.key:
                return Record(record, line)
    except (ContractBroken, OSError):
        return Record(None, gone="The landed file is gone or damaged: removed by retention or erasure, or by hand.")
    return Record(None, gone="The landed file no longer holds this record.")


def page_of(link_base: str, key: str) -> str:
    """The command centre's page of a post."""
    return f"{link_base}/command-centre/posts/{quote(key, safe='')}"


def run_link(link_base: str, run: str) -> str | None:
    """Airflow's page of a run; those of the command line have none."""
    dag, _, run_id = run.partition("/")
    return f"{link_base}/dags/{quote(dag, safe='')}/runs/{quote(run_id, safe='')}" if run_id else None


def _of_handoffs(view: View, ids: Sequence[str]) -> list[Match]:
    return [
        Match(one.handoff.post.key, one.id, f"{one.handoff.kind} for {one.handoff.team}")
        for one in view.handoffs.told(ids)
    ]


def _of_external_id(view: View, digest: str, names: Mapping[str, Names]) -> list[Match]:
    """By the id that we gave an object: who made its newest version."""
    handoffs: dict[str, None] = {}
    for name in names:
        newest: dict[str, str] = {}
        for row in view.outbox.recent(200, destination=name, external_id=digest):
            newest.setdefault(row.object, row.handoff)
        handoffs |= dict.fromkeys(newest.values())
    return _of_handoffs(view, list(handoffs))


def _key_in(record: dict[str, Any], network: str, mapping: RecordMapping) -> str | None:
    try:
        ties = mapping.ties(record)
    except RecordError:
        return None
    native_id, scope = ties.get("native_id"), ties.get("scope")
    return make_key(network, mapping.reads, str(native_id), str(scope) if scope else None) if native_id else None


def _is_address(text: str) -> bool:
    try:
        return urlsplit(text).scheme in ("http", "https")
    except ValueError:
        return False
