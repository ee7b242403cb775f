"""What a changed rule, mapping or classifier would do over archived posts; what applying it does, and when it does
nothing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hub.classify import Item
from hub.domain import Signal, Watch
from hub.domain.config import Route
from hub.errors import SetupError
from hub.mapping import load_mapping
from hub.stages.admit import Reading, Rulebook
from hub.stages.correct import Answer, correct
from hub.store import Standing
from tests.unit.stages.planned import applied, planned, planned_with_work, told, without
from tests.unit.stages.world import (
    ALARMS,
    CHATS,
    COMPLAINS,
    NOW,
    WANTS_TO_BUY,
    Town,
    acme,
    make_book,
    outlet,
    tweet,
    written,
)

STILL = "And still nobody answers me!"
LEAKS = "My Acme Brew One leaks, @acme. How do I fix it?"


def everything(town: Town) -> str:
    """All rows of the store."""
    return "\n".join(town.store.engine.raw_connection().iterdump())


def routed(*routes: Route) -> Rulebook:
    return make_book(routes=routes)


def mapped(folder: Path, name: str, old: str, new: str) -> Rulebook:
    """One destination is told it otherwise."""
    text = outlet(name).mappings[0].source.read_text()
    assert old in text
    made = {one.makes for one in outlet(name).mappings}
    other = written(folder, name, text.replace(old, new))
    other = replace(other, mappings=tuple(one for one in other.mappings if one.makes in made))
    return make_book(outlets=[other if each == name else outlet(each) for each in ("salesforce", "zendesk", "slack")])


def talk(town: Town) -> None:
    """A lead, a conversation, an incident with folded posts, small talk; and the next batch of it."""
    town.hear(
        tweet(1, WANTS_TO_BUY, author="ana"),
        tweet(2, COMPLAINS, author="ben"),
        tweet(3, ALARMS, author="cleo"),
        tweet(4, CHATS, author="dan"),
        tweet(5, STILL, author="ben", answers=2, minutes_ago=20),
        tweet(6, ALARMS, author="eve", minutes_ago=10),
        tweet(7, ALARMS, author="fred", minutes_ago=9),
    )
    town.clock.forward(minutes=10)
    town.hear(tweet(8, WANTS_TO_BUY, author="ana", minutes_ago=-5), tweet(9, ALARMS, author="gil", minutes_ago=-5))


def test_with_nothing_changed_nothing_is_different(town: Town) -> None:
    talk(town)

    plan, changes = planned(town)

    assert told(changes) == []
    assert (plan.posts, plan.unjudged, plan.objects) == (9, {}, {})


def test_nothing_is_different_for_as_long_as_nothing_is_changed(town: Town) -> None:
    """Scores fade and incidents end; what was handed over was handed over then."""
    talk(town)
    town.clock.forward(days=20)

    assert told(planned(town)[1]) == []


def test_a_plan_writes_nothing(town: Town) -> None:
    talk(town)
    before = everything(town)

    planned(town, without("complaint-case", "crisis-alert", "purchase-lead"), reclassify=True, remap=("x",))

    assert everything(town) == before


def test_work_that_no_rule_would_make_today_is_shown_and_stays(town: Town) -> None:
    talk(town)
    book = without("complaint-case", "crisis-alert")
    sent = town.outbox()

    plan, changes = planned(town, book)

    assert told(changes)[:2] == [
        ("dropped", "Case", "support", "x:post:2"),
        ("dropped", "Alert", "communications", "x:post:3"),
    ]
    assert {one.what for one in changes[2:]} == {"left"}
    assert {one.why for one in changes} == {"no_route"}
    assert plan.kinds["Case"] == {"made": 0, "joined": 0, "changed": 0, "dropped": 1, "left": 1, "sends": 0}
    applied(town, plan, book)
    assert town.outbox() == sent
    assert town.standing("x:post:2") == Standing("handed_off")


def test_a_thing_that_another_post_would_make_today_is_not_dropped(town: Town) -> None:
    """Two posts made one lead; the rule now takes only the second."""
    talk(town)
    later = f"post.published_at > '{NOW.isoformat().replace('+00:00', 'Z')}'"
    book = routed(
        Route(name="purchase-lead", makes="Lead", when=f"signal.intent == 'purchase' && {later}", team="sales")
    )

    assert told(planned(town, book)[1]) == [("left", "Lead", "sales", "x:post:1")]


def test_new_work_of_posts_that_were_set_aside(town: Town) -> None:
    book = without("complaint-case")
    town.hear(
        tweet(2, COMPLAINS, author="ben"), tweet(5, STILL, author="ben", answers=2, minutes_ago=20), book=book
    )  # fmt: skip
    assert town.standing("x:post:2") == Standing("set_aside", "no_route")

    plan, changes, works = planned_with_work(town)

    assert told(changes) == [("made", "Case", "support", "x:post:2"), ("joined", "Case", "support", "x:post:5")]
    assert plan.objects == {"zendesk ticket": 1, "zendesk comment": 1}
    assert applied(town, plan) == {"handoffs": 2, "changed": 0, "deliveries": 2, "posts": 2}
    assert [(row.object, row.digest) for row in town.outbox()] == [
        (draft.object, draft.digest) for work in works for draft in work.drafts
    ]
    assert town.standing("x:post:5") == Standing("handed_off")
    with town.look() as view:
        assert view.ledger.balance().handed_off == 2
        [ticket] = [one for one in view.handoffs.recent() if one.handoff.first]
        run = view.runs.get(plan.scope.run)
        entry = view.audit.recent()[0]
    assert ticket.handoff.provenance.run == plan.scope.run
    assert run is not None
    assert (run.kind, run.status) == ("apply", "done")
    assert (entry.actor, entry.action, entry.after) == ("ana", "plan applied", plan.digest)
    assert told(planned(town)[1]) == []


def test_new_alerts_are_folded_as_they_always_are(town: Town) -> None:
    posts = [tweet(number, ALARMS, author=f"a{number}", minutes_ago=30 - number) for number in range(1, 6)]
    town.hear(*posts, book=without("crisis-alert", "crisis-case"))

    plan, changes = planned(town, without("crisis-case"))

    assert [one.what for one in changes] == ["made", "joined"]
    assert plan.objects == {"slack message": 1, "slack reply": 1}
    applied(town, plan, without("crisis-case"))
    assert [row.object for row in town.outbox("slack")] == ["message", "reply"]
    with town.look() as view:
        [incident] = view.incidents.open()
        assert view.ledger.balance().set_aside == {}
    assert incident.count == 5
    assert told(planned(town, without("crisis-case"))[1]) == []


def test_what_is_too_old_to_be_work_is_shown_and_not_made(town: Town) -> None:
    town.hear(tweet(1, COMPLAINS, author="ana"), tweet(2, WANTS_TO_BUY, author="ben"), book=without("complaint-case"))
    town.clock.forward(hours=72)

    plan, [change] = planned(town)

    assert (change.what, change.sends, change.waits) == ("made", False, "too_old")
    assert plan.objects == {}
    assert applied(town, plan)["deliveries"] == 0
    assert town.standing("x:post:1") == Standing("set_aside", "no_route")
    assert [one.sends for one in planned(town, actionable_hours=100.0)[1]] == [True]


def test_an_answer_in_a_conversation_that_is_too_old_to_be_made_is_not_work(town: Town) -> None:
    town.hear(tweet(1, COMPLAINS, author="ana", minutes_ago=600), book=without("complaint-case"))
    town.clock.forward(hours=1)
    town.hear(tweet(2, "Thank you all", author="ana", answers=1, minutes_ago=0), book=without("complaint-case"))

    _, changes = planned(town, actionable_hours=2.0)

    assert [(one.what, one.waits) for one in changes] == [("made", "too_old"), ("joined", "conversation_too_old")]


def test_posts_that_were_never_anybodys_work_stay_so(town: Town) -> None:
    """History, what was too old when it came, our own, reshares, small talk."""
    town.land(tweet(1, CHATS, minutes_ago=0))  # so that the watch is there
    town.clock.forward(hours=60)
    town.hear(
        tweet(2, COMPLAINS, author="b", minutes_ago=60 * 24 * 5),
        tweet(3, COMPLAINS, author="c", minutes_ago=-10),
        tweet(4, COMPLAINS, author="acme"),
        tweet(5, CHATS, author="e", minutes_ago=-3500),
        book=without("complaint-case"),
    )
    with town.look() as view:
        assert {"history", "too_old", "own_post"} <= view.ledger.balance().set_aside.keys()

    assert told(planned(town, actionable_hours=10_000.0)[1]) == []


def test_another_team_is_another_team(town: Town) -> None:
    talk(town)
    book = routed(Route(name="purchase-lead", makes="Lead", when="signal.intent == 'purchase'", team="partners"))
    teams = make_book(config=book.config).config.teams
    book = replace(book, config=book.config.with_(teams=(*teams, teams[0].with_(name="partners"))))

    plan, changes = planned(town, book)

    assert {(one.what, one.was_team, one.team) for one in changes} == {("changed", "sales", "partners")}
    applied(town, plan, book)
    with town.look() as view:
        leads = view.handoffs.recent(kind="Lead")
    assert {(one.handoff.team, one.handoff.provenance.run) for one in leads} == {("partners", plan.scope.run)}
    assert told(planned(town, book)[1]) == []


def test_a_mapping_that_says_it_otherwise_is_shown_field_by_field(town: Town, tmp_path: Path) -> None:
    talk(town)
    book = mapped(tmp_path, "salesforce", "  Hub_Network__c: post.network\n", "  Hub_Network__c: upper(post.network)\n")

    plan, [change] = planned(town, book)

    [sent] = change.sent
    assert [(each.path, each.old, each.new, each.kept) for each in sent.fields] == [("Hub_Network__c", "x", "X", "")]
    assert (change.what, change.post, sent.version) == ("changed", "x:post:8", 2)  # newer words of the same person
    applied(town, plan, book)
    row = town.outbox("salesforce")[-1]
    assert (town.body(row)["Hub_Network__c"], row.digest, row.version) == ("X", sent.digest, 3)
    assert told(planned(town, book)[1]) == []


def test_what_people_own_once_it_is_set_is_marked(town: Town, tmp_path: Path) -> None:
    town.hear(tweet(1, WANTS_TO_BUY))
    book = mapped(tmp_path, "salesforce", "  Status: Open - Not Contacted\n", "  Status: Fresh\n")

    _, [change] = planned(town, book)

    assert [(each.path, each.kept) for each in change.sent[0].fields] == [("Status", "fill_blank")]


def test_a_mapping_with_another_number_that_says_the_same_changes_nothing(town: Town, tmp_path: Path) -> None:
    talk(town)

    assert told(planned(town, mapped(tmp_path, "salesforce", "version: 3\n", "version: 4\n"))[1]) == []


def test_a_mapping_that_has_become_unsayable_is_counted(town: Town, tmp_path: Path) -> None:
    talk(town)
    book = mapped(tmp_path, "salesforce", "  Hub_Network__c: post.network\n", "  Hub_Network__c: length(post.lang)\n")

    plan, changes = planned(town, book)

    assert told(changes) == []
    assert {reason.partition(":")[0] for reason in plan.unjudged} == {"unsayable"}


class Suspicious:
    """An engine to which everything is a complaint."""

    name, version, found_by = "suspicious", "1", "suspicious@1"

    def classify(self, items: Sequence[Item]) -> list[Signal]:
        return [
            Signal(post=item.key, found_by=self.found_by, intent="complaint", confidence=0.99, subjects=("Acme",))
            for item in items
        ]


def test_another_classifier_judges_anew_and_its_word_is_kept_with_the_work_it_makes(town: Town) -> None:
    town.hear(tweet(4, CHATS, author="dan"), tweet(5, LEAKS, author="eve"))
    book = make_book(engine=Suspicious())

    plan, changes = planned(town, book)

    assert told(changes)[0] == ("made", "Case", "support", "x:post:4")
    applied(town, plan, book)
    with town.look() as view:
        assert view.signals.of(["x:post:4"])["x:post:4"].found_by == "suspicious@1"
        [made] = view.handoffs.recent(post="x:post:4")
    assert made.handoff.provenance.classifier == "suspicious@1"
    assert told(planned(town, book)[1]) == []


def test_what_a_person_said_stands_against_every_classifier(town: Town) -> None:
    town.hear(tweet(4, CHATS, author="dan"))
    with town.store.begin() as tx:
        correct(tx, [Answer(post="x:post:4", field="intent", label="praise")], who="ana", source="page")

    assert told(planned(town, make_book(engine=Suspicious()))[1]) == []


def reading(town: Town, old: str, new: str) -> Rulebook:
    """X's mapping, changed."""
    book = make_book()
    text = book.networks["x"].mapping.source.read_text()
    assert old in text
    path = Path(town.landing.url).with_name("x.yaml")
    path.write_text(text.replace(old, new))
    return replace(book, networks={**book.networks, "x": Reading(book.networks["x"].manifest, load_mapping(path))})


