"""The rules for one row, beyond its types: what is made harmless and flagged, and what cannot go on.

A row meets two kinds of rules. What would break whoever reads it later (a control character, a lone surrogate, a
`javascript:` link, a count that is no number) is taken out and flagged. What leaves nothing to go on with (no id,
no author, no time, no text) is an Unmappable with a reason code. Text that merely looks odd stays as it was sent,
code point for code point: making it safe to show is the business of the place that shows it.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from hub.errors import Unmappable
from hub.quality.counts import clean_engagement
from hub.quality.links import LIST_LONGEST, clean_links, is_link, some_of
from hub.quality.personal import personal_flags
from hub.quality.plain import EARLIEST, TEXT_LONG, plain_row
from hub.quality.text import LINE_LONGEST, clean_line, clean_text

TEXT_LONGEST = 200_000
ID_LONGEST = 1_024  # some networks and all feeds use addresses as ids
SKEW = timedelta(minutes=5)  # how far a network's clock may be ahead of ours
ZERO = datetime(1970, 1, 1, tzinfo=UTC)  # what networks write for a time that they could not read, as Bluesky does
LINES = ("title", "licence")
AUTHOR_LINES = ("handle", "display_name")
LISTS = ("tags", "mentions")
LANGUAGE = re.compile(r"[A-Za-z0-9]{1,8}(?:[-_][A-Za-z0-9]{1,8}){0,7}")


def check_row(mapped: dict[str, Any], now: datetime) -> tuple[dict[str, Any], list[str]]:
    """A row fit to become a Post, and the flags it earned; Unmappable where it cannot become one."""
    return plain_row(mapped, now) or check_each_field(mapped, now)


def check_each_field(mapped: dict[str, Any], now: datetime) -> tuple[dict[str, Any], list[str]]:
    """The same, a field at a time, as it is done with every row that is not plain."""
    row = dict(mapped)
    flags: set[str] = set()
    row["native_id"] = checked_id(row.get("native_id"))
    row["author"] = _author(row.get("author"), flags)
    row["published_at"] = _published(row.get("published_at"), now, flags)
    if "edited_at" in row:
        _optional_time(row, "edited_at", now, flags)
    _text(row, flags)
    _lines(row, LINES, flags)
    for field in LISTS:
        if field in row:
            row[field] = _words(row[field], flags)
    if "lang" in row and not is_language(row["lang"]):
        del row["lang"]
        flags.add("bad_type")
    clean_links(row, flags)
    if "engagement" in row:
        row["engagement"] = clean_engagement(row["engagement"], flags)
    return row, sorted(flags)


def checked_id(value: Any, reason: str = "bad_id", whose: str = "The record") -> str:
    """An id as text; Unmappable where none can be one."""
    if type(value) is int:
        value = str(value)
    if (
        type(value) is not str
        or not value
        or len(value) > ID_LONGEST
        or not value.isprintable()
        or value != value.strip()
    ):
        raise Unmappable(f"{whose} has no usable id; check the mapping's `native_id`.", reason=reason)
    return value


def _author(given: Any, flags: set[str]) -> dict[str, Any]:
    if type(given) is not dict or not given:
        raise Unmappable("The record has no author; check the mapping's `author`.", reason="no_author")
    author: dict[str, Any] = dict(given)
    author["native_id"] = checked_id(author.get("native_id"), "no_author", "The author")
    _lines(author, AUTHOR_LINES, flags)
    if "url" in author and not is_link(author["url"]):
        del author["url"]
        flags.add("bad_link")
    if "followers" in author and (type(author["followers"]) is not int or not 0 <= author["followers"] < 2**53):
        del author["followers"]
        flags.add("bad_type")
    return author


def _lines(row: dict[str, Any], fields: tuple[str, ...], flags: set[str]) -> None:
    """What is said in one line each, cleaned in its place."""
    for field in fields:
        if field in row:
            row[field] = clean_line(row[field], flags)


def _published(value: Any, now: datetime, flags: set[str]) -> datetime:
    moment, earliest = parse_time(value), ZERO
    if moment is None:
        moment, earliest = parse_seconds(value), EARLIEST
        flags.add("bad_time")
    if moment is None or moment < earliest:
        raise Unmappable("The record has no usable time; check the mapping's `published_at`.", reason="bad_time")
    if moment > now + SKEW:
        flags.add("future_time")  # a clock or a prank; what was sent stays in the landed record
        return now
    if moment < EARLIEST:
        flags.add("bad_time")  # history at the most: too old to become work
    return moment


def _optional_time(row: dict[str, Any], field: str, now: datetime, flags: set[str]) -> None:
    moment = parse_time(row.pop(field))
    if moment is None or moment < EARLIEST:
        flags.add("bad_time")
    elif moment > now + SKEW:
        flags.add("future_time")
    else:
        row[field] = moment


def is_language(value: Any) -> bool:
    """Whether this is written as languages are, `pt-BR`: what is anything else is for the classifier to find out."""
    return type(value) is str and LANGUAGE.fullmatch(value) is not None


def parse_time(value: Any) -> datetime | None:
    """An aware UTC time from ISO 8601 text or an aware datetime; None for everything else."""
    if type(value) is str and 10 < len(value) < 40:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if type(value) is not datetime or value.tzinfo is None:
        return None
    if value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:  # year 1 or 9999, shifted over the edge
        return None


def parse_seconds(value: Any) -> datetime | None:
    """A time told in seconds or milliseconds since 1970, which is not what was agreed, but can be read."""
    if type(value) is str and value.isdecimal() and value.isascii():
        value = int(value) if len(value) in (10, 13) else None
    if type(value) is not int:
        return None
    seconds = value / 1000 if value > 10**11 else value
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 10**11 else None


def _text(row: dict[str, Any], flags: set[str]) -> None:
    text = row.get("text", "")
    if type(text) is not str:
        raise Unmappable("The text is not text; check the mapping's `text`.", reason="bad_type")
    if len(text) > TEXT_LONG:
        if len(text) > TEXT_LONGEST:
            raise Unmappable(f"The text has {len(text)} characters; the limit is {TEXT_LONGEST}.", reason="too_long")
        flags.add("too_long")
    cleaned, visible = clean_text(text, flags)
    if not visible and (text.strip() or not _says_something_else(row)):
        raise Unmappable("The record says nothing: no text, title, media or share.", reason="empty_text")
    row["text"] = cleaned
    personal_flags(cleaned, flags)


def _says_something_else(row: dict[str, Any]) -> bool:
    """Whether a post without words still shows, names or passes on something."""
    return bool(row.get("media") or row.get("title") or row.get("shared") or row.get("links"))


def _words(values: Any, flags: set[str]) -> list[str]:
    if _are_plain(values):
        return values
    values = some_of(values, flags)
    kept = [clean_line(value, flags) for value in values]
    if "" in kept:
        kept = [line for line in kept if line]
    if len(kept) < len(values):
        flags.add("bad_type")
    return kept


def _are_plain(values: Any) -> TypeGuard[list[str]]:
    """Whether nothing is to be done to these words, as is the rule; some joined are looked at as fast as one."""
    if type(values) is not list or len(values) > LIST_LONGEST or not all(values):
        return False
    try:
        joined = "".join(values)
    except TypeError:  # one of them is no text
        return False
    return len(joined) <= LINE_LONGEST and joined.isascii() and joined.isprintable()
