"""Plan and apply against the sandbox: what a plan says is what is there afterwards, however the rules are changed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

import connectors
from hub.classify import Engine, Item
from hub.domain import Signal
from hub.domain.config import Route
from hub.mapping import load_mappings
from hub.settings import load_routes
from hub.stages import plan as stage
from hub.stages.admit import Rulebook
from hub.stages.plan import Change, Plan, Scope
from hub.stages.render import Outlet
from hub.stages.rules import Rule
from tests.faults.checker import objects
from tests.faults.ground import DESTINATIONS, Ground
from tests.faults.town import decide_and_send, read_all, settled
from tests.unit.stages.world import outlet

pytestmark = pytest.mark.slow

INTENTS = ("purchase", "support", "complaint", "churn", "praise", "question", "feature", "crisis", "partner")
MAPPED = {  # changes of what a mapping says: a line of it, and what takes its place
    "salesforce": [
        ("  Hub_Network__c: post.network\n", "  Hub_Network__c: upper(post.network)\n"),
        ("  Hub_Score__c: round_to(signal.confidence, `2`)\n", "  Hub_Score__c: round_to(signal.confidence, `1`)\n"),
        ("  Hub_Followers__c: author.followers\n", "  Hub_Followers__c: \"author.followers || `0`\"\n"),
        ("reads: Lead\n", "reads: Lead\nwhen: signal.sentiment != 'negative'\n"),
    ],
    "zendesk": [
        ("    'social', joined(['network'", "    'planned', 'social', joined(['network'"),
        ("joined(['intent', slug(signal.intent)], '_')", "joined(['about', slug(signal.intent)], '_')"),
    ],
    "slack": [
        ("  channel: \"if_blank(to.slack_channel, '#social-alerts')\"\n", "  channel: \"'#social-alerts'\"\n"),
        ("Severity', as_text(severity), 'of 10'", "Severity', as_text(severity), 'of ten'"),
    ],
}  # fmt: skip


class Contrary:
    """An engine that judges some posts otherwise: another model."""

    name = "contrary"

    def __init__(self, engine: Engine, number: int) -> None:
        self.engine, self.version = engine, str(number)

    @property
    def found_by(self) -> str:
        return f"{self.name}@{self.version}"

    def classify(self, items: Sequence[Item]) -> list[Signal]:
        return [self._said(item, signal) for item, signal in zip(items, self.engine.classify(items), strict=True)]

    def _said(self, item: Item, signal: Signal) -> Signal:
        chance = Random(f"{item.key} {self.version}")
        changes: dict[str, Any] = {"found_by": self.found_by}
        if chance.random() < 0.15:
            intent = chance.choice(INTENTS)
            changes |= {"intent": intent, "confidence": 0.9, "scores": {intent: 0.9}, "relevant": True}
        return signal.with_(**changes)


def a_route(chance: Random, book: Rulebook) -> Rulebook:
    """One rule more, one less, for somebody else, or easier to meet."""
    routes = {route.name: route for route in book.config.routes}
    _, shipped = load_routes(book.config)
    one = chance.choice([route for route in shipped if route.enabled])
    match chance.choice(["new", "off", "team", "bound", "title"]):
        case "new":
            makes = chance.choice(["Lead", "Case", "Alert"])
            intent = chance.choice(INTENTS)
            name = f"{intent}-{makes.lower()}-{chance.randint(1, 99)}"
            one = Route(name=name, makes=makes, when=f"signal.intent == '{intent}'", team="sales", severity="`4`")
        case "off" if len(shipped) > 4:
            one = one.with_(when="`false`")
        case "team":
            one = one.with_(team=chance.choice(["sales", "support", "retention", "communications"]))
        case "title":
            one = one.with_(title="'Planned'", priority="'high'")
        case _:
            one = one.with_(when=f"({one.when}) || signal.confidence >= `0.95` && signal.relevant")
    config = book.config.with_(routes=tuple((routes | {one.name: one}).values()))
    version, rules = load_routes(config)
    return replace(book, config=config, routes_version=version, rules=[Rule.of(rule) for rule in rules])


def a_mapping(chance: Random, book: Rulebook, folder: Path) -> Rulebook:
    """One destination is told it otherwise."""
    name = chance.choice(sorted(MAPPED))
    old, new = chance.choice(MAPPED[name])
    one = next(each for each in book.outlets if each.manifest.name == name)
    text = one.mappings[0].source.read_text()
    changed = text.replace(old, new) if old in text and new not in text else text.replace(new, old)
    assert changed != text
    path = folder / f"{chance.randint(1, 10**9)}" / f"{name}.yaml"
    path.parent.mkdir()
    path.write_text(changed)
    made = {each.makes for each in one.mappings}
    other = Outlet(connectors.manifest(name), tuple(each for each in load_mappings(path) if each.makes in made))
    return replace(book, outlets=[other if each is one else each for each in book.outlets])


def a_classifier(chance: Random, book: Rulebook) -> Rulebook:
    """Another model runs."""
    engine = getattr(book.engine, "engine", book.engine)
    return replace(book, engine=Contrary(engine, chance.randint(1, 10**6)))


def changed(chance: Random, book: Rulebook, folder: Path) -> Rulebook:
    """One random change of what decides."""
    kinds: list[Callable[[], Rulebook]] = [
        lambda: a_route(chance, book), lambda: a_mapping(chance, book, folder), lambda: a_classifier(chance, book),
    ]  # fmt: skip
    return chance.choices(kinds, weights=(5, 3, 2))[0]()


def planned(ground: Ground, book: Rulebook, **more: Any) -> tuple[Plan, list[Change]]:
    now = ground.store.now()
    with ground.store.read() as view:
        fields: dict[str, Any] = {
            "as_of": now, "since": now - timedelta(days=30), "until": now, "last": view.archive.last(),
            "actionable_hours": 48.0,
        } | more  # fmt: skip
        scope = Scope(**fields)
        judge = stage.Judge(book, scope, view)
        changes = [change for change, _ in judge.found()]
    return stage.plan_of(scope, book.versions, judge.tally), changes


def apply(ground: Ground, plan: Plan, book: Rulebook, folder: Path) -> dict[str, int]:
    return stage.apply(plan, book, store=ground.store, landing=ground.hub.landing, folder=folder, who="ana")


def everything(ground: Ground) -> str:
    """All rows of the store."""
    return "\n".join(ground.store.engine.raw_connection().iterdump())


def promised(changes: list[Change]) -> dict[tuple[str, str], str]:
    """What a plan says that destinations will hold; of one object the last word."""
    return {
        (sent.destination, sent.external_id): sent.digest
        for change in changes if change.sends
        for sent in change.sent
    }  # fmt: skip


def test_what_a_plan_says_is_what_is_there_after_it_is_applied(ground: Ground, tmp_path: Path) -> None:
    """Twenty random changes of rules, mappings and classifiers, one after the other."""
    town = settled(ground, posts=100)
    alone = [outlet(name, notes=True) for name in DESTINATIONS]  # of a lead the lead: the checker looks at no more
    town.book = replace(town.book, outlets=alone)
    read_all(town)
    chance, book, kinds = Random(20), town.book, set()
    told = dict.fromkeys(("made", "joined", "changed", "dropped", "left"), 0)
    for number in range(20):
        book = changed(chance, book, tmp_path)
        ground.clock.forward(60)
        mark, rows, before = ground.played.state.journal(), everything(ground), dict(objects(ground.played))

        plan, changes = planned(ground, book)

        assert (ground.played.state.journal(), everything(ground)) == (mark, rows), "a plan writes nothing"
        apply(ground, plan, book, tmp_path)
        ground.run()
        if ground.open():
            ground.quiet(at_most=5)
        after = dict(objects(ground.played))
        different = {thing: digest for thing, digest in after.items() if before.get(thing) != digest}
        kept = {(row.destination, row.external_id): row.digest for row in ground.rows() if row.outcome == "unchanged"}
        told_in_vain = {thing: digest for thing, digest in promised(changes).items() if kept.get(thing) == digest}
        assert different | told_in_vain == promised(changes), number  # a note stays as it was written
        assert before.keys() <= after.keys(), "what is there stays"
        ground.assert_balanced()
        again, rest = planned(ground, book)
        assert [change for change in rest if change.sends] == []
        assert again.posts == plan.posts
        kinds |= {change.kind for change in changes if change.sends}
        for change in changes:
            told[change.what] += 1
    assert kinds == {"Lead", "Case", "Alert"}
    assert all(told.values()), told
    town.book = book
    decide_and_send(town)
    assert town.verdict().duplicates == []
