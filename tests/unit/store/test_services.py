"""What connectors share: memory, budgets and tokens, across threads and processes."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa

from hub.domain import Allowance, Budget
from hub.errors import AccessDenied, RateLimited, Unavailable
from hub.kit import Services, Token
from hub.store import Store, tables
from hub.store.services import FETCH_SECONDS, Shared
from tests import forked
from tests.unit.store.builders import START, Patient


@pytest.fixture
def shared(store, tmp_path, clock):
    return Shared(
        store, token_type=Token, max_wait_seconds=5, clock=Patient(clock), key_path=tmp_path / "s" / "token-key"
    )


class Fetcher:
    """The other side's token endpoint: counts, and gives a new token each time."""

    def __init__(self, **lasting):
        self.seen = []
        self._lasting = lasting

    def __call__(self, old):
        self.seen.append(old)
        return Token(value=f"token-{len(self.seen)}", refresh=f"refresh-{len(self.seen)}", **self._lasting)


def test_they_fit_where_the_kit_wants_them(shared):
    services = Services(memory=shared.memory, budgets=shared.budgets, tokens=shared.tokens, clock=shared.clock)

    services.memory.set("x:user:acme", {"id": "7"})
    assert services.memory.get("x:user:acme") == {"id": "7"}


def test_memory_forgets_when_it_was_told_to(shared, clock):
    shared.memory.set("short", [1], keep_seconds=10)
    shared.memory.set("long", {"id": "7"})
    shared.memory.set("long", {"id": "8"})
    assert shared.memory.get("short") == [1]
    clock.forward(seconds=10)

    assert (shared.memory.get("short"), shared.memory.get("long"), shared.memory.get("never")) == (
        None,
        {"id": "8"},
        None,
    )


def test_a_spent_budget_is_waited_for_if_the_wait_is_short(shared, clock):
    budget = Budget(requests=2, per_minutes=1)
    shared.budgets.acquire("x", budget)
    clock.forward(seconds=57)
    shared.budgets.acquire("x", budget)
    shared.budgets.acquire("x", budget)

    assert clock.now >= START + timedelta(seconds=60)


def test_a_budget_spent_for_long_says_for_how_long(shared):
    budget = Budget(requests=1, per_minutes=15)
    shared.budgets.acquire("x", budget)
    with pytest.raises(RateLimited, match="900 s") as told:
        shared.budgets.acquire("x", budget)

    assert told.value.retry_after == 900
    shared.budgets.acquire("y", budget)  # other names have their own


def test_a_cost_above_the_whole_budget_is_had_when_the_window_is_empty(store, clock):
    budget = Budget(requests=5, per_minutes=1)
    with store.begin() as tx:
        assert tx.budgets.acquire("x", budget, cost=50) == 0
        assert tx.budgets.acquire("x", budget) == 60
    clock.forward(seconds=60)
    with store.begin() as tx:
        assert tx.budgets.acquire("x", budget) == 0


def test_what_is_spent_is_told_without_taking_anything(store, clock):
    budget = Budget(requests=5, per_minutes=1)
    with store.begin() as tx:
        tx.budgets.acquire("x", budget, cost=2)
    clock.forward(seconds=30)
    with store.begin() as tx:
        tx.budgets.acquire("x", budget)
        tx.budgets.acquire("y", budget)
    with store.read() as view:
        assert view.budgets.spent("x", budget) == 3
    clock.forward(seconds=30)
    with store.read() as view:
        assert view.budgets.spent("x", budget) == 1
        assert view.budgets.spent("z", budget) == 0


def test_a_large_budget_is_kept_too_and_its_calls_leave_few_rows(store, clock):
    budget, taken = Budget(requests=1_500, per_minutes=1), []
    for _ in range(60):
        for _ in range(40):
            with store.begin() as tx:
                if not tx.budgets.acquire("x", budget, cost=3):
                    taken.append(clock.now)
            clock.forward(seconds=0.05)

    within = [sum(3 for other in taken if one <= other < one + timedelta(minutes=1)) for one in taken]
    assert max(within) == 1_500
    with store.read() as view:
        rows = view.connection.execute(sa.select(sa.func.count()).select_from(tables.budget_uses)).scalar_one()
    assert rows <= 61


