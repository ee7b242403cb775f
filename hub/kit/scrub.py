"""Makes of a true answer an invented one of the same shape: names, words, hosts, ids and secrets are replaced.

The same thing gets the same replacement everywhere in a recording, ids keep their length and order, and addresses
keep what paging needs. What is kept as it is: times, numbers, plain lower-case codes such as `public`, and the
names of fields. It errs on the side of taking out; a person still looks a recording over before it is committed.
"""

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

from hub.kit.playback import Exchange

WORDS = ("amber", "basil", "cedar", "delta", "ember", "fable", "grove", "hazel", "ivory", "juniper", "kettle", "linen")
PERSONAL = re.compile(  # fields whose words are a person's, even a single one
    r"(name|acct|handle|login|nick|author|creator|email|slug|tag|text|content|summary|title|note|bio|location)s?$",
    re.IGNORECASE,
)
CODE = re.compile(r"[a-z][a-z_:.-]{0,23}\Z")
TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.,]*(Z|[+-]\d\d:?\d\d)?\Z|\w{3}, \d{1,2} \w{3} \d{4} [\d:]{5,8} \S+\Z"
)
ADDRESS = re.compile(r"https?://[^\s\"'<>\\)\]]+", re.IGNORECASE)
ULID = r"(?=[A-Z]*\d)[0-9A-Z]{20,}"
ID = re.compile(rf"(?<![0-9A-Za-z])(?:\d{{6,}}|{ULID})(?![0-9A-Za-z])")
DATE = r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} [\d:]{5,8}(?: GMT| UTC| Z)?|\d{4}-\d\d-\d\dT[\d:.]+Z?"
TAG = r"<!\[CDATA\[|<!--.*?-->|</?[A-Za-z?][^>]*>"
PIECE = re.compile(rf"{ADDRESS.pattern}|{DATE}|{ULID}|&#?\w+;|{TAG}|[^\W\d_]+(?:['’][^\W\d_]+)?", re.DOTALL)
IN_TAG = re.compile(rf"(xmlns(?::\w+)?=[\"'])?({ADDRESS.pattern})")  # what names a vocabulary stays
SAYING = re.compile(r"\b(title|alt|label|term|text|content|data-[\w-]+)=(\"[^\"]*\"|'[^']*')")
KEPT_HEADERS = re.compile(
    r"(link|etag|last-modified|location|content-type|retry-after|.*rate-?limit.*)\Z", re.IGNORECASE
)
SECRET_PARAM = re.compile(
    r"(access_token|api_?key|client_secret|password|secret|sig(nature)?|\w*_proof)\Z", re.IGNORECASE
)
LOW_DIGITS = 5


class Scrubber:
    """Replaces what could lead to a person; remembers replacements, so that the same stays the same."""

    def __init__(self, exchanges: Iterable[Exchange], *, secrets: Iterable[str] = (), keep: str = "") -> None:
        """`keep`: what was asked for, which is ours and may stay."""
        self._exchanges = list(exchanges)
        self._secrets = [secret for secret in secrets if len(secret) > 3]
        self._keep = {word.lower() for word in re.findall(r"\w+", keep)}
        self._hosts: dict[str, str] = {}
        self._ids = _ranked(id for each in self._exchanges for id in ID.findall(str(each.body)))  # not what we asked

    def exchanges(self) -> list[Exchange]:
        """The exchanges, invented."""
        return [self._exchange(each) for each in self._exchanges]

    def _exchange(self, each: Exchange) -> Exchange:
        method, _, address = each.request.partition(" ")
        headers = {name: text for name, text in each.headers.items() if KEPT_HEADERS.match(name)}
        return Exchange(
            request=f"{method} {self._line(address)}",
            status=each.status,
            headers={name: self._plain(ADDRESS.sub(self._paged, text)) for name, text in headers.items()},
            body=self._value(each.body, ""),
        )

    def _value(self, value: Any, field: str) -> Any:
        if isinstance(value, dict):
            return {name: self._value(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._value(inner, field) for inner in value]
        if isinstance(value, bool) or value is None or isinstance(value, float):
            return value
        if isinstance(value, int):
            return int(self._ids.get(str(value), str(value)))
        return self._text(value, field)

    def _text(self, text: str, field: str) -> str:
        if TIME.match(text) or (CODE.match(text) and not PERSONAL.search(field)):
            return text
        return self._plain(PIECE.sub(self._piece, text))

    def _piece(self, match: re.Match[str]) -> str:
        word = match.group()
        if ADDRESS.match(word):
            return self._address(word)
        if word.startswith("<"):
            tag = IN_TAG.sub(lambda found: found.group() if found[1] else self._address(found[2]), word)
            return "" if word.startswith("<!--") else SAYING.sub(r'\1=""', tag)
        if word[0] == "&" or any(map(str.isdigit, word)) or word.lower() in self._keep:
            return word  # a character's name, or a time
        other = WORDS[int(sha256(word.lower().encode("utf-8", "surrogatepass")).hexdigest()[:8], 16) % len(WORDS)]
        return other.title() if word[0].isupper() else other

    def _address(self, url: str) -> str:
        """A page somewhere: an invented host, and a path that says nothing."""
        digest = sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"https://{self._host(urlsplit(url).hostname or '')}/{digest}"

    def _paged(self, match: re.Match[str]) -> str:
        """An address of the network's own: its path and query lead to the next page."""
        parts = urlsplit(match.group())
        return f"https://{self._host(parts.hostname or '')}{self._line(match.group())}"

    def _line(self, address: str) -> str:
        parts = urlsplit(address)
        asked = [
            (name, value)
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
            if not SECRET_PARAM.match(name)
        ]
        query = "&".join(f"{name}={quote_plus(self._plain(value), safe=',:')}" for name, value in asked)
        return self._plain(parts.path or "/") + (f"?{query}" if query else "")

    def _host(self, host: str) -> str:
        return self._hosts.setdefault(host, f"host{len(self._hosts) + 1}.test")

    def _plain(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "scrubbed")
        return ID.sub(lambda match: self._ids.get(match.group(), match.group()), text)


def _ranked(ids: Iterable[str]) -> dict[str, str]:
    """Other ids of the same length and in the same order: the last digits become a rank."""
    found = sorted(set(ids), key=lambda id: (len(id), id))
    return {id: id[:-LOW_DIGITS] + f"{rank:0{LOW_DIGITS}d}" for rank, id in enumerate(found, start=1)}
