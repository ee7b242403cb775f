"""Validate: landed records become posts, or go to quarantine with a reason, or were never meant for us.

Two gates (decision 5). Each row by itself: the mapping's result must make a typed Post. Then all rows
of the run together: Great Expectations says which rows break a rule that only the crowd shows, and
whether the crowd as a whole may be believed. A row that cannot go on never stops the others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from hub.domain import Expectations, Post
from hub.errors import RecordError, Unmappable
from hub.kit import SPOILT
from hub.mapping import Mapping as RecordMapping
from hub.quality.gate import Verdict, check_batch, columns_of
from hub.stages.posts import PostMaker


@dataclass(frozen=True)
class Flaw:
    """Why something cannot go on, and from where."""

    stage: str
    reason: str
    detail: str


@dataclass(frozen=True)
class BadRecord:
    """A record that cannot go on, as it came."""

    record: dict[str, Any]
    reason: str
    detail: str
    stage: str = "validate"


@dataclass
class Sorted:
    """What one batch holds."""

    posts: list[tuple[Post, int]] = field(default_factory=list)  # each with its place: records are large, and let go
    bad: list[BadRecord] = field(default_factory=list)
    skipped: int = 0
    gone: dict[str, str] = field(default_factory=dict)  # why posts are gone at their origin, by key; among the skipped


def sort_records(records: Iterable[dict[str, Any]], mapping: RecordMapping, maker: PostMaker) -> Sorted:
    """The first gate: each record by itself."""
    found = Sorted()
    apply, make = mapping.apply, maker.make
    for place, record in enumerate(records):
        try:
            if SPOILT in record:
                raise spoilt(record[SPOILT])
            mapped = apply(record)
            if mapped is None:
                found.skipped += 1
            elif mapped.get("gone"):
                found.skipped += 1
                found.gone[maker.key_of(mapped)] = str(mapped["gone"])
            else:
                found.posts.append((make(mapped), place))
        except RecordError as problem:
            found.bad.append(BadRecord(record, problem.reason, str(problem)))
    return found


def flaws_of(verdict: Verdict) -> dict[str, Flaw]:
    """What the second gate says against single posts, by key."""
    return {
        key: Flaw("validate", broken[0], f"Breaks {', '.join(broken)} of the batch's expectations.")
        for key, broken in verdict.failures.items()
    }


def sound(found: Sorted, flaws: Mapping[str, Flaw]) -> list[Post]:
    """The posts that nothing is said against."""
    return [post for post, _ in found.posts if not flaws or post.key not in flaws]


def bad_of(
    found: Sorted, flaws: Mapping[str, Flaw], records: Callable[[], Iterable[dict[str, Any]]]
) -> list[BadRecord]:
    """All that cannot go on, as it came; only for what has become a post are the records read again."""
    if not flaws:
        return found.bad
    broken = {place: flaws[post.key] for post, place in found.posts if post.key in flaws}
    bad = [
        BadRecord(record, flaw.reason, flaw.detail, flaw.stage)
        for place, record in enumerate(records() if broken else ())
        if (flaw := broken.get(place))
    ]
    return [*found.bad, *bad]


def spoilt(code: Any) -> Unmappable:
    """Why a record that its connector could not trust goes no further."""
    if code is True:
        return Unmappable("One of the record's keys stands twice; ask for it again.", reason="duplicate_key")
    return Unmappable("It could not be read where it lay; mend it there, or drop it.", reason=str(code))


Gate = Callable[[Sequence[Post], datetime], Verdict]


def expectations_gate(suite: Path, networks: Mapping[str, Expectations]) -> Gate:
    """The second gate, over all posts of a run; Great Expectations is imported when it is first used."""

    def gate(posts: Sequence[Post], now: datetime) -> Verdict:
        return check_batch(columns_of(posts, now), suite, networks=networks)

    return gate
