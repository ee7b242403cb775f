"""As much SOQL as the hub speaks: SELECT fields or COUNT(), WHERE with `=`, `!=`, IN and AND, ORDER BY, LIMIT."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from connectors.salesforce.sandbox_fields import Field

TOKEN = re.compile(r"\s*(?:('(?:[^'\\]|\\.)*')|([A-Za-z_]\w*|\d+)|(!=|[=(),]))")
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
CONSTANTS = {"true": True, "false": False, "null": None}

Row = dict[str, Any]


class Malformed(ValueError):
    """The query cannot be understood; `code` is Salesforce's word for why."""

    def __init__(self, message: str, code: str = "MALFORMED_QUERY") -> None:
        super().__init__(message)
        self.code = code


class Query:
    """One parsed query; `run` answers it from rows."""

    def __init__(self, text: str, things: Mapping[str, Mapping[str, Field]]) -> None:
        self._tokens = tokens_of(text)
        self._expect("select")
        self.fields = self._names()
        self.counts = [name.lower() for name in self.fields] == ["count"] and self._skip("(")
        if self.counts:
            self._expect(")")
        self._expect("from")
        self.sobject = self._next()
        if self.sobject not in things:
            raise Malformed(f"sObject type '{self.sobject}' is not supported.", "INVALID_TYPE")
        self._known = things[self.sobject]
        for name in () if self.counts else self.fields:
            self._checked(name)
        self._tests: list[Callable[[Row], bool]] = []
        self._order: tuple[str, bool] | None = None
        self._limit: int | None = None
        if self._skip("where"):
            self._tests.append(self._test())
            while self._skip("and"):
                self._tests.append(self._test())
        if self._skip("order"):
            self._expect("by")
            field = self._field()
            self._order = (field, self._skip("desc") or (self._skip("asc") and False))
        if self._skip("limit"):
            self._limit = int(self._next())
        if self._tokens:
            raise Malformed(f"unexpected token: {self._tokens[0]}")

    def run(self, rows: list[Row]) -> list[tuple[str, Row]]:
        """The rows asked for, each after its id, with the fields asked for."""
        found = [row for row in rows if all(test(row) for test in self._tests)]
        if self._order:
            field, descending = self._order
            found.sort(key=lambda row: str(row.get(field) or ""), reverse=descending)
        return [(str(row["Id"]), {name: row.get(name) for name in self.fields}) for row in found[: self._limit]]

    def _test(self) -> Callable[[Row], bool]:
        field = self._field()
        operator = self._next().lower()
        if operator == "in":
            self._expect("(")
            wanted = {folded(self._value())}
            while self._skip(","):
                wanted.add(folded(self._value()))
            self._expect(")")
            return lambda row: folded(row.get(field)) in wanted
        value = folded(self._value())
        if operator == "=":
            return lambda row: folded(row.get(field)) == value
        if operator == "!=":
            return lambda row: folded(row.get(field)) != value
        raise Malformed(f"unexpected token: {operator}")

    def _names(self) -> list[str]:
        names = [self._next()]
        while self._skip(","):
            names.append(self._next())
        return names

    def _field(self) -> str:
        return self._checked(self._next())

    def _checked(self, name: str) -> str:
        if name not in self._known:
            raise Malformed(f"No such column '{name}' on entity '{self.sobject}'.", "INVALID_FIELD")
        return name

    def _value(self) -> Any:
        token = self._next()
        if token.startswith("'"):
            return re.sub(r"\\(.)", lambda match: ESCAPED.get(match[1], match[1]), token[1:-1])
        return CONSTANTS[token.lower()] if token.lower() in CONSTANTS else int(token)

    def _next(self) -> str:
        if not self._tokens:
            raise Malformed("unexpected end of query")
        return self._tokens.pop(0)

    def _skip(self, word: str) -> bool:
        if self._tokens and self._tokens[0].lower() == word:
            self._tokens.pop(0)
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            raise Malformed(f"expecting {word}")


def tokens_of(text: str) -> list[str]:
    """The query's words, strings and signs."""
    tokens, position, text = [], 0, text.strip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise Malformed(f"unexpected character at {position}")
        tokens.append(next(group for group in match.groups() if group))
        position = match.end()
    return tokens


def folded(value: Any) -> Any:
    """Text compares without regard to case."""
    return value.lower() if isinstance(value, str) else value
