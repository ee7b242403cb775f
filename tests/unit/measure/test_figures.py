"""Figures: one implementation of every KPI, of which every KPI in the catalogue has one or says what it waits for."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.domain import Scope
from hub.domain.config import Config, Organisation
from hub.errors import SetupError
from hub.measure import catalogue
from hub.measure.figures import KPIS, Figures
from hub.store import Store

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)
BERLIN = Config(organisation=Organisation(name="Acme", timezone="Europe/Berlin"))


@pytest.mark.parametrize("definition", catalogue.definitions(), ids=lambda one: one.name)
def test_a_kpi_is_computed_or_says_what_it_waits_for(definition):
    assert (definition.name in KPIS) != bool(definition.needs)


def test_a_name_that_is_none_is_answered_with_the_one_that_was_meant():
    with pytest.raises(SetupError, match="Did you mean 'mentions'"):
        catalogue.definition("mention")


def test_days_begin_at_midnight_where_the_organisation_is_also_when_the_clock_changes():
    scope = Scope(since=NOON, until=NOON + timedelta(days=2))
    with Store.open("sqlite://") as store, store.read() as view:
        edges = Figures(view, BERLIN).edges(scope, "day")
    assert [edge.astimezone(UTC).isoformat() for edge in edges] == [
        "2026-03-28T12:00:00+00:00", "2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00",
        "2026-03-30T12:00:00+00:00",
    ]  # fmt: skip


def test_days_that_are_still_to_come_are_not_days_without_a_word():
    scope = Scope(since=NOON - timedelta(days=1), until=NOON + timedelta(days=2))
    with Store.open("sqlite://", clock=lambda: NOON) as store, store.read() as view:
        days = Figures(view, Config(organisation=Organisation(name="Acme"))).series("mentions", scope, "day")
    assert [(day.value, day.missing) for day in days] == [
        (0, None), (0, None), (None, "This time is still to come."), (None, "This time is still to come."),
    ]  # fmt: skip
