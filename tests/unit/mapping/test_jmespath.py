"""The compiler is JMESPath: it passes the language's own tests and agrees with jmespath.py on anything."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import jmespath
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from hub.errors import HubError, MappingError
from hub.mapping import compile_expression

REPO = Path(__file__).parents[3]
OFFICIAL = Path(os.environ.get("HUB_SHARED", REPO.parent / "shared")) / "contracts" / "jmespath"
FILES = [
    "basic", "benchmarks", "boolean", "current", "escape", "filters", "functions", "identifiers", "indices",
    "literal", "multiselect", "pipe", "slice", "syntax", "unicode", "wildcard",
]  # fmt: skip


def outcome(search: Any, document: Any) -> str:
    """What comes of a search, as text in which 1, 1.0 and true differ."""
    try:
        return json.dumps(search(document))
    except (HubError, ValueError, TypeError, OverflowError, AttributeError):
        return "an error"


@pytest.mark.shared
@pytest.mark.parametrize("name", FILES)
def test_the_official_cases_hold(name: str) -> None:
    path = OFFICIAL / f"{name}.json"
    if not path.exists():
        pytest.skip(f"the official JMESPath cases are not here: {path}")
    wrong = []
    asked = 0

    for group in json.loads(path.read_bytes()):
        for case in group["cases"]:
            asked += 1
            try:
                found = json.dumps(compile_expression(case["expression"])(group["given"]), sort_keys=True)
            except HubError:
                found = "an error"
            wanted = "an error" if "error" in case else json.dumps(case.get("result"), sort_keys=True)
            if found != wanted and "bench" not in case:
                wrong.append((case["expression"], found, wanted))

    assert asked
    assert wrong == []


# Random expressions over random documents. Few names, so that paths often meet something.

NAMES = st.sampled_from(["a", "b", "c", '"d e"'])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(-2, 2, allow_nan=False, width=16),
    st.sampled_from(["", "a", "b", "ab", "1", "0.5"]),
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["a", "b", "c", "d e"]), inner, max_size=4)
    ),
    max_leaves=25,
)
LITERALS = st.one_of(SCALARS, st.lists(SCALARS, max_size=2)).map(lambda value: f"`{json.dumps(value)}`")
ORDER = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
ONE = st.sampled_from([
    "abs", "avg", "ceil", "floor", "keys", "length", "max", "min", "not_null", "reverse", "sort", "sum", "to_array",
    "to_number", "to_string", "type", "values",
])  # fmt: skip
TWO = st.sampled_from(["contains", "ends_with", "join", "merge", "not_null", "starts_with"])
BY = st.sampled_from(["max_by", "min_by", "sort_by"])
BOUND = st.one_of(st.just(""), st.integers(-3, 3).map(str))
STEP = st.sampled_from(["", "1", "2", "-1", "-2"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}.{}".format, inner, NAMES),
        st.builds("{}.*".format, inner),
        st.builds("({}).{}".format, inner, NAMES),
        st.builds("{}[{}]".format, inner, st.integers(-2, 2)),
        st.builds("{}[{}:{}:{}]".format, inner, BOUND, BOUND, STEP),
        st.builds("{}[]".format, inner),
        st.builds("{}[*].{}".format, inner, inner),
        st.builds("{}[?{}].{}".format, inner, inner, NAMES),
        st.builds("{}[?{} {} {}]".format, inner, inner, ORDER, inner),
        st.builds("{} || {}".format, inner, inner),
        st.builds("{} && {}".format, inner, inner),
        st.builds("({} && {} || {})".format, inner, LITERALS, inner),
        st.builds("!{}".format, inner),
        st.builds("({} {} {})".format, inner, ORDER, inner),
        st.builds("({} {} {})".format, inner, ORDER, LITERALS),
        st.builds("{} | {}".format, inner, inner),
        st.builds("({} | {})".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{x: {}, y: {}}}".format, inner, inner),
        st.builds("{}.[{}, {}]".format, inner, NAMES, inner),
        st.builds("{}.{{x: {}}}".format, inner, inner),
        st.builds("{}({})".format, ONE, inner),
        st.builds("{}({}, {})".format, TWO, inner, inner),
        st.builds("{}({}, &{})".format, BY, inner, inner),
        st.builds("map(&{}, {})".format, inner, inner),
    )


EXPRESSIONS = st.recursive(st.one_of(NAMES, NAMES, st.just("@"), LITERALS), larger, max_leaves=8)


@settings(max_examples=1500, deadline=None)
@given(EXPRESSIONS, DOCUMENTS)
def test_any_expression_over_any_document_gives_what_jmespath_py_gives(expression: str, document: Any) -> None:
    try:
        reference = jmespath.compile(expression)
    except ValueError:
        with pytest.raises(MappingError):
            compile_expression(expression)
        return
    try:
        ours = compile_expression(expression)
    except MappingError:  # a constant of the wrong type: we refuse it before there is a document
        reject()

    assert outcome(ours, document) == outcome(reference.search, document)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab.[]*?|&!=<>(){},:@`'\" 01-", max_size=20))
def test_nonsense_is_refused_with_a_mapping_error_exactly_when_jmespath_py_refuses_it(text: str) -> None:
    try:
        jmespath.compile(text)
    except ValueError:
        with pytest.raises(MappingError):
            compile_expression(text)
        return
    with suppress(MappingError):  # a function or a constant that jmespath.py refuses when it evaluates it
        compile_expression(text)({})


@pytest.mark.parametrize(
    ("expression", "depth"),
    [("a[*].", 60), ("a || ", 120), ("(a && ", 60), ("map(&", 30), ("[", 40), ("a.", 300), ("!", 80)],
)
def test_deep_expressions_compile(expression: str, depth: int) -> None:
    endings = {"(": ")", "[": "]"}
    closing = {"map(&": ", @)"}.get(expression, endings.get(expression[0], ""))
    written = expression * depth + "a" + closing * depth

    assert outcome(compile_expression(written), {"a": 1}) == outcome(jmespath.compile(written).search, {"a": 1})


@pytest.mark.parametrize("constant", ["0", "0.0", "1", "-1", '""', '"a"', "[]", "[0]", "{}", "null", "true", "false"])
@pytest.mark.parametrize(
    "pattern", ["`{}` || 'x'", "!`{}`", "`{}` && 'x'", "[?`{}`]", "@ && `{}` || 'x'", "[?@ == `{}`]"]
)
def test_a_constant_is_true_or_false_as_in_jmespath(pattern: str, constant: str) -> None:
    written = pattern.format(constant)
    document = [0, 1, 0.0, True, False, None, "", "a", [], [0], [False], {}]

    assert outcome(compile_expression(written), document) == outcome(jmespath.compile(written).search, document)


def test_what_refuses_a_record_refuses_it_even_where_its_result_is_not_used() -> None:
    for written in ("length(a) | 'x'", "[length(a)] | [1]", "(a < b) | 'x'", "{x: length(a)}.y", "[?length(@)] | 'x'"):
        document = {"a": None, "b": 1} if "[?" not in written else [None]
        assert outcome(compile_expression(written), document) == outcome(jmespath.compile(written).search, document)


def test_a_constant_list_is_made_afresh_for_every_record() -> None:
    apply = compile_expression("tags || `[]`")
    apply({}).append("spoilt")

    assert apply({}) == []


def test_text_of_a_mapping_cannot_become_code() -> None:
    hostile = "'); raise SystemExit('\n__import__(\"os\")"
    apply = compile_expression(json.dumps(hostile))

    assert apply({hostile: "data"}) == "data"
    assert compile_expression(f"`{json.dumps(hostile)}`")({}) == hostile
