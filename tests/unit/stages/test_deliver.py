"""How each fault of a destination ends (`delivery.md` 3.1): each thing is there once, and nothing waits for ever."""

from itertools import pairwise
from typing import Any

import pytest

from hub.domain import Delivery, FoundRecord, Receipt, external_id
from hub.errors import AccessDenied, ContractBroken, HubError, RateLimited, RecordRefused, SetupError, Unavailable
from hub.kit.vendor import one_by_one
from hub.stages import deliver
from hub.stages.deliver import Delivered
from hub.stages.trouble import SETUP_PAUSE_SECONDS
from tests.unit.stages.counter import Counter, defer, lack_parent, refuse
from tests.unit.stages.outbox import intend, rows, send, states
from tests.unit.stages.world import Town

LONG = 3600.0


@pytest.fixture
def counter(town: Town) -> Counter:
    return Counter(town.clock)


def test_what_waits_is_sent_once_and_its_answer_kept(town: Town, counter: Counter) -> None:
    ids = intend(town, "a", "b")

    done = send(town, counter)

    assert (done.outcomes, done.stopped) == ({"created": 2}, None)
    assert [thing[0] for thing in counter.things] == ids
    assert [(row.state, row.object_id) for row in town.outbox()] == [("done", f"id-{each}") for each in ids]
    assert send(town, counter).outcomes == {}
    assert len(counter.calls) == 1


def test_a_call_carries_no_more_than_the_destination_takes(town: Town, counter: Counter) -> None:
    intend(town, *(f"thing {number}" for number in range(23)))
    told: list[int] = []

    send(town, counter, each=told.append)

    assert [len(call) for call in counter.calls] == [10, 10, 3]
    assert told == [10, 10, 3]


def test_one_that_is_refused_goes_to_quarantine_and_the_others_arrive(town: Town, counter: Counter) -> None:
    ids = intend(town, "a", "b", "c")
    counter.answers[ids[1]] = [refuse]

    done = send(town, counter)

    assert done.outcomes == {"created": 2, "refused": 1}
    assert states(town) == ["done", "dead", "done"]
    with town.look() as view:
        [item] = view.quarantine.listing()
    assert (item.kind, item.stage, item.reason, item.network) == ("delivery", "deliver", "field_missing", "zendesk")
    assert item.detail == "It lacks a field."


def test_one_that_is_deferred_is_tried_again_after_the_time_it_was_told(town: Town, counter: Counter) -> None:
    [a] = intend(town, "a")
    counter.answers[a] = [defer(40)]

    assert send(town, counter).outcomes == {"deferred": 1}
    town.clock.forward(seconds=39)
    assert send(town, counter).outcomes == {}
    town.clock.forward(seconds=2)
    assert send(town, counter).outcomes == {"created": 1}


def test_waits_that_end_soon_are_waited_out_and_counted_as_they_ended(town: Town, counter: Counter) -> None:
    [a] = intend(town, "a")
    counter.answers[a] = [defer(5), defer(5)]

    done = send(town, counter, patience=20)

    assert done.outcomes == {"created": 1}
    assert sum(town.clock.sleeps) == pytest.approx(10)


def test_patience_is_not_stretched(town: Town, counter: Counter) -> None:
    [a] = intend(town, "a")
    counter.answers[a] = [defer(8), defer(8), defer(8)]

    done = send(town, counter, patience=20)

    assert done.outcomes == {"deferred": 1}
    assert town.clock.sleeps == [8, 8]


@pytest.mark.parametrize(("trouble", "wait"), [
    (RateLimited("Wait.", retry_after=70), 70),
    (Unavailable("Nobody there.", sent=False, retry_after=70), 70),
    (AccessDenied("No."), SETUP_PAUSE_SECONDS),
    (SetupError("The field is missing."), SETUP_PAUSE_SECONDS),
])  # fmt: skip
def test_a_call_that_surely_did_nothing_is_made_again_later(
    town: Town, counter: Counter, trouble: HubError, wait: float
) -> None:
    intend(town, "a", "b")
    counter.before = [trouble]

    assert send(town, counter).outcomes == {"deferred": 2}
    assert states(town) == ["pending", "pending"]
    town.clock.forward(seconds=wait + 1)
    assert send(town, counter).outcomes == {"created": 2}
    assert counter.looked == []  # nothing was in doubt


