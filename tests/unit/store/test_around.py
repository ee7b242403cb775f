"""Handoffs, circuits, incidents, runs, audit, expectations and fault points."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub.errors import HubError
from hub.store import Talk, faultpoint, tables
from tests.unit.store.builders import START, created, land, make_draft, make_handoff, make_post


def test_a_handoff_comes_back_as_it_went_in_with_its_deliveries(store):
    handoff = make_handoff(make_post())
    with store.begin() as tx:
        [number] = tx.handoffs.save([handoff])
        tx.handoffs.save([handoff.with_(team="sales")])  # the same one: it stays as it was
        tx.outbox.intend([make_draft(1, handoff=number), make_draft(2, handoff=number, destination="slack")])
    with store.begin() as tx:
        [delivery] = tx.outbox.claim("salesforce", "w")
        tx.outbox.settle(delivery, created(delivery))

    with store.read() as view:
        assert view.handoffs.get(number) == handoff
        [found] = view.handoffs.recent(kind="Case", team="support", post=make_post().key)
        assert found.created_at == START
        assert [(one.destination, one.state) for one in found.deliveries] == [
            ("salesforce", "done"),
            ("slack", "pending"),
        ]
        assert view.handoffs.recent(team="sales") == []
        assert view.handoffs.get("no such") is None


def test_what_a_run_made_is_found_however_much_others_have_made_since(lite):
    land(lite, 1, run="collect-old")
    land(lite, 2)
    first, second = make_post(1), make_post(2)
    old = make_handoff(first)
    old = old.with_(provenance=old.provenance.with_(run="triage-old"))
    with lite.begin() as tx:
        tx.handoffs.save([old, make_handoff(second)])

    with lite.read() as view:
        assert [one.batch.name for one in view.batches.recent(1, run="collect-old")] == ["batch-1"]
        assert [one.handoff.post.key for one in view.handoffs.recent(1, run="triage-old")] == [first.key]
        assert len(view.batches.recent()) == len(view.handoffs.recent()) == 2


def test_it_is_known_who_already_has_work(store):
    with store.begin() as tx:
        posts = [make_post(), make_post(2, published_at=START + timedelta(days=2))]
        tx.posts.save(posts)
        tx.handoffs.save([make_handoff(post, key="case:1") for post in posts])

        assert tx.handoffs.talks([posts[0].author.key]) == [
            Talk(key="case:1", team="support", last_at=START + timedelta(days=2))
        ]
        assert tx.handoffs.talks(["x:account:nobody"]) == []


def test_a_circuit_opens_at_the_third_failure_and_lets_one_probe_through(store, clock):
    with store.begin() as tx:
        assert tx.circuits.allows("salesforce")
        assert tx.circuits.failed("salesforce", "Unavailable").open_until is None
        assert tx.circuits.failed("salesforce", "Unavailable").open_until is None
        assert tx.circuits.failed("salesforce", "Unavailable").open_until == START + timedelta(minutes=5)
        assert not tx.circuits.allows("salesforce")
        assert tx.circuits.allows("zendesk")
    clock.forward(minutes=5)
    with store.begin() as tx:
        assert [tx.circuits.allows("salesforce") for _ in range(3)] == [True, False, False]
        tx.circuits.succeeded("salesforce")
        assert [tx.circuits.allows("salesforce") for _ in range(3)] == [True, True, True]
        assert tx.circuits.get("salesforce").failures == 0


def test_one_good_answer_starts_the_count_anew(store):
    with store.begin() as tx:
        for _ in range(5):
            tx.circuits.failed("slack", "Unavailable")
            tx.circuits.failed("slack", "Unavailable")
            tx.circuits.succeeded("slack")

        assert [circuit.open_until for circuit in tx.circuits.listing()] == [None]


def test_a_circuit_stays_open_as_long_as_the_other_side_asked(store):
    with store.begin() as tx:
        opened = [tx.circuits.failed("salesforce", "RateLimited", pause_seconds=3_600) for _ in range(3)][-1]

    assert opened.open_until == START + timedelta(hours=1)


def test_alerts_of_one_event_are_one_incident(store, clock):
    with store.begin() as tx:
        assert tx.incidents.report("crisis:Acme", title="Smoke", severity=5).opened
        clock.forward(minutes=9)
    with store.begin() as tx:
        grown = tx.incidents.report("crisis:Acme", title="More smoke", severity=3, count=4)

        assert (grown.opened, grown.count, grown.severity, grown.title) == (False, 5, 5, "Smoke")
        assert grown.last_at == START + timedelta(minutes=9)
        assert [one.key for one in tx.incidents.open()] == ["crisis:Acme"]
        assert tx.incidents.resolve("crisis:Acme")
        assert not tx.incidents.resolve("crisis:Acme")
        assert tx.incidents.open() == []
        again = tx.incidents.report("crisis:Acme", title="Again", severity=1)
        assert (again.opened, again.count, again.severity, again.resolved_at) == (False, 6, 1, None)
        assert (again.opened_at, again.reopened_at) == (START, START + timedelta(minutes=9))
        assert [one.title for one in tx.incidents.recent()] == ["Smoke"]


def test_a_run_is_known_from_start_to_finish(store, clock):
    with store.begin() as tx:
        number = tx.runs.start("triage")
        assert tx.runs.get(number).status == "running"
        tx.runs.start("collect", "manual__2025")
    clock.forward(seconds=4)
    with store.begin() as tx:
        tx.runs.finish(number, "done", {"batches": 2})
        run = tx.runs.get(number)

        assert (run.status, run.detail, run.finished_at - run.started_at) == (
            "done",
            {"batches": 2},
            timedelta(seconds=4),
        )
        assert [one.id for one in tx.runs.recent(kind="collect")] == ["manual__2025"]
        assert len(tx.runs.recent()) == 2


def act(store, number):
    with store.begin() as tx:
        return tx.audit.append(actor="ana", action="release", object=f"item:{number}", reason="mended", after="d1")


@pytest.mark.parametrize(
    ("tamper", "broken"),
    [
        (sa.update(tables.audit).where(tables.audit.c.id == 2).values(actor="bob"), 2),
        (sa.update(tables.audit).where(tables.audit.c.id == 3).values(hash="0" * 64), 3),
        (sa.delete(tables.audit).where(tables.audit.c.id == 2), 2),
        (sa.delete(tables.audit).where(tables.audit.c.id == 1), 1),
    ],
)
def test_a_changed_audit_log_is_found_out(store, tamper, broken):
    assert [act(store, number) for number in range(4)] == [1, 2, 3, 4]
    with store.read() as view:
        assert view.audit.verify() is None
        assert [entry.object for entry in view.audit.recent(2)] == ["item:3", "item:2"]
    with store.begin() as tx:
        tx.connection.execute(tamper)

    with store.read() as view:
        assert view.audit.verify() == broken


def test_what_the_gate_said_is_kept(store):
    with store.begin() as tx:
        for number, success in enumerate([True, False]):
            failures = [] if success else [{"expectation": "text is present"}]
            tx.expectations.save(
                run=f"triage-{number}", suite="posts", success=success, statistics={"rows": number}, failures=failures
            )

        assert [one.success for one in tx.expectations.recent()] == [False, True]
        [failed] = tx.expectations.recent(run="triage-1")
        assert (failed.failures, failed.statistics, failed.at) == (
            ({"expectation": "text is present"},),
            {"rows": 1},
            START,
        )


def test_a_fault_point_does_nothing_unless_it_is_named(monkeypatch):
    faultpoint("store.claimed")
    monkeypatch.setenv("HUB_FAULTPOINT", "store.settled:raise")
    faultpoint("store.claimed")

    with pytest.raises(HubError, match=r"store\.settled"):
        faultpoint("store.settled")
    monkeypatch.setenv("HUB_FAULTPOINT", "store.settled:sing")
    with pytest.raises(ValueError, match="kill, raise, stumble, end and stall"):
        faultpoint("store.settled")


def test_who_asks_for_a_rest_is_left_alone_by_all_though_it_answers_others(store, clock):
    with store.begin() as tx:
        tx.circuits.rest("slack", seconds=30)
        tx.circuits.succeeded("slack")
        assert not tx.circuits.allows("slack")
    clock.forward(seconds=30)
    with store.begin() as tx:
        assert [tx.circuits.allows("slack") for _ in range(3)] == [True, True, True]
        assert tx.circuits.get("slack").failures == 0


def test_a_look_up_that_is_forgotten_was_never_known(store):
    with store.begin() as tx:
        tx.memory.set("user:7", 7)
        tx.memory.set("user:7", None)

        assert tx.memory.get("user:7") is None


def test_many_look_ups_are_asked_for_at_once_and_those_that_are_too_old_are_not_known(store, clock):
    with store.begin() as tx:
        tx.memory.set("absent:x:post:1", True, keep_seconds=60)
        tx.memory.set("absent:x:post:2", True, keep_seconds=600)
        tx.memory.set("user:7", 7)
    clock.forward(seconds=60)

    with store.read() as view:
        asked = ["absent:x:post:1", "absent:x:post:2", "absent:x:post:3", "user:7"]
        assert view.memory.known(asked) == {"absent:x:post:2", "user:7"}
