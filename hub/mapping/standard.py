"""JMESPath's own functions, as its specification has them and jmespath.py does them."""

import json
import math
from typing import Any

from hub.mapping.registry import Expression, WrongType, standard, type_name

Number = float | int
Ordered = list[float] | list[str]


@standard("abs(`-5`)", gives=5)
def abs_(number: Number) -> Number:
    """The number without its sign."""
    return abs(number)


@standard("avg(`[10, 15]`)", gives=12.5)
def avg(numbers: list[float]) -> Number | None:
    """The mean of the numbers; null for none."""
    return sum(numbers) / len(numbers) if numbers else None


@standard("ceil(`1.2`)", gives=2)
def ceil(number: Number) -> Number:
    """The number rounded up."""
    return math.ceil(number)


@standard("contains('foobar', 'oba')", gives=True)
def contains(subject: list[Any] | str, search: Any) -> bool:
    """Whether the array has this element, or the text this part."""
    return search in subject


@standard("ends_with('foobar', 'bar')", gives=True)
def ends_with(text: str, suffix: str) -> bool:
    """Whether the text ends so."""
    return text.endswith(suffix)


@standard("floor(`1.9`)", gives=1)
def floor(number: Number) -> Number:
    """The number rounded down."""
    return math.floor(number)


@standard("""join(', ', `["a", "b"]`)""", gives="a, b")
def join(glue: str, texts: list[str]) -> str:
    """The texts in one, with `glue` between them; see `joined`, which takes blanks and nulls too."""
    return glue.join(texts)


@standard("""keys(`{"a": 1}`)""", gives=["a"])
def keys(object_: dict[str, Any]) -> list[str]:
    """The names of the object's fields."""
    return list(object_)


@standard("length('four')", gives=4)
def length(subject: str | list[Any] | dict[str, Any]) -> int:
    """How many characters, elements or fields it has."""
    return len(subject)


@standard("""map(&id, `[{"id": 1}, {}]`)""", gives=[1, None])
def map_(expression: Expression, array: list[Any]) -> list[Any]:
    """What the expression gives for each element, nulls included."""
    return [expression.apply(element) for element in array]


@standard("max(`[1, 3, 2]`)", gives=3)
def max_(array: Ordered) -> Number | str | None:
    """The greatest element; null for none."""
    return max(array, default=None)


@standard('max_by(`[{"n": 1}, {"n": 3}]`, &n)', gives={"n": 3})
def max_by(array: list[Any], expression: Expression) -> Any:
    """The element for which the expression gives most."""
    return max(array, key=_ordering("max_by", expression), default=None)


@standard("""merge(`{"a": 1}`, `{"b": 2}`)""", gives={"a": 1, "b": 2})
def merge(first: dict[str, Any], *objects: dict[str, Any]) -> dict[str, Any]:
    """One object with the fields of all; the last one wins."""
    merged = dict(first)
    for each in objects:
        merged.update(each)
    return merged


@standard("min(`[2, 1, 3]`)", gives=1)
def min_(array: Ordered) -> Number | str | None:
    """The least element; null for none."""
    return min(array, default=None)


@standard('min_by(`[{"n": 1}, {"n": 3}]`, &n)', gives={"n": 1})
def min_by(array: list[Any], expression: Expression) -> Any:
    """The element for which the expression gives least."""
    return min(array, key=_ordering("min_by", expression), default=None)


@standard("not_null(missing, 'this')", gives="this")
def not_null(first: Any, *others: Any) -> Any:
    """The first argument that is not null; `||` also passes over empty texts and false."""
    if first is not None:
        return first
    for value in others:
        if value is not None:
            return value
    return None


@standard("reverse('abc')", gives="cba")
def reverse(subject: list[Any] | str) -> list[Any] | str:
    """The array or text back to front."""
    return subject[::-1]


@standard("sort(`[3, 1, 2]`)", gives=[1, 2, 3])
def sort(array: Ordered) -> list[Any]:
    """The elements, least first."""
    return sorted(array)


@standard('sort_by(`[{"n": 3}, {"n": 1}]`, &n)', gives=[{"n": 1}, {"n": 3}])
def sort_by(array: list[Any], expression: Expression) -> list[Any]:
    """The elements in the order of what the expression gives: all numbers, or all texts."""
    if not array:
        return array
    first = type_name(expression.apply(array[0]))
    if first not in ("number", "string"):
        raise WrongType(f"sort_by() sorts by string or number, not {first}")
    return sorted(array, key=_ordering("sort_by", expression, (first,)))


@standard("starts_with('foobar', 'foo')", gives=True)
def starts_with(text: str, prefix: str) -> bool:
    """Whether the text starts so."""
    return text.startswith(prefix)


@standard("sum(`[1, 2]`)", gives=3)
def sum_(numbers: list[float]) -> Number:
    """All numbers added up."""
    return sum(numbers)


@standard("to_array('a')", gives=["a"])
def to_array(value: Any) -> list[Any]:
    """The array itself, or an array of this one value."""
    return value if isinstance(value, list) else [value]


@standard("to_number('1.5')", gives=1.5)
def to_number(value: Any) -> Number | None:
    """The number that the text says; null if it says none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if not isinstance(value, str):
        return value
    for read in (int, float):
        try:
            return read(value)
        except ValueError:
            continue
    return None


@standard("to_string(`[1]`)", gives="[1]")
def to_string(value: Any) -> str:
    """The text itself, or the value as JSON: null becomes the text null; see `as_text`, which keeps null."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), default=str)


@standard("type('a')", gives="string")
def type_(value: Any) -> str | None:
    """string, number, boolean, array, object or null."""
    return None if isinstance(value, Expression) else type_name(value)


@standard("""values(`{"a": 1}`)""", gives=[1])
def values(object_: dict[str, Any]) -> list[Any]:
    """The values of the object's fields."""
    return list(object_.values())


def _ordering(name: str, expression: Expression, allowed: tuple[str, ...] = ("number", "string")) -> Any:
    def key(element: Any) -> Any:
        value = expression.apply(element)
        if type_name(value) not in allowed:
            raise WrongType(f"{name}() compares {' or '.join(allowed)}, not {type_name(value)}")
        return value

    return key
