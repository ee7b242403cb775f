"""Many rows by one statement, straight to the driver.

SQLAlchemy writes the statement and says how each column's values are bound; what it does besides for every row
costs a third of landing a post, so rows go past it.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

Row = dict[str, Any]


def write_rows(connection: sa.Connection, statement: sa.Executable, rows: Sequence[Row]) -> int:
    """Execute the statement once for each row, all of which name the same values; returns the rows changed."""
    text, names, binders = _prepared(statement, connection.dialect, tuple(rows[0]))
    if binders:
        rows = [row.copy() for row in rows]
        for name, bind in binders:
            for row, value in zip(rows, _bound([row[name] for row in rows], bind), strict=True):
                row[name] = value
    if names is not None:
        pick = itemgetter(*names)
        return connection.exec_driver_sql(text, [pick(row) for row in rows]).rowcount
    return connection.exec_driver_sql(text, list(rows)).rowcount


def write_columns(connection: sa.Connection, statement: sa.Executable, columns: dict[str, list[Any]], same: Row) -> int:
    """The same, of values that come column by column; `same` are those that all rows share."""
    count = len(next(iter(columns.values())))
    text, names, binders = _prepared(statement, connection.dialect, (*columns, *same))
    bound: dict[str, Iterable[Any]] = {**columns, **{name: repeat(value, count) for name, value in same.items()}}
    for name, bind in binders:
        bound[name] = repeat(bind(same[name]), count) if name in same else _bound(columns[name], bind)
    if names is not None:
        return connection.exec_driver_sql(text, list(zip(*(bound[name] for name in names), strict=True))).rowcount
    rows = [dict(zip(bound, row, strict=True)) for row in zip(*bound.values(), strict=True)]
    return connection.exec_driver_sql(text, rows).rowcount


def _bound(values: Iterable[Any], bind: Callable[[Any], Any]) -> list[Any]:
    """The values as they are bound; rows of one transaction mostly share their times, so equal ones are bound once."""
    last = bound = None
    done = []
    for value in values:
        if value is not last:
            last, bound = value, bind(value)
        done.append(bound)
    return done


@lru_cache(maxsize=64)  # the statements of hot paths are constants: they are written once
def _prepared(
    statement: Any, dialect: Dialect, given: tuple[str, ...]
) -> tuple[str, list[str] | None, list[tuple[str, Callable[[Any], Any]]]]:
    """The statement's text, the order of its values (None where they go by name), and what binds which value."""
    compiled = statement.compile(dialect=dialect, column_keys=list(given))
    binders = []
    for name, parameter in compiled.binds.items():
        bind = parameter.type.dialect_impl(dialect).bind_processor(dialect)
        if bind is not None and not isinstance(parameter.type, sa.Boolean):  # drivers know booleans by themselves
            binders.append((name, bind))
    return str(compiled), compiled.positiontup, binders