@pytest.mark.parametrize("trouble", [Unavailable("No answer."), ContractBroken("What?")])
def test_a_lost_answer_is_looked_up_and_found_and_nothing_is_sent_again(
    town: Town, counter: Counter, trouble: HubError
) -> None:
    intend(town, "a", "b")
    counter.after = [trouble]

    assert send(town, counter).outcomes == {"unknown": 2}
    assert states(town) == ["in_doubt", "in_doubt"]
    town.clock.forward(seconds=LONG)
    assert send(town, counter).outcomes == {"unchanged": 2}
    assert (len(counter.calls), len(counter.things)) == (1, 2)
    assert all(row.object_id for row in town.outbox())


def test_a_lost_answer_that_is_found_within_patience_counts_as_found(town: Town, counter: Counter) -> None:
    intend(town, "a")
    counter.after = [Unavailable("No answer.", retry_after=2)]

    assert send(town, counter, patience=20).outcomes == {"unchanged": 1}


def test_a_lost_request_is_sent_again_only_when_it_would_show_by_now(town: Town, counter: Counter) -> None:
    intend(town, "a")
    counter.before = [Unavailable("No answer.", retry_after=1)]

    send(town, counter)
    town.clock.forward(seconds=2)
    early = send(town, counter)
    assert (early.outcomes, len(counter.looked), len(counter.calls)) == ({"unknown": 1}, 1, 1)

    town.clock.forward(seconds=29)
    late = send(town, counter)
    assert (late.outcomes, len(counter.looked), len(counter.calls)) == ({"created": 1}, 2, 2)
    assert len(counter.things) == 1


def test_what_shows_late_is_not_made_twice(town: Town, counter: Counter) -> None:
    intend(town, "a")
    counter.after, counter.hidden = [Unavailable("No answer.", retry_after=1)], True
    send(town, counter)
    town.clock.forward(seconds=5)
    send(town, counter)

    counter.hidden = False
    town.clock.forward(seconds=60)

    assert send(town, counter).outcomes == {"unchanged": 1}
    assert len(counter.things) == 1


def test_what_is_there_in_an_older_form_is_changed_and_not_made_anew(town: Town, counter: Counter) -> None:
    [a] = intend(town, "a")
    counter.things = [(a, {"subject": "an older form"}, "0" * 64)]
    counter.before = [Unavailable("No answer.")]

    send(town, counter)
    town.clock.forward(seconds=LONG)

    assert send(town, counter).outcomes == {"updated": 1}
    assert [(thing[0], thing[1]) for thing in counter.things] == [(a, {"subject": "a"})]


class Forgetful(Counter):
    """Cannot carry a digest."""

    def find(self, deliveries: Any) -> Any:
        for found in super().find(deliveries):
            yield FoundRecord(external_id=found.external_id, object_id=found.object_id)


def test_where_no_digest_can_be_kept_the_first_version_counts_as_found(town: Town) -> None:
    counter = Forgetful(town.clock)
    intend(town, "a")
    counter.after = [Unavailable("No answer.")]

    send(town, counter)
    town.clock.forward(seconds=LONG)
    assert send(town, counter).outcomes == {"unchanged": 1}

    intend(town, "a", body={"subject": "changed"})
    counter.before = [Unavailable("No answer.")]
    send(town, counter)
    town.clock.forward(seconds=LONG)
    assert send(town, counter).outcomes == {"updated": 1}  # an older version would look the same


