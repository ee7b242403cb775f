"""Meta's machine-readable lists of nodes, edges and parameters: what a request may ask, what an answer may hold."""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from hub.kit.graph import moment
from hub.kit.recordings import Recording
from sandbox.graph import Fields, read_fields

OWN = ["fields", "limit", "after", "before", "summary", "appsecret_proof", "ids", "until", "since", "__paging_token"]
"""Parameters of the Graph API itself, which the lists of nodes do not name again."""


class Specs:
    """Folders of lists; what the first does not hold may be in another."""

    def __init__(self, *folders: Path) -> None:
        for folder in folders:
            if not folder.is_dir():
                pytest.skip(f"needs {folder.name} of {folder.parent.name}")
        self._folders = folders

    def node(self, kind: str) -> dict[str, Any] | None:
        """The list of one kind of object; None for one that is not among them."""
        paths = (folder / f"{kind}.json" for folder in self._folders)
        found = next((path for path in paths if path.is_file()), None)
        return json.loads(found.read_text(encoding="utf-8")) if found else None

    def fields(self, kind: str) -> dict[str, str]:
        """Names and types."""
        return {each["name"]: each["type"] for each in (self.node(kind) or {}).get("fields", [])}

    def edge(self, kind: str, name: str | None) -> dict[str, Any] | None:
        """What leads from an object to a list of others; None is the object itself."""
        found = [each for each in (self.node(kind) or {}).get("apis", []) if each["method"] == "GET"]
        return next((each for each in found if each.get("endpoint") == name), None)

    @cached_property
    def enums(self) -> dict[str, list[str]]:
        """Closed lists of values, by name."""
        paths = (folder / "enum_types.json" for folder in self._folders)
        told = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.is_file()]
        return {each["name"]: each["values"] for some in told for each in some}

    def faults_of_request(self, kind: str, edge: str | None, params: Mapping[str, str]) -> Iterator[str]:
        """What of a request the lists do not allow."""
        api = self.edge(kind, edge)
        if api is None:
            yield f"{kind} has no edge {edge}"
            return
        yield from self._faults_of_params(f"{kind}/{edge}", api, params)
        yield from self.faults_of_fields(api["return"] if edge else kind, read_fields(params.get("fields", "")))

    def faults_of_fields(self, kind: str, fields: Fields) -> Iterator[str]:
        """Names that a kind of object has neither as a field nor as an edge, at any depth that the lists describe."""
        if self.node(kind) is None:
            return
        known = self.fields(kind)
        for name, wanted in fields.items():
            api = self.edge(kind, name)
            if api is not None:
                yield from self._faults_of_params(f"{kind}/{name}", api, wanted.params)
                yield from self.faults_of_fields(api["return"], wanted.fields)
            elif name not in known:
                yield f"{kind} has no field {name}"
            else:
                yield from self.faults_of_fields(known[name], wanted.fields)

    def _faults_of_params(self, where: str, api: Mapping[str, Any], params: Mapping[str, str]) -> Iterator[str]:
        known = {each["name"]: each["type"] for each in api.get("params", [])}
        for name, value in params.items():
            if name not in known and name not in OWN:
                yield f"{where} takes no {name}"
            values = self.enums.get(known.get(name, ""), ())
            if values and value not in values:
                yield f"{where} takes {name}={'|'.join(values)}, not {value}"

    def faults_of_answer(self, kind: str, node: Mapping[str, Any]) -> Iterator[str]:
        """Fields that a kind of object does not have, or that are of another type."""
        known = self.fields(kind)
        for name, value in node.items():
            api = self.edge(kind, name)
            if api is not None:
                for each in value["data"]:
                    yield from self.faults_of_answer(api["return"], each)
            elif known and name not in known:
                yield f"{kind} has no field {name}"
            elif known and not _is(known[name], value):
                yield f"{kind}.{name} is a {known[name]}, not {value!r}"


def asked_of(recording: Recording) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Path after the version, and parameters, of each request of a recording."""
    for line in recording.requests:
        parts = urlsplit(line.split(" ", 1)[1])
        yield [part for part in parts.path.split("/") if part][1:], dict(parse_qsl(parts.query))


def _is(type_: str, value: Any) -> bool:
    if type_ == "string":
        return isinstance(value, str)
    if type_ == "bool":
        return isinstance(value, bool)
    if type_ in ("unsigned int", "int"):
        return isinstance(value, int) and not isinstance(value, bool)
    if type_ == "datetime":
        return moment(value) is not None
    return isinstance(value, list) if type_.startswith("list") else True  # an `Object` is whatever it is
