"""What AT Protocol's lexicons say of a request's parameters and of an answer, as JSON Schema."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from jsonschema import Draft202012Validator

SIMPLE = {"string": "string", "integer": "integer", "boolean": "boolean"}
FORMATS = {
    "at-uri": r"^at://[^/]+(/[a-zA-Z0-9.-]+(/[A-Za-z0-9._:~-]+)?)?$", "did": r"^did:[a-z]+:[a-zA-Z0-9._:%-]+$",
    "datetime": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$", "cid": r"^[a-z0-9]{8,}$",
    "handle": r"^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$",
}  # fmt: skip


@lru_cache(maxsize=2)
def _lexicons(path: Path) -> dict[str, Any]:
    if not path.exists():
        pytest.skip(f"needs {path.name} of {path.parent.name}")
    return dict(json.loads(path.read_text(encoding="utf-8"))["lexicons"])


def faults(path: Path, method: str, answer: Any) -> list[str]:
    """What is wrong with a method's answer, at most five things."""
    output = _lexicons(path)[method]["defs"]["main"]["output"]["schema"]
    return _found(_schema(output, method) | {"$defs": _definitions(path)}, answer)


def request_faults(path: Path, line: str) -> list[str]:
    """What is wrong with a request such as `GET /xrpc/app.bsky.feed.getPosts?uris=...`."""
    verb, _, address = line.partition(" ")
    parts = urlsplit(address)
    method = parts.path.removeprefix("/xrpc/")
    main = _lexicons(path)[method]["defs"]["main"]
    if (verb == "GET") != (main["type"] == "query"):
        return [f"{method} is a {main['type']}"]
    declared = main.get("parameters", {"properties": {}})
    given: dict[str, Any] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        kind = declared["properties"].get(name, {"type": "unknown"})
        value = int(text) if (kind.get("items") or kind)["type"] == "integer" else text
        given[name] = [*given.get(name, []), value] if kind["type"] == "array" else value
    strict = _schema({**declared, "type": "object"}, method) | {"additionalProperties": False}
    return _found(strict, given)


def body_faults(path: Path, method: str, body: Any) -> list[str]:
    """What is wrong with what was posted to a method."""
    return _found(_schema(_lexicons(path)[method]["defs"]["main"]["input"]["schema"], method), body)


def _found(schema: dict[str, Any], value: Any) -> list[str]:
    errors = Draft202012Validator(schema).iter_errors(value)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:160]}" for error in errors][:5]


@lru_cache(maxsize=2)
def _definitions(path: Path) -> dict[str, Any]:
    return {
        _name(f"{id}#{name}"): _schema(each.get("record", each), id)
        for id, lexicon in _lexicons(path).items()
        for name, each in lexicon["defs"].items()
    }


def _name(ref: str) -> str:
    return ref.removesuffix("#main").replace("#", "_").replace(".", "_")


def _schema(told: dict[str, Any], home: str) -> dict[str, Any]:
    match told["type"]:
        case "object":
            inner = {name: _schema(each, home) for name, each in told.get("properties", {}).items()}
            return {"type": "object", "required": told.get("required", []), "properties": inner}
        case "array":
            ends = {"maxItems": told["maxLength"]} if "maxLength" in told else {}
            return {"type": "array", "items": _schema(told["items"], home), **ends}
        case "ref":
            return {"$ref": f"#/$defs/{_name(_whole(told['ref'], home))}"}
        case "union":
            return {"anyOf": [_variant(_whole(ref, home)) for ref in told["refs"]]}
        case "string" | "integer" | "boolean":
            limits = {new: told[old] for old, new in (("minimum", "minimum"), ("maximum", "maximum"), ("enum", "enum"))
                      if old in told}  # fmt: skip
            pattern = {"pattern": FORMATS[told["format"]]} if told.get("format") in FORMATS else {}
            return {"type": SIMPLE[told["type"]], **limits, **pattern}
    return {}


def _variant(ref: str) -> dict[str, Any]:
    """One of several: it says which in `$type`."""
    name = {"type": "object", "required": ["$type"], "properties": {"$type": {"const": ref.removesuffix("#main")}}}
    return {"allOf": [name, {"$ref": f"#/$defs/{_name(ref)}"}]}


def _whole(ref: str, home: str) -> str:
    return f"{home}{ref}" if ref.startswith("#") else ref
