"""Route: which posts become work, what kind, and for whom.

Suppression comes before every rule (`product.md` lessons 4, 5, 18): own words, reshares, history and
spam are set aside with a reason, whatever they match. What is left is tried against the rules; what the
author of a case says next in its thread joins it, whatever it says: angry words are part of a complaint.
A rule that cannot decide on a post costs that post its kind of work, until the rule is mended; nothing else.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import msgspec

from hub.domain import Author, Handoff, HandoffKind, LeadScore, Post, Provenance, Signal
from hub.domain.config import Config
from hub.errors import MappingError, RecordError
from hub.stages.desk import Desk
from hub.stages.rules import Rule, together
from hub.store import Talk

PURPOSES = {"Lead": "sales", "Case": "service", "Alert": "listening"}
"""Which purpose a network's policy must allow for each kind of handoff."""

SAID = {"post", "author", "@"}
"""What a rule may look at besides the signal; where none does, as by default, it is made only for what becomes work."""

FOLLOW_UP = "follow-up"
"""The route of what the author of a case says next in its thread: no rule's."""

PROTECTED = {"opt_out", "minor", "sensitive_number"}
"""Flags of posts that never make a lead, on any network (`security.md`, the gate)."""

REMEMBERED = 10_000
NO_ROUTE = "no_route"
BY_ITSELF = ("muted", NO_ROUTE, "not_relevant", "no_destination", "offensive", "policy", "spam")
"""Reasons for which a post is set aside by itself; as part of a conversation that people work on it is theirs."""


class Routed(msgspec.Struct, frozen=True, gc=False):
    """What became of one post: the handoffs it makes or joins, or the reason it was set aside."""

    post: Post
    handoffs: tuple[Handoff, ...] = ()
    set_aside: str | None = None
    undecided: dict[HandoffKind, str] = {}  # kinds that a rule could not decide on, why, and what to do then


@dataclass
class _Work:
    """What the rules make of one post, one of each kind."""

    already: Collection[HandoffKind]  # made of it by an earlier run
    taken: dict[HandoffKind, Handoff] = field(default_factory=dict)
    undecided: dict[HandoffKind, str] = field(default_factory=dict)
    obstacle: str = NO_ROUTE  # why, should it be nothing
    silent: bool = False  # people have muted the alert that it would have been

    @property
    def why_not(self) -> str:
        """The reason for which nothing was made; that people wanted it so comes before all others."""
        return "muted" if self.silent else self.obstacle

    def has(self, kind: HandoffKind) -> bool:
        """Whether no further rule is asked about this kind: which of them would come first is not known any more."""
        if kind == "Alert" and self.silent:
            return True
        return kind in self.taken or kind in self.already or kind in self.undecided


