"""Which time it is, by whom."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.store import Store, utc_now
from hub.store.clock import FRESH_SECONDS, ServerClock, clock_of

SECOND = timedelta(seconds=1)


class Server:
    """A database whose clock is where a test puts it, and which counts how often it is asked."""

    def __init__(self):
        self.says, self.asked = datetime(2026, 3, 1, 12, tzinfo=UTC), 0

    def connect(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def execute(self, _):
        self.asked += 1
        return self

    def scalar_one(self):
        return self.says


@pytest.fixture
def elapsed():
    return [1000.0]


def test_between_two_questions_the_server_s_time_is_carried_on(elapsed):
    server = Server()
    clock = ServerClock(server, elapsed=lambda: elapsed[0])
    began = clock()

    elapsed[0] += FRESH_SECONDS - 1

    assert (began, clock(), server.asked) == (server.says, server.says + (FRESH_SECONDS - 1) * SECOND, 1)


def test_the_server_is_asked_again_before_the_two_part(elapsed):
    server = Server()
    clock = ServerClock(server, elapsed=lambda: elapsed[0])
    clock()
    elapsed[0] += FRESH_SECONDS + 1
    server.says += timedelta(hours=1)  # somebody has put it right

    assert (clock(), server.asked) == (server.says, 2)


def test_a_store_goes_by_the_clock_that_all_its_workers_share(url):
    with Store.open(url) as store:
        shared = clock_of(store.engine)
        assert isinstance(shared, ServerClock) == (store.engine.dialect.name == "postgresql")
        with store.begin() as tx:
            assert abs(tx.now - utc_now()) < timedelta(minutes=1)
            assert tx.now.tzinfo is not None
