"""What people mark within a text itself, for networks that do not tell it apart: hashtags, handles, addresses."""

from typing import Any

import regex

from hub.mapping.registry import function

ADDRESS = regex.compile(r"https?://[^\s<>\"']{1,2000}+", regex.IGNORECASE)
TRAILING = ".,;:!?)]}…'’\""
TAG = regex.compile(r"(?<![\w&/#])[#＃]([\w\u200c\u200d]{1,200}+)")
HANDLE = regex.compile(r"(?<![\w.@/])[@＠](\w(?:[\w.-]{0,98}\w)?)(?![\w@])")
MOST = 200  # of one kind in one text; more is no talk


def _bare(text: str) -> str:
    """Without its addresses, whose fragments look like hashtags."""
    return str(ADDRESS.sub(" ", text))


@function("hashtags('So #Acme it is, #1 of all #coffee')", gives=["Acme", "coffee"])
def hashtags(text: Any) -> list[str] | None:
    """The hashtags that stand in a text, each once; a number alone is none, and neither is a part of an address."""
    if not isinstance(text, str):
        return None
    found = [tag for tag in TAG.findall(_bare(text)) if any(character.isalpha() for character in tag)]
    return list(dict.fromkeys(found))[:MOST]


@function("handles('Thanks @acme. Write to help@acme.test')", gives=["acme"])
def handles(text: Any) -> list[str] | None:
    """The handles that a text speaks to, each once and without the @; a mail address is none."""
    return list(dict.fromkeys(HANDLE.findall(_bare(text))))[:MOST] if isinstance(text, str) else None


@function("addresses('See https://acme.test/a, or write.')", gives=["https://acme.test/a"])
def addresses(text: Any) -> list[str] | None:
    """The web addresses that stand in a text, each once and without the full stop that ends the sentence."""
    if not isinstance(text, str):
        return None
    return list(dict.fromkeys(each.rstrip(TRAILING) for each in ADDRESS.findall(text)))[:MOST]