class Router:
    """Decides for posts in the order they were written."""

    def __init__(
        self,
        config: Config,
        rules: Sequence[Rule],
        *,
        version: str,
        purposes: Mapping[str, Sequence[str]],
        run: str,
        link_base: str,
        taken_somewhere: Collection[HandoffKind] = ("Lead", "Case", "Alert"),
        readings: Mapping[str, str] | None = None,
        decides_by: str | None = None,
    ) -> None:
        """`taken_somewhere`: the kinds of handoff that a destination in use takes.

        `readings`: the mapping of each network, name@version; `decides_by`: a digest of all rules. Both for provenance.
        """
        self._readings, self._decides_by = readings or {}, decides_by
        self.config, self.rules, self.version, self.run = config, rules, version, run
        self.taken_somewhere = frozenset(taken_somewhere)
        self._takes_cases = "Case" in self.taken_somewhere
        self.purposes, self.link_base = purposes, link_base
        self._by_signal = all(rule.looks_at.isdisjoint(SAID) for rule in rules)
        self._conditions = together(tuple(rule.route.when for rule in rules))
        fields = _fields_asked({path for rule in rules for path in rule.asks_for})
        self._telling = None if fields is None else _telling(fields)
        self._idle: set[Any] = set()  # of what most posts say no rule wants anything
        self._history = timedelta(hours=config.triage.first_run_hours)
        self._actionable = timedelta(hours=config.triage.actionable_hours)
        self.own = {network: {_bare(name) for name in names} for network, names in config.own_accounts.items()}

    def suppression(self, post: Post, *, watch_started: datetime) -> str | None:
        """Why this post may not become work, whatever it says; None if it may."""
        ours = self.own.get(post.network)
        if ours and (_bare(post.author.native_id) in ours or _bare(post.author.handle) in ours):
            return "own_post"
        if post.kind == "share":
            return "reshare"
        if post.published_at < watch_started - self._history:
            return "history"
        if post.published_at < post.collected_at - self._actionable:
            return "too_old"
        return None

    def route(
        self,
        post: Post,
        signal: Signal,
        *,
        watch_started: datetime,
        desk: Desk,
        already: Collection[HandoffKind] = (),
    ) -> Routed:
        """What becomes of one post; `desk` knows the conversations and incidents that are open.

        Of kinds that it has `already` become nothing is made a second time.
        """
        reason = self.suppression(post, watch_started=watch_started)
        if reason:
            return Routed(post, set_aside=reason)
        lead = desk.leads.get(post.author.key)
        unasked = unwanted(signal) or self._idled(signal, lead)
        if unasked and not (self._takes_cases and desk.talks.of(post)):  # as most
            return Routed(post, set_aside=unasked)
        work = _Work(already)
        if not unasked:
            self._apply(post, signal, desk, work)
        talk = desk.talks.of(post) if self._takes_cases else None
        if talk and "Case" not in work.taken and "Case" not in already:
            work.taken["Case"] = self.follow_up(post, signal, talk)
            work.undecided.pop("Case", None)
        for handoff in work.taken.values():
            desk.took(handoff)
        reason = None if work.taken or work.undecided else unasked or work.why_not
        return Routed(post, tuple(work.taken.values()), set_aside=reason, undecided=work.undecided)

    def _idled(self, signal: Signal, lead: LeadScore | None) -> str | None:
        """Why nothing is made of this, where it is known already that no rule wants anything of what says the same."""
        if lead is not None or self._telling is None:
            return None
        return NO_ROUTE if self._telling(signal) in self._idle else None

    def _apply(self, post: Post, signal: Signal, desk: Desk, work: _Work) -> None:
        """Note what the rules make."""
        lead = desk.leads.get(post.author.key)
        facts = _found(signal, lead) if self._by_signal else facts_of(post, signal, lead)
        alike = self._telling(signal) if self._telling and lead is None else None
        for rule in self._holding(post, facts, work, alike):
            kind = rule.route.makes
            obstacle = self._obstacle(post, kind)
            if obstacle:
                work.obstacle = obstacle
                continue
            if kind == "Alert" and desk.alerts.is_muted(rule.route, signal):
                work.silent = True  # nor is a rule further down asked: this one would have made the alert
                continue
            try:
                known = facts if rule.tells_by.isdisjoint(SAID) else facts_of(post, signal, lead)
                work.taken[kind] = self._handoff(rule, known, post, signal, desk)
            except MappingError as problem:
                work.undecided[kind] = str(problem)

    def _holding(self, post: Post, facts: dict[str, Any], work: _Work, alike: Any) -> Iterator[Rule]:
        """The rules that hold, of those whose kind of handoff is open when their turn comes.

        Where none does, none will for whatever is `alike`.
        """
        try:
            holds = self._conditions(facts)
        except RecordError:  # of one that may never be asked; each by itself, then, and the one to blame is named
            holds = None
        if holds is not None and not any(holds):
            if alike is not None and len(self._idle) < REMEMBERED:
                self._idle.add(alike)
            return
        for place, rule in enumerate(self.rules):
            kind = rule.route.makes
            if work.has(kind):
                continue
            try:
                held = rule.decide("when", facts) if holds is None else holds[place]
            except MappingError as problem:
                held = False
                if not self._obstacle(post, kind):
                    work.undecided[kind] = str(problem)
            if held:
                yield rule

    def _obstacle(self, post: Post, kind: HandoffKind) -> str | None:
        """What stands against this use of a post: its network's policy, its flags, or that nobody takes such work."""
        if PURPOSES[kind] not in self.purposes.get(post.network, ()):
            return "policy"
        if kind == "Lead" and not PROTECTED.isdisjoint(post.flags):
            return "policy"
        return None if kind in self.taken_somewhere else "no_destination"

    def _handoff(self, rule: Rule, facts: dict[str, Any], post: Post, signal: Signal, desk: Desk) -> Handoff:
        route = rule.route
        place = desk.place(route, post, signal)
        handoff = Handoff(
            key=place.key, kind=route.makes, post=post, author=post.author, signal=signal, team=route.team,
            provenance=self._provenance(post, signal, route.name), first=place.first, follows=place.follows,
            lead=desk.leads.get(post.author.key) if route.makes == "Lead" else None, **rule.facets(facts),
        )  # fmt: skip
        return self._linked(handoff)

    def follow_up(self, post: Post, signal: Signal, talk: Talk) -> Handoff:
        """What its author says further on in a conversation that people work on."""
        return self._linked(
            Handoff(
                key=talk.key, kind="Case", post=post, author=post.author, signal=signal, team=talk.team,
                provenance=self._provenance(post, signal, FOLLOW_UP), first=False,
            )
        )  # fmt: skip

    def _provenance(self, post: Post, signal: Signal, route: str) -> Provenance:
        return Provenance(
            post=post.key, route=f"{route}@{self.version}", classifier=signal.found_by,
            confidence=signal.confidence, run=self.run, reading=self._readings.get(post.network),
            config=self._decides_by,
        )  # fmt: skip

    def _linked(self, handoff: Handoff) -> Handoff:
        link = f"{self.link_base}/command-centre/handoffs/{handoff.id}"
        return handoff.with_(provenance=handoff.provenance.with_(link=link))


