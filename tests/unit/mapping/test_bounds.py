"""What an expression may give, told before it is ever evaluated: never less than what really comes out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import connectors
from hub.domain import INTENTS, MappedField
from hub.errors import Unmappable
from hub.mapping import compile_expression, load_mappings
from hub.mapping.bounds import bounds_of, units
from hub.mapping.syntax import parse
from tests.contract.bench import a_handoff

TEXT = ("string",)


def bounds(expression: str, reads: str = "Lead") -> MappedField:
    return bounds_of(parse(expression, "test"), reads)


@pytest.mark.parametrize(
    ("expression", "types", "longest", "texts"),
    [
        ("'Hot'", TEXT, 3, ("Hot",)),
        ("`7`", ("number",), None, None),
        ("`null`", (), None, None),
        ("signal.intent", TEXT, max(map(len, INTENTS)), tuple(sorted(INTENTS))),
        ("signal.sentiment || 'unknown'", TEXT, 8, ("negative", "neutral", "positive", "unknown")),
        ("signal.confidence", ("number",), None, None),
        ("author.followers", ("number",), None, None),
        ("author.verified", ("boolean",), None, None),
        ("author.handle", TEXT, None, None),
        ("post.published_at", TEXT, 32, None),
        ("nothing.that_is_known", (), None, None),
        ("to.salesforce_owner_id", (), None, None),
        ("cut(post.text, `80`, 'utf16')", TEXT, 80, None),
        ("cut(post.text, `80`)", TEXT, 160, None),
        ("shorten(post.text, `80`, 'bytes')", TEXT, 80, None),
        ("cut('four', `80`, 'utf16')", TEXT, 4, None),
        ("cut(post.text, to.length)", TEXT, None, None),
        ("single_line(cut(post.text, `80`, 'utf16'))", TEXT, 80, None),
        ("if_blank(cut(author.handle, `9`, 'utf16'), 'Unnamed')", TEXT, 9, None),
        ("if_blank(author.handle, 'Unnamed')", TEXT, None, None),
        ("(lead.behaviour >= `48`) && 'Hot' || 'Warm'", TEXT, 4, ("Hot", "Warm")),
        ("lead && cut(post.text, `40`, 'utf16')", TEXT, 40, None),
        ("author.verified && cut(post.text, `40`, 'utf16')", (), 40, None),
        ("!lead", ("boolean",), None, None),
        ("author.followers > `5`", ("boolean",), None, None),
        ("compact([http_url(post.url)])[?length(@) <= `255`] | [0]", TEXT, 255, None),
        ("compact([post.text])[?length(@) <= `255`] | [0]", TEXT, 510, None),
        ("compact([post.text])[?length(@) > `255`] | [0]", TEXT, None, None),
        ("http_url(post.url, `255`)", TEXT, 255, None),
        ("round_to(signal.confidence, `2`)", ("number",), None, None),
        ("lead.reasons[].part | [0]", TEXT, 9, ("behaviour", "fit")),
        ("lines(lead.reasons[].name)", TEXT, None, None),
    ],
)
def test_what_is_told_of_an_expression(
    expression: str, types: tuple[str, ...], longest: int | None, texts: tuple[str, ...] | None
) -> None:
    told = bounds(expression)

    assert (told.types, told.longest) == (types, longest)
    assert (told.texts and tuple(sorted(told.texts))) == texts


def test_of_a_record_that_is_not_ours_no_field_is_known() -> None:
    assert bounds("signal.intent", "MastodonStatus") == MappedField()
    assert bounds("cut(content, `9`, 'utf16')", "MastodonStatus").longest == 9


@given(
    st.sampled_from(
        ["cut(t, `7`, 'utf16')", "cut(t, `7`)", "shorten(t, `7`, 'bytes')", "shorten(t, `7`)", "trim(cut(t, `7`))",
         "single_line(cut(t, `7`, 'utf16'))", "printable(shorten(t, `7`))", "if_blank(cut(t, `7`), 'Unnamed')",
         "compact([t])[?length(@) <= `7`] | [0]", "t && 'Hot' || 'Warm'", "cut(t, `3`) || cut(t, `7`)"]
    ),
    st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.lists(st.text(), max_size=3)),
)  # fmt: skip
def test_nothing_longer_ever_comes_out(expression: str, value: Any) -> None:
    try:
        made = compile_expression(expression)({"t": value})
    except Unmappable:
        return  # nothing came out
    told = bounds(expression, "a record")

    assert not isinstance(made, str) or told.longest is None or units(made) <= told.longest
    assert made is None or not told.texts or made in told.texts


def test_what_the_mappings_make_is_what_they_promise() -> None:
    for name in ("salesforce", "zendesk", "slack"):
        for mapping in load_mappings(connectors.mapping_path(name)):
            made = mapping.apply(a_handoff(mapping.reads, 1, 1).plain() | {"to": {}}) or {}
            for field, promise in mapping.promise.fields.items():
                if "." not in field and "[" not in field and made.get(field) is not None:
                    assert not promise.types or type_of(made[field]) in promise.types, field
                    assert promise.texts is None or made[field] in promise.texts, field


def type_of(value: Any) -> str:
    known = {str: "string", bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}
    return known[type(value)]
