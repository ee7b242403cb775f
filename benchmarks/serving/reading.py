"""What a page holds: where it leads, what it is made of, and what its forms would ask."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qsl, unquote, urlencode, urljoin, urlsplit

PREFIX = "/command-centre"
UNLED = (f"{PREFIX}/summary",)  # asked for by the tile on Airflow's home page


class Read(HTMLParser):
    """One page as its reader's machine sees it."""

    def __init__(self, address: str, html: str) -> None:
        super().__init__()
        self.address = address
        self.links: list[str] = []
        self.parts: list[str] = []  # stylesheets, scripts, pictures
        self.others: list[str] = []  # pictures in place of these, where it is dark
        self._form: dict[str, str] | None = None
        self._action = self._select = ""
        self.asked: list[str] = []  # what sending its forms would ask for
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        match tag:
            case "a":
                self._add(self.links, facts.get("href"))
            case "link" if "stylesheet" in facts.get("rel", "") or "icon" in facts.get("rel", ""):
                self._add(self.parts, facts.get("href"))
            case "img" | "script":
                self._add(self.parts, facts.get("src"))
            case "source":
                self._add(self.others, facts.get("srcset"))
            case "form" if facts.get("method", "get").lower() == "get":
                self._form, self._action = {}, facts.get("action", "")
            case "select":
                self._select = facts.get("name", "")
            case "option" if self._form is not None and self._select:  # the last choice: not the one that is shown
                self._form[self._select] = facts.get("value", "")
            case "input" if self._form is not None and facts.get("name") and facts.get("type") != "submit":
                self._form[facts["name"]] = facts.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form is not None:
            self._add(self.asked, f"{self._action or urlsplit(self.address).path}?{urlencode(self._form)}")
            self._form = None

    @property
    def leads_to(self) -> list[str]:
        """Where a reader could go from here, forms first, and what is shown to them."""
        return [*self.asked, *self.links, *self.parts, *self.others]

    def _add(self, to: list[str], href: str | None) -> None:
        whole = urljoin(self.address, href or "").partition("#")[0]
        if whole.startswith(PREFIX) and whole not in to:
            to.append(whole)


UNMADE = {f"{PREFIX}/reports/{{report}}.{kind}" for kind in ("html", "pdf")}  # the invented hub makes no reports

Kind = tuple[str, tuple[str, ...]]
"""The route that answers, and the names of the questions that it is asked."""


def crawled(read: Callable[[str], Read | None], routes: Iterable[tuple[str, str]]) -> Iterator[tuple[Kind, str]]:
    """An address of each kind, as a reader comes to them from the first page; `read` is asked for each of them once.

    What nothing leads to comes at the end, as a kind without an address.
    """
    patterns = patterns_of(routes)
    found: set[Kind] = set()
    waiting = deque([f"{PREFIX}/", *UNLED])
    while waiting:
        address = waiting.popleft()
        kind = kind_of(address, patterns)
        if kind is None or kind in found:
            continue
        found.add(kind)
        page = read(address)
        yield kind, address
        waiting.extend(page.leads_to if page else ())
    for route in patterns:
        if route not in {kind[0] for kind in found} | UNMADE:
            yield (route, ()), ""


def kind_of(address: str, patterns: dict[str, re.Pattern[str]]) -> Kind | None:
    """Which route answers an address, and which questions it is asked; None for files and strangers."""
    path, _, query = address.partition("?")
    asked = tuple(sorted({name for name, value in parse_qsl(query) if value}))
    return next(((route, asked) for route, pattern in patterns.items() if pattern.fullmatch(unquote(path))), None)


def patterns_of(routes: Iterable[tuple[str, str]]) -> dict[str, re.Pattern[str]]:
    """How the addresses of each page look, the particular before the general."""
    pages = [path for method, path in routes if method == "GET"]
    return {path: _pattern(path) for path in sorted(pages, key=lambda path: (path.count("{"), -len(path)))}


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"({\w+(?::path)?})", path)
    return re.compile("".join(_part(part) for part in parts))


def _part(part: str) -> str:
    if part.startswith("{"):
        return ".+" if part.endswith(":path}") else "[^/]+"
    return re.escape(part)
