"""Slack messages as a channel shows them: blocks in order, and in each text the words, links and live tokens."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

TOKEN = re.compile(r"<([^<>\s|]+)(?:\|([^<>]*))?>|<([@#!][^<>]*)>")
ADDRESS = re.compile(r"https?://[^\s<>|\"\\)]+")
OWN = ("http://127.0.0.1:", "http://localhost:")


class Span(NamedTuple):
    """A stretch of one text: plain words, a link, or a token that Slack would act on."""

    kind: str  # words, link, token
    words: str
    target: str = ""


class Block(NamedTuple):
    """One block: its kind, each of its texts as spans, and the file that it shows."""

    kind: str
    texts: list[list[Span]]
    file: str = ""
    alt: str = ""


def blocks_of(message: Mapping[str, Any], shown: Mapping[str, str]) -> list[Block]:
    """A message's blocks, or its plain text when it has none. `shown` tells where on the page an address is met."""
    blocks = [
        Block(str(block.get("type", "")), list(_texts(block, shown)), _file(block), str(block.get("alt_text") or ""))
        for block in message.get("blocks") or []
    ]
    return blocks or [Block("section", [spans(str(message.get("text") or ""), shown)])]


def spans(text: str, shown: Mapping[str, str]) -> list[Span]:
    """A mrkdwn text in parts; entities are characters again, for the template escapes for its own page."""
    found, at = [], 0
    for token in TOKEN.finditer(text):
        found.append(Span("words", html.unescape(text[at : token.start()])))
        found.append(_span(token, shown))
        at = token.end()
    found.append(Span("words", html.unescape(text[at:])))
    return [span for span in found if span.words]


def links_in(*texts: Any) -> set[str]:
    """All addresses that occur in texts or in anything made of texts."""
    whole = " ".join(text if isinstance(text, str) else orjson.dumps(text).decode() for text in texts if text)
    return set(ADDRESS.findall(whole))


def _span(token: re.Match[str], shown: Mapping[str, str]) -> Span:
    target, words = html.unescape(token[1] or token[3]), html.unescape(token[2] or "")
    if not target.startswith(("http://", "https://")):
        return Span("token", html.unescape(token[0]))
    return Span("link", words or target, shown.get(target, target if target.startswith(OWN) else ""))


def _file(block: Mapping[str, Any]) -> str:
    file = block.get("slack_file")
    return str(file.get("id") or "") if isinstance(file, dict) else ""


def _texts(block: Mapping[str, Any], shown: Mapping[str, str]) -> Iterator[list[Span]]:
    for part in (block.get("text"), *(block.get("fields") or ()), *(block.get("elements") or ())):
        inner = (part.get("text") or part.get("placeholder")) if isinstance(part, dict) else None  # a button, a menu
        words = inner.get("text") if isinstance(inner, dict) else inner
        if isinstance(words, str):
            plain = isinstance(part, dict) and part.get("type") == "plain_text"
            yield [Span("words", words)] if plain else spans(words, shown)
