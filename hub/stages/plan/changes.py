"""What a plan says: differences between what was handed off and what today's rules would make of the same posts."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal, get_args

import msgspec

from hub.domain import Handoff, HandoffKind, Model, Moment, Post, Signal
from hub.stages.versions import Versions
from hub.store import Draft, Standing

What = Literal["made", "joined", "changed", "dropped", "left"]
WHATS: tuple[What, ...] = get_args(What)
KINDS: tuple[HandoffKind, ...] = get_args(HandoffKind)
_encode = msgspec.json.Encoder(order="deterministic").encode


class Scope(Model, omit_defaults=False):
    """Which posts a plan looks at, and at which moment it was made."""

    as_of: Moment
    since: Moment
    until: Moment
    last: int  # number of the newest post: later ones are the live flow's
    actionable_hours: float  # how old a post may be, at `as_of`, and still be made into new work
    networks: tuple[str, ...] = ()  # none: all
    reclassify: bool = False  # also what today's classifier has judged already
    remap: tuple[str, ...] = ()  # networks whose landed records are read again

    @property
    def run(self) -> str:
        """The run that applies this plan, and what it makes bears: known before it happens."""
        return f"apply-{self.as_of:%Y%m%dT%H%M%S%f}"


class FieldChange(Model, omit_defaults=False):
    """One field of one object, before and after; None where it is not there."""

    path: str
    old: Any
    new: Any
    kept: str = ""  # what keeps the destination's own value all the same, in the mapping's word


class Sent(Model, omit_defaults=False):
    """One object that would be sent, or that stays as it is and would not be made today."""

    destination: str
    object: str
    external_id: str
    version: int  # that is there; 0: none
    mapping: str
    digest: str = ""  # of the body that would be sent
    fields: tuple[FieldChange, ...] = ()
    url: str | None = None  # where it is, if it is there


class Change(Model, omit_defaults=False):
    """One difference: one post, one kind of work.

    made: a new lead, case or alert         joined: the post adds to one that is there, or is made by this plan
    changed: what is there would say otherwise, or be another team's
    dropped: nothing would make it today    left: the post would not add to it today, others still do
    """

    what: What
    kind: HandoffKind
    key: str  # of the thing
    handoff: str
    post: str
    network: str
    url: str | None  # of the post
    team: str
    route: str  # name@version; of what is there where it would not be made
    was_team: str = ""
    why: str = ""  # why it would not be made
    sends: bool = False  # `hub apply` does something about it
    waits: str = ""  # why it does not
    sent: tuple[Sent, ...] = ()


class Work(Model):
    """What `hub apply` does about one handoff; holds what people wrote, and is kept nowhere."""

    handoff: Handoff
    new: bool
    drafts: tuple[Draft, ...]
    versions: tuple[int, ...]  # of each draft's object, that were there; 0: none
    posts: tuple[Post, ...]  # the handoff's, and those that were folded into it
    standings: tuple[Standing, ...]  # where these stood
    signals: tuple[Signal, ...]  # of these, as the plan judged them
    remapped: tuple[Post, ...] = ()  # of these, as today's mapping reads them


@dataclass
class Counts:
    """Differences of one kind of work."""

    made: int = 0
    joined: int = 0
    changed: int = 0
    dropped: int = 0
    left: int = 0
    sends: int = 0  # of made, joined and changed, what `hub apply` sends

    @property
    def nothing(self) -> bool:
        """Whether there is no difference."""
        return not any(getattr(self, what) for what in WHATS)

    def plain(self) -> dict[str, int]:
        """For people and programs."""
        return {name: getattr(self, name) for name in (*WHATS, "sends")}


@dataclass
class Tally:
    """A plan in numbers, while its differences pass by."""

    posts: int = 0
    unjudged: Counter[str] = field(default_factory=Counter)  # by reason
    signals_changed: int = 0
    posts_changed: int = 0  # that the networks' mappings read otherwise
    objects: Counter[str] = field(default_factory=Counter)  # to be sent, by `destination object`
    kinds: dict[HandoffKind, Counts] = field(default_factory=lambda: {kind: Counts() for kind in KINDS})
    by_route: dict[tuple[str, str, str], Counts] = field(default_factory=dict)  # kind, route's name, team
    _digest: Any = field(default_factory=sha256)

    def count(self, change: Change) -> None:
        """Count one difference."""
        route = change.route.partition("@")[0]
        for counts in (
            self.kinds[change.kind],
            self.by_route.setdefault((change.kind, route, change.team), Counts()),
        ):
            setattr(counts, change.what, getattr(counts, change.what) + 1)
            counts.sends += change.sends
        for one in change.sent if change.sends else ():
            self.objects[f"{one.destination} {one.object}"] += 1
        self._digest.update(_encode(change))

    @property
    def digest(self) -> str:
        """Of all differences in their order: two plans with the same are the same plan."""
        return str(self._digest.hexdigest())


class Plan(Model, omit_defaults=False):
    """A plan as it is written down: what it was made by and of, and how much it is. It holds no words of anybody."""

    scope: Scope
    versions: Versions
    digest: str
    posts: int
    unjudged: dict[str, int]
    kinds: dict[str, dict[str, int]]
    objects: dict[str, int]
    destinations: tuple[str, ...] = ()  # that it speaks of
    format: int = 1


def plan_of(scope: Scope, versions: Versions, tally: Tally, destinations: Iterable[str] = ()) -> Plan:
    """What is written down of a plan."""
    return Plan(
        scope=scope, versions=versions, digest=tally.digest, posts=tally.posts,
        unjudged=dict(sorted(tally.unjudged.items())), objects=dict(sorted(tally.objects.items())),
        kinds={kind: counts.plain() for kind, counts in tally.kinds.items()}, destinations=tuple(destinations),
    )  # fmt: skip


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The places at which two bodies differ, each with both of its values; lists are compared as they are."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            yield from differences(old.get(name), new.get(name), f"{path}.{name}" if path else name)
    elif old != new:
        yield path, old, new