@pytest.mark.parametrize("trouble", [
    Unavailable("Down."), RateLimited("Wait.", retry_after=5), AccessDenied("No."), ContractBroken("What?")
])  # fmt: skip
def test_doubt_stays_doubt_when_the_look_up_fails_for_whatever_reason(
    town: Town, counter: Counter, trouble: HubError
) -> None:
    intend(town, "a")
    counter.after, counter.find_trouble = [Unavailable("No answer.")], [trouble]
    send(town, counter)
    town.clock.forward(seconds=LONG)

    assert send(town, counter).outcomes == {"unknown": 1}
    assert states(town) == ["in_doubt"]
    town.clock.forward(seconds=LONG)
    assert send(town, counter).outcomes == {"unchanged": 1}
    assert (len(counter.calls), len(counter.things)) == (1, 1)


def test_a_short_list_of_answers_says_nothing_about_any_of_them(town: Town, counter: Counter) -> None:
    intend(town, "a", "b", "c")
    counter.drop_answers = 1

    assert send(town, counter).outcomes == {"unknown": 3}
    town.clock.forward(seconds=LONG)
    assert send(town, counter).outcomes == {"unchanged": 3}
    assert len(counter.things) == 3


def test_answers_to_other_deliveries_are_no_answers(town: Town, counter: Counter) -> None:
    a, b = intend(town, "a", "b")
    counter.answers = {
        a: [lambda one: Receipt(delivery=one.id + 1, outcome="created", object_id="wrong")],
        b: [lambda one: Receipt(delivery=one.id - 1, outcome="created", object_id="wrong")],
    }

    assert send(town, counter).outcomes == {"unknown": 2}


class HalfWay(Counter):
    """Answers some of a call, and is then in trouble as a whole."""

    trouble: HubError | None = None

    def send(self, deliveries: Any) -> Any:
        receipts = super().send(deliveries)
        yield next(receipts)
        if self.trouble:
            trouble, self.trouble = self.trouble, None
            raise trouble
        yield from receipts


def test_what_was_answered_before_trouble_with_the_whole_call_stays_answered(town: Town) -> None:
    counter = HalfWay(town.clock)
    counter.trouble = RateLimited("Wait.", retry_after=60)
    intend(town, "a", "b")

    assert send(town, counter).outcomes == {"created": 1, "deferred": 1}
    assert states(town) == ["done", "pending"]


def test_a_claim_that_nobody_answered_for_is_looked_up_before_anything_is_sent(town: Town, counter: Counter) -> None:
    [a] = intend(town, "a")
    with town.store.begin() as tx:
        [claimed] = tx.outbox.claim("zendesk", "dead worker", lease_seconds=100)
    counter.things = [(a, claimed.body, claimed.digest)]  # it died after the request had gone out

    assert send(town, counter).outcomes == {}  # the lease still holds
    town.clock.forward(seconds=101)
    assert send(town, counter).outcomes == {"unchanged": 1}
    assert counter.calls == []


def test_a_worker_that_slept_through_its_lease_changes_nothing(town: Town, counter: Counter) -> None:
    intend(town, "a")

    class Slow(Counter):
        def send(self, deliveries: Any) -> Any:
            town.clock.forward(seconds=LONG)
            with town.store.begin() as tx:
                assert len(tx.outbox.recover("zendesk", "other", lease_seconds=LONG)) == 1
            return super().send(deliveries)

    send(town, Slow(town.clock))

    assert states(town) == ["in_doubt"]  # the other worker decides


def test_the_third_failure_in_a_row_opens_the_circuit(town: Town, counter: Counter) -> None:
    intend(town, "a")
    counter.before = [Unavailable("Down.", sent=False, retry_after=1)] * 3

    first = send(town, counter)
    town.clock.forward(seconds=2)
    second = send(town, counter)
    town.clock.forward(seconds=2)
    third = send(town, counter)

    assert (first.stopped, second.stopped) == (None, None)
    assert isinstance(third.stopped, Unavailable)
    town.clock.forward(seconds=100)
    assert send(town, counter).outcomes == {}
    assert len(counter.calls) == 3  # it is left alone
    town.clock.forward(minutes=5)
    assert send(town, counter).outcomes == {"created": 1}  # the probe got through