def test_what_little_the_other_side_leaves_is_spread_over_the_time_for_all_processes(shared, store, clock):
    budget = Budget(requests=1000, per_minutes=1)
    shared.budgets.told("x", Allowance(remaining=12, of=100, seconds=60))
    other = Shared(store, token_type=Token, max_wait_seconds=5, clock=Patient(clock))
    began = clock.now

    for each in (shared, other) * 6:
        each.budgets.acquire("x", budget)

    assert clock.now - began == timedelta(seconds=60)


def test_when_too_little_is_left_for_this_run_it_is_told_how_long_to_wait(shared, clock):
    shared.budgets.told("x", Allowance(remaining=0, of=100, seconds=60))

    with pytest.raises(RateLimited) as told:
        shared.budgets.acquire("x", Budget(requests=1000, per_minutes=1))
    clock.forward(seconds=60)
    shared.budgets.acquire("x", Budget(requests=1000, per_minutes=1))

    assert told.value.retry_after == 60


def test_plenty_after_little_lets_go_again_and_plenty_alone_writes_nothing(shared, store):
    shared.budgets.told("x", Allowance(remaining=0, of=100, seconds=60))
    shared.budgets.told("x", Allowance(remaining=99, of=100, seconds=60))
    shared.budgets.told("y", Allowance(remaining=99, of=100, seconds=60))

    shared.budgets.acquire("x", Budget(requests=1000, per_minutes=1))

    with store.read() as view:
        assert view.memory.get("pace:y") is None


def test_what_was_not_used_is_given_back_even_while_calls_keep_their_distance(shared, clock):
    budget = Budget(requests=10, per_minutes=1)
    shared.budgets.acquire("x", budget, cost=10)
    shared.budgets.told("x", Allowance(remaining=1, of=100, seconds=30))
    before = clock.now

    shared.budgets.acquire("x", budget, cost=-9)

    assert clock.now == before
    clock.forward(seconds=31)
    shared.budgets.acquire("x", budget, cost=9)
    assert clock.now == before + timedelta(seconds=31)


def test_a_clock_that_is_put_back_does_not_lock_the_budget(store, clock):
    budget = Budget(requests=1, per_minutes=1)
    with store.begin() as tx:
        tx.budgets.acquire("x", budget)
    clock.forward(hours=-3)
    with store.begin() as tx:
        assert tx.budgets.acquire("x", budget) == 0


def test_a_token_is_fetched_once_and_kept_until_it_ends(shared, clock):
    fetch = Fetcher(expires_at=START + timedelta(hours=1))
    first = [shared.tokens.get("x_default", fetch) for _ in range(3)]
    clock.forward(minutes=59, seconds=30)  # too late to start a call with it
    second = shared.tokens.get("x_default", fetch)

    assert {token.value for token in first} == {"token-1"}
    assert second.value == "token-2"
    assert [old and old.refresh for old in fetch.seen] == [None, "refresh-1"]


def test_a_token_that_was_refused_is_not_used_again(shared):
    fetch = Fetcher()
    old = shared.tokens.get("x_default", fetch)
    shared.tokens.invalidate("x_default", old)
    new = shared.tokens.get("x_default", fetch)
    shared.tokens.invalidate("x_default", old)  # a latecomer with the old one

    assert new.value == shared.tokens.get("x_default", fetch).value == "token-2"


def test_fifty_that_find_it_expired_at_once_fetch_it_once(store, tmp_path):
    keepers = [Shared(store, token_type=Token, max_wait_seconds=20, key_path=tmp_path / "key") for _ in range(50)]
    fetch = Fetcher()
    together = Barrier(10)

    def get(keeper):
        together.wait()
        return keeper.tokens.get("x_default", fetch).value

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(get, keepers)) == {"token-1"}
    assert len(fetch.seen) == 1


