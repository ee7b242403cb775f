"""Functions on values and arrays of any kind. Each takes any value: what it cannot use gives null."""

import math
from typing import Any, TypeGuard

from hub.domain import external_id
from hub.mapping.registry import function
from hub.mapping.runtime import NUMBERS, equal
from hub.mapping.text import is_blank, present

LARGEST = 1e300  # beyond it, and for what is not finite, there is nothing to say
MOST_DECIMALS = 15
PLAIN = (str, int, float)


@function("if_blank('  ', 'Not stated')", gives="Not stated")
def if_blank(value: Any, default: Any) -> Any:
    """The value, or the default where it is null, white space, or an empty array or object."""
    return default if is_blank(value) else value


@function("blank_to_null('  ')", gives=None)
def blank_to_null(value: Any) -> Any:
    """The value, or null where there is nothing in it to read; for `blank_to_null(title) && {...}`."""
    return None if is_blank(value) else value


@function("""find_by(`[{"id": "1"}, {"id": "2", "name": "Ana"}]`, 'id', '2').name""", gives="Ana")
def find_by(array: list[Any] | None, name: str, value: Any) -> Any:
    """The first object of the array whose field of this name has this value.

    The way to join: a filter such as `[?id == ...]` sees its own element only, an argument the whole record.
    """
    if not isinstance(array, list) or not isinstance(name, str) or value is None:
        return None
    objects = (each for each in array if isinstance(each, dict))
    return next((each for each in objects if equal(each.get(name), value)), None)


@function("""pick(`{"urgent": "Hot"}`, 'urgent', 'Warm')""", gives="Hot")
def pick(choices: dict[str, Any] | None, key: str | None, default: Any = None) -> Any:
    """What the object holds under this key, else the default: a small table of translations."""
    found = choices.get(key) if isinstance(choices, dict) and isinstance(key, str) else None
    return default if found is None else found


@function("""compact(`["a", null, " ", "b"]`)""", gives=["a", "b"])
def compact(array: list[Any] | None) -> list[Any] | None:
    """The elements that are not blank."""
    if not isinstance(array, list):
        return None
    return [value for value in array if (value.__class__ is str and "!" <= value < "\x7f") or not is_blank(value)]


@function("""unique(`["a", "b", "a"]`)""", gives=["a", "b"])
def unique(texts: list[Any] | None) -> list[Any] | None:
    """The texts and numbers of the array, each once, in the order of their first appearance."""
    if not isinstance(texts, list):
        return None
    return list(dict.fromkeys([each for each in texts if isinstance(each, PLAIN)]))


@function("fingerprint(['A title', '2026-05-01'])", gives="882f7843412f362c855a380dfddff68a")
def fingerprint(parts: list[Any] | None) -> str | None:
    """32 hex digits that stand for these parts, for records without an id; null if all are blank."""
    texts = present(parts)
    return external_id(*texts) if texts else None


@function("to_integer('42')", gives=42)
def to_integer(value: Any) -> int | None:
    """A whole number from a number or from digits; fractions are cut off."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    try:
        return int(value)
    except ValueError:
        return None


@function("round_to(`0.8351`, `2`)", gives=0.84)
def round_to(number: float | None, digits: int) -> float | None:
    """The number with at most this many decimals."""
    if not _is_number(number) or not isinstance(digits, int) or not 0 <= digits <= MOST_DECIMALS:
        return None
    return round(number, digits)


@function("say_number(`1234567`)", gives="1,234,567")
def say_number(number: float | None) -> str | None:
    """A number for people: thousands set apart, at most two decimals."""
    if not _is_number(number):
        return None
    if isinstance(number, int):
        return f"{number:,}"
    said = f"{number:,.2f}".rstrip("0").rstrip(".")
    return "0" if said == "-0" else said


@function("say_short_number(`12345`)", gives="12.3k")
def say_short_number(number: float | None) -> str | None:
    """A number for people in few characters, as networks show followers."""
    if not _is_number(number):
        return None
    for size, letter in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            tenths = math.trunc(number / size * 10) / 10
            return f"{tenths:g}{letter}"
    return say_number(number)


@function("say_percent(`0.934`)", gives="93%")
def say_percent(share: float | None) -> str | None:
    """A share between 0 and 1 in per cent."""
    return f"{share:.0%}" if _is_number(share) else None


@function("""say_list(`["support", "billing", "sales"]`)""", gives="support, billing and sales")
def say_list(parts: list[Any] | None) -> str | None:
    """The parts that are not blank as one reads them out; null if there is none."""
    *most, last = present(parts) or [""]
    return f"{', '.join(most)} and {last}" if most else last or None


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, NUMBERS) and not isinstance(value, bool) and -LARGEST < value < LARGEST
