"""Bringing new posts in: pages land with their cursors, and trouble takes nothing back that came before it."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import pytest

import connectors
from hub.domain import Cursor, Watch
from hub.domain.config import Triage
from hub.errors import AccessDenied, ContractBroken, HubError, RateLimited, Unavailable
from hub.kit import Connection, Network, Page, Rejected, Services
from hub.stages import collect
from hub.stages.gathered import BATCH_RECORDS, gathered
from hub.store import DamagedFile
from hub.store.records import decode
from tests.unit.stages.world import HASHTAG, NOW, Town, status

OTHER = Watch(network="mastodon", kind="hashtag", value="#other")


class Village(Network):
    """A network whose pages a test writes: for each watch, pages of ids, and trouble in their midst."""

    def __init__(self, said: dict[str, list[list[int] | HubError]], *, forgets: bool = False) -> None:
        super().__init__(connectors.manifest("mastodon"), Connection(id="village"), Services.local())
        self.said, self.forgets = said, forgets
        self.asked: list[Watch] = []

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        self.asked.append(watch)
        if self.forgets and not cursor.fresh:
            raise Rejected("The village did not accept the request (400).", status=400)
        after = int(cursor.position or 0)
        for page in self.said[watch.value]:
            if isinstance(page, HubError):
                raise page
            ids = [each for each in page if each > after]
            yield Page(
                [status(each, f"word {each}") for each in ids], Cursor(position=str(max([*page, after], default=after)))
            )


def pull(town: Town, village: Village, *watches: Watch, triage: Triage | None = None, **more: object) -> collect.Pulled:
    triage = triage or Triage()
    return collect.pull(
        village, watches or (HASHTAG,), store=town.store, landing=town.landing, run="collect-1", triage=triage, **more
    )


def landed(town: Town) -> list[str]:
    with town.look() as view:
        batches = [state.batch for state in view.batches.recent()]
    return sorted((row["id"] for batch in batches for row in town.landing.read(batch.path, batch.digest)), key=int)


def position(town: Town, watch: Watch = HASHTAG) -> str | None:
    with town.look() as view:
        return view.watches.cursor(watch.key).position


def test_pages_land_with_the_cursor_of_the_last_of_them(town: Town) -> None:
    pulled = pull(town, Village({"#acme": [[1, 2], [3], [4, 5]]}))

    assert (len(pulled.batches), pulled.fetched, pulled.failures) == (1, 5, {})
    assert landed(town) == ["1", "2", "3", "4", "5"]
    assert position(town) == "5"


def test_a_second_pull_goes_on_where_the_first_ended(town: Town) -> None:
    pull(town, Village({"#acme": [[1, 2]]}))

    again = pull(town, Village({"#acme": [[1, 2], [3]]}))

    assert again.fetched == 1
    assert landed(town) == ["1", "2", "3"]


@pytest.mark.parametrize("trouble", [
    RateLimited("Wait."), Unavailable("Gone."), ContractBroken("What?"), AccessDenied("No.")
])  # fmt: skip
def test_trouble_half_way_keeps_what_came_before_it(town: Town, trouble: HubError) -> None:
    pulled = pull(town, Village({"#acme": [[1, 2], [3], trouble, [4]]}))

    assert pulled.failures == {HASHTAG.key: trouble}
    assert (landed(town), position(town)) == (["1", "2", "3"], "3")
    with town.look() as view:
        [state] = view.watches.listing()
    assert (state.state, state.problem, state.sentence) == ("failing", type(trouble).__name__, str(trouble))
    assert pull(town, Village({"#acme": [[3], [4]]})).failures == {}
    assert landed(town) == ["1", "2", "3", "4"]


def test_trouble_before_the_first_page_lands_nothing(town: Town) -> None:
    pulled = pull(town, Village({"#acme": [Unavailable("Gone.")]}))

    assert (pulled.batches, pulled.fetched) == ([], 0)
    assert position(town) is None


def test_one_watch_in_trouble_does_not_stop_the_others(town: Town) -> None:
    heard: list[tuple[str, int]] = []
    village = Village({"#acme": [Unavailable("Gone.")], "#other": [[7]]})

    pulled = pull(town, village, HASHTAG, OTHER, each=lambda watch, fetched: heard.append((watch.value, fetched)))

    assert list(pulled.failures) == [HASHTAG.key]
    assert landed(town) == ["7"]
    assert heard == [("#acme", 0), ("#other", 1)]


def test_a_page_without_records_still_moves_the_cursor(town: Town) -> None:
    assert pull(town, Village({"#acme": [[], []]})).batches == []
    assert position(town) == "0"


def test_no_watches_ask_nothing(town: Town) -> None:
    village = Village({})

    assert collect.pull(
        village, (), store=town.store, landing=town.landing, run="r", triage=Triage()
    ) == collect.Pulled()  # fmt: skip
    assert village.asked == []


def test_the_same_records_landed_again_are_no_new_batch(town: Town) -> None:
    first = pull(town, Village({"#acme": [[1, 2]]}))
    with town.store.begin() as tx:
        tx.watches.rewind(HASHTAG.key, Cursor())

    again = pull(town, Village({"#acme": [[1, 2]]}))

    assert (len(first.batches), again.batches) == (1, [])
    with town.look() as view:
        assert (view.ledger.balance().fetched, view.ledger.balance().known) == (4, 2)


@pytest.mark.parametrize(("hours", "days_back"), [(0, 7), (24, 7), (240, 10)])
def test_a_first_read_goes_back_a_week_or_as_far_as_there_may_be_work(town: Town, hours: float, days_back: int) -> None:
    village = Village({"#acme": [[1]]})

    pull(town, village, triage=Triage(first_run_hours=hours))

    assert village.asked[0].since == NOW - timedelta(days=days_back)


def test_a_watch_that_says_how_far_back_is_taken_at_its_word(town: Town) -> None:
    village = Village({"#acme": [[1]]})

    pull(town, village, HASHTAG.with_(since=NOW - timedelta(days=1)))

    assert village.asked[0].since == NOW - timedelta(days=1)


def pages(*sizes: int) -> Iterator[Page]:
    for number, size in enumerate(sizes):
        yield Page([{"id": f"{number}.{each}"} for each in range(size)], Cursor(position=str(number)))


@pytest.mark.parametrize(("sizes", "batches"), [
    ([], []),
    ([3], [(3, "0")]),
    ([1, 1, 1], [(3, "2")]),
    ([BATCH_RECORDS], [(BATCH_RECORDS, "0")]),
    ([BATCH_RECORDS - 1, 2, 5], [(BATCH_RECORDS + 1, "1"), (5, "2")]),
    ([BATCH_RECORDS, 0], [(BATCH_RECORDS, "0"), (0, "1")]),
])  # fmt: skip
def test_small_pages_are_gathered_and_no_cursor_runs_ahead(sizes: list[int], batches: list[tuple[int, str]]) -> None:
    assert [(len(records), cursor.position) for records, cursor in gathered(pages(*sizes))] == batches


def test_gathering_gives_every_record_once_and_in_order() -> None:
    sizes = [1700, 1900, 800, 1, 4500, 3]

    told = [decode(line)["id"] for lines, _ in gathered(pages(*sizes)) for line in lines]

    assert told == [record["id"] for page in pages(*sizes) for record in page.records]


def test_trouble_while_gathering_comes_after_what_it_interrupted() -> None:
    def interrupted() -> Iterator[Page]:
        yield from pages(2, 3)
        raise RateLimited("Wait.")

    batches = gathered(interrupted())

    assert [(len(records), cursor.position) for records, cursor in islice(batches, 1)] == [(5, "1")]
    with pytest.raises(RateLimited):
        next(batches)


def test_a_cursor_that_is_not_taken_any_more_is_let_go_and_the_time_since_is_read_again(town: Town) -> None:
    pull(town, Village({"#acme": [[5, 6]]}))
    town.clock.forward(hours=5)
    village = Village({"#acme": [[5, 6], [7]]}, forgets=True)

    pulled = pull(town, village)

    assert pulled.failures == {}
    assert village.asked[-1].since == NOW - collect.OVERLAP
    assert (set(landed(town)), position(town)) == ({"5", "6", "7"}, "7")
    [(key, notice)] = pulled.notices.items()
    assert key == HASHTAG.key
    assert "no longer takes the place" in notice
    assert "2026-03-02 11:00 UTC" in notice
    with town.look() as view:
        assert [(one.action, one.object) for one in view.audit.recent()] == [("cursor given up", HASHTAG.key)]


def test_where_nothing_is_new_either_the_next_run_reads_by_time_too(town: Town) -> None:
    pull(town, Village({"#acme": [[5, 6]]}))

    pulled = pull(town, Village({"#acme": []}, forgets=True))

    assert list(pulled.notices) == [HASHTAG.key]
    assert position(town) is None
    assert pull(town, Village({"#acme": [[5, 6]]}, forgets=True)).notices == {}


def test_a_watch_that_is_refused_with_and_without_its_cursor_keeps_it(town: Town) -> None:
    pull(town, Village({"#acme": [[5, 6]]}))
    village = Village({"#acme": [Rejected("No such tag (404).", status=404)]}, forgets=True)

    pulled = pull(town, village)

    assert (pulled.notices, position(town), len(village.asked)) == ({}, "6", 2)
    assert "(400)" in str(pulled.failures[HASHTAG.key])
    with town.look() as view:
        assert view.audit.recent() == []


def test_a_cursor_is_given_up_once_though_trouble_comes_half_way(town: Town) -> None:
    pull(town, Village({"#acme": [[5, 6]]}))

    pulled = pull(town, Village({"#acme": [[7], Unavailable("busy")]}, forgets=True))

    assert (list(pulled.notices), list(pulled.failures), position(town)) == ([HASHTAG.key], [HASHTAG.key], "7")


def test_a_connector_that_stumbles_stops_its_watch_and_no_other(town: Town) -> None:
    class Clumsy(Village):
        def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
            if watch == HASHTAG:
                raise KeyError("SECRET")
            yield from super().pull(watch, cursor)

    pulled = pull(town, Clumsy({"#other": [[1]]}), HASHTAG, OTHER)

    assert (landed(town), list(pulled.failures)) == (["1"], [HASHTAG.key])
    assert str(pulled.failures[HASHTAG.key]).startswith(
        "mastodon gave what its connector does not understand (KeyError"
    )


def test_a_sweep_reads_the_last_hours_again_and_leaves_the_cursor_where_it_is(town: Town) -> None:
    pull(town, Village({"#acme": [[5, 6]]}))
    town.clock.forward(days=3)
    village = Village({"#acme": [[4, 5, 6]]})

    swept = collect.sweep(village, [HASHTAG, OTHER], store=town.store, landing=town.landing, run="sweep-1", hours=36)

    assert [watch.since for watch in village.asked] == [NOW + timedelta(hours=36)]  # OTHER was never read: not asked
    assert swept.fetched == 3
    assert position(town) == "6"


def test_a_watch_that_has_just_begun_is_not_swept(town: Town) -> None:
    pull(town, Village({"#acme": [[5, 6]]}))
    village = Village({"#acme": [[4, 5, 6]]})

    swept = collect.sweep(village, [HASHTAG], store=town.store, landing=town.landing, run="sweep-1", hours=36)

    assert (village.asked, swept.fetched) == ([], 0)


def test_a_landed_file_that_changed_is_noticed_before_its_first_record(town: Town) -> None:
    batch = town.land(status(1, "a"))

    with pytest.raises(DamagedFile):
        next(town.landing.read(batch.path, "0" * 64))
