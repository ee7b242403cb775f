"""What generated code calls for the rarer cases; the common ones are written out where they stand.

Truth and order are JMESPath's: 0 is true, only null, false and what is empty is false; 1 is not true;
only numbers and texts have an order.
"""

from collections.abc import Callable
from typing import Any

NUMBERS = (int, float)
SIZED = (str, list, dict)
ORDERED = (int, float, str)
EMPTY: dict[str, Any] = {}  # stands in for whatever is no object, so that a field of it is null


def equal(left: Any, right: Any) -> bool:
    """Equality in which 1 and true, 0 and false differ."""
    return bool(left == right) and (left.__class__ is bool) is (right.__class__ is bool)


def compare(left: Any, right: Any, order: Callable[[Any, Any], bool]) -> bool | None:
    """How two values stand; null unless both have an order."""
    if left.__class__ in ORDERED and right.__class__ in ORDERED:
        return order(left, right)
    return None


def flatten(value: Any) -> list[Any] | None:
    """The elements of the array's arrays in one array; null for what is no array."""
    if not isinstance(value, list):
        return None
    if list not in map(type, value):
        return value[:]
    flat: list[Any] = []
    for element in value:
        if isinstance(element, list):
            flat.extend(element)
        else:
            flat.append(element)
    return flat


def element(value: Any, index: int) -> Any:
    """The element at this place, counted from the end if negative; null where there is none."""
    if isinstance(value, list) and -len(value) <= index < len(value):
        return value[index]
    return None
