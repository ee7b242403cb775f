"""Rows that nothing is to be done to, as most are: one look says so.

The row gate (`rows`) makes harmless, flags and refuses, a field at a time, and most rows pass through that unchanged.
What is asked here is asked of many fields together, and so that a yes is certain; whatever this hesitates over takes
the long way, which explains. Types that the row gate leaves to the Post are left to it here too.
"""

from datetime import UTC, datetime
from typing import Any

from hub.quality.counts import LARGEST
from hub.quality.links import LINK_LONGEST, LIST_LONGEST
from hub.quality.personal import personal_flags
from hub.quality.text import LINE_LONGEST, clean_text

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before the web nobody posted: such a time is a default or a mistake
TEXT_LONG = 25_000  # characters: kept, but flagged; the longest post of any network we read is shorter
NONE: list[Any] = []  # never handed out
NO_COUNTS: dict[str, Any] = {}
Checked = tuple[dict[str, Any], list[str]]


def plain_row(mapped: dict[str, Any], now: datetime) -> Checked | None:
    """What `check_row` makes of this row, and its flags; None where only the long way can tell."""
    try:
        return _plain(mapped, now)
    except (KeyError, TypeError, ValueError, AttributeError):  # something else stands where a text or a list is due
        return None


def _plain(mapped: dict[str, Any], now: datetime) -> Checked | None:
    row, get = mapped.copy(), mapped.get
    author: dict[str, Any] = mapped["author"].copy()
    native_id, account, text, told = mapped["native_id"], author["native_id"], mapped["text"], mapped["published_at"]
    tags, mentions, links, lang = get("tags", NONE), get("mentions", NONE), get("links", NONE), get("lang", "en")
    names = author.get("handle", ""), author.get("display_name", ""), get("title", ""), get("licence", "")
    if (
        "media" in mapped or "edited_at" in mapped
        or not type(tags) is type(mentions) is type(links) is list
        or len(tags) > LIST_LONGEST or len(mentions) > LIST_LONGEST or len(links) > LIST_LONGEST
        or not native_id or not account or not all(tags) or not all(mentions)
        or not _on_a_line("".join([native_id, account, lang, *names, *tags, *mentions]))
        or " " in native_id or " " in account
        or len(lang) != 2 or not lang.isalpha() or not lang.isascii()
        or not _are_links(_addresses(links, mapped, author))
        or not _are_counts(author, get("engagement", NO_COUNTS))
        or type(text) is not str or len(text) > TEXT_LONG
        or type(told) is not str or not 10 < len(told) < 40
    ):  # fmt: skip
        return None
    moment = datetime.fromisoformat(told)
    if moment.tzinfo is not UTC or not EARLIEST <= moment <= now:
        return None
    flags: set[str] = set()
    cleaned, visible = clean_text(text, flags)
    if not visible:
        return None
    personal_flags(cleaned, flags)
    row["author"], row["published_at"], row["text"] = author, moment, cleaned
    return row, sorted(flags) if flags else []


def _on_a_line(line: str) -> bool:
    """Whether what is joined here may stand on a line as it is; of what is printable, only a blank is white."""
    return len(line) <= LINE_LONGEST and line.isprintable()


def _addresses(links: list[Any], mapped: dict[str, Any], author: dict[str, Any]) -> list[Any]:
    """All addresses that a row holds, its media's excepted."""
    addresses = links.copy()
    if "url" in mapped:
        addresses.append(mapped["url"])
    if "url" in author:
        addresses.append(author["url"])
    return addresses


def _are_links(addresses: list[Any]) -> bool:
    """Whether all of these are what `is_link` calls one, together not longer than one may be."""
    line = "".join(addresses)
    if (
        len(line) > LINK_LONGEST or not line.isprintable()
        or " " in line or "<" in line or ">" in line or '"' in line or "\\" in line
    ):  # fmt: skip
        return False
    for address in addresses:  # noqa: SIM110  a generator costs twice as much
        if address[:8] != "https://" or not address[8:9].isalnum():
            return False
    return True


def _are_counts(author: dict[str, Any], engagement: dict[str, Any]) -> bool:
    """Whether followers and reactions are numbers that every store can hold; a moment among them is not looked at."""
    followers = author.get("followers")
    if (type(followers) is not int or not 0 <= followers < LARGEST) and "followers" in author:
        return False
    for count in engagement.values():
        if type(count) is not int or not 0 <= count < LARGEST:
            return False
    return type(engagement) is dict
