"""Google's description of the API: what a request may ask, and of which types an answer is."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

TYPES = {"string": str, "boolean": bool, "array": list, "object": dict}


class Discovery:
    """One discovery document."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            pytest.skip(f"needs {path.name}")
        self._document = json.loads(path.read_text(encoding="utf-8"))

    def faults_of_request(self, path: str, params: Mapping[str, str]) -> Iterator[str]:
        """Parameters that a list does not take, or values that are none of theirs."""
        method = self._document["resources"].get(path.rpartition("/")[2], {}).get("methods", {}).get("list")
        if method is None or not path.endswith(method["path"].rpartition("/")[2]):
            yield f"there is no list of {path}"
            return
        known = method["parameters"]
        yield from (f"{path} takes no {name}" for name in params if name not in known)
        yield from (
            f"{path} wants {name}" for name, each in known.items() if each.get("required") and name not in params
        )
        for name, value in params.items():
            told = known.get(name, {})
            if value not in told.get("enum", [value]):
                yield f"{path} takes no {name}={value}"
            if told.get("maximum") and int(value) > int(told["maximum"]):
                yield f"{path} takes at most {told['maximum']} as {name}"

    def faults_of_answer(self, schema: str, value: Any, where: str = "") -> Iterator[str]:
        """Fields that a resource does not have, or that are of another type."""
        if not isinstance(value, dict):
            yield f"{where} is no {schema}"
            return
        properties = self._document["schemas"][schema]["properties"]
        for name, inner in value.items():
            if name not in properties:
                yield f"{where}.{name} is not of a {schema}"
            else:
                yield from self._faults_of(properties[name], inner, f"{where}.{name}")

    def _faults_of(self, told: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
        if "$ref" in told:
            yield from self.faults_of_answer(told["$ref"], value, where)
        elif told["type"] == "array":
            for each in value if isinstance(value, list) else ():
                yield from self._faults_of(told["items"], each, where)
        elif told["type"] in TYPES and not isinstance(value, TYPES[told["type"]]):
            yield f"{where} is a {told['type']}, not {value!r}"
        elif told["type"] == "integer" and (not isinstance(value, int) or isinstance(value, bool)):
            yield f"{where} is an integer, not {value!r}"
