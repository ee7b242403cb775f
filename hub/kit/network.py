"""What every network is made of: it knows how to ask, its mapping knows what the answers mean."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from functools import cached_property
from typing import Any, BinaryIO, ClassVar, Self
from urllib.parse import urlsplit

import orjson

from hub.domain import Budget, Cursor, Manifest, Measurement, Prices, Reference, Watch
from hub.domain.manifest import MICRO
from hub.errors import ContractBroken, HubError, RateLimited, SetupError
from hub.kit.answers import Answer
from hub.kit.auth import Auth, NoAuth, Session
from hub.kit.connection import Connection
from hub.kit.gate import check_url
from hub.kit.http import USER_AGENT, Http, Sent
from hub.kit.pages import OnePage, Pages
from hub.kit.services import Services
from hub.kit.waits import RetryAfter, Wait

REMEMBER_SECONDS = 30 * 86_400.0
LAST_SECOND = 253_402_300_800  # of the year 9999
MONTH_MINUTES = 30 * 1440
Record = dict[str, Any]


@dataclass(frozen=True)
class LookUp:
    """Posts asked for by name: the records of those that are there, and why the others are not, by key of the post.

    What is neither among the records nor among the gone was not told of, and stays what it was.
    """

    records: list[Record]
    gone: dict[str, str] = field(default_factory=dict)  # deleted, protected, suspended, withheld, ...


@dataclass(frozen=True)
class Removals:
    """What a network told of many posts at once: why some are gone, by key, and which it answered for at all."""

    gone: dict[str, str]
    answered: tuple[str, ...]


Proofs = dict[str, Callable[[], object]]
"""What our access must be good for, by name: each proves it by at most one request, or raises our error."""


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
    look_up_size: ClassVar[int] = 0  # posts that one look-up may ask for; 0: posts cannot be asked for by name
    removals_size: ClassVar[int] = 0  # posts that one call of `removals` may name; 0: only look-ups tell

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

    def reached(self, cursor: Cursor) -> datetime | None:
        """Up to when this cursor has read, where that can be told; the marks of lists read backwards tell it."""
        ends = list(_ends(cursor.state))
        return datetime.fromtimestamp(max(ends), UTC) if ends else None

    def proofs(self) -> Proofs:
        """What `hub doctor` proves, in the order of what builds on what; only `access` unless a subclass knows more."""
        return {"access": self.check}

    def look_up(self, references: Sequence[Reference]) -> Iterator[LookUp]:
        """These posts as they are now, at most `look_up_size` in one call: missing parents, edits, counters, deletions.

        Access that is refused for one post is that post's affair and no error, as long as the others may be read.
        """
        raise TypeError(f"{type(self).__name__} says look_up_size and not how posts are looked up.")

    def removals(self, references: Sequence[Reference]) -> Removals:
        """Which of these posts are gone and why: in bulk, where that costs less than reading each of them.

        RateLimited while the network is still at it. Asked again it answers what it was asked then, whatever the
        references are now.
        """
        raise TypeError(f"{type(self).__name__} says removals_size and not how removals are asked for.")

    def measure(self, account: str) -> Iterator[Measurement]:
        """The network's own numbers of one of our accounts, which hub.yaml names by id, handle or host."""
        yield from ()

    def measurements(self, path: str, body: Any) -> Iterator[Measurement]:
        """What a decoded answer of an endpoint that gives measurements holds; `measure` and rehearsals read by it."""
        yield from ()

    def trouble(self, status: int, body: Any) -> HubError | None:
        """Our error for a refusal whose body says more than its status; never with words of the body in it."""
        return None

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

    def post(self, path: str, body: Any, **params: Any) -> Any:
        """The decoded answer to a question that this system wants posted, as JSON; repeating it must be harmless."""
        known = {name: value for name, value in params.items() if value is not None}
        return self.http.get(self.address(path), known, post=Sent(orjson.dumps(body))).body

    def follow(self, url: str, *, sent: Sent | None = None) -> bytes:
        """What an address says that an answer named, or takes; it is told no secret of ours.

        It must lead by https to a host of the manifest: a system that is not itself cannot send us anywhere else.
        """
        host = check_url(url)
        if urlsplit(url).scheme != "https" or not any(fnmatch(host.lower(), each) for each in self.manifest.hosts):
            raise ContractBroken(f"{self.manifest.title} sends us to {host}, which its manifest does not name.")
        return self.http.fetch(url, post=sent, stranger=True)[2]

    def open(self, path: str) -> BinaryIO:
        """A file that somebody exported, for networks that read files; the caller closes it."""
        return self.services.files.open(path)

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

    @contextmanager
    def spending(self, **most: int) -> Iterator[dict[str, int]]:
        """Money set aside for the most that a call may read, such as `post=100`; what was not read is given back.

        Put what was really read into the dictionary; a budget that is spent is RateLimited before anything is asked.
        """
        prices = self.manifest.prices
        if prices is None:
            yield most
            return
        limit = float(self.connection.extra.get("monthly_limit", prices.monthly_limit))
        purse = Budget(requests=max(int(limit * MICRO), 1), per_minutes=MONTH_MINUTES)
        name = f"{self.manifest.name}:{prices.currency}"
        set_aside = self._price(prices, most)
        try:
            self.services.budgets.acquire(name, purse, cost=set_aside)
        except RateLimited as spent:
            seconds = spent.retry_after or 0.0
            raise RateLimited(
                f"{self.manifest.title} has cost {limit:g} {prices.currency} in thirty days, as much as monthly_limit "
                f"allows; it goes on at {self.services.clock.now() + timedelta(seconds=seconds):%Y-%m-%d %H:%M} UTC.",
                retry_after=seconds,
            ) from None
        read = dict.fromkeys(most, 0)
        try:
            yield read
        finally:
            if unused := self._price(prices, read) - set_aside:
                self.services.budgets.acquire(name, purse, cost=unused)

    @staticmethod
    def _price(prices: Prices, read: dict[str, int]) -> int:
        return sum(round(prices.each[kind] * count * MICRO) for kind, count in read.items())

    @property
    def user_agent(self) -> str:
        """How we present ourselves, log-ins included, where a network asks for more than our name."""
        return USER_AGENT

    @cached_property
    def http(self) -> Http:
        """The wire to this network."""
        return Http(
            self.manifest, self.services, self.auth, self.wait, self._session(),
            trouble=self.trouble, open_web=self.open_web, user_agent=self.user_agent,
        )  # fmt: skip

    def secret(self, name: str) -> str:
        """The connection's secret of this name, from the place that the manifest gives it."""
        return self.connection.secret(name, self.manifest.connection.get("secrets", {}).get(name))

    def _session(self) -> Session:
        def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
            return self.http.post_form(self.address(url) if url.startswith("/") else url, body, headers)

        return Session(self.connection.id, self.secret, self.services.tokens, self.services.clock, post)

    def log_in(self) -> None:
        """Get a token where one is needed and none is kept."""
        self.auth.headers(self._session())

    def close(self) -> None:
        """Hang up, if anything was ever asked."""
        wire = self.__dict__.pop("http", None)
        if wire is not None:
            wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _ends(state: Any) -> Iterator[int]:
    """The ends in marks (`hub.kit.backward`), however deep they lie."""
    for name, value in state.items():
        if isinstance(value, dict):
            yield from _ends(value)
        elif name in ("end", "newest") and type(value) is int and 0 <= value < LAST_SECOND:
            yield value
