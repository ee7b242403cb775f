"""The language around the expressions: what a mapping file may say, and what is said when it is wrong."""

import json
import textwrap
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from hub.errors import MappingError, Unmappable
from hub.mapping import Mapping, failures, filled, language, load_mapping, load_mappings, names_in, paths_in

REPO = Path(__file__).parents[3]
HEAD = "mapping: demo\nversion: 1\nreads: item\nmakes: Post\n"


@pytest.fixture
def file(tmp_path: Path) -> Any:
    """Writes a mapping file and gives its path."""

    def write(text: str, *, head: str = HEAD) -> Path:
        path = tmp_path / "demo.yaml"
        path.write_text(head + textwrap.dedent(text), encoding="utf-8")
        return path

    return write


def made(file: Any, text: str, record: dict[str, Any], *, head: str = HEAD) -> dict[str, Any] | None:
    return load_mapping(file(text, head=head)).apply(record)


# What comes out


def test_nulls_and_what_is_empty_without_them_are_left_out(file: Any) -> None:
    text = """
        fields:
          text: text
          author: {handle: user.name, url: user.url}
          media: [{kind: kind}, {url: url}]
    """

    assert made(file, text, {}) == {}
    assert made(file, text, {"user": {"name": "ana"}, "url": "u"}) == {
        "author": {"handle": "ana"},
        "media": [{"url": "u"}],
    }


def test_empty_texts_lists_zero_and_false_are_values(file: Any) -> None:
    record = {"a": "", "b": [], "c": 0, "d": False, "e": {}}

    assert made(file, "fields: {a: a, b: b, c: c, d: d, e: e}", record) == record


def test_what_is_fixed_stands_beside_what_is_computed(file: Any) -> None:
    text = """
        fixed: {source: Social media, ticket: {status: new}, list: [1, {a: b}]}
        fields: {ticket: {subject: title}, ready: true, weight: 0.5}
    """

    assert made(file, text, {"title": "Help"}) == {
        "source": "Social media",
        "ticket": {"status": "new", "subject": "Help"},
        "list": [1, {"a": "b"}],
        "ready": True,
        "weight": 0.5,
    }


def test_a_result_can_be_changed_without_harm_to_the_next(file: Any) -> None:
    mapping = load_mapping(file("fixed: {list: [1]}\nfields: {tags: 'tags || `[]`'}"))

    first = mapping.apply({})
    assert first is not None
    first["list"].append(2)
    first["tags"].append("spoilt")

    assert mapping.apply({}) == {"list": [1], "tags": []}


def test_keep_decides_which_records_are_skipped(file: Any) -> None:
    text = "keep: visibility == 'public'\nfields: {text: text}"

    assert made(file, text, {"visibility": "private", "text": "x"}) is None
    assert made(file, text, {"visibility": "public", "text": "x"}) == {"text": "x"}


@pytest.mark.parametrize("user", [None, "text", 5, [], [{"name": "x"}], True, {}, {"name": None}])
def test_a_field_of_what_is_no_object_is_null(file: Any, user: Any) -> None:
    text = "fields: {name: user.name, deep: user.name.first, again: user.name || 'nobody'}"

    assert made(file, text, {"user": user}) == {"again": "nobody"}


def test_zero_is_true_and_one_is_not_true_as_in_jmespath(file: Any) -> None:
    text = "fields: {a: a || 'none', b: 'b == `true`', c: 'c == `0`'}"

    assert made(file, text, {"a": 0, "b": 1, "c": False}) == {"a": 0, "b": False, "c": False}


# Several documents and identities


TWO = """
    when: first != `false`
    identity: {of: key, lane: author.key}
    fields: {subject: title}
    ---
    mapping: demo
    version: 1
    reads: Case
    makes: comment
    when: first == `false`
    identity: {of: '[key, post.key]', parent: key}
    fields: {body: post.text}
"""


def test_each_document_of_a_file_says_what_it_is_for(file: Any) -> None:
    ticket, comment = load_mappings(file(TWO, head=HEAD.replace("Post", "ticket")))

    assert [mapping.suits({"first": True}) for mapping in (ticket, comment)] == [True, False]
    assert [mapping.suits({"first": False}) for mapping in (ticket, comment)] == [False, True]
    with pytest.raises(MappingError, match="2 mappings"):
        load_mapping(ticket.source)


def test_an_identity_is_keys_for_the_external_ids_and_a_lane(file: Any) -> None:
    ticket, comment = load_mappings(file(TWO, head=HEAD.replace("Post", "ticket")))
    handoff = {"key": "case:1", "author": {"key": "a:1"}, "post": {"key": "p:1"}}

    assert (ticket.identity(handoff).of, ticket.identity(handoff).lane) == (("case:1",), "a:1")
    assert (comment.identity(handoff).of, comment.identity(handoff).parent) == (("case:1", "p:1"), ("case:1",))
    with pytest.raises(Unmappable) as problem:
        ticket.identity({})
    assert problem.value.reason == "identity_missing"


# Records that cannot be mapped


