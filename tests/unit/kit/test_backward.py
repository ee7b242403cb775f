"""Lists that begin with the newest: nothing is skipped, nothing comes twice, wherever a walk was cut off."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ContractBroken
from hub.kit import Backward, Rejected, Threads
from hub.kit.backward import Ask, Mark, Record

START = datetime(2025, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=30)
WAY = Backward(title="Town", at=lambda each: each["at"], id=lambda each: each["id"], overlap=timedelta(minutes=10))


def record(minute: float, id: str = "", **more: Any) -> Record:
    return {"id": id or f"m{minute}", "at": START + timedelta(minutes=minute), **more}


def pages_of(items: list[Record], size: int = 2) -> Ask:
    """The list as it stands, newest first, in pages by offset."""
    ordered = sorted(items, key=lambda each: each["at"], reverse=True)

    def ask(token: str | None) -> tuple[list[Record], str | None]:
        start = int(token or 0)
        rest = len(ordered) > start + size
        return ordered[start : start + size], str(start + size) if rest else None

    return ask


def read(ask: Ask, mark: Mark, **limits: Any) -> tuple[list[str], Mark]:
    """All that is new, and the mark at the end; marks pass through JSON as cursors do."""
    ids: list[str] = []
    for step in WAY.steps(ask, mark, now=NOW, **limits):
        ids += [each["id"] for each in step.new]
        mark = json.loads(json.dumps(step.done))
    return ids, mark


def test_a_first_walk_goes_back_as_far_as_is_wanted() -> None:
    items = [record(minute) for minute in range(0, 100, 10)]

    assert read(pages_of(items), {}, since=START + timedelta(minutes=60))[0] == ["m90", "m80", "m70", "m60"]
    assert len(read(pages_of(items), {})[0]) == 10


def test_the_next_walk_brings_what_is_new_and_stops_where_all_is_known() -> None:
    items = [record(minute) for minute in range(0, 100, 10)]
    asked: list[str | None] = []

    def ask(token: str | None) -> tuple[list[Record], str | None]:
        asked.append(token)
        return pages_of([*items, record(105)])(token)

    _, mark = read(pages_of(items), {})
    assert read(ask, mark)[0] == ["m105"]
    assert asked == [None, "2"], "one page beyond the overlap"


def test_what_turned_up_late_or_at_the_same_moment_is_not_missed() -> None:
    items = [record(minute) for minute in range(0, 100, 10)]
    _, mark = read(pages_of(items), {})

    late = [record(82, "late"), record(90, "tie")]

    assert sorted(read(pages_of([*items, *late]), mark)[0]) == ["late", "tie"]
    assert read(pages_of([*items, *late]), read(pages_of([*items, *late]), mark)[1])[0] == []


def test_something_old_at_the_top_does_not_end_the_walk() -> None:
    ordered = [record(0, "pinned"), record(90), record(80), record(70)]
    _, mark = read(lambda token: (ordered[1:], None), {})

    def ask(token: str | None) -> tuple[list[Record], str | None]:
        return ([ordered[0], record(100)], "more") if token is None else (ordered[1:], None)

    assert read(ask, mark)[0] == ["m100"]


def test_what_is_older_than_wanted_stays_out_also_at_the_next_walk() -> None:
    items, since = [record(10), record(0)], START + timedelta(minutes=60)
    found, mark = read(pages_of(items), {}, since=since)

    assert (found, read(pages_of(items), mark, since=since)[0]) == ([], [])


def test_what_stands_twice_on_a_page_is_new_once() -> None:
    assert read(lambda token: ([record(1), record(0), record(1)], None), {})[0] == ["m1", "m0"]


def test_an_empty_list_leaves_no_mark_and_an_empty_page_does_not_end_a_walk() -> None:
    assert read(lambda token: ([], None), {}) == ([], {})
    assert read(lambda token: ([], "more") if token is None else ([record(1)], None), {})[0] == ["m1"]


def test_a_time_that_somebody_made_up_hides_nothing_that_is_written_later() -> None:
    """Lists of federated servers show what an author's own server says of a post's time."""
    years = 1000 * 365 * 24 * 60
    ids, mark = read(pages_of([record(1), record(years, "prank")]), {})
    assert sorted(ids) == ["m1", "prank"]

    later, _ = read(pages_of([record(1), record(years, "prank"), record(30)]), mark)

    assert "m30" in later
    assert "m1" not in later


def test_pages_that_lead_in_a_circle_are_noticed() -> None:
    with pytest.raises(ContractBroken, match="circle"):
        read(lambda token: ([record(1)], "again"), {})


def test_a_kept_token_that_is_no_longer_taken_begins_the_walk_anew() -> None:
    items = [record(minute) for minute in range(0, 100, 10)]
    first = next(WAY.steps(pages_of(items), {}, now=NOW))

    def ask(token: str | None) -> tuple[list[Record], str | None]:
        if token == "2" and not asked:
            raise Rejected("Town did not accept the request (400).", status=400)
        asked.append(token)
        return pages_of(items)(token)

    asked: list[str | None] = []

    assert read(ask, first.done)[0] == [f"m{minute}" for minute in range(70, -1, -10)]
    with pytest.raises(Rejected):
        read(lambda token: (_ for _ in ()).throw(Rejected("no", status=400)), first.done)


MINUTES = st.lists(st.integers(0, 200), min_size=1, max_size=30)


@given(MINUTES, MINUTES, st.integers(1, 4), st.data())
def test_wherever_it_is_cut_off_all_comes_once(
    earlier: list[int], later: list[int], size: int, data: st.DataObject
) -> None:
    """In between, more is said: at the end, or within the overlap before it."""
    items = [record(minute, f"a{place}") for place, minute in enumerate(earlier)]
    ids, mark = read(pages_of(items, size), {})
    newest = max(earlier)
    more = [record(newest - 10 + minute, f"b{place}") for place, minute in enumerate(later)]
    steps = list(WAY.steps(pages_of(items + more, size), mark, now=NOW))
    cut = data.draw(st.integers(0, len(steps) - 1))
    again = data.draw(st.booleans())

    for step in steps[: cut + 1]:
        ids += [each["id"] for each in step.new]
    mark = json.loads(json.dumps(steps[cut].again if again else steps[cut].done))
    ids += read(pages_of(items + more, size), mark)[0]

    assert sorted(ids) == sorted(each["id"] for each in items + more)


def threads(answers: dict[str, list[Record]], asked: list[str]) -> Threads:
    def below(item: Record, mark: Mark) -> Iterator[tuple[list[Record], Mark]]:
        asked.append(item["id"])
        for step in WAY.steps(pages_of(answers[item["id"]]), mark, now=NOW):
            yield step.new, step.done

    return Threads(way=WAY, count=lambda item: len(answers.get(item["id"], [])), read=below)


def told(items: list[Record], answers: dict[str, list[Record]], list_mark: Mark, kept: dict[str, Mark]) -> Any:
    asked: list[str] = []
    pages = []
    steps = WAY.steps(pages_of(items), list_mark, now=NOW, reach=START)
    for records, mark, threads_mark in threads(answers, asked).pages(steps, kept, oldest=START):
        pages.append(([each["id"] for each in records], json.loads(json.dumps((mark, threads_mark)))))
    return pages, asked


def test_what_hangs_below_is_read_where_its_number_has_changed() -> None:
    items = [record(minute) for minute in (0, 10, 20)]
    answers = {"m20": [record(21, "r1")], "m0": [record(minute, f"s{minute}") for minute in (1, 2, 3)]}

    pages, asked = told(items, answers, {}, {})
    assert (asked, sorted(id for ids, _ in pages for id in ids)) == (
        ["m20", "m0"], ["m0", "m10", "m20", "r1", "s1", "s2", "s3"],
    )  # fmt: skip

    answers["m0"].append(record(40, "s40"))
    later, asked = told(items, answers, *pages[-1][1])
    assert (asked, [id for ids, _ in later for id in ids]) == (["m0"], ["s40"])


def test_cut_off_anywhere_among_threads_all_comes_once() -> None:
    items = [record(minute) for minute in (0, 10, 20, 30, 40)]
    answers = {f"m{at}": [record(at + n, f"r{at}.{n}") for n in range(1, 6)] for at in (40, 10, 0)}
    whole, _ = told(items, answers, {}, {})
    everything = [id for ids, _ in whole for id in ids]
    assert len(set(everything)) == len(everything) == 20

    for cut, (_, marks) in enumerate(whole):
        rest = [id for ids, _ in whole[cut + 1 :] for id in ids]
        assert [id for ids, _ in told(items, answers, *marks)[0] for id in ids] == rest, f"after {cut}"


def test_old_items_are_left_alone_and_forgotten() -> None:
    old = {"old": {"at": int(START.timestamp()) - 1, "n": 3}}

    pages, asked = told([record(-5, "old")], {"old": [record(1)]}, {}, old)

    assert asked == []
    assert pages[-1][1][1] == {}
