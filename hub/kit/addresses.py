"""Addresses as they go over the wire, with what is asked for in their query."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import starmap
from typing import Any
from urllib.parse import urlencode

import requests

SAFE = ",:"  # in a query: legal as they are, and quicker for all who read them


def address_of(url: str, params: Mapping[str, Any] | None) -> str:
    """The address, its parameters beside those that it has already."""
    address = _whole(url)
    query = "&".join(filter(None, starmap(_written, params.items()))) if params else ""
    return f"{address}{'&' if '?' in address else '?'}{query}" if query else address


@lru_cache(maxsize=256)
def _whole(url: str) -> str:
    """The address as it goes over the wire: host in ASCII, all else percent-encoded, no fragment."""
    question = requests.PreparedRequest()
    question.prepare_url(url.partition("#")[0], None)
    return str(question.url)


def _written(name: str, value: Any) -> str:
    """A parameter of the query, or several of one name."""
    if isinstance(value, str | int | float):
        return _quoted(name, value)
    return urlencode({name: value}, doseq=True, safe=SAFE)


@lru_cache(maxsize=1024, typed=True)  # most are the same in each question
def _quoted(name: str, value: str | float) -> str:
    return urlencode({name: value}, doseq=True, safe=SAFE)
