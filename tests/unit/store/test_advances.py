"""Calls taken in advance: fewer transactions, and still never more calls than allowed, by however many processes."""

import random
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
import sqlalchemy as sa

from hub.domain import Allowance, Budget
from hub.errors import RateLimited
from hub.kit import Token
from hub.store import Store
from hub.store.services import Shared
from tests.unit.store.builders import Patient

REPO = Path(__file__).resolve().parents[3]
LARGE = Budget(requests=6_000, per_minutes=1)


@pytest.fixture
def budgets(store, clock):
    """Of as many processes as a test asks for."""
    return lambda: Shared(store, token_type=Token, max_wait_seconds=0, clock=Patient(clock)).budgets


@pytest.fixture
def begun(store):
    """Each writing transaction."""
    seen = []

    @sa.event.listens_for(store.engine, "begin")
    def begin(connection):
        seen.extend("w" * connection.get_execution_options().get("hub_write", False))

    return seen


def spent(store, name="x", budget=LARGE):
    with store.read() as view:
        return view.budgets.spent(name, budget)


def test_many_calls_need_few_transactions_and_what_is_left_is_given_back(budgets, store, begun):
    mine = budgets()
    with mine.in_advance("x"):
        for _ in range(500):
            mine.acquire("x", LARGE)
        held = spent(store)

    assert len(begun) <= 20
    assert held > 500
    assert spent(store) == 500


def test_a_call_or_two_take_nothing_besides(budgets, store, begun):
    mine = budgets()
    with mine.in_advance("x"):
        mine.acquire("x", LARGE)
        assert spent(store) == 1

    assert len(begun) == 1


def test_outside_calls_are_taken_one_by_one_and_so_are_those_of_other_systems(budgets, store, begun):
    mine = budgets()
    with mine.in_advance("y"):
        for _ in range(9):
            mine.acquire("x", LARGE)
            mine.acquire("x:lookups", LARGE)

    assert len(begun) == 18
    assert spent(store) == spent(store, "x:lookups") == 9


@pytest.mark.parametrize("seed", range(2))
def test_in_no_window_are_more_calls_made_than_allowed(budgets, store, clock, seed):
    """Three that read at changing speed, and one of them gone at times without giving anything back."""
    dice, budget, made = random.Random(seed), Budget(requests=1_200, per_minutes=1), Counter()
    opened = []

    def start():
        reader = budgets()
        opened.append(reader.in_advance("x"))
        opened[-1].__enter__()
        return reader

    readers = [start() for _ in range(3)]
    for _ in range(150):
        clock.forward(seconds=dice.choice((0.01, 0.2, 0.9, 3)))
        reader = dice.randrange(3)
        if dice.random() < 0.02:
            readers[reader] = start()  # the old one was killed
        for _ in range(dice.choice((1, 9, 90))):
            try:
                readers[reader].acquire("x", budget)
            except RateLimited:
                break
            made[clock.now] += 1

    minute = timedelta(minutes=1)
    within = [sum(made[other] for other in made if one <= other < one + minute) for one in made]
    assert 1_100 <= max(within) <= 1_200  # and hardly any is lost
    assert len(opened) > 3


def test_of_little_that_is_left_and_of_a_small_budget_calls_are_taken_one_by_one(budgets, store, begun):
    mine, other, small = budgets(), budgets(), Budget(requests=1_000, per_minutes=1)
    with mine.in_advance("x"), other.in_advance("x"):
        mine.acquire("x", LARGE, cost=5_901)
        for _ in range(99):
            mine.acquire("x", LARGE)
        with pytest.raises(RateLimited) as told:
            other.acquire("x", LARGE)
        for _ in range(50):
            mine.acquire("x:small", small)

        assert spent(store) == 6_000
        assert spent(store, "x:small", small) == 50
        assert len(begun) == 1 + 99 + 1 + 50
    assert told.value.retry_after == pytest.approx(61, abs=1)


def test_nobody_takes_more_than_a_hundredth_of_what_is_free(budgets, store):
    mine = budgets()
    with mine.in_advance("x"):
        for made in range(1, 400):
            mine.acquire("x", LARGE)
            assert spent(store) <= made + 60


def test_what_was_not_made_in_time_is_not_made_and_given_back(budgets, store, clock):
    mine = budgets()
    with mine.in_advance("x"):
        for _ in range(30):
            mine.acquire("x", LARGE)
        assert spent(store) > 30
        clock.forward(seconds=2)
        mine.acquire("x", LARGE)
        assert spent(store) == 31
    assert spent(store) == 31


def test_money_that_was_not_spent_is_spent_next(budgets, store, clock, begun):
    purse = Budget(requests=10_000_000, per_minutes=43_200)
    mine = budgets()
    with mine.in_advance("x"):
        for _ in range(200):
            mine.acquire("x:USD", purse, cost=2_000)
            mine.acquire("x:USD", purse, cost=-500)
            clock.forward(seconds=0.1)

    assert len(begun) <= 20
    assert spent(store, "x:USD", purse) == 200 * 1_500


def test_who_is_told_to_keep_a_distance_has_nothing_in_advance(budgets, store, clock):
    mine = budgets()
    with mine.in_advance("x"):
        for _ in range(30):
            mine.acquire("x", LARGE)
        mine.told("x", Allowance(remaining=1, of=100, seconds=60))
        assert spent(store) == 30
        with pytest.raises(RateLimited):
            mine.acquire("x", LARGE)


def test_a_clock_that_is_put_back_gives_no_more_than_was_taken(budgets, store, clock):
    mine = budgets()
    with mine.in_advance("x"):
        for _ in range(30):
            mine.acquire("x", LARGE)
        clock.forward(hours=-3)
        mine.acquire("x", LARGE)
        assert spent(store) == 1
    assert spent(store) == 1


TAKE = """
    import os, signal, sys
    from hub.domain import Budget
    from hub.errors import RateLimited
    from hub.kit import Token
    from hub.store import Store
    from hub.store.services import Shared
    with Store.open({url!r}) as store:
        budgets = Shared(store, token_type=Token, max_wait_seconds=0).budgets
        with budgets.in_advance("x"):
            print("ready", flush=True)
            sys.stdin.readline()
            made = 0
            try:
                while made < {most}:
                    budgets.acquire("x", Budget(requests=2_500, per_minutes=60))
                    made += 1
            except RateLimited:
                pass
            print(made, flush=True)
            if {killed}:
                os.kill(os.getpid(), signal.SIGKILL)
"""


def test_two_processes_and_one_that_was_killed_share_one_budget(url):
    """The killed one leaves at most what it held counted, and no more is made than is allowed."""
    budget = Budget(requests=2_500, per_minutes=60)
    Store.open(url).close()

    def start(*, most, killed):
        code = dedent(TAKE).format(url=url, most=most, killed=killed)
        return subprocess.Popen(
            [sys.executable, "-c", code], cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    made = []
    for some in ([start(most=100, killed=True)], [start(most=9_999, killed=False) for _ in range(2)]):
        for process in some:
            assert process.stdout.readline() == "ready\n"
        for process in some:
            process.stdin.write("go\n")
            process.stdin.flush()
        made += [int(process.stdout.readline()) for process in some]
        for process in some:
            process.communicate(timeout=60)

    lost = budget.requests - sum(made)
    assert made[0] == 100
    assert 0 < lost <= 25
    later = datetime.now().astimezone() + timedelta(minutes=61)
    with Store.open(url, clock=lambda: later) as store, store.begin() as tx:
        assert tx.budgets.acquire("x", budget, cost=2_500) == 0.0
