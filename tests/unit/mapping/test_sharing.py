"""What several fields have in common is computed once, and nobody can tell."""

from pathlib import Path
from typing import Any

import jmespath
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Unmappable
from hub.mapping import Mapping, load_mapping

FIELDS = {
    "kind": "links[?type=='a'] && 'share' || links[?type=='b'] && 'reply' || 'post'",
    "first": "links[?type=='a'] | [0].post.id",
    "last": "(links[?type=='a'] || links[?type=='b']) | [-1].id",
    "names": "(long.marks || marks).names[].name",
    "tags": "(long.marks || marks).tags[]",
    "all": "[links[?type=='a'], links[?type=='b'][], (long.marks || marks)]",
    "each": "links[].post.id",
    "there": "not_null(long.marks, marks)",
    "url": "join('/', ['x', long.name, name])",
    "none": "long.marks == marks && long.marks == marks",
}
IDS = st.none() | st.text("ab", max_size=2) | st.integers(0, 2)
MARKS = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "names": st.lists(st.fixed_dictionaries({"name": IDS}), max_size=2),
        "tags": st.lists(IDS | st.lists(IDS, max_size=2), max_size=3),
    },
)
LINK = IDS | st.fixed_dictionaries(
    {"type": st.sampled_from("abc")}, optional={"id": IDS, "post": st.fixed_dictionaries({"id": IDS})}
)
RECORDS = st.fixed_dictionaries(
    {"name": st.text("ab"), "long": st.fixed_dictionaries({"name": st.text("ab")}, optional={"marks": MARKS})},
    optional={"links": st.none() | st.lists(LINK, max_size=4), "marks": MARKS},
)


def mapping(folder: Path, **fields: str) -> Mapping:
    path = folder / "demo.yaml"
    path.write_text(
        yaml.safe_dump({"mapping": "demo", "version": 1, "reads": "item", "makes": "Post", "fields": fields})
    )
    return load_mapping(path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Mapping:
    return mapping(tmp_path_factory.mktemp("shared"), **FIELDS)


@settings(max_examples=400, deadline=None)
@given(RECORDS)
def test_each_field_says_what_its_expression_says_alone(shared: Mapping, record: dict[str, Any]) -> None:
    alone = {name: jmespath.search(expression, record) for name, expression in FIELDS.items()}

    assert shared.apply(record) == {name: value for name, value in alone.items() if value is not None}


def test_what_stands_twice_is_computed_once(shared: Mapping) -> None:
    assert shared.python.count("'links'") == 3  # both filters, and the one field that has no like


@pytest.mark.parametrize("part", ["count > `1`", "length(count) == `1`", "join('', [count]) == 'x'"])
def test_what_may_refuse_a_record_stays_behind_its_condition(tmp_path: Path, part: str) -> None:
    apply = mapping(tmp_path, one=f"ready && ({part}) && 'one'", two=f"ready && ({part}) && 'two'").apply

    assert apply({"count": {}, "ready": False}) == {"one": False, "two": False}
    with pytest.raises(Unmappable, match="demo@1, one"):
        apply({"count": "many" if ">" in part else None, "ready": True})


def test_what_stands_only_in_what_is_shared_is_no_value_of_its_own(tmp_path: Path) -> None:
    made = mapping(tmp_path, tags="(long.marks || marks || own).tags", names="(long.marks || marks || own).names")

    assert made.python.count("'marks'") == 2  # once in `long`, once beside it
