"""One bound parameter for any number of keys: the statement stays the same, and so does its plan.

An IN list with a parameter for each key has to be written, compiled and planned anew for every number of keys; that
cost more than the look-up itself.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_encode = msgspec.json.Encoder().encode


class _Listed(FunctionElement[Any]):
    """The keys in the parameter `listed`, as rows of the type they are compared with."""

    inherit_cache = True


class _ListedNumbers(_Listed):
    inherit_cache = True


def among(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """The column holds one of the keys in the parameter `listed`, which `listed()` makes."""
    kind = _ListedNumbers if isinstance(column.type, sa.Integer) else _Listed
    return column.op("IN", is_comparison=True)(kind(sa.bindparam("listed", type_=sa.Text())))


def looked_up(column: sa.ColumnElement[str], *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """These columns of the rows whose `column`, which must be unique by itself, is one of the keys in `listed`.

    Each key is looked up as it comes, where `among` sorts them first: half the time for thousands of keys. What is
    listed twice is found twice. Of a column that is not unique SQLite may take the rows first, and then the keys.
    """
    keys = _Listed(sa.bindparam("listed", type_=sa.Text())).table_valued("value").alias("keys")
    return sa.select(*columns).join_from(keys, column.table, column == keys.c.value)


def listed(keys: Iterable[str] | Iterable[int]) -> str:
    """The parameter for `among`."""
    return _encode(list(keys)).decode()


@compiles(_Listed, "sqlite")
def _in_sqlite(element: _Listed, compiler: Any, **options: Any) -> str:
    keys = compiler.process(element.clauses, **options)
    return f"(SELECT value FROM json_each({keys}))"  # noqa: S608  # a placeholder, nobody's text


@compiles(_Listed, "postgresql")
def _in_postgresql(element: _Listed, compiler: Any, **options: Any) -> str:
    kind = "BIGINT" if isinstance(element, _ListedNumbers) else "TEXT"
    keys = compiler.process(element.clauses, **options)
    return f"(SELECT CAST(json_array_elements_text(CAST({keys} AS JSON)) AS {kind}) AS value)"
