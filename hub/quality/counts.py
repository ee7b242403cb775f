"""Counts of reactions: whole numbers that every store can hold, or nothing."""

from typing import Any

LARGEST = 2**53  # what JSON readers agree on, far above any true count
COUNTS = ("likes", "shares", "replies", "quotes", "views")


def clean_engagement(engagement: Any, flags: set[str]) -> dict[str, Any]:
    """The counts that are counts; a row is not lost for a number that nobody can read."""
    if type(engagement) is not dict:
        flags.add("bad_type")
        return {}
    for name, value in engagement.items():
        if (type(value) is not int or not 0 <= value < LARGEST) and value is not None and name in COUNTS:
            break
    else:
        return engagement
    flags.add("bad_type")
    return {name: value for name, value in engagement.items() if name not in COUNTS or is_count(value)}


def is_count(value: Any) -> bool:
    """A whole number from zero to what a store can hold; true and 3.0 are none."""
    return type(value) is int and 0 <= value < LARGEST
