"""What every mapping must do. A mapping joins by being in mappings/; nobody edits this file."""

import json
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hub.domain import Author, Handoff, History, Post, Provenance, Signal
from hub.errors import MappingError
from hub.mapping import Mapping, failures, filled, language, load_mappings, paths_of
from hub.mapping.document import read_yaml
from hub.mapping.text import is_blank

REPO = Path(__file__).parents[2]
FILES = sorted((REPO / "mappings").glob("[!_]*.yaml"))


def loaded(file: Path) -> tuple[Mapping, ...]:
    """The mappings of a file; one that cannot be loaded has its own test and does not hide the others."""
    try:
        return load_mappings(file)
    except MappingError:
        return ()


MAPPINGS = [mapping for file in FILES for mapping in loaded(file)]
DESTINATIONS = [mapping for mapping in MAPPINGS if mapping.makes != "Post"]
NOW = datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)


def title(mapping: Mapping) -> str:
    return f"{mapping.name}-{mapping.makes.replace(' ', '-')}"


def value_at(result: Any, path: str) -> Any:
    """What stands at a path such as comment.body."""
    for name in path.split("."):
        result = result.get(name) if isinstance(result, dict) else None
    return result


def recorded(mapping: Mapping) -> set[str]:
    """The paths that the expected posts beside the connector's recordings hold."""
    paths: set[str] = set()
    for file in (REPO / "connectors" / mapping.name / "recordings").glob("*.posts.json"):
        for post in json.loads(file.read_bytes()):
            paths |= paths_of(post)
            paths |= {"scope"} if "/" in post["key"] else set()  # the scope has become part of the key
    return paths


def emptiest_handoffs(mapping: Mapping) -> list[dict[str, Any]]:
    """Handoffs that are allowed and say next to nothing: no name, no text, no address, only white space."""
    records = []
    for nothing in ("", " ", "\n\u200b"):
        author = Author(key="x:account:7", native_id="7", handle=nothing, display_name=nothing)
        post = Post(
            key="x:tweet:1", network="x", native_id="1", text=nothing, published_at=NOW, collected_at=NOW, author=author
        )
        provenance = Provenance(post=post.key, route="r@1", classifier="c@1", confidence=0.0, run="r")
        handoff = Handoff(
            key="k", kind=mapping.reads, post=post, author=author, signal=Signal(post=post.key, found_by="c@1"),
            team="", provenance=provenance, title=nothing, company=nothing,
        )  # type: ignore[arg-type]  # fmt: skip
        for first, history, event in product((True, False), (None, History()), (None, "over")):
            record = handoff.with_(first=first, history=history).plain()
            record |= {"to": {}, "organisation": "", "event": event}
            records += [record] if mapping.suits(record) else []
    return records


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_mapping_loads_fits_the_schema_and_has_the_name_of_its_file(file: Path) -> None:
    validator = jsonschema.Draft202012Validator(language())
    mappings = load_mappings(file)
    documents = read_yaml(file.read_bytes(), file)

    assert {mapping.name for mapping in mappings} == {file.stem}
    assert [problem.message for document in documents for problem in validator.iter_errors(document)] == []
    assert file.read_text().startswith("# yaml-language-server: $schema=_language.json")


@pytest.mark.parametrize("mapping", MAPPINGS, ids=title)
def test_its_own_examples_hold(mapping: Mapping) -> None:
    assert mapping.examples, "a mapping without examples says nothing about itself"
    assert failures(mapping) == []


@pytest.mark.parametrize("mapping", MAPPINGS, ids=title)
def test_every_field_is_filled_by_some_recording_or_example(mapping: Mapping) -> None:
    never_filled = set(mapping.paths) - filled(mapping) - recorded(mapping)

    assert never_filled == set(), f"{mapping.source}: misspelt, or without an example: {sorted(never_filled)}"


@pytest.mark.parametrize("mapping", DESTINATIONS, ids=title)
def test_what_the_destination_demands_is_never_blank(mapping: Mapping) -> None:
    assert mapping.never_blank, (
        f"{mapping.source}: `never_blank` names what {mapping.name} demands of a {mapping.makes}"
    )
    handoffs = emptiest_handoffs(mapping)
    assert handoffs

    for handoff in handoffs:
        result = mapping.apply(handoff)
        for path in mapping.never_blank:
            assert not is_blank(value_at(result, path)), f"{mapping.source}: {path} is blank"


@pytest.mark.parametrize("mapping", DESTINATIONS, ids=title)
def test_a_destination_is_told_which_thing_an_object_is(mapping: Mapping) -> None:
    for handoff in emptiest_handoffs(mapping):
        assert mapping.identity(handoff).of


@pytest.mark.parametrize("mapping", MAPPINGS, ids=title)
def test_a_field_that_the_mapping_does_not_know_changes_nothing(mapping: Mapping) -> None:
    for example in mapping.examples:
        given = example.given | {"a field of tomorrow": {"deep": [1, {"x": None}]}}

        assert mapping.apply(given) == mapping.apply(example.given)
