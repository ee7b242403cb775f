"""Route: which posts become work, what kind, and for whom.

Suppression comes before every rule (`product.md` lessons 4, 5, 18): own words, reshares, history and
spam are set aside with a reason, whatever they match. What is left is tried against the rules; a post
that answers in a conversation somebody works on joins it, whatever it says.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.domain import Handoff, HandoffKind, Post, Provenance, Signal
from hub.domain.config import Config, Route
from hub.errors import MappingError, RecordError
from hub.mapping import compile_expression
from hub.store import Transaction

PURPOSES = {"Lead": "sales", "Case": "service", "Alert": "listening"}
"""Which purpose a network's policy must allow for each kind of handoff."""

PROTECTED = {"opt_out", "minor", "sensitive_number"}
"""Flags of posts that never make a lead, on any network (`security.md`, the gate)."""


@dataclass(frozen=True)
class Rule:
    """A route with its expressions compiled."""

    route: Route
    holds: Callable[[dict[str, Any]], Any]
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
        return cls(route, compiled["when"], compiled["priority"], compiled["severity"], compiled["title"])

    def decide(self, part: str, facts: dict[str, Any]) -> Any:
        """What one of its expressions says of a post; one that cannot work stops the run, not the post."""
        try:
            return getattr(self, part)(facts)
        except RecordError as problem:
            raise MappingError(f"The route {self.route.name} cannot decide: {problem}; correct it.") from problem


@dataclass(frozen=True)
class Routed:
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
    ) -> None:
        self.config, self.rules, self.version, self.run = config, rules, version, run
        self.purposes, self.link_base = purposes, link_base
        self.own = {network: {name.lower() for name in names} for network, names in config.own_accounts.items()}

    def suppression(self, post: Post, signal: Signal, *, watch_started: datetime) -> str | None:
        """Why this post may not become work, or None."""
        own = self.own.get(post.network, ())
        if post.author.native_id.lower() in own or post.author.handle.lower().removeprefix("@") in own:
            return "own_post"
        if post.kind == "share":
            return "reshare"
        if post.published_at < watch_started - timedelta(hours=self.config.triage.first_run_hours):
            return "history"
        if post.published_at < post.collected_at - timedelta(hours=self.config.triage.actionable_hours):
            return "too_old"
        if signal.intent in ("spam", "offensive"):
            return signal.intent
        return None if signal.relevant else "not_relevant"

    def route(self, post: Post, signal: Signal, *, watch_started: datetime, desk: "Desk") -> Routed:
        """What becomes of one post; `desk` knows the conversations and incidents that are open."""
        reason = self.suppression(post, signal, watch_started=watch_started)
        if reason:
            return Routed(post, set_aside=reason)
        facts = {"post": post.plain(), "author": post.author.plain(), "signal": signal.plain()}
        taken: dict[str, Handoff] = {}
        forbidden = False
        for rule in self.rules:
            kind = rule.route.makes
            if kind in taken or not rule.decide("holds", facts):
                continue
            if PURPOSES[kind] not in self.purposes.get(post.network, ()) or (
                kind == "Lead" and PROTECTED & set(post.flags)
            ):
                forbidden = True
                continue
            taken[kind] = self._handoff(rule, facts, post, signal, desk)
        if "Case" not in taken and desk.has_case(conversation_key(post)):
            taken["Case"] = self._follow_up(post, signal)
        if taken:
            for handoff in taken.values():
                desk.took(handoff)
            return Routed(post, tuple(taken.values()))
        return Routed(post, set_aside="policy" if forbidden else "no_route")

    def _handoff(self, rule: Rule, facts: dict[str, Any], post: Post, signal: Signal, desk: "Desk") -> Handoff:
        route = rule.route
        key, first = desk.place(route.makes, post, signal)
        handoff = Handoff(
            key=key, kind=route.makes, post=post, author=post.author, signal=signal, team=route.team,
            provenance=self._provenance(post, signal, route.name), first=first,
            priority=rule.decide("priority", facts) or "normal",
            severity=int(rule.decide("severity", facts) or 0),
            title=str(rule.decide("title", facts) or ""),
        )  # fmt: skip
        return self._linked(handoff)

    def _follow_up(self, post: Post, signal: Signal) -> Handoff:
        return self._linked(
            Handoff(
                key=conversation_key(post), kind="Case", post=post, author=post.author, signal=signal,
                team="support",
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


def conversation_key(post: Post) -> str:
    """Our account, network, visibility, author and thread: what makes posts one ticket (decision 16)."""
    return "\x1f".join(("case", post.network, post.visibility, post.author.key, post.thread or post.key))


class Desk:
    """What is already on people's desks: open conversations and incidents, as seen by one transaction."""

    def __init__(self, tx: Transaction, *, cases: set[str], incidents: dict[str, str]) -> None:
        self._tx = tx
        self._cases = set(cases)
        self._incidents = dict(incidents)  # group: key of the open incident
        self._alerted = set(incidents.values())

    def has_case(self, key: str) -> bool:
        """Whether people work on this conversation."""
        return key in self._cases

    def place(self, kind: HandoffKind, post: Post, signal: Signal) -> tuple[str, bool]:
        """The key of the thing this post belongs to, and whether it is the first to make it."""
        if kind == "Lead":
            return post.author.key, True  # one lead for one author, however often they write
        if kind == "Case":
            key = conversation_key(post)
            return key, key not in self._cases
        group = f"crisis:{(signal.subjects or ('everything',))[0]}"
        key = self._incidents.setdefault(group, "\x1f".join(("incident", group, self._tx.now.isoformat())))
        return key, key not in self._alerted

    def took(self, handoff: Handoff) -> None:
        """Remember what was made, so that the next post joins it."""
        if handoff.kind == "Case":
            self._cases.add(handoff.key)
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
