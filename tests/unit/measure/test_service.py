"""Service figures, with the test vectors that others have published."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.domain.config import BusinessHours
from hub.measure import service
from hub.measure.service import Event

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = BusinessHours()
HALF_AN_HOUR = timedelta(minutes=30)


def at(day: int, hour: int, minute: int = 0, zone=UTC) -> datetime:
    """Of the week that begins on Monday, 2 March 2026."""
    return datetime(2026, 3, 1 + day, hour, minute, tzinfo=zone)


def events(*said: tuple[datetime, str]) -> list[Event]:
    return [Event(at=moment, what=what) for moment, what in said]


REOPENED = events(
    (at(1, 9), "inbound"), (at(1, 9, 5), "automatic"), (at(1, 9, 5), "resolved"), (at(5, 14), "reopened"),
    (at(5, 14, 10), "reply"),
)  # fmt: skip


def test_who_reopens_a_case_waits_from_then_on():
    [answered] = service.first_responses(REOPENED)
    assert answered.calendar(at(7, 0)) == timedelta(minutes=10)


def test_a_machines_answer_is_none():
    [waits] = service.first_responses(events((at(1, 9), "inbound"), (at(1, 9, 1), "automatic")))
    assert waits.replied_at is None
    assert waits.calendar(at(1, 11)) == timedelta(hours=2)


def test_only_the_first_reply_is_the_first_response():
    said = events((at(1, 9), "inbound"), (at(1, 10), "reply"), (at(1, 11), "inbound"), (at(1, 15), "reply"))
    assert [one.calendar(at(2, 0)) for one in service.first_responses(said)] == [timedelta(hours=1)]


def test_half_an_hour_from_friday_afternoon_is_over_on_monday_morning():
    friday = at(6 - 1, 16, 45, BERLIN)
    deadline = service.business_deadline(friday, HALF_AN_HOUR, WEEK, BERLIN)
    assert deadline == at(8, 9, 15, BERLIN)
    assert not service.breached(friday, deadline, HALF_AN_HOUR, WEEK, BERLIN)
    assert service.breached(friday, at(8, 9, 16, BERLIN), HALF_AN_HOUR, WEEK, BERLIN)


def test_nobodys_time_passes_at_the_weekend():
    assert service.business_time(at(6, 0), at(8, 0), WEEK, ZoneInfo("UTC")) == timedelta()
    assert service.business_time(at(1, 0), at(8, 0), WEEK, ZoneInfo("UTC")) == timedelta(hours=40)


def test_an_office_that_never_opens_meets_no_promise():
    closed = BusinessHours(days=())
    with pytest.raises(ValueError, match="business_hours"):
        service.business_deadline(at(1, 9), HALF_AN_HOUR, closed, BERLIN)


def test_each_turn_waits_from_its_first_words():
    talk = events(
        (at(1, 9), "inbound"), (at(1, 9, 30), "inbound"), (at(1, 10), "reply"), (at(1, 11), "inbound"),
        (at(1, 11, 20), "reply"), (at(1, 12), "inbound"),
    )  # fmt: skip
    other = events((at(1, 9), "inbound"), (at(1, 9, 10), "reply"))
    assert service.turns(talk) == [timedelta(hours=1), timedelta(minutes=20)]
    assert service.conversation_response([talk, other, []]) == timedelta(minutes=25)
    assert service.conversation_response([[]]) is None


def test_handle_time_is_what_a_case_spent_in_hands():
    touched = events(
        (at(1, 9), "open"), (at(1, 9, 5), "reply"), (at(1, 9, 10), "pending"), (at(2, 9), "open"),
        (at(2, 9, 20), "resolved"),
    )  # fmt: skip
    assert service.handle_time(touched) == HALF_AN_HOUR
    assert service.handle_time(events((at(1, 9), "open"), (at(1, 10), "resolved"))) is None


def test_a_case_that_is_solved_twice_has_a_first_and_a_full_resolution():
    assert service.resolution_times(events(
        (at(1, 9), "inbound"), (at(1, 10), "resolved"), (at(2, 9), "reopened"), (at(2, 12), "resolved"),
    )) == (timedelta(hours=1), timedelta(days=1, hours=3))  # fmt: skip
    assert service.resolution_times(events((at(1, 9), "inbound"))) is None


def test_customers_wait_while_nothing_is_pending_or_solved():
    said = events((at(1, 9), "inbound"), (at(1, 10), "pending"), (at(1, 12), "open"), (at(1, 13), "resolved"))
    assert service.requester_wait(said, at(2, 0)) == timedelta(hours=2)
    assert service.requester_wait([], at(2, 0)) == timedelta()


def test_cases_handled_are_those_that_somebody_answered_or_solved():
    cases = [REOPENED, events((at(1, 9), "inbound"), (at(1, 9, 1), "automatic"))]
    assert service.cases_handled(cases, at(5, 0), at(6, 0)) == 1
    assert service.cases_handled(cases, at(6, 0), at(7, 0)) == 0


def test_sixty_of_six_hundred_who_come_back_are_ten_percent():
    solved = [(f"p{number}", "delivery", at(1, 9)) for number in range(600)]
    back = [(f"p{number}", "delivery", at(3, 9)) for number in range(60)]
    other = [("p100", "price", at(3, 9)), ("p101", "delivery", at(9, 9)), ("p102", "delivery", at(1, 8))]
    assert service.recontact_rate(solved, back + other).value == 10
    assert service.recontact_rate([], back).missing == "No case was solved."


def test_surveys():
    assert service.csat(45, 60).value == 75
    assert service.nps([10, 9, 8, 7, 6, 0, 10, 10]).value == 25
    assert service.nps([]).value is None