def test_a_record_that_an_expression_refuses_names_the_field_and_shows_no_value(file: Any) -> None:
    mapping = load_mapping(file("fields: {text: text, author: {handle: 'reverse(sort(user.names))[0]'}}"))

    with pytest.raises(Unmappable) as problem:
        mapping.apply({"text": "x", "user": {"names": "a secret name"}})

    assert str(problem.value) == "demo@1, author.handle: sort() takes array, not string."
    assert problem.value.reason == "wrong_type"
    assert "secret" not in "".join(map(str, (problem.value.__cause__, problem.value.args)))


def test_an_error_behind_keep_or_in_an_expression_for_each_element_names_its_field(file: Any) -> None:
    text = "keep: length(a) > `0`\nfields: {b: 'map(&abs(@), b)'}"
    mapping = load_mapping(file(text))

    with pytest.raises(Unmappable, match="demo@1, keep: "):
        mapping.apply({})
    with pytest.raises(Unmappable, match="demo@1, b: "):
        mapping.apply({"a": "x", "b": ["y"]})


def test_comparing_a_text_with_a_number_by_order_refuses_the_record(file: Any) -> None:
    with pytest.raises(Unmappable) as problem:
        made(file, "fields: {a: 'a > `1`'}", {"a": "2"})

    assert problem.value.reason == "mapping_failed"


def test_no_record_reaches_the_code_of_a_mapping(file: Any) -> None:
    record = {"text": "'); raise SystemExit #", "__class__": "x", "NUMBERS": 1}
    mapping = load_mapping(file("fields: {text: text, other: NUMBERS, kind: '\"__class__\"'}"))

    assert mapping.apply(record) == {"text": record["text"], "other": 1, "kind": "x"}
    assert "SystemExit" not in mapping.python


# Mappings that cannot work


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("field: {a: b}", r"`field` is no part of a mapping\. Did you mean fields\?"),
        ("fields: {a: 'b ||'}", r"demo\.yaml: a: the expression ends too early"),
        ("fields: {a: {b: lowercase(c)}}", r"demo\.yaml: a\.b, column 1: there is no function lowercase"),
        ("fields: {a: [x, {b: 'c d'}]}", r"demo\.yaml: a\[1\]\.b: column 3"),
        ("fields: {a: }", r"a is empty; write an expression, or remove it"),
        ("fields: {a: {}}", r"a is empty"),
        ("fields: {a: ''}", r"a: the expression is empty"),
        ("fields: {}", r"length >= 1 - at `\$\.fields`"),
        ("keep: a", r"missing required field `fields`"),
        ("fields: {a: b, a: c}", r"the key 'a' comes twice"),
        ("fields: {1: b}", r"the key 1 is not a text"),
        ("fixed: {a: 1}\nfields: {a: b}", r"a stands under both `fixed` and `fields`"),
        ("fixed: {a: }\nfields: {b: b}", r"a under `fixed` is empty"),
        ("fields: {Name: b}\nonly_if_blank: [Nam]", r"only_if_blank names Nam, .* Did you mean Name\?"),
        ("fields: {a: {b: c}}\nnever_blank: [a.c]", r"never_blank names a\.c, .* Did you mean a\.b\?"),
        ("keep: a ==\nfields: {a: b}", r"keep: the expression ends too early"),
        ("fields: {a: b}\nexamples: [{name: x, given: {}}]", r"missing required field `expect`"),
        ("fields: {a: b}\nexamples: [{name: x, given: {}, expect: skip}]", r"Invalid enum value 'skip'"),
        ("fields: [", r"this is not the YAML of a mapping: .* line"),
        ("fields: !!python/object/apply:os.system [echo]", r"could not determine a constructor"),
    ],
)
def test_a_mapping_that_cannot_work_says_where_and_what_to_do(file: Any, text: str, complaint: str) -> None:
    with pytest.raises(MappingError, match=complaint) as problem:
        load_mapping(file(text))

    assert "demo.yaml" in str(problem.value)
    assert "\n" not in str(problem.value)


def test_keep_is_for_posts_only(file: Any) -> None:
    with pytest.raises(MappingError, match="use `when`"):
        load_mapping(file("keep: a\nfields: {a: b}", head=HEAD.replace("Post", "ticket")))


def test_a_file_that_is_not_there_or_empty_is_a_mapping_error(file: Any, tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(tmp_path / "none.yaml")
    with pytest.raises(MappingError, match="no mapping in this file"):
        load_mapping(file("", head=""))
    with pytest.raises(MappingError, match="is made of keys"):
        load_mapping(file("- a", head=""))


def test_words_and_numbers_in_a_mapping_are_those_of_json(file: Any) -> None:
    text = "fixed: {day: 2026-05-01, clock: 12:30, land: no, on: on, low: 1_000, number: 12, null_: ~}\nfields: {a: b}"

    fixed = load_mapping(file(text)).fixed

    assert fixed == {
        "day": "2026-05-01", "clock": "12:30", "land": "no", "on": "on", "low": "1_000", "number": 12, "null_": "~",
    }  # fmt: skip


# Examples


def example(file: Any, given: str, expect: str) -> Mapping:
    text = f"""
        keep: visibility == 'public'
        fields: {{text: text, tags: tags, author: {{handle: user.name}}}}
        examples: [{{name: it holds, given: {given}, expect: {expect}}}]
    """
    return load_mapping(file(text))


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("{text: hi}", "{text: hi}"),  # keep is not asked: the piece says nothing of visibility
        ("{text: hi, visibility: public}", "{text: hi, tags: null}"),
        ("{visibility: private}", "skipped"),
        ("{}", "skipped"),
        ("{user: {name: ana}, text: hi}", "{author: {handle: ana}}"),
        ("{tags: [{a: 1, b: 2}]}", "{tags: [{a: 1}]}"),
    ],
)
def test_an_example_that_holds_is_no_failure(file: Any, given: str, expect: str) -> None:
    assert failures(example(file, given, expect)) == []


