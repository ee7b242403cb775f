"""Sales figures, with the test vectors that others have published."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.measure import sales
from hub.measure.sales import Opportunity

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def deal(won: bool | None, days: float = 10, **facts) -> Opportunity:
    closed = None if won is None else MONDAY + timedelta(days=days)
    return Opportunity(opened_at=MONDAY, closed_at=closed, won=won, **facts)


def test_eighteen_of_a_hundred_leads_are_eighteen_percent():
    assert sales.lead_conversion(100, 18).value == 18


def test_twelve_won_and_eight_lost_are_sixty_percent_whatever_is_open():
    deals = [deal(True)] * 12 + [deal(False)] * 8 + [deal(None)] * 5
    found = sales.win_rate(deals)
    assert (found.value, found.numerator, found.denominator) == (60, 12, 20)


def test_nothing_decided_is_no_rate():
    assert sales.win_rate([deal(None)]).value is None


def test_the_cycle_is_that_of_deals_won():
    assert sales.cycle_days([deal(True, 10), deal(True, 20), deal(True, 60), deal(False, 1)]) == (30, 20)
    assert sales.cycle_days([deal(False)]) is None


def test_amounts_are_told_by_what_kind_of_deal_they_are():
    deals = [deal(True, amount=100), deal(True, amount=300), deal(True, amount=50, kind="upsell"), deal(None, amount=9)]
    assert sales.deal_size(deals).value == 200
    assert sales.upsell(deals).value == 50
    assert sales.renewal_rate(due=8, renewed=6).value == 75


def test_what_came_before_an_opportunity():
    assert sales.presale_interactions([MONDAY - timedelta(days=1), MONDAY, MONDAY + timedelta(1)], MONDAY).value == 1
    assert sales.contact_time(MONDAY, MONDAY + timedelta(hours=5)) == timedelta(hours=5)
    assert sales.contact_time(None, MONDAY) is None


@pytest.mark.parametrize(
    ("model", "expected"),
    [("first", {"a": 90}), ("last", {"b": 90}), ("primary", {"b": 90}), ("even", {"a": 60, "b": 30})],
)
def test_an_amount_is_shared_as_the_model_has_it_and_none_of_it_is_lost(model, expected):
    assert sales.attributed(90, ["a", "a", "b"], model, primary="b") == pytest.approx(expected)
    assert sales.attributed(90, [], model) == {}


def test_roi_is_what_was_earned_beyond_the_cost():
    assert sales.attributable_roi(150, 100).value == 50
    assert sales.attributable_roi(150, 0).value is None
