"""Corrections are only added, and later ones count; one model runs, and the one before can be brought back."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from threading import Event

import pytest

from hub.errors import SetupError
from hub.store import Correction, Store
from tests.unit.store.builders import START
from tests.unit.store.conftest import Clock


def correction(**facts: object) -> Correction:
    return Correction(**{
        "post": "p1", "field": "intent", "old": "none", "new": "purchase", "found_by": "rules@1", "who": "ana",
        "source": "command", "at": START, **facts,
    })  # fmt: skip


def test_the_last_word_counts_and_every_word_is_kept(store: Store) -> None:
    with store.begin() as tx:
        tx.corrections.add([correction(), correction(field="sentiment", new="positive"), correction(post="p2")])
        tx.corrections.add([correction(old="purchase", new="support", who="bo")])

    with store.read() as view:
        assert view.corrections.standing() == {
            "p1": {"intent": "support", "sentiment": "positive"}, "p2": {"intent": "purchase"},
        }  # fmt: skip
        assert [one.new for one in view.corrections.of(["p1"])] == ["purchase", "positive", "support"]
        assert view.corrections.of(["p2"]) == [correction(post="p2")]


def test_what_posts_were_taken_for_is_told_by_the_first_judgement_and_the_last_word(store: Store) -> None:
    later = START + timedelta(hours=1)
    with store.begin() as tx:
        tx.corrections.add(
            [correction(), correction(post="x:p2"), correction(field="sentiment", old="neutral", new="x")]
        )
        tx.corrections.add([correction(old="purchase", new="support"), correction(post="p3", at=later)])
        tx.corrections.add([correction(post="p4"), correction(post="p4", old="purchase", new="none")])  # taken back

    with store.read() as view:
        assert view.corrections.taken_for(START, later) == {
            ("intent", "none", "support"): 1, ("intent", "none", "purchase"): 1, ("sentiment", "neutral", "x"): 1,
        }  # fmt: skip
        assert view.corrections.taken_for(START, later, network="x") == {("intent", "none", "purchase"): 1}
        assert view.corrections.taken_for(later, later + timedelta(hours=1)) == {("intent", "none", "purchase"): 1}


def test_corrections_since_a_moment_are_counted(store: Store) -> None:
    later = START + timedelta(seconds=1)
    with store.begin() as tx:
        tx.corrections.add([correction(), correction(at=later)])

    with store.read() as view:
        assert [view.corrections.since(moment) for moment in (None, START, later)] == [2, 1, 0]


def test_people_who_correct_at_once_see_what_the_other_said(store: Store) -> None:
    held, waiting = Event(), Event()

    def second() -> int:
        held.wait(10)
        waiting.set()
        with store.begin() as tx:
            tx.corrections.hold()
            return tx.corrections.since(None)

    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(second)
        with store.begin() as tx:
            tx.corrections.hold()
            held.set()
            waiting.wait(10)
            seen_too_early = wait([seen], timeout=0.2).done
            tx.corrections.add([correction()])

    assert (seen_too_early, seen.result()) == (set(), 1)


def keep(store: Store, *versions: str) -> None:
    with store.begin() as tx:
        for version in versions:
            tx.models.keep(version, version.encode(), {"fields": []})


def run(store: Store, version: str) -> str | None:
    with store.begin() as tx:
        return tx.models.run(version, who="ana", reason="better")


def undo(store: Store) -> str | None:
    with store.begin() as tx:
        return tx.models.undo(who="ana")


def test_a_candidate_runs_when_somebody_says_so(store: Store) -> None:
    keep(store, "m1")

    with store.read() as view:
        assert view.models.running() is None
    assert run(store, "m1") is None
    with store.read() as view:
        assert view.models.running() == "m1"
        assert view.models.file("m1") == b"m1"


def test_one_model_runs_and_undoing_goes_back_step_by_step(store: Store) -> None:
    keep(store, "m1", "m2")
    run(store, "m1")

    assert run(store, "m2") == "m1"
    with store.read() as view:
        assert [(one.version, one.state) for one in view.models.listing()] == [("m1", "retired"), ("m2", "running")]
    assert undo(store) == "m1"
    assert undo(store) is None
    with store.read() as view:
        assert view.models.running() is None
    with pytest.raises(SetupError, match="nothing to take back"):
        undo(store)


def test_letting_the_running_model_run_changes_nothing(store: Store) -> None:
    keep(store, "m1")
    run(store, "m1")

    assert run(store, "m1") == "m1"
    assert undo(store) is None


def test_every_change_is_in_the_audit_log(store: Store) -> None:
    keep(store, "m1", "m2")
    run(store, "m1")
    run(store, "m2")
    undo(store)

    with store.read() as view:
        entries = view.audit.recent()
        assert [(one.action, one.before, one.after) for one in entries] == [
            ("model taken back", "m2", "m1"), ("model run", "m1", "m2"), ("model run", None, "m1"),
        ]  # fmt: skip
        assert {one.actor for one in entries} == {"ana"}
        assert view.audit.verify() is None


def test_a_version_that_was_kept_is_not_overwritten(store: Store, clock: Clock) -> None:
    keep(store, "m1")
    run(store, "m1")
    clock.forward(hours=1)
    keep(store, "m1")

    with store.read() as view:
        assert view.models.get("m1").state == "running"
        assert view.models.get("m1").made_at == START


def test_an_unknown_version_is_a_setup_error(store: Store) -> None:
    for ask in (lambda tx: tx.models.get("x"), lambda tx: tx.models.file("x"), lambda tx: tx.models.run("x", who="a")):
        with pytest.raises(SetupError, match="There is no model 'x'"), store.begin() as tx:
            ask(tx)
