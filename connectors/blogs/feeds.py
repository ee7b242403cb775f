"""Reading a feed's bytes into entries: limits first, then the feed library, then plain JSON objects.

feedparser takes a minute for one element with 50,000 attributes and lets scripts and odd links through. So a
document is looked over before it sees it: no document type, bounded size, depth, attributes and namespaces. It is
turned into UTF-8 first, as feedparser would: what is looked over is then what is read, whatever encoding it claims.
What its entries hold is text for the mapping, never markup for a page.
"""

import codecs
import io
import re
import time
from calendar import timegm
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin
from xml.parsers import expat

from hub.errors import ContractBroken
from hub.kit import SPOILT, read_json

MAX_ENTRIES = 1_000
MAX_DEPTH = 64
MAX_ATTRIBUTES = 64  # on one element
MAX_NAMESPACES = 100  # different ones in the whole document: each makes every later element dearer
TAG = re.compile(rb"<(/?)([A-Za-z_][^\s/>]{0,200})([^<>]*)>")
DOCTYPE = re.compile(rb"<!\s*doctype(?!\s*html)", re.IGNORECASE)
ATTRIBUTE = re.compile(rb"[=]")
VERBATIM = re.compile(rb"<!\[CDATA\[|<!--")
ENCODING = re.compile(rb"(?:encoding|charset)\s*=\s*[\"']?([^\"';?>]*)")
EBCDIC = b"\x4c\x6f\xa7\x94"  # "<?xm" on a mainframe, where none of our patterns would match
NO_TEXT = {"idna", "punycode", "undefined"}  # codecs of Python for other things; some take for ever
MONSTROUS = "The feed nests deeper or carries more attributes or namespaces than any honest one."

Entry = dict[str, Any]


def read_feed(body: bytes, *, site: str, address: str = "", content_type: str = "") -> list[Entry]:
    """The entries of a feed of this site, oldest first; ContractBroken for what is none, or is hostile.

    `address` is where the document came from, for links without a host; `content_type` may name its encoding.
    """
    text = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] == b"{":
        entries, title = _json_entries(text)
    else:
        document = _as_utf8(body, content_type)
        _inspect(document)
        entries, title = _xml_entries(document)
    feed = {"host": site, "title": title}
    return [{**_placed(entry, address), "feed": feed} for entry in reversed(entries[:MAX_ENTRIES])]


def _placed(entry: Entry, address: str) -> Entry:
    """Its link, with the host that it may lack. Ids stay as they were written, wherever the feed is."""
    link = entry.get("link")
    return {**entry, "link": urljoin(address, link)} if isinstance(link, str) else entry


def _as_utf8(body: bytes, content_type: str) -> bytes:
    """The document in UTF-8, by feedparser's own reading of its mark, its declaration and its header."""
    from feedparser.encodings import convert_to_utf8

    head, ending, _ = body.replace(b"\x00", b"").partition(b"?>")
    named = ENCODING.findall((head if ending else b"") + b" " + content_type.encode("latin-1", "replace"))
    if body.startswith(EBCDIC) or any(_codec(name) in NO_TEXT for name in named):
        raise ContractBroken("The feed is in an encoding that no honest feed is in.")
    told = {"content-type": content_type} if content_type else {}
    try:
        converted: bytes = convert_to_utf8(told, body, {})
    except (ValueError, LookupError) as broken:
        raise ContractBroken(f"The feed's encoding cannot be read ({type(broken).__name__}).") from None
    return converted


def _codec(name: bytes) -> str:
    try:
        return codecs.lookup(name.decode("latin-1").strip()).name
    except (ValueError, LookupError):
        return ""


def _inspect(document: bytes) -> None:
    """Refuse what would hurt the library: document types, and monstrous nesting, attributes or namespaces."""
    plain = document.replace(b"\x00", b"")  # of UTF-16 that nobody recognised
    if DOCTYPE.search(plain[:200_000]) or b"<!entity" in plain.lower():
        raise ContractBroken("The feed declares a document type or entities, which are refused.")
    _inspect_strictly(document)
    depth = 0
    for match in TAG.finditer(_outside(plain)):  # where it is not well-formed, feedparser reads on by looser rules
        closing, _, rest = match.groups()
        if closing:
            depth -= 1
        elif not rest.endswith(b"/"):
            depth += 1
        if depth > MAX_DEPTH or len(ATTRIBUTE.findall(rest)) > MAX_ATTRIBUTES:
            raise ContractBroken(MONSTROUS)


def _inspect_strictly(document: bytes) -> None:
    """Count with the parser that feedparser uses, as far as the document is well-formed."""
    depth = 0
    namespaces: set[tuple[str, str]] = set()

    def start(_: str, attributes: list[str]) -> None:
        nonlocal depth
        depth += 1
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        namespaces.update(pair for pair in pairs if pair[0].startswith("xmlns"))
        if depth > MAX_DEPTH or len(attributes) > 2 * MAX_ATTRIBUTES or len(namespaces) > MAX_NAMESPACES:
            raise ContractBroken(MONSTROUS)

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    reader = expat.ParserCreate()
    reader.ordered_attributes = True  # names and values in turn
    reader.UseForeignDTD(True)  # an entity nobody declared is passed over, and the rest is counted too
    reader.StartElementHandler, reader.EndElementHandler = start, end
    try:
        reader.Parse(document, True)
    except expat.ExpatError:
        pass


def _outside(text: bytes) -> bytes:
    """What stands outside of comments and CDATA; looked for step by step, since many that never end are a trap."""
    kept, at = [], 0
    while opening := VERBATIM.search(text, at):
        kept.append(text[at : opening.start()])
        closing = b"-->" if opening[0] == b"<!--" else b"]]>"
        end = text.find(closing, opening.end())
        if end < 0:
            raise ContractBroken("The feed ends in the middle of a comment or of CDATA.")
        at = end + len(closing)
    return b"".join((*kept, text[at:]))


def _xml_entries(document: bytes) -> tuple[list[Entry], str]:
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
    spoken = found.feed.get("language")
    return [_entry(each, spoken) for each in found.entries], str(found.feed.get("title", ""))


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
    }
    return {name: value for name, value in made.items() if value}


def _time(parsed: time.struct_time | None) -> str | None:
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC).isoformat() if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def _json_entries(text: bytes) -> tuple[list[Entry], str]:
    feed = read_json(text, source="The feed", max_depth=MAX_DEPTH)
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise ContractBroken("This is no JSON Feed; check the watch's address.")
    return [_json_entry(item) for item in items if isinstance(item, dict)], str(feed.get("title") or "")


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
        SPOILT: item.get(SPOILT),
    }
    return {name: value for name, value in made.items() if value}
