"""What an expression can give, told from its parse tree alone: types, length, the few texts it may be.

Whatever cannot be told is left open, so that nothing is ever said against a mapping that works.
"""

from hub.domain import MappedField
from hub.mapping.registry import type_name
from hub.mapping.syntax import Node

OPEN = MappedField()


def bounds_of(node: Node) -> MappedField:
    """What may come out of this expression, nulls aside."""
    if node["type"] == "literal":
        return _literal(node["value"])
    return OPEN


def _literal(value: object) -> MappedField:
    if value is None:
        return OPEN
    if not isinstance(value, str):
        return MappedField(types=(type_name(value),))
    return MappedField(types=("string",), longest=units(value), texts=(value,))


def units(text: str) -> int:
    """Length in UTF-16 units, as most systems count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
