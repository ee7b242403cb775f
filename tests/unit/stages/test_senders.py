"""Several senders at one destination: each delivery once, each author in order, and a silent one is asked by one."""

import time
from collections import Counter as Count
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from threading import Lock

import pytest
import sqlalchemy as sa

from hub.domain import Delivery, Receipt, external_id
from hub.errors import RateLimited, Unavailable
from hub.kit.turns import turn
from hub.stages.backlog import Backlog
from hub.store import Store
from hub.store.tables import outbox
from tests.unit.stages.counter import Counter
from tests.unit.stages.outbox import intend, send, states
from tests.unit.stages.world import Clock, Town


def claimed(town: Town) -> int:
    """How many are claimed now."""
    return states(town).count("in_doubt")


def eventually(figure: Callable[[], int], wanted: int) -> int:
    """The figure once it is as wanted; what it is after ten seconds, if it never is."""
    until = time.monotonic() + 10
    while (found := figure()) != wanted and time.monotonic() < until:
        time.sleep(0.005)
    return found


class Ward:
    """One destination, reached by several senders at once."""

    def __init__(self, town: Town, *, seconds: float = 0.0) -> None:
        self.town, self.seconds = town, seconds
        self.lock = Lock()
        self.now, self.most_at_once = 0, 0
        self.arrived: list[str] = []
        self.trouble: list[Exception] = []
        self.calls: list[int] = []
        self.during: Callable[[Member], object] = lambda member: time.sleep(seconds)

    def senders(self, count: int) -> list[Counter]:
        """So many connectors of it."""
        return [Member(self) for _ in range(count)]


class Member(Counter):
    batch_size = 5

    def __init__(self, ward: Ward) -> None:
        super().__init__(ward.town.clock)
        self.ward = ward

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        ward = self.ward
        with turn():
            with ward.lock:
                ward.calls.append(len(deliveries))
                ward.now += 1
                ward.most_at_once = max(ward.most_at_once, ward.now)
            ward.during(self)
            with ward.lock:
                ward.now -= 1
                if ward.trouble:
                    raise ward.trouble.pop(0)
                ward.arrived += [f"{one.lane}:{one.body['subject']}" for one in deliveries]
        yield from (Receipt(delivery=one.id, outcome="created", object_id="o") for one in deliveries)


def test_all_senders_work_at_the_same_time_and_nothing_goes_twice(town: Town) -> None:
    ward = Ward(town, seconds=0.02)
    intend(town, *(f"thing {number}" for number in range(80)))

    done = send(town, *ward.senders(4))

    assert done.outcomes == {"created": 80}
    assert (len(ward.arrived), len(set(ward.arrived))) == (80, 80)
    assert ward.most_at_once > 1


def test_what_one_author_said_arrives_in_order(town: Town) -> None:
    ward = Ward(town, seconds=0.005)
    for time_said in range(6):
        for author in range(8):
            intend(town, f"{time_said}", lane=f"author {author}", external_id=external_id(f"{author} {time_said}"))

    send(town, *ward.senders(4))

    assert set(states(town)) == {"done"}
    for author in range(8):
        said = [
            time_said
            for lane, _, time_said in (each.partition(":") for each in ward.arrived)
            if lane == f"author {author}"
        ]
        assert said == sorted(said)


@pytest.mark.parametrize("trouble", [RateLimited("Wait.", retry_after=400), Unavailable("Gone.", sent=False)])
def test_a_destination_that_does_not_answer_is_asked_by_one_sender_only(town: Town, trouble: Exception) -> None:
    ward = Ward(town)
    ward.trouble = [trouble] * 50
    intend(town, *(f"thing {number}" for number in range(80)))

    send(town, *ward.senders(4), patience=3600)

    assert len(ward.calls) <= 3


