"""Reading a feed's bytes into entries: the feed library, or plain JSON objects, behind the guards.

What the entries hold is text for the mapping, never markup for a page. An entry that a feed says is gone becomes one
with nothing but its id and `deleted`.
"""

import io
import time
from calendar import timegm
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from connectors.blogs.guards import MAX_DEPTH, as_utf8, inspect
from hub.errors import ContractBroken
from hub.kit import SPOILT, read_json

MAX_ENTRIES = 1_000
MAX_MEDIA = 20  # of one entry

Entry = dict[str, Any]


@dataclass(frozen=True)
class Feed:
    """What a document says: its entries, oldest first, and where news of it could be had at once (WebSub)."""

    title: str
    entries: list[Entry]
    hub: str | None = None


def read_feed(body: bytes, *, site: str, address: str = "", content_type: str = "") -> Feed:
    """A feed of this site; ContractBroken for what is none, or is hostile.

    `address` is where the document came from, for links without a host; `content_type` may name its encoding.
    """
    text = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    gone: list[Entry] = []
    if text[:1] == b"{":
        entries, about = _json_entries(text)
    else:
        document = as_utf8(body, content_type)
        stones = inspect(document)
        gone = [{"id": each["ref"], "deleted": each.get("when") or "yes"} for each in stones if each.get("ref")]
        entries, about = _xml_entries(document)
    title = str(about.get("title") or "")
    feed = {"host": site, "title": title}
    placed = [_placed(entry, address) for entry in reversed(entries[:MAX_ENTRIES])]
    return Feed(title, [{**entry, "feed": feed} for entry in [*placed, *gone[:MAX_ENTRIES]]], about.get("hub"))


def _placed(entry: Entry, address: str) -> Entry:
    """Its link, with the host that it may lack. Ids stay as they were written, wherever the feed is."""
    link = entry.get("link")
    return {**entry, "link": urljoin(address, link)} if isinstance(link, str) else entry


def _xml_entries(document: bytes) -> tuple[list[Entry], Entry]:
    import feedparser

    told = {"content-type": "application/xml; charset=utf-8"}
    try:
        found = feedparser.parse(
            io.BytesIO(document), response_headers=told, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as broken:  # noqa: BLE001  made for friendly feeds: whatever it stumbles over is the feed's fault
        raise ContractBroken(f"The feed cannot be read ({type(broken).__name__}).") from None
    if not found.get("version") and not found.entries:
        raise ContractBroken("This is no feed; check the watch's address.")
    spoken, links = found.feed.get("language"), found.feed.get("links") or []
    about = {"title": found.feed.get("title"), "hub": _first(link.get("href") for link in links if _is_hub(link))}
    return [_entry(each, spoken) for each in found.entries], about


def _is_hub(link: Any) -> bool:
    return bool(link.get("rel") == "hub")


def _first(found: Any) -> str | None:
    return next((each for each in found if isinstance(each, str) and each.startswith(("https://", "http://"))), None)


def _entry(found: Any, spoken: str | None) -> Entry:
    contents = [each.get("value") for each in found.get("content", ()) if each.get("value")]
    made = {
        "id": found.get("id") or found.get("link"),
        "link": found.get("link"),
        "title": found.get("title"),
        "html": contents[0] if contents else found.get("summary"),
        "author": found.get("author"),
        "published": _time(dict.get(found, "published_parsed")) or found.get("published"),
        "updated": _time(dict.get(found, "updated_parsed")) or dict.get(found, "updated"),  # and not the other one
        "lang": (found.get("title_detail") or {}).get("language") or spoken,
        "tags": [each["term"] for each in found.get("tags", ()) if each.get("term")],
        "answers": (found.get("thr_in-reply-to") or {}).get("ref"),
        "media": _media([*found.get("enclosures", ()), *found.get("media_content", ())]),
    }
    return {name: value for name, value in made.items() if value}


def _media(shown: list[Any]) -> list[Entry]:
    """What an entry shows or plays, each once, by the kind that its type begins with."""
    found = {}
    for each in shown[:MAX_MEDIA]:
        url, kind = each.get("href") or each.get("url"), each.get("medium") or each.get("type") or "file"
        if url:
            found[url] = {"kind": kind.partition("/")[0] or "file", "url": url}
    return list(found.values())


def _time(parsed: time.struct_time | None) -> str | None:
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC).isoformat() if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def _json_entries(text: bytes) -> tuple[list[Entry], Entry]:
    feed = read_json(text, source="The feed", max_depth=MAX_DEPTH)
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise ContractBroken("This is no JSON Feed; check the watch's address.")
    hubs = [each.get("url") for each in _objects(feed.get("hubs"))]
    about = {"title": feed.get("title"), "hub": _first(hubs)}
    return [_json_entry(item) for item in items if isinstance(item, dict)], about


def _objects(listed: Any) -> list[Entry]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _json_entry(item: dict[str, Any]) -> Entry:
    authors = item.get("authors") or [item.get("author") or {}]
    first = authors[0] if isinstance(authors, list) and isinstance(authors[0], dict) else {}
    made = {
        "id": item.get("id") or item.get("url"),
        "link": item.get("url") or item.get("external_url"),
        "title": item.get("title"),
        "html": item.get("content_html"),
        "text": item.get("content_text") or item.get("summary"),
        "author": first.get("name"),
        "published": item.get("date_published"),
        "updated": item.get("date_modified"),
        "lang": item.get("language"),
        "tags": item.get("tags"),
        "media": _json_media(item),
        SPOILT: item.get(SPOILT),
    }
    return {name: value for name, value in made.items() if value}


def _json_media(item: Entry) -> list[Entry]:
    picture = [{"url": item["image"], "type": "image"}] if isinstance(item.get("image"), str) else []
    attached = [
        {"url": each["url"], "type": each["mime_type"]}
        for each in _objects(item.get("attachments"))
        if isinstance(each.get("url"), str) and isinstance(each.get("mime_type"), str)
    ]
    return _media([*picture, *attached])
