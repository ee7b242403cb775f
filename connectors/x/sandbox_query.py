"""X's search language, as far as brands use it: words, phrases, operators, groups, OR and a minus for "not".

Words side by side must all occur and bind tighter than OR. What X would not take is a `QueryError`.
"""

import re
from collections.abc import Callable

from sandbox.kit import WorldPost

TOKEN = re.compile(
    r'\s*(?:(?P<sign>-?\(|\)|-)|(?P<minus>-)?(?:(?P<operator>[a-z_]+):)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s()"]+)))'
)
KINDS = {"retweet": "share", "reply": "reply", "quote": "quote"}
LONGEST = 512

Wanted = Callable[[WorldPost], bool]


class QueryError(ValueError):
    """X does not understand this query; the words say why."""


def matcher(query: str) -> Wanted:
    """What a query asks of a post."""
    if not 1 <= len(query) <= LONGEST:
        raise QueryError(f"query must be between 1 and {LONGEST} characters")
    reader = _Reader(query)
    wanted = reader.any_of()
    if reader.rest():
        raise QueryError(f"there is an ambiguity or a stray bracket at position {reader.place}")
    return wanted


class _Reader:
    """Reads one query from left to right."""

    def __init__(self, query: str) -> None:
        self._query = query
        self.place = 0

    def rest(self) -> str:
        """What was not read yet."""
        return self._query[self.place :].strip()

    def any_of(self) -> Wanted:
        """Alternatives with OR between them."""
        ways = [self._all_of()]
        while re.match(r"OR(?=[\s(])", self.rest()):
            self.place = self._query.index("OR", self.place) + 2
            ways.append(self._all_of())
        return ways[0] if len(ways) == 1 else lambda post: any(way(post) for way in ways)

    def _all_of(self) -> Wanted:
        terms = []
        while (rest := self.rest()) and not rest.startswith(")") and not re.match(r"OR(?=[\s(])", rest):
            terms.append(self._term())
        if not terms:
            raise QueryError(f"something is missing at position {self.place}")
        return terms[0] if len(terms) == 1 else lambda post: all(term(post) for term in terms)

    def _term(self) -> Wanted:
        found = TOKEN.match(self._query, self.place)
        if found is None:
            raise QueryError(f"a quotation mark is never closed at position {self.place}")
        self.place = found.end()
        if found["sign"] in ("(", "-("):
            inner = self.any_of()
            if not self.rest().startswith(")"):
                raise QueryError(f"a bracket is never closed at position {self.place}")
            self.place = self._query.index(")", self.place) + 1
            return _not(inner) if found["sign"] == "-(" else inner
        if found["sign"]:
            raise QueryError(f"a minus stands alone at position {self.place}")
        term = _positive(found["operator"], (found["phrase"] if found["word"] is None else found["word"]).lower())
        return _not(term) if found["minus"] else term


def _not(wanted: Wanted) -> Wanted:
    return lambda post: not wanted(post)


def _positive(operator: str | None, value: str) -> Wanted:
    match operator:
        case "is" if value in KINDS:
            return lambda post: post.kind == KINDS[value]
        case "from":
            return lambda post: post.author.handle.lower() == value.removeprefix("@")
        case "lang":
            return lambda post: post.lang == value
        case "has":
            return _has(value)
        case None | "http" | "https":
            return _says(value if operator is None else f"{operator}:{value}")
    raise QueryError(f"'{operator}:{value}' is no operator of search")


def _has(value: str) -> Wanted:
    fields = {"hashtags": "tags", "links": "links", "mentions": "mentions"}
    if value not in fields:
        raise QueryError(f"'has:{value}' is no operator of search")
    return lambda post: bool(getattr(post, fields[value]))


def _says(value: str) -> Wanted:
    if value.startswith("#"):
        return lambda post: value[1:] in {tag.lower() for tag in post.tags}
    if value.startswith("@"):
        return lambda post: value[1:] in {name.lower() for name in post.mentions}
    pattern = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")
    return lambda post: bool(pattern.search(post.text.lower()))
