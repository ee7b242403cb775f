"""The functions of the language: each is what its page says, and none of ours fails on any value."""

import inspect
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import MappingError, Unmappable
from hub.mapping import FUNCTIONS, compile_expression

OURS = sorted(name for name, known in FUNCTIONS.items() if not known.standard)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters(codec=None, exclude_categories=()), max_size=30),
        st.sampled_from(["seconds", "utf16", "https://a.test/", "2026-05-01", "<p>", "&#x;", "\ud800", "1e999"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)


def call(name: str, *arguments: Any) -> Any:
    return FUNCTIONS[name].call(*arguments)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_example_in_the_reference_is_true(name: str) -> None:
    known = FUNCTIONS[name]

    assert compile_expression(known.example)({}) == known.gives
    assert f"{name}(" in known.example


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_says_in_a_sentence_what_it_gives(name: str) -> None:
    first = FUNCTIONS[name].about.splitlines()[0]

    assert len(first) > 10
    assert first.endswith((".", "null", "null."))


@pytest.mark.parametrize("name", OURS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_our_functions_take_any_value_and_never_fail(name: str, data: st.DataObject) -> None:
    least, most = FUNCTIONS[name].arity
    count = data.draw(st.integers(least, most if most is not None else least + 3))
    arguments = [data.draw(VALUES) for _ in range(count)]

    result = call(name, *arguments)

    assert FUNCTIONS[name].nullable or result is not None


def test_our_functions_give_null_for_null() -> None:
    speaking_of_null = {"if_blank", "pick", "html_links"}
    for name in sorted(set(OURS) - speaking_of_null):
        least, _ = FUNCTIONS[name].arity
        assert call(name, *[None] * least) is None, name


def test_a_signature_shows_what_may_be_left_out() -> None:
    assert FUNCTIONS["cut"].signature == "cut(text, length, [unit])"
    assert FUNCTIONS["merge"].signature == "merge(first, [...objects])"
    assert FUNCTIONS["map"].signature == "map(expression, array)"


def test_a_standard_function_refuses_a_wrong_type_without_showing_the_value() -> None:
    with pytest.raises(Unmappable, match=r"length\(\) takes string or array or object, not number") as refusal:
        compile_expression("length(secret)")({"secret": 4711})

    assert refusal.value.reason == "wrong_type"
    assert "4711" not in str(refusal.value)


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("lowercase(a)", r"no function lowercase\(\)\. Did you mean lower"),
        ("a || trimm(b)", r"column 6: there is no function trimm\(\)\. Did you mean trim\?"),
        ("cut(a)", r"cut\(\) was given 1 arguments; it is cut\(text, length, \[unit\]\)"),
        ("cut(a, '5')", r"cut\(\) takes number or null as its length, not string"),
        ("sort_by(a, b)", r"put & before it"),
        ("length(&a)", r"takes no expression \(&\)"),
        ("slack_escape(lines([slack_escape(a), b]))", "exactly once"),
        ("a[::0]", "step of 0"),
        ("a = b", "Write == to compare"),
        ("'open", "Close the quotation mark"),
        ("a ||", "ends too early"),
        ("", "the expression is empty"),
    ],
)
def test_what_can_never_work_is_refused_when_it_is_read(expression: str, complaint: str) -> None:
    with pytest.raises(MappingError, match=complaint):
        compile_expression(expression)


def test_each_function_is_registered_from_a_module_of_the_room() -> None:
    modules = {inspect.getmodule(known.call).__name__ for known in FUNCTIONS.values() if not known.standard}  # type: ignore[union-attr]

    rooms = ("html", "links", "marks", "markup", "moments", "text", "values")
    assert modules == {f"hub.mapping.{name}" for name in rooms}


# Values and arrays


def test_find_by_joins_two_lists_of_a_record() -> None:
    record = {"data": {"author_id": "2"}, "users": [{"id": "1"}, "noise", {"id": "2", "name": "Ana"}]}

    assert compile_expression("find_by(users, 'id', data.author_id).name")(record) == "Ana"
    assert compile_expression("find_by(users, 'id', data.missing)")(record) is None
    assert compile_expression("find_by(users, 'id', `1`)")({"users": [{"id": True}]}) is None


def test_if_blank_passes_over_white_space_but_not_over_zero() -> None:
    assert call("if_blank", " \n", "none") == "none"
    assert call("if_blank", 0, "none") == 0
    assert call("if_blank", False, "none") is False


def test_numbers_are_said_as_people_write_them() -> None:
    assert call("say_number", 1234.5) == "1,234.5"
    assert call("say_number", -0.001) == "0"
    assert call("say_short_number", 999) == "999"
    assert call("say_short_number", 1_950) == "1.9k"
    assert call("say_short_number", 2_000_000) == "2M"
    assert call("say_list", ["Ana"]) == "Ana"
    assert call("say_list", []) is None
    assert call("as_text", 7.0) == "7"


# Addresses


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "vbscript:x", "data:text/html,x", "//a.test", "http://",
            "https://a.test/\nx", "https:// a.test", "ftp://a.test/x", "http://[::1", ""],
)  # fmt: skip
def test_an_address_that_is_not_plain_http_is_null(url: str) -> None:
    assert call("http_url", url) is None


def test_an_address_comes_out_as_it_went_in_or_not_at_all() -> None:
    url = "HTTPS://Blog.acme.test:8443/a?b=%20#c"

    assert call("http_url", url) == url
    assert call("http_url", url, 10) is None
    assert call("host", url) == "blog.acme.test"
