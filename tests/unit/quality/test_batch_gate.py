"""The batch gate: Great Expectations over a run, in our words: passed, split or held, and never a silent pass."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.domain import Author, Expectations, Post
from hub.errors import SetupError
from hub.quality.gate import Verdict, check_batch, columns_of

REPO = Path(__file__).resolve().parents[3]
SUITE = REPO / "mappings" / "_expectations.json"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KNOWN = {"x": Expectations(posts_no_older_than_hours=6, text_present_at_least=0.9), "mastodon": Expectations()}


def post(number: int, *, network: str = "x", author: str = "9", **changes: Any) -> Post:
    made = Post(
        key=f"{network}:tweet:{number}", network=network, native_id=str(number), text="A machine", lang="en",
        published_at=NOW - timedelta(hours=1), collected_at=NOW,
        author=Author(key=f"{network}:account:{author}", native_id=author),
    )  # fmt: skip
    return made.with_(**changes)


def posts(count: int, **changes: Any) -> list[Post]:
    return [post(number, author=str(number), **changes) for number in range(count)]


def check(these: list[Post], suite: Path = SUITE) -> Verdict:
    return check_batch(columns_of(these, NOW), suite, networks=KNOWN)


def write(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"name": "own", "expectations": entries}), "utf-8")
    return path


def broken(verdict: Verdict) -> list[str]:
    return [result.expectation for result in verdict.results if not result.success]


def test_good_posts_pass() -> None:
    verdict = check(posts(30))

    assert verdict.state == "passed"
    assert verdict.rows == 30
    assert verdict.failures == {}
    assert broken(verdict) == []


def test_no_posts_pass_without_looking(tmp_path: Path) -> None:
    assert check([], tmp_path / "there is no such file.json") == Verdict(state="passed")


def test_the_same_post_twice_is_nothing_odd() -> None:
    twice = posts(5)

    verdict = check([*twice, *twice])

    assert verdict.state == "passed"
    assert verdict.rows == 5


def test_a_watch_that_does_not_show_the_author_claims_nothing() -> None:
    shown = posts(5)
    nobody = [each.with_(author=Author(key="x:account:of", native_id=f"of:{each.native_id}")) for each in shown]

    assert check([*nobody, *shown]).state == "passed"
    assert check([*nobody, *nobody]).state == "passed"


def test_a_key_that_two_authors_claim_goes_to_quarantine() -> None:
    verdict = check([*posts(5), post(3, author="another")])

    assert verdict.state == "split"
    assert verdict.failures == {"x:tweet:3": ("expect_column_values_to_be_unique",)}


def test_only_the_rows_that_break_something_are_named() -> None:
    bad = [post(40, published_at=NOW + timedelta(days=2)), post(41, network="unheard_of")]

    verdict = check([*posts(10), *bad])

    assert verdict.state == "split"
    assert verdict.failures == {
        "x:tweet:40": ("expect_column_values_to_be_between",),
        "unheard_of:tweet:41": ("expect_column_values_to_be_in_set",),
    }


def test_when_most_rows_break_something_the_source_has_changed_and_all_are_held() -> None:
    verdict = check(posts(25, published_at=NOW + timedelta(days=2)))

    assert verdict.state == "held"
    assert any("25 of 25 rows" in reason for reason in verdict.reasons)


def test_what_a_manifest_expects_is_asked_of_its_network_alone() -> None:
    silent = [post(number, author=str(number), text="") for number in range(30)]
    others = [post(number, network="mastodon", text="") for number in range(30)]

    verdict = check([*silent, *others])

    assert verdict.state == "passed"
    assert [(one.column, one.network) for one in verdict.warnings] == [("has_text", "x")]
    assert verdict.warnings[0].unexpected == 30


def test_old_news_from_a_lively_network_is_a_warning() -> None:
    verdict = check(posts(3, published_at=NOW - timedelta(hours=30)))

    assert verdict.state == "passed"
    assert [one.expectation for one in verdict.warnings] == ["expect_column_min_to_be_between"]
    assert verdict.warnings[0].observed == 30.0


def test_an_expectation_that_cannot_be_evaluated_holds_the_run(tmp_path: Path) -> None:
    suite = write(
        tmp_path / "own.json",
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "no_such_column", "min_value": 1},
            "meta": {"on_failure": "split"},
        },
    )

    verdict = check(posts(3), suite)

    assert verdict.state == "held"
    assert "no_such_column" in verdict.reasons[0]
    assert verdict.results[0].raised


def test_an_expectation_over_the_whole_may_hold_the_run(tmp_path: Path) -> None:
    suite = write(
        tmp_path / "own.json",
        {
            "type": "expect_table_row_count_to_be_between",
            "kwargs": {"max_value": 2},
            "meta": {"on_failure": "hold", "why": "Too many at once."},
        },
    )

    verdict = check(posts(3), suite)

    assert verdict.state == "held"
    assert "observed 3" in verdict.reasons[0]


def test_a_whole_that_should_be_split_but_names_no_rows_is_held(tmp_path: Path) -> None:
    suite = write(
        tmp_path / "own.json",
        {
            "type": "expect_column_max_to_be_between",
            "kwargs": {"column": "text_length", "max_value": 2},
            "meta": {"on_failure": "split"},
        },
    )

    assert check(posts(3), suite).state == "held"


def test_rows_may_come_as_rows(tmp_path: Path) -> None:
    suite = write(
        tmp_path / "own.json",
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "name"}, "meta": {"on_failure": "split"}},
    )

    verdict = check_batch([{"id": 1, "name": "a"}, {"id": 2}], suite, id_column="id")

    assert verdict.state == "split"
    assert verdict.failures == {"2": ("expect_column_values_to_not_be_null",)}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("not json", "no suite of expectations"),
        ("[]", "no suite of expectations"),
        ('{"expectations": [{"type": "expect_x", "kwargs": {}}]}', "must say `on_failure`"),
        (
            '{"expectations": [{"type": "expect_x", "kwargs": {}, "meta": {"on_failure": "warn"}}]}',
            "no expectation: expect_x",
        ),
    ],
)
def test_a_suite_that_is_none_is_a_setup_error_naming_the_file(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "own.json"
    path.write_text(content, "utf-8")

    with pytest.raises(SetupError, match=rf"own\.json.*{complaint}"):
        check(posts(1), path)


def test_no_text_or_name_reaches_the_gate() -> None:
    author = Author(key="x:account:9", native_id="9", handle="zqxjkv", display_name="zqxjkv")

    columns = columns_of([post(1, text="zqxjkv").with_(author=author)], NOW)

    assert "zqxjkv" not in json.dumps(columns, default=str)


def test_a_verdict_survives_being_stored() -> None:
    verdict = check([*posts(5), post(3, author="another")])

    assert Verdict.from_plain(json.loads(json.dumps(verdict.plain()))) == verdict
