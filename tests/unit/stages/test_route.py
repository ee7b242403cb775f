"""Which posts become work, what kind, and for whom."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import connectors
from hub.domain import Author
from hub.domain.config import Conversations, Route, Triage
from hub.errors import MappingError
from hub.stages.conversations import conversation_key
from hub.stages.desk import Desk, fold_alerts, open_desk
from hub.stages.grouping import Grouping
from hub.stages.route import Routed, Router
from hub.stages.rules import Rule
from hub.store import Store, Talk, Transaction
from tests.unit.stages.world import NOW, acme, make_book, make_post, make_signal

EVERYTHING = ("listening", "service", "sales", "analysis")
BUYS = {"intent": "purchase", "confidence": 0.9}
BURNS = {"scores": {"crisis": 0.9}, "sentiment": "negative", "intent": "complaint"}


@pytest.fixture
def tx(store: Store) -> Iterator[Transaction]:
    with store.begin() as transaction:
        yield transaction


def router(*routes: Route, purposes: tuple[str, ...] = EVERYTHING, only: bool = False, **own: Any) -> Router:
    """With the shipped rules, and more before them, or only those."""
    config = acme().with_(own_accounts=own or acme().own_accounts)
    rules = [Rule.of(route) for route in routes] + ([] if only else list(make_book().rules))
    networks = ("x", "mastodon", "blogs")
    return Router(
        config, rules, version="1", purposes=dict.fromkeys(networks, purposes), run="run-1", link_base="http://hub.test"
    )


def route(
    tx: Transaction, post: Any = None, *, by: Router | None = None, desk: Desk | None = None, **said: Any
) -> Routed:
    post = post or make_post()
    desk = desk or open_desk(tx, [post], triage=Triage())
    return (by or router()).route(post, make_signal(post, **said), watch_started=NOW - timedelta(days=9), desk=desk)


def kinds(routed: Routed) -> list[str]:
    return [handoff.kind for handoff in routed.handoffs]


OWN = {
    "by id on X": ("x", {"native_id": "1000001", "handle": "renamed"}),
    "by handle on X, whatever its case": ("x", {"native_id": "9", "handle": "ACME"}),
    "by address on Mastodon": ("mastodon", {"native_id": "9", "handle": "acme@mastodon.test"}),
    "by local name on Mastodon": ("mastodon", {"native_id": "9", "handle": "@acme"}),
    "by host of a blog": ("blogs", {"native_id": "the team", "handle": "blog.acme.test"}),
}


@pytest.mark.parametrize(("network", "author"), OWN.values(), ids=OWN)
def test_our_own_words_are_never_a_customers(tx: Transaction, network: str, author: dict[str, str]) -> None:
    post = make_post(network=network, author=Author(key="a", **author))

    assert route(tx, post, **BUYS).set_aside == "own_post"


def test_an_account_of_ours_may_be_written_with_or_without_its_sign(tx: Transaction) -> None:
    post = make_post(author=Author(key="a", native_id="9", handle="acmehelp"))

    assert route(tx, post, by=router(x=("@AcmeHelp",))).set_aside == "own_post"
    assert route(tx, post, by=router(mastodon=("@acmehelp",))).set_aside is None  # on another network it is not us


@pytest.mark.parametrize("kind", ["post", "reply", "quote", "review"])
def test_what_people_say_themselves_is_work_and_a_reshare_is_not(tx: Transaction, kind: str) -> None:
    assert kinds(route(tx, make_post(kind=kind), **BUYS)) == ["Lead"]
    assert route(tx, make_post(kind="share"), **BUYS).set_aside == "reshare"


def test_what_was_said_before_the_watch_began_is_history(tx: Transaction) -> None:
    post = make_post(published_at=NOW - timedelta(hours=30))
    desk = open_desk(tx, [], triage=Triage())
    signal = make_signal(post)

    assert router().route(post, signal, watch_started=NOW, desk=desk).set_aside == "history"
    assert router().route(post, signal, watch_started=NOW - timedelta(hours=6), desk=desk).set_aside is None


def test_what_was_said_too_long_ago_is_not_work(tx: Transaction) -> None:
    old = make_post(published_at=NOW - timedelta(hours=48, seconds=1))
    just = make_post(published_at=NOW - timedelta(hours=48))

    assert route(tx, old).set_aside == "too_old"
    assert route(tx, just).set_aside is None


@pytest.mark.parametrize("intent", ["spam", "offensive"])
def test_spam_and_abuse_are_set_aside_whatever_rule_they_match(tx: Transaction, intent: str) -> None:
    greedy = router(Route(name="all", makes="Lead", when="`true`"))

    assert route(tx, by=greedy, intent=intent).set_aside == intent
    assert route(tx, by=greedy, relevant=False).set_aside == "not_relevant"


def test_what_no_rule_wants_is_set_aside(tx: Transaction) -> None:
    assert route(tx, intent="praise").set_aside == "no_route"


@pytest.mark.parametrize(("kind", "purpose", "said"), [
    ("Lead", "sales", BUYS), ("Case", "service", {}), ("Alert", "listening", BURNS | {"intent": "none"}),
])  # fmt: skip
def test_a_network_that_forbids_a_purpose_gives_no_such_work(
    tx: Transaction, kind: str, purpose: str, said: dict[str, Any]
) -> None:
    others = tuple(each for each in EVERYTHING if each != purpose)

    assert kinds(route(tx, **said)) == [kind]
    assert route(tx, by=router(purposes=others), **said).set_aside == "policy"


def test_every_networks_policy_is_one_that_routes_understand() -> None:
    for manifest in connectors.manifests(kind="network"):
        assert set(manifest.policy.purposes) <= set(EVERYTHING)


@pytest.mark.parametrize("flag", ["opt_out", "minor", "sensitive_number"])
def test_a_protected_post_never_makes_a_lead_but_is_still_helped(tx: Transaction, flag: str) -> None:
    post = make_post(flags=(flag,))

    assert route(tx, post, **BUYS).set_aside == "policy"
    assert kinds(route(tx, post)) == ["Case"]
    assert kinds(route(tx, make_post(flags=("bad_link",)), **BUYS)) == ["Lead"]


def test_one_post_may_become_work_of_every_kind_but_once_of_each(tx: Transaction) -> None:
    lead = Route(name="also-buys", makes="Lead", when="`true`")
    second = Route(name="buys-again", makes="Lead", when="`true`")

    routed = route(tx, by=router(lead, second), **BURNS, confidence=0.9)

    assert [(one.kind, one.provenance.route) for one in routed.handoffs] == [
        ("Lead", "also-buys@1"), ("Alert", "crisis-alert@1"), ("Case", "complaint-case@1"),
    ]  # fmt: skip


def test_a_handoff_says_why_it_exists(tx: Transaction) -> None:
    [handoff] = route(tx).handoffs

    why = handoff.provenance
    assert (why.post, why.route, why.classifier, why.run) == ("x:post:1", "complaint-case@1", "rules@1", "run-1")
    assert why.confidence == 0.9
    assert why.link == f"http://hub.test/command-centre/handoffs/{handoff.id}"


def test_expressions_give_priority_severity_and_title(tx: Transaction) -> None:
    rule = Route(
        name="vip", makes="Alert", when="author.followers > `1000`", team="communications",
        priority="signal.urgency > `0.5` && 'urgent' || 'low'", severity="signal.urgency > `0.8` && `8.4` || `3`",
        title="join(' ', ['VIP', author.handle])",
    )  # fmt: skip
    vip = make_post(author=Author(key="x:account:7", native_id="7", handle="ana", followers=5000))

    [alert] = route(tx, vip, by=router(rule, only=True), urgency=0.84).handoffs

    assert (alert.priority, alert.severity, alert.title, alert.team) == ("urgent", 8, "VIP ana", "communications")


def test_what_an_expression_leaves_out_has_a_default(tx: Transaction) -> None:
    rule = Route(name="r", makes="Alert", when="`true`", priority="nothing", severity="nothing", title="nothing")

    [alert] = route(tx, by=router(rule, only=True)).handoffs

    assert (alert.priority, alert.severity, alert.title) == ("normal", 0, "")


def test_work_that_is_made_by_its_signal_alone_may_still_be_titled_after_the_post(tx: Transaction) -> None:
    rule = Route(name="r", makes="Alert", when="signal.relevant", title="join(' ', [post.network, author.handle])")

    [alert] = route(tx, by=router(rule, only=True)).handoffs

    assert alert.title == f"{alert.post.network} {alert.author.handle}"


DEFAULTS = (
    "post.kind == 'post'", "post.visibility == 'public'", "!contains(post.flags, 'minor')", "length(post.tags) == `0`",
    "author.automated == `false`", "post.author.handle == 'ana'", "signal.relevant == `true`", "post.lang == `null`",
    "!starts_with(author.display_name, 'Bot')",
)  # fmt: skip


@pytest.mark.parametrize("when", DEFAULTS)
def test_an_expression_may_ask_for_every_field_of_a_plain_post(tx: Transaction, when: str) -> None:
    assert kinds(route(tx, by=router(Route(name="r", makes="Case", when=when), only=True))) == ["Case"]


@pytest.mark.parametrize("part", [
    {"when": "contains(post.lang, 'en')"}, {"priority": "'asap'"}, {"severity": "'high'"}, {"severity": "`11`"},
    {"severity": "`true`"}, {"title": "post.tags"}, {"priority": "length(post.lang)"},
])  # fmt: skip
def test_a_route_that_cannot_decide_is_named_with_its_remedy_and_without_the_post(
    tx: Transaction, part: dict[str, str]
) -> None:
    broken = Route(**{"name": "odd-one", "makes": "Alert", "when": "`true`"} | part)

    said = route(tx, make_post(text="SECRET WORDS", tags=("secretive",)), by=router(broken, only=True))

    assert (said.handoffs, said.set_aside) == ((), None)
    told = said.undecided["Alert"]
    assert "odd-one" in told
    assert f"Correct its `{next(iter(part))}` in hub.yaml" in told
    assert "hub replay --stage route" in told
    assert "secret" not in told.lower()


def test_a_route_that_cannot_decide_costs_the_post_that_kind_of_work_and_no_other(tx: Transaction) -> None:
    broken = Route(name="odd-one", makes="Lead", when="contains(post.lang, 'en')")
    next_best = Route(name="any-lead", makes="Lead", when="`true`", team="sales")
    sound = Route(name="any-case", makes="Case", when="`true`", team="support")

    said = route(tx, by=router(broken, next_best, sound, only=True))

    assert (kinds(said), list(said.undecided)) == (["Case"], ["Lead"])  # which lead it should be, nobody knows


def test_a_route_that_cannot_decide_is_no_matter_where_its_work_may_not_be_made(tx: Transaction) -> None:
    broken = Route(name="odd-one", makes="Lead", when="contains(post.lang, 'en')")

    said = route(tx, by=router(broken, only=True, purposes=("listening",)))

    assert (said.undecided, said.set_aside) == ({}, "no_route")


def test_what_is_said_next_in_a_case_joins_it_though_a_route_cannot_decide(tx: Transaction) -> None:
    post = make_post()
    talk = Talk(key=conversation_key(post), team="support", last_at=post.published_at)
    desk = Desk(talks=[talk], alerts=Grouping(tx, {}), leads={})
    broken = Route(name="odd-one", makes="Case", when="contains(post.lang, 'en')")

    said = route(tx, post, by=router(broken, only=True), desk=desk)

    assert (kinds(said), said.undecided) == (["Case"], {})


@pytest.mark.parametrize("field", ["when", "priority", "severity", "title"])
def test_a_route_that_does_not_parse_is_named_before_any_post_is_looked_at(field: str) -> None:
    with pytest.raises(MappingError, match=f"route odd-one, {field}"):
        Rule.of(Route(**{"name": "odd-one", "makes": "Lead", "when": "`true`"} | {field: "signal.intent =="}))


def test_an_organisation_overrides_disables_and_adds_routes(tx: Transaction) -> None:
    own = (
        Route(name="complaint-case", makes="Case", when="signal.intent == 'complaint'", team="care"),
        Route(name="purchase-lead", makes="Lead", when="`true`", enabled=False),
        Route(name="praise-lead", makes="Lead", when="signal.intent == 'praise'", team="sales"),
    )
    config = acme()
    by = Router(
        config, make_book(routes=own).rules, version="1", purposes={"x": EVERYTHING}, run="r", link_base="http://h.test"
    )

    assert [one.team for one in route(tx, by=by).handoffs] == ["care"]
    assert route(tx, make_post(2), by=by, **BUYS).set_aside == "no_route"
    assert kinds(route(tx, make_post(3), by=by, intent="praise")) == ["Lead"]


def test_what_the_author_of_a_case_says_next_joins_it_whatever_it_says(tx: Transaction) -> None:
    posts = [make_post(number, thread="x:thread:1") for number in range(1, 6)]
    desk = open_desk(tx, posts, triage=Triage())
    said = [{}, {"intent": "praise"}, {"relevant": False}, {"intent": "offensive"}, BUYS]

    routed = [route(tx, post, desk=desk, **words) for post, words in zip(posts, said, strict=True)]

    assert [kinds(one) for one in routed] == [["Case"], ["Case"], ["Case"], ["Case"], ["Lead", "Case"]]
    cases = [next(handoff for handoff in one.handoffs if handoff.kind == "Case") for one in routed]
    assert [case.first for case in cases] == [True, False, False, False, False]
    assert {case.key for case in cases} == {conversation_key(posts[0])}
    assert {case.provenance.route for case in cases[1:]} == {"follow-up@1"}
    assert {case.team for case in cases} == {"support"}


def test_a_follow_up_goes_to_the_team_that_has_the_case(tx: Transaction) -> None:
    first = route(tx, make_post(1, thread="t"), intent="churn")
    tx.handoffs.save(first.handoffs)

    [later] = route(tx, make_post(2, thread="t"), intent="none").handoffs

    assert (later.team, later.first) == ("retention", False)


LIFESPANS = {"public": timedelta(days=7), "private": timedelta(days=30)}


@pytest.mark.parametrize("visibility", LIFESPANS)
def test_a_conversation_has_a_lifespan_after_which_a_new_case_begins(tx: Transaction, visibility: str) -> None:
    last = NOW - timedelta(minutes=1)
    first = make_post(1, thread="t", visibility=visibility, published_at=last)
    tx.handoffs.save(route(tx, first).handoffs)
    in_time, late = (
        make_post(2, thread="t", visibility=visibility, published_at=last + LIFESPANS[visibility] + over)
        for over in (timedelta(0), timedelta(seconds=1))
    )
    desk = Desk(
        talks=[talk.with_(last_at=last) for talk in tx.handoffs.talks({first.author.key})],
        alerts=Grouping(tx, {}),
        leads={},
    )

    assert desk.talks.of(in_time) is not None
    assert desk.talks.of(late) is None
    assert route(tx, late.with_(collected_at=late.published_at), desk=desk, intent="praise").set_aside == "no_route"
    [case] = route(tx, late.with_(collected_at=late.published_at), desk=desk).handoffs

    assert (case.first, case.follows) == (True, conversation_key(first))
    assert case.key == f"{conversation_key(first)}\x1f{late.key}"


def test_what_follows_joins_the_new_conversation_and_the_third_one_names_the_second(tx: Transaction) -> None:
    desk = open_desk(tx, [], triage=Triage(), lifespans=Conversations(public_days=1))
    days = [0, 2, 2.5, 4, 4.9]
    posts = [
        make_post(number, thread="t", published_at=NOW + timedelta(days=day), collected_at=NOW + timedelta(days=day))
        for number, day in enumerate(days, start=1)
    ]

    cases = [route(tx, post, desk=desk).handoffs[0] for post in posts]

    assert [case.first for case in cases] == [True, True, False, True, False]
    assert len({case.key for case in cases}) == 3
    assert [case.follows for case in cases if case.first] == [None, cases[0].key, cases[1].key]
    tx.handoffs.save(cases)
    again = open_desk(tx, posts, triage=Triage())
    assert again.talks.of(posts[-1]) == Talk(key=cases[-1].key, team="support", last_at=NOW)  # no posts are kept here


def test_a_post_that_comes_late_stays_in_the_conversation_that_is_there(tx: Transaction) -> None:
    desk = open_desk(tx, [], triage=Triage())
    later, earlier = make_post(2, thread="t"), make_post(1, thread="t", published_at=NOW - timedelta(days=1))

    cases = [route(tx, post, desk=desk).handoffs[0] for post in (later, earlier)]

    assert [case.key for case in cases] == [conversation_key(later)] * 2


def test_our_own_answer_and_other_peoples_words_do_not_join_a_case(tx: Transaction) -> None:
    first = make_post(1, thread="t")
    ours = make_post(2, thread="t", author=Author(key="x:account:1000001", native_id="1000001"))
    other = make_post(3, thread="t", author=Author(key="x:account:8", native_id="8"))
    desk = open_desk(tx, [first], triage=Triage())

    route(tx, first, desk=desk)

    assert route(tx, ours, desk=desk, intent="none").set_aside == "own_post"
    assert route(tx, other, desk=desk, intent="none").set_aside == "no_route"


@pytest.mark.parametrize("other", [{"network": "mastodon"}, {"visibility": "private"}, {"thread": "x:thread:2"}])
def test_another_network_visibility_or_thread_is_another_case(other: dict[str, str]) -> None:
    assert conversation_key(make_post(thread="x:thread:1")) != conversation_key(
        make_post(**{"thread": "x:thread:1"} | other)
    )


def test_an_author_is_one_lead_however_often_they_write(tx: Transaction) -> None:
    leads = [route(tx, make_post(number), **BUYS).handoffs[0] for number in (1, 2)]

    assert {(lead.key, lead.first) for lead in leads} == {("x:account:7", True)}
    assert leads[0].id != leads[1].id  # two pieces of work on one thing


def alert(tx: Transaction, number: int, **said: Any) -> Any:
    author = Author(key=f"x:account:{number}", native_id=str(number))
    routed = route(tx, make_post(number, author=author), **BURNS | {"confidence": 0.1} | said)
    return next(handoff for handoff in routed.handoffs if handoff.kind == "Alert")


def test_a_crisis_is_one_incident_for_each_subject(tx: Transaction) -> None:
    one, more = alert(tx, 1, subjects=("Acme",)), alert(tx, 2, subjects=("Acme", "Brew One"))
    other, nobody = alert(tx, 3, subjects=("Brew Pro",)), alert(tx, 4, subjects=())

    assert (one.first, more.first) == (True, False)
    assert one.key == more.key
    assert len({one.key, other.key, nobody.key}) == 3
    [incident, *_] = [each for each in tx.incidents.open() if each.key == one.key]
    assert (incident.count, incident.severity) == (2, 9)


def test_alerts_of_another_route_are_another_incident(tx: Transaction) -> None:
    vip = Route(name="vip-alert", makes="Alert", when="`true`")

    crisis = alert(tx, 1)
    [seen] = route(tx, make_post(2), by=router(vip, only=True)).handoffs

    assert seen.key != crisis.key
    assert seen.first


def test_a_crisis_that_was_quiet_for_long_is_over_and_goes_on_when_it_is_heard_of_soon(
    store: Store, clock: Any
) -> None:
    def next_alert(number: int, hours: float) -> Any:
        clock.forward(hours=hours)
        with store.begin() as tx:
            return alert(tx, number)

    first, growing, late = next_alert(1, 0), next_alert(2, 5), next_alert(3, 5.9)
    soon = next_alert(4, 6.1)
    with store.read() as view:
        (incident,) = view.incidents.open()
    again = next_alert(5, 6 + 23.9)
    another = next_alert(6, 6 + 24.1)

    assert first.key == growing.key == late.key == soon.key == again.key
    assert [each.first for each in (first, growing, late, soon)] == [True, False, False, False]
    assert (incident.count, incident.reopened_at is not None) == (4, True)
    assert (another.first, another.key != first.key) == (True, True)
    with store.read() as view:
        assert [each.key for each in view.incidents.open()] == [another.key]


def test_an_incidents_further_posts_are_folded_into_one_alert(tx: Transaction) -> None:
    alerts = [alert(tx, 1), alert(tx, 2, scores={"crisis": 0.7}), alert(tx, 3), alert(tx, 4, subjects=("Brew Pro",))]
    case = route(tx, make_post(5)).handoffs

    folded = fold_alerts([*alerts[:2], *case, *alerts[2:]])

    assert [(one.kind, one.first, one.post.key, len(one.others)) for one in folded] == [
        ("Alert", True, "x:post:1", 0), ("Case", True, "x:post:5", 0), ("Alert", True, "x:post:4", 0),
        ("Alert", False, "x:post:2", 1),
    ]  # fmt: skip
    assert folded[-1].severity == 9  # of the worst of them


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("signal.topics[0] == 'price'", {"topics": ("price",)}),
        ("signal.scores.feature >= `0.5`", {"scores": {"feature": 0.6}}),
        ("length(values(signal.scores)) > `0`", {"scores": {"feature": 0.6}}),
        ("signal | intent == 'praise'", {"intent": "praise"}),
        ("contains(values(signal), 'en')", {"lang": "en"}),
    ],
)
def test_what_no_rule_wanted_of_one_post_is_no_word_on_another(
    tx: Transaction, when: str, said: dict[str, Any]
) -> None:
    """A router remembers what most posts say; never by less than its rules look at."""
    by = router(Route(name="own", makes="Case", when=when, team="support"), only=True)

    assert route(tx, by=by, lang=None).set_aside == "no_route"
    assert kinds(route(tx, by=by, **({"lang": None} | said))) == ["Case"]
    assert route(tx, by=by, lang=None).set_aside == "no_route"
