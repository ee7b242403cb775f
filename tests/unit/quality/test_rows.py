"""The row gate: what is made harmless and flagged, what cannot go on, and what is left exactly as it was sent."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain import Post
from hub.errors import Unmappable
from hub.quality.rows import check_row

REPO = Path(__file__).resolve().parents[3]
HOSTILE = Path(os.environ.get("HUB_SHARED", REPO.parent / "shared")) / "hostile" / "cases.jsonl"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def mapped(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "native_id": "1761",
        "text": "My espresso machine leaks",
        "published_at": "2026-11-20T10:00:00.000Z",
        "url": "https://x.com/i/status/1761",
        "tags": ["coffee"],
        "author": {"native_id": "9", "handle": "sam", "display_name": "Sam", "followers": 3},
        "engagement": {"likes": 2, "shares": 0},
    }
    return {name: value for name, value in (row | changes).items() if value is not ...}


def reason(**changes: Any) -> str:
    with pytest.raises(Unmappable) as caught:
        check_row(mapped(**changes), NOW)
    return caught.value.reason


def test_a_good_row_goes_on_unchanged_but_for_its_time() -> None:
    given_row = mapped()

    row, flags = check_row(given_row, NOW)

    assert flags == []
    assert row == given_row | {"published_at": datetime(2026, 11, 20, 10, tzinfo=UTC)}


def test_the_row_that_was_given_is_not_touched() -> None:
    bad = mapped(
        text="a\x00b", url="javascript:x", author={"native_id": "9", "display_name": "a\nb"}, links=["ftp://a"]
    )
    before = json.dumps(bad)

    check_row(bad, NOW)

    assert json.dumps(bad) == before


@pytest.mark.parametrize(
    ("sent", "stored", "flag"),
    [
        ("\x00hello", "hello", "control_removed"),
        ("a\x1bb", "ab", "control_removed"),
        ("ca\ud800fe", "ca\ufffdfe", "surrogate_replaced"),
        ("price \u202d99$\u202c", "price \u202d99$\u202c", "bidi_control"),
        ("\u2067left\u2069", "\u2067left\u2069", "bidi_control"),
        ("can\u2060cel my plan", "can\u2060cel my plan", "zero_width"),
        ("can\u200dcel my plan", "can\u200dcel my plan", "zero_width"),
        ("e" + "\u0301" * 600, "e" + "\u0301" * 600, "combining_flood"),
        ("\u0391pple supp\u03bfrt", "\u0391pple supp\u03bfrt", "mixed_script"),
        ("\u0430cme", "\u0430cme", "mixed_script"),
        ("x" * 30_000, "x" * 30_000, "too_long"),
        ("charged twice on 5500 0000 0000 0004", ..., "sensitive_number"),
        ("my account DE89 3704 0044 0532 0130 00", ..., "sensitive_number"),
        ("ssn 078-05-1120", ..., "sensitive_number"),
        ("please unsubscribe me and stop", ..., "opt_out"),
        ("Stop messaging me!", ..., "opt_out"),
        ("Lasst mich in Ruhe", ..., "opt_out"),
        ("Ne me contactez plus", ..., "opt_out"),
        ("I'm 12 and I love this", ..., "minor"),
    ],
)
def test_an_odd_text_is_flagged_and_goes_on(sent: str, stored: Any, flag: str) -> None:
    row, flags = check_row(mapped(text=sent), NOW)

    assert flags == [flag]
    assert row["text"] == (sent if stored is ... else stored)


@pytest.mark.parametrize(
    "text",
    [
        "مرحبا hello שלום 123",
        "👩\u200d❤\ufe0f\u200d👨" * 60,
        "می\u200cخواهم",
        "line one\nline two\ttab",
        "Ελλάδα и Россия",
        "naïve café, 東京",
        "order 1234567890123456 is late",
        "call 5550 1234 today",
        "I'm 12 hours late",
        "stop the leak and contact your shop",
        "<script>alert(1)</script> {{ 7*7 }} =1+1",
    ],
)
def test_an_ordinary_text_is_stored_code_point_for_code_point(text: str) -> None:
    row, flags = check_row(mapped(text=text), NOW)

    assert row["text"] == text
    assert flags == []


@pytest.mark.parametrize("text", ["", "  \n ", "\u200d", "\u200b\ufeff", "\x00\x01", ...])
def test_a_post_that_says_nothing_is_set_aside(text: Any) -> None:
    assert reason(text=text) == "empty_text"


@pytest.mark.parametrize(("said", "kept"), [
    ("en", "en"), ("pt-BR", "pt-BR"), ("zh-Hant-TW", "zh-Hant-TW"), ("en_US", "en_US"),
    ("\ud800", None), ("en\x00", None), ("", None), (["en"], None), (7, None), ("x" * 99, None),
])  # fmt: skip
def test_a_language_is_written_like_one_or_is_none(said: Any, kept: str | None) -> None:
    row, flags = check_row(mapped(lang=said), NOW)

    assert row.get("lang") == kept
    assert flags == ([] if kept else ["bad_type"])


def test_what_stands_beside_a_picture_can_be_stored() -> None:
    row, flags = check_row(mapped(media=[{"kind": "image", "description": "A \ud800cat\x00\non a mat"}]), NOW)

    assert row["media"] == [{"kind": "image", "description": "A \ufffdcat on a mat"}]
    assert flags == ["control_removed", "surrogate_replaced"]


@pytest.mark.parametrize("more", [{"media": [{"kind": "image"}]}, {"shared": "7"}, {"title": "Look"}])
def test_a_post_without_words_may_show_or_share_something(more: dict[str, Any]) -> None:
    row, flags = check_row(mapped(text=..., **more), NOW)

    assert row["text"] == ""
    assert flags == []


def test_only_invisible_characters_are_no_text_even_beside_a_picture() -> None:
    assert reason(text="\u200d", media=[{"kind": "image"}]) == "empty_text"


@pytest.mark.parametrize("native_id", [None, "", " 7", "a\nb", "x" * 2_000, True, 1.5, {"id": 1}, ...])
def test_a_row_without_a_usable_id_is_set_aside(native_id: Any) -> None:
    assert reason(native_id=native_id) == "bad_id"


def test_a_number_is_an_id_and_an_address_too() -> None:
    assert check_row(mapped(native_id=17), NOW)[0]["native_id"] == "17"
    assert check_row(mapped(native_id="https://a.test/p?id=1"), NOW)[0]["native_id"] == "https://a.test/p?id=1"


@pytest.mark.parametrize("author", [..., None, {}, "sam", {"handle": "sam"}, {"native_id": ""}])
def test_a_row_without_an_author_is_set_aside(author: Any) -> None:
    assert reason(author=author) == "no_author"


def test_an_author_whose_name_breaks_lines_gets_one_line() -> None:
    author = {"native_id": "9", "display_name": "Sam\r\nBcc: all", "handle": "a/b/../../c"}
    row, flags = check_row(mapped(author=author), NOW)

    assert row["author"]["display_name"] == "Sam Bcc: all"
    assert row["author"]["handle"] == "a/b/../../c"
    assert flags == ["control_removed"]


@pytest.mark.parametrize(
    "sent",
    [
        "yesterday",
        "2026-04-31T10:00:00Z",
        "2026-11-20T10:00:00 PST",
        "2026-11-20T10:00:00",
        "1066-10-14T09:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        "",
        None,
        3,
    ],
)
def test_a_row_without_a_usable_time_is_set_aside(sent: Any) -> None:
    assert reason(published_at=sent) == "bad_time"


@pytest.mark.parametrize(
    ("sent", "flags"),
    [
        ("2026-11-20T10:00:00Z", []),
        ("2026-11-20 10:00:00Z", []),
        ("2026-11-20T11:00:00+01:00", []),
        (datetime(2026, 11, 20, 10, tzinfo=UTC), []),
        ("1795168800", ["bad_time"]),
        (1795168800, ["bad_time"]),
        ("1795168800000", ["bad_time"]),
    ],
)
def test_one_instant_is_understood_in_many_spellings(sent: Any, flags: list[str]) -> None:
    row, found = check_row(mapped(published_at=sent), NOW)

    assert row["published_at"] == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert row["published_at"].tzinfo is UTC
    assert found == flags


def test_a_time_that_a_network_could_not_read_lands_as_history_and_is_flagged() -> None:
    row, flags = check_row(mapped(published_at="1970-01-01T00:00:00.000Z"), NOW)

    assert row["published_at"] == datetime(1970, 1, 1, tzinfo=UTC)
    assert flags == ["bad_time"]


def test_a_clock_may_be_a_little_ahead_but_not_a_year() -> None:
    near, far = NOW + timedelta(seconds=240), NOW + timedelta(days=365)

    assert check_row(mapped(published_at=near.isoformat()), NOW) == (mapped(published_at=near), [])
    assert check_row(mapped(published_at=far.isoformat()), NOW) == (mapped(published_at=NOW), ["future_time"])


def test_an_edit_time_that_is_none_is_dropped_without_the_row() -> None:
    row, flags = check_row(mapped(edited_at="soon"), NOW)

    assert "edited_at" not in row
    assert flags == ["bad_time"]


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "vbscript:msgbox(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//host/a",
        "https://",
        "https:// a.test",
        "https://a.test/\nb",
        'https://a.test/"x',
        "https://a.test/\ud800",
        7,
        None,
    ],
)
def test_what_is_no_web_address_is_dropped(link: Any) -> None:
    media = [{"kind": "image", "url": link}]
    row, flags = check_row(mapped(url=link, links=[link, "https://a.test/ok"], media=media), NOW)

    assert "url" not in row
    assert row["links"] == ["https://a.test/ok"]
    assert row["media"] in ([{"kind": "image"}], [{"kind": "image", "url": None}])
    assert flags == ["bad_link"]


@pytest.mark.parametrize(
    "link", ["http://a.test", "HTTPS://A.test/x?y=1#z", "https://ü.test/ä", "https://a.test:8080/(x)"]
)
def test_a_web_address_is_kept(link: str) -> None:
    row, flags = check_row(mapped(url=link, author={"native_id": "9", "url": link}), NOW)

    assert row["url"] == row["author"]["url"] == link
    assert flags == []


@pytest.mark.parametrize("count", ["many", "3", -1, 1.5, True, 2**60, [], {}])
def test_a_count_that_is_none_is_dropped_and_the_others_stay(count: Any) -> None:
    row, flags = check_row(mapped(engagement={"likes": count, "shares": 4}), NOW)

    assert row["engagement"] == {"shares": 4}
    assert flags == ["bad_type"]


@pytest.mark.parametrize("text", [{"raw": "x"}, 7, ["a"], True])
def test_a_text_that_is_no_text_is_set_aside(text: Any) -> None:
    assert reason(text=text) == "bad_type"


def test_a_text_beyond_all_measure_is_set_aside() -> None:
    assert reason(text="word " * 100_000) == "too_long"


def test_lists_are_cut_and_cleaned() -> None:
    row, flags = check_row(mapped(tags=["a", 7, "b\nc", *["x"] * 900], mentions="sam"), NOW)

    assert row["tags"][:3] == ["a", "b c", "x"]
    assert len(row["tags"]) < 300
    assert row["mentions"] == []
    assert flags == ["bad_type", "control_removed", "too_many"]


ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ["native_id", "text", "published_at", "edited_at", "url", "title", "tags", "mentions", "links"]
AUTHOR_FIELDS = ["native_id", "handle", "display_name", "url", "followers"]
COUNTS = ["likes", "shares", "replies", "quotes", "views"]
REASONS = {"bad_id", "bad_type", "bad_time", "empty_text", "too_long", "no_author"}


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=4),
    st.dictionaries(st.sampled_from(AUTHOR_FIELDS), JUNK, max_size=3),
    JUNK | st.dictionaries(st.sampled_from(COUNTS), JUNK, max_size=3),
)
def test_whatever_a_mapping_gives_becomes_a_post_that_can_be_stored_or_one_named_reason(
    changes: dict[str, Any], author: dict[str, Any], counts: Any
) -> None:
    if isinstance(counts, dict):  # a field that we do not have is the mapping's mistake, and loud elsewhere
        counts = {name: value for name, value in counts.items() if name in COUNTS}
    given_row = mapped(author=mapped()["author"] | author, engagement=counts, title="Look") | changes
    try:
        row, flags = check_row(given_row, NOW)
    except Unmappable as problem:
        reached = problem.reason
    else:
        row |= {"key": "x:tweet:1", "network": "x", "collected_at": NOW, "flags": flags}
        row["author"]["key"] = "x:account:9"
        msgspec.json.encode(msgspec.convert(row, Post))
        reached = "a post"

    assert reached in REASONS | {"a post"}


def test_the_messages_hold_nothing_of_the_post() -> None:
    with pytest.raises(Unmappable) as caught:
        check_row(mapped(native_id="secret\nid", author={"native_id": "1", "display_name": "Sam"}), NOW)

    assert "secret" not in str(caught.value)
    assert "Sam" not in str(caught.value)


def hostile_cases() -> list[dict[str, Any]]:
    """The cases that are one post; fetching is not a row's business."""
    if not HOSTILE.exists():
        return []
    cases = [json.loads(line) for line in HOSTILE.read_text("utf-8").splitlines()]
    return [case for case in cases if "data" in case.get("payload", {}) and case["category"] != "ssrf"]


