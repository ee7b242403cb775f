"""What a text is made of: characters that cannot be stored or shown are taken out, odd ones are flagged.

Clean text is the rule, so the first look decides most rows: plain ASCII without a control character needs no more.
"""

import re
from typing import Any

CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"
)  # all but tab, line feed, carriage return, next line
SURROGATES = re.compile("[\ud800-\udfff]")
NONCHARACTERS = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
# A joiner belongs into emoji and into Persian and Indic words; between Latin letters it hides a word from a rule.
ZERO_WIDTH = re.compile("[\u200b\u2060-\u2064\u180e\ufeff\u00ad]|(?<=[A-Za-z])[\u200c\u200d](?=[A-Za-z])")
COMBINING_FLOOD = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{9}")
MIXED_SCRIPT = re.compile("[A-Za-z][\u0370-\u03ff\u0400-\u052f]|[\u0370-\u03ff\u0400-\u052f][A-Za-z]")
INVISIBLE = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)
LINE_BREAKS = re.compile("[\r\n\t\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
LINE_LONGEST = 500
WHITE = str.maketrans({"\n": " ", "\t": " ", "\r": " "})
UNSEEN_LOOKS = ((BIDI, "bidi_control"), (ZERO_WIDTH, "zero_width"))  # made of characters that do not print
SEEN_LOOKS = ((COMBINING_FLOOD, "combining_flood"), (MIXED_SCRIPT, "mixed_script"))
LOOKS_ODD = re.compile("[\u0300-\u052f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")  # any of SEEN_LOOKS
SEEN = re.compile(r"[!-~]|\w")


def clean_text(text: str, flags: set[str]) -> tuple[str, bool]:
    """The text as it can be stored, and whether anything of it can be seen."""
    printable, ascii = text.isprintable(), text.isascii()
    if printable and ascii:
        return text, text != "" and not text.isspace()
    if not printable and not text.translate(WHITE).isprintable():
        text = storable(text, flags)
        _look(text, UNSEEN_LOOKS, flags)
    if not ascii and LOOKS_ODD.search(text):
        _look(text, SEEN_LOOKS, flags)
    return text, SEEN.search(text) is not None or INVISIBLE.sub("", text) != ""


def _look(text: str, looks: tuple[tuple[re.Pattern[str], str], ...], flags: set[str]) -> None:
    for odd, flag in looks:
        if odd.search(text):
            flags.add(flag)


def storable(text: str, flags: set[str]) -> str:
    """Without what UTF-8, SQL or XML cannot carry: control characters go, half characters become U+FFFD."""
    if CONTROLS.search(text):
        text = CONTROLS.sub("", text)
        flags.add("control_removed")
    if SURROGATES.search(text):
        text = SURROGATES.sub("\ufffd", text)
        flags.add("surrogate_replaced")
    if NONCHARACTERS.search(text):
        text = NONCHARACTERS.sub("\ufffd", text)
        flags.add("control_removed")
    return text


def clean_line(value: Any, flags: set[str]) -> str:
    """A name, handle or title: one line, not too long; anything but text becomes an empty one."""
    if type(value) is not str:
        if value is not None:
            flags.add("bad_type")
        return ""
    if value.isascii() and value.isprintable() and len(value) <= LINE_LONGEST:
        return value
    line = LINE_BREAKS.sub(" ", value)
    if line != value:
        flags.add("control_removed")
    line = storable(line, flags)
    if BIDI.search(line):
        flags.add("bidi_control")
    if len(line) > LINE_LONGEST:
        flags.add("too_long")
        line = line[:LINE_LONGEST]
    return line
