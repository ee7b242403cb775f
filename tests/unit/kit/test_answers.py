"""One JSON reader for all sources: what parsers disagree about is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ContractBroken
from hub.kit import SPOILT, read_json


def read(body: bytes, depth: int = 100) -> object:
    return read_json(body, source="Town", max_depth=depth)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"id": "1", "n": 7}', {"id": "1", "n": 7}),
        (b'\xef\xbb\xbf[1, "\xc3\xa4"]', [1, "ä"]),
        (b'  \r\n{"a" : [ ] }\t', {"a": []}),
        (b'{"a": "say \\"x\\": y"}', {"a": 'say "x": y'}),
        (b'{"a": "\\u0022:", "b": 1}', {"a": '":', "b": 1}),
        (b'{"html": "\\u003cp\\u003e"}', {"html": "<p>"}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'{"a": "\\ud800"}', {"a": "\ud800"}),
        (b"null", None),
        (b"0", 0),
    ],
)
def test_what_is_sound_is_read(body: bytes, value: object) -> None:
    assert read(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 2}',
        b'{"a": 1, "a" : 2}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"a": 1, "a": 2, "x": "\\u0022\\u0022\\u0022\\u0022"}',
        b'{"a": {"id": "1", "id": "2"}}',
        b'{"data": [], "meta": {"next": "a", "next": "b"}}',
        b'[[{"a": 1, "a": 2}, [{"a": 1}], {}], {"b": 1, "b": 2}, NaN]',
        b"NaN",
        b'{"n": NaN}',
        b'{"n": -Infinity}',
        b'{"n": 1e400}',
        b'{"n": -1e400}',
        b"\xff\xfe{\x00}\x00",
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1',
        b'{"a": 1} {"b": 2}',
        b'{"a": "\x00"}',
        b"Slow down!",
        b"",
        b" \n ",
        b"<html></html>",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 5_000,
    ],
    ids=lambda body: str(body[:30]),
)
def test_what_is_not_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(ContractBroken, match="Town"):
        read(body)


def test_the_refusal_shows_nothing_of_the_body() -> None:
    with pytest.raises(ContractBroken) as refused:
        read(b'{"text": "my secret", "text": "my other secret"}')

    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "spoilt",
    [
        '{"id": "1", "id": "2"}',
        '{"id": "1", "author": {"n": 1, "n" : 2}}',
        '{"id": "1", "tags": [{"n": 1, "\\u006e": 2}]}',
    ],
)
def test_a_key_that_stands_twice_in_one_record_spoils_that_record_alone(spoilt: str) -> None:
    body = f'{{"data": [{{"id": "7"}}, {spoilt}, {{"id": "8", "text": "\\""}}], "meta": {{"next": "b"}}}}'

    found = read(body.encode())

    assert isinstance(found, dict)
    assert [SPOILT in record for record in found["data"]] == [False, True, False]
    assert found["meta"] == {"next": "b"}


@pytest.mark.parametrize(("levels", "fits"), [(5, True), (6, False)])
def test_depth_is_counted_in_objects_and_lists(levels: int, fits: bool) -> None:
    body = b'[{"a":' * (levels // 2) + (b"[]" if levels % 2 else b"0") + b"}]" * (levels // 2)

    if fits:
        read(body, depth=5)
    else:
        with pytest.raises(ContractBroken, match="nested deeper than 5"):
            read(body, depth=5)


@pytest.mark.parametrize("text", ["[" * 500, "]" * 500, "{[" * 300, "][" * 300, '\\"[' * 300])
def test_brackets_in_texts_are_not_depth(text: str) -> None:
    assert read(json.dumps({"text": text}).encode(), depth=3) == {"text": text}


def test_brackets_in_texts_do_not_hide_depth() -> None:
    body = json.dumps({"text": "]]]]]]]]", "a": [[[[[[1]]]]]]}).encode()

    with pytest.raises(ContractBroken, match="nested deeper"):
        read(body, depth=5)


@pytest.mark.timeout(60)  # it takes a second; what is not linear would take hours
def test_much_of_everything_is_read_in_time() -> None:
    body = b"[" + b",".join([b'{"a":[[[[]]]],"t":"][}{"}'] * 100_000) + b"]"

    assert len(read(body)) == 100_000


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(allow_nan=False, width=32),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_whatever_is_written_is_read_again(value: object, ascii_only: bool, indent: int | None) -> None:
    if value != value or value in (float("inf"), float("-inf")):
        return
    try:
        body = json.dumps(value, ensure_ascii=ascii_only, indent=indent, allow_nan=False).encode()
    except (ValueError, UnicodeEncodeError):  # JSON has no infinity, UTF-8 no lone surrogate
        return

    assert read(body) == value


@given(st.text(max_size=5), VALUES, VALUES, st.sampled_from(["", " ", "\n"]))
def test_a_key_that_stands_twice_is_never_taken(key: str, first: object, second: object, space: str) -> None:
    try:
        one, two = (json.dumps(value, allow_nan=False) for value in (first, second))
    except ValueError:
        return
    body = f"{{{json.dumps(key)}:{one},{json.dumps(key)}{space}:{two}}}".encode()

    with pytest.raises(ContractBroken):
        read(body)
    assert read(b"[" + body + b"]")[0][SPOILT]  # type: ignore[index]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        (b'{"a": 1}\r\n{"a": 2}\r\n', [{"a": 1}, {"a": 2}]),
        (b'{"a": 1}\n\x00\n{"a": 2}', [{"a": 1}, {SPOILT: "bad_line", "line": "\x00"}, {"a": 2}]),
        (b'{"a": 1}\n{"a": 2}\n{"a', [{"a": 1}, {"a": 2}, {SPOILT: "bad_line", "line": '{"a'}]),
        (b'{"a": 1}\n[2]', [{"a": 1}, {SPOILT: "bad_line", "line": "[2]"}]),
        (b'{"a": 1}\n{"a": 2, "a": 3}', [{"a": 1}, {"a": 3, SPOILT: True}]),
    ],
)
def test_a_body_of_json_lines_is_the_list_of_them_and_a_bad_line_spoils_itself(body: bytes, kept: list[Any]) -> None:
    assert read_json(body, source="X", max_depth=9) == kept


@pytest.mark.parametrize("body", [b'{\n"a": 1,\n', b'{"a": 1', b"[1]\n[2]", b'{"a": 1,\n"b": 2', b'"a"\n{"a": 1}'])
def test_one_value_over_several_lines_is_no_json_lines(body: bytes) -> None:
    with pytest.raises(ContractBroken) as broken:
        read_json(body, source="X", max_depth=9)

    assert broken.value.reason == "bad_json"
