"""Which reports there are, and of which time they are."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from hub.domain.config import Config, Organisation
from hub.domain.reports import Addressees, OwnReport, SectionPlan
from hub.errors import SetupError
from hub.stages.report import called, period_of, plan_named, plans
from hub.stages.report.periods import before
from hub.stages.report.plans import kpis_of
from tests.unit.stages.world import REPO

FOLDER = REPO / "mappings" / "reports"
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 31, 9, tzinfo=UTC)  # two days after clocks went forward


def having(*reports: OwnReport) -> Config:
    return Config(organisation=Organisation(name="Acme"), reports=reports)


def test_every_department_has_a_daily_and_a_weekly_report_that_shows_figures() -> None:
    there = plans(having(), FOLDER)

    departments = ("executive", "marketing", "pr", "sales", "service", "operations")
    assert {(plan.department, plan.period) for plan in there} == {
        (department, period) for department in departments for period in ("day", "week")
    }
    assert [plan.name for plan in there if not any(kpis_of(section) for section in plan.sections)] == []


def test_hub_yaml_says_whom_a_shipped_report_goes_to_and_what_else_is_otherwise() -> None:
    own = OwnReport(name="sales-weekly", title="Sales, on Mondays", to=Addressees(slack=("#sales",)))

    changed = plan_named("sales-weekly", plans(having(own), FOLDER))

    assert (changed.title, changed.to.slack, changed.department) == ("Sales, on Mondays", ("#sales",), "sales")
    assert len(changed.sections) >= 2


def test_a_report_can_be_left_out_and_one_of_its_own_added() -> None:
    section = SectionPlan(title="Talk", kpis=("mentions",))
    own = OwnReport(name="board", title="Board", department="executive", period="week", sections=(section,))

    names = {plan.name for plan in plans(having(own, OwnReport(name="pr-daily", enabled=False)), FOLDER)}

    assert "board" in names
    assert "pr-daily" not in names


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ((OwnReport(name="board"),), "needs title, department, period, sections"),
        ((OwnReport(name="pr-daily"), OwnReport(name="pr-daily")), "two reports of one name"),
        (
            (OwnReport(name="pr-daily", sections=(SectionPlan(title="x", kpis=("mention",)),)),),
            "Did you mean 'mentions'",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(own: tuple[OwnReport, ...], said: str) -> None:
    with pytest.raises(SetupError, match=said):
        plans(having(*own), FOLDER)


@pytest.mark.parametrize("address", ["ceo", "a@b@c", "x\r\nBcc: y@z", "Ceo <ceo@acme.test>", "a b@acme.test"])
def test_an_addressee_that_is_none_is_refused_where_it_is_written(address: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        Addressees.from_plain({"email": [address]})


@pytest.mark.parametrize(
    ("said", "since", "until"),
    [
        ("yesterday", "2026-03-29T22:00", "2026-03-30T22:00"),
        ("today", "2026-03-30T22:00", "2026-03-31T22:00"),
        ("last-week", "2026-03-22T23:00", "2026-03-29T22:00"),  # an hour shorter: clocks went forward
        ("2026-W12", "2026-03-15T23:00", "2026-03-22T23:00"),
        ("2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("2026-03-01/2026-03-04", "2026-02-28T23:00", "2026-03-03T23:00"),
    ],
)
def test_a_period_is_of_whole_days_at_the_organisations_place(said: str, since: str, until: str) -> None:
    scope = period_of(said, now=NOW, zone=BERLIN)

    assert (f"{scope.since:%Y-%m-%dT%H:%M}", f"{scope.until:%Y-%m-%dT%H:%M}") == (since, until)


@pytest.mark.parametrize(
    "said", ["", "soon", "2026-W60", "2026-02-30", "2026-03-04/2026-03-01", "0001-01-01/2026-01-01"]
)
def test_words_that_mean_no_period_are_told_how_to_write_one(said: str) -> None:
    with pytest.raises(SetupError, match="2026-W47"):
        period_of(said, now=NOW, zone=BERLIN)


def test_the_period_before_is_as_many_days_and_called_as_people_do() -> None:
    week = period_of("last-week", now=NOW, zone=BERLIN)

    assert called(week, BERLIN) == "2026-W13"
    assert called(before(week, BERLIN), BERLIN) == "2026-W12"
    assert before(week, BERLIN).until == week.since