def test_a_latecomer_that_looked_while_the_next_one_was_fetched_does_not_spoil_it(shared, monkeypatch):
    old = shared.tokens.get("x_default", Fetcher())
    look, seen = shared.tokens._look, []

    def look_and_wait(connection):
        found = look(connection)
        if not seen:  # between its look and its write, another process puts in the next token
            seen.append(found)
            keep(shared, fence)
        return found

    shared.tokens.invalidate("x_default", old)
    with shared.tokens._store.begin() as tx:
        fence = tx.tokens.take("x_default", "another", lease_seconds=60)
    monkeypatch.setattr(shared.tokens, "_look", look_and_wait)
    shared.tokens.invalidate("x_default", old)

    assert shared.tokens.get("x_default", Fetcher()).value == "next"


def keep(shared, fence):
    """What the process that holds the lease does at the end of its fetch."""
    secret = shared.tokens._vault.lock(b'{"value": "next"}')
    with shared.tokens._store.begin() as tx:
        tx.tokens.keep("x_default", fence, secret)


def test_a_refused_refresh_token_is_never_shown_again(shared):
    fetch = Fetcher()
    old = shared.tokens.get("x_default", fetch)
    shared.tokens.invalidate("x_default", old)
    shown = []

    def refused(token):
        shown.append(token)
        raise AccessDenied("The sign-in was revoked; sign in again.")

    for _ in range(3):
        with pytest.raises(AccessDenied):
            shared.tokens.get("x_default", refused)

    assert [token and token.refresh for token in shown] == ["refresh-1", None, None]
    assert shared.tokens.get("x_default", fetch).value == "token-2"  # a person has signed in


def test_a_fetch_that_failed_for_now_leaves_the_refresh_token(shared):
    fetch = Fetcher()
    shared.tokens.invalidate("x_default", shared.tokens.get("x_default", fetch))

    def down(_):
        raise Unavailable("No answer.")

    with pytest.raises(Unavailable):
        shared.tokens.get("x_default", down)
    shared.tokens.get("x_default", fetch)

    assert fetch.seen[-1].refresh == "refresh-1"


def test_whoever_dies_while_fetching_holds_up_the_others_only_for_the_lease(url, tmp_path):
    script = f"""
        from pathlib import Path
        from hub.kit import Token
        from hub.store import Store
        from hub.store.services import Shared
        with Store.open({url!r}) as store:
            shared = Shared(store, token_type=Token, max_wait_seconds=5, key_path=Path({str(tmp_path / "key")!r}))
            shared.tokens.get("x_default", lambda old: Token(value="lost"))
    """
    forked.python(script, HUB_FAULTPOINT="tokens.fetched:kill")

    class Ahead(Patient):
        def sleep(self, seconds):
            self._clock.forward(seconds=seconds)

    from datetime import UTC, datetime

    from tests.unit.store.conftest import Clock

    clock = Clock()
    clock.now = datetime.now(UTC)
    began = clock.now
    with Store.open(url, clock=clock) as store:
        shared = Shared(store, token_type=Token, max_wait_seconds=600, clock=Ahead(clock), key_path=tmp_path / "key")
        token = shared.tokens.get("x_default", lambda old: Token(value="found"))

    assert token.value == "found"
    assert (clock.now - began).total_seconds() <= FETCH_SECONDS + 1


def test_tokens_are_not_readable_in_the_store_and_the_key_is_its_owners_alone(shared, store, tmp_path):
    shared.tokens.get("x_default", Fetcher())
    with store.read() as view:
        [row] = view.connection.execute(tables.tokens.select()).all()

    assert "token-1" not in str(row)
    assert "refresh-1" not in str(row)
    assert stat.S_IMODE((tmp_path / "s" / "token-key").stat().st_mode) == 0o600


def test_with_another_key_the_token_is_fetched_anew(shared, store, tmp_path):
    fetch = Fetcher()
    shared.tokens.get("x_default", fetch)
    other = Shared(store, token_type=Token, max_wait_seconds=5, key_path=tmp_path / "another-key")

    assert other.tokens.get("x_default", fetch).value == "token-2"
    assert fetch.seen == [None, None]