@pytest.mark.parametrize(
    ("given", "expect", "said"),
    [
        ("{text: hi}", "{text: ho}", "text is 'hi', not 'ho'."),
        ("{text: 1}", "{text: true}", "text is 1, not True."),
        ("{}", "{author: {handle: ana}}", "author is None, not {'handle': 'ana'}."),
        ("{tags: [a]}", "{tags: [a, b]}", "tags is ['a'], not ['a', 'b']."),
        ("{text: hi}", "{text: null}", "text is 'hi', not None."),
        ("{visibility: private}", "{text: hi}", "it is skipped."),
        ("{visibility: public}", "skipped", "it is kept; skipped was expected."),
    ],
)
def test_an_example_that_does_not_hold_says_what_differs(file: Any, given: str, expect: str, said: str) -> None:
    (failure,) = failures(example(file, given, expect))

    assert failure.endswith(f"demo.yaml: the example 'it holds' fails: {said}")


def test_what_no_example_fills_is_known(file: Any) -> None:
    mapping = example(file, "{text: hi}", "{text: hi}")

    assert set(mapping.paths) - filled(mapping) == {"tags", "author.handle"}
    assert set(mapping.paths) - filled(example(file, "{user: {name: ana}, tags: [a]}", "{}")) == {"text"}


# The schema that editors read


def test_the_schema_in_the_repository_is_the_language() -> None:
    written = json.loads((REPO / "mappings" / "_language.json").read_bytes())

    assert written == language(), "write it anew with `python -m hub.mapping`"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("fields: {a: b, c: {d: e}, f: [g, {h: i}], j: 1, k: true}", True),
        ("fields: {a: b}\nidentity: {of: key}\nwhen: first\nnever_blank: [a]", True),
        ("fields: {a: b}\nexamples: [{name: x, given: {}, expect: skipped}]", True),
        ("fields: {a: }", False),
        ("fields: {a: []}", False),
        ("fields: {}", False),
        ("field: {a: b}", False),
        ("fields: {a: b}\nidentity: {lane: x}", False),
        ("fields: {a: b}\nexamples: [{name: x, given: {}, expect: skip}]", False),
        ("fields: {a: b}\nversion: 0", False),
    ],
)
def test_the_schema_and_the_loader_agree(file: Any, text: str, fits: bool) -> None:
    head = HEAD.replace("version: 1\n", "") if "version" in text else HEAD
    document = yaml.safe_load(head + text)
    valid = jsonschema.Draft202012Validator(language()).is_valid(document)
    try:
        load_mapping(file(text, head=head))
    except MappingError:
        loads = False
    else:
        loads = True

    assert valid is loads is fits


@pytest.mark.parametrize(("expression", "names"), [
    ("signal.intent == 'post' && signal.confidence >= `0.6`", {"signal", "intent", "confidence"}),
    ("not_null(author.followers, post.tags[*].name)", {"author", "followers", "post", "tags", "name"}),
    ("keys(@)", {"@"}),
    ("*", {"@"}),
    ("post | to_string(@)", {"post", "@"}),
])  # fmt: skip
def test_an_expression_tells_what_it_may_look_at(expression: str, names: set[str]) -> None:
    assert names_in(expression) == names


# A file that is read again


def test_the_same_words_are_compiled_once_and_changed_ones_at_once(file: Any) -> None:
    first, again = load_mapping(file("fields: {text: a}")), load_mapping(file("fields: {text: a}"))
    changed = load_mapping(file("fields: {text: b}"))

    assert again is first
    assert changed.apply({"a": "old", "b": "new"}) == {"text": "new"}


@pytest.mark.parametrize(
    ("expression", "paths"),
    [
        ("signal.scores.crisis >= `0.6` && lead.fit > `3`", {("signal", "scores", "crisis"), ("lead", "fit")}),
        ("contains(['a'], signal.intent)", {("signal", "intent")}),
        ("signal.*", {("signal",), ()}),
        ("length(values(signal)) > `3`", {("signal",)}),
        ("signal | intent == 'a'", {("signal",), ("intent",)}),
        ("signal.topics[?@ == 'a']", {("signal", "topics"), ()}),
        ("@.signal.intent", {(), ("signal",), ("intent",)}),
        ("'constant'", set()),
    ],
)
def test_what_an_expression_looks_at_is_named_by_chains_of_fields(expression, paths):
    assert paths_in(expression) == paths