class OneByOne(Counter):
    """Sends singly, as those do that have no call for several; all its calls meet the same trouble."""

    def __init__(self, clock: Any, trouble: HubError, *, seconds: float = 0) -> None:
        super().__init__(clock)
        self.trouble, self.seconds = trouble, seconds
        self.asked_at: list[Any] = []

    def send(self, deliveries: Any) -> Any:
        return one_by_one(deliveries, self._fail)

    def find(self, deliveries: Any) -> Any:
        self._fail(deliveries[0])
        yield from ()

    def _fail(self, delivery: Delivery) -> Receipt:
        self.asked_at.append(self.services.clock.now())
        self.services.clock.sleep(self.seconds)
        raise self.trouble


def test_silence_opens_the_circuit_though_each_delivery_has_a_receipt(town: Town) -> None:
    intend(town, *(f"thing {number}" for number in range(50)))
    silent = OneByOne(town.clock, Unavailable("No answer."), seconds=30)

    done = send(town, silent, patience=20)

    assert isinstance(done.stopped, Unavailable)
    assert len(silent.asked_at) <= 4  # and not one request, half a minute long, for each that waits
    assert states(town).count("in_doubt") <= 3


def test_who_asks_for_a_pause_is_not_asked_before_it_is_over(town: Town) -> None:
    intend(town, *(f"thing {number}" for number in range(50)))
    busy = OneByOne(town.clock, RateLimited("Wait.", retry_after=30))

    send(town, busy, patience=20)
    assert len(busy.asked_at) == 1

    town.clock.forward(seconds=30)
    send(town, busy, patience=100)
    waits = [(after - before).total_seconds() for before, after in pairwise(busy.asked_at)]
    assert len(waits) == 2  # the third in a row opens the circuit
    assert min(waits) >= 30


def test_what_waits_to_be_sent_again_is_left_to_a_worker_that_took_over(town: Town, counter: Counter) -> None:
    ids = intend(town, "a", "b", "c", "d")
    with town.store.begin() as tx:
        assert len(tx.outbox.claim("zendesk", "dead worker", lease_seconds=100)) == 4
    town.clock.forward(seconds=LONG)

    class Slow(Counter):
        batch_size = 1
        visibility_seconds = 0

        def send(self, deliveries: Any) -> Any:
            town.clock.forward(seconds=60)
            yield from super().send(deliveries)
            if len(self.calls) == 2:  # by now the lease of all four, taken at once, is over
                other = Counter(town.clock)
                other.visibility_seconds, other.things = 0, self.things  # type: ignore[misc]
                send(town, other, worker="other", lease_seconds=100)

    slow = Slow(town.clock)
    send(town, slow, lease_seconds=100)

    assert sorted(thing[0] for thing in slow.things) == sorted(ids)


def test_an_answer_that_a_connector_stumbles_over_stops_no_other_delivery(town: Town, counter: Counter) -> None:
    ids = intend(town, *(f"thing {number}" for number in range(5)))

    class Stumbling(Counter):
        def _one(self, delivery: Delivery) -> Receipt:
            if delivery.external_id == ids[2]:
                raise KeyError("words of a person")
            return super()._one(delivery)

        def send(self, deliveries: Any) -> Any:
            return one_by_one(deliveries, self._one)

    stumbling = Stumbling(town.clock)
    for _ in range(4):
        send(town, stumbling)
        town.clock.forward(seconds=LONG)
    intend(town, "later")
    send(town, stumbling)

    assert [row.state for row in rows(town).values() if row.external_id != ids[2]] == ["done"] * 5
    assert (rows(town)[ids[2]].state, rows(town)[ids[2]].reason) == ("in_doubt", "ContractBroken")
    assert "words" not in str(rows(town)[ids[2]].detail)


def test_one_that_cannot_be_looked_up_keeps_no_other_in_doubt(town: Town, counter: Counter) -> None:
    ids = intend(town, *(f"thing {number}" for number in range(7)))
    counter.after = [Unavailable("No answer.")]
    send(town, counter)
    town.clock.forward(seconds=LONG)

    class Closed(Counter):
        def find(self, deliveries: Any) -> Any:
            if ids[4] in [one.external_id for one in deliveries]:
                raise RecordRefused("The channel is archived.", reason="is_archived")
            return super().find(deliveries)

    closed = Closed(town.clock)
    closed.things = counter.things
    done = send(town, closed)

    assert done.outcomes == {"unchanged": 6, "unknown": 1}
    assert (rows(town)[ids[4]].state, rows(town)[ids[4]].reason) == ("in_doubt", "is_archived")
    assert (closed.calls, done.stopped) == ([], None)  # nothing was sent on doubt, and nothing stands still


