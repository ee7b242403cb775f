"""What every network is made of: it knows how to ask, its mapping knows what the answers mean."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from hub.domain import Cursor, Manifest, Watch
from hub.errors import ContractBroken, SetupError
from hub.kit.answers import Answer
from hub.kit.auth import Auth, NoAuth, Session
from hub.kit.connection import Connection
from hub.kit.http import Http
from hub.kit.pages import OnePage, Pages
from hub.kit.services import Services
from hub.kit.waits import RetryAfter, Wait

REMEMBER_SECONDS = 30 * 86_400.0
Record = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """Records in the network's own words, and the cursor that is safe to keep once they have landed."""

    records: list[Record]
    cursor: Cursor


class Network:
    """A place where people post. A subclass says how it is asked; it needs no retry, log, sleep or clock."""

    auth: ClassVar[Auth] = NoAuth()
    pages: ClassVar[Pages] = OnePage()
    wait: ClassVar[Wait] = RetryAfter()
    open_web: ClassVar[bool] = False  # addresses come from outside: each passes the gate, redirects are handed on

    def __init__(self, manifest: Manifest, connection: Connection, services: Services) -> None:
        self.manifest = manifest
        self.connection = connection
        self.services = services

    def check(self) -> None:
        """Prove that our access works; costs one request."""
        raise TypeError(f"{type(self).__name__} must say how it is checked.")

    def pull(self, watch: Watch, cursor: Cursor) -> Iterator[Page]:
        """Yield what matches `watch` and is newer than `cursor`, oldest page first where the network allows it."""
        raise TypeError(f"{type(self).__name__} must say how it is read.")

    def records(self, body: Any) -> list[Record]:
        """The records that a decoded answer holds: a list of objects, unless a subclass knows better."""
        if not isinstance(body, list) or not all(isinstance(each, dict) for each in body):
            raise ContractBroken(f"{self.manifest.title} gave {type(body).__name__} where a list of records was due.")
        return body

    def read(self, url: str) -> list[Record]:
        """The records at this whole address, in one answer; rehearsals ask so."""
        return self.records(self.http.get(url).body)

    def get(self, path: str, **params: Any) -> Any:
        """The decoded answer to one question."""
        return self.ask(path, params).body

    def ask(self, path: str, params: dict[str, Any]) -> Answer:
        """The whole answer, with its headers."""
        return self.http.get(self.address(path), {name: value for name, value in params.items() if value is not None})

    def paginate(self, path: str, **params: Any) -> Iterator[list[Record]]:
        """The records of each page that holds any, until there is no next page."""
        for answer in self.answers(path, params):
            records = self.records(answer.body)
            if records:
                yield records

    def answers(self, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        """Page after page; ContractBroken when a page leads to one that was read before."""
        query: dict[str, Any] | None = params
        asked: set[str] = set()
        while query is not None:
            asked.add(repr(sorted(query.items(), key=str)))
            answer = self.ask(path, query)
            yield answer
            query = self.pages.following(answer, query)
            if query is not None and repr(sorted(query.items(), key=str)) in asked:
                raise ContractBroken(f"{self.manifest.title} leads its pages in a circle.")

    def remember(self, path: str, *, lasts: Callable[[Any], bool] = bool, **params: Any) -> Any:
        """An answer that does not change, such as the id behind a handle: asked once, then kept if it `lasts`."""
        key = f"{self.manifest.name}:{self.address(path)}?{sorted(params.items())}"
        kept = self.services.memory.get(key)
        if kept is None:
            kept = self.get(path, **params)
            if lasts(kept):
                self.services.memory.set(key, kept, keep_seconds=REMEMBER_SECONDS)
        return kept

    def address(self, path: str) -> str:
        """The whole address of a path: the connection's host, else where the manifest says the API lives."""
        return f"{self.base_url}{path}"

    @cached_property
    def base_url(self) -> str:
        """Scheme and host, without a slash at the end."""
        host = self.connection.host or self.manifest.base_url
        if not host:
            raise SetupError(
                f"{self.manifest.title} is on many servers; put yours into the host of {self.connection.id}."
            )
        return (host if "://" in host else f"https://{host}").rstrip("/")

    @cached_property
    def http(self) -> Http:
        """The wire to this network."""
        return Http(self.manifest, self.services, self.auth, self.wait, self._session(), open_web=self.open_web)

    def secret(self, name: str) -> str:
        """The connection's secret of this name, from the place that the manifest gives it."""
        return self.connection.secret(name, self.manifest.connection.get("secrets", {}).get(name))

    def _session(self) -> Session:
        def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
            return self.http.post_form(self.address(url) if url.startswith("/") else url, body, headers)

        return Session(self.connection.id, self.secret, self.services.tokens, self.services.clock, post)

    def close(self) -> None:
        """Hang up, if anything was ever asked."""
        wire = self.__dict__.pop("http", None)
        if wire is not None:
            wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