def test_landed_records_are_read_again_with_todays_mapping(town: Town) -> None:
    town.hear(tweet(1, CHATS) | {"body": COMPLAINS}, tweet(2, COMPLAINS, author="ben"))
    book = reading(town, "|| text)", "|| body || text)")

    plan, changes = planned(town, book, remap=("x",))

    assert told(changes) == [("made", "Case", "support", "x:post:1")]
    applied(town, plan, book)
    with town.look() as view:
        post = view.posts.get("x:post:1")
        edits = view.posts.edits("x:post:1")
    assert post is not None
    assert (post.text, [edit.text for edit in edits]) == (COMPLAINS, [CHATS])
    assert told(planned(town, book)[1]) == []


def test_records_that_are_gone_cannot_be_judged(town: Town) -> None:
    batch = town.land(tweet(1, CHATS))
    town.triage()
    town.landing.remove(batch.path)

    plan, changes = planned(town, remap=("x",))

    assert (told(changes), plan.unjudged) == ([], {"record_gone": 1})


def test_what_cannot_be_judged_is_counted_with_why(town: Town) -> None:
    context = Watch(network="x", kind="context", value="parents")
    town.hear(tweet(1, COMPLAINS), watch=context)
    town.hear(tweet(2, COMPLAINS, author="ben"), tweet(3, COMPLAINS, author="cleo"))
    with town.store.begin() as tx:
        tx.posts.mark({"x:post:2": Standing("pending")})
        tx.tombstones.add(["x:account:id-cleo"], "erasure")

    plan, changes = planned(town)

    assert (told(changes), plan.unjudged) == ([], {"context": 1, "pending": 1, "gone": 1})


