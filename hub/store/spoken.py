"""Spoken: what was said, as it is read from the sums of talk, and what follows from sums that are not kept."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from hub.store.tally import EVERYBODY, PUBLIC

_names = msgspec.json.Decoder(tuple[str, ...]).decode

Row = tuple[int, str | None, frozenset[str] | None, str | None, tuple[int, ...]]
"""Step, network, subjects, audience or theme, and the sums."""


class Spoken(NamedTuple):
    """What was said in one step; on one network, of some subjects or by one audience, where that was asked."""

    step: int
    network: str | None  # None: on whatever
    subjects: frozenset[str] | None  # just these, or one that is named at least; None: of whatever
    audience: str  # "": by whomever
    theme: str | None  # an intent or a topic; None: whatever
    numbers: tuple[int, ...]  # in the order of `Sums`; with a theme, or by sentiment, only the first four


class Named(NamedTuple):
    """How many posts named just these subjects together in one step; on one network, where that was asked."""

    step: int
    network: str | None
    subjects: frozenset[str]
    posts: int


def just(found: Sequence[Row]) -> list[Row]:
    """Of what names each subject, only what names no other; what names several is told already."""
    alone: dict[tuple[Any, ...], list[int]] = {}
    together = [row for row in found if len(row[2] or ()) > 1]
    for step, network, subjects, part, numbers in found:
        if len(subjects or ()) == 1:
            alone[step, network, subjects, part] = list(numbers)
    for step, network, subjects, part, numbers in together:
        for name in subjects or ():
            mine = alone.get((step, network, frozenset({name}), part))
            if mine is not None:  # else it is not asked for
                mine[:] = [one - other for one, other in zip(mine, numbers, strict=True)]
    return [*((*where, tuple(numbers)) for where, numbers in alone.items() if any(numbers)), *together]


def public(found: Sequence[Spoken]) -> list[Spoken]:
    """What everybody said, less what those said who are something to us."""
    rest: dict[tuple[Any, ...], list[int]] = {}
    for row in found:
        mine = rest.setdefault((row.step, row.network, row.subjects), [0] * len(row.numbers))
        sign = 1 if row.audience == EVERYBODY else -1
        mine[:] = [one + sign * other for one, other in zip(mine, row.numbers, strict=True)]
    return [
        Spoken(step, network, subjects, PUBLIC, None, tuple(numbers))
        for (step, network, subjects), numbers in rest.items()
        if any(numbers)
    ]


@lru_cache
def subjects_of(subjects: str) -> frozenset[str]:
    """The subjects that a row is about."""
    return frozenset(_names(subjects))
