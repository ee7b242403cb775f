"""Work that is handed to a job of the other side: asked for until it ends, never handed over a second time."""

from collections.abc import Iterator, Sequence

import pytest

from hub.domain import Delivery, Receipt
from hub.errors import Unavailable
from hub.kit import running
from hub.store import StaleClaim
from tests.unit.stages.counter import Counter
from tests.unit.stages.outbox import intend, rows, send, states
from tests.unit.stages.world import Clock, Town


class Office(Counter):
    """Takes everything as one job, which is done when a test says so."""

    batch_size = 100

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.jobs: dict[str, list[Delivery]] = {}
        self.asked: list[str] = []
        self.done = False
        self.forgets = self.silent = False
        self.tells_of: set[str] | None = None  # external ids in the job's results; None is all
        self.dies_after_note = False

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        job = f"job-{len(self.jobs) + 1}"
        self.claim.note(job)
        if self.dies_after_note:
            raise KeyboardInterrupt
        self.calls.append([one.external_id for one in deliveries])
        self.jobs[job] = list(deliveries)
        yield from (running(one, ask_again_in=2) for one in deliveries)

    def resume(self, job: str, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        self.asked.append(job)
        if self.silent:
            raise Unavailable("No answer.")
        if self.forgets or job not in self.jobs:
            return
        if not self.done:
            yield from (running(one, ask_again_in=2) for one in deliveries)
            return
        for one in self.jobs.pop(job):
            receipt = self._one(one)
            if self.tells_of is None or one.external_id in self.tells_of:
                yield receipt


@pytest.fixture
def office(town: Town) -> Office:
    return Office(town.clock)


def test_a_job_is_asked_for_until_it_ends(town: Town, office: Office) -> None:
    ids = intend(town, "a", "b")

    assert send(town, office).outcomes == {"unknown": 2}
    town.clock.forward(seconds=2)
    assert send(town, office).outcomes == {"unknown": 2}
    office.done = True
    town.clock.forward(seconds=2)
    assert send(town, office).outcomes == {"created": 2}

    assert (office.calls, office.asked, office.looked) == ([ids], ["job-1"] * 2, [])
    assert [(row.state, row.attempt) for row in rows(town).values()] == [("done", 1)] * 2


def test_a_run_stays_for_the_end_of_a_job_longer_than_for_anything_else(town: Town, office: Office) -> None:
    intend(town, "a")
    began = town.clock.moment
    finish_after(town, office, asked=120)

    assert send(town, office, patience=5, for_jobs=900).outcomes == {"created": 1}

    assert (town.clock.moment - began).total_seconds() == pytest.approx(240)


def test_a_process_that_dies_leaves_the_job_to_the_next_one(town: Town, office: Office) -> None:
    intend(town, "a", "b")
    office.dies_after_note = True
    with pytest.raises(KeyboardInterrupt):
        send(town, office, lease_seconds=60)
    office.dies_after_note = False
    office.jobs["job-1"] = []  # it had begun all the same

    assert send(town, office).outcomes == {}  # the lease still holds
    town.clock.forward(seconds=61)
    send(town, office)

    assert office.asked == ["job-1"]


def test_what_a_jobs_results_do_not_tell_of_is_looked_up_before_anything_is_sent_again(
    town: Town, office: Office
) -> None:
    ids = intend(town, "a", "b", "c")
    office.done, office.tells_of = True, set()
    send(town, office)
    office.tells_of = {ids[0]}
    town.clock.forward(seconds=31)

    assert send(town, office).outcomes == {"created": 1, "unchanged": 2}

    assert office.looked == [ids[1:]]
    assert len(office.calls) == 1


def test_of_a_job_that_is_known_no_more_each_one_is_looked_up_and_only_then_sent_again(
    town: Town, office: Office
) -> None:
    ids = intend(town, "a")
    send(town, office)
    office.forgets = True
    town.clock.forward(seconds=31)

    assert send(town, office).outcomes == {"unknown": 1}  # looked up, not there, and handed to a new job

    assert (office.looked, office.calls) == ([ids], [ids, ids])
    assert rows(town)[ids[0]].attempt == 2
    office.forgets, office.done = False, True
    town.clock.forward(seconds=3)
    assert send(town, office).outcomes == {"created": 1}
    assert office.asked == ["job-1", "job-2"]


def test_a_job_that_cannot_be_asked_for_stays_a_job(town: Town, office: Office) -> None:
    intend(town, "a")
    send(town, office)
    office.silent = True
    town.clock.forward(seconds=3)

    assert send(town, office).outcomes == {"unknown": 1}
    office.silent = False
    office.done = True
    town.clock.forward(seconds=600)

    assert send(town, office).outcomes == {"created": 1}
    assert (office.looked, states(town)) == ([], ["done"])


def test_a_job_is_not_begun_for_what_another_worker_has_claimed(town: Town) -> None:
    [a] = intend(town, "a")
    late = Late(town)

    send(town, late, lease_seconds=30)

    assert (late.calls, late.refused) == ([], True)
    assert rows(town)[a].state == "in_doubt"  # whoever has claimed it looks it up
    with town.look() as view:
        assert view.circuits.get("zendesk") is None  # the destination has done nothing wrong


class Late(Office):
    """Sleeps through its lease before it begins its job, and another worker takes over."""

    def __init__(self, town: Town) -> None:
        super().__init__(town.clock)
        self.town, self.refused = town, False

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        self.town.clock.forward(seconds=31)
        with self.town.store.begin() as tx:
            tx.outbox.recover("zendesk", "other")
        try:
            self.claim.renew()
        except StaleClaim:
            self.refused = True
            raise
        yield from super().send(deliveries)


def finish_after(town: Town, office: Office, *, asked: int) -> None:
    """The job ends when it has been asked for so many times."""
    resume = office.resume

    def counted(job: str, deliveries: Sequence[Delivery]) -> Iterator[Receipt]:
        office.done = len(office.asked) + 1 >= asked
        return resume(job, deliveries)

    office.resume = counted  # type: ignore[method-assign]
