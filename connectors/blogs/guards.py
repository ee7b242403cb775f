"""Before the feed library sees a document: its limits, its encoding, and what its tombstones say.

feedparser takes a minute for one element with 50,000 attributes and lets scripts and odd links through. So a document
is looked over before: no document type, bounded size, depth, attributes and namespaces. It is turned into UTF-8 first,
as feedparser would: what is looked over is then what is read, whatever encoding it claims. The library passes over
`at:deleted-entry` (RFC 6721), by which a feed says that an entry is gone; so they are gathered here.
"""

import codecs
import re
from xml.parsers import expat

from hub.errors import ContractBroken

MAX_DEPTH = 64
MAX_ATTRIBUTES = 64  # on one element
MAX_NAMESPACES = 100  # different ones in the whole document: each makes every later element dearer
TAG = re.compile(rb"<(/?)([A-Za-z_][^\s/>]{0,200})([^<>]*)>")
DOCTYPE = re.compile(rb"<!\s*doctype(?!\s*html)", re.IGNORECASE)
ATTRIBUTE = re.compile(rb"[=]")
ROOT = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?(?:rss|feed|RDF))[\s>]")
END_BYTES = 4_096  # comments may stand behind the end
VERBATIM = re.compile(rb"<!\[CDATA\[|<!--")
ENCODING = re.compile(rb"(?:encoding|charset)\s*=\s*[\"']?([^\"';?>]*)")
EBCDIC = b"\x4c\x6f\xa7\x94"  # "<?xm" on a mainframe, where none of our patterns would match
NO_TEXT = {"idna", "punycode", "undefined"}  # codecs of Python for other things; some take for ever
MONSTROUS = "The feed nests deeper or carries more attributes or namespaces than any honest one."
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"

Tombstone = dict[str, str]


def as_utf8(body: bytes, content_type: str) -> bytes:
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


def inspect(document: bytes) -> list[Tombstone]:
    """What a document says is gone; refuses what would hurt the library: document types, and monstrous markup."""
    plain = document.replace(b"\x00", b"")  # of UTF-16 that nobody recognised
    if DOCTYPE.search(plain[:200_000]) or b"<!entity" in plain.lower():
        raise ContractBroken("The feed declares a document type or entities, which are refused.", reason="xml_dtd")
    gone = _inspect_strictly(document)
    depth = 0
    for match in TAG.finditer(_outside(plain)):  # where it is not well-formed, feedparser reads on by looser rules
        closing, _, rest = match.groups()
        if closing:
            depth -= 1
        elif not rest.endswith(b"/"):
            depth += 1
        if depth > MAX_DEPTH or len(ATTRIBUTE.findall(rest)) > MAX_ATTRIBUTES:
            raise ContractBroken(MONSTROUS, reason="too_deep")
    return gone


def _inspect_strictly(document: bytes) -> list[Tombstone]:
    """Count with the parser that feedparser uses, as far as the document is well-formed."""
    depth = 0
    namespaces: set[tuple[str, str]] = set()

    gone: list[Tombstone] = []

    def start(name: str, attributes: list[str]) -> None:
        nonlocal depth
        depth += 1
        pairs = list(zip(attributes[::2], attributes[1::2], strict=True))
        namespaces.update(pair for pair in pairs if pair[0].startswith("xmlns"))
        if depth > MAX_DEPTH or len(attributes) > 2 * MAX_ATTRIBUTES or len(namespaces) > MAX_NAMESPACES:
            raise ContractBroken(MONSTROUS, reason="too_deep")
        prefix, _, local = name.rpartition(":")
        if local == "deleted-entry" and (f"xmlns:{prefix}" if prefix else "xmlns", TOMBSTONES) in namespaces:
            gone.append(dict(pairs))

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
        _require_end(document)
    return gone


def _require_end(document: bytes) -> None:
    """What is not well-formed may be read by looser rules, but not what was cut off: the next read brings the rest."""
    root = ROOT.search(document)
    if root and b"</" + root[1] not in document[-END_BYTES:]:
        raise ContractBroken("The feed ends in the middle; it is asked for again.", reason="cut_off")


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
