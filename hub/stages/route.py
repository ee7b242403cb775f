"""Route: which posts become work, what kind, and for whom.

Suppression comes before every rule (`product.md` lessons 4, 5, 18): own words, reshares, history and
spam are set aside with a reason, whatever they match. What is left is tried against the rules; what the
author of a case says next in its thread joins it, whatever it says: angry words are part of a complaint.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, get_args

import msgspec

from hub.domain import Author, Handoff, HandoffKind, Post, Provenance, Signal
from hub.domain.config import Config, Route
from hub.domain.handoffs import Priority
from hub.errors import MappingError, RecordError
from hub.mapping import compile_expression, names_in
from hub.store import Transaction

PURPOSES = {"Lead": "sales", "Case": "service", "Alert": "listening"}
"""Which purpose a network's policy must allow for each kind of handoff."""

SAID = {"post", "author", "@"}
"""What a rule may look at besides the signal; where none does, as by default, it is made only for what becomes work."""

PRIORITIES = get_args(Priority)
WORST = 10  # severity

PROTECTED = {"opt_out", "minor", "sensitive_number"}
"""Flags of posts that never make a lead, on any network (`security.md`, the gate)."""


@dataclass(frozen=True)
class Rule:
    """A route with its expressions compiled."""

    route: Route
    when: Callable[[dict[str, Any]], Any]
    looks_at: frozenset[str]  # names that `when` mentions
    priority: Callable[[dict[str, Any]], Any]
    severity: Callable[[dict[str, Any]], Any]
    title: Callable[[dict[str, Any]], Any]

    @classmethod
    def of(cls, route: Route) -> "Rule":
        """Compiled once; a broken expression is a MappingError naming the route and the place."""
        compiled = {
            field: compile_expression(getattr(route, field), where=f"route {route.name}, {field}")
            for field in ("when", "priority", "severity", "title")
        }
        return cls(route, looks_at=names_in(route.when), **compiled)

    def decide(self, part: str, facts: dict[str, Any]) -> Any:
        """What one of its expressions says of a post; one that cannot work stops the run, not the post."""
        try:
            return getattr(self, part)(facts)
        except RecordError as problem:
            raise MappingError(f"The route {self.route.name} cannot decide: {problem} Correct its {part}.") from problem

    def facets(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Priority, severity and title of the work it makes; what is no such thing is a MappingError."""
        priority = self.decide("priority", facts) or "normal"
        if priority not in PRIORITIES:
            raise self._unusable("priority", priority, f"one of {', '.join(PRIORITIES)}")
        severity = self.decide("severity", facts) or 0
        if isinstance(severity, bool) or not isinstance(severity, (int, float)) or not 0 <= severity <= WORST:
            raise self._unusable("severity", severity, f"a number from 0 to {WORST}")
        title = self.decide("title", facts) or ""
        if not isinstance(title, str):
            raise self._unusable("title", title, "a text")
        return {"priority": priority, "severity": round(severity), "title": title}

    def _unusable(self, part: str, said: Any, wanted: str) -> MappingError:
        """Without the value: an expression may have taken it from a post."""
        kind = type(said).__name__
        return MappingError(f"The route {self.route.name} gives a {kind} as {part} that is not {wanted}; correct it.")


@lru_cache(maxsize=16)
def _together(conditions: tuple[str, ...]) -> Callable[[dict[str, Any]], list[Any]]:
    """All rules' conditions as one function: for most posts none holds, and one call is enough to see it."""
    if not conditions:
        return lambda facts: []
    return compile_expression(f"[{', '.join(f'({one})' for one in conditions)}]", where="routes")


class Routed(msgspec.Struct, frozen=True, gc=False):
    """What became of one post: the handoffs it makes or joins, or the reason it was set aside."""

    post: Post
    handoffs: tuple[Handoff, ...] = ()
    set_aside: str | None = None


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
    ) -> None:
        """`taken_somewhere`: the kinds of handoff that a destination in use takes."""
        self.config, self.rules, self.version, self.run = config, rules, version, run
        self.taken_somewhere = frozenset(taken_somewhere)
        self._takes_cases = "Case" in self.taken_somewhere
        self.purposes, self.link_base = purposes, link_base
        self._by_signal = all(rule.looks_at.isdisjoint(SAID) for rule in rules)
        self._conditions = _together(tuple(rule.route.when for rule in rules))
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

    def route(self, post: Post, signal: Signal, *, watch_started: datetime, desk: "Desk") -> Routed:
        """What becomes of one post; `desk` knows the conversations and incidents that are open."""
        reason = self.suppression(post, watch_started=watch_started)
        if reason:
            return Routed(post, set_aside=reason)
        taken: dict[str, Handoff] = {}
        reason = unwanted(signal) or self._apply(post, signal, desk, taken)
        team = desk.team_of(post) if self._takes_cases else None
        if team and "Case" not in taken:
            taken["Case"] = self._follow_up(post, signal, team)
        for handoff in taken.values():
            desk.took(handoff)
        return Routed(post, tuple(taken.values())) if taken else Routed(post, set_aside=reason)

    def _apply(self, post: Post, signal: Signal, desk: "Desk", taken: dict[str, Handoff]) -> str:
        """Fill `taken` with what the rules make, one of each kind; returns why, should that be nothing."""
        facts = {"signal": signal.plain()} if self._by_signal else facts_of(post, signal)
        reason = "no_route"
        for rule in self._holding(facts, taken):
            kind = rule.route.makes
            obstacle = self._obstacle(post, kind)
            if obstacle:
                reason = obstacle
            else:
                taken[kind] = self._handoff(rule, facts_of(post, signal), post, signal, desk)
        return reason

    def _holding(self, facts: dict[str, Any], taken: Mapping[str, Handoff]) -> Iterator[Rule]:
        """The rules that hold, of those whose kind of handoff is not taken when their turn comes."""
        try:
            holds = self._conditions(facts)
        except RecordError:  # of one that may never be asked; each by itself, then, and the one to blame is named
            holds = None
        for place, rule in enumerate(self.rules if holds is None or any(holds) else ()):
            if rule.route.makes not in taken and (rule.decide("when", facts) if holds is None else holds[place]):
                yield rule

    def _obstacle(self, post: Post, kind: HandoffKind) -> str | None:
        """What stands against this use of a post: its network's policy, its flags, or that nobody takes such work."""
        if PURPOSES[kind] not in self.purposes.get(post.network, ()):
            return "policy"
        if kind == "Lead" and not PROTECTED.isdisjoint(post.flags):
            return "policy"
        return None if kind in self.taken_somewhere else "no_destination"

    def _handoff(self, rule: Rule, facts: dict[str, Any], post: Post, signal: Signal, desk: "Desk") -> Handoff:
        route = rule.route
        key, first = desk.place(route, post, signal)
        handoff = Handoff(
            key=key, kind=route.makes, post=post, author=post.author, signal=signal, team=route.team,
            provenance=self._provenance(post, signal, route.name), first=first, **rule.facets(facts),
        )  # fmt: skip
        return self._linked(handoff)

    def _follow_up(self, post: Post, signal: Signal, team: str) -> Handoff:
        return self._linked(
            Handoff(
                key=conversation_key(post), kind="Case", post=post, author=post.author, signal=signal, team=team,
                provenance=self._provenance(post, signal, "follow-up"), first=False,
            )
        )  # fmt: skip

    def _provenance(self, post: Post, signal: Signal, route: str) -> Provenance:
        return Provenance(
            post=post.key, route=f"{route}@{self.version}", classifier=signal.found_by,
            confidence=signal.confidence, run=self.run,
        )  # fmt: skip

    def _linked(self, handoff: Handoff) -> Handoff:
        link = f"{self.link_base}/command-centre/handoffs/{handoff.id}"
        return handoff.with_(provenance=handoff.provenance.with_(link=link))


