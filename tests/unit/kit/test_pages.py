"""Where the next page is, and that a walk over pages ends."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.domain import Cursor, Watch
from hub.errors import ContractBroken
from hub.kit import Answer, LinkHeader, Network, NextToken, OnePage, Page
from hub.kit.local import SteppedClock
from tests.unit.kit.conftest import Wire, open_town, says

LINK = '<https://evil.test/other?min_id=9&types%5B%5D=mention>; rel="prev", <https://town.test/x?max_id=1>; rel="next"'


def answer(body: object = None, **headers: str) -> Answer:
    return Answer(200, headers, body)


def test_a_link_names_the_next_query_and_nothing_else_of_it_counts() -> None:
    assert LinkHeader(rel="prev").following(answer(Link=LINK), {"limit": 40}) == {"min_id": "9", "types[]": "mention"}


@pytest.mark.parametrize("link", ["", "nonsense", "<>; rel=prev", '<https://town.test/x>; rel="last"'])
def test_a_link_that_names_none_is_the_end_or_an_empty_query(link: str) -> None:
    assert not LinkHeader(rel="prev").following(answer(Link=link), {"limit": 40})


@pytest.mark.parametrize(
    ("body", "following"),
    [
        ({"meta": {"next_token": "b26"}}, {"q": "acme", "next_token": "b26"}),
        ({"meta": {}}, None),
        ({"meta": {"next_token": ""}}, None),
        ({"meta": None}, None),
        ([], None),
        (None, None),
    ],
)
def test_a_token_is_handed_back(body: object, following: dict[str, str] | None) -> None:
    assert NextToken(param="next_token").following(answer(body), {"q": "acme", "next_token": "a1"}) == following


def test_one_page_is_one_page() -> None:
    assert OnePage().following(answer([1], Link=LINK), {}) is None


class Town(Network):
    """Walks by token."""

    pages = NextToken(param="page", path=("next",))

    def records(self, body: object) -> list[dict[str, object]]:
        """What stands under `items`."""
        return super().records(body.get("items") if isinstance(body, dict) else body)

    def pull(self, watch: Watch, cursor: Cursor):  # type: ignore[no-untyped-def]
        """Every page."""
        for found in self.paginate("/posts", tag=watch.value, since=cursor.position):
            yield Page(records=found, cursor=Cursor(position=found[-1]["id"]))


WATCH = Watch(network="town", kind="hashtag", value="#acme")


def told(**body: object) -> bytes:
    return json.dumps(body).encode()


def test_pages_are_read_to_the_end_and_empty_ones_are_passed_over(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(
        says(body=told(items=[{"id": "1"}], next="b")),
        says(body=told(items=[], next="c")),
        says(body=told(items=[{"id": "2"}, {"id": "3"}])),
    )

    with open_town(Town, wire, clock) as town:
        pages = list(town.pull(WATCH, Cursor()))

    assert [page.cursor.position for page in pages] == ["1", "3"]
    asked = [parse_qs(urlsplit(path).query) for path in wire.paths]
    assert asked == [{"tag": ["#acme"]}, {"tag": ["#acme"], "page": ["b"]}, {"tag": ["#acme"], "page": ["c"]}]


@pytest.mark.parametrize("circle", [["b", "b"], ["b", "c", "b"]])
def test_pages_that_lead_in_a_circle_are_left(wire: Wire, clock: SteppedClock, circle: list[str]) -> None:
    wire.answers(*(says(body=told(items=[{"id": "1"}], next=token)) for token in circle))

    with open_town(Town, wire, clock) as town, pytest.raises(ContractBroken, match="circle"):
        list(town.pull(WATCH, Cursor()))

    assert len(wire.seen) == len(circle)


@pytest.mark.parametrize("body", [told(items={"id": "1"}), told(items=["1"]), b"7", b"{}"])
def test_what_is_no_list_of_records_is_said_to_be_none(wire: Wire, clock: SteppedClock, body: bytes) -> None:
    wire.answers(says(body=body))

    with open_town(Town, wire, clock) as town, pytest.raises(ContractBroken, match="list of records"):
        list(town.pull(WATCH, Cursor()))


def test_what_was_looked_up_is_asked_once_and_what_was_not_found_again(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(says(body=b"{}"), says(body=b'{"id": "7"}'))

    with open_town(Town, wire, clock) as town:
        found = [town.remember("/lookup", name="ana") for _ in range(4)]

    assert found == [{}, {"id": "7"}, {"id": "7"}, {"id": "7"}]
    assert len(wire.seen) == 2
