"""Runs a mapping's own examples and says in one sentence each what does not hold."""

from collections.abc import Iterator
from typing import Any

from hub.mapping.document import Example, shown
from hub.mapping.mapping import Mapping, Record
from hub.mapping.runtime import equal


def failures(mapping: Mapping) -> list[str]:
    """One sentence for every example that does not hold; examples hold invented data, so values are shown."""
    return [
        f"{shown(mapping.source)}: the example '{example.name}' fails: {difference}"
        for example in mapping.examples
        for difference in _differences(example, mapping.rehearse(example))
    ]


def filled(mapping: Mapping) -> set[str]:
    """Which of the mapping's paths get a value from its own examples."""
    results = [mapping.rehearse(example) for example in mapping.examples]
    return {path for result in results if result is not None for path in paths_of(result)}


def paths_of(result: Any) -> set[str]:
    """Every path at which a result holds something, such as author, author.handle or blocks[].text."""
    return set(_paths(result, ""))


def _differences(example: Example, result: Record | None) -> Iterator[str]:
    if example.expect == "skipped":
        if result is not None:
            yield "it is kept; skipped was expected."
    elif result is None:
        yield "it is skipped."
    else:
        yield from _compare(example.expect, result, "")


def _compare(expected: Any, found: Any, path: str) -> Iterator[str]:
    """What differs. Of an object only the expected fields count; null means absent."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, part in expected.items():
            yield from _compare(part, found.get(name), f"{path}.{name}".removeprefix("."))
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for place, (part, other) in enumerate(zip(expected, found, strict=True)):
            yield from _compare(part, other, f"{path}[{place}]")
    elif not equal(expected, found):
        yield f"{path} is {found!r}, not {expected!r}."


def _paths(found: Any, path: str) -> Iterator[str]:
    yield path
    named: list[tuple[str, Any]] = []
    if isinstance(found, dict):
        named = [(f"{path}.{name}".removeprefix("."), part) for name, part in found.items()]
    elif isinstance(found, list):
        named = [(f"{path}[]", part) for part in found]
    for inner, part in named:
        yield from _paths(part, inner)
