"""Addresses in a row: only http and https are kept, since everything else is for a browser to run, not to show.

An address of a picture is one that somebody may fetch: into somebody's own network it leads nobody.
"""

import re
from typing import Any

from hub.domain.addresses import leads_inside
from hub.quality.text import clean_line

LINK_LONGEST = 4_096
LIST_LONGEST = 200
MEDIA_LINES = ("kind", "description")
LINK = re.compile(r"[hH][tT]{2}[pP][sS]?://[^\s\x00-\x20\x7f/?#\\<>\"][^\s\x00-\x1f\x7f<>\"\\]*+")


def is_link(value: Any) -> bool:
    """Whether this is an http(s) address with a host and without blanks, quotes, control or half characters."""
    return (
        type(value) is str
        and len(value) <= LINK_LONGEST
        and LINK.fullmatch(value) is not None
        and (value.isascii() or value.isprintable())
    )


def clean_links(row: dict[str, Any], flags: set[str]) -> None:
    """Drop the addresses of a row that are none."""
    if "url" in row and not is_link(row["url"]):
        del row["url"]
        flags.add("bad_link")
    if "links" in row:
        row["links"] = _kept(row["links"], flags)
    if "media" in row:
        row["media"] = [_media(one, flags) for one in some_of(row["media"], flags) if _is_media(one, flags)]


def _kept(links: Any, flags: set[str]) -> list[str]:
    links = some_of(links, flags)
    kept = [link for link in links if is_link(link)]
    if len(kept) < len(links):
        flags.add("bad_link")
    return kept


def some_of(values: Any, flags: set[str]) -> list[Any]:
    """The first elements of a list; what is none is an empty one."""
    if type(values) not in (list, tuple):
        flags.add("bad_type")
        return []
    if len(values) > LIST_LONGEST:
        flags.add("too_many")
    return list(values[:LIST_LONGEST])


def _is_media(one: Any, flags: set[str]) -> bool:
    if type(one) is dict:
        return True
    flags.add("bad_type")
    return False


def _media(one: dict[str, Any], flags: set[str]) -> dict[str, Any]:
    """A picture or film: its own words are lines like any other, and its address is one or none."""
    media = one | {name: clean_line(one[name], flags) for name in MEDIA_LINES if type(one.get(name)) is str}
    if media.get("url") is not None and not is_link(media["url"]):
        flags.add("bad_link")
        del media["url"]
    elif media.get("url") is not None and leads_inside(media["url"]):
        flags.add("fetch_refused")
        del media["url"]
    return media