def test_spare_senders_get_their_calls_ready_and_wait_for_their_turn(town: Town) -> None:
    ward = Ward(town)
    intend(town, *(f"thing {number}" for number in range(60)))
    ready: list[int] = []

    def answer(member: Member) -> None:
        if len(ward.calls) == 2:  # the others have joined: while this call lasts, one after the other gets ready
            ready.append(eventually(lambda: claimed(town), 15))

    ward.during = answer

    done = send(town, *ward.senders(3), at_once=1)

    assert done.outcomes == {"created": 60}
    assert ready == [15]
    assert ward.most_at_once == 1


@pytest.mark.parametrize("trouble", [RateLimited("Wait.", retry_after=400), Unavailable("Gone.", sent=False)])
def test_what_waited_for_its_turn_when_a_call_failed_is_given_back(town: Town, trouble: Exception) -> None:
    ward = Ward(town)
    intend(town, *(f"thing {number}" for number in range(60)))

    def answer(member: Member) -> None:
        if len(ward.calls) == 2:
            eventually(lambda: claimed(town), 15)
            ward.trouble = [trouble]

    ward.during = answer

    send(town, *ward.senders(3), at_once=1, patience=0)

    assert len(ward.calls) == 2
    assert Count(states(town)) == {"done": 5, "pending": 55}
    with town.store.read() as view:
        circuit = view.circuits.get("zendesk")
    assert circuit is not None
    assert circuit.failures == 1  # of three senders, one has called


def test_a_long_wait_for_its_turn_takes_nothing_off_a_lease(town: Town) -> None:
    """Long by the clock that is handed in: by the machine's own it takes no time at all."""
    ward = Ward(town)
    intend(town, *(f"thing {number}" for number in range(15)))
    lasting: list[bool] = []

    def answer(member: Member) -> None:
        if len(ward.calls) == 2:
            eventually(lambda: claimed(town), 10)
            town.clock.forward(seconds=60)
        elif len(ward.calls) == 3:
            with town.store.read() as view:
                untils = view.connection.scalars(sa.select(outbox.c.lease_until).order_by(outbox.c.lease_until)).all()
            lasting.append(max(filter(None, untils)) == town.clock.now() + timedelta(seconds=100))

    ward.during = answer

    done = send(town, *ward.senders(3), at_once=1, lease_seconds=100)

    assert done.outcomes == {"created": 15}
    assert lasting == [True]


def test_the_size_of_a_call_is_chosen_by_what_waits(town: Town) -> None:
    class Bulky(Counter):
        asked: list[tuple[str, int]] = []

        def plan(self, object: str, waiting: int) -> int:
            self.asked.append((object, waiting))
            return 50 if waiting >= 50 else 1

    bulky = Bulky(town.clock)
    intend(town, *(f"thing {number}" for number in range(52)))

    send(town, bulky)

    assert [len(call) for call in bulky.calls] == [50, 1, 1]
    assert bulky.asked[:3] == [("ticket", 52), ("ticket", 2), ("ticket", 1)]


def test_what_waits_is_counted_anew_when_a_fifth_of_it_has_gone() -> None:
    counted: list[int] = []
    left = [1_000]

    def count() -> int:
        counted.append(left[0])
        return left[0]

    planned: list[int] = []
    backlog = Backlog(lambda object, waiting: planned.append(waiting) or 50)
    for _ in range(8):
        left[0] -= backlog.size("ticket", count)

    assert counted == [1_000, 800]
    assert planned == [1_000, 950, 900, 850, 800, 750, 700, 650]


def test_a_plan_of_nothing_still_carries_one() -> None:
    assert Backlog(lambda object, waiting: 0).size("ticket", lambda: 0) == 1


def test_what_waits_for_its_time_is_not_counted(store: Store, town: Town, clock: Clock) -> None:
    intend(town, "a", "b")
    with store.begin() as tx:
        [a] = tx.outbox.claim("zendesk", "w", limit=1)
        tx.outbox.settle(a, Receipt(delivery=a.id, outcome="deferred", retry_after=60))
    told: list[int] = []

    with store.begin() as tx:
        tx.outbox.claim("zendesk", "w", limit=lambda _, count: told.append(count()) or 1)

    assert told == [1]
