"""HTML of posts and feeds, said as plain text.

What shapes this module: the input is hostile until proven otherwise. A parser that builds a tree takes
quadratic time over deeply nested or badly nested elements (selectolax needs 1.5 s for 40,000 open <div>),
and a tree has a depth to fall into. What a post means as text needs no tree, so this reads the tags one
after the other: linear time, no recursion, and broken mark-up is read as browsers read it.
"""

import re
from collections.abc import Iterator

from hub.mapping.links import http_url
from hub.mapping.registry import function
from hub.mapping.text import characters_of

NAME_START = re.compile(r"</?[A-Za-z]")
TAG = re.compile(r"""<(/?)([A-Za-z][^\s/>]*+)((?:[^>"']++|"[^"]*+"|'[^']*+')*+)>""")
ATTRIBUTE = re.compile(r"""([^\s=>"'/]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++)))?""")
SPACE = re.compile(r"[ \t\r\n\f]+")

UNREAD = frozenset({"script", "style", "template", "title", "iframe", "noembed", "noframes", "noscript"})
PARAGRAPHS = frozenset({
    "blockquote", "dl", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul",
})  # fmt: skip
BLOCKS = frozenset({
    "address", "article", "aside", "dd", "details", "div", "dt", "figcaption", "footer", "form", "header",
    "li", "main", "nav", "section", "summary", "tr",
})  # fmt: skip
CELLS = frozenset({"td", "th"})

Token = tuple[str, str, str]  # kind (text, open, close), the text or the tag's name, the tag's attributes


class Plain:
    """Plain text in the making: white space and line breaks are held back until something follows."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.breaks = 0
        self.spaced = False
        self.preformatted = 0

    def add(self, text: str) -> None:
        """Add what stands between two tags."""
        if self.preformatted:
            if text:
                self._put(text.replace("\r\n", "\n"))
            return
        collapsed = SPACE.sub(" ", text)
        self.spaced = self.spaced or collapsed.startswith(" ")
        words = collapsed.strip(" ")
        if words:
            self._put(words)
            self.spaced = collapsed.endswith(" ")

    def end_line(self, breaks: int) -> None:
        """Have at least this many line breaks before what follows."""
        self.breaks = max(self.breaks, breaks)

    def _put(self, words: str) -> None:
        if self.parts and self.breaks:
            self.parts.append("\n" * self.breaks)
        elif self.parts and self.spaced:
            self.parts.append(" ")
        self.parts.append(words)
        self.breaks, self.spaced = 0, False

    def __str__(self) -> str:
        return "".join(self.parts).strip(" \t\r\n\f")


@function("html_to_text('<p>Slow &amp; broken</p><p>Help?</p>')", gives="Slow & broken\n\nHelp?")
def html_to_text(html: str | None) -> str | None:
    """What a reader sees: paragraphs become blank lines, <br> a new line, entities their characters.

    A link is its words; Mastodon's shortened links come out whole. Emoji that are pictures give their
    alternative text. Scripts, styles and a quoted post's stand-in link are left out.
    """
    if not isinstance(html, str):
        return None
    plain = Plain()
    for kind, content, attributes in _tokens(html):
        if kind == "text":
            plain.add(characters_of(content))
        else:
            _lay_out(plain, content, opens=kind == "open", attributes=attributes)
    return str(plain)


@function(
    """html_links('<a href="https://acme.test/a?b=1&amp;c=2">Look</a>')""",
    gives=["https://acme.test/a?b=1&c=2"],
)
def html_links(html: str | None) -> list[str] | None:
    """Where the links lead, each once: http and https only, without Mastodon's mentions and hashtags."""
    if not isinstance(html, str):
        return None
    found: dict[str, None] = {}
    for kind, name, attributes in _tokens(html):
        if kind == "open" and name == "a":
            values = _attributes(attributes)
            target = http_url(values.get("href", "").strip())
            if target and not {"mention", "hashtag"} & set(values.get("class", "").split()):
                found[target] = None
    return list(found)


@function(
    """html_images('<img src="//files.acme.test/a.png" alt="A puddle">')""",
    gives=[{"kind": "image", "url": "https://files.acme.test/a.png", "description": "A puddle"}],
)
def html_images(html: str | None) -> list[dict[str, str]] | None:
    """The pictures that are shown, as media by reference, each once: without emoji, and http and https only."""
    if not isinstance(html, str):
        return None
    found: dict[str, dict[str, str]] = {}
    for kind, name, attributes in _tokens(html):
        values = _attributes(attributes) if kind == "open" and name == "img" else {}
        source = values.get("src", "").strip()
        url = http_url(f"https:{source}" if source.startswith("//") else source)
        if url and "emoji" not in values.get("class", "").split():
            found.setdefault(url, {"kind": "image", "url": url, "description": values.get("alt", "")})
    return list(found.values())


def _lay_out(plain: Plain, name: str, *, opens: bool, attributes: str) -> None:
    """What a tag does to the text around it."""
    if name == "br":
        plain.end_line(min(plain.breaks + 1, 2))
    elif name in PARAGRAPHS:
        plain.end_line(2)
        if name == "pre":
            plain.preformatted = max(0, plain.preformatted + (1 if opens else -1))
    elif name in BLOCKS:
        plain.end_line(1)
    elif name in CELLS:
        plain.spaced = True
    elif name == "img" and "emoji" in attributes:
        values = _attributes(attributes)
        if "emoji" in values.get("class", ""):
            plain.add(values.get("alt", ""))


def _tokens(html: str) -> Iterator[Token]:
    """Texts and tags in their order; comments and elements that nobody reads are passed over."""
    place, start = 0, 0
    while (place := html.find("<", place)) >= 0:
        token, end = _tag_at(html, place)
        if end is None:  # a lone "<" is a character like any other
            place += 1
            continue
        yield "text", html[start:place], ""
        if token:
            yield token
        place = start = end
    yield "text", html[start:], ""


def _tag_at(html: str, place: int) -> tuple[Token | None, int | None]:
    """The tag or comment that begins here and where it ends; no end if this "<" begins nothing."""
    following = html[place + 1 : place + 4]
    if following.startswith("!--"):
        return None, _after(html, "-->", place + 2)
    if following[:1] in ("!", "?"):
        return None, _after(html, ">", place)
    if not NAME_START.match(html, place):
        return None, None
    tag = TAG.match(html, place)
    if tag is None:  # a quotation mark without a partner, or no end at all
        return None, _after(html, ">", place)
    slash, name, attributes = tag.group(1), tag.group(2).lower(), tag.group(3)
    if not slash and (name in UNREAD or (name == "p" and "quote-inline" in attributes)):
        return ("close", name, ""), _after_element(html, name, tag.end())
    return ("close" if slash else "open", name, attributes), tag.end()


def _after(html: str, mark: str, place: int) -> int:
    found = html.find(mark, place)
    return len(html) if found < 0 else found + len(mark)


def _after_element(html: str, name: str, place: int) -> int:
    closing = re.compile(rf"</{re.escape(name)}(?=[\s/>])[^>]*+>?", re.IGNORECASE | re.ASCII).search(html, place)
    return closing.end() if closing else len(html)


def _attributes(written: str) -> dict[str, str]:
    """Attributes by their name, entities decoded; of two with one name the first counts."""
    values: dict[str, str] = {}
    for name, double, single, bare in ATTRIBUTE.findall(written):
        values.setdefault(name.lower(), characters_of(double or single or bare))
    return values
