"""A function that is written out says what the function says, of whatever it is given."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.errors import Unmappable
from hub.mapping import FUNCTIONS, compile_expression, load_mapping
from hub.mapping.inline import ALWAYS_SHOWN, KEEP_SHOWN, WRITINGS
from hub.mapping.text import is_blank

Call = Callable[[Any, Any], Any]


def call(name: str, *given: Any) -> Any:
    return FUNCTIONS[name].call(*given)


SAID: dict[str, Call] = {  # of a and b, as the functions themselves say it
    "cut(a, `3`)": lambda a, b: call("cut", a, 3),
    "cut(a, `3`, 'utf16')": lambda a, b: call("cut", a, 3, "utf16"),
    "shorten(a, `5`, 'bytes')": lambda a, b: call("shorten", a, 5, "bytes"),
    "shorten(single_line(a), `4`)": lambda a, b: call("shorten", call("single_line", a), 4),
    "cut(a, `3`, 'words')": lambda a, b: call("cut", a, 3, "words"),
    "break_images(break_placeholders(a))": lambda a, b: call("break_images", call("break_placeholders", a)),
    "break_images(joined([a], ''))": lambda a, b: call("break_images", call("joined", [a], "")),
    "decode_entities(a)": lambda a, b: call("decode_entities", a),
    "single_line(a)": lambda a, b: call("single_line", a),
    "round_to(a, `2`)": lambda a, b: call("round_to", a, 2),
    "compact([a, b])": lambda a, b: call("compact", [a, b]),
    "compact([http_url(a), say_number(b)])": lambda a, b: call("compact", [call("http_url", a), call("say_number", b)]),
    "if_blank(a, b)": lambda a, b: call("if_blank", a, b),
    "if_blank(joined([a], ''), if_blank(b, 'x'))": lambda a, b: call(
        "if_blank", call("joined", [a], ""), call("if_blank", b, "x")
    ),
    "labelled('- x:', a)": lambda a, b: call("labelled", "- x:", a),
    "labelled(' ', a)": lambda a, b: call("labelled", " ", a),
    "labelled('x', labelled(a, b))": lambda a, b: call("labelled", "x", call("labelled", a, b)),
    "joined([a, b], ', ')": lambda a, b: call("joined", [a, b], ", "),
    "joined(['(', a, ' ', 'x', `7`, ')'], '')": lambda a, b: call("joined", ["(", a, " ", "x", 7, ")"], ""),
    "joined(['(', 'x'], '-')": lambda a, b: call("joined", ["(", "x"], "-"),
    "joined([' ', `null`], '-')": lambda a, b: call("joined", [" ", None], "-"),
    "joined(['x', single_line(a), 'y', b], ' ')": lambda a, b: call(
        "joined", ["x", call("single_line", a), "y", b], " "
    ),
    "joined(a, b)": lambda a, b: call("joined", a, b),
    "lines([a, joined([b], ''), 'z'])": lambda a, b: call("lines", [a, call("joined", [b], ""), "z"]),
    "paragraphs([lines([a, b])])": lambda a, b: call("paragraphs", [call("lines", [a, b])]),
    "[a, b][].joined(['x', @, slug(@)], '/')": lambda a, b: [
        call("joined", ["x", each, call("slug", each)], "/")
        for one in (a, b)
        for each in (one if isinstance(one, list) else [one])
        if each is not None
    ],
    "joined([say_time(a) || say_date(b) || 'never'], '')": lambda a, b: call(
        "joined", [call("say_time", a) or call("say_date", b) or "never"], ""
    ),
    "join('-', [if_blank(single_line(joined([a], '')), 'z'), 'x'])": lambda a, b: call(
        "join", "-", [call("if_blank", call("single_line", call("joined", [a], "")), "z"), "x"]
    ),
    "not_null(a, b)": lambda a, b: call("not_null", a, b),
    "[length(compact([a, b])), single_line(a) == single_line(a)]": lambda a, b: [len(call("compact", [a, b])), True],
}
PIECES = [
    "",
    " ",
    "\u200b",
    "\u3164",
    "a",
    "~",
    "\x7f",
    "é",
    "e\u0301",
    "😀",
    "\r\n",
    "{{",
    "![",
    "&amp;",
    "http://x.test/",
    "[",
    "Z",
    "2026-05-01T07:25:37",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
VALUES: st.SearchStrategy[Any] = (
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
    | st.lists(TEXTS | st.none() | st.integers(0, 3), max_size=3) | st.dictionaries(st.just("k"), TEXTS, max_size=1)
)  # fmt: skip


def as_mapping(folder: Path) -> Callable[[dict[str, Any]], Any]:
    """All of them as fields of one mapping, where they share what they have in common."""
    fields = {f"f{number:02}": expression for number, expression in enumerate(SAID)}
    path = folder / "demo.yaml"
    path.write_text(
        yaml.safe_dump({"mapping": "demo", "version": 1, "reads": "item", "makes": "Post", "fields": fields})
    )
    return load_mapping(path).apply


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any]], Any]:
    return as_mapping(tmp_path_factory.mktemp("inline"))


@settings(max_examples=400, deadline=None)
@given(VALUES, VALUES)
@example("😀😀", "ééé")  # of units wider than a character
@example("ééé", "~")
@example("\x7f", "\u200b")
@example("R&amp;D", "&")
def test_what_is_written_out_says_what_the_function_says(
    mapped: Callable[[dict[str, Any]], Any], a: Any, b: Any
) -> None:
    said = {f"f{number:02}": value for number, ask in enumerate(SAID.values()) if (value := ask(a, b)) is not None}
    assert repr(mapped({"a": a, "b": b})) == repr(said)  # 1 and 1.0 and true differ


@pytest.mark.parametrize("expression", SAID)
@settings(max_examples=25, deadline=None)
@given(a=VALUES, b=VALUES)
def test_so_it_does_by_itself(expression: str, a: Any, b: Any) -> None:
    assert repr(compile_expression(expression)({"a": a, "b": b})) == repr(SAID[expression](a, b))


@pytest.mark.parametrize("nothing", [None, 7, "text", []])
def test_of_no_object_every_field_is_null(nothing: Any) -> None:
    for expression, ask in SAID.items():
        if nothing is not None and not expression.startswith("["):
            assert compile_expression(expression)(nothing) == ask(None, None), expression
    assert compile_expression("joined(['x', a], ' ')")(None) is None  # a list that is made of null is null


def test_what_is_asked_for_in_vain_is_refused_all_the_same() -> None:
    """The default of `if_blank` is an argument: what refuses a record there does so even where it is not needed."""
    with pytest.raises(Unmappable, match=r"abs\(\)"):
        compile_expression("if_blank(a, abs(b))")({"a": "there", "b": "text"})


def test_all_that_are_written_out_are_tried_here() -> None:
    assert {name for name in WRITINGS if any(f"{name}(" in each for each in SAID)} == set(WRITINGS)


@given(TEXTS | st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_what_always_shows_something_does(value: Any) -> None:
    for name in ALWAYS_SHOWN:
        given = [[value], value] if name in ("joined",) else ["x", value] if name == "labelled" else [value]
        for said in (call(name, *given), call(name, *([[value]] if len(given) == 1 else given))):
            assert said is None or (isinstance(said, str) and not is_blank(said)), name
    for name in KEEP_SHOWN:
        if isinstance(value, str) and not is_blank(value):
            assert not is_blank(call(name, value)), name
