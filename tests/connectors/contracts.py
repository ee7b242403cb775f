"""What the vendors' own descriptions and recorded answers say of an answer: its schema, and the keys it always has."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

NAME = "urn:vendor"


@lru_cache(maxsize=4)
def _registry(path: Path) -> Registry[Any]:
    document = _nullable(json.loads(path.read_text(encoding="utf-8")))
    if "components" in document:  # copies that others made lack some schemas: what is not said cannot be broken
        schemas = document["components"].setdefault("schemas", {})
        for name in set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document))) - set(schemas):
            schemas[name] = {}
    return Registry().with_resource(NAME, Resource.from_contents(document, default_specification=DRAFT202012))


def faults(path: Path, schema: dict[str, Any], answer: Any) -> list[str]:
    """What is wrong with an answer by a vendor's OpenAPI file, at most five things; skips when the file is absent."""
    if not path.exists():
        pytest.skip(f"needs {path.name} of {path.parent.name}")
    validator = Draft202012Validator(_pointing(schema), registry=_registry(path))
    found = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:160]}" for error in validator.iter_errors(answer)
    ]
    return found[:5]


def recorded(folder: Path) -> Iterator[Any]:
    """The bodies of all successful recorded answers below a folder; skips when there is none."""
    files = sorted(folder.rglob("*.json"))
    if not files:
        pytest.skip(f"needs the recordings of {folder.name}")
    for file in files:
        for each in json.loads(file.read_text(encoding="utf-8")).get("interactions", ()):
            if each["response"]["status"] in (200, 201):
                yield each["response"]["body"]


def objects(body: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object within a body."""
    if isinstance(body, dict):
        yield body
    for inner in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from objects(inner)


def always(found: list[dict[str, Any]]) -> set[str]:
    """The keys that every one of these objects has."""
    assert found, "nothing recorded to compare with"
    return set.intersection(*(set(each) for each in found))


def _pointing(schema: Any) -> Any:
    """The same schema with its references led to the vendor's document."""
    if isinstance(schema, dict):
        return {
            name: f"{NAME}{value}" if name == "$ref" and str(value).startswith("#") else _pointing(value)
            for name, value in schema.items()
        }
    return [_pointing(each) for each in schema] if isinstance(schema, list) else schema


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema has a type more."""
    if isinstance(schema, list):
        return [_nullable(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    whole = {name: _nullable(value) for name, value in schema.items()}
    if whole.get("nullable") is True and isinstance(whole.get("type"), str):
        whole["type"] = [whole["type"], "null"]
    return whole


def request_faults(path: Path, request: str, *, template: str) -> list[str]:
    """What is wrong with a request such as `GET /2/tweets?ids=1` by a vendor's OpenAPI file.

    `template` is the path as the vendor writes it.
    """
    if not path.exists():
        pytest.skip(f"needs {path.name} of {path.parent.name}")
    document = json.loads(path.read_text(encoding="utf-8"))
    method, _, address = request.partition(" ")
    operation = document["paths"].get(template, {}).get(method.lower())
    if operation is None:
        return [f"{method} {template} is not described"]
    known = {each["name"]: each for each in _parameters(document, template, operation) if each["in"] == "query"}
    asked: dict[str, Any] = {}
    for name, value in parse_qsl(urlsplit(address).query, keep_blank_values=True):
        plain = name.removesuffix("[]")  # Rails' way to send a list
        asked[plain] = [*asked.get(plain, []), value] if plain != name else value
    found = [f"{name} is no parameter of {template}" for name in asked.keys() - known.keys()]
    found += [f"{name} is missing" for name, each in known.items() if each.get("required") and name not in asked]
    for name in asked.keys() & known.keys():
        schema = known[name].get("schema", {})
        value = _typed(asked[name], schema)
        validator = Draft202012Validator(_pointing(schema), registry=_registry(path))
        found += [f"{name}: {error.message[:160]}" for error in validator.iter_errors(value)]
    return found


def _parameters(document: dict[str, Any], template: str, operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in [*document["paths"][template].get("parameters", ()), *operation.get("parameters", ())]:
        at: Any = document
        for part in each.get("$ref", "").split("/")[1:]:
            at = at[part]
        yield at if "$ref" in each else each


def _typed(text: Any, schema: dict[str, Any]) -> Any:
    """A query's text as the type that is described."""
    kind = schema.get("type")
    if isinstance(text, list):
        return text
    if kind == "array":
        return text.split(",")
    if kind in ("integer", "number"):
        return float(text) if "." in text else int(text) if text.lstrip("-").isdigit() else text
    return {"true": True, "false": False}.get(text, text) if kind == "boolean" else text
