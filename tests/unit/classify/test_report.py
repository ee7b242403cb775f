"""A report: who was taken for what, how sure is how right, what would change."""

from datetime import UTC, datetime

import pytest

from hub.classify import default_engine
from hub.classify.examples import Example
from hub.classify.report import FieldReport, f1, macro_f1, report
from hub.classify.training import Answered, train
from tests.unit.classify.invented import feelings

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def told(*rows: tuple[str, str, str, float], field: str = "sentiment", network: str = "x") -> FieldReport:
    """A report of these rows: text, what it is, what it was found to be, how likely."""
    examples = [Example(text=text, labels={field: truth}, network=network) for text, truth, _, _ in rows]
    answered = Answered(
        field, examples, [row[1] for row in rows], [row[2] for row in rows], [row[3] for row in rows], {}
    )
    return report("1", [answered], default_engine()).fields[0]


def test_each_network_with_enough_posts_has_a_table_of_its_own() -> None:
    rows = [*feelings(network="x")[:300], *feelings(network="reddit")[:100], *feelings(network="rare")[:5]]

    trained = train(rows, base=default_engine(), now=NOW)
    groups = [one.group for one in report("1", trained.answered, default_engine()).fields[0].confusion]

    assert groups == ["all", "lang:en", "network:x", "network:reddit"]


def test_the_table_says_who_was_taken_for_what() -> None:
    (table,) = told(("a", "positive", "neutral", 0.6), ("b", "positive", "positive", 0.9)).confusion

    assert table.table == {"positive": {"neutral": 1, "positive": 1}}
    assert table.accuracy == 0.5


def test_what_the_model_would_mend_and_break_is_counted() -> None:
    against = told(
        ("I love it", "positive", "positive", 0.9),
        ("I love this delay", "negative", "negative", 0.9),  # the rules hear love
        ("terrible", "negative", "positive", 0.6),
    ).against

    assert against is not None
    assert (against.agreed, against.mended, against.broken) == (1, 1, 1)
    assert against.changes == {"positive → negative": 1, "negative → positive": 1}


def test_a_field_that_no_engine_answers_is_compared_with_nothing() -> None:
    assert told(("a", "tea", "tea", 0.9), field="drink").against is None


def test_calibration_is_off_by_what_was_said_less_what_was_right() -> None:
    off = told(*[("a", "positive", found, 0.9) for found in ("positive", "negative")])

    assert off.calibration_error == pytest.approx(0.4)
    assert [(one.posts, one.said, one.right) for one in off.calibration] == [(2, 0.9, 0.5)]


def test_f1_is_what_the_books_say() -> None:
    truth, found = ["a", "a", "b"], ["a", "b", "b"]

    assert f1(truth, found, "a") == pytest.approx(2 / 3)
    assert macro_f1(truth, found) == pytest.approx(2 / 3)
