"""Rows of a played system, kept in memory, indexed by the fields they are asked for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from sandbox.state import State

Row = dict[str, Any]
Key = int | str


class Table:
    """Rows under ids, in the order they came. Rows handed out are copies: change them by `update`."""

    def __init__(self, state: "State", system: str, name: str) -> None:
        self._state = state
        self._system = system
        self._name = name
        self._rows: dict[Key, Row] = {}
        self._positions: dict[Key, int] = {}
        self._next = 1
        self._indexes: dict[str, dict[Any, dict[Key, None]]] = {}

    def insert(self, row: Row, id: Key | None = None) -> Key:
        """Add a row under `id`, or its own `id`, or the next number (which it then carries as `id`)."""
        row = dict(row)
        key = id if id is not None else row.get("id")
        if key is None:
            key = row["id"] = self.next_id()
        if key in self._rows:
            raise KeyError(f"{self._system}.{self._name} already holds {key!r}")
        self._put(key, row)
        self._save(key)
        return key

    def get(self, id: Key) -> Row | None:
        """A copy of one row."""
        row = self._rows.get(id)
        return dict(row) if row is not None else None

    def update(self, id: Key, /, **changes: Any) -> Row:
        """Set these fields and return the row as it is now; raises `KeyError` for an unknown id."""
        row = {**self._rows[id], **changes}
        self._unindex(id)
        self._rows[id] = row
        self._index(id)
        self._save(id)
        return dict(row)

    def delete(self, id: Key) -> None:
        """Forget a row; no complaint when there is none."""
        if id in self._rows:
            self._unindex(id)
            del self._rows[id], self._positions[id]
            self._state.erase(self._system, self._name, id)

    def all(self) -> list[Row]:
        """Copies of all rows, oldest first."""
        return [dict(row) for row in list(self._rows.values())]

    def where(self, **fields: Any) -> list[Row]:
        """The rows whose fields have exactly these values, oldest first; the first field is indexed."""
        (name, value), *others = fields.items()
        found = sorted(self._lookup(name, value), key=self._positions.__getitem__)
        rows = (self._rows[key] for key in found)
        return [dict(row) for row in rows if all(row.get(field) == wanted for field, wanted in others)]

    def next_id(self) -> int:
        """A number that no row of this table has had, nor will have after a restart."""
        number, self._next = self._next, self._next + 1
        self._state.save_next(self._system, self._name, self._next)
        return number

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, id: object) -> bool:
        return id in self._rows

    def __iter__(self) -> Iterator[Key]:
        return iter(list(self._rows))

    def restore(self, key: Key, position: int, row: Row) -> None:
        """Take a row back in from disk."""
        self._put(key, row, position)

    def resume(self, number: int) -> None:
        """Go on counting here after a restart."""
        self._next = max(self._next, number)

    def clear(self) -> None:
        """Forget everything, in memory only."""
        self._rows, self._positions, self._indexes, self._next = {}, {}, {}, 1

    def _put(self, key: Key, row: Row, position: int | None = None) -> None:
        self._rows[key] = row
        self._positions[key] = position if position is not None else self._state.next_position()
        if isinstance(key, int) and key >= self._next:
            self._next = key + 1
        self._index(key)

    def _save(self, key: Key) -> None:
        self._state.save(self._system, self._name, key, self._positions[key], self._rows[key])

    def _lookup(self, name: str, value: Any) -> dict[Key, None]:
        if name not in self._indexes:
            index: dict[Any, dict[Key, None]] = {}
            for key, row in self._rows.items():
                index.setdefault(_indexable(row.get(name)), {})[key] = None
            self._indexes[name] = index
        return self._indexes[name].get(_indexable(value), {})

    def _index(self, key: Key) -> None:
        for name, index in self._indexes.items():
            index.setdefault(_indexable(self._rows[key].get(name)), {})[key] = None

    def _unindex(self, key: Key) -> None:
        for name, index in self._indexes.items():
            index.get(_indexable(self._rows[key].get(name)), {}).pop(key, None)


def _indexable(value: Any) -> Any:
    """A value fit to be a dictionary's key; lists and objects by their JSON."""
    return orjson.dumps(value) if isinstance(value, dict | list) else value
