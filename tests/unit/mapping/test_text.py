"""Texts: cut where readers would cut them, harmless where they are shown."""

from html import unescape

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.mapping import FUNCTIONS

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
EMOJI_TEXT = st.lists(
    st.sampled_from(["a", " ", "👩‍👩‍👧", "🇩🇪", "é", "e\u0301", "กำ", "👍🏽", "\r\n", "한", "\ud800"])
).map("".join)
TEXTS = st.one_of(ANY_TEXT, EMOJI_TEXT)
SIZES = {
    "characters": len,
    "utf16": lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
    "bytes": lambda text: len(text.encode("utf-8", "surrogatepass")),
}

cut = FUNCTIONS["cut"].call
shorten = FUNCTIONS["shorten"].call
slack_escape = FUNCTIONS["slack_escape"].call
slack_cut = FUNCTIONS["slack_cut"].call
slack_link = FUNCTIONS["slack_link"].call
break_placeholders = FUNCTIONS["break_placeholders"].call
single_line = FUNCTIONS["single_line"].call


def edges(text: str) -> set[int]:
    """The places at which a reader's characters begin or end."""
    return {0, *(grapheme.end() for grapheme in regex.finditer(r"\X", text))}


@settings(max_examples=500, deadline=None)
@given(TEXTS, st.integers(0, 40), st.sampled_from(sorted(SIZES)))
def test_a_cut_text_is_the_longest_beginning_that_fits_and_ends_on_a_grapheme(
    text: str, length: int, unit: str
) -> None:
    kept = cut(text, length, unit)
    size = SIZES[unit]

    assert text.startswith(kept)
    assert size(kept) <= length
    assert len(kept) in edges(text)
    longer = [edge for edge in edges(text) if edge > len(kept)]
    assert not longer or size(text[: min(longer)]) > length


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.integers(0, 40), st.sampled_from(sorted(SIZES)))
def test_a_shortened_text_fits_and_shows_that_it_was_shortened(text: str, length: int, unit: str) -> None:
    short = shorten(text, length, unit)

    assert SIZES[unit](short) <= length
    assert short == text or short == "" or short.endswith("…")


def test_a_family_is_not_torn_apart() -> None:
    assert cut("👩‍👩‍👧!", 4) == ""
    assert cut("👩‍👩‍👧!", 5) == "👩‍👩‍👧"
    assert cut("👩‍👩‍👧!", 5, "utf16") == ""


def test_a_tower_of_accents_is_cut_in_linear_time() -> None:
    tower = "a" + "\u0301" * 1_000_000

    assert cut(tower, 100) == ""
    assert cut("b" + tower, 100) == "b"


@settings(max_examples=500, deadline=None)
@given(TEXTS)
@example("<!channel> <@U1> <#C1> <https://evil.test|acme.test>")
@example("R&D &amp; Q&A")
def test_slack_sees_no_token_and_a_reader_sees_the_text(text: str) -> None:
    escaped = slack_escape(text)

    assert not {"<", ">"} & set(escaped)
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="a&<>👍"), st.integers(0, 30))
def test_text_cut_for_slack_fits_and_holds_no_half_escape(text: str, length: int) -> None:
    kept = slack_cut(text, length)

    assert len(kept.encode("utf-16-le")) // 2 <= length
    assert text.startswith(unescape(kept))
    assert slack_escape(unescape(kept)) == kept


@given(TEXTS, TEXTS)
def test_a_slack_link_is_one_token_or_none(url: str, label: str) -> None:
    link = slack_link("https://a.test/" + url, label) or ""

    marks = [mark for mark in link if mark in "<>|"]
    assert marks in (["<", ">"], ["<", "|", ">"]) or not {"<", ">"} & set(link)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="{%} a"))
def test_no_placeholder_survives_and_nothing_else_changes(text: str) -> None:
    broken = break_placeholders(text)

    assert "{{" not in broken
    assert "{%" not in broken
    assert broken.replace("\u200b", "") == text


@given(TEXTS)
def test_a_single_line_has_no_break_and_no_control(text: str) -> None:
    line = single_line(text)

    assert len(line.splitlines()) <= 1
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in line)
    assert line == line.strip()


@pytest.mark.parametrize(
    ("parts", "said"),
    [(["a", None, " ", "b"], "a\nb"), ([], None), ([None, ""], None), (None, None), ([1, "a"], "1\na")],
)
def test_lines_pass_over_what_is_blank(parts: list[str | None] | None, said: str | None) -> None:
    assert FUNCTIONS["lines"].call(parts) == said


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("Fast &amp; quiet &lt;3", "Fast & quiet <3"),
        ("R&D &amp; Q&A", "R&D &amp; Q&A"),  # whoever encodes would have encoded the other two as well
        ("<b> is written &lt;b&gt;", "<b> is written &lt;b&gt;"),
        ("&#x26;&#38;", "&&"),
    ],
)
def test_entities_are_decoded_where_somebody_encoded_them(sent: str, said: str) -> None:
    assert FUNCTIONS["decode_entities"].call(sent) == said


def test_an_entity_of_a_million_digits_is_left_alone() -> None:
    text = "&#" + "9" * 1_000_000 + ";"

    assert FUNCTIONS["decode_entities"].call(text) == text
