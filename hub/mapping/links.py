"""Functions on addresses. Each takes any value: what is no usable address gives null."""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

from hub.mapping.registry import function

USUAL = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::[0-9]*)?(?:[/?#][^\x00-\x20\x7f]*)?"
)  # as most are: no need to take it apart
NOT_WRITTEN = re.compile(r"[\x00-\x20\x7f]")  # blanks and controls: no address holds them as they are


def _split(url: Any) -> SplitResult | None:
    return _parts_of(url) if isinstance(url, str) else None


@lru_cache(maxsize=1_000)  # one piece of work names the same few addresses again and again
def _parts_of(url: str) -> SplitResult | None:
    if NOT_WRITTEN.search(url):
        return None
    try:
        parts = urlsplit(url)
        return parts if parts.hostname else None
    except ValueError:
        return None


def _is_http(url: str) -> bool:
    parts = _parts_of(url)
    return parts is not None and parts.scheme in ("http", "https")


@function("host('https://Blog.acme.test:8443/a')", gives="blog.acme.test")
def host(url: str | None) -> str | None:
    """The host of an address, in small letters and without its port."""
    parts = _split(url)
    return parts.hostname if parts else None


@function("http_url('javascript:alert(1)')", gives=None)
def http_url(url: str | None, longest: int | None = None) -> str | None:
    """The address as it is, if it is one of http or https; null for any other scheme.

    With a length, null also for a longer one: half an address leads elsewhere.
    """
    if not isinstance(url, str) or not (USUAL.fullmatch(url) or _is_http(url)):
        return None
    return url if not isinstance(longest, int) or len(url) <= longest else None


@function("url_path('https://mastodon.test/@ana/1140?x=1')", gives="/@ana/1140")
def url_path(url: str | None) -> str | None:
    """The path of an address, without query and fragment."""
    parts = _split(url)
    return parts.path if parts else None
