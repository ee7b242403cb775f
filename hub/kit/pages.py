"""How a system says where the next page is: declared by a connector, walked by the kit."""

from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import requests.utils

from hub.kit.answers import Answer

Params = dict[str, Any]


class Pages(Protocol):
    """Finds the request for the next page."""

    def following(self, answer: Answer, params: Params) -> Params | None:
        """The query of the next request, or None at the end."""
        ...


@dataclass(frozen=True)
class LinkHeader:
    """`Link: <...>; rel="next"` (RFC 8288). Only its query is used: the host and path stay ours."""

    rel: str = "next"

    def following(self, answer: Answer, params: Params) -> Params | None:
        """The query that the link names."""
        for link in requests.utils.parse_header_links(answer.headers.get("Link", "")):
            if link.get("rel") == self.rel:
                return dict(parse_qsl(urlsplit(link["url"]).query, keep_blank_values=True))
        return None


@dataclass(frozen=True)
class NextToken:
    """A token in the body that is handed back as a parameter."""

    param: str
    path: tuple[str, ...] = ("meta", "next_token")

    def following(self, answer: Answer, params: Params) -> Params | None:
        """The same query with the next token."""
        value: Any = answer.body
        for name in self.path:
            value = value.get(name) if isinstance(value, dict) else None
        return {**params, self.param: str(value)} if value else None


@dataclass(frozen=True)
class OnePage:
    """All there is comes at once."""

    def following(self, answer: Answer, params: Params) -> Params | None:
        """There is no next page."""
        del answer, params
        return None
