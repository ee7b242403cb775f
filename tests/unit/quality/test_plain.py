"""The short way of the row gate: it takes ordinary rows, and what it takes it leaves as the long way would."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Unmappable
from hub.quality.links import LINK_LONGEST
from hub.quality.plain import TEXT_LONG, plain_row
from hub.quality.rows import SKEW, check_each_field, check_row
from hub.quality.text import LINE_LONGEST

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AUTHOR = {"native_id": "9", "handle": "sam", "display_name": "Sam Lee", "url": "https://x.com/sam", "followers": 3}
ROW: dict[str, Any] = {
    "native_id": "1761", "text": "My espresso machine leaks", "published_at": "2026-11-20T10:00:00.000Z",
    "url": "https://x.com/i/status/1761", "lang": "en", "tags": ["coffee"], "mentions": ["acme"], "thread": "1761",
    "links": ["https://blog.example/a?b=1#c"], "author": AUTHOR, "engagement": {"likes": 2, "shares": 0},
}  # fmt: skip
MOST = {"tags": 200, "mentions": 200, "links": 200}


def test_a_time_of_another_zone_becomes_one_of_utc() -> None:
    row, _ = check_row(ROW | {"published_at": "2026-11-20T11:00:00+01:00"}, NOW)

    assert row["published_at"].tzinfo is UTC


def the_long_way(row: dict[str, Any]) -> Any:
    try:
        return check_each_field(row, NOW)
    except Unmappable as problem:
        return problem.reason


@pytest.mark.parametrize(
    "ordinary",
    [
        {},
        {"text": "Der Kaffee schmeckt, 東京 ☕\nund wie"},
        {"text": "Please unsubscribe me", "title": "A letter"},
        {"author": {"native_id": "9"}},
        {"author": AUTHOR | {"display_name": "Zoë 東京", "verified": True}},
        {"native_id": "https://a.test/p?id=1"},
        {"published_at": "2026-11-20T12:00:00+00:00"},
        {"tags": [], "mentions": [], "links": [], "engagement": {}},
        {"in_reply_to": "17", "shared": "16", "scope": "a.test", "kind": "reply"},
    ],
)
def test_an_ordinary_row_takes_the_short_way(ordinary: dict[str, Any]) -> None:
    row = ROW | ordinary

    assert plain_row(row, NOW) == the_long_way(row)
    assert plain_row(row, NOW) is not None


ODD = [
    None,
    "",
    " ",
    "a ",
    "a b",
    "a\nb",
    "a\x00",
    "a\ud800",
    "\u200d",
    "x" * 501,
    7,
    -1,
    True,
    1.0,
    2**53,
    [],
    {},
    ["a"],
]
LINKS = [
    "https://", "https:///a", "https://a b", 'https://a/"', "https://a/<", "https://a/>", "https://a\\b",
    "https://?a", "https://a/\n", "https://a/\ud800", "https://a/\u200b", "javascript:alert(1)", "//a", "ftp://a.test",
    "http://a.test", "HTTPS://a.test", "https://ü.test/ä", "https://[::1]/", "https://a.test/" + "x" * LINK_LONGEST,
]  # fmt: skip
TIMES = [
    "2026-11-20T10:00:00", "2026-11-20T11:00:00+01:00", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
    "1989-12-31T23:59:59Z", "1990-01-01T00:00:00Z", "2026-11-20T12:00:01Z", "2026-11-20", "20261120T10",
    "2026-11-20T10:00:00." + "0" * 30 + "Z",
    (NOW + SKEW).isoformat(), (NOW + SKEW + timedelta(seconds=1)).isoformat(), NOW,
]  # fmt: skip
TEXTS = ["x" * TEXT_LONG, "x" * (TEXT_LONG + 1), "\u2067a\u2069", "e" + "\u0301" * 20, "I'm 12 and I love it", "\x07a"]
ODD_FIELDS = [
    *((field, value) for field in ROW for value in ODD),
    *((field, value) for field in ("title", "licence", "media", "edited_at") for value in ODD),
    *(("url", link) for link in LINKS),
    *(("links", [link]) for link in LINKS),
    *(("published_at", time) for time in TIMES),
    *(("text", text) for text in TEXTS),
    *((field, ["a"] * many) for field, most in MOST.items() for many in (most, most + 1)),
    *((field, values) for field in MOST for values in (["a", ""], ["a", 7], [None], ("a",), ["é"], "abc", {"a": 1})),
    ("tags", ["x" * LINE_LONGEST]),
    ("links", ["https://a"] * 201), ("lang", "x" * 9), ("lang", "e1"), ("lang", "éé"), ("lang", "pt-BR"),
    ("media", [{"kind": "image"}]), ("edited_at", "soon"),
]  # fmt: skip
ODD_INSIDE = [
    *(("author", field, value) for field in (*AUTHOR, "email") for value in [*ODD, *LINKS]),
    *(("engagement", field, value) for field in ("likes", "views", "counted_at") for value in ODD),
]


@pytest.mark.parametrize(("field", "value"), ODD_FIELDS)
def test_a_row_that_is_not_ordinary_is_checked_as_ever(field: str, value: Any) -> None:
    for row in (ROW | {field: value}, {name: kept for name, kept in ROW.items() if name != field}):
        assert plain_row(row, NOW) in (None, the_long_way(row))


@pytest.mark.parametrize(("holder", "field", "value"), ODD_INSIDE)
def test_nor_is_one_whose_author_or_counts_are_not(holder: str, field: str, value: Any) -> None:
    row = ROW | {holder: ROW[holder] | {field: value}}

    assert plain_row(row, NOW) in (None, the_long_way(row))


ANY = st.sampled_from([*ODD, *LINKS, *TIMES, *TEXTS]) | st.text(st.characters(codec=None, exclude_categories=()))
VALUES = ANY | st.lists(ANY, max_size=3) | st.dictionaries(st.sampled_from([*AUTHOR, "likes"]), ANY, max_size=3)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*ROW, "title", "media", "edited_at"]), VALUES, max_size=3),
    st.dictionaries(st.sampled_from([*AUTHOR]), VALUES, max_size=2),
)
def test_both_ways_say_the_same_of_whatever_the_short_one_takes(row: dict[str, Any], author: dict[str, Any]) -> None:
    given_row = ROW | {"author": AUTHOR | author} | row

    assert plain_row(given_row, NOW) in (None, the_long_way(given_row))


def test_a_plain_row_that_was_given_is_not_touched() -> None:
    row, _ = check_row(ROW, NOW)
    row["author"]["key"] = "x:account:9"

    assert ROW["author"] is AUTHOR
    assert "key" not in AUTHOR