def test_a_rule_that_cannot_decide_costs_its_own_kind_of_work_and_nothing_else(town: Town) -> None:
    talk(town)
    broken = Route(name="purchase-lead", makes="Lead", when="length(post.lang) > `1`", team="sales")

    plan, changes = planned(town, routed(broken))

    assert told(changes) == []
    assert plan.unjudged["route_cannot_decide"] > 0


STALE = "run `hub plan` again"


def stale(town: Town) -> tuple[Rulebook, object]:
    """A plan to make a ticket, and the book it was made with."""
    town.hear(tweet(2, COMPLAINS, author="ben"), tweet(3, COMPLAINS, author="cleo"), book=without("complaint-case"))
    return make_book(), planned(town)[0]


def refused(town: Town, plan: object, book: Rulebook, why: str) -> None:
    before = everything(town)
    with pytest.raises(SetupError, match=why) as told_so:
        applied(town, plan, book)  # type: ignore[arg-type]
    assert STALE in str(told_so.value)
    assert everything(town) == before


def test_a_plan_made_by_other_rules_is_refused(town: Town) -> None:
    _, plan = stale(town)

    refused(town, plan, without("complaint-case"), "the routes")
    refused(town, plan, make_book(config=acme().with_(own_accounts={})), r"hub\.yaml")
    refused(town, plan, make_book(engine=Suspicious()), "the classifier")


