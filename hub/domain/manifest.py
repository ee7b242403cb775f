"""A connector's manifest: what pages, DAGs and docs must know of a system without importing its code."""

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from hub.domain.model import Model

Positive = Annotated[int, msgspec.Meta(gt=0)]
Amount = Annotated[float, msgspec.Meta(gt=0)]


class Api(Model):
    """The document and version this connector was written from."""

    reference: str
    version: str


class AuthFacts(Model):
    """How we prove who we are, and which secrets and scopes that takes."""

    scheme: Literal["none", "bearer", "basic", "oauth2"]
    secrets: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    optional: bool = False  # without a connection it is read as a stranger would; the README says what is missing then


class Budget(Model):
    """At most `requests` in any `per_minutes`, shared by all watches of the system."""

    requests: Positive
    per_minutes: Positive


class Allowance(Model):
    """What the other side says is left of a limit of its own: `remaining` calls `of` so many, for `seconds` more."""

    remaining: int
    of: Positive
    seconds: float

    @property
    def gap(self) -> float:
        """Seconds from call to call with which it lasts; 0 while more than a fifth is left."""
        return 0.0 if self.remaining > self.of / 5 else self.seconds / max(self.remaining, 1)


class Endpoint(Model):
    """One call that the connector makes. A call that no manifest names is refused by the kit before it is sent.

    `call` is method and path, `{id}` for one segment, `{rest:path}` for any number: `GET /2/users/{id}/tweets`. What
    stands in brackets may be left out: `GET [/v25.0]/{id}/comments`.
    """

    call: str
    serves: tuple[str, ...]  # kinds of watch, or check, parents, rereads, removals, measurements, login
    gives: tuple[Literal["posts", "measurements", "facts"], ...] = ("posts",)
    scopes: tuple[str, ...] = ()
    bucket: str | None = None  # counted by this budget in place of the common one
    units: Annotated[int, msgspec.Meta(ge=0)] = 1  # what one call costs of its budget

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is this call; a slash at the end makes no difference."""
        mine, _, template = self.call.partition(" ")
        return mine == method and bool(_pattern(template).fullmatch(path.rstrip("/") or "/"))


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """A path's template as a pattern over percent-encoded paths."""
    parts = re.split(r"(\{\w+(?::path)?\}|\[[^]]+\])", template.rstrip("/") or "/")
    return re.compile("".join(map(_part, parts)))


def _part(part: str) -> str:
    if part.startswith("["):
        return f"(?:{re.escape(part[1:-1])})?"
    if part.startswith("{"):
        return ".+" if part.endswith(":path}") else "[^/]+"
    return re.escape(part)


MICRO = 1_000_000  # money is counted in millionths


class Prices(Model):
    """What reading costs in money, and the most that may be spent in thirty days."""

    currency: str
    monthly_limit: Amount  # the connection's extra `monthly_limit` says otherwise
    each: dict[str, Amount]  # by kind of thing read


class Reread(Model):
    """Posts younger than `within_days` are read again every `every_hours`: edits, deletions and counters."""

    within_days: Amount
    every_hours: Amount


class Expectations(Model):
    """What a healthy run of this network looks like; checked by the batch gate."""

    posts_no_older_than_hours: float | None = None
    text_present_at_least: float = 0.0


class Policy(Model):
    """What the network's terms allow us to keep and do, as data."""

    retention_days: Amount | None = None  # without being read again; then nothing but the key is left
    renewable: bool = True  # whether reading a post again lets us keep it for as long again
    author_retention_days: Amount | None = None  # the same for what is said of an author
    honour_deletes_within_hours: int | None = None
    purposes: tuple[str, ...] = ("listening", "service", "sales")  # and `analysis`: posts are exported
    reference: str = ""


class Remedy(Model, omit_defaults=False):
    """What a person must do about what a system refuses for one reason."""

    who: str  # the person, by their trade: a Salesforce administrator, the owner of a channel
    do: str  # the next step, in that person's words


class Manifest(Model):
    """One outside system. `network`s are listened to, `destination`s are handed work."""

    name: str
    title: str
    kind: Literal["network", "destination"]
    owner: str
    maturity: Literal["draft", "beta", "certified"]
    api: Api
    auth: AuthFacts
    budget: Budget
    hosts: tuple[str, ...] = ()  # what the sandbox plays: exact names or `*.suffix`
    listens_with: str | None = None  # the secret in the connection's extra with which its buttons are heard
    base_url: str | None = None  # where the API lives, unless the connection's host says otherwise
    connection: dict[str, Any] = {}  # conn_type and which field holds which secret, for `hub doctor` and the guide
    endpoints: tuple[Endpoint, ...] = ()  # every call that is made; none for those that read files or the open web
    buckets: dict[str, Budget] = {}  # budgets of their own for some endpoints
    prices: Prices | None = None
    files: bool = False  # reads files that somebody exported, and asks no system
    reread: Reread | None = None
    reach_days: Amount | None = None  # how far back a read can go: longer outages leave a gap; None: to the beginning
    watches: tuple[str, ...] = ()
    every_seconds: Positive = 300
    expectations: Expectations = Expectations()
    policy: Policy = Policy()
    handoffs: tuple[Literal["Lead", "Case", "Alert"], ...] = ()  # destinations: what they take
    senders: Positive = 1  # destinations: calls at the same time, each author's in order all the same
    remedies: dict[str, Remedy] = {}  # destinations: by the reason code of a refusal
    waivers: dict[str, str] = {}

    @property
    def open_to_strangers(self) -> bool:
        """Whether it can be read without any connection."""
        return self.auth.scheme == "none" or self.auth.optional

    def endpoint(self, method: str, path: str) -> Endpoint | None:
        """The call that such a request is, if the manifest names one."""
        return next((each for each in self.endpoints if each.matches(method, path)), None)

    def is_login(self, method: str, path: str) -> bool:
        """Whether such a request gets us a token."""
        found = self.endpoint(method, path)
        return found is not None and "login" in found.serves


def read_manifest(path: Path) -> Manifest:
    """The manifest in this file; raises `msgspec.ValidationError` with the path of what is wrong."""
    return _manifest(path.read_bytes())


@lru_cache(maxsize=64)
def _manifest(written: bytes) -> Manifest:
    """The same words are parsed once: all manifests are asked for again and again."""
    return msgspec.yaml.decode(written, type=Manifest)