def facts_of(post: Post, signal: Signal) -> dict[str, Any]:
    """What a rule's expressions may ask for."""
    said = post.whole()
    author = said["author"] = Author.made_whole(said["author"])
    return {"post": said, "author": author, "signal": signal.plain()}


def unwanted(signal: Signal) -> str | None:
    """Why no rule is asked about what was said: spam, abuse, or nothing that concerns us."""
    if signal.intent in ("spam", "offensive"):
        return signal.intent
    return None if signal.relevant else "not_relevant"


def _bare(name: str) -> str:
    """A handle as it is compared: people write it with and without the @, and in any case."""
    return name.lower().removeprefix("@")


def conversation_key(post: Post) -> str:
    """Our account, network, visibility, author and thread: what makes posts one ticket (decision 16)."""
    return "\x1f".join(("case", post.network, post.visibility, post.author.key, post.thread or post.key))


class Desk:
    """What is already on people's desks: open conversations and incidents, as seen by one transaction."""

    def __init__(self, tx: Transaction, *, cases: Mapping[str, str], incidents: Mapping[str, str]) -> None:
        self._tx = tx
        self._cases = dict(cases)  # conversation: the team that has it
        self._incidents = dict(incidents)  # route and subject: key of the open incident
        self._alerted = set(incidents.values())

    def team_of(self, post: Post) -> str | None:
        """The team that works on this post's conversation, if any does."""
        return self._cases.get(conversation_key(post)) if self._cases else None

    def place(self, route: Route, post: Post, signal: Signal) -> tuple[str, bool]:
        """The key of the thing this post belongs to, and whether it is the first to make it."""
        if route.makes == "Lead":
            return post.author.key, True  # one lead for one author, however often they write
        if route.makes == "Case":
            key = conversation_key(post)
            return key, key not in self._cases
        subject = (signal.subjects or ("everything",))[0]
        group = f"{route.name}:{subject}"
        spike = self._incidents.get(f"spike:{subject}")  # what stands out already is the same event
        key = self._incidents.setdefault(group, spike or "\x1f".join(("incident", group, self._tx.now.isoformat())))
        return key, key not in self._alerted

    def took(self, handoff: Handoff) -> None:
        """Remember what was made, so that the next post joins it."""
        if handoff.kind == "Case":
            self._cases.setdefault(handoff.key, handoff.team)
        elif handoff.kind == "Alert":
            self._alerted.add(handoff.key)
            self._tx.incidents.report(handoff.key, title=handoff.title, severity=handoff.severity)


def open_desk(tx: Transaction, conversations: set[str], *, quiet_hours: float) -> Desk:
    """The desk as it stands now; an incident that was quiet for so long is over."""
    for incident in tx.incidents.open():
        if incident.last_at < tx.now - timedelta(hours=quiet_hours):
            tx.incidents.resolve(incident.key)
    return Desk(
        tx,
        cases=tx.handoffs.existing("Case", conversations),
        incidents={incident.key.split("\x1f")[1]: incident.key for incident in tx.incidents.open()},
    )


def fold_alerts(handoffs: Sequence[Handoff]) -> list[Handoff]:
    """The same work with each incident's further posts in one alert: a digest for people, not a siren."""
    folded: dict[str, Handoff] = {}
    rest: list[Handoff] = []
    for handoff in handoffs:
        if handoff.kind != "Alert" or handoff.first:
            rest.append(handoff)
        elif handoff.key in folded:
            head = folded[handoff.key]
            worst = max(head.severity, handoff.severity)
            folded[handoff.key] = head.with_(others=(*head.others, handoff.post), severity=worst)
        else:
            folded[handoff.key] = handoff
    return rest + list(folded.values())
