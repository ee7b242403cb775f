"""Work for people, and its way to a destination."""

from typing import Any, Literal

from hub.domain.history import History
from hub.domain.keys import external_id
from hub.domain.leads import LeadScore
from hub.domain.model import Model, Moment
from hub.domain.posts import Author, Post
from hub.domain.profiles import Profile
from hub.domain.signals import Signal

HandoffKind = Literal["Lead", "Case", "Alert"]
Priority = Literal["low", "normal", "high", "urgent"]
Authority = Literal["overwrite", "fill_blank", "append", "never"]
"""Whose a field is once it is set: ours; a person's; both's, ours standing between marks; a person's once they have
changed what we wrote."""
Outcome = Literal["created", "updated", "unchanged", "parent_missing", "refused", "deferred", "unknown"]
JOB_RUNNING = "job_running"  # the reason of an unknown outcome that only waits for the end of a job over there


class Provenance(Model, omit_defaults=False):
    """Why a handoff exists: what was read, by which rule, which versions, in which run."""

    post: str
    route: str  # name@version
    classifier: str  # engine@version
    confidence: float
    run: str
    link: str | None = None  # the command centre's page of this handoff
    reading: str | None = None  # name@version of the mapping that read the post
    config: str | None = None  # digest of what hub.yaml decides by, and of the routes


class Handoff(Model, omit_defaults=False):
    """A Lead, Case or Alert: what a mapping for a destination reads.

    `key` is the key of the thing people work on: the author for a Lead, the conversation for a Case,
    the incident for an Alert. Several posts may add to one thing.
    """

    key: str
    kind: HandoffKind
    post: Post
    author: Author
    signal: Signal
    team: str
    provenance: Provenance
    first: bool = True  # False when it adds to a thing that already exists (a follow-up)
    company: str | None = None
    priority: Priority = "normal"
    severity: int = 0  # 1 to 10, alerts only
    title: str = ""
    history: History | None = None  # of whoever wrote it, as it was known before; cases that begin, only
    follows: str | None = None  # key of the conversation that was over when this one began; cases only
    lead: LeadScore | None = None  # of whoever wrote it, as it was then; leads only
    profile: Profile | None = None  # what is known of whoever wrote it, as it was then; leads only
    others: tuple[Post, ...] = ()  # further posts folded into this one: an alert is a digest, not a siren

    @property
    def id(self) -> str:
        """Names this one piece of work in links and tables: digest of kind, key and post."""
        return external_id(self.kind, self.key, self.post.key)


class Delivery(Model):
    """One rendered object on its way to one destination.

    `body` is what is sent, rendered once and never again for this version. `external_id` names the
    object there; `parent` is the external id of what it hangs below (a comment's ticket, a reply's
    message). `authority` says of fields whose they are once they are set, `known_as` by what the same person may be
    known there: the keys of all their accounts, and `mailto:` addresses.
    """

    id: int
    destination: str
    object: str  # the destination's own word: Lead, ticket, comment, message
    external_id: str
    version: int
    body: dict[str, Any]
    digest: str
    handoff: str
    lane: str = ""  # deliveries of one lane keep their order: the author's key
    parent: str | None = None
    parent_object_id: str | None = None  # filled in when claimed, if the parent is known to exist
    object_id: str | None = None  # filled in when claimed, if an earlier version was delivered
    authority: dict[str, Authority] = {}
    known_as: tuple[str, ...] = ()
    before: dict[str, Any] | None = None  # filled in when claimed: what the last delivered version said
    attempt: int = 0
    fence: int = 0
    claimed_at: Moment | None = None
    network: str = ""  # that its post is from
    decided_at: Moment | None = None  # when the hub decided that it is to be sent
    job: str | None = None  # of the other side, that it was handed to


class Receipt(Model):
    """The destination's answer to one delivery, in the order they were sent."""

    delivery: int
    outcome: Outcome
    object_id: str | None = None
    url: str | None = None
    reason: str | None = None  # code, for refused, deferred and unknown
    detail: str | None = None  # one sentence for a person; never the body
    retry_after: float | None = None  # seconds, for deferred


class FoundRecord(Model):
    """What a destination holds now under an external id."""

    external_id: str
    object_id: str
    digest: str | None = None  # of the body as delivered, where the destination can carry it
    fields: dict[str, Any] = {}
    url: str | None = None
