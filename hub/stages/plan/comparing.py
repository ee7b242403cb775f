"""Comparing: what today's rules make of a post, beside what was handed off of it and what destinations were sent.

An object that is there is compared with the body that it was last sent, field by field. Only the newest version of an
object is: what newer words of the same person have taken the place of is past.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from hub.domain import Handoff, HandoffKind
from hub.domain.presses import Situation
from hub.people.leads import version_of
from hub.stages.admit import Rulebook
from hub.stages.desk import fold_alerts
from hub.stages.history import with_histories
from hub.stages.incidents import situation_of
from hub.stages.plan.changes import KINDS, Change, Scope, Sent, Tally, What, Work
from hub.stages.plan.objects import as_there, is_wanted, route_of, says_the_same, sent_of, there_of
from hub.stages.render import render
from hub.stages.route import FOLLOW_UP
from hub.store import Draft, Incident, Version, View
from hub.store.intents import Identity

if TYPE_CHECKING:
    from hub.stages.plan.judging import Judged

Thing = tuple[HandoffKind, str]
Found = tuple[Change, Work | None]
TOO_OLD, NO_CONVERSATION = "too_old", "conversation_too_old"
SPOKEN_FOR = ("cancelled", "superseded")


@dataclass
class Asked:
    """One kind of work of one post: as it is, as it would be, and what would be sent of that."""

    one: "Judged"
    kind: HandoffKind
    old: Handoff | None
    new: Handoff
    waits: str = ""
    drafts: list[Draft] = field(default_factory=list)


class Comparer:
    """Knows what was made of what, and which of it is new."""

    def __init__(self, book: Rulebook, scope: Scope, tally: Tally, view: View) -> None:
        self.book, self.scope, self.tally, self.view = book, scope, tally, view
        self._actionable = scope.as_of - timedelta(hours=scope.actionable_hours)
        self._scoring = version_of(book.config.lead_scoring)
        self._there: dict[HandoffKind, set[str]] = {kind: set() for kind in KINDS}  # things that exist
        self._planned: set[Thing] = set()  # that `hub apply` makes
        self._made: set[Thing] = set()  # that would have been made, whenever
        self._kept: set[Thing] = set()  # that some post still makes
        self._left: list[Change] = []
        self._alerts: list[Asked] = []

    def keep(self, kind: HandoffKind, key: str) -> None:
        """This thing would still be there today."""
        self._kept.add((kind, key))

    def compare(self, judged: Sequence["Judged"]) -> Iterator[Found]:
        """The differences of one page."""
        versions = self.view.archive.versions([old.id for one in judged for old in one.old.values()])
        self._look_up(judged)
        asked = [each for one in judged for each in self._asked(one, versions)]
        self._tell_histories(asked)
        asked = [each for each in asked if self._rendered(each)]
        newest = self.view.archive.newest({draft.identity for each in asked for draft in each.drafts})
        for each in asked:
            if each.old is not None:
                yield from self._changed(each, each.old, versions.get(each.old.id, ()), newest)
            elif each.kind == "Alert" and not each.waits:
                self._alerts.append(each)  # an incident's posts go together
            else:
                yield self._new([each], each.new, each.drafts, newest)

    def alerts(self) -> Iterator[Found]:
        """The alerts that `hub apply` raises, folded as the live flow folds them, each incident told as it begins."""
        by_post = {each.one.post.key: each for each in self._alerts}
        folded = fold_alerts([each.new for each in self._alerts])
        for handoff in folded:
            parts = [by_post[post.key] for post in (handoff.post, *handoff.others)]
            known = self._situation(handoff, folded) if handoff.first else None
            drafts = render(handoff, self.book.outlets, self.book.config, incident=known).drafts
            newest = self.view.archive.newest({draft.identity for draft in drafts})
            yield self._new(parts, handoff, drafts, newest)

    def _situation(self, head: Handoff, folded: Sequence[Handoff]) -> Situation:
        """What the message of an incident tells that begins with the plan."""
        alerts = [one for one in folded if one.key == head.key]
        posts = sum(1 + len(one.others) for one in alerts)
        incident = Incident(
            key=head.key, title=head.title, severity=max(one.severity for one in alerts), count=posts,
            opened_at=self.scope.as_of, last_at=self.scope.as_of, subjects=head.signal.subjects,
        )  # fmt: skip
        return situation_of(self.view, incident, head, alerts)

    def not_today(self) -> Iterator[Found]:
        """What would not be made any more; a thing that no post makes today is dropped, once."""
        parts: dict[HandoffKind, Counter[str]] = {}
        left: dict[Thing, int] = Counter((one.kind, one.key) for one in self._left)
        for kind in KINDS:
            parts[kind] = self.view.archive.parts(kind, {key for of, key in left if of == kind})
        told: set[Thing] = set()
        for change in self._left:
            thing = (change.kind, change.key)
            lives = thing in self._kept or thing in self._made or parts[change.kind][change.key] > left[thing]
            what: What = "left" if lives or thing in told else "dropped"
            told.add(thing)
            yield change.with_(what=what), None

    def _tell_histories(self, asked: Sequence[Asked]) -> None:
        """A new case or lead begins with what is known of its author."""
        begins = [each for each in asked if each.old is None and each.kind != "Alert" and not each.waits]
        for each, told in zip(begins, with_histories(self.view, [one.new for one in begins]), strict=True):
            each.new = told

    def _look_up(self, judged: Sequence["Judged"]) -> None:
        """Which of the things that would be made are there already."""
        wanted: dict[HandoffKind, set[str]] = defaultdict(set)
        for one in judged:
            for kind, new in one.new.items():
                if kind not in one.old:
                    wanted[kind].add(new.key)
        for kind, keys in wanted.items():
            self._there[kind] |= self.view.archive.parts(kind, keys).keys()

    def _asked(self, one: "Judged", versions: Mapping[str, Sequence[Version]]) -> Iterator[Asked]:
        for kind in KINDS:
            old, new = one.old.get(kind), one.new.get(kind)
            if kind in one.undecided:
                continue
            if old is not None and new is None:
                self._left.append(self._left_of(one, old, versions.get(old.id, ())))
            elif old is not None and new is not None:
                self.keep(kind, old.key)
                yield Asked(one, kind, old, self._today(one, old, new))
            elif new is not None:
                yield self._placed(one, kind, new)

    def _placed(self, one: "Judged", kind: HandoffKind, new: Handoff) -> Asked:
        """New work, and whether it is the first of its thing: by what is really there, and by what is sent of this."""
        thing = (kind, new.key)
        real = new.key in self._there[kind] or thing in self._planned
        waits = ""
        if one.post.published_at < self._actionable:
            waits = TOO_OLD
        elif route_of(new) == FOLLOW_UP and not real:
            waits = NO_CONVERSATION
        first = new.first if kind == "Lead" else not real
        if not waits:
            self._planned.add(thing)
        if new.first != first:
            new = new.with_(first=first, follows=new.follows if first else None)
        return Asked(one, kind, None, new, waits=waits)

    def _today(self, one: "Judged", old: Handoff, new: Handoff) -> Handoff:
        """The handoff as it would be; where the decision is the same, as it is."""
        if route_of(new) == FOLLOW_UP != route_of(old):
            new = old.with_(signal=new.signal, post=new.post)  # it would join one that began earlier: the same thing
        severity = max(new.severity, old.severity) if old.others else new.severity
        same = says_the_same(new.signal, old.signal)
        rescored = old.lead is not None and (not same or old.lead.found_by.split()[0] != self._scoring)
        decided = {
            "team": new.team, "priority": new.priority, "severity": severity, "title": new.title,
            "signal": old.signal if same else new.signal,
            "lead": new.lead if rescored else old.lead,
            "post": one.post if one.remapped else old.post,
            "author": one.post.author if one.remapped else old.author,
        }  # fmt: skip
        after = old.with_(**decided)
        if after == old and route_of(new) == route_of(old):
            return old
        why = new.provenance
        return after.with_(provenance=old.provenance.with_(
            route=why.route, classifier=why.classifier, confidence=why.confidence, run=self.scope.run,
            reading=why.reading, config=why.config,
        ))  # fmt: skip

    def _rendered(self, asked: Asked) -> bool:
        """Whether the mappings can say it."""
        made = render(asked.new, self.book.outlets, self.book.config)
        asked.drafts = made.drafts
        for problem in made.problems:
            self.tally.unjudged[f"unsayable: {problem.reason}"] += 1
        if made.problems and asked.old is None:
            self._planned.discard((asked.kind, asked.new.key))
        return not made.problems

    def _changed(
        self, asked: Asked, old: Handoff, versions: Sequence[Version], newest: Mapping[Identity, Version]
    ) -> Iterator[Found]:
        """What the objects of one handoff would say otherwise, and those that it would make besides."""
        there = {version.identity: version for version in versions}
        sent: list[Sent] = []
        drafts: list[Draft] = []
        told_anew = asked.kind == "Alert" and asked.new.first  # an incident's message, whenever it grows
        for draft in () if told_anew else asked.drafts:
            version = there.pop(draft.identity, None)
            if version is None:
                young = asked.one.post.published_at >= self._actionable
                if draft.identity not in newest and young:
                    sent.append(sent_of(draft, None))
                    drafts.append(draft)
            elif version.state == "dead":
                self.tally.unjudged["refused_there"] += 1
            elif version.state not in SPOKEN_FOR and not self._says(asked.new, draft, version):
                sent.append(sent_of(draft, version))
                drafts.append(draft)
        gone = [version for version in there.values() if version.state == "done"]
        if gone and not told_anew:
            self._left.append(self._left_of(asked.one, old, gone).with_(why="no_mapping"))
        if sent or asked.new.team != old.team or (told_anew and asked.new != old):
            change = self._change("changed", asked.one, asked.new, sent, was_team=old.team)
            yield change.with_(sends=True), self._work([asked.one], asked.new, drafts, {**newest, **there_of(versions)})

    def _says(self, handoff: Handoff, draft: Draft, version: Version) -> bool:
        """Whether the object says this already, but for the number of the mapping that says it."""
        if draft.digest == version.digest:
            return True
        if draft.mapping == version.mapping:
            return False
        again = render(handoff, self.book.outlets, self.book.config, label=version.mapping).drafts
        return any(one.identity == draft.identity and one.digest == version.digest for one in again)

    def _new(
        self, parts: Sequence[Asked], handoff: Handoff, drafts: Sequence[Draft], newest: Mapping[Identity, Version]
    ) -> Found:
        """New work, or a part in what is there."""
        head = parts[0]
        thing = (head.kind, handoff.key)
        first = thing not in self._made and handoff.key not in self._there[head.kind]
        self._made.add(thing)
        wanted = [draft for draft in drafts if is_wanted(draft, newest.get(draft.identity), handoff.post)]
        sent = [sent_of(draft, newest.get(draft.identity)) for draft in wanted]
        change = self._change("made" if first else "joined", head.one, handoff, sent)
        if head.waits:
            return change.with_(waits=head.waits), None
        return change.with_(sends=True), self._work([each.one for each in parts], handoff, wanted, newest, new=True)

    def _work(
        self, parts: Sequence["Judged"], handoff: Handoff, drafts: Sequence[Draft],
        newest: Mapping[Identity, Version], *, new: bool = False,
    ) -> Work:  # fmt: skip
        versions = [newest[draft.identity].version if draft.identity in newest else 0 for draft in drafts]
        return Work(
            handoff=handoff, new=new, drafts=tuple(drafts), versions=tuple(versions),
            posts=tuple(one.post for one in parts), standings=tuple(one.kept.standing for one in parts),
            signals=tuple(one.signal for one in parts if one.anew),
            remapped=tuple(one.post for one in parts if one.remapped),
        )  # fmt: skip

    def _left_of(self, one: "Judged", old: Handoff, versions: Sequence[Version]) -> Change:
        sent = [as_there(version) for version in versions if version.state == "done"]
        why = one.routed.set_aside if one.routed else None
        return self._change("left", one, old, sent).with_(why=why or "no_route")

    def _change(self, what: What, one: "Judged", handoff: Handoff, sent: Sequence[Sent], was_team: str = "") -> Change:
        return Change(
            what=what, kind=handoff.kind, key=handoff.key, handoff=handoff.id, post=one.post.key,
            network=one.post.network, url=one.post.url, team=handoff.team, route=handoff.provenance.route,
            was_team=was_team if was_team != handoff.team else "", sent=tuple(sent),
        )  # fmt: skip