def facts_of(post: Post, signal: Signal, lead: LeadScore | None) -> dict[str, Any]:
    """What a rule's expressions may ask for; `lead` is null where nothing that counts was said."""
    said = post.whole()
    author = said["author"] = Author.made_whole(said["author"])
    return {"post": said, "author": author, **_found(signal, lead)}


def _found(signal: Signal, lead: LeadScore | None) -> dict[str, Any]:
    """What of it the hub itself has found."""
    return {"signal": signal.plain(), "lead": lead and lead.plain()}


def _fields_asked(paths: Collection[tuple[str, ...]]) -> tuple[str, ...] | None:
    """The fields of a signal that rules look at; None where they look at more than these and the lead."""
    asked = set()
    for path in paths:
        if path[:1] == ("signal",) and len(path) > 1 and path[1] in Signal.__struct_fields__:
            asked.add(path[1])
        elif path[:1] != ("lead",):
            return None
    return tuple(sorted(asked))


def _telling(fields: tuple[str, ...]) -> Callable[[Signal], Any]:
    """What these fields say of a signal; the same for two only where rules cannot tell them apart."""
    alone = [field for field in fields if field != "scores"]
    said: Callable[[Signal], Any] = attrgetter(*alone) if alone else bool
    if "scores" not in fields:
        return said
    return lambda signal: (said(signal), *signal.scores.items())


def unwanted(signal: Signal) -> str | None:
    """Why no rule is asked about what was said: spam, abuse, or nothing that concerns us."""
    if signal.intent in ("spam", "offensive"):
        return signal.intent
    return None if signal.relevant else "not_relevant"


def _bare(name: str) -> str:
    """A handle as it is compared: people write it with and without the @, and in any case."""
    return name.lower().removeprefix("@")
