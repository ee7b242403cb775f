"""What an exported dataset is made of: columns with their meaning, and how each is read off a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

import pyarrow as pa

from hub.domain import Model

TEXT, NUMBER, REAL, YES_NO = pa.string(), pa.int64(), pa.float64(), pa.bool_()
MOMENT = pa.timestamp("us", tz="UTC")
LIST = pa.list_(pa.string())
SCORES = pa.map_(pa.string(), pa.float64())


class Rules(Model, omit_defaults=False):
    """What is exported: networks whose terms allow it, and whether private messages are."""

    networks: tuple[str, ...]
    private: bool = False


@dataclass(frozen=True)
class Column:
    """One column: its type, what it means, in which unit, where it comes from, and its value in a row."""

    name: str
    kind: pa.DataType
    meaning: str
    of: str | Callable[[Any], Any]  # an attribute of the row, by its dotted path, or what makes the value of it
    unit: str = ""
    source: str = ""  # "": as the dataset

    @cached_property
    def read(self) -> Callable[[Any], Any]:
        """Takes its value out of a row."""
        return attrgetter(self.of) if isinstance(self.of, str) else self.of


@dataclass(frozen=True, eq=False)  # each is one of a kind, and a key of dictionaries for every row
class Dataset:
    """One table. `parts` are the folders that its files lie in; they are columns to whoever reads it."""

    name: str
    meaning: str  # what one row is, in one sentence
    source: str
    columns: tuple[Column, ...]
    parts: tuple[str, ...] = ("network", "day")
    day: str = ""  # what `day` is of

    @cached_property
    def schema(self) -> pa.Schema:
        """Types, and as metadata what everything means."""
        fields = [pa.field(one.name, one.kind, metadata={"comment": _comment(one)}) for one in self.columns]
        return pa.schema(fields, metadata={"comment": self.meaning})

    def table(self, rows: Sequence[Any]) -> pa.Table:
        """These rows, typed."""
        arrays = [pa.array(list(map(one.read, rows)), one.kind) for one in self.columns]
        return pa.Table.from_arrays(arrays, schema=self.schema)


def _comment(column: Column) -> str:
    return f"{column.meaning} [{column.unit}]" if column.unit else column.meaning