@pytest.mark.parametrize("trouble", [AccessDenied("No."), SetupError("The field is missing.")])
def test_what_a_person_must_mend_stops_the_destination_at_once(
    town: Town, counter: Counter, trouble: SetupError
) -> None:
    intend(town, *(f"thing {number}" for number in range(25)))
    counter.before = [trouble, trouble, trouble]

    done = send(town, counter, patience=LONG)

    assert done.stopped is trouble
    assert len(counter.calls) == 1
    assert town.clock.sleeps == []


def test_another_destination_goes_on(town: Town, counter: Counter) -> None:
    intend(town, "a")
    intend(town, "b", destination="slack", object="message")
    counter.before = [AccessDenied("No.")]

    send(town, counter)

    assert send(town, Counter(town.clock, "slack")).outcomes == {"created": 1}


def test_a_parent_goes_before_its_child(town: Town, counter: Counter) -> None:
    child = intend(town, "child", parent=external_id("parent"), object="comment")
    parent = intend(town, "parent")

    send(town, counter)

    assert [thing[0] for thing in counter.things] == parent + child


def test_a_child_whose_parent_never_comes_goes_to_quarantine_in_the_end(town: Town, counter: Counter) -> None:
    [child] = intend(town, "child", parent=external_id("nobody"), object="comment")
    counter.answers[child] = [lack_parent] * 9

    for _ in range(9):
        send(town, counter)
        town.clock.forward(seconds=LONG)

    assert rows(town)[child].state == "dead"
    assert len(counter.calls) == 5


def test_what_was_erased_meanwhile_is_not_sent(town: Town, counter: Counter) -> None:
    intend(town, "a", post="x:post:1")
    intend(town, "b", author="x:account:7")
    intend(town, "c", post="x:post:2")
    with town.store.begin() as tx:
        tx.tombstones.add(["x:post:1", "x:account:7"], "erasure")

    send(town, counter)

    assert [body["subject"] for _, body, _ in counter.things] == ["c"]
    assert states(town) == ["cancelled", "cancelled", "done"]


def test_what_was_erased_while_it_was_in_doubt_is_not_sent_again(town: Town, counter: Counter) -> None:
    intend(town, "a", post="x:post:1")
    counter.before = [Unavailable("No answer.")]
    send(town, counter)
    with town.store.begin() as tx:
        tx.tombstones.add(["x:post:1"], "erasure")

    town.clock.forward(seconds=LONG)
    send(town, counter)

    assert (counter.things, states(town)) == ([], ["cancelled"])


def test_a_later_version_changes_what_the_earlier_one_made(town: Town, counter: Counter) -> None:
    intend(town, "a")
    send(town, counter)

    intend(town, "a", body={"subject": "more"})

    assert send(town, counter).outcomes == {"updated": 1}
    assert [body for _, body, _ in counter.things] == [{"subject": "more"}]


def test_the_number_that_waits_is_known_without_opening_a_client(town: Town, counter: Counter) -> None:
    assert deliver.waiting("zendesk", store=town.store) == 0
    intend(town, "a", "b")
    assert deliver.waiting("zendesk", store=town.store) == 2
    send(town, counter)
    assert deliver.waiting("zendesk", store=town.store) == 0


def test_a_delivery_is_counted_by_how_it_ended() -> None:
    done = Delivered("zendesk")
    done.add([Receipt(delivery=1, outcome="unknown"), Receipt(delivery=2, outcome="deferred")])
    done.add([Receipt(delivery=1, outcome="unchanged")])

    assert done.outcomes == {"unchanged": 1, "deferred": 1}
    assert Delivery.__struct_config__.frozen
