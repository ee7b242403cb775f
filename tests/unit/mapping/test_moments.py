"""Times as networks write them: equal instants come out equal, nonsense comes out as null."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.mapping import FUNCTIONS

parse_time = FUNCTIONS["parse_time"].call
epoch_to_time = FUNCTIONS["epoch_to_time"].call

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.builds(
    lambda seconds, offset: datetime.fromtimestamp(seconds, offset), st.integers(0, 7_000_000_000), OFFSETS
)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-05-01T07:25:37Z", "2026-05-01T07:25:37Z"),
        ("2026-05-01T09:25:37+02:00", "2026-05-01T07:25:37Z"),
        ("2026-05-01T07:25:37.000+0000", "2026-05-01T07:25:37Z"),
        ("2026-05-01T07:25:37.123Z", "2026-05-01T07:25:37.123000Z"),
        ("2026-05-01 07:25:37", "2026-05-01T07:25:37Z"),
        ("2026-05-01", "2026-05-01T00:00:00Z"),
        ("Fri, 01 May 2026 07:25:37 GMT", "2026-05-01T07:25:37Z"),
        ("Fri, 01 May 2026 07:25:37 -0000", "2026-05-01T07:25:37Z"),
        ("1 May 2026 03:25:37 EDT", "2026-05-01T07:25:37Z"),
        ("Fri May 01 07:25:37 +0000 2026", "2026-05-01T07:25:37Z"),
        ("2019-02-20 17:22:01:+0000", "2019-02-20T17:22:01Z"),
        ("2019-02-20 17:22:01:-0500", "2019-02-20T22:22:01Z"),
        ("yesterday", None),
        ("2026-13-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("Fri, 99 May 2026 07:25:37 GMT", None),
        ("", None),
        ("9" * 1000, None),
        (1777620337, None),
        (None, None),
    ],
)
def test_every_way_of_writing_a_time_is_one_time(written: object, moment: str | None) -> None:
    assert parse_time(written) == moment


@settings(max_examples=300, deadline=None)
@given(MOMENTS)
def test_equal_instants_come_out_equal(moment: datetime) -> None:
    expected = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

    assert parse_time(moment.isoformat()) == expected
    assert parse_time(format_datetime(moment)) == expected
    assert epoch_to_time(int(moment.timestamp())) == expected
    assert epoch_to_time(str(int(moment.timestamp()) * 1000), "milliseconds") == expected


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="0123456789-:T+Z ., JanFebMonGMT")))
def test_any_text_gives_a_utc_time_or_null(text: str) -> None:
    found = parse_time(text)

    assert found is None or datetime.fromisoformat(found).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "number", [float("nan"), float("inf"), 1e300, 10**400, "nan", "1e400", "x", "", True, [], None]
)
def test_no_number_of_seconds_that_is_no_time_fails(number: object) -> None:
    assert epoch_to_time(number) is None


def test_seconds_keep_their_fraction() -> None:
    assert epoch_to_time("1355517523.000005") == "2012-12-14T20:38:43.000005Z"
    assert epoch_to_time(-1) == "1969-12-31T23:59:59Z"
