"""What posts answer is fetched before they are triaged: context for everybody, work for nobody."""

from collections.abc import Iterator, Sequence
from typing import Any

import connectors
from hub.domain import Cursor, Reference
from hub.domain.config import Triage
from hub.errors import HubError, RateLimited
from hub.kit import Connection, LookUp, Network, Page, Services
from hub.mapping import load_mapping
from hub.stages import collect
from hub.store import Standing
from tests.unit.stages.world import COMPLAINS, HASHTAG, Town, status

MAPPING = load_mapping(connectors.mapping_path("mastodon"))
KEY = "mastodon:status:mastodon.test/"


class Square(Network):
    """A network that shows one page, and knows more statuses than are on it."""

    look_up_size = 2

    def __init__(self, page: list[dict[str, Any]], *others: dict[str, Any], trouble: HubError | None = None) -> None:
        super().__init__(connectors.manifest("mastodon"), Connection(id="square"), Services.local())
        self.page, self.trouble = page, trouble
        self.known = {one["id"]: one for one in others}
        self.asked: list[list[str]] = []

    def pull(self, watch: object, cursor: Cursor) -> Iterator[Page]:
        yield Page(self.page, Cursor(position=self.page[-1]["id"]))

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        self.asked.append([one.native_id for one in references])
        if self.trouble:
            raise self.trouble
        there = [self.known[one.native_id] for one in references if one.native_id in self.known]
        yield LookUp(there, {one.key: "deleted" for one in references if one.native_id not in self.known})


def read(town: Town, square: Square, *, depth: int = 2) -> collect.Pulled:
    triage = Triage(parent_depth=depth)
    return collect.pull(
        square, (HASHTAG,), store=town.store, landing=town.landing, run="collect-1", triage=triage, mapping=MAPPING
    )


def test_a_missing_parent_is_fetched_and_lands_before_its_answer(town: Town) -> None:
    square = Square([status(30, COMPLAINS, in_reply_to_id="20")], status(20, "Who else?", author="ben"))

    pulled = read(town, square)
    done = town.triage()

    assert (len(pulled.batches), pulled.fetched) == (2, 1)
    assert town.standing(f"{KEY}20") == Standing("set_aside", "context")
    assert town.standing(f"{KEY}30").state == "handed_off"
    assert (done.new, done.set_aside) == (2, {"context": 1})
    with town.look() as view:
        assert view.posts.threads_of([f"{KEY}30"]) == {f"{KEY}30": f"{KEY}20"}
        assert view.posts.get(f"{KEY}30").in_reply_to == f"{KEY}20"


def test_parents_of_parents_are_fetched_up_to_the_depth(town: Town) -> None:
    chain = [status(number, f"{number}", in_reply_to_id=str(number - 1)) for number in (7, 8, 9)]
    square = Square([status(10, COMPLAINS, in_reply_to_id="9")], *chain)

    read(town, square, depth=2)

    assert square.asked == [["9"], ["8"]]


def test_what_is_on_the_page_or_known_is_not_asked_for(town: Town) -> None:
    square = Square([status(1, "first"), status(2, COMPLAINS, in_reply_to_id="1")])
    read(town, square)
    town.triage()

    later = Square([status(3, COMPLAINS, in_reply_to_id="2")])
    read(town, later)

    assert square.asked == later.asked == []


def test_a_parent_that_is_gone_is_not_asked_for_again(town: Town) -> None:
    square = Square([status(3, COMPLAINS, in_reply_to_id="2")])
    read(town, square)
    square.page = [status(4, COMPLAINS, in_reply_to_id="2")]
    read(town, square)

    assert square.asked == [["2"]]


def test_trouble_with_parents_stops_no_pull(town: Town) -> None:
    square = Square([status(3, COMPLAINS, in_reply_to_id="2")], trouble=RateLimited("Later.", retry_after=900))

    pulled = read(town, square)
    town.triage()

    assert pulled.failures == {}
    assert town.standing(f"{KEY}3").state == "handed_off"


def test_without_depth_nothing_is_asked(town: Town) -> None:
    square = Square([status(3, COMPLAINS, in_reply_to_id="2")], status(2, "hm"))

    read(town, square, depth=0)

    assert square.asked == []


def test_context_becomes_work_once_a_watch_finds_it(town: Town) -> None:
    parent = status(20, COMPLAINS, author="ben")
    read(town, Square([status(30, "Same here", in_reply_to_id="20")], parent))
    town.triage()
    assert town.standing(f"{KEY}20") == Standing("set_aside", "context")

    done = town.hear(parent, watch=HASHTAG)

    assert town.standing(f"{KEY}20").state == "handed_off"
    assert (done.new, done.known) == (0, 1)
    assert [row.object for row in town.outbox("zendesk")].count("ticket") >= 1
    again = town.hear({**parent, "favourites_count": 7}, watch=HASHTAG)
    assert (again.new, again.known, again.handoffs) == (0, 1, {})
