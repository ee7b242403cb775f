"""Nothing is sent to a destination that would not take what the mappings write."""

from collections.abc import Iterator, Sequence
from functools import partial

from hub.domain import MappedField, MappedObject
from hub.errors import SetupError, Unavailable
from hub.kit import Finding
from hub.stages import preflight
from tests.unit.stages.counter import Counter
from tests.unit.stages.outbox import intend, rows, send, states
from tests.unit.stages.world import Clock, Town

MAPPED = [MappedObject(object="ticket", mapping="zendesk@1", digest="d1", fields={"subject": MappedField()})]
TOO_SHORT = Finding(object="ticket", field="subject", problem="too_short", remedy="Make subject longer.")


class Choosy(Counter):
    """A counter that has been looked at before anything is handed over."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.found: list[Finding] = []
        self.trouble: list[Unavailable] = []
        self.asked = 0

    def preflight(self, mapped: Sequence[MappedObject]) -> Iterator[Finding]:
        self.asked += 1
        if self.trouble:
            raise self.trouble.pop()
        yield from self.found


def go(town: Town, *counters: Choosy, mapped: Sequence[MappedObject] = MAPPED) -> SetupError | None:
    stopped = send(town, *counters, prove=partial(preflight.prove, mapped=mapped)).stopped
    assert stopped is None or isinstance(stopped, SetupError)
    return stopped


def test_a_difference_keeps_everything_back_and_says_what_to_do(town: Town) -> None:
    counter = Choosy(town.clock)
    counter.found = [TOO_SHORT]
    intend(town, "a", "b")

    stopped = go(town, counter)

    assert stopped
    assert "Make subject longer." in str(stopped)
    assert "hub setup zendesk" in str(stopped)
    assert (counter.calls, states(town)) == ([], ["pending", "pending"])
    assert {row.reason for row in rows(town).values()} == {"SetupError"}


def test_once_it_is_mended_everything_goes_out(town: Town) -> None:
    counter = Choosy(town.clock)
    counter.found = [TOO_SHORT]
    intend(town, "a", "b")
    go(town, counter)
    counter.found = []
    town.clock.forward(minutes=6)

    assert go(town, counter) is None
    assert states(town) == ["done", "done"]


def test_it_is_asked_once_a_day_and_anew_for_an_edited_mapping(town: Town) -> None:
    counter = Choosy(town.clock)
    for name in "abc":
        intend(town, name)
        go(town, counter)
    assert counter.asked == 1

    intend(town, "d")
    go(town, counter, mapped=[MAPPED[0].with_(digest="d2")])
    assert counter.asked == 2

    town.clock.forward(days=1, minutes=1)
    intend(town, "e")
    go(town, counter, mapped=[MAPPED[0].with_(digest="d2")])
    assert counter.asked == 3


def test_a_look_that_gets_no_answer_leaves_nothing_in_doubt(town: Town) -> None:
    counter = Choosy(town.clock)
    counter.trouble = [Unavailable("There was no answer.")]
    intend(town, "a")

    send(town, counter, prove=partial(preflight.prove, mapped=MAPPED))

    assert (counter.calls, counter.looked, states(town)) == ([], [], ["pending"])


def test_nothing_waiting_asks_nothing(town: Town) -> None:
    counter = Choosy(town.clock)

    assert go(town, counter) is None
    assert counter.asked == 0