def test_a_plan_made_by_another_mapping_is_refused(town: Town, tmp_path: Path) -> None:
    _, plan = stale(town)

    refused(town, plan, mapped(tmp_path, "zendesk", "'social'", "'other'"), r"mappings/zendesk\.yaml")


def test_a_plan_that_is_old_or_was_applied_is_refused(town: Town) -> None:
    book, plan = stale(town)
    applied(town, plan, book)  # type: ignore[arg-type]
    refused(town, plan, book, "was applied")
    town.clock.forward(hours=25)
    refused(town, plan, book, "older than 24 hours")


@pytest.mark.parametrize("event", ["post erased", "post corrected", "handed off meanwhile"])
def test_a_plan_of_posts_that_are_not_so_any_more_is_refused(town: Town, event: str) -> None:
    book, plan = stale(town)
    if event == "post erased":
        with town.store.begin() as tx:
            tx.tombstones.add(["x:post:2"], "erasure")
    elif event == "post corrected":
        with town.store.begin() as tx:
            correct(tx, [Answer(post="x:post:2", field="intent", label="none")], who="ana", source="page")
    else:
        other = planned(town)[0]
        town.clock.forward(minutes=1)
        applied(town, other, book)

    refused(town, plan.with_(scope=plan.scope.with_(as_of=town.clock.now())), book, "have changed")  # type: ignore[attr-defined]


def test_work_that_is_made_between_the_last_look_and_the_writing_stops_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, plan = stale(town)

    def meanwhile(point: str) -> None:
        if point == "apply.decided":
            with town.store.begin() as tx:
                tx.posts.mark({"x:post:3": Standing("quarantined", "render")})

    monkeypatch.setattr("hub.stages.plan.applying.faultpoint", meanwhile)
    with pytest.raises(SetupError, match="while this plan was being applied"):
        applied(town, plan, book)  # type: ignore[arg-type]
    assert town.outbox() == []
