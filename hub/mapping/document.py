"""A mapping as it is written: its YAML, checked into frozen values, with complaints that name the place."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta

from hub.domain import Authority
from hub.errors import MappingError
from hub.mapping.syntax import nearest

Name = Annotated[str, Meta(min_length=1)]
Expression = Annotated[str, Meta(description="One JMESPath expression.", min_length=1)]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a mapping file; a key that it does not know is an error."""


class IdentityDocument(Strict, frozen=True):
    """Which thing at the destination an object is."""

    of: Annotated[Expression, Meta(description="The key, or an array of keys, that the external id stands for.")]
    parent: Annotated[Expression | None, Meta(description="The key of what it hangs below.")] = None
    lane: Annotated[Expression | None, Meta(description="Objects of one lane keep their order.")] = None
    known_as: Annotated[
        Expression | None,
        Meta(description="An array of what it may be known by there: keys of all accounts, mailto: addresses."),
    ] = None


class Example(Strict, frozen=True):
    """A piece of a record and what must become of it; runs whenever the mapping is tested."""

    name: Annotated[str, Meta(min_length=1, description="A sentence that says what holds.")]
    given: Annotated[dict[str, Any], Meta(description="Part of a record; what is left out is null.")]
    expect: Annotated[
        dict[str, Any] | Literal["skipped"],
        Meta(description="Part of the result (null: the field is absent), or `skipped`."),
    ]


class MappingDocument(Strict, frozen=True):
    """One mapping: what a record of one kind means in the words of another."""

    mapping: Annotated[Name, Meta(description="The connector's name; the file has the same.")]
    version: Annotated[int, Meta(ge=1, description="Grows with every change of meaning.")]
    reads: Annotated[Name, Meta(description="The kind of record: status, item, Lead, Case, Alert.")]
    makes: Annotated[Name, Meta(description="Post, or the destination's word: ticket, sObject Lead.")]
    fields: Annotated[
        dict[Name, Any],
        Meta(min_length=1, description="Their field: one JMESPath expression, or more fields, or a list."),
    ]
    when: Annotated[Expression | None, Meta(description="Which records this document of the file is for.")] = None
    keep: Annotated[Expression | None, Meta(description="Records for which it is not true are skipped.")] = None
    identity: IdentityDocument | None = None
    fixed: Annotated[dict[Name, Any], Meta(description="What is the same on every record, as it is.")] = {}
    authority: Annotated[
        dict[Name, Authority], Meta(description="Whose a field is once it is set; what is not named here is ours.")
    ] = {}
    only_if_blank: Annotated[tuple[str, ...], Meta(description="Short for authority fill_blank.")] = ()
    never_blank: Annotated[tuple[str, ...], Meta(description="Fields that the other side demands.")] = ()
    examples: tuple[Example, ...] = ()


class Loader(yaml.CSafeLoader):
    """Safe YAML in which a text stays a text (no dates, no `on` or `no`) and no key may come twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place] or not isinstance(key, str):
                fault = "comes twice" if isinstance(key, str) else "is not a text; put it in quotes"
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key!r} {fault}", problem_mark=node.start_mark
                )
        return super().construct_mapping(node, deep)


# Words and numbers are JSON's: YAML 1.1 would also make a date of 2026-05-01, 750 of 12:30 and false of `no`.
Loader.yaml_implicit_resolvers = {}
for kind, pattern, first in (
    ("null", r"^(null|)$", ["n", ""]),
    ("bool", r"^(true|false)$", ["t", "f"]),
    ("int", r"^-?(0|[1-9][0-9]*)$", list("-0123456789")),
    ("float", r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$", list("-0123456789")),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(pattern), first)


def shown(path: Path) -> str:
    """A mapping's file as messages name it, wherever the project stands: mappings/x.yaml."""
    return "/".join(path.parts[-2:])


def read_file(path: Path) -> bytes:
    """What is written in a mapping file."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise MappingError(f"{shown(path)}: the mapping cannot be read ({problem.strerror}).") from problem


def read_documents(written: bytes, path: Path) -> list[tuple[MappingDocument, str]]:
    """Every mapping of a file, each with the digest of the file's bytes."""
    digest = sha256(written).hexdigest()
    return [(_checked(document, path), digest) for document in read_yaml(written, path)]


def read_yaml(written: bytes, path: Path) -> list[Any]:
    """The documents of a mapping file as plain data, not yet checked against the language."""
    try:
        raw = [document for document in yaml.load_all(written, Loader) if document is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        said = " ".join(str(problem).split()).replace('in "<byte string>", ', "at ")
        hint = " Put an expression that holds `: ` or begins with a quotation mark in double quotes."
        raise MappingError(f"{shown(path)}: this is not the YAML of a mapping: {said}.{hint}") from None
    if not raw:
        raise MappingError(f"{shown(path)}: there is no mapping in this file.")
    return raw


def _checked(raw: Any, path: Path) -> MappingDocument:
    if not isinstance(raw, dict):
        raise MappingError(f"{shown(path)}: a mapping is made of keys such as `mapping:`, `reads:` and `fields:`.")
    for key in raw:
        if key not in MappingDocument.__struct_fields__:
            hint = nearest(key, MappingDocument.__struct_fields__)
            raise MappingError(f"{shown(path)}: `{key}` is no part of a mapping.{hint}")
    try:
        return msgspec.convert(raw, MappingDocument)
    except msgspec.ValidationError as problem:
        raise MappingError(f"{shown(path)}: {problem}.") from None


def language() -> dict[str, Any]:
    """The JSON Schema of a mapping, as `mappings/_language.json` holds it for editors."""
    (schema,), parts = msgspec.json.schema_components([MappingDocument], ref_template="#/$defs/{name}")
    fields = parts["MappingDocument"]["properties"]["fields"]
    fields["additionalProperties"] = {"$ref": "#/$defs/field"}
    parts["field"] = {
        "description": "A JMESPath expression; a number, true or false as it is; fields; or a list.",
        "oneOf": [
            {"type": "string", "minLength": 1},
            {"type": ["number", "boolean"]},
            {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/field"}},
            {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/field"}},
        ],
    }
    dialect = "https://json-schema.org/draft/2020-12/schema"
    whole = {"$schema": dialect, "title": "The mapping language", **schema, "$defs": parts}
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))  # its defaults are tuples
    return plain
