"""Calls per window, and what is remembered: the services that live in one process."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import Allowance, Budget
from hub.errors import RateLimited
from hub.kit import Services, Token
from hub.kit.local import LocalBudgets, LocalMemory, LocalTokens, SteppedClock
from tests.unit.kit.conftest import NOW

THREE = Budget(requests=3, per_minutes=1)


def test_calls_within_the_budget_do_not_wait(clock: SteppedClock) -> None:
    budgets = LocalBudgets(clock, max_wait_seconds=90)

    for _ in range(3):
        budgets.acquire("x", THREE)

    assert clock.sleeps == []


def test_the_call_after_waits_until_the_first_has_left_the_window(clock: SteppedClock) -> None:
    budgets = LocalBudgets(clock, max_wait_seconds=90)
    budgets.acquire("x", THREE)
    clock.sleep(10)
    budgets.acquire("x", THREE, cost=2)

    budgets.acquire("x", THREE)

    assert clock.sleeps == [10, 50]


def test_each_system_has_a_budget_of_its_own(clock: SteppedClock) -> None:
    budgets = LocalBudgets(clock, max_wait_seconds=90)

    for name in ("x", "mastodon"):
        budgets.acquire(name, THREE, cost=3)

    assert clock.sleeps == []


def test_a_wait_beyond_what_a_run_may_wait_is_told(clock: SteppedClock) -> None:
    budgets = LocalBudgets(clock, max_wait_seconds=30)
    budgets.acquire("x", THREE, cost=3)

    with pytest.raises(RateLimited) as told:
        budgets.acquire("x", THREE)

    assert told.value.retry_after == 60
    assert clock.sleeps == []


@given(st.lists(st.tuples(st.floats(0, 40), st.integers(1, 3)), max_size=40))
def test_in_no_window_are_more_calls_made_than_allowed(steps: list[tuple[float, int]]) -> None:
    clock = SteppedClock(NOW)
    budgets = LocalBudgets(clock, max_wait_seconds=1_000)
    calls = []

    for pause, cost in steps:
        clock.sleep(pause)
        budgets.acquire("x", THREE, cost=cost)
        calls += [clock.now()] * cost

    for start in calls:
        assert sum(start <= call < start + timedelta(minutes=1) for call in calls) <= THREE.requests


def test_threads_share_one_budget(clock: SteppedClock) -> None:
    budgets = LocalBudgets(clock, max_wait_seconds=0)
    many = Budget(requests=50, per_minutes=1)

    def acquire(_: int) -> bool:
        try:
            budgets.acquire("x", many)
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(acquire, range(200)))

    assert granted.count(True) == 50


def test_what_is_remembered_for_a_time_is_forgotten_after_it(clock: SteppedClock) -> None:
    memory = LocalMemory(clock)
    memory.set("for ever", {"id": "7"})
    memory.set("a minute", {"id": "8"}, keep_seconds=60)

    assert memory.get("a minute") == {"id": "8"}
    clock.sleep(60)

    assert memory.get("a minute") is None
    assert memory.get("for ever") == {"id": "7"}
    assert memory.get("never") is None


def test_a_token_that_another_has_replaced_is_not_given_up(clock: SteppedClock) -> None:
    tokens = LocalTokens(clock)
    old = tokens.get("x", lambda _: Token(value="old"))
    tokens.invalidate("x", old)
    new = tokens.get("x", lambda kept: Token(value=f"after {kept.value if kept else 'none'}"))
    tokens.invalidate("x", old)

    assert new.value == "after old"
    assert tokens.get("x", lambda _: Token(value="newer")) == new


def test_a_token_that_ends_within_the_minute_is_replaced(clock: SteppedClock) -> None:
    tokens = LocalTokens(clock)
    tokens.get("x", lambda _: Token(value="old", expires_at=NOW + timedelta(seconds=59)))

    assert tokens.get("x", lambda _: Token(value="new")).value == "new"


def test_local_services_know_the_time_by_themselves() -> None:
    assert Services.local().clock.now().tzinfo is not None


# --- what the other side says is left


MANY = Budget(requests=10_000, per_minutes=1)


def test_while_plenty_is_left_nothing_waits(clock: SteppedClock) -> None:
    budgets = LocalBudgets(clock, max_wait_seconds=90)
    budgets.told("x", Allowance(remaining=21, of=100, seconds=60))

    budgets.acquire("x", MANY, cost=20)

    assert clock.sleeps == []


def test_what_little_is_left_is_spread_over_the_time_until_it_is_renewed(clock: SteppedClock) -> None:
    budgets = LocalBudgets(clock, max_wait_seconds=90)
    budgets.told("x", Allowance(remaining=6, of=100, seconds=60))

    for _ in range(6):
        budgets.acquire("x", MANY)

    assert clock.sleeps == [10] * 6


def test_of_nothing_left_nothing_is_asked_until_it_is_renewed(clock: SteppedClock) -> None:
    budgets = LocalBudgets(clock, max_wait_seconds=30)
    budgets.told("x", Allowance(remaining=0, of=100, seconds=60))

    with pytest.raises(RateLimited) as told:
        budgets.acquire("x", MANY)
    clock.sleep(60)
    budgets.acquire("x", MANY)

    assert told.value.retry_after == 60
    assert clock.sleeps == [60]


def test_plenty_after_little_lets_go_again(clock: SteppedClock) -> None:
    budgets = LocalBudgets(clock, max_wait_seconds=90)
    budgets.told("x", Allowance(remaining=1, of=100, seconds=60))
    budgets.told("x", Allowance(remaining=99, of=100, seconds=60))

    budgets.acquire("x", MANY)

    assert clock.sleeps == []
