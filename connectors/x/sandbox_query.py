"""X's search language, as far as brands use it: words, phrases, operators, groups, OR and a minus for "not".

Words side by side must all occur and bind tighter than OR. What X would not take is a `QueryError`.
"""

import re
from collections.abc import Callable

from sandbox.kit import WorldPost

TOKEN = re.compile(
    r"""(?P<open>-?\() | (?P<close>\)) | (?P<or>OR\b(?![:"]))
    | (?P<minus>-)? (?:(?P<operator>[a-z_]+):)? (?:"(?P<phrase>[^"]*)" | (?P<word>[^\s()"]+))""",
    re.VERBOSE,
)
KINDS = {"retweet": "share", "reply": "reply", "quote": "quote"}
LONGEST = 512
THREAD_MASK = (1 << 22) - 1

Wanted = Callable[[WorldPost], bool]


class QueryError(ValueError):
    """X does not understand this query; the words say why."""


def matcher(query: str) -> Wanted:
    """What a query asks of a post."""
    if not 1 <= len(query) <= LONGEST:
        raise QueryError(f"query must be between 1 and {LONGEST} characters")
    reader = _Reader(query)
    wanted = reader.any_of()
    if reader.next:
        raise QueryError("a bracket is closed that was never opened")
    return wanted


class _Reader:
    """Reads one query from left to right; `next` is the token that comes."""

    def __init__(self, query: str) -> None:
        tokens = list(TOKEN.finditer(query))
        if TOKEN.sub("", query).strip():
            raise QueryError("a quotation mark is never closed")
        self._tokens = iter(tokens)
        self.next: re.Match[str] | None = next(self._tokens, None)

    def any_of(self) -> Wanted:
        """Alternatives with OR between them."""
        ways = [self._all_of()]
        while self.next and self.next["or"]:
            self._take()
            ways.append(self._all_of())
        return ways[0] if len(ways) == 1 else lambda post: any(way(post) for way in ways)

    def _all_of(self) -> Wanted:
        terms = []
        while self.next and not self.next["or"] and not self.next["close"]:
            terms.append(self._term(self._take()))
        if not terms:
            raise QueryError("something is missing beside OR or within a bracket")
        return terms[0] if len(terms) == 1 else lambda post: all(term(post) for term in terms)

    def _term(self, token: re.Match[str]) -> Wanted:
        if not token["open"]:
            words = token["word"] if token["phrase"] is None else token["phrase"]
            if words in ("", "-"):
                raise QueryError("a minus or a pair of quotation marks stands alone")
            term = _positive(token["operator"], words.lower())
            return _not(term) if token["minus"] else term
        inner = self.any_of()
        if self.next is None:
            raise QueryError("a bracket is never closed")
        self._take()
        return _not(inner) if token["open"] == "-(" else inner

    def _take(self) -> re.Match[str]:
        taken, self.next = self.next, next(self._tokens, None)
        assert taken is not None  # whoever takes has looked at it before
        return taken


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
        case "conversation_id" if value.isdigit():
            number = int(value) & THREAD_MASK  # a conversation is called after its first post
            return lambda post: (post.thread or post.id) % (THREAD_MASK + 1) == number
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
