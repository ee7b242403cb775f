"""Tallies: each piece of work is counted once, by its rule and by what became of it."""

from datetime import timedelta

import sqlalchemy as sa

from hub.domain import Receipt, external_id
from hub.store import Correction, Store
from tests.unit.store.builders import START, created, make_draft, make_handoff, make_post

HOUR = timedelta(hours=1)


def work(store: Store, number: int, *, kind: str = "Case", team: str = "support", network: str = "mastodon") -> str:
    """One piece of work of a post of its own, intended for one destination as two objects."""
    post = make_post(number).with_(key=f"{network}:status:social.test/{number}", network=network)
    why = make_handoff(post).provenance.with_(route=f"{kind.lower()}-rule@1")
    handoff = make_handoff(post, kind=kind, key=f"{kind}:{number}", team=team, provenance=why)
    with store.begin() as tx:
        [made] = tx.handoffs.save([handoff])
        destination = "salesforce" if kind == "Lead" else "zendesk"
        objects = ("SocialPersona", "Lead") if kind == "Lead" else ("user", "ticket")
        drafts = [
            make_draft(number, destination=destination, object=each, handoff=made, external_id=external_id(handoff.key))
            for each in objects
        ]
        tx.outbox.intend(drafts)
    return made


def settle(store: Store, destination: str, *outcomes: str) -> None:
    """The next deliveries end so."""
    for outcome in outcomes:
        with store.begin() as tx:
            [delivery] = tx.outbox.claim(destination, "w", limit=1)
        with store.begin() as tx:
            answer = created(delivery) if outcome == "created" else Receipt(
                delivery=delivery.id, outcome="refused", reason="no_field", detail="There is no such field."
            )  # fmt: skip
            tx.outbox.settle(delivery, answer)


def by_route(store: Store, **filters: str):
    with store.read() as view:
        return view.tallies.by_route(START - HOUR, START + HOUR, **filters)


def test_work_is_counted_once_however_many_objects_it_is_made_of(store: Store) -> None:
    work(store, 1)
    work(store, 2)

    [one] = by_route(store)

    assert (one.kind, one.route, one.team, one.network) == ("Case", "case-rule@1", "support", "mastodon")
    assert (one.handoffs, one.begun, one.waiting, one.delivered, one.refused) == (2, 2, 2, 0, 0)


def test_what_became_of_work_is_told_by_all_its_deliveries(store: Store) -> None:
    for number in (1, 2, 3):
        work(store, number)
    settle(store, "zendesk", "created")  # the first one's user, and not yet the ticket
    [half] = by_route(store)
    settle(store, "zendesk", *["created"] * 4, "refused")

    [one] = by_route(store)

    assert (half.delivered, half.waiting) == (0, 3)
    assert (one.delivered, one.waiting, one.refused) == (2, 0, 1)


def test_a_lead_that_was_won_counts_for_the_rule_that_made_it(store: Store) -> None:
    work(store, 1, kind="Lead", team="sales")
    work(store, 2, kind="Lead", team="sales")
    work(store, 3)
    with store.begin() as tx:
        assert tx.leads.ended({external_id("Lead:1"): True, external_id("Lead:2"): False}, who="crm") == 2

    leads = next(one for one in by_route(store) if one.kind == "Lead")
    cases = next(one for one in by_route(store) if one.kind == "Case")

    assert (leads.won, leads.lost) == (1, 1)
    assert (cases.won, cases.lost) == (0, 0)
    with store.read() as view:
        assert view.tallies.ends() == {True: 1, False: 1}


def test_what_people_corrected_counts_against_the_rule(store: Store) -> None:
    work(store, 1)
    said = Correction(
        post=make_post(1).key, field="intent", old="support", new="praise", found_by="rules@1", who="ana",
        source="page", at=START,
    )  # fmt: skip
    with store.begin() as tx:
        tx.corrections.add([said, said.with_(field="sentiment")])

    assert [one.corrected for one in by_route(store)] == [1]


def test_filters_narrow_and_time_is_half_open(store: Store, clock) -> None:
    work(store, 1)
    work(store, 2, network="x")
    work(store, 3, kind="Lead", team="sales")

    assert [one.network for one in by_route(store, network="x")] == ["x"]
    assert [one.kind for one in by_route(store, team="sales")] == ["Lead"]
    assert sum(one.handoffs for one in by_route(store, subject="Acme")) == 3
    assert by_route(store, subject="Nobody") == []
    with store.read() as view:
        assert view.tallies.by_route(START - HOUR, START) == []
        assert view.tallies.by_route(START, START + HOUR) != []


def test_where_work_is_by_now_is_told_by_destination_kind_and_team(store: Store) -> None:
    work(store, 1)
    work(store, 2)
    settle(store, "zendesk", "created", "created")

    with store.read() as view:
        [one] = view.tallies.reached(START - HOUR, START + HOUR)

    assert (one.destination, one.kind, one.team) == ("zendesk", "Case", "support")
    assert one.handoffs >= 1


def test_alerts_are_counted_by_the_incident_they_tell_of(store: Store) -> None:
    work(store, 1, kind="Alert", team="communications")
    work(store, 2, kind="Alert", network="x")
    work(store, 3)

    with store.read() as view:
        told = view.tallies.told(["Alert:1", "Alert:2", "Case:3"])

    assert [(one.incident, one.network, one.team, one.alerts) for one in told] == [
        ("Alert:1", "mastodon", "communications", 1), ("Alert:2", "x", "support", 1)
    ]  # fmt: skip


def test_what_waits_is_told_with_the_age_of_the_oldest(store: Store, clock) -> None:
    work(store, 1)
    clock.forward(hours=2)
    work(store, 2)

    with store.read() as view:
        queues = view.tallies.queues()

    assert [(each.object, each.state, each.deliveries, each.since) for each in queues] == [
        ("ticket", "pending", 2, START), ("user", "pending", 2, START)
    ]  # fmt: skip


def test_the_newest_of_a_kind_are_found_by_their_kind(store: Store, clock) -> None:
    first = work(store, 1, kind="Lead", team="sales")
    clock.forward(minutes=1)
    work(store, 2)
    clock.forward(minutes=1)
    last = work(store, 3, kind="Lead", team="sales")

    with store.read() as view:
        assert view.tallies.newest(START, START + HOUR, kinds=("Lead",)) == [last, first]
        assert view.tallies.newest(START, START + HOUR, 1, kinds=("Lead",)) == [last]


def test_what_somebody_has_to_do_with_is_counted_by_things(store: Store) -> None:
    work(store, 1)
    work(store, 2)
    work(store, 3, kind="Lead", team="sales")

    author = make_post(1).author.key
    with store.read() as view:
        assert view.tallies.things([author]) == {"Case": 2, "Lead": 1}
        assert view.tallies.things(["x:account:9"]) == {}


def test_no_tally_looks_at_more_work_than_it_may(store: Store) -> None:
    for number in range(5):
        work(store, number)
    with store.read() as view:
        chosen = view.tallies._chosen(START - HOUR, START + HOUR, most=3)
        assert len(view.connection.execute(sa.select(chosen)).all()) == 3
