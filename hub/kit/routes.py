"""How each host is asked: through which proxy and by which certificates, as the environment says."""

from collections.abc import MutableMapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.utils import select_proxy


class Place(NamedTuple):
    """Where connections for an address lead: by this key, and in words fit for a log."""

    key: str
    shown: str


class Route(NamedTuple):
    """What `requests` is told for a host, and where connections to it lead."""

    options: dict[str, Any]
    place: Place


class Routes:
    """Read from the environment once for each host, not for each request."""

    def __init__(self) -> None:
        self._known: dict[str, Route] = {}

    def of(self, url: str) -> Route:
        """Proxy and certificates for this address's host."""
        host = urlsplit(url).netloc
        if host not in self._known:
            with requests.Session() as reader:  # a session that threads share trusts nothing
                found = reader.merge_environment_settings(url, {}, None, None, None)
            options = {"proxies": found["proxies"], "verify": found["verify"]}
            self._known[host] = Route(options, _place(url, found["proxies"]))
        return self._known[host]


def _place(url: str, proxies: MutableMapping[str, str]) -> Place:
    """The proxy, without its secrets; or else the host, whose name may be somebody else's words."""
    proxy = select_proxy(url, proxies)
    if proxy is None:
        return Place(urlsplit(url).netloc, "its host")
    parts = urlsplit(proxy)
    shown = f"the proxy {parts.hostname}:{parts.port}" if parts.port else f"the proxy {parts.hostname}"
    return Place(shown, shown)
