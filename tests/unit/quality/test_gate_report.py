"""The report of the batch gate: one self-contained page, safe to open whatever the keys hold."""

import json
from datetime import UTC, datetime
from html.parser import HTMLParser

from hub.quality.report import ROWS_SHOWN, render_html, render_json
from hub.quality.verdict import Checked, Verdict

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
NASTY = "<script>document.title='x'</script>"


class Shape(HTMLParser):
    """The elements and attributes of a page, without its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _ in attrs)))
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action")]


def verdict(text: str, rows: int = 1) -> Verdict:
    return Verdict(
        state="held",
        rows=rows,
        failures={f"{text}{number}": ("expect_column_values_to_be_unique",) for number in range(rows)},
        results=(
            Checked(expectation="expect_column_values_to_be_unique", column=text, success=False, why=text, raised=text),
            Checked(expectation="expect_column_values_to_not_be_null", column="key", success=True),
        ),
        reasons=(text,),
    )


def test_the_page_says_what_happened() -> None:
    page = render_html(verdict("x:tweet:1"), title="Run 7", at=AT)

    facts = ("Run 7", "held", "x:tweet:10", "expect_column_values_to_be_unique", "not evaluated", "2026-11-20")
    for fact in facts:
        assert fact in page


def test_nothing_in_a_key_or_message_becomes_part_of_the_page() -> None:
    nasty = render_html(verdict(NASTY), title=NASTY, at=AT)
    plain = render_html(verdict("x"), title="x", at=AT)

    assert Shape(nasty).seen == Shape(plain).seen


def test_the_page_loads_nothing_from_anywhere() -> None:
    page = render_html(verdict("x"), title="x", at=AT)

    assert Shape(page).addresses == []
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_a_long_list_is_cut_and_says_so() -> None:
    page = render_html(verdict("k", rows=ROWS_SHOWN + 5), title="x", at=AT)

    assert page.count("<tr><td><code>k") == ROWS_SHOWN
    assert "And 5 more." in page


def test_a_good_run_has_a_short_page() -> None:
    page = render_html(Verdict(state="passed", rows=3), title="x", at=AT)

    assert "Every row goes on." in page
    assert "quarantine</caption>" not in page


def test_programs_get_the_same_facts() -> None:
    facts = json.loads(render_json(verdict("k", rows=3), title="Run 7", at=AT))

    assert facts["state"] == "held"
    assert facts["title"] == "Run 7"
    assert set(facts["failures"]) == {"k0", "k1", "k2"}
