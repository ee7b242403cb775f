"""Spans of time: they fit without a gap, and a run that was stopped goes on with the same one."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.domain import Cursor, Watch
from hub.kit import Span, moment_of, written

NOW = datetime(2025, 3, 5, 12, tzinfo=UTC)
AGREED = timedelta()
WATCH = Watch(network="town", kind="keyword", value="acme", since=NOW - timedelta(hours=3))


@given(st.lists(st.integers(0, 3_600_000), max_size=8), st.integers(0, 3_600_000))
def test_every_settled_moment_is_in_exactly_one_span(pauses: list[int], at: int) -> None:
    moment, now, cursor, times = NOW + timedelta(milliseconds=at), NOW, Cursor(), 0
    for pause in [*pauses, 7_200_000]:
        now += timedelta(milliseconds=pause)
        span = Span.of(WATCH, cursor, now)
        if not span.empty:
            times += span.has(moment)
            cursor = span.after(AGREED)

    assert times == 1


def test_a_first_span_begins_where_the_watch_says_or_a_day_ago() -> None:
    assert Span.of(WATCH, Cursor(), NOW) == (WATCH.since, NOW - timedelta(seconds=30), None)
    assert Span.of(WATCH.with_(since=None), Cursor(), NOW).start == NOW - timedelta(days=1, seconds=30)


def test_a_span_that_was_not_finished_keeps_its_end_and_its_beginning() -> None:
    begun = Span.of(WATCH, Cursor(position="2025-03-05T11:00:00.000Z"), NOW)
    stopped = begun.amid(AGREED, token="2", done=None)

    assert stopped.state == {"end": "2025-03-05T11:59:30.000Z", "token": "2"}
    assert Span.of(WATCH, stopped, NOW + timedelta(hours=9)) == begun


def test_a_span_with_nothing_in_it_is_empty() -> None:
    assert Span.of(WATCH, Span.of(WATCH, Cursor(), NOW).after(AGREED), NOW).empty


def test_by_a_clock_that_is_ahead_the_cursor_stays_where_the_other_side_is() -> None:
    ahead = timedelta(minutes=10)
    span = Span.of(WATCH, Cursor(position="2025-03-05T11:00:00.000Z"), NOW)

    assert span.after(ahead).position == "2025-03-05T11:49:30.000Z"
    assert span.amid(ahead).state == {"end": "2025-03-05T11:49:30.000Z"}
    assert span.after(timedelta(hours=2)).position == "2025-03-05T11:00:00.000Z"  # never back behind its beginning


def test_what_bears_no_time_is_never_passed_over() -> None:
    assert Span.of(WATCH, Cursor(), NOW).has(None)


def test_times_are_read_with_and_without_a_zone_and_written_in_one_way() -> None:
    assert moment_of("2025-03-05T12:00:00") == moment_of("2025-03-05T13:00:00.000000+01:00") == NOW
    assert [moment_of(text) for text in ("soon", "", None, 7, "9999-12-31T23:59:59-14:00")] == [None] * 5
    assert written(NOW + timedelta(microseconds=1_999)) == "2025-03-05T12:00:00.001Z"
