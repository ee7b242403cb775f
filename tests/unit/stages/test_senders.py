"""Several senders at one destination: each delivery once, each author in order, and a silent one is asked by one."""

import time
from collections.abc import Iterator, Sequence
from threading import Lock

import pytest

from hub.domain import Delivery, Receipt, external_id
from hub.errors import RateLimited, Unavailable
from hub.stages.backlog import Backlog
from hub.store import Store
from tests.unit.stages.counter import Counter
from tests.unit.stages.outbox import intend, send, states
from tests.unit.stages.world import Clock, Town


class Ward:
    """One destination, reached by several senders at once."""

    def __init__(self, town: Town, *, seconds: float = 0.0) -> None:
        self.town, self.seconds = town, seconds
        self.lock = Lock()
        self.now, self.most_at_once = 0, 0
        self.arrived: list[str] = []
        self.trouble: list[Exception] = []
        self.calls: list[int] = []

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
        with ward.lock:
            ward.calls.append(len(deliveries))
            if ward.trouble:
                raise ward.trouble.pop(0)
            ward.now += 1
            ward.most_at_once = max(ward.most_at_once, ward.now)
        time.sleep(ward.seconds)
        with ward.lock:
            ward.now -= 1
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
    for turn in range(6):
        for author in range(8):
            intend(town, f"{turn}", lane=f"author {author}", external_id=external_id(f"{author} {turn}"))

    send(town, *ward.senders(4))

    assert set(states(town)) == {"done"}
    for author in range(8):
        said = [turn for lane, _, turn in (each.partition(":") for each in ward.arrived) if lane == f"author {author}"]
        assert said == sorted(said)


@pytest.mark.parametrize("trouble", [RateLimited("Wait.", retry_after=400), Unavailable("Gone.", sent=False)])
def test_a_destination_that_does_not_answer_is_asked_by_one_sender_only(town: Town, trouble: Exception) -> None:
    ward = Ward(town)
    ward.trouble = [trouble] * 50
    intend(town, *(f"thing {number}" for number in range(80)))

    send(town, *ward.senders(4), patience=3600)

    assert len(ward.calls) <= 3


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
