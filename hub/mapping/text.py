"""Functions on texts. Each takes any value: what is no text gives null."""

import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from html import unescape
from typing import Any, TypeGuard

import regex

from hub.mapping.registry import function

GRAPHEME = regex.compile(r"\X")
NOTHING = regex.compile(
    r"[\p{Z}\p{Cc}\p{Cf}\u115f\u1160\u2800\u3164\uffa0]*+"
)  # blanks, also those of Hangul and Braille
BARE = regex.compile(r"[<>]|&(?!(?:#\d+|#[xX][0-9a-fA-F]+|\w+);)")  # characters that whoever encodes would have encoded
TAG_WORDS = regex.compile(r"[\p{L}\p{M}\p{N}-]+")
JOINING = "\u0300"  # from here on are characters that stand with others as one
ELLIPSIS = "…"
LARGEST_WRITTEN_OUT = 1e16  # above it a float no longer holds every whole number
UNITS: dict[str, Callable[[str], int]] = {  # most texts are ASCII, where all three are the same
    "characters": len,
    "utf16": lambda text: len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2,
    "bytes": lambda text: len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass")),
}
CONTROLS = [chr(code) for code in range(0xA0) if unicodedata.category(chr(code)) == "Cc"]
NO_SPACE_CONTROLS = {ord(control): None for control in CONTROLS if not control.isspace()}
NO_LAYOUT_CONTROLS = {ord(control): None for control in CONTROLS if control not in "\t\n"}


def is_blank(value: Any) -> bool:
    """Whether there is nothing in it to see: null, white space, what has no width, an empty array or object."""
    if isinstance(value, str):
        return not "!" <= value < "\x7f" and bool(NOTHING.fullmatch(value))  # most begin with what can be seen
    return value is None or value in ([], {})


def shown(value: Any) -> str | None:
    """A text (or number, as a text) in which there is something to see; null for all else."""
    text = value if value.__class__ is str else as_text(value)
    return None if is_blank(text) else text


def present(parts: Any) -> list[str]:
    """The texts (and numbers, as texts) among these that are not blank."""
    if not isinstance(parts, list):
        return []
    return [
        text for part in parts
        if (text := part if part.__class__ is str and "!" <= part < "\x7f" else shown(part)) is not None
    ]  # fmt: skip


def prefix_that_fits(text: str, length: int, size: Callable[[str], int]) -> str:
    """The longest prefix of whole graphemes whose size is at most `length`; no unit may weigh less than 1."""
    room, kept, head = length, 0, text[: max(length, 0) + 1]
    if head and max(head) < JOINING and "\r" not in head and size(head) == len(head):  # each stands for itself
        return head[:length]
    for grapheme in GRAPHEME.finditer(head):
        room -= size(grapheme.group())
        if room < 0:
            break
        kept = grapheme.end()
    return text[:kept]


