"""Cards: what is compared with what, and how a figure is said."""

from datetime import UTC, datetime, timedelta

import pytest

from command_centre import words
from command_centre.figured import Card, scale
from command_centre.pictures import harmless
from hub.domain import Figure, Scope
from hub.measure import catalogue

NOW = datetime(2026, 3, 30, tzinfo=UTC)
SCOPE = Scope(since=NOW - timedelta(days=7), until=NOW)


def figure(value, **more):
    return Figure(definition="x@1", scope=SCOPE, value=value, **more)


def card(now, before, name="mentions"):
    return Card(now, catalogue.definition(name), before, "")


def test_a_count_changes_in_per_cent_and_points_in_points():
    assert card(figure(12.0), figure(8.0)).change == "+50.0\u202f%"
    assert card(figure(-3.5), figure(8.0), "net_sentiment").change == "−11.5"


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (figure(12.0, partial=True), figure(8.0)), (figure(12.0), figure(8.0, partial=True)), (figure(12.0), None),
        (figure(None), figure(8.0)), (figure(12.0), figure(None)), (figure(12.0), figure(0.0)),
    ],
)  # fmt: skip
def test_what_was_not_wholly_seen_is_compared_with_nothing(now, before):
    assert card(now, before).change is None


def test_more_is_better_only_where_the_definition_says_so():
    assert card(figure(1.0), figure(8.0), "net_sentiment").way == "bad"
    assert card(figure(9.0), figure(8.0), "net_sentiment").way == "good"
    assert card(figure(9.0), figure(8.0)).way == ""


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1204.0, "count", "1\u202f204"), (45.25, "percent", "45.2\u202f%"), (-12.3, "points", "−12.3"),
        (5.0, "points", "+5.0"), (90.0, "seconds", "2 min"), (0.5, "ratio", "0.50"), (None, "count", "–"),
    ],
)  # fmt: skip
def test_a_figure_is_said_in_its_unit(value, unit, said):
    assert words.figured(value, unit) == said


def test_long_times_are_drawn_in_hours():
    meant = catalogue.definition("mentions").with_(unit="seconds")

    assert scale(meant, [figure(7200.0)]) == (3600.0, "hours")
    assert scale(meant, [figure(600.0)]) == (60.0, "minutes")
    assert scale(catalogue.definition("mentions"), [figure(7200.0)]) == (1.0, "count")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", '=cmd|"/c calc"!A1'])
def test_no_text_is_a_formula(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(
    ("cell", "kept"), [("Acme", "Acme"), (-1.5, -1.5), (None, ""), (True, True), ("a\0\ud83d", "a")]
)
def test_other_cells_stay_as_they_are(cell, kept):
    assert harmless(cell) == kept