def as_mapped(case: dict[str, Any]) -> dict[str, Any]:
    """The row that the mapping of X makes of a case."""
    post, users = case["payload"]["data"], case["payload"].get("includes", {}).get("users", [])
    user = next((user for user in users if user["id"] == post["author_id"]), {})
    metrics = post.get("public_metrics", {})
    if repeat := case.get("text_repeat"):
        post["text"] = repeat["prefix"] + repeat["unit"] * repeat["times"] + repeat["suffix"]
    return {
        "native_id": post["id"],
        "text": post["text"],
        "published_at": post["created_at"],
        "author": {"native_id": post["author_id"], "handle": user.get("username"), "display_name": user.get("name")},
        "engagement": {"likes": metrics.get("like_count"), "replies": metrics.get("reply_count")},
        "links": [url["expanded_url"] for url in post.get("entities", {}).get("urls", ())],
    }


@pytest.mark.skipif(not hostile_cases(), reason=f"the shared hostile set is absent: {HOSTILE}")
@pytest.mark.parametrize("case", hostile_cases(), ids=lambda case: f"{case['id']}-{case['title']}")
def test_a_hostile_row_gets_the_verdict_that_the_shared_set_asks_for(case: dict[str, Any]) -> None:
    try:
        row, flags = check_row(as_mapped(case), NOW)
        verdict = "land_flag" if set(flags) - {"zero_width"} else "land"
    except Unmappable as problem:
        row, flags, verdict = {}, [problem.reason], "quarantine"

    assert verdict in (case["expect"], *case.get("also_ok", ()))
    assert set(case["flags"]) <= set(flags)
    if verdict == "land":
        assert row["text"] == case["payload"]["data"]["text"]