@function("as_text(`12345`)", gives="12345")
def as_text(value: Any) -> str | None:
    """The value as a text: a text as it is, a number in digits, true and false as words, all else null."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return (f"{value:.0f}" if value.is_integer() else repr(value)) if abs(value) < LARGEST_WRITTEN_OUT else None
    return str(value) if isinstance(value, int) else None


@function("upper('Straße')", gives="STRASSE")
def upper(text: str | None) -> str | None:
    """The text in capitals."""
    return text.upper() if isinstance(text, str) else None


@function("lower('ACME')", gives="acme")
def lower(text: str | None) -> str | None:
    """The text in small letters."""
    return text.lower() if isinstance(text, str) else None


@function("""lower_all(`["Acme", null, "Coffee"]`)""", gives=["acme", "coffee"])
def lower_all(texts: list[Any] | None) -> list[str] | None:
    """Every text of the array in small letters, without what is no text."""
    return [text.lower() for text in texts if isinstance(text, str)] if isinstance(texts, list) else None


@function("slug('Acme & Co, Wien')", gives="acme_co_wien")
def slug(text: str | None) -> str | None:
    """The text as a tag: small letters, digits and hyphens, with one underscore for whatever stands between them.

    Null where nothing is left.
    """
    return _tag_of(text) if isinstance(text, str) else None


@lru_cache(maxsize=1_000)  # most are names of networks, teams and subjects
def _tag_of(text: str) -> str | None:
    return "_".join(TAG_WORDS.findall(text.lower())) or None


@function("trim('  Acme ')", gives="Acme")
def trim(text: str | None) -> str | None:
    """The text without white space at either end."""
    return text.strip() if isinstance(text, str) else None


@function(r"""single_line(`"Two\nlines"`)""", gives="Two lines")
def single_line(text: str | None) -> str | None:
    """The text on one line, for names and subjects: white space becomes one space, controls go."""
    if not isinstance(text, str):
        return None
    return " ".join((text if text.isprintable() else text.translate(NO_SPACE_CONTROLS)).split())


@function("printable('Acme')", gives="Acme")
def printable(text: str | None) -> str | None:
    """The text without control characters, but with its line breaks and tabs."""
    if not isinstance(text, str):
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(NO_LAYOUT_CONTROLS)


@function("cut('Grüße aus Wien', `5`)", gives="Grüße")
def cut(text: str | None, length: int | None, unit: str = "characters") -> str | None:
    """The longest beginning of at most `length` units that splits nothing a reader sees as one character.

    Units: 'characters' (Unicode code points), 'utf16' (Salesforce and Slack count so), 'bytes' (UTF-8).
    """
    size = UNITS.get(unit) if isinstance(unit, str) else None
    if not isinstance(text, str) or not _is_count(length) or size is None:
        return None
    return text if size(text) <= length else prefix_that_fits(text, length, size)


@function("shorten('The machine leaks', `12`)", gives="The machine…")
def shorten(text: str | None, length: int | None, unit: str = "characters") -> str | None:
    """Like `cut`, but what was shortened ends in an ellipsis, which is counted."""
    size = UNITS.get(unit) if isinstance(unit, str) else None
    if not isinstance(text, str) or not _is_count(length) or size is None:
        return None
    if size(text) <= length:
        return text
    room = length - size(ELLIPSIS)
    return prefix_that_fits(text, room, size).rstrip() + ELLIPSIS if room >= 0 else ""


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


@function("lines(['It leaks', missing, ' ', 'https://coffee.test/1'])", gives="It leaks\nhttps://coffee.test/1")
def lines(parts: list[Any] | None) -> str | None:
    """The parts that are not blank, one a line; null if there is none."""
    return _joined(parts, "\n")


@function("paragraphs(['It leaks', missing, 'Help'])", gives="It leaks\n\nHelp")
def paragraphs(parts: list[Any] | None) -> str | None:
    """The parts that are not blank, with an empty line between them; null if there is none."""
    return _joined(parts, "\n\n")


@function("joined(['Ana', missing, 'Vienna'], ', ')", gives="Ana, Vienna")
def joined(parts: list[Any] | None, separator: str) -> str | None:
    """The parts that are not blank, with the separator between them; null if there is none."""
    return _joined(parts, separator)


def _joined(parts: Any, separator: Any) -> str | None:
    texts: Iterable[str] = present(parts)
    return (separator.join(texts) or None) if isinstance(separator, str) else None


@function("labelled('Followers', '12k')", gives="Followers 12k")
def labelled(label: str, text: Any) -> str | None:
    """The text (or number) after its label; null if there is nothing to label."""
    return _joined([label, text], " ") if present([text]) else None


@function("split('a/b/c', '/')", gives=["a", "b", "c"])
def split(text: str | None, separator: str) -> list[str] | None:
    """The parts of the text between separators; `split(url, '/')[-1]` is the last."""
    if not isinstance(text, str) or not isinstance(separator, str) or not separator:
        return None
    return text.split(separator)


@function("replace('a-b-c', '-', ' ')", gives="a b c")
def replace(text: str | None, old: str, new: str) -> str | None:
    """The text with every `old` changed to `new`; plain text, no pattern."""
    if not (isinstance(text, str) and isinstance(old, str) and isinstance(new, str)) or not old:
        return None
    return text.replace(old, new)


@function("before('ana@mastodon.test', '@')", gives="ana")
def before(text: str | None, mark: str) -> str | None:
    """What stands before the first mark; the whole text if there is no mark."""
    if not isinstance(text, str) or not isinstance(mark, str) or not mark:
        return None
    return text.partition(mark)[0]


@function("after('ana@mastodon.test', '@')", gives="mastodon.test")
def after(text: str | None, mark: str) -> str | None:
    """What stands after the first mark; null if there is no mark."""
    if not isinstance(text, str) or not isinstance(mark, str) or not mark or mark not in text:
        return None
    return text.partition(mark)[2]


@function("without_prefix('#acme', '#')", gives="acme")
def without_prefix(text: str | None, prefix: str) -> str | None:
    """The text without this beginning, if it begins so."""
    return text.removeprefix(prefix) if isinstance(text, str) and isinstance(prefix, str) else None


@function("decode_entities('R&amp;D')", gives="R&D")
def decode_entities(text: str | None) -> str | None:
    """A text that holds HTML's entities but no tags (X sends such), with the characters they name.

    Where a `<`, `>` or `&` stands bare, nobody has encoded the text: what looks like an entity was said so.
    """
    if not isinstance(text, str):
        return None
    return text if "&" not in text or BARE.search(text) else characters_of(text)


def characters_of(text: str) -> str:
    """A piece of HTML between its tags, as it is read."""
    try:
        return unescape(text)
    except ValueError:  # a character number of thousands of digits: nobody's honest entity
        return text
